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

/// Steps for all components at quality 50, before [`share_of_libjpeg`]: where they matter most, for
/// the coefficients next to DC, 16, and from there 0.4 × 16 more for each unit of spatial frequency,
/// the hypotenuse of row and column. DC has 10, since areas of one brightness show every error.
///
/// Found by measuring. At equal SSIMULACRA2 and with all else the same, variants of eight camera photos
/// have 18 % more bytes with tables K.1 and K.2, which spend too little on chroma, and 7 % more with the
/// table by N. Robidoux that mozjpeg has as its default. The best of this form for luma and for chroma
/// were so much alike that one table, 65 bytes of every file, serves both.
const PERCEPTUAL: [u16; 64] = [
    10, 16, 22, 29, 35, 42, 48, 54, 16, 19, 24, 30, 36, 42, 49, 55, 22, 24, 28, 33, 38, 44, 50, 56,
    29, 30, 33, 37, 42, 47, 53, 58, 35, 36, 38, 42, 46, 51, 56, 61, 42, 42, 44, 47, 51, 55, 60, 65,
    48, 49, 50, 53, 56, 60, 64, 69, 54, 55, 56, 58, 61, 65, 69, 73,
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
        Self::new(&LUMA, percentage(quality) * 100)
    }

    pub(super) fn chroma(quality: u8) -> Self {
        Self::new(&CHROMA, percentage(quality) * 100)
    }

    /// Steps for all components that, with values chosen as [`super::trellis`] does, look as those of
    /// libjpeg do at this quality.
    pub(super) fn perceptual(quality: u8) -> Self {
        Self::new(&PERCEPTUAL, percentage(quality) * share_of_libjpeg(quality))
    }

    /// One of the blocks, in zigzag order and whole steps.
    pub(super) fn in_steps(&self, blocks: &Blocks, lane: usize) -> [f32; 64] {
        std::array::from_fn(|k| blocks[ZIGZAG[k]][lane] * self.factors[k])
    }

    #[expect(clippy::cast_possible_truncation, reason = "single precision is what lanes have")]
    fn new(base: &[u16; 64], scale: u32) -> Self {
        let steps = ZIGZAG.map(|place| step(base[place], scale));
        let factors = std::array::from_fn(|k| {
            let (row, column) = (ZIGZAG[k] / 8, ZIGZAG[k] % 8);
            (1.0 / (f64::from(steps[k]) * SCALE[row] * SCALE[column] * 8.0)) as f32
        });
        Self { steps, factors }
    }
}

/// What libjpeg, whose scale of quality people know, makes of it: 100 % at 50, 0 at 100.
fn percentage(quality: u8) -> u32 {
    match u32::from(quality.clamp(1, 100)) {
        low @ ..50 => 5000 / low,
        high => 200 - high * 2,
    }
}

/// The percentage of libjpeg's scale that makes [`PERCEPTUAL`] look alike: measured on eight photos at
/// eight qualities from 23 to 95, with SSIMULACRA2.
fn share_of_libjpeg(quality: u8) -> u32 {
    let above = u32::from(quality.clamp(50, 100)) - 50;
    92 + 31 * above * above / (45 * 45)
}

/// A step that fits a byte: wider ones exist, but not every decoder reads them. The scale is in parts
/// of ten thousand.
fn step(base: u16, scale: u32) -> u8 {
    ((u32::from(base) * scale + 5000) / 10_000).clamp(1, 255) as u8
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
