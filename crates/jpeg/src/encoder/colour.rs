//! From RGB to the planes that a JPEG is made of.

use std::borrow::Cow;

use crate::Plane;

/// Luma, and Cb and Cr at half the resolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planes {
    pub luma: Plane,
    pub chroma: [Plane; 2],
}

/// Parts of 2¹⁶ of red, green and blue in full-range BT.601 (JFIF 1.02, page 3).
const LUMA: [u32; 3] = [19_595, 38_470, 7_471];
const CB: [i32; 3] = [-11_058, -21_710, 32_768];
const CR: [i32; 3] = [32_768, -27_439, -5_329];

/// Converts RGB, three bytes a pixel and rows from the top.
///
/// Chroma is the mean of 2 × 2 pixels, the last column and row counting twice if there is an odd
/// number of them. Pixels that the bytes do not suffice for are black; more bytes than needed are
/// ignored.
pub fn planes_of_rgb(rgb: &[u8], width: u32, height: u32) -> Planes {
    let (columns, rows) = (width as usize, height as usize);
    let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
    let mut luma = Vec::with_capacity(columns * rows);
    let mut cb = Vec::with_capacity(half_width as usize * half_height as usize);
    let mut cr = Vec::with_capacity(half_width as usize * half_height as usize);
    let mut pixels = Cow::Borrowed(rgb.as_chunks::<3>().0);
    if pixels.len() < columns * rows {
        pixels.to_mut().resize(columns * rows, [0; 3]);
    }
    for pair in pixels[..columns * rows].chunks(columns.max(1) * 2) {
        luma.extend(pair.iter().map(|&pixel| luma_of(pixel)));
        let (upper, lower) = pair.split_at(columns);
        let lower = if lower.is_empty() { upper } else { lower };
        for (above, below) in upper.chunks(2).zip(lower.chunks(2)) {
            let corner = [above[0], above[above.len() - 1], below[0], below[below.len() - 1]];
            let sum = [0, 1, 2].map(|c: usize| corner.iter().map(|p| i32::from(p[c])).sum());
            cb.push(chroma_of(sum, CB));
            cr.push(chroma_of(sum, CR));
        }
    }
    let half = |samples| Plane { width: half_width, height: half_height, samples };
    Planes { luma: Plane { width, height, samples: luma }, chroma: [half(cb), half(cr)] }
}

/// Converts one pixel.
pub fn ycbcr_of_rgb(pixel: [u8; 3]) -> [u8; 3] {
    let four = pixel.map(|value| 4 * i32::from(value));
    [luma_of(pixel), chroma_of(four, CB), chroma_of(four, CR)]
}

#[expect(clippy::cast_possible_truncation, reason = "a mean of bytes")]
fn luma_of(pixel: [u8; 3]) -> u8 {
    let [r, g, b] = pixel.map(u32::from);
    ((LUMA[0] * r + LUMA[1] * g + LUMA[2] * b + (1 << 15)) >> 16) as u8
}

/// From the sum of four pixels.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the parts of one sign add up to half at most, so it is 0 to 256"
)]
fn chroma_of([r, g, b]: [i32; 3], parts: [i32; 3]) -> u8 {
    const CENTRE: i32 = 128 << 18;
    let sum = parts[0] * r + parts[1] * g + parts[2] * b;
    ((sum + CENTRE + (1 << 17)) >> 18).min(255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primary_colours_are_where_jfif_has_them() {
        for (rgb, expected) in [
            ([0, 0, 0], (0, 128, 128)),
            ([255, 255, 255], (255, 128, 128)),
            ([255, 0, 0], (76, 85, 255)),
            ([0, 255, 0], (150, 44, 21)),
            ([0, 0, 255], (29, 255, 107)),
        ] {
            let planes = planes_of_rgb(&rgb, 1, 1);
            let [cb, cr] = &planes.chroma;
            assert_eq!((planes.luma.samples[0], cb.samples[0], cr.samples[0]), expected);
        }
    }

    #[test]
    fn chroma_is_averaged_and_the_last_column_and_row_repeated() {
        let blue = |value| [0, 0, value];
        let pixels = [0, 100, 200, 100, 0, 40, 20, 60, 80].map(blue);
        let planes = planes_of_rgb(pixels.as_flattened(), 3, 3);
        assert_eq!((planes.luma.width, planes.luma.height), (3, 3));
        let cb = &planes.chroma[0];
        assert_eq!((cb.width, cb.height), (2, 2));
        // 128 and half the means of 0 100 100 0, 200 200 40 40, 20 60 20 60 and 80.
        assert_eq!(cb.samples, [153, 188, 148, 168]);
    }

    #[test]
    fn missing_pixels_are_black() {
        let planes = planes_of_rgb(&[255; 7], 3, 3);
        assert!(planes_of_rgb(&[1; 9], 0, 3).luma.samples.is_empty());
        assert_eq!(planes.luma.samples, [255, 255, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(planes.chroma[1].samples, [128; 4]);
    }
}
