//! A JPEG decoder for small images: it decodes only the frequencies that they can show.
//!
//! Most of a photo's coefficients make no difference to an image of a quarter of its size. This
//! decoder reads past them several at a time and transforms the lowest frequencies of each block of
//! 8×8 straight into 1 to 4 samples a side. Colour may be taken in even less detail than brightness.
//!
//! It is for what cameras write: sequential Huffman coding with eight bits, grey or `YCbCr`. For
//! everything else [`plan`] answers with nothing, and the general decoder does it. Not here either:
//! conversion to RGB, and bringing the planes to one size.
//!
//! ```text
//! markers → header → plan
//! markers → huffman → bits → block → idct → scan → planes
//! ```

#![expect(
    clippy::cast_possible_truncation,
    reason = "positions in a block, in a window and in a table are far below 2^16"
)]

mod bits;
mod block;
mod frame;
mod header;
mod huffman;
mod idct;
mod plan;
mod scan;
#[cfg(test)]
mod tests;

pub use frame::{Scratch, decode};
pub use header::{FrameComponent, Header, Model, Process, read_header};
pub use plan::{Plan, Request, plan};

use super::Plane;

/// Why a JPEG cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("it is not a JPEG")]
    NotJpeg,
    #[error("the file ends early")]
    EndsEarly,
    #[error("{0}")]
    Malformed(&'static str),
}

/// An image, shrunk.
#[derive(Debug)]
pub struct Decoded {
    /// Brightness.
    pub luma: Component,
    /// Cb and Cr, unless the image is grey.
    pub chroma: Option<[Component; 2]>,
    /// Set if some of the samples are made up.
    pub damage: Option<Damage>,
}

/// A component of an image, shrunk.
#[derive(Debug)]
pub struct Component {
    pub plane: Plane,
    /// Samples per pixel of the original, across and down: sample k covers the pixels from
    /// k / density to (k + 1) / density. The last one may reach over the edge of the image.
    pub density: (f64, f64),
}

/// What is wrong with an image that could be decoded all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Rows of the original, from the top, before the first that is not as it should be.
    pub intact_rows: u32,
    /// Whether data was missing from there on, which shows as grey, rather than wrong.
    pub missing: bool,
}
