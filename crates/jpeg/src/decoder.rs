//! A JPEG decoder for small images: it decodes only the frequencies that they can show.
//!
//! Most of a photo's coefficients make no difference to an image of a quarter of its size. This
//! decoder reads past them several at a time and transforms the lowest frequencies of each block of
//! 8×8 straight into 1 to 8 samples a side. Colour may be taken in even less detail than brightness.
//!
//! It reads what browsers show: sequential and progressive Huffman coding with eight bits, in grey, RGB,
//! `YCbCr`, CMYK and YCCK. For everything else [`plan`] has a name. Not here: conversion of colours,
//! and bringing the planes to one size.
//!
//! ```text
//! markers → header → plan
//! markers → script, tables → scan ─┬→ sequential ───────────┬→ strip → planes
//!          huffman → bits ─────────┴→ progressive → coefficients
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
mod progressive;
mod scan;
mod script;
mod sequential;
mod strip;
mod tables;
#[cfg(test)]
mod tests;

pub use frame::{Scratch, decode};
pub use header::{FrameComponent, Header, Model, Process, is_complete, read_header};
pub use plan::{Plan, Refusal, Request, plan};

use super::Plane;

/// Why a JPEG cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("it is not a JPEG")]
    NotJpeg,
    #[error("the file ends early")]
    EndsEarly,
    #[error("sampling factors {horizontal} and {vertical}, of which each must be 1 to 4")]
    Sampling { horizontal: u8, vertical: u8 },
    #[error("it has more than {0} scans")]
    TooManyScans(usize),
    #[error("{0}")]
    Malformed(&'static str),
}

/// An image, shrunk.
#[derive(Debug)]
pub struct Decoded {
    /// In the order of the file, which is that of its [`Model`].
    pub components: Vec<Component>,
    /// The row of the original with which all planes begin, as rows above were not wanted.
    pub first_row: u32,
    /// Set if some of the samples are made up.
    pub damage: Option<Damage>,
}

/// A component of an image, shrunk.
#[derive(Debug)]
pub struct Component {
    pub plane: Plane,
    /// Samples per pixel of the original, across and down: sample k covers the pixels from
    /// k / density to (k + 1) / density, counted from the left and from the first row. The last one
    /// may reach over the edge of the image.
    pub density: (f64, f64),
}

/// What is wrong with an image that could be decoded all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    Rows {
        /// Rows of the original, from the top, before the first that is not as it should be.
        intact: u32,
        /// Whether data was missing from there on, which shows as grey, rather than wrong.
        missing: bool,
    },
    /// The file ends early, but only scans are missing that would make the whole picture sharper.
    FewerScans {
        /// Scans that are there whole.
        complete: usize,
    },
}
