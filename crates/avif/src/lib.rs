//! Pixels to AVIF, by rav1e.
//!
//! Nothing here is generic and nothing of ours is used, so that the encoder, which takes longer to
//! compile than all the rest, is compiled once and beside everything else.

#[cfg(feature = "encoder")]
mod av1;

/// A picture to be encoded: full-range `YCbCr` as JFIF defines it (BT.601), rows from the top without
/// padding.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// One sample a pixel.
    pub luma: &'a [u8],
    /// Cb and Cr at half the resolution, odd sides rounded up: each sample is for the middle of 2 × 2
    /// pixels. AV1 has no name for that place; where a file names none, libavif and browsers
    /// take it for that.
    pub chroma: [&'a [u8]; 2],
    /// How opaque each pixel is, if not all of them are wholly.
    pub alpha: Option<&'a [u8]>,
    /// Metadata to go with it: an EXIF block.
    pub exif: Option<&'a [u8]>,
}

/// What encoding may take of a processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    Low,
    High,
}

/// How much of a picture may be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// rav1e's own number for the colours, 1 to 255: the larger, the coarser.
    pub quantizer: u8,
    /// By how many levels of 256 alpha may be off, anywhere; 1 at least, for rav1e has no lossless
    /// mode.
    pub alpha_levels: u8,
}

/// Why there is no file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The feature `encoder` is off.
    #[error("this function was built without AVIF")]
    NotBuiltIn,
    /// A plane has not as many samples as the size asks for.
    #[error("{width}x{height} pixels in planes of another size")]
    Planes { width: usize, height: usize },
    /// What the encoder had to say.
    #[error("{0}")]
    Encoder(String),
}

/// Encodes a picture.
#[cfg(not(feature = "encoder"))]
pub fn encode(_: Picture<'_>, _: Loss, _: Effort) -> Result<Vec<u8>, EncodeError> {
    Err(EncodeError::NotBuiltIn)
}

/// Encodes a picture.
#[cfg(feature = "encoder")]
pub fn encode(picture: Picture<'_>, loss: Loss, effort: Effort) -> Result<Vec<u8>, EncodeError> {
    let Picture { width, height, luma, chroma: [cb, cr], alpha, exif } = picture;
    let half = (width.div_ceil(2), height.div_ceil(2));
    let colours = av1::Planes::Colours { luma, chroma: [cb, cr] };
    let is_whole =
        |plane: &[u8], (columns, rows)| Some(plane.len()) == usize::checked_mul(columns, rows);
    let planes = [(luma, (width, height)), (cb, half), (cr, half)];
    let alpha_plane = alpha.map(|alpha| (alpha, (width, height)));
    if !planes.into_iter().chain(alpha_plane).all(|(plane, size)| is_whole(plane, size)) {
        return Err(EncodeError::Planes { width, height });
    }
    let size = (width, height);
    let colours = av1::compress(colours, size, loss.quantizer, effort)?;
    let alpha = alpha.map(|alpha| av1::compress_alpha(alpha, size, loss.alpha_levels, effort));
    let alpha = alpha.transpose()?;
    av1::file(size, (&colours, alpha.as_ref()), exif)
}
