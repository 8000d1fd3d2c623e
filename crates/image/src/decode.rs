//! Bytes to pixels: the header first, then, if the limits allow it, the image.
//!
//! Each format has a module that opens a file, says what decoding it will take, and writes rows
//! into a [`Reducer`]. Orientation and colour profile are handed on as values: both are cheaper to
//! apply to a small variant than to a large original. Only inks become colours here, so that no
//! later stage has to know of them. No metadata goes any further than this module.

mod bmp;
mod damage;
mod gif;
mod jpeg;
mod photo;
mod png;
mod tiff;
mod webp;

use std::{fmt, io};

use ::jpeg::decoder as jpeg_planes;
use contract::settings::Variant;
pub use damage::Damage;
use image::{ImageDecoder, ImageError, metadata::Orientation};

use crate::{
    colour::{self, Correction},
    error::RenderError,
    limits::Limits,
    pixels::Pixels,
    planar::Planar,
    reduce::{self, Layout, Reduced, Reducer},
    resize::{self, Grid},
    sniff::{self, Sniffed, SourceFormat},
};

/// What an image says of itself before its pixels are decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The format of the file.
    pub format: SourceFormat,
    /// Columns as stored, before orientation.
    pub width: u32,
    /// Rows as stored, before orientation.
    pub height: u32,
    /// How the stored image must be turned to be upright.
    pub orientation: Orientation,
    /// What a pixel consists of.
    pub layout: Layout,
    /// Bytes of the picture as its decoder makes it, if it can only be decoded whole; 0 if it comes
    /// row by row.
    pub whole_bytes: u64,
    /// Bytes that the decoder holds at its peak beside the file and the picture.
    pub working_bytes: u64,
}

impl Header {
    /// Width and height of the upright image.
    pub fn upright(&self) -> (u32, u32) {
        self.grid(1).upright()
    }

    /// How samples stand for its pixels if every `factor × factor` of them become one.
    pub fn grid(&self, factor: u32) -> Grid {
        let density = 1.0 / f64::from(factor);
        let full = Grid::full((self.width, self.height), self.orientation);
        Grid { density: (density, density), ..full }
    }
}

/// An original in memory.
#[derive(Debug)]
pub struct Decoded {
    /// What its header said.
    pub header: Header,
    /// The picture, as fine as its variants need.
    pub picture: Picture,
    /// The way from its colours to sRGB, if they are others.
    pub correction: Option<Correction>,
    /// What is wrong with the picture.
    pub damage: Option<Damage>,
}

/// What a decoder makes of an original: as stored, before orientation.
#[derive(Debug)]
pub enum Picture {
    /// It has alpha only if some pixel uses it. The grid says how pixels stand for the original's.
    Pixels(Pixels, Grid),
    Planes(Planar),
}

/// A file whose header is read and whose pixels are not.
trait Original {
    fn header(&self) -> &Header;

    /// The embedded colour profile. One that cannot be read is no reason to refuse the picture.
    fn icc(&mut self) -> Option<Vec<u8>>;

    /// Writes every row.
    fn read(&mut self, reducer: &mut Reducer) -> Result<(), RenderError>;

    /// What is wrong with the rows that were written. Most decoders refuse damaged files.
    fn damage(&self) -> Option<Damage> {
        None
    }
}

type BoxedOriginal<'a> = Box<dyn Original + 'a>;

/// Whether upright width is stored height.
pub fn swaps_sides(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    )
}

/// Width and height of the upright image, read from its header only.
pub fn dimensions(bytes: &[u8]) -> Result<(u32, u32), RenderError> {
    Ok(header(bytes, &[])?.upright())
}

/// What an image says of itself to the decoder that will make these variants.
fn header(bytes: &[u8], variants: &[Variant]) -> Result<Header, RenderError> {
    match photo::open(bytes, variants) {
        Some(photo) => Ok(photo.header),
        None => Ok(open(bytes)?.header().clone()),
    }
}

/// Bytes of memory that an image and its variants take at their peak, the file included, if they
/// fit the limits.
pub fn memory_needed(
    bytes: &[u8],
    variants: &[Variant],
    limits: &Limits,
) -> Result<u64, RenderError> {
    let file_bytes = bytes.len() as u64;
    limits.check_bytes(file_bytes)?;
    limits.check_image(&header(bytes, variants)?, file_bytes, variants)
}

/// Decodes an image, unless it would not fit the limits together with its variants.
pub fn decode(
    bytes: &[u8],
    variants: &[Variant],
    limits: &Limits,
    scratch: &mut jpeg_planes::Scratch,
) -> Result<Decoded, RenderError> {
    let file_bytes = bytes.len() as u64;
    limits.check_bytes(file_bytes)?;
    if let Some(mut photo) = photo::open(bytes, variants) {
        limits.check_image(&photo.header, file_bytes, variants)?;
        let (header, correction) = (photo.header.clone(), photo.correction.take());
        let (planar, damage) = photo.read(scratch)?;
        return Ok(Decoded { header, picture: Picture::Planes(planar), correction, damage });
    }
    let mut original = open(bytes)?;
    let header = original.header().clone();
    limits.check_image(&header, file_bytes, variants)?;

    let factor = reduce::factor(resize::needed_density(header.upright(), variants));
    let mut reducer = Reducer::new(header.layout, (header.width, header.height), factor);
    original.read(&mut reducer)?;
    if !reducer.is_complete() {
        return Err(ends_early(header.format));
    }
    let icc = original.icc().filter(|icc| colour::fits(icc, header.layout));
    let (pixels, icc) = match reducer.finish() {
        Reduced::Pixels(pixels) => (pixels, icc),
        Reduced::Inks(inks) => (colour::inks_to_srgb(inks, icc.as_deref()), None),
    };
    let correction = icc.and_then(|icc| Correction::from_icc(&icc, pixels.alpha));
    let picture = Picture::Pixels(pixels, header.grid(factor));
    Ok(Decoded { header, picture, correction, damage: original.damage() })
}

fn open(bytes: &[u8]) -> Result<BoxedOriginal<'_>, RenderError> {
    let original = match sniff::sniff(bytes) {
        Sniffed::Image(SourceFormat::Jpeg) => jpeg::open(bytes),
        Sniffed::Image(SourceFormat::Png) => png::open(bytes),
        Sniffed::Image(SourceFormat::Webp) => webp::open(bytes),
        Sniffed::Image(SourceFormat::Gif) => gif::open(bytes),
        Sniffed::Image(SourceFormat::Bmp) => bmp::open(bytes),
        Sniffed::Image(SourceFormat::Tiff) => tiff::open(bytes),
        Sniffed::Unsupported(name) => Err(RenderError::Unsupported(name.to_owned())),
        Sniffed::Unknown => Err(RenderError::NotAnImage),
    }?;
    let Header { format, width, height, .. } = *original.header();
    if width == 0 || height == 0 {
        return Err(broken(format, format!("it is {width}x{height} pixels")));
    }
    Ok(original)
}

/// The orientation that an EXIF block asks for. Most cameras that write an unreadable one hold the
/// picture upright.
fn orientation(exif: Option<&[u8]>) -> Orientation {
    exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms)
}

/// Hands on what a decoder makes in one piece, if it is as large as the header said.
fn read_whole(
    decoder: impl ImageDecoder,
    header: &Header,
    reducer: &mut Reducer,
) -> Result<(), RenderError> {
    if decoder.total_bytes() != header.whole_bytes {
        return Err(broken(header.format, "its headers contradict each other"));
    }
    let size = usize::try_from(header.whole_bytes).unwrap_or(usize::MAX);
    let mut image = vec![0; size];
    decoder.read_image(&mut image).map_err(|error| image_error(header.format, error))?;
    reducer.push_image(image);
    Ok(())
}

fn pixels(width: u32, height: u32) -> u64 {
    u64::from(width) * u64::from(height)
}

fn broken(format: SourceFormat, message: impl Into<String>) -> RenderError {
    RenderError::Broken { format, message: message.into() }
}

fn ends_early(format: SourceFormat) -> RenderError {
    broken(format, "the file ends early")
}

fn unsupported(format: SourceFormat, what: impl fmt::Display) -> RenderError {
    RenderError::Unsupported(format!("this kind of {format} ({what})"))
}

/// What an I/O error means when all reading is from memory.
fn unreadable(format: SourceFormat, error: &io::Error) -> RenderError {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        ends_early(format)
    } else {
        broken(format, error.to_string())
    }
}

fn image_error(format: SourceFormat, error: ImageError) -> RenderError {
    match error {
        ImageError::IoError(error) => unreadable(format, &error),
        ImageError::Unsupported(error) => unsupported(format, error),
        error => broken(format, error.to_string()),
    }
}
