//! What a page shows until a variant is there: its mean colour, and a blurred picture in some 25 bytes.
//!
//! The latter is a `ThumbHash`, the format of Evan Wallace (<https://evanw.github.io/thumbhash/>), as its
//! reference implementation 0.1.1 writes it: the lowest frequencies of brightness, of two differences
//! of colours and of alpha, each as a share of the strongest.

use std::f64::consts::PI;

use contract::settings::Colour;

use crate::{encode::Drawn, pixels::Pixels, thumbnail};

/// What stands for an original while its variants are on their way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholder {
    /// A blurred picture as a `ThumbHash`: 5 to 36 bytes.
    pub thumbhash: Vec<u8>,
    /// The mean of all colours as far as they are visible; white if none is.
    pub colour: Colour,
}

impl Placeholder {
    pub(crate) fn of(drawn: &Drawn) -> Self {
        /// The most that the format is made for.
        const SIDE_MAX: u32 = 100;
        let small = drawn.thumbnail(thumbnail::size_within(drawn.size(), SIDE_MAX)).with_alpha();
        Self { thumbhash: thumbhash(&small), colour: mean(&small) }
    }
}

fn mean(small: &Pixels) -> Colour {
    let mut sums = [0_u64; 4];
    for pixel in small.bytes.as_chunks::<4>().0 {
        let [colours @ .., alpha] = pixel.map(u64::from);
        for (sum, value) in sums.iter_mut().zip(colours.map(|it| it * alpha).iter().chain([&alpha]))
        {
            *sum += value;
        }
    }
    let [red, green, blue, visible] = sums;
    let share = |sum: u64| (sum + visible / 2).checked_div(visible);
    let colour = [red, green, blue].map(|sum| share(sum).and_then(|it| u8::try_from(it).ok()));
    match colour {
        [Some(red), Some(green), Some(blue)] => Colour([red, green, blue]),
        _ => Colour::WHITE,
    }
}

/// The bytes for RGBA of at most 100 pixels a side.
fn thumbhash(small: &Pixels) -> Vec<u8> {
    let size = (small.width as usize, small.height as usize);
    let has_alpha = !small.is_opaque();
    let [brightness, yellow_blue, red_green, alpha] = channels(small);
    let (across, down) = brightness_waves(size, has_alpha);
    let luma = Waves::of(&brightness, size, (across.max(3), down.max(3)));
    let chroma = [yellow_blue, red_green].map(|channel| Waves::of(&channel, size, (3, 3)));
    let alpha = has_alpha.then(|| Waves::of(&alpha, size, (5, 5)));

    let is_wide = size.0 > size.1;
    let [yellow_blue, red_green] = &chroma;
    let head = rounded(63.0 * luma.mean)
        | rounded(31.5 + 31.5 * yellow_blue.mean) << 6
        | rounded(31.5 + 31.5 * red_green.mean) << 12
        | rounded(31.0 * luma.strongest) << 18
        | u32::from(has_alpha) << 23;
    let waves = if is_wide { down } else { across };
    let rest = u32::try_from(waves).unwrap_or_default()
        | rounded(63.0 * yellow_blue.strongest) << 3
        | rounded(63.0 * red_green.strongest) << 9
        | u32::from(is_wide) << 15;
    let mut hash = [&head.to_le_bytes()[..3], &rest.to_le_bytes()[..2]].concat();
    if let Some(Waves { mean, strongest, .. }) = &alpha {
        hash.push(half_byte(*mean) | half_byte(*strongest) << 4);
    }
    let waves = [&luma].into_iter().chain(&chroma).chain(&alpha);
    let shares: Vec<_> = waves.flat_map(Waves::shares).map(half_byte).collect();
    let pairs = shares.chunks(2);
    hash.extend(pairs.map(|pair| pair[0] | pair.get(1).copied().unwrap_or_default() << 4));
    hash
}

/// How many waves of brightness there are across and down: as many as suit the picture's shape.
fn brightness_waves((width, height): (usize, usize), has_alpha: bool) -> (usize, usize) {
    let most = if has_alpha { 5 } else { 7 };
    let longer = width.max(height);
    let share = |side: usize| ((2 * most * side + longer) / (2 * longer)).max(1);
    (share(width), share(height))
}

/// Brightness, yellow less blue, red less green, and alpha, each from 0 or -1 to 1. What is clear shows
/// the mean of what is not.
fn channels(small: &Pixels) -> [Vec<f64>; 4] {
    let pixels: Vec<[f64; 4]> = {
        let pixels = small.bytes.as_chunks::<4>().0.iter();
        pixels.map(|pixel| pixel.map(|value| f64::from(value) / 255.0)).collect()
    };
    let visible: f64 = pixels.iter().map(|pixel| pixel[3]).sum();
    let mean = [0, 1, 2].map(|channel| {
        let sum: f64 = pixels.iter().map(|pixel| pixel[channel] * pixel[3]).sum();
        if visible > 0.0 { sum / visible } else { 0.0 }
    });
    let mut channels = [(); 4].map(|()| Vec::with_capacity(pixels.len()));
    for pixel in pixels {
        let alpha = pixel[3];
        let [red, green, blue] =
            [0, 1, 2].map(|channel| mean[channel] * (1.0 - alpha) + alpha * pixel[channel]);
        let values =
            [(red + green + blue) / 3.0, f64::midpoint(red, green) - blue, red - green, alpha];
        for (channel, value) in channels.iter_mut().zip(values) {
            channel.push(value);
        }
    }
    channels
}

/// The lowest frequencies of a channel.
struct Waves {
    mean: f64,
    /// The amplitude of the strongest.
    strongest: f64,
    amplitudes: Vec<f64>,
}

impl Waves {
    /// The cosine transform of a channel in so many waves across and down, of which those that are high
    /// in both directions are left out.
    fn of(channel: &[f64], size: (usize, usize), (across, down): (usize, usize)) -> Self {
        let (columns, rows) = (cosines(across, size.0), cosines(down, size.1));
        // What each row has of each wave across.
        let parts: Vec<Vec<f64>> = channel
            .chunks_exact(size.0)
            .map(|row| columns.iter().map(|wave| product(row, wave)).collect())
            .collect();
        let count = number(channel.len());
        let amplitudes = rows.iter().enumerate().flat_map(|(y, wave)| {
            let parts = &parts;
            let kept = (0..across).take_while(move |x| x * down < across * (down - y));
            kept.map(move |x| {
                let sum: f64 = parts.iter().zip(wave).map(|(part, cosine)| part[x] * cosine).sum();
                sum / count
            })
        });
        let mut amplitudes: Vec<f64> = amplitudes.collect();
        let mean = amplitudes.remove(0);
        let strongest = amplitudes.iter().map(|it| it.abs()).fold(0.0, f64::max);
        Self { mean, strongest, amplitudes }
    }

    /// Each amplitude from 0 to 1, where one half is none.
    fn shares(&self) -> impl Iterator<Item = f64> {
        /// Weaker waves are written as none at all. Were their directions written, they would be those
        /// of rounding errors.
        const WEAKEST: f64 = 1e-9;
        let strongest = self.strongest;
        let share = move |&amplitude: &f64| {
            if strongest < WEAKEST { 0.5 } else { 0.5 + 0.5 / strongest * amplitude }
        };
        self.amplitudes.iter().map(share)
    }
}

/// For each wave, its value in the middle of each pixel of a side.
fn cosines(waves: usize, side: usize) -> Vec<Vec<f64>> {
    let value = |wave, pixel| (PI / number(side) * number(wave) * (number(pixel) + 0.5)).cos();
    (0..waves).map(|wave| (0..side).map(|pixel| value(wave, pixel)).collect()).collect()
}

#[expect(clippy::cast_precision_loss, reason = "at most 100 × 100")]
fn number(count: usize) -> f64 {
    count as f64
}

fn product(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

/// A share in four bits.
fn half_byte(share: f64) -> u8 {
    u8::try_from(rounded(15.0 * share)).unwrap_or(15).min(15)
}

/// To the nearest whole number, halves upwards, and what is a rounding error below a half as well.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "none is less than 0 or more than 63"
)]
fn rounded(value: f64) -> u32 {
    (value + 0.5 + 1e-9).floor() as u32
}

#[cfg(test)]
mod tests;
