//! Pixels to WebP, by libwebp.
//!
//! libwebp is C. It gets nothing but pixels of our own making, never a byte of an upload: what reads
//! WebP is Rust.

use libwebp::{PixelLayout, WebPConfig, WebPEncodingError};

/// The most pixels a side can have (RFC 9649, section 3.4: fourteen bits, stored less one; lossy frames
/// by RFC 6386, section 9.1, store them as they are).
pub const MAX_SIDE: u32 = 16_383;

/// A picture to be encoded.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Whether a pixel is RGBA; otherwise it is RGB.
    pub alpha: bool,
    /// Rows from the top, without padding. Alpha is not premultiplied.
    pub pixels: &'a [u8],
}

/// What encoding may take of a processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    Low,
    High,
}

/// What becomes of the colours. Alpha is always kept exactly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Coding {
    /// In libwebp's own number, 0 to 100.
    Lossy { quality: f32 },
    /// Every visible pixel as it was; those that are wholly transparent may change their colour.
    Lossless,
}

/// Why there is no file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// No WebP is that large.
    #[error("{width}x{height} pixels; a WebP has 1 to {MAX_SIDE} a side")]
    Size { width: u32, height: u32 },
    /// The buffer and the size contradict each other.
    #[error("{width}x{height} pixels of {channels} bytes in a buffer of {length}")]
    Buffer { width: u32, height: u32, channels: u8, length: usize },
    /// What the encoder had to say.
    #[error("libwebp: {0}")]
    Encoder(&'static str),
}

/// Encodes a picture.
pub fn encode(
    picture: Picture<'_>,
    coding: Coding,
    effort: Effort,
) -> Result<Vec<u8>, EncodeError> {
    let Picture { width, height, alpha, pixels } = picture;
    let sides = 1..=MAX_SIDE;
    if !sides.contains(&width) || !sides.contains(&height) {
        return Err(EncodeError::Size { width, height });
    }
    let layout = if alpha { PixelLayout::Rgba } else { PixelLayout::Rgb };
    let channels = layout.bytes_per_pixel();
    if pixels.len() as u64 != u64::from(width) * u64::from(height) * u64::from(channels) {
        return Err(EncodeError::Buffer { width, height, channels, length: pixels.len() });
    }
    let encoder = libwebp::Encoder::new(pixels, layout, width, height);
    let file = encoder.encode_advanced(&config(coding, effort)?);
    file.map(|file| file.to_vec()).map_err(|error| EncodeError::Encoder(meaning(error)))
}

/// libwebp's settings, all others at their defaults: one thread, alpha without loss.
fn config(coding: Coding, effort: Effort) -> Result<WebPConfig, EncodeError> {
    // The bindings and the library are compiled as one, so this cannot fail.
    let fresh = WebPConfig::new();
    let mut config = fresh.map_err(|()| EncodeError::Encoder("its version is another"))?;
    match coding {
        Coding::Lossy { quality } => {
            config.quality = quality.clamp(0.0, 100.0);
            // Chroma that is searched for, instead of averaged, takes half the time again and a
            // twentieth off the bytes at equal SSIMULACRA2.
            (config.method, config.use_sharp_yuv) = match effort {
                Effort::Low => (4, 0),
                Effort::High => (6, 1),
            };
        }
        Coding::Lossless => {
            config.lossless = 1;
            // Levels 2 and 6 of libwebp's own scale of nine (`WebPConfigLosslessPreset`). `quality`
            // is how hard it searches here.
            (config.method, config.quality) = match effort {
                Effort::Low => (2, 25.0),
                Effort::High => (4, 75.0),
            };
        }
    }
    Ok(config)
}

/// The errors of libwebp's `encode.h` in words.
fn meaning(error: WebPEncodingError) -> &'static str {
    match error {
        WebPEncodingError::VP8_ENC_ERROR_OUT_OF_MEMORY
        | WebPEncodingError::VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY => "out of memory",
        WebPEncodingError::VP8_ENC_ERROR_PARTITION0_OVERFLOW
        | WebPEncodingError::VP8_ENC_ERROR_PARTITION_OVERFLOW
        | WebPEncodingError::VP8_ENC_ERROR_FILE_TOO_BIG => "the file would be too large",
        _ => "refused by the encoder",
    }
}

#[cfg(test)]
mod tests;
