//! A finished picture to a file, without any metadata but what is handed over for it.

use contract::settings::Effort;
use jpeg::encoder::Scratch;

use crate::{
    error::EncodingError,
    formats::{avif, gif, jpeg as jpeg_files, png, webp},
    pixels::Pixels,
    planar::Planes,
    target::Target,
    thumbnail,
};

/// A finished picture, in whichever way it could be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Drawn {
    Pixels(Pixels),
    /// For JPEG only.
    Planes(Planes),
}

impl Drawn {
    /// Columns and rows.
    pub(crate) fn size(&self) -> (u32, u32) {
        match self {
            Self::Pixels(pixels) => (pixels.width, pixels.height),
            Self::Planes(planes) => (planes.luma.width, planes.luma.height),
        }
    }

    /// The same in a few pixels.
    pub(crate) fn thumbnail(&self, size: (u32, u32)) -> Pixels {
        match self {
            Self::Pixels(pixels) => thumbnail::of_pixels(pixels, size),
            Self::Planes(planes) => planes.thumbnail(size),
        }
    }
}

/// How well a picture is to be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Demand<'a> {
    /// 1 to 100; formats without loss ignore it.
    pub(crate) quality: u8,
    /// For JPEG, WebP and AVIF.
    pub(crate) effort: Effort,
    /// What is kept of metadata.
    pub(crate) exif: Option<&'a [u8]>,
}

/// Bytes that a finished picture and its encoder hold at their peak for each of its pixels.
///
/// Measured for WebP and AVIF as the growth of the resident memory (`VmHWM`) at 0.5 and 2
/// megapixels, of which the smaller takes more for each pixel.
pub(crate) fn bytes_per_pixel(target: Target, demand: Demand<'_>, alpha: bool) -> u64 {
    let own = match target {
        Target::Jpeg | Target::Png | Target::Gif => 12,
        Target::Webp => webp::bytes_per_pixel((demand.quality, demand.effort), alpha),
        Target::Avif => avif::bytes_per_pixel(alpha),
    };
    let channels = 4;
    channels + own
}

/// Encodes a picture.
pub(crate) fn encode(
    drawn: Drawn,
    target: Target,
    demand: Demand<'_>,
    scratch: &mut Scratch,
) -> Result<Vec<u8>, EncodingError> {
    let how = (demand.quality, demand.effort);
    let exif = demand.exif;
    let pixels = match drawn {
        Drawn::Planes(planes) => {
            let file = jpeg_files::write_planes(&planes, how, scratch)?;
            return Ok(with(file, exif, jpeg_files::segments::with_exif));
        }
        Drawn::Pixels(pixels) => pixels,
    };
    match target {
        Target::Jpeg => {
            let file = jpeg_files::write(pixels, how, scratch)?;
            Ok(with(file, exif, jpeg_files::segments::with_exif))
        }
        Target::Png => png::write(&pixels, exif.map(<[u8]>::to_vec)),
        Target::Webp => {
            let file = webp::write(&pixels, how)?;
            Ok(with(file, exif, webp::metadata::with_exif))
        }
        Target::Avif => avif::write(&pixels, how, exif),
        // It has no place for any.
        Target::Gif => gif::write(pixels),
    }
}

fn with(
    file: Vec<u8>,
    exif: Option<&[u8]>,
    add: impl FnOnce(Vec<u8>, &[u8]) -> Vec<u8>,
) -> Vec<u8> {
    match exif {
        Some(exif) => add(file, exif),
        None => file,
    }
}
