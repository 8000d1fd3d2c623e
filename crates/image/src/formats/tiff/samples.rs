//! The many ways in which a TIFF stores a row of samples, to what a [`Reducer`] takes.

use tiff::ColorType;

use crate::{
    colour::rgb_of_ycbcr,
    reduce::{Layout, Reducer, Sample},
};

/// How the bytes of a row are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interpretation {
    layout: Layout,
    depth: Depth,
    ycbcr: bool,
    premultiplied: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    /// 1, 2 or 4 bits, packed into bytes.
    Packed(u8),
    Eight,
    Sixteen,
    /// 0.0 is black and 1.0 white.
    Float,
}

impl Interpretation {
    /// Nothing for what is not read.
    pub(super) fn new(colours: ColorType, float: bool, premultiplied: bool) -> Option<Self> {
        let (layout, bits) = match colours {
            ColorType::Gray(bits) => (Layout::Grey, bits),
            ColorType::Multiband { bit_depth, num_samples: 2 } => (Layout::GreyAlpha, bit_depth),
            ColorType::RGB(bits) | ColorType::YCbCr(bits) => (Layout::Rgb, bits),
            ColorType::RGBA(bits) => (Layout::Rgba, bits),
            ColorType::CMYK(bits) => (Layout::Cmyk, bits),
            _ => return None,
        };
        let ycbcr = matches!(colours, ColorType::YCbCr(_));
        let depth = match bits {
            1 | 2 | 4 if layout == Layout::Grey && !float => Depth::Packed(bits),
            8 if !float => Depth::Eight,
            16 if !float && !ycbcr => Depth::Sixteen,
            32 if float && !ycbcr => Depth::Float,
            _ => return None,
        };
        Some(Self { layout, depth, ycbcr, premultiplied })
    }

    pub(super) fn layout(self) -> Layout {
        self.layout
    }

    /// Bits of a pixel as stored.
    pub(super) fn pixel_bits(self) -> u64 {
        self.layout.channels() as u64 * self.sample_bits()
    }

    /// Bits of a sample as stored.
    pub(super) fn sample_bits(self) -> u64 {
        match self.depth {
            Depth::Packed(bits) => u64::from(bits),
            Depth::Eight => 8,
            Depth::Sixteen => 16,
            Depth::Float => 32,
        }
    }
}

/// Assembles one row after the other.
pub(super) struct Unpacker {
    interpretation: Interpretation,
    narrow: Vec<u8>,
    wide: Vec<u16>,
}

impl Unpacker {
    pub(super) fn new(interpretation: Interpretation, width: usize) -> Self {
        let samples = width * interpretation.layout.channels();
        let (narrow, wide) = match interpretation.depth {
            Depth::Packed(_) | Depth::Eight => (samples, 0),
            Depth::Sixteen | Depth::Float => (0, samples),
        };
        Self { interpretation, narrow: vec![0; narrow], wide: vec![0; wide] }
    }

    /// Places a part of a row, given as its only plane or as one plane for each channel.
    pub(super) fn unpack<'a>(
        &mut self,
        column: usize,
        columns: usize,
        planes: impl Iterator<Item = &'a [u8]>,
    ) {
        let channels = self.interpretation.layout.channels();
        let planes: Vec<&[u8]> = planes.collect();
        let depth = self.interpretation.depth;
        let part = column * channels..(column + columns) * channels;
        // With one plane for each channel, samples of one are as far apart as a pixel is wide.
        let step = if planes.len() == 1 { 1 } else { channels };
        for (channel, plane) in planes.into_iter().enumerate().take(channels) {
            match depth {
                Depth::Packed(bits) => {
                    place(&mut self.narrow, part.clone(), (channel, step), bits_of(plane, bits));
                }
                Depth::Eight => {
                    place(&mut self.narrow, part.clone(), (channel, step), plane.iter().copied());
                }
                Depth::Sixteen => {
                    let samples = plane.as_chunks().0.iter().copied().map(u16::from_ne_bytes);
                    place(&mut self.wide, part.clone(), (channel, step), samples);
                }
                Depth::Float => {
                    let samples = plane.as_chunks().0.iter().copied().map(f32::from_ne_bytes);
                    place(&mut self.wide, part.clone(), (channel, step), samples.map(from_float));
                }
            }
        }
    }

    /// Hands on the row, which may be filled again then.
    pub(super) fn push_to(&mut self, reducer: &mut Reducer) {
        let Interpretation { layout, depth, ycbcr, premultiplied } = self.interpretation;
        if ycbcr {
            for pixel in self.narrow.as_chunks_mut::<3>().0 {
                *pixel = rgb_of_ycbcr(*pixel);
            }
        }
        if premultiplied && matches!(layout, Layout::GreyAlpha | Layout::Rgba) {
            divide_by_alpha(&mut self.narrow, layout.channels());
            divide_by_alpha(&mut self.wide, layout.channels());
        }
        match depth {
            Depth::Packed(_) | Depth::Eight => reducer.push_row(&self.narrow),
            Depth::Sixteen | Depth::Float => reducer.push_row(&self.wide),
        }
    }
}

fn place<S>(
    row: &mut [S],
    part: std::ops::Range<usize>,
    (channel, step): (usize, usize),
    samples: impl Iterator<Item = S>,
) {
    let Some(part) = row.get_mut(part) else { return };
    for (target, sample) in part.iter_mut().skip(channel).step_by(step).zip(samples) {
        *target = sample;
    }
}

/// Samples of 1, 2 or 4 bits, the first in the highest, stretched to eight.
fn bits_of(plane: &[u8], bits: u8) -> impl Iterator<Item = u8> {
    let most = (1_u8 << bits) - 1;
    let scale = u8::MAX / most;
    let shifts = (0..8 / bits).map(move |index| 8 - bits * (index + 1));
    plane
        .iter()
        .flat_map(move |&byte| shifts.clone().map(move |shift| (byte >> shift & most) * scale))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is clamped to 16 bits; what is no number becomes 0"
)]
fn from_float(value: f32) -> u16 {
    (value * 65535.0).round().clamp(0.0, 65535.0) as u16
}

fn divide_by_alpha<S: Sample + TryFrom<u32>>(row: &mut [S], channels: usize) {
    for pixel in row.chunks_exact_mut(channels) {
        let Some((alpha, colours)) = pixel.split_last_mut() else { continue };
        let alpha: u32 = (*alpha).into();
        for colour in colours {
            let value = ((*colour).into() * S::MAX + alpha / 2).checked_div(alpha).unwrap_or(0);
            *colour = S::try_from(value.min(S::MAX)).unwrap_or(*colour);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_stretched_to_bytes() {
        assert_eq!(bits_of(&[0b1010_0001], 1).collect::<Vec<_>>(), [255, 0, 255, 0, 0, 0, 0, 255]);
        assert_eq!(bits_of(&[0b00_01_10_11], 2).collect::<Vec<_>>(), [0, 85, 170, 255]);
        assert_eq!(bits_of(&[0x0f, 0x28], 4).collect::<Vec<_>>(), [0, 255, 34, 136]);
    }

    #[test]
    fn floats_are_clamped() {
        let floats = [-1.0, 0.0, 0.5, 1.0, 7.0, f32::NAN, f32::INFINITY];
        assert_eq!(floats.map(from_float), [0, 0, 32768, 65535, 65535, 0, 65535]);
    }

    #[test]
    fn premultiplied_colours_are_divided() {
        let mut row = [50_u8, 100, 200, 100, 9, 9, 9, 0, 1, 2, 3, 255];
        divide_by_alpha(&mut row, 4);
        assert_eq!(row, [128, 255, 255, 100, 0, 0, 0, 0, 1, 2, 3, 255]);
    }
}
