//! PNG by rows; an interlaced one, whose rows come in seven passes, whole.

mod shown;

use image::{
    ImageEncoder,
    codecs::png::{CompressionType, FilterType, PngEncoder},
    metadata::Orientation,
};
use png::{BitDepth, ColorType, Decoder, DecodingError, Limits, Reader, Transformations};

use self::shown::Shown;
use crate::{
    colour,
    error::{EncodingError, RenderError},
    header::{self, Header, SourceFormat},
    pixels::Pixels,
    reduce::{Layout, Reducer},
    rows::{BoxedRows, Rows},
};

const FORMAT: SourceFormat = SourceFormat::Png;

/// What the chunks before the pixels may be unpacked to in all: a colour profile, and as much again
/// for the buffers it is read through.
const METADATA_BYTES: usize = 2 * colour::LARGEST_PROFILE;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

pub(crate) fn matches(bytes: &[u8]) -> bool {
    bytes.starts_with(SIGNATURE)
}

/// The chunk that controls an animation stands before the picture.
pub(crate) fn is_animated(bytes: &[u8]) -> bool {
    let mut before_pixels = chunks(bytes).take_while(|chunk| &chunk.name != b"IDAT");
    before_pixels.any(|chunk| &chunk.name == b"acTL")
}

pub(crate) fn open(bytes: &[u8]) -> Result<BoxedRows<'_>, RenderError> {
    let limits = Limits { bytes: METADATA_BYTES };
    let mut decoder = Decoder::new_with_limits(Shown::of(bytes), limits);
    // Palettes become colours and few bits eight, but 16 bits stay.
    decoder.set_transformations(Transformations::EXPAND);
    let reader = decoder.read_info().map_err(refused)?;
    let (colour, depth) = reader.output_color_type();
    let layout = match colour {
        ColorType::Grayscale => Layout::Grey,
        ColorType::GrayscaleAlpha => Layout::GreyAlpha,
        ColorType::Rgb => Layout::Rgb,
        ColorType::Rgba => Layout::Rgba,
        ColorType::Indexed => {
            return Err(RenderError::unsupported(FORMAT, "a palette without colours"));
        }
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

/// Four rows in different stages, what the decompressor looks back at and ahead to, and metadata.
fn working_bytes(row_bytes: u64) -> u64 {
    const DECOMPRESSOR_BYTES: u64 = 256 << 10;
    4 * row_bytes + DECOMPRESSOR_BYTES + (METADATA_BYTES + colour::LARGEST_PROFILE) as u64
}

struct Png<'a> {
    header: Header,
    reader: Reader<Shown<'a>>,
    deep: bool,
    /// A row of 16-bit samples.
    row: Vec<u16>,
}

impl Rows for Png<'_> {
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
            return Err(RenderError::broken(FORMAT, "its first frame has another size"));
        }
        let mut image = vec![0; size];
        self.reader.next_frame(&mut image).map_err(refused)?;
        if !self.deep {
            reducer.push_image(&image);
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

fn exif_orientation(bytes: &[u8]) -> Orientation {
    header::orientation(exif(bytes))
}

/// The chunk may stand after the pixels, where the decoder has not been yet.
pub(crate) fn exif(bytes: &[u8]) -> Option<&[u8]> {
    chunks(bytes).find(|chunk| &chunk.name == b"eXIf").map(|chunk| chunk.data)
}

fn refused(error: DecodingError) -> RenderError {
    match error {
        DecodingError::IoError(error) => RenderError::unreadable(FORMAT, &error),
        DecodingError::LimitsExceeded => RenderError::broken(
            FORMAT,
            format!("its metadata fills more than {} MB", METADATA_BYTES >> 20),
        ),
        error => RenderError::broken(FORMAT, error.to_string()),
    }
}

/// A chunk of a PNG.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Chunk<'a> {
    name: [u8; 4],
    /// As much of its content as there is.
    data: &'a [u8],
    /// All of it, from its length to its checksum, as much as there is.
    whole: &'a [u8],
}

/// The chunks of a PNG in their order.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    const BEFORE_DATA: usize = 8;
    const CHECKSUM: usize = 4;
    let mut next = SIGNATURE.len();
    std::iter::from_fn(move || {
        let length = bytes.get(next..)?.first_chunk().copied().map(u32::from_be_bytes)?;
        let name = *bytes.get(next + 4..)?.first_chunk()?;
        let first = next;
        let start = first + BEFORE_DATA;
        let end = start.saturating_add(length as usize);
        next = end.saturating_add(CHECKSUM);
        let data = &bytes[start..end.min(bytes.len())];
        Some(Chunk { name, data, whole: &bytes[first..next.min(bytes.len())] })
    })
}

pub(crate) fn write(pixels: &Pixels, exif: Option<Vec<u8>>) -> Result<Vec<u8>, EncodingError> {
    let mut bytes = Vec::new();
    let (compression, filter) = (CompressionType::Default, FilterType::Adaptive);
    let mut encoder = PngEncoder::new_with_quality(&mut bytes, compression, filter);
    if let Some(exif) = exif {
        encoder.set_exif_metadata(exif).map_err(EncodingError::new)?;
    }
    encoder
        .write_image(&pixels.bytes, pixels.width, pixels.height, pixels.colour_type())
        .map_err(EncodingError::new)?;
    Ok(bytes)
}
