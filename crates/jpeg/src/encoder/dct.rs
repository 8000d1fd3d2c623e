//! The forward transform of eight blocks at once, one in each lane.
//!
//! Lanes are independent of each other, so every step is a loop over eight neighbouring numbers,
//! which compilers turn into one vector instruction on any processor, and nothing is ever transposed
//! between rows and columns.

/// Blocks transformed together.
pub(super) const LANES: usize = 8;

/// One number of each block.
pub(super) type Lanes = [f32; LANES];

/// Eight blocks: 64 numbers each, row after row.
pub(super) type Blocks = [Lanes; 64];

/// Transforms samples into coefficients, each too large by the product of [`SCALE`] at its column
/// and row, times 8.
///
/// The algorithm of Arai, Agui and Nakajima (1988): five multiplications for eight numbers, the
/// rest of the work left to quantisation, which divides anyway. In floating point it has none of
/// the rounding steps for which its integer form has a bad name.
#[expect(clippy::needless_range_loop, reason = "a lane is the same in every row")]
pub(super) fn forward(blocks: &mut Blocks) {
    for row in blocks.as_chunks_mut::<8>().0 {
        for lane in 0..LANES {
            let output = transform_line([0, 1, 2, 3, 4, 5, 6, 7].map(|x: usize| row[x][lane]));
            for (x, value) in output.into_iter().enumerate() {
                row[x][lane] = value;
            }
        }
    }
    for column in 0..8 {
        for lane in 0..LANES {
            let input = [0, 1, 2, 3, 4, 5, 6, 7].map(|y: usize| blocks[y * 8 + column][lane]);
            for (y, value) in transform_line(input).into_iter().enumerate() {
                blocks[y * 8 + column][lane] = value;
            }
        }
    }
}

/// What [`transform_line`] multiplies each of its outputs by, compared with the transform of A.3.3
/// in one dimension, but for a common factor of √8: cos(kπ/16) · √2, and 1 for k = 0.
pub(super) const SCALE: [f64; 8] = [
    1.0,
    1.387_039_845_322_148,
    1.306_562_964_876_377,
    1.175_875_602_419_359,
    1.0,
    0.785_694_958_387_102,
    0.541_196_100_146_197,
    0.275_899_379_282_943,
];

/// cos(π/4), sin(π/8), and cos(π/8) less and more sin(π/8).
const COS_4: f32 = std::f32::consts::FRAC_1_SQRT_2;
const SIN_8: f32 = 0.382_683_43;
const COS_8_LESS_SIN_8: f32 = 0.541_196_1;
const COS_8_PLUS_SIN_8: f32 = 1.306_563;

#[inline]
fn transform_line(input: [f32; 8]) -> [f32; 8] {
    let sum = [0, 1, 2, 3].map(|i: usize| input[i] + input[7 - i]);
    let difference = [0, 1, 2, 3].map(|i: usize| input[i] - input[7 - i]);

    let outer = (sum[0] + sum[3], sum[0] - sum[3]);
    let inner = (sum[1] + sum[2], sum[1] - sum[2]);
    let turned = (inner.1 + outer.1) * COS_4;

    let a = difference[3] + difference[2];
    let b = difference[2] + difference[1];
    let c = difference[1] + difference[0];
    let shared = (a - c) * SIN_8;
    let low = a * COS_8_LESS_SIN_8 + shared;
    let high = c * COS_8_PLUS_SIN_8 + shared;
    let middle = b * COS_4;
    let (plus, minus) = (difference[0] + middle, difference[0] - middle);

    [
        outer.0 + inner.0,
        plus + high,
        outer.1 + turned,
        minus - low,
        outer.0 - inner.0,
        minus + low,
        outer.1 - turned,
        plus - high,
    ]
}
