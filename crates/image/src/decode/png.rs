//! PNG by rows; an interlaced one, whose rows come in seven passes, whole.

use std::io::Cursor;

use image::metadata::Orientation;
use png::{BitDepth, ColorType, Decoder, DecodingError, Limits, Reader, Transformations};

use super::{BoxedOriginal, Header, Original, broken, orientation, unreadable, unsupported};
use crate::{
    colour,
    error::RenderError,
    reduce::{Layout, Reducer},
    sniff::{self, SourceFormat},
};

const FORMAT: SourceFormat = SourceFormat::Png;

/// What the chunks before the pixels may be unpacked to in all: a colour profile, and as much again
/// for the buffers it is read through.
const METADATA_BYTES: usize = 2 * colour::LARGEST_PROFILE;

pub(super) fn open(bytes: &[u8]) -> Result<BoxedOriginal<'_>, RenderError> {
    let limits = Limits { bytes: METADATA_BYTES };
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), limits);
    // Neither text nor its decompression is of any use here.
    decoder.set_ignore_text_chunk(true);
    // Palettes become colours and few bits eight, but 16 bits stay.
    decoder.set_transformations(Transformations::EXPAND);
    let reader = decoder.read_info().map_err(refused)?;
    let (colour, depth) = reader.output_color_type();
    let layout = match colour {
        ColorType::Grayscale => Layout::Grey,
        ColorType::GrayscaleAlpha => Layout::GreyAlpha,
        ColorType::Rgb => Layout::Rgb,
        ColorType::Rgba => Layout::Rgba,
        ColorType::Indexed => return Err(unsupported(FORMAT, "a palette without colours")),
    };
    let info = reader.info();
    let (width, height) = info.size();
    let deep = depth == BitDepth::Sixteen;
    let sample_bytes = if deep { 2 } else { 1 };
    let row_bytes = u64::from(width) * layout.channels() as u64 * sample_bytes;
    let whole_bytes = if info.interlaced { row_bytes * u64::from(height) } else { 0 };
    let header = Header {
        format: FORMAT,
        width,
        height,
        orientation: exif_orientation(bytes),
        layout,
        whole_bytes,
        working_bytes: working_bytes(row_bytes),
    };
    Ok(Box::new(Png { header, reader, deep, row: Vec::new() }))
}

/// Four rows in different stages, and what the decompressor looks back at and ahead to.
fn working_bytes(row_bytes: u64) -> u64 {
    const DECOMPRESSOR_BYTES: u64 = 256 << 10;
    4 * row_bytes + DECOMPRESSOR_BYTES + METADATA_BYTES as u64
}

struct Png<'a> {
    header: Header,
    reader: Reader<Cursor<&'a [u8]>>,
    deep: bool,
    /// A row of 16-bit samples.
    row: Vec<u16>,
}

impl Original for Png<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn icc(&mut self) -> Option<Vec<u8>> {
        self.reader.info().icc_profile.as_ref().map(|icc| icc.to_vec())
    }

    fn read(&mut self, reducer: &mut Reducer) -> Result<(), RenderError> {
        if self.header.whole_bytes > 0 {
            return self.read_interlaced(reducer);
        }
        while let Some(row) = self.reader.next_row().map_err(refused)? {
            push(reducer, row.data(), self.deep, &mut self.row);
            // Asking for a row after the last one would read what follows the picture.
            if reducer.is_complete() {
                break;
            }
        }
        Ok(())
    }
}

impl Png<'_> {
    fn read_interlaced(&mut self, reducer: &mut Reducer) -> Result<(), RenderError> {
        let size = self.reader.output_buffer_size().unwrap_or(usize::MAX);
        if size as u64 != self.header.whole_bytes {
            return Err(broken(FORMAT, "its first frame has another size"));
        }
        let mut image = vec![0; size];
        self.reader.next_frame(&mut image).map_err(refused)?;
        if !self.deep {
            reducer.push_image(image);
            return Ok(());
        }
        for row in image.chunks_exact(size / self.header.height as usize) {
            push(reducer, row, self.deep, &mut self.row);
        }
        Ok(())
    }
}

fn push(reducer: &mut Reducer, row: &[u8], deep: bool, samples: &mut Vec<u16>) {
    if deep {
        samples.clear();
        samples.extend(row.as_chunks().0.iter().copied().map(u16::from_be_bytes));
        reducer.push_row(samples);
    } else {
        reducer.push_row(row);
    }
}

/// The chunk may stand after the pixels, where the decoder has not been yet.
fn exif_orientation(bytes: &[u8]) -> Orientation {
    let exif = sniff::png_chunks(bytes).find(|chunk| &chunk.name == b"eXIf");
    orientation(exif.map(|chunk| chunk.data))
}

fn refused(error: DecodingError) -> RenderError {
    match error {
        DecodingError::IoError(error) => unreadable(FORMAT, &error),
        DecodingError::LimitsExceeded => {
            broken(FORMAT, format!("its metadata fills more than {} MB", METADATA_BYTES >> 20))
        }
        error => broken(FORMAT, error.to_string()),
    }
}
