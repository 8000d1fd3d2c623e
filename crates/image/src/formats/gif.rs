//! The first frame of a GIF, by rows; an interlaced one, whose rows come in four passes, whole.

use std::io::Cursor;

use gif::{ColorOutput, DecodeOptions, Decoder, DecodingError, MemoryLimit};
use image::{ExtendedColorType, codecs::gif::GifEncoder, metadata::Orientation};

use crate::{
    colour,
    error::{EncodingError, RenderError},
    header::{Header, SourceFormat},
    pixels::Pixels,
    reduce::{Layout, Reducer},
    rows::{BoxedRows, Rows},
};

const FORMAT: SourceFormat = SourceFormat::Gif;

pub(crate) fn matches(bytes: &[u8]) -> bool {
    bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a")
}

pub(crate) fn is_animated(bytes: &[u8]) -> bool {
    frames(bytes).nth(1).is_some()
}

pub(crate) fn open(bytes: &[u8]) -> Result<BoxedRows<'_>, RenderError> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    let limit = std::num::NonZeroU64::MIN.saturating_add(colour::LARGEST_PROFILE as u64);
    options.set_memory_limit(MemoryLimit::Bytes(limit));
    // Extensions that nobody knows say nothing of the picture.
    options.allow_unknown_blocks(true);
    let mut decoder = options.read_info(Cursor::new(bytes)).map_err(refused)?;
    let canvas = (decoder.width(), decoder.height());
    let frame = decoder
        .next_frame_info()
        .map_err(refused)?
        .ok_or_else(|| RenderError::ends_early(FORMAT))?;
    let frame = Frame {
        left: usize::from(frame.left),
        top: usize::from(frame.top),
        width: usize::from(frame.width),
        height: usize::from(frame.height),
        interlaced: frame.interlaced,
        transparent: frame.transparent,
    };
    let (width, height) = frame.canvas(canvas);
    let covers =
        (frame.left, frame.top) == (0, 0) && frame.width >= width && frame.height >= height;
    let layout = if covers && frame.transparent.is_none() { Layout::Rgb } else { Layout::Rgba };
    let palette = palette(&decoder, frame.transparent)?;
    let header = Header {
        format: FORMAT,
        width: u32::try_from(width).unwrap_or(u32::MAX),
        height: u32::try_from(height).unwrap_or(u32::MAX),
        orientation: Orientation::NoTransforms,
        layout,
        whole_bytes: 0,
        working_bytes: working_bytes(&frame, width),
    };
    Ok(Box::new(Gif { header, decoder, frame, palette }))
}

/// Where the first frame is on the canvas.
struct Frame {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    interlaced: bool,
    transparent: Option<u8>,
}

impl Frame {
    /// Columns and rows of the canvas. As in browsers it grows with the first frame; one without an area
    /// is as large as the frame alone.
    fn canvas(&self, (width, height): (u16, u16)) -> (usize, usize) {
        if width == 0 || height == 0 {
            return (self.left + self.width, self.top + self.height);
        }
        let (width, height) = (usize::from(width), usize::from(height));
        (width.max(self.left + self.width), height.max(self.top + self.height))
    }
}

/// A row of indices and one of colours, the dictionary, and all indices if they are interlaced.
fn working_bytes(frame: &Frame, width: usize) -> u64 {
    const DICTIONARY_BYTES: u64 = 128 << 10;
    let frame_rows = if frame.interlaced { frame.height } else { 1 };
    (frame.width * frame_rows) as u64 + 4 * width as u64 + DICTIONARY_BYTES
}

struct Gif<'a> {
    header: Header,
    decoder: Decoder<Cursor<&'a [u8]>>,
    frame: Frame,
    palette: Vec<[u8; 4]>,
}

/// A colour for each index. What the file does not define is clear.
fn palette(
    decoder: &Decoder<Cursor<&[u8]>>,
    transparent: Option<u8>,
) -> Result<Vec<[u8; 4]>, RenderError> {
    let colours = decoder.palette().map_err(refused)?.as_chunks::<3>().0;
    let mut palette: Vec<_> = colours.iter().map(|&[r, g, b]| [r, g, b, u8::MAX]).collect();
    palette.resize(256, [0; 4]);
    if let Some(index) = transparent {
        palette[usize::from(index)] = [0; 4];
    }
    Ok(palette)
}

impl Rows for Gif<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn icc(&mut self) -> Option<Vec<u8>> {
        self.decoder.icc_profile().map(<[u8]>::to_vec)
    }

    fn read(&mut self, reducer: &mut Reducer) -> Result<(), RenderError> {
        let Frame { top, width, height, .. } = self.frame;
        let mut indices = vec![0; if self.frame.interlaced { width * height } else { width }];
        if self.frame.interlaced {
            self.decoder.read_into_buffer(&mut indices).map_err(refused)?;
        }
        let clear = self.colours(&[]);
        for row in 0..self.header.height as usize {
            if reducer.is_complete() {
                break;
            }
            let Some(row) = row.checked_sub(top).filter(|&row| row < height) else {
                reducer.push_row(&clear);
                continue;
            };
            if self.frame.interlaced {
                reducer.push_row(&self.colours(&indices[row * width..][..width]));
            } else if self.decoder.fill_buffer(&mut indices).map_err(refused)? {
                reducer.push_row(&self.colours(&indices));
            } else {
                return Err(RenderError::ends_early(FORMAT));
            }
        }
        Ok(())
    }
}

impl Gif<'_> {
    /// A row of the canvas with a row of the frame on it.
    fn colours(&self, indices: &[u8]) -> Vec<u8> {
        let channels = self.header.layout.channels();
        let mut row = vec![0; self.header.width as usize * channels];
        let pixels = row.chunks_exact_mut(channels).skip(self.frame.left);
        for (pixel, &index) in pixels.zip(indices) {
            pixel.copy_from_slice(&self.palette[usize::from(index)][..channels]);
        }
        row
    }
}

fn refused(error: DecodingError) -> RenderError {
    match error {
        DecodingError::Io(error) => RenderError::unreadable(FORMAT, &error),
        error => RenderError::broken(FORMAT, error.to_string()),
    }
}

/// The places where the frames of a GIF begin.
fn frames(bytes: &[u8]) -> impl Iterator<Item = usize> {
    const HEADER: usize = 13;
    const FRAME: u8 = b',';
    const EXTENSION: u8 = b'!';
    let mut next = bytes.get(10).map_or(bytes.len(), |flags| HEADER + palette_bytes(*flags));
    std::iter::from_fn(move || {
        while bytes.get(next) == Some(&EXTENSION) {
            next = after_blocks(bytes, next + 2)?;
        }
        let at = next;
        if bytes.get(at) != Some(&FRAME) {
            return None;
        }
        let palette = palette_bytes(*bytes.get(at + 9)?);
        // A frame that is cut off is still one.
        next = after_blocks(bytes, at + 11 + palette).unwrap_or(bytes.len());
        Some(at)
    })
}

fn palette_bytes(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// The place after a run of data blocks, each of which begins with its length; zero ends them.
fn after_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
    }
}

/// One frame with a palette of its own. A GIF pixel is either there or not.
pub(crate) fn write(pixels: Pixels) -> Result<Vec<u8>, EncodingError> {
    const HALF: u8 = 128;
    /// From 1, the best palette, to 30; 10 is where more time hardly shows.
    const SPEED: i32 = 10;
    let mut pixels = pixels.with_alpha();
    for pixel in pixels.bytes.as_chunks_mut::<4>().0 {
        if pixel[3] < HALF {
            *pixel = [0; 4];
        } else {
            pixel[3] = u8::MAX;
        }
    }
    let mut bytes = Vec::new();
    GifEncoder::new_with_speed(&mut bytes, SPEED)
        .encode(&pixels.bytes, pixels.width, pixels.height, ExtendedColorType::Rgba8)
        .map_err(EncodingError::new)?;
    Ok(bytes)
}
