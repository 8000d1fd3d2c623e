//! JPEG, made for shrinking: decoding only what a small image needs, and encoding it.
//!
//! Both sides speak in [`Plane`]s of YCbCr, so that a photo need never pass through RGB.

pub mod decoder;
pub mod encoder;
mod markers;

/// One component of an image: eight bits a sample, rows from the top, without padding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plane {
    /// Samples in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width × height` samples.
    pub samples: Vec<u8>,
}
