//! Pixels to AVIF, by ravif and rav1e.
//!
//! Nothing here is generic and nothing of ours is used, so that the encoder, which takes longer to
//! compile than all the rest, is compiled once and beside everything else.

/// A picture to be encoded, rows from the top.
pub struct Picture<'a> {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Each pixel in full-range `YCbCr` as JFIF defines it (BT.601).
    pub colours: Box<dyn Iterator<Item = [u8; 3]> + Send + 'a>,
    /// How opaque each pixel is, if not all of them are wholly.
    pub alpha: Option<Box<dyn Iterator<Item = u8> + Send + 'a>>,
}

/// Why there is no file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The feature `encoder` is off.
    #[error("this function was built without AVIF")]
    NotBuiltIn,
    /// What the encoder had to say.
    #[error("{0}")]
    Encoder(String),
}

/// Encodes a picture at a quality of 1 to 100.
#[cfg(not(feature = "encoder"))]
pub fn encode(_: Picture<'_>, _: u8) -> Result<Vec<u8>, EncodeError> {
    Err(EncodeError::NotBuiltIn)
}

/// Encodes a picture at a quality of 1 to 100.
#[cfg(feature = "encoder")]
pub fn encode(picture: Picture<'_>, quality: u8) -> Result<Vec<u8>, EncodeError> {
    /// Slower settings than this one gain a few percent for many times the time, of which a function
    /// has little.
    const SPEED: u8 = 10;
    let encoder = ravif::Encoder::new()
        .with_speed(SPEED)
        .with_quality(quality.into())
        .with_alpha_quality(quality.into());
    let Picture { width, height, colours, alpha } = picture;
    let (range, matrix) = (ravif::PixelRange::Full, ravif::MatrixCoefficients::BT601);
    let file = encoder.encode_raw_planes_8_bit(width, height, colours, alpha, range, matrix);
    Ok(file.map_err(|error| EncodeError::Encoder(error.to_string()))?.avif_file)
}
