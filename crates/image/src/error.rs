//! Why an image cannot be made into variants.
//!
//! Each of these is final: the same bytes fail in the same way however often they are tried.

use std::{fmt, io};

use image::ImageError;

use crate::header::SourceFormat;

/// What is wrong with an original.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// Nothing in the file looks like an image.
    #[error("not an image")]
    NotAnImage,
    /// The format is known by name, but not read.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// The format is read only by functions that were built with its decoder.
    #[error("{0} is not supported: this function was built without it")]
    NotBuiltIn(SourceFormat),
    /// The file is larger than fits in memory beside its pixels.
    #[error("the file has {size} bytes; the limit is {limit}")]
    TooManyBytes { size: u64, limit: u64 },
    /// The header announces more pixels than are ever decoded.
    #[error("{width}x{height} is {} megapixels; the limit is {}", megapixels(u64::from(*width) * u64::from(*height)), megapixels(*limit))]
    TooManyPixels { width: u32, height: u32, limit: u64 },
    /// Decoding would take more memory than there is.
    #[error("{width}x{height} needs about {} MB of memory; {} MB is available", needed >> 20, limit >> 20)]
    TooMuchMemory { width: u32, height: u32, needed: u64, limit: u64 },
    /// The file ends early or contradicts its format.
    #[error("broken {format}: {message}")]
    Broken { format: SourceFormat, message: String },
    /// A variant cannot be written in its format.
    #[error("cannot encode {folder}: {message}")]
    Encode { folder: String, message: String },
    /// A variant has a logo that was not handed over.
    #[error(
        "the watermark `{image}` of {folder} is not in this function: `imgprep up` puts it there"
    )]
    NoWatermark { folder: String, image: String },
    /// A bug in a decoder that this file brings to light: the format, and what the panic said.
    #[error("this kind of {0} cannot be decoded")]
    Panicked(String),
}

fn megapixels(pixels: u64) -> u64 {
    pixels.div_ceil(1_000_000)
}

impl RenderError {
    pub(crate) fn broken(format: SourceFormat, message: impl Into<String>) -> Self {
        Self::Broken { format, message: message.into() }
    }

    pub(crate) fn ends_early(format: SourceFormat) -> Self {
        Self::broken(format, "the file ends early")
    }

    pub(crate) fn unsupported(format: SourceFormat, what: impl fmt::Display) -> Self {
        Self::Unsupported(format!("this kind of {format} ({what})"))
    }

    /// What an I/O error means when all reading is from memory.
    pub(crate) fn unreadable(format: SourceFormat, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            Self::ends_early(format)
        } else {
            Self::broken(format, error.to_string())
        }
    }

    pub(crate) fn of_image(format: SourceFormat, error: ImageError) -> Self {
        match error {
            ImageError::IoError(error) => Self::unreadable(format, &error),
            ImageError::Unsupported(error) => Self::unsupported(format, error),
            error => Self::broken(format, error.to_string()),
        }
    }
}

/// What an encoder had to say.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct EncodingError(String);

impl EncodingError {
    pub(crate) fn new(error: impl std::error::Error) -> Self {
        Self(error.to_string())
    }
}
