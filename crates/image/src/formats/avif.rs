//! AVIF, which is only written.

use std::borrow::Cow;

use contract::settings::Effort;
use jpeg::encoder::colour::{self, Planes};

use crate::{error::EncodingError, pixels::Pixels, quality};

/// What encoding holds at its peak beside the picture: its planes, and what rav1e measures at its best
/// quality, which is the most; alpha is held to its last levels, and takes more.
pub(crate) fn bytes_per_pixel(alpha: bool) -> u64 {
    if alpha { 48 } else { 32 }
}

pub(crate) fn write(
    pixels: &Pixels,
    (quality, effort): (u8, Effort),
    exif: Option<&[u8]>,
) -> Result<Vec<u8>, EncodingError> {
    let (width, height) = (pixels.width, pixels.height);
    let rgb = if pixels.alpha { Cow::Owned(colours(pixels)) } else { Cow::from(&pixels.bytes) };
    let Planes { luma, chroma: [cb, cr] } = colour::planes_of_rgb(&rgb, width, height);
    drop(rgb);
    let alpha = pixels.alpha.then(|| -> Vec<u8> {
        pixels.bytes.as_chunks::<4>().0.iter().map(|pixel| pixel[3]).collect()
    });
    let picture = ::avif::Picture {
        width: width as usize,
        height: height as usize,
        luma: &luma.samples,
        chroma: [&cb.samples, &cr.samples],
        alpha: alpha.as_deref(),
        exif,
    };
    let loss = quality::avif(quality, effort);
    let effort = match effort {
        Effort::Speed => ::avif::Effort::Low,
        Effort::Size => ::avif::Effort::High,
    };
    ::avif::encode(picture, loss, effort).map_err(EncodingError::new)
}

/// The colours alone. What cannot be seen shows what is beside it, so that no sample of the coarser
/// chroma mixes a visible colour with a hidden one.
fn colours(pixels: &Pixels) -> Vec<u8> {
    let width = pixels.width as usize;
    let mut rows: Vec<Vec<[u8; 3]>> = Vec::with_capacity(pixels.height as usize);
    let mut hidden_above = 0;
    for row in pixels.bytes.as_chunks::<4>().0.chunks(width) {
        match visible_across(row) {
            Some(row) => {
                // The first visible row stands for those above it.
                let above = std::mem::take(&mut hidden_above);
                rows.extend(std::iter::repeat_n(row.clone(), above));
                rows.push(row);
            }
            None => match rows.last() {
                Some(above) => rows.push(above.clone()),
                None => hidden_above += 1,
            },
        }
    }
    rows.extend(std::iter::repeat_n(vec![[0; 3]; width], hidden_above));
    rows.into_iter().flatten().flatten().collect()
}

/// A row in which each clear pixel has the colour of the visible one before it, or of the first;
/// nothing if all of it is clear.
fn visible_across(row: &[[u8; 4]]) -> Option<Vec<[u8; 3]>> {
    let colour = |&[red, green, blue, _]: &[u8; 4]| [red, green, blue];
    let mut last = row.iter().find(|pixel| pixel[3] > 0).map(colour)?;
    let shown = row.iter().map(|pixel| {
        if pixel[3] > 0 {
            last = colour(pixel);
        }
        last
    });
    Some(shown.collect())
}
