//! Bytes to pixels: the header first, then, if the limits allow it, the image.
//!
//! Orientation and colour profile are handed on as values: both are cheaper to apply to a small
//! variant than to a large original. No metadata goes any further than this module.

use std::io::{Cursor, ErrorKind};

use image::{
    DynamicImage, ImageDecoder, ImageError,
    codecs::{
        bmp::BmpDecoder, gif::GifDecoder, jpeg::JpegDecoder, png::PngDecoder, tiff::TiffDecoder,
        webp::WebPDecoder,
    },
    metadata::Orientation,
};

use crate::{
    error::RenderError,
    limits::Limits,
    pixels::Pixels,
    settings::Variant,
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
    /// Bytes of the image as its decoder hands it over.
    pub native_bytes: u64,
    /// Whether that is anything but eight-bit colour and so exists twice for a moment.
    pub needs_conversion: bool,
    /// Whether it is a progressive JPEG.
    pub progressive: bool,
}

impl Header {
    /// Width and height of the upright image.
    pub fn upright(&self) -> (u32, u32) {
        if swaps_sides(self.orientation) {
            (self.height, self.width)
        } else {
            (self.width, self.height)
        }
    }
}

/// An original in memory.
#[derive(Debug)]
pub struct Decoded {
    /// What its header said.
    pub header: Header,
    /// The pixels as stored, before orientation. They have alpha only if some pixel uses it.
    pub pixels: Pixels,
    /// The embedded colour profile.
    pub icc: Option<Vec<u8>>,
}

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
    let format = recognise(bytes)?;
    let mut decoder = open(bytes, format)?;
    Ok(read_header(&mut decoder, bytes, format)?.upright())
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
    let format = recognise(bytes)?;
    let mut decoder = open(bytes, format)?;
    let header = read_header(&mut decoder, bytes, format)?;
    limits.check_image(&header, file_bytes, variants)
}

/// Decodes an image, unless it would not fit the limits together with its variants.
pub fn decode(bytes: &[u8], variants: &[Variant], limits: &Limits) -> Result<Decoded, RenderError> {
    let file_bytes = bytes.len() as u64;
    limits.check_bytes(file_bytes)?;
    let format = recognise(bytes)?;
    let mut decoder = open(bytes, format)?;
    let header = read_header(&mut decoder, bytes, format)?;
    limits.check_image(&header, file_bytes, variants)?;

    let mut decoder_limits = image::Limits::no_limits();
    decoder_limits.max_alloc = Some(limits.max_memory);
    decoder.set_limits(decoder_limits).map_err(|error| broken(format, error))?;
    // A profile that cannot be read is no reason to refuse the picture.
    let icc = decoder.icc_profile().ok().flatten();
    let image = DynamicImage::from_decoder(decoder).map_err(|error| broken(format, error))?;
    let pixels = without_needless_alpha(Pixels::from_image(image));
    Ok(Decoded { header, pixels, icc })
}

fn recognise(bytes: &[u8]) -> Result<SourceFormat, RenderError> {
    match sniff::sniff(bytes) {
        Sniffed::Image(SourceFormat::Jpeg) if !sniff::is_complete_jpeg(bytes) => {
            Err(ends_early(SourceFormat::Jpeg))
        }
        Sniffed::Image(format) => Ok(format),
        Sniffed::Unsupported(name) => Err(RenderError::Unsupported(name.to_owned())),
        Sniffed::Unknown => Err(RenderError::NotAnImage),
    }
}

type BoxedDecoder<'a> = Box<dyn ImageDecoder + 'a>;

fn open(bytes: &[u8], format: SourceFormat) -> Result<BoxedDecoder<'_>, RenderError> {
    let input = Cursor::new(bytes);
    let decoder: Result<BoxedDecoder<'_>, ImageError> = match format {
        SourceFormat::Jpeg => JpegDecoder::new(input).map(|d| Box::new(d) as _),
        SourceFormat::Png => PngDecoder::new(input).map(|d| Box::new(d) as _),
        SourceFormat::Webp => WebPDecoder::new(input).map(|d| Box::new(d) as _),
        SourceFormat::Gif => GifDecoder::new(input).map(|d| Box::new(d) as _),
        SourceFormat::Bmp => BmpDecoder::new(input).map(|d| Box::new(d) as _),
        SourceFormat::Tiff => TiffDecoder::new(input).map(|d| Box::new(d) as _),
    };
    decoder.map_err(|error| broken(format, error))
}

fn read_header(
    decoder: &mut BoxedDecoder<'_>,
    bytes: &[u8],
    format: SourceFormat,
) -> Result<Header, RenderError> {
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        let message = format!("it is {width}x{height} pixels");
        return Err(RenderError::Broken { format, message });
    }
    // Most cameras that write an unreadable tag hold the picture upright.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let colour = decoder.color_type();
    Ok(Header {
        format,
        width,
        height,
        orientation,
        native_bytes: decoder.total_bytes(),
        needs_conversion: !matches!(colour, image::ColorType::Rgb8 | image::ColorType::Rgba8),
        progressive: format == SourceFormat::Jpeg && sniff::is_progressive_jpeg(bytes),
    })
}

/// Drops an alpha channel that nothing uses, in place: the original may fill most of the memory.
fn without_needless_alpha(mut pixels: Pixels) -> Pixels {
    if pixels.alpha && pixels.is_opaque() {
        let count = pixels.bytes.len() / 4;
        for index in 0..count {
            pixels.bytes.copy_within(index * 4..index * 4 + 3, index * 3);
        }
        pixels.bytes.truncate(count * 3);
        pixels.alpha = false;
    }
    pixels
}

fn broken(format: SourceFormat, error: ImageError) -> RenderError {
    match error {
        ImageError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            ends_early(format)
        }
        ImageError::Unsupported(error) => {
            RenderError::Unsupported(format!("this kind of {format} ({error})"))
        }
        error => RenderError::Broken { format, message: error.to_string() },
    }
}

fn ends_early(format: SourceFormat) -> RenderError {
    RenderError::Broken { format, message: "the file ends early".to_owned() }
}
