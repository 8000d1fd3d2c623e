//! HEIC: stills in HEVC, as phones store their photos (ISO/IEC 23008-12), a row of tiles at a time.
//!
//! What shows a picture the right way up is in the container (`irot`, `imir`). An orientation in EXIF
//! repeats it, and is ignored as in libheif, libvips and browsers, also in a file without the former.

use super::foreign;
use crate::{error::RenderError, header::SourceFormat, rows::BoxedRows};

#[cfg(feature = "heic")]
mod boxes;
#[cfg(feature = "heic")]
mod chroma;
#[cfg(feature = "heic")]
mod coded;
#[cfg(feature = "heic")]
mod colours;
#[cfg(feature = "heic")]
mod container;
#[cfg(feature = "heic")]
mod hevc;
#[cfg(feature = "heic")]
mod mosaic;
#[cfg(feature = "heic")]
mod photo;
#[cfg(feature = "heic")]
mod properties;
#[cfg(feature = "heic")]
mod turns;

#[cfg(feature = "heic")]
const FORMAT: SourceFormat = SourceFormat::Heic;

pub(crate) fn matches(bytes: &[u8]) -> bool {
    foreign::is_heif(bytes)
}

/// Reads the header.
#[cfg(feature = "heic")]
pub(crate) fn open(bytes: &[u8]) -> Result<BoxedRows<'_>, RenderError> {
    Ok(Box::new(photo::Photo::open(bytes)?))
}

/// Reads nothing.
#[cfg(not(feature = "heic"))]
pub(crate) fn open(_: &[u8]) -> Result<BoxedRows<'_>, RenderError> {
    Err(RenderError::NotBuiltIn(SourceFormat::Heic))
}
