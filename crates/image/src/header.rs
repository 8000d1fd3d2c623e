//! What an original says of itself before its pixels are decoded.

use std::fmt;

use image::metadata::Orientation;

use crate::{geometry::Grid, reduce::Layout};

/// A file format that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceFormat {
    Jpeg,
    Png,
    Webp,
    Gif,
    Bmp,
    Tiff,
    /// Only HEVC in it is read.
    Heic,
}

impl SourceFormat {
    /// Whether every browser shows such a file.
    pub fn is_shown_by_browsers(self) -> bool {
        match self {
            Self::Jpeg | Self::Png | Self::Webp | Self::Gif | Self::Bmp => true,
            Self::Tiff | Self::Heic => false,
        }
    }
}

impl fmt::Display for SourceFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Webp => "WebP",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
            Self::Heic => "HEIC",
        })
    }
}

/// What an image says of itself before its pixels are decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The format of the file.
    pub(crate) format: SourceFormat,
    /// Columns as stored, before orientation.
    pub(crate) width: u32,
    /// Rows as stored, before orientation.
    pub(crate) height: u32,
    /// How the stored image must be turned to be upright.
    pub(crate) orientation: Orientation,
    /// What a pixel consists of.
    pub(crate) layout: Layout,
    /// Bytes of the picture as its decoder makes it, if it can only be decoded whole; 0 if it comes
    /// row by row.
    pub(crate) whole_bytes: u64,
    /// Bytes that the decoder holds at its peak beside the file and the picture.
    pub(crate) working_bytes: u64,
}

impl Header {
    /// Width and height of the upright image.
    pub(crate) fn upright(&self) -> (u32, u32) {
        self.grid(1).upright()
    }

    /// How samples stand for its pixels if every `factor × factor` of them become one.
    pub(crate) fn grid(&self, factor: u32) -> Grid {
        let density = 1.0 / f64::from(factor);
        let full = Grid::full((self.width, self.height), self.orientation);
        Grid { density: (density, density), ..full }
    }
}

/// The orientation that an EXIF block asks for. Most cameras that write an unreadable one hold the
/// picture upright. Many programs let the block begin as it does in a JPEG, whatever format it is in.
pub(crate) fn orientation(exif: Option<&[u8]>) -> Orientation {
    let exif = exif.map(|exif| exif.strip_prefix(b"Exif\0\0").unwrap_or(exif));
    exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms)
}
