//! The many ways in which a TIFF stores a row of samples, to what a [`Reducer`] takes.

use super::{
    directory::ByteOrder,
    picture::{Colours, Compression, Number, Picture},
};
use crate::reduce::{Layout, Reducer, Sample};

/// A part of a row as one strip or tile has it, or one plane of it.
pub(super) struct Part<'a> {
    /// Columns of the picture before it, and in it.
    pub(super) first: usize,
    pub(super) columns: usize,
    pub(super) bytes: &'a [u8],
    /// The stored channels in it: one if it is a plane, otherwise all.
    pub(super) plane: Option<u16>,
}

/// Assembles one row after the other.
pub(super) struct Unpacker<'a> {
    picture: &'a Picture,
    layout: Layout,
    narrow: Vec<u8>,
    wide: Vec<u16>,
}

impl<'a> Unpacker<'a> {
    pub(super) fn new(picture: &'a Picture) -> Self {
        let layout = picture.layout();
        let samples = picture.width as usize * layout.channels();
        let (narrow, wide) = if picture.number.is_narrow() { (samples, 0) } else { (0, samples) };
        Self { picture, layout, narrow: vec![0; narrow], wide: vec![0; wide] }
    }

    /// Bytes of the row that is assembled.
    pub(super) fn working_bytes(picture: &Picture) -> u64 {
        let sample_bytes = if picture.number.is_narrow() { 1 } else { 2 };
        u64::from(picture.width) * picture.layout().channels() as u64 * sample_bytes
    }

    /// Whether rows can be handed on as they are stored.
    pub(super) fn is_plain(picture: &Picture) -> bool {
        let colours = match picture.colours {
            Colours::Grey { white_is_zero } => !white_is_zero,
            Colours::Rgb | Colours::Cmyk => true,
            Colours::Ycbcr(..) => picture.compression == Compression::Jpeg,
            Colours::Palette(_) => false,
        };
        colours
            && picture.number == Number::Unsigned(8)
            && !picture.planar
            && usize::from(picture.samples) == picture.layout().channels()
            && picture.alpha.is_none_or(|alpha| !alpha.premultiplied)
    }

    /// Places a part of a row.
    pub(super) fn unpack(&mut self, part: &Part<'_>) {
        let channels = self.layout.channels();
        let together = usize::from(self.picture.samples_together());
        let places = part.first * channels..(part.first + part.columns) * channels;
        let colours = channels - usize::from(self.picture.alpha.is_some());
        let palette = if let Colours::Palette(colours) = &self.picture.colours {
            Some(colours.as_slice())
        } else {
            None
        };
        let mut place = 0;
        for stored in self.picture.channels() {
            let is_colour = place < colours;
            // The index of a palette is three colours.
            let width = if is_colour && palette.is_some() { 3 } else { 1 };
            let channel = place;
            place += width;
            if part.plane.is_some_and(|plane| plane != stored) {
                continue;
            }
            let first = if part.plane.is_some() { 0 } else { usize::from(stored) };
            let samples = Samples { bytes: part.bytes, first, step: together };
            if let Some(palette) = palette.filter(|_| is_colour) {
                let row = self.narrow.get_mut(places.clone()).unwrap_or_default();
                samples.colours(self.picture.number.bits(), palette, row, channels);
                continue;
            }
            let inverted =
                is_colour && self.picture.colours == Colours::Grey { white_is_zero: true };
            if self.picture.number.is_narrow() {
                let row = self.narrow.get_mut(places.clone()).unwrap_or_default();
                let row = row.iter_mut().skip(channel).step_by(channels);
                samples.narrow(self.picture.number.bits(), row);
                if inverted {
                    invert(&mut self.narrow, &places, channel, channels);
                }
            } else {
                let row = self.wide.get_mut(places.clone()).unwrap_or_default();
                let row = row.iter_mut().skip(channel).step_by(channels);
                samples.wide(self.picture.number, self.picture.byte_order, row);
                if inverted {
                    invert(&mut self.wide, &places, channel, channels);
                }
            }
        }
    }

    /// Hands on the row, which may be filled again then.
    pub(super) fn push_to(&mut self, reducer: &mut Reducer) {
        let channels = self.layout.channels();
        if let Colours::Ycbcr(chroma) = self.picture.colours
            && self.picture.compression != Compression::Jpeg
        {
            for pixel in self.narrow.chunks_exact_mut(channels) {
                if let [y, cb, cr, ..] = pixel {
                    [*y, *cb, *cr] = chroma.rgb([*y, *cb, *cr]);
                }
            }
        }
        if self.picture.alpha.is_some_and(|alpha| alpha.premultiplied) {
            divide_by_alpha(&mut self.narrow, channels);
            divide_by_alpha(&mut self.wide, channels);
        }
        if self.picture.number.is_narrow() {
            reducer.push_row(&self.narrow);
        } else {
            reducer.push_row(&self.wide);
        }
    }
}

fn invert<S: std::ops::Not<Output = S> + Copy>(
    row: &mut [S],
    places: &std::ops::Range<usize>,
    channel: usize,
    channels: usize,
) {
    let row = row.get_mut(places.clone()).unwrap_or_default();
    row.iter_mut().skip(channel).step_by(channels).for_each(|sample| *sample = !*sample);
}

/// The samples of one channel in a row as it is stored.
struct Samples<'a> {
    bytes: &'a [u8],
    /// The first of them, and how far they are apart.
    first: usize,
    step: usize,
}

impl Samples<'_> {
    /// Of one to eight bits, stretched to eight.
    fn narrow<'r>(&self, bits: u8, row: impl Iterator<Item = &'r mut u8>) {
        if bits == 8 {
            for (target, &sample) in row.zip(self.bytes.iter().skip(self.first).step_by(self.step))
            {
                *target = sample;
            }
            return;
        }
        let most = (1_u32 << bits) - 1;
        for (target, sample) in row.zip(self.packed(bits)) {
            *target = u8::try_from((sample * 255 + most / 2) / most).unwrap_or(u8::MAX);
        }
    }

    /// Of more bits, as 16.
    fn wide<'r>(&self, number: Number, order: ByteOrder, row: impl Iterator<Item = &'r mut u16>) {
        let bytes = usize::from(number.bits() / 8);
        match number {
            Number::Unsigned(bits @ (16 | 32)) => {
                let samples = self.bytes.chunks_exact(bytes).skip(self.first).step_by(self.step);
                for (target, sample) in row.zip(samples) {
                    *target =
                        u16::try_from(order.number(sample) >> (bits - 16)).unwrap_or(u16::MAX);
                }
            }
            Number::Unsigned(bits) => {
                let most = (1_u32 << bits) - 1;
                for (target, sample) in row.zip(self.packed(bits)) {
                    let sample = (sample * 65_535 + most / 2) / most;
                    *target = u16::try_from(sample).unwrap_or(u16::MAX);
                }
            }
            Number::Float(bits) => {
                let samples = self.bytes.chunks_exact(bytes).skip(self.first).step_by(self.step);
                for (target, sample) in row.zip(samples) {
                    let sample = order.number(sample);
                    *target = from_float(if bits == 64 {
                        f64::from_bits(sample)
                    } else {
                        f64::from(f32::from_bits(u32::try_from(sample).unwrap_or(0)))
                    });
                }
            }
        }
    }

    /// Indices of a palette. What it does not define is black.
    fn colours(&self, bits: u8, palette: &[[u8; 3]], row: &mut [u8], channels: usize) {
        for (pixel, index) in row.chunks_exact_mut(channels).zip(self.packed(bits)) {
            let colour = palette.get(index as usize).copied().unwrap_or_default();
            pixel.iter_mut().zip(colour).for_each(|(target, sample)| *target = sample);
        }
    }

    /// Of one to 16 bits, the first in the highest of each byte.
    fn packed(&self, bits: u8) -> impl Iterator<Item = u32> {
        let mask = (1_u32 << bits) - 1;
        let bits = usize::from(bits);
        let byte = |at: usize| u32::from(self.bytes.get(at).copied().unwrap_or(0));
        let count = 8 * self.bytes.len() / bits;
        (self.first..count).step_by(self.step).map(move |index| {
            let at = index * bits;
            let three = byte(at / 8) << 16 | byte(at / 8 + 1) << 8 | byte(at / 8 + 2);
            three >> (24 - at % 8 - bits) & mask
        })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is clamped to 16 bits; what is no number becomes 0"
)]
fn from_float(value: f64) -> u16 {
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
    fn bits_are_stretched() {
        let narrow = |byte: u8, bits: u8, first: usize, step: usize| {
            let mut row = vec![0; (8 / usize::from(bits) - first).div_ceil(step)];
            Samples { bytes: &[byte], first, step }.narrow(bits, row.iter_mut());
            row
        };
        assert_eq!(narrow(0b1010_0001, 1, 0, 1), [255, 0, 255, 0, 0, 0, 0, 255]);
        assert_eq!(narrow(0b00_01_10_11, 2, 0, 1), [0, 85, 170, 255]);
        assert_eq!(narrow(0x28, 4, 0, 1), [34, 136]);
        assert_eq!(narrow(0b00_01_10_11, 2, 1, 2), [85, 255]);
        let mut wide = [0; 2];
        let samples = Samples { bytes: &[0xff, 0xf8, 0x00], first: 0, step: 1 };
        samples.wide(Number::Unsigned(12), ByteOrder::Big, wide.iter_mut());
        assert_eq!(wide, [65_535, 32_776]);
    }

    #[test]
    fn floats_are_clamped() {
        let floats = [-1.0, 0.0, 0.5, 1.0, 7.0, f64::NAN, f64::INFINITY];
        assert_eq!(floats.map(from_float), [0, 0, 32768, 65535, 65535, 0, 65535]);
    }

    #[test]
    fn premultiplied_colours_are_divided() {
        let mut row = [50_u8, 100, 200, 100, 9, 9, 9, 0, 1, 2, 3, 255];
        divide_by_alpha(&mut row, 4);
        assert_eq!(row, [128, 255, 255, 100, 0, 0, 0, 0, 1, 2, 3, 255]);
    }
}
