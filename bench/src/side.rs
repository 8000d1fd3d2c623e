//! Who is compared.

use std::{env, path::PathBuf};

/// A program that makes the same variants of the same photos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Ours,
    SharpPipelines,
    SharpChained,
    SharpMozjpeg,
    ImageMagick,
}

impl Side {
    /// In the order of the tables.
    pub(crate) const ALL: [Self; 5] = [
        Self::Ours,
        Self::SharpPipelines,
        Self::SharpChained,
        Self::SharpMozjpeg,
        Self::ImageMagick,
    ];

    /// For command lines and folders.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::SharpPipelines => "sharp-pipelines",
            Self::SharpChained => "sharp-chained",
            Self::SharpMozjpeg => "sharp-mozjpeg",
            Self::ImageMagick => "imagemagick",
        }
    }

    /// For tables.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Ours => "imgprep",
            Self::SharpPipelines => "sharp, a pipeline per variant",
            Self::SharpChained => "sharp, small variant from the large one",
            Self::SharpMozjpeg => "sharp, `mozjpeg: true`",
            Self::ImageMagick => "ImageMagick `convert`",
        }
    }

    /// The side of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|side| side.name() == name)
    }

    /// What `sharp.mjs` calls its way of working; nothing for the sides that are not sharp.
    pub(crate) fn sharp_way(self) -> Option<&'static str> {
        match self {
            Self::SharpPipelines => Some("pipelines"),
            Self::SharpChained => Some("chained"),
            Self::SharpMozjpeg => Some("mozjpeg"),
            Self::Ours | Self::ImageMagick => None,
        }
    }
}

/// The program of `ImageMagick`; `run` looks for it.
pub(crate) fn convert() -> PathBuf {
    env::var_os("CONVERT").unwrap_or_else(|| "convert".into()).into()
}
