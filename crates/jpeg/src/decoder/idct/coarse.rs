//! One to four points a side: nearly all multiplications are those with the quantisation step.
//!
//! What is left when most of the a(u) cos(…) is part of a coefficient's factor:
//!
//! ```text
//! N = 2    F0 ± F1                              factors 1, 1
//! N = 3    F0 ± F1 + F2, F0 - 2 F2              factors 1, √(3/2), √(1/2)
//! N = 4    F0 + F2 ± (F1 + t F3),               factors 1, √2 cos(π/8), 1, √2 cos(π/8)
//!          F0 - F2 ± (t F1 - F3)                t = tan(π/8) = √2 - 1
//! ```
//!
//! Fixed point with 12 bits behind the point: a factor's rounding is an error of at most 2⁻¹³
//! quantisation steps, so that 16 coefficients of at most 1024 steps are off by less than a quarter.
//! Sums of what eight-bit samples can give stay below 2²⁹; anything beyond that wraps around.

use std::{array, f64::consts::FRAC_1_SQRT_2};

use super::{LANES, Lanes};

/// Points of the largest of these transforms.
pub(super) const POINTS_MAX: usize = 4;

const FRACTION_BITS: u32 = 12;
/// √2 cos(π/8)
const ROTATION: f64 = 1.306_562_964_876_376_5;
/// tan(π/8), with [`TANGENT_BITS`] behind the point.
const TANGENT: i32 = 27_146;
const TANGENT_BITS: u32 = 16;

/// What to multiply the coefficient of column `u` and row `v` with, for a block of `width` ×
/// `height`.
pub(super) fn factor(step: u16, (u, width): (usize, usize), (v, height): (usize, usize)) -> i32 {
    let factor = f64::from(step) * axis_factor(u, width) * axis_factor(v, height);
    #[expect(clippy::cast_possible_truncation, reason = "less than 2^16 · 2 · 2^12")]
    let fixed = (factor * f64::from(1 << FRACTION_BITS)).round() as i32;
    fixed
}

fn axis_factor(frequency: usize, points: usize) -> f64 {
    match (points, frequency) {
        (3, 1) => 1.5_f64.sqrt(),
        (3, 2) => FRAC_1_SQRT_2,
        (4, 1 | 3) => ROTATION,
        _ => 1.0,
    }
}

#[inline]
pub(super) fn transform(
    corners: &mut [Lanes],
    (width, height): (usize, usize),
    out: &mut [u8],
    stride: usize,
) {
    match width {
        1 => both::<1>(corners, height, out, stride),
        2 => both::<2>(corners, height, out, stride),
        3 => both::<3>(corners, height, out, stride),
        _ => both::<4>(corners, height, out, stride),
    }
}

#[inline]
fn both<const WIDTH: usize>(corners: &mut [Lanes], height: usize, out: &mut [u8], stride: usize) {
    let rows = corners.as_chunks_mut::<WIDTH>().0;
    match height {
        1 => {}
        2 => down::<WIDTH, 2>(rows),
        3 => down::<WIDTH, 3>(rows),
        _ => down::<WIDTH, 4>(rows),
    }
    for (row, out) in rows.iter_mut().take(height).zip(out.chunks_mut(stride)) {
        across(row, out);
    }
}

#[inline]
fn down<const WIDTH: usize, const HEIGHT: usize>(rows: &mut [[Lanes; WIDTH]]) {
    let Some(rows) = rows.first_chunk_mut::<HEIGHT>() else { return };
    for u in 0..WIDTH {
        let column: [Lanes; HEIGHT] = one_axis(array::from_fn(|v| rows[v][u]));
        for (row, lanes) in rows.iter_mut().zip(column) {
            row[u] = lanes;
        }
    }
}

#[inline]
fn across<const WIDTH: usize>(row: &mut [Lanes; WIDTH], out: &mut [u8]) {
    let levels = one_axis(std::mem::replace(row, [[0; LANES]; WIDTH]));
    super::write(levels, FRACTION_BITS + 3, out);
}

#[inline]
fn one_axis<const POINTS: usize>(f: [Lanes; POINTS]) -> [Lanes; POINTS] {
    let mut out = [[0; LANES]; POINTS];
    match (&f[..], &mut out[..]) {
        ([f0], [o0]) => *o0 = *f0,
        ([f0, f1], [o0, o1]) => {
            *o0 = sum(f0, f1);
            *o1 = difference(f0, f1);
        }
        ([f0, f1, f2], [o0, o1, o2]) => {
            let even = sum(f0, f2);
            *o0 = sum(&even, f1);
            *o1 = difference(f0, &sum(f2, f2));
            *o2 = difference(&even, f1);
        }
        ([f0, f1, f2, f3], [o0, o1, o2, o3]) => {
            let (outer, inner) = (sum(f0, f2), difference(f0, f2));
            let outer_odd = sum(f1, &times_tangent(f3));
            let inner_odd = difference(&times_tangent(f1), f3);
            *o0 = sum(&outer, &outer_odd);
            *o1 = sum(&inner, &inner_odd);
            *o2 = difference(&inner, &inner_odd);
            *o3 = difference(&outer, &outer_odd);
        }
        _ => {}
    }
    out
}

#[inline]
fn sum(a: &Lanes, b: &Lanes) -> Lanes {
    array::from_fn(|lane| a[lane].wrapping_add(b[lane]))
}

#[inline]
fn difference(a: &Lanes, b: &Lanes) -> Lanes {
    array::from_fn(|lane| a[lane].wrapping_sub(b[lane]))
}

/// The product has up to 48 bits; in two parts, of the value's upper and lower half, it is made of
/// 32 each, which vector instructions have.
#[inline]
fn times_tangent(lanes: &Lanes) -> Lanes {
    array::from_fn(|lane| {
        let value = lanes[lane];
        let (upper, lower) = (value >> TANGENT_BITS, value & ((1 << TANGENT_BITS) - 1));
        upper.wrapping_mul(TANGENT)
            + (lower.wrapping_mul(TANGENT).cast_unsigned() >> TANGENT_BITS).cast_signed()
    })
}
