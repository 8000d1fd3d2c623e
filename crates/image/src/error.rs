//! Why an image cannot be made into variants.
//!
//! Each of these is final: the same bytes fail in the same way however often they are tried.

use crate::sniff::SourceFormat;

/// What is wrong with an original.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// Nothing in the file looks like an image.
    #[error("not an image")]
    NotAnImage,
    /// The format is known by name, but not read.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// The file is larger than fits in memory beside its pixels.
    #[error("the file has {size} bytes, the limit is {limit}")]
    TooManyBytes { size: u64, limit: u64 },
    /// The header announces more pixels than are ever decoded.
    #[error("{width}x{height} is {} megapixels, the limit is {}", megapixels(u64::from(*width) * u64::from(*height)), megapixels(*limit))]
    TooManyPixels { width: u32, height: u32, limit: u64 },
    /// Decoding would take more memory than there is.
    #[error("{width}x{height} needs about {} MB of memory, {} MB are available", needed >> 20, limit >> 20)]
    TooMuchMemory { width: u32, height: u32, needed: u64, limit: u64 },
    /// The file ends early or contradicts its format.
    #[error("broken {format}: {message}")]
    Broken { format: SourceFormat, message: String },
    /// A variant cannot be written in its format.
    #[error("cannot encode {folder}: {message}")]
    Encode { folder: String, message: String },
    /// A bug in a decoder that this file brings to light.
    #[error("decoder panicked: {0}")]
    Panicked(String),
}

fn megapixels(pixels: u64) -> u64 {
    pixels.div_ceil(1_000_000)
}
