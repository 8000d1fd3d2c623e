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

/// The EXIF block of a file, if it can be found.
#[cfg(feature = "heic")]
pub(crate) fn exif(bytes: &[u8]) -> Option<Vec<u8>> {
    /// Bytes of the largest block that is looked at.
    const LARGEST: u64 = 1 << 20;
    let container = container::Container::read(bytes).ok()?;
    let data = container.data(container.first_of(*b"Exif")?).ok()?;
    let item = Some(data).filter(|data| data.bytes() <= LARGEST)?.pieces.concat();
    // ISO/IEC 23008-12, annex A.2.1: how far behind this number the block begins.
    let (offset, rest) = item.split_first_chunk()?;
    let offset = usize::try_from(u32::from_be_bytes(*offset)).ok()?;
    rest.get(offset..).map(<[u8]>::to_vec)
}

/// Finds nothing.
#[cfg(not(feature = "heic"))]
pub(crate) fn exif(_: &[u8]) -> Option<Vec<u8>> {
    None
}

/// Reads nothing.
#[cfg(not(feature = "heic"))]
pub(crate) fn open(_: &[u8]) -> Result<BoxedRows<'_>, RenderError> {
    Err(RenderError::NotBuiltIn(SourceFormat::Heic))
}
