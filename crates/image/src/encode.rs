//! A finished picture to a file, without any metadata.

use contract::settings::Effort;
use jpeg::encoder::Scratch;

use crate::{
    error::EncodingError,
    formats::{avif, gif, jpeg as jpeg_files, png, webp},
    pixels::Pixels,
    planar::Planes,
    target::Target,
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
}

/// How well a picture is to be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Demand {
    /// 1 to 100; formats without loss ignore it.
    pub(crate) quality: u8,
    /// For JPEG, WebP and AVIF.
    pub(crate) effort: Effort,
}

/// Bytes that a finished picture and its encoder hold at their peak for each of its pixels.
///
/// Measured for WebP and AVIF as the growth of the resident memory (`VmHWM`) at 0.5 and 2
/// megapixels, of which the smaller takes more for each pixel.
pub(crate) fn bytes_per_pixel(target: Target, demand: Demand, alpha: bool) -> u64 {
    let own = match target {
        Target::Jpeg | Target::Png | Target::Gif => 12,
        Target::Webp => webp::bytes_per_pixel((demand.quality, demand.effort), alpha),
        Target::Avif => avif::bytes_per_pixel(alpha),
    };
    let channels = 4;
    channels + own
}

/// Encodes a picture without any metadata.
pub(crate) fn encode(
    drawn: Drawn,
    target: Target,
    demand: Demand,
    scratch: &mut Scratch,
) -> Result<Vec<u8>, EncodingError> {
    let how = (demand.quality, demand.effort);
    let pixels = match drawn {
        Drawn::Planes(planes) => return jpeg_files::write_planes(&planes, how, scratch),
        Drawn::Pixels(pixels) => pixels,
    };
    match target {
        Target::Jpeg => jpeg_files::write(pixels, how, scratch),
        Target::Png => png::write(&pixels),
        Target::Webp => webp::write(&pixels, how),
        Target::Avif => avif::write(&pixels, how),
        Target::Gif => gif::write(pixels),
    }
}
