//! The formats that variants are written in.

use contract::settings::{Fit, Format, Variant};

use crate::header::SourceFormat;

/// A format that variants are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Jpeg,
    Png,
    Webp,
    Avif,
    Gif,
}

impl Target {
    /// The format of a variant: as its settings say, else the original's if browsers show it.
    pub(crate) fn choose(format: Format, source: SourceFormat, alpha: bool) -> Self {
        match format {
            Format::Jpeg => Self::Jpeg,
            Format::Png => Self::Png,
            Format::Webp => Self::Webp,
            Format::Avif => Self::Avif,
            Format::Keep => match source {
                SourceFormat::Png => Self::Png,
                SourceFormat::Webp => Self::Webp,
                SourceFormat::Gif => Self::Gif,
                SourceFormat::Bmp | SourceFormat::Tiff | SourceFormat::Heic if alpha => Self::Png,
                SourceFormat::Jpeg
                | SourceFormat::Bmp
                | SourceFormat::Tiff
                | SourceFormat::Heic => Self::Jpeg,
            },
        }
    }

    /// The media type that tells a browser the truth.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Avif => "image/avif",
            Self::Gif => "image/gif",
        }
    }

    /// Whether pixels may be transparent.
    pub(crate) fn has_alpha(self) -> bool {
        self != Self::Jpeg
    }
}

/// Whether all variants of an opaque original go from planes to planes, and need colour at half the
/// resolution only.
pub(crate) fn are_planar(variants: &[Variant], source: SourceFormat) -> bool {
    variants.iter().all(|variant| {
        let target = Target::choose(variant.format, source, false);
        target == Target::Jpeg && variant.fit != Fit::Pad && variant.watermark.is_none()
    })
}
