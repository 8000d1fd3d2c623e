//! From brightness and colour differences to red, green and blue, as the file says that they are meant
//! (ITU-T H.273).

use moxcms::{
    CicpColorPrimaries, CicpProfile, ColorProfile, MatrixCoefficients, TransferCharacteristics,
};

use super::{
    FORMAT,
    chroma::{self, Colours},
    hevc::{Sampling, Sequence},
};
use crate::{error::RenderError, reduce::Sample};

/// What a file says of its colours, in the numbers of H.273.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Description {
    pub(super) primaries: u16,
    pub(super) transfer: u16,
    pub(super) matrix: u16,
    /// Whether black and white are the least and the largest value.
    pub(super) is_full_range: bool,
}

const UNSPECIFIED: u16 = 2;

impl Description {
    /// What libheif assumes of a file that says nothing at all: the matrix of JPEG, and the range that
    /// H.265 infers (annex E.3.1).
    pub(super) const UNSAID: Self =
        Self { primaries: 1, transfer: 13, matrix: 6, is_full_range: false };

    /// The profile of colours that are not those of sRGB.
    ///
    /// The curves of video are shown as that of sRGB, as everywhere: they are made for a screen whose own
    /// curve undoes them. So is HLG, which is made to look right on such a screen too.
    pub(super) fn icc(self) -> Option<Vec<u8>> {
        const BT_709: u16 = 1;
        const SRGB: u16 = 13;
        /// The gamma of 2.2, that of 2.8, and none.
        const CURVES: [u16; 3] = [4, 5, 8];
        let transfer = if CURVES.contains(&self.transfer) { self.transfer } else { SRGB };
        if matches!(self.primaries, BT_709 | UNSPECIFIED) && transfer == SRGB {
            return None;
        }
        let primaries = u8::try_from(self.primaries).ok()?;
        let color_primaries = CicpColorPrimaries::try_from(primaries).ok()?;
        let transfer = u8::try_from(transfer).ok()?;
        let transfer_characteristics = TransferCharacteristics::try_from(transfer).ok()?;
        let profile = ColorProfile::new_from_cicp(CicpProfile {
            color_primaries,
            transfer_characteristics,
            matrix_coefficients: MatrixCoefficients::Identity,
            full_range: true,
        });
        profile.encode().ok()
    }
}

/// A channel of a finished row.
pub(super) trait Output: Sample + Default {
    /// Binary places behind the point that leave room for three times the largest value.
    const PLACES: u32;

    /// The nearest value that there is.
    fn nearest(value: i32) -> Self;

    /// The largest value.
    fn largest() -> i32;
}

impl Output for u8 {
    const PLACES: u32 = 20;

    fn nearest(value: i32) -> Self {
        Self::try_from(value.clamp(0, i32::from(Self::MAX))).unwrap_or(Self::MAX)
    }

    fn largest() -> i32 {
        Self::MAX.into()
    }
}

impl Output for u16 {
    const PLACES: u32 = 12;

    fn nearest(value: i32) -> Self {
        Self::try_from(value.clamp(0, i32::from(Self::MAX))).unwrap_or(Self::MAX)
    }

    fn largest() -> i32 {
        Self::MAX.into()
    }
}

/// Shares of brightness and of both colours in each of red, green and blue.
type Weights = [[f64; 3]; 3];

/// How samples become red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Conversion {
    weights: Weights,
    /// Whether colours are differences to brightness, around a middle value.
    has_differences: bool,
    is_full_range: bool,
    depth: u32,
}

impl Conversion {
    pub(super) fn new(description: Description, sequence: &Sequence) -> Result<Self, RenderError> {
        const PQ: u16 = 16;
        if description.transfer == PQ {
            return Err(RenderError::unsupported(FORMAT, "HDR by PQ"));
        }
        let (weights, has_differences) = match (sequence.sampling, description.matrix) {
            (Sampling::Grey, _) => ([[1.0, 0.0, 0.0]; 3], false),
            // The planes are green, blue and red.
            (Sampling::Full, 0) => ([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], false),
            (_, number) => (differences(number)?, true),
        };
        let Description { is_full_range, .. } = description;
        Ok(Self { weights, has_differences, is_full_range, depth: sequence.depth })
    }

    /// The way to numbers of this kind.
    pub(super) fn factors<T: Output>(&self) -> Factors {
        // H.273, section 8.3: of eight bits, brightness takes 219 values from 16 on, and colours 224
        // around 128.
        let unit = f64::from(1_u32 << self.depth) / 256.0;
        let (black, range, chroma_range) = if self.is_full_range {
            let largest = 256.0 * unit - 1.0;
            (0.0, largest, largest)
        } else {
            (16.0 * unit, 219.0 * unit, 224.0 * unit)
        };
        let (zero, chroma_range) =
            if self.has_differences { (128.0 * unit, chroma_range) } else { (black, range) };
        let one = f64::from(T::largest()) * f64::from(1_u32 << T::PLACES);
        let half = f64::from(1_u32 << T::PLACES) / 2.0;
        let scale = f64::from(chroma::SCALE);
        let channels = self.weights.map(|[luma, cb, cr]| {
            let luma = one * luma / range;
            let [cb, cr] = [cb, cr].map(|weight| one * weight / chroma_range);
            Channel {
                luma: nearest(luma),
                cb: nearest(cb / scale),
                cr: nearest(cr / scale),
                offset: nearest(half - luma * black - (cb + cr) * zero),
            }
        });
        Factors { channels }
    }
}

/// H.273, section 8.3, equations 41 to 58.
fn differences(matrix: u16) -> Result<Weights, RenderError> {
    let (red, blue) = match matrix {
        1 => (0.2126, 0.0722),
        // What is not specified is that of JPEG, as in libheif.
        UNSPECIFIED | 5 | 6 => (0.299, 0.114),
        4 => (0.30, 0.11),
        7 => (0.212, 0.087),
        9 => (0.2627, 0.0593),
        number => {
            let what = format!("colours by matrix {number} of H.273");
            return Err(RenderError::unsupported(FORMAT, what));
        }
    };
    let green = 1.0 - red - blue;
    let [in_red, in_blue] = [red, blue].map(|share| 2.0 * (1.0 - share));
    Ok([
        [1.0, 0.0, in_red],
        [1.0, -in_blue * blue / green, -in_red * red / green],
        [1.0, in_blue, 0.0],
    ])
}

#[expect(clippy::cast_possible_truncation, reason = "a few times the largest value and its places")]
fn nearest(factor: f64) -> i32 {
    factor.round() as i32
}

/// A conversion in whole numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Factors {
    channels: [Channel; 3],
}

#[derive(Clone, Copy, Debug)]
struct Channel {
    luma: i32,
    cb: i32,
    cr: i32,
    offset: i32,
}

impl Factors {
    /// Writes the colours of a row into its pixels, of which each has at least three channels.
    pub(super) fn write_colours<T: Output, const CHANNELS: usize>(
        &self,
        luma: &[i32],
        colours: &Colours,
        pixels: &mut [[T; CHANNELS]],
    ) {
        let samples = luma.iter().zip(&colours.cb).zip(&colours.cr);
        for (pixel, ((&luma, &cb), &cr)) in pixels.iter_mut().zip(samples) {
            for (value, channel) in pixel.iter_mut().zip(&self.channels) {
                let differences = cb * channel.cb + cr * channel.cr;
                let sum = luma * channel.luma + differences + channel.offset;
                *value = T::nearest(sum >> T::PLACES);
            }
        }
    }

    /// Writes the brightness of a row into the first channel of its pixels.
    pub(super) fn write_greys<T: Output, const CHANNELS: usize>(
        &self,
        luma: &[i32],
        pixels: &mut [[T; CHANNELS]],
    ) {
        let [Channel { luma: factor, offset, .. }, ..] = self.channels;
        let values = pixels.iter_mut().filter_map(|pixel| pixel.first_mut());
        for (value, &luma) in values.zip(luma) {
            *value = T::nearest((luma * factor + offset) >> T::PLACES);
        }
    }
}
