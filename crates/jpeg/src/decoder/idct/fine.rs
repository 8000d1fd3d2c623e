//! Five to eight points a side, and fewer in the other direction: the sums as they stand.
//!
//! Fixed point as in the IJG's accurate transform (`jidctint.c`): 13 bits behind the point of a
//! cosine, two behind that of what is between the two directions. With eight points the cosines are
//! sums of that transform's own constants, which makes every sample equal to its own: adding and
//! multiplying whole numbers gives the same in any order.
//!
//! Sums of what eight-bit samples can give fit 32 bits; anything beyond that wraps around.

use std::array;

use super::{LANES, Lanes, rounded};

/// Behind the point of a cosine.
const COSINE_BITS: u32 = 13;
/// Behind the point of what is between the two directions.
const BETWEEN_BITS: u32 = 2;
/// Points of the largest transform.
const POINTS_MAX: usize = 8;

/// `a(u) cos((2x + 1) u π / 2N)` for each x of the first half, which the second half mirrors.
#[derive(Clone)]
pub(super) struct Basis {
    points: usize,
    cosines: [[i32; POINTS_MAX]; POINTS_MAX / 2],
}

/// Of eight points. `jidctint.c` has these numbers as sums and products of FIX(0.298631336) to
/// FIX(3.072711026); the last digits differ from √2 cos(…) by its roundings.
const EIGHT: [[i32; POINTS_MAX]; POINTS_MAX / 2] = [
    [8192, 11363, 10703, 9633, 8192, 6437, 4433, 2260],
    [8192, 9633, 4433, -2259, -8192, -11362, -10704, -6436],
    [8192, 6437, -4433, -11362, -8192, 2261, 10704, 9633],
    [8192, 2260, -10703, -6436, 8192, 9633, -4433, -11363],
];

impl Basis {
    pub(super) fn new(points: usize) -> Self {
        if points == POINTS_MAX {
            return Self { points, cosines: EIGHT };
        }
        let cosines = array::from_fn(|x| array::from_fn(|u| cosine(points, x, u)));
        Self { points, cosines }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "numbers of at most two digits, and 2^13 times less than two"
)]
fn cosine(points: usize, x: usize, u: usize) -> i32 {
    let scale = if u == 0 { 1.0 } else { 2_f64.sqrt() };
    let angle = ((2 * x + 1) * u) as f64 * std::f64::consts::PI / (2 * points) as f64;
    (scale * angle.cos() * f64::from(1 << COSINE_BITS)).round() as i32
}

pub(super) fn transform(
    corners: &mut [Lanes],
    (across, down): (&Basis, &Basis),
    out: &mut [u8],
    stride: usize,
) {
    let width = across.points;
    match down.points {
        1 => columns::<1>(corners, width, down),
        2 => columns::<2>(corners, width, down),
        3 => columns::<3>(corners, width, down),
        4 => columns::<4>(corners, width, down),
        5 => columns::<5>(corners, width, down),
        6 => columns::<6>(corners, width, down),
        7 => columns::<7>(corners, width, down),
        _ => columns::<8>(corners, width, down),
    }
    for (row, out) in corners.chunks_exact_mut(width).zip(out.chunks_mut(stride).take(down.points))
    {
        match width {
            1 => samples::<1>(row, across, out),
            2 => samples::<2>(row, across, out),
            3 => samples::<3>(row, across, out),
            4 => samples::<4>(row, across, out),
            5 => samples::<5>(row, across, out),
            6 => samples::<6>(row, across, out),
            7 => samples::<7>(row, across, out),
            _ => samples::<8>(row, across, out),
        }
        row.fill([0; LANES]);
    }
}

fn columns<const HEIGHT: usize>(corners: &mut [Lanes], width: usize, basis: &Basis) {
    const SHIFT: u32 = COSINE_BITS - BETWEEN_BITS;
    for u in 0..width {
        let column = array::from_fn(|v| corners[v * width + u]);
        let column: [Lanes; HEIGHT] = one_axis(&column, basis);
        for (v, lanes) in column.into_iter().enumerate() {
            corners[v * width + u] = rounded(&lanes, SHIFT);
        }
    }
}

fn samples<const WIDTH: usize>(row: &[Lanes], basis: &Basis, out: &mut [u8]) {
    const SHIFT: u32 = COSINE_BITS + BETWEEN_BITS + 3;
    let Some(row) = row.first_chunk() else { return };
    let levels: [Lanes; WIDTH] = one_axis(row, basis);
    super::write(levels, SHIFT, out);
}

/// Frequencies of even number are the same in both halves, and the others have the other sign.
#[inline]
fn one_axis<const POINTS: usize>(f: &[Lanes; POINTS], basis: &Basis) -> [Lanes; POINTS] {
    let mut out = [[0; LANES]; POINTS];
    for (x, cosines) in basis.cosines.iter().enumerate().take(POINTS.div_ceil(2)) {
        let [mut even, mut odd] = [[0_i32; LANES]; 2];
        for (u, (lanes, &cosine)) in f.iter().zip(cosines).enumerate() {
            let sums = if u % 2 == 0 { &mut even } else { &mut odd };
            for (sum, value) in sums.iter_mut().zip(lanes) {
                *sum = sum.wrapping_add(value.wrapping_mul(cosine));
            }
        }
        out[POINTS - 1 - x] = array::from_fn(|lane| even[lane].wrapping_sub(odd[lane]));
        out[x] = array::from_fn(|lane| even[lane].wrapping_add(odd[lane]));
    }
    out
}
