//! The forward transform of eight blocks at once, one in each lane.
//!
//! Lanes are independent of each other, so every step is a loop over eight neighbouring numbers,
//! which compilers turn into one vector instruction on any processor, and nothing is ever transposed
//! between rows and columns.

use std::array;

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
pub(super) fn forward(blocks: &mut Blocks) {
    let rows = blocks.as_chunks_mut::<8>().0;
    for row in &mut *rows {
        *row = transform_line(row);
    }
    for x in 0..8 {
        let column = transform_line(&array::from_fn(|y| rows[y][x]));
        for (row, lanes) in rows.iter_mut().zip(column) {
            row[x] = lanes;
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
fn transform_line(input: &[Lanes; 8]) -> [Lanes; 8] {
    let [i0, i1, i2, i3, i4, i5, i6, i7] = input;
    let [s0, s1, s2, s3] = [sum(i0, i7), sum(i1, i6), sum(i2, i5), sum(i3, i4)];
    let [d0, d1, d2, d3] =
        [difference(i0, i7), difference(i1, i6), difference(i2, i5), difference(i3, i4)];

    let outer = (sum(&s0, &s3), difference(&s0, &s3));
    let inner = (sum(&s1, &s2), difference(&s1, &s2));
    let turned = times(&sum(&inner.1, &outer.1), COS_4);

    let [a, b, c] = [sum(&d3, &d2), sum(&d2, &d1), sum(&d1, &d0)];
    let shared = times(&difference(&a, &c), SIN_8);
    let low = sum(&times(&a, COS_8_LESS_SIN_8), &shared);
    let high = sum(&times(&c, COS_8_PLUS_SIN_8), &shared);
    let middle = times(&b, COS_4);
    let (plus, minus) = (sum(&d0, &middle), difference(&d0, &middle));

    [
        sum(&outer.0, &inner.0),
        sum(&plus, &high),
        sum(&outer.1, &turned),
        difference(&minus, &low),
        difference(&outer.0, &inner.0),
        sum(&minus, &low),
        difference(&outer.1, &turned),
        difference(&plus, &high),
    ]
}

#[inline]
fn sum(a: &Lanes, b: &Lanes) -> Lanes {
    array::from_fn(|lane| a[lane] + b[lane])
}

#[inline]
fn difference(a: &Lanes, b: &Lanes) -> Lanes {
    array::from_fn(|lane| a[lane] - b[lane])
}

#[inline]
fn times(a: &Lanes, factor: f32) -> Lanes {
    array::from_fn(|lane| a[lane] * factor)
}
