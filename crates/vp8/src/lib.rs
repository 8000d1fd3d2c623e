//! Key frames of VP8 (RFC 6386), which is what a lossy WebP holds: bytes in, rows of Y, U and V out.
//!
//! Never more than two rows of macroblocks are held: one that the loop filter still needs, and the one
//! below it that is being decoded.
//!
//! ```text
//! header ─┬→ modes ──→ prediction ─┬→ filter → rows
//!   bits ─┴→ tokens → transform ───┘
//! ```
//!
//! Where the RFC leaves a choice, this does what libwebp does: the bit that allows a decoder not to clamp
//! is ignored, as are the one for the colour space, the version, and what is said of scaling.

mod bits;
mod filter;
mod frame;
mod header;
mod lanes;
mod macroblock;
mod modes;
mod prediction;
mod probabilities;
#[cfg(test)]
mod tests;
mod tokens;
mod transform;

pub use frame::{Frame, Plane, memory_bytes};

/// Why a frame cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("the file ends early")]
    EndsEarly,
    #[error("it does not begin with a key frame")]
    NoKeyFrame,
    #[error("a frame of {width}x{height}")]
    Empty { width: u32, height: u32 },
}
