//! A picture in a few pixels, for what looks at it as a whole.
//!
//! By means of boxes, in integers: the same on every processor, which a filter in fractions need not
//! be.

use std::{iter::StepBy, ops::Range};

use crate::{geometry::Area, pixels::Pixels};

/// The size of a thumbnail of at most so many pixels a side; never larger than its picture.
pub(crate) fn size_within((width, height): (u32, u32), side_max: u32) -> (u32, u32) {
    let longer = width.max(height).max(1);
    let side_max = side_max.min(longer);
    let side = |length: u32| {
        let scaled =
            (u64::from(length) * u64::from(side_max) + u64::from(longer) / 2) / u64::from(longer);
        u32::try_from(scaled).unwrap_or(side_max).clamp(1, side_max)
    };
    (side(width), side(height))
}

/// Of a higher box this many rows stand for all.
const ROWS_MAX: usize = 4;

/// An area of a plane in so many boxes across and down, each the mean of what is in it.
pub(crate) fn means(
    (samples, (columns, rows)): (&[u8], (u32, u32)),
    area: Area,
    (width, height): (u32, u32),
) -> Vec<u8> {
    let across = boxes(area.left, area.width, width, columns);
    let down = boxes(area.top, area.height, height, rows);
    let mut means = Vec::with_capacity(across.len() * down.len());
    let mut sums = vec![0; across.len()];
    for (top, bottom) in down {
        sums.fill(0);
        let chosen = chosen(top, bottom);
        let count = chosen.len();
        for row in chosen {
            let row = samples.chunks_exact(columns as usize).nth(row).unwrap_or_default();
            for (sum, &(left, right)) in sums.iter_mut().zip(&across) {
                let stretch = row.get(left..right).unwrap_or_default();
                // No stretch is as long as 2^24.
                *sum += u64::from(stretch.iter().copied().map(u32::from).sum::<u32>());
            }
        }
        means.extend(sums.iter().zip(&across).map(|(&sum, (left, right))| {
            let pixels = ((right - left) * count) as u64;
            rounded(sum, pixels)
        }));
    }
    means
}

/// The same for all of a picture. Colours count as much as they are visible.
pub(crate) fn of_pixels(pixels: &Pixels, (width, height): (u32, u32)) -> Pixels {
    let channels = pixels.channels();
    let across = boxes(0.0, f64::from(pixels.width), width, pixels.width);
    let down = boxes(0.0, f64::from(pixels.height), height, pixels.height);
    let mut bytes = Vec::with_capacity(across.len() * down.len() * channels);
    let stride = pixels.width as usize * channels;
    for (top, bottom) in down {
        for &(left, right) in &across {
            let mut sums = [0_u64; 4];
            let mut count = 0;
            for row in chosen(top, bottom) {
                let at = row * stride;
                let row = pixels.bytes.get(at + left * channels..at + right * channels);
                for pixel in row.unwrap_or_default().chunks_exact(channels) {
                    let alpha = pixel.get(3).copied().map_or(255, u64::from);
                    for (sum, &colour) in sums.iter_mut().zip(&pixel[..3]) {
                        *sum += u64::from(colour) * alpha;
                    }
                    sums[3] += alpha;
                    count += 1;
                }
            }
            let [red, green, blue, alpha] = sums;
            bytes.extend([red, green, blue].map(|sum| rounded(sum, alpha)));
            if pixels.alpha {
                bytes.push(rounded(alpha, count));
            }
        }
    }
    Pixels { width, height, alpha: pixels.alpha, bytes }
}

/// The rows that stand for all of a box, evenly spread.
fn chosen(top: usize, bottom: usize) -> StepBy<Range<usize>> {
    let step = (bottom - top).div_ceil(ROWS_MAX).max(1);
    (top + (step - 1) / 2..bottom).step_by(step)
}

/// A quotient to the nearest whole number; nothing of nothing.
fn rounded(dividend: u64, divisor: u64) -> u8 {
    let quotient = (dividend + divisor / 2).checked_div(divisor);
    quotient.map_or(0, |value| u8::try_from(value).unwrap_or(u8::MAX))
}

/// Where boxes begin and end on a side that has this many samples, of which an area takes a stretch.
/// Each has one sample at least.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is before the side is at its beginning, and what is behind it is cut off"
)]
fn boxes(start: f64, length: f64, count: u32, samples: u32) -> Vec<(usize, usize)> {
    /// A product that should be whole may fall a hair short of it.
    const HAIR: f64 = 1e-6;
    let edge = |index: u32| {
        let place = start + length * f64::from(index) / f64::from(count) + HAIR;
        (place as usize).min(samples as usize)
    };
    let last = (samples as usize).saturating_sub(1);
    let stretch = |index: u32| {
        let first = edge(index).min(last);
        (first, edge(index + 1).max(first + 1))
    };
    (0..count).map(stretch).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(left: f64, top: f64, width: f64, height: f64) -> Area {
        Area { left, top, width, height }
    }

    #[test]
    fn a_thumbnail_keeps_the_shape_and_is_never_enlarged() {
        for (size, expected) in [
            ((4000, 3000), (100, 75)),
            ((3000, 4000), (75, 100)),
            ((80, 60), (80, 60)),
            ((1, 50_000), (1, 100)),
            ((50_000, 1), (100, 1)),
            ((1, 1), (1, 1)),
        ] {
            assert_eq!(size_within(size, 100), expected, "{size:?}");
        }
    }

    #[test]
    fn a_box_is_the_mean_of_its_samples() {
        let samples = [0, 10, 20, 30, 40, 50, 100, 110, 120, 130, 140, 150];
        let plane = (&samples[..], (6, 2));
        assert_eq!(means(plane, area(0.0, 0.0, 6.0, 2.0), (3, 1)), [55, 75, 95]);
        assert_eq!(means(plane, area(2.0, 1.0, 2.0, 1.0), (2, 1)), [120, 130]);
        assert_eq!(means(plane, area(0.0, 0.0, 6.0, 2.0), (1, 1)), [75]);
        // More boxes than samples, and an area that reaches beyond them.
        assert_eq!(means(plane, area(4.0, 1.0, 3.0, 1.0), (4, 1)), [140, 140, 150, 150]);
    }

    #[test]
    fn of_high_boxes_some_rows_stand_for_all() {
        let samples: Vec<u8> = (0..100).collect();
        let mean = means((&samples, (1, 100)), area(0.0, 0.0, 1.0, 100.0), (1, 1));
        assert!(mean[0].abs_diff(50) <= 1, "{mean:?}");
    }
}
