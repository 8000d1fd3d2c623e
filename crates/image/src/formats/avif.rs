//! AVIF, which is only written.

use jpeg::encoder::colour;

use crate::{error::EncodingError, pixels::Pixels};

pub(crate) fn write(pixels: &Pixels, quality: u8) -> Result<Vec<u8>, EncodingError> {
    let colours = pixels.bytes.chunks_exact(pixels.channels());
    let colours = colours.map(|pixel| colour::ycbcr_of_rgb([pixel[0], pixel[1], pixel[2]]));
    let alpha = || pixels.bytes.as_chunks::<4>().0.iter().map(|pixel| pixel[3]);
    let picture = ::avif::Picture {
        width: pixels.width as usize,
        height: pixels.height as usize,
        colours: Box::new(colours),
        alpha: if pixels.alpha { Some(Box::new(alpha())) } else { None },
    };
    ::avif::encode(picture, quality).map_err(EncodingError::new)
}
