//! JPEG: how far an original is decoded, and the writing of variants.

pub(crate) mod photo;
pub(crate) mod segments;

use contract::settings::Effort;
use jpeg::encoder::{self, Scratch, colour, smaller};

use crate::{error::EncodingError, pixels::Pixels, planar::Planes};

pub(crate) fn matches(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xd8\xff")
}

/// Writes pixels, on white where they are clear.
pub(crate) fn write(
    pixels: Pixels,
    (quality, effort): (u8, Effort),
    scratch: &mut Scratch,
) -> Result<Vec<u8>, EncodingError> {
    let Pixels { width, height, bytes, .. } = pixels.flattened();
    let colour::Planes { luma, chroma: [cb, cr] } = colour::planes_of_rgb(&bytes, width, height);
    write_picture(
        &encoder::Picture { luma: &luma, chroma: Some([&cb, &cr]) },
        (quality, effort),
        scratch,
    )
}

/// Writes planes as they are.
pub(crate) fn write_planes(
    planes: &Planes,
    (quality, effort): (u8, Effort),
    scratch: &mut Scratch,
) -> Result<Vec<u8>, EncodingError> {
    let Planes { luma, chroma } = planes;
    let chroma = chroma.as_ref().map(|[cb, cr]| [cb, cr]);
    write_picture(&encoder::Picture { luma, chroma }, (quality, effort), scratch)
}

fn write_picture(
    picture: &encoder::Picture<'_>,
    (quality, effort): (u8, Effort),
    scratch: &mut Scratch,
) -> Result<Vec<u8>, EncodingError> {
    let file = match effort {
        Effort::Speed => encoder::encode(picture, quality, scratch),
        Effort::Size => smaller::encode(picture, quality, scratch),
    };
    file.map_err(EncodingError::new)
}
