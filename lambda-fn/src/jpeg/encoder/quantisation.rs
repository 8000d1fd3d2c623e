//! How coarsely each coefficient is rounded, and the rounding itself.

use super::dct::{Blocks, LANES, Lanes, SCALE};

/// Where the coefficients stand in a block, from the lowest frequency to the highest (figure A.6).
pub(super) const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// Steps for luma at quality 50 (table K.1).
const LUMA: [u16; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113,
    92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];

/// Steps for chroma at quality 50 (table K.2).
const CHROMA: [u16; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];

/// The rounding steps of one kind of component.
pub(super) struct Table {
    /// In zigzag order, as the file has them.
    pub(super) steps: [u8; 64],
    /// In zigzag order: what a coefficient as [`super::dct::forward`] leaves it is multiplied by.
    factors: [f32; 64],
}

impl Table {
    pub(super) fn luma(quality: u8) -> Self {
        Self::new(&LUMA, quality)
    }

    pub(super) fn chroma(quality: u8) -> Self {
        Self::new(&CHROMA, quality)
    }

    #[expect(clippy::cast_possible_truncation, reason = "single precision is what lanes have")]
    fn new(base: &[u16; 64], quality: u8) -> Self {
        let percent = percentage(quality);
        let steps = ZIGZAG.map(|place| step(base[place], percent));
        let factors = std::array::from_fn(|k| {
            let (row, column) = (ZIGZAG[k] / 8, ZIGZAG[k] % 8);
            (1.0 / (f64::from(steps[k]) * SCALE[row] * SCALE[column] * 8.0)) as f32
        });
        Self { steps, factors }
    }
}

/// What libjpeg, whose scale of quality people know, makes of it: 100 % at 50, 0 at 100.
fn percentage(quality: u8) -> u16 {
    match u16::from(quality.clamp(1, 100)) {
        low @ ..50 => 5000 / low,
        high => 200 - high * 2,
    }
}

/// A step that fits a byte: wider ones exist, but not every decoder reads them.
fn step(base: u16, percent: u16) -> u8 {
    ((u32::from(base) * u32::from(percent) + 50) / 100).clamp(1, 255) as u8
}

/// Eight quantised blocks.
pub(super) struct Quantised {
    /// In zigzag order.
    pub(super) values: [[i16; LANES]; 64],
    /// For each lane, which coefficients are at least 1 and 2 in size; see
    /// [`super::coefficients::Block`].
    pub(super) reaching: [[u64; LANES]; 2],
}

impl Quantised {
    pub(super) fn new() -> Self {
        Self { values: [[0; LANES]; 64], reaching: [[0; LANES]; 2] }
    }

    /// Rounds coefficients to whole steps.
    pub(super) fn fill(&mut self, blocks: &Blocks, table: &Table) {
        let low = self.fill_half(blocks, table, 0);
        let high = self.fill_half(blocks, table, 32);
        for level in 0..2 {
            for lane in 0..LANES {
                self.reaching[level][lane] =
                    u64::from(low[level][lane]) | u64::from(high[level][lane]) << 32;
            }
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "within ±1024, as the steps are 1 at least"
    )]
    fn fill_half(&mut self, blocks: &Blocks, table: &Table, first: usize) -> [[u32; LANES]; 2] {
        let mut reaching = [[0; LANES]; 2];
        for bit in 0..32 {
            let k = first + bit;
            let coefficients = &blocks[ZIGZAG[k]];
            let values = rounded(coefficients, table.factors[k]);
            let flag = 1 << bit;
            for lane in 0..LANES {
                let size = values[lane].abs();
                reaching[0][lane] |= if size >= 1 { flag } else { 0 };
                reaching[1][lane] |= if size >= 2 { flag } else { 0 };
            }
            self.values[k] = values.map(|value| value as i16);
        }
        reaching
    }
}

/// Multiplies and rounds to the nearest whole number.
///
/// Adding 1.5 · 2²³ leaves no bits for a fraction, so that the sum's lowest bits are the rounded
/// number; this needs no instruction but an addition, and products here are far below 2²².
#[inline]
fn rounded(coefficients: &Lanes, factor: f32) -> [i32; LANES] {
    const SHIFT: f32 = 12_582_912.0;
    coefficients.map(|value| {
        (value * factor + SHIFT).to_bits().cast_signed() - SHIFT.to_bits().cast_signed()
    })
}
