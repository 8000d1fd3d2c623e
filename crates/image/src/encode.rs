//! Pixels to bytes, and which format those bytes are in.

use contract::settings::{Effort, Format};
use image::{
    ExtendedColorType, ImageEncoder,
    codecs::{
        gif::GifEncoder,
        png::{CompressionType, FilterType, PngEncoder},
    },
};
use jpeg::encoder::{self, Picture, Scratch, colour, smaller};

use crate::{pixels::Pixels, planar::Planes, sniff::SourceFormat};

/// A format that variants are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Jpeg,
    Png,
    Webp,
    Avif,
    Gif,
}

impl Target {
    /// The format of a variant: as its settings say, else the original's if browsers show it.
    pub fn choose(format: Format, source: SourceFormat, alpha: bool) -> Self {
        match format {
            Format::Jpeg => Self::Jpeg,
            Format::Png => Self::Png,
            Format::Webp => Self::Webp,
            Format::Avif => Self::Avif,
            Format::Keep => match source {
                SourceFormat::Png => Self::Png,
                SourceFormat::Webp => Self::Webp,
                SourceFormat::Gif => Self::Gif,
                SourceFormat::Bmp | SourceFormat::Tiff if alpha => Self::Png,
                SourceFormat::Jpeg | SourceFormat::Bmp | SourceFormat::Tiff => Self::Jpeg,
            },
        }
    }

    /// The media type that tells a browser the truth.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Avif => "image/avif",
            Self::Gif => "image/gif",
        }
    }

    /// Whether pixels may be transparent.
    pub fn has_alpha(self) -> bool {
        self != Self::Jpeg
    }
}

/// A finished picture, in whichever way it could be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drawn {
    Pixels(Pixels),
    /// For JPEG only.
    Planes(Planes),
}

impl Drawn {
    /// Columns and rows.
    pub fn size(&self) -> (u32, u32) {
        match self {
            Self::Pixels(pixels) => (pixels.width, pixels.height),
            Self::Planes(planes) => (planes.luma.width, planes.luma.height),
        }
    }
}

/// How well a picture is to be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// 1 to 100; formats without loss ignore it.
    pub quality: u8,
    /// For JPEG; the other formats have one way each.
    pub effort: Effort,
}

/// Encodes a picture without any metadata.
pub fn encode(
    drawn: Drawn,
    target: Target,
    demand: Demand,
    scratch: &mut Scratch,
) -> Result<Vec<u8>, EncodingError> {
    let pixels = match drawn {
        Drawn::Planes(planes) => return jpeg_of_planes(&planes, demand, scratch),
        Drawn::Pixels(pixels) => pixels,
    };
    match target {
        Target::Jpeg => jpeg(pixels, demand, scratch),
        Target::Png => png(&pixels),
        Target::Webp => webp(&pixels, demand.quality),
        Target::Avif => avif(&pixels, demand.quality),
        Target::Gif => gif(pixels),
    }
}

/// What an encoder had to say.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct EncodingError(String);

impl EncodingError {
    fn new(error: impl std::error::Error) -> Self {
        Self(error.to_string())
    }
}

fn jpeg(pixels: Pixels, demand: Demand, scratch: &mut Scratch) -> Result<Vec<u8>, EncodingError> {
    let Pixels { width, height, bytes, .. } = pixels.flattened();
    let colour::Planes { luma, chroma: [cb, cr] } = colour::planes_of_rgb(&bytes, width, height);
    jpeg_of_picture(&Picture { luma: &luma, chroma: Some([&cb, &cr]) }, demand, scratch)
}

fn jpeg_of_planes(
    planes: &Planes,
    demand: Demand,
    scratch: &mut Scratch,
) -> Result<Vec<u8>, EncodingError> {
    let Planes { luma, chroma } = planes;
    let chroma = chroma.as_ref().map(|[cb, cr]| [cb, cr]);
    jpeg_of_picture(&Picture { luma, chroma }, demand, scratch)
}

fn jpeg_of_picture(
    picture: &Picture<'_>,
    Demand { quality, effort }: Demand,
    scratch: &mut Scratch,
) -> Result<Vec<u8>, EncodingError> {
    let file = match effort {
        Effort::Speed => encoder::encode(picture, quality, scratch),
        Effort::Size => smaller::encode(picture, quality, scratch),
    };
    file.map_err(EncodingError::new)
}

fn png(pixels: &Pixels) -> Result<Vec<u8>, EncodingError> {
    let mut bytes = Vec::new();
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::Adaptive)
        .write_image(&pixels.bytes, pixels.width, pixels.height, pixels.colour_type())
        .map_err(EncodingError::new)?;
    Ok(bytes)
}

/// Lossy, but for quality 100; alpha is always kept exactly.
fn webp(pixels: &Pixels, quality: u8) -> Result<Vec<u8>, EncodingError> {
    let colour =
        if pixels.alpha { image_webp::ColorType::Rgba8 } else { image_webp::ColorType::Rgb8 };
    let mut options = image_webp::EncoderParams::default();
    options.use_lossy = quality < 100;
    options.lossy_quality = quality;
    let mut bytes = Vec::new();
    let mut encoder = image_webp::WebPEncoder::new(&mut bytes);
    encoder.set_params(options);
    encoder
        .encode(&pixels.bytes, pixels.width, pixels.height, colour)
        .map_err(EncodingError::new)?;
    Ok(bytes)
}

fn avif(pixels: &Pixels, quality: u8) -> Result<Vec<u8>, EncodingError> {
    let colours = pixels.bytes.chunks_exact(pixels.channels());
    let colours = colours.map(|pixel| colour::ycbcr_of_rgb([pixel[0], pixel[1], pixel[2]]));
    let alpha = || pixels.bytes.as_chunks::<4>().0.iter().map(|pixel| pixel[3]);
    let picture = avif::Picture {
        width: pixels.width as usize,
        height: pixels.height as usize,
        colours: Box::new(colours),
        alpha: if pixels.alpha { Some(Box::new(alpha())) } else { None },
    };
    avif::encode(picture, quality).map_err(EncodingError::new)
}

/// One frame with a palette of its own. A GIF pixel is either there or not.
fn gif(pixels: Pixels) -> Result<Vec<u8>, EncodingError> {
    const HALF: u8 = 128;
    let mut pixels = pixels.with_alpha();
    for pixel in pixels.bytes.as_chunks_mut::<4>().0 {
        if pixel[3] < HALF {
            *pixel = [0; 4];
        } else {
            pixel[3] = u8::MAX;
        }
    }
    let mut bytes = Vec::new();
    GifEncoder::new_with_speed(&mut bytes, GIF_SPEED)
        .encode(&pixels.bytes, pixels.width, pixels.height, ExtendedColorType::Rgba8)
        .map_err(EncodingError::new)?;
    Ok(bytes)
}

/// From 1, the best palette, to 30; 10 is where more time hardly shows.
const GIF_SPEED: i32 = 10;
