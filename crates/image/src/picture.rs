//! A decoded original in memory, in either of the ways in which it can be scaled.

use crate::{
    geometry::Area,
    pixels::Pixels,
    planar::Planar,
    resize::{ScalingError, Source},
};

/// A decoded original, ready to be scaled.
#[derive(Debug)]
pub(crate) enum Picture {
    /// It has alpha only if some pixel uses it.
    Pixels(Source),
    Planes(Planar),
}

impl Picture {
    pub(crate) fn upright(&self) -> (u32, u32) {
        match self {
            Self::Pixels(source) => source.upright(),
            Self::Planes(planar) => planar.upright(),
        }
    }

    pub(crate) fn has_alpha(&self) -> bool {
        matches!(self, Self::Pixels(source) if source.has_alpha())
    }

    /// Forgets whatever is outside of this area of the upright picture.
    pub(crate) fn cut(&mut self, area: Area) {
        match self {
            Self::Pixels(source) => source.cut(area),
            Self::Planes(planar) => planar.cut(area),
        }
    }

    /// An area of the upright picture in a few pixels, in its own colours.
    pub(crate) fn thumbnail(&self, area: Area, size: (u32, u32)) -> Pixels {
        match self {
            Self::Pixels(source) => source.thumbnail(area, size),
            Self::Planes(planar) => planar.thumbnail(area, size),
        }
    }

    pub(crate) fn scale(&self, area: Area, size: (u32, u32)) -> Result<Pixels, ScalingError> {
        match self {
            Self::Pixels(source) => source.scale(area, size),
            Self::Planes(planar) => planar.scale(area, size),
        }
    }
}
