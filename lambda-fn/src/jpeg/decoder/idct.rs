//! Inverse cosine transforms of one to four points a side, that shrink while they transform.
//!
//! A block of 8×8 samples, shrunk to W×H, is the W×H transform of its W×H lowest frequencies. With
//! the orthonormal transforms of both sizes the mean is kept if each direction is scaled by √(N/8),
//! and so, for coefficients F as the file holds them (ITU-T T.81, A.3.3):
//!
//! ```text
//! sample(x) = ⅛ Σ a(u) F(u) cos((2x + 1) u π / 2N)    a(0) = 1, a(u) = √2, for each direction
//! ```
//!
//! where the ⅛ is there once for both directions. Most of the a(u) cos(…) can be part of the
//! factor that a coefficient is multiplied by anyway, the quantisation step. What is then left:
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

use std::f64::consts::FRAC_1_SQRT_2;

/// Coefficients in a row of the corner, whatever its size.
pub(super) const ROW: usize = 4;
/// Coefficients of the largest corner.
pub(super) const CORNER: usize = ROW * ROW;
/// A corner with room behind it for what is not needed.
pub(super) const BLOCK: usize = 2 * CORNER;
/// The same as an array.
pub(super) type Block = [i32; BLOCK];

const FRACTION_BITS: u32 = 12;
/// √2 cos(π/8)
const ROTATION: f64 = 1.306_562_964_876_376_5;
/// tan(π/8), with [`TANGENT_BITS`] behind the point. The product has to fit 32 bits for what real
/// coefficients are, so it is taken in 64.
const TANGENT: i64 = 27_146;
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

/// Transforms a corner of `WIDTH` × `HEIGHT` coefficients, [`ROW`] apart, into samples.
#[inline]
pub(super) fn transform<const WIDTH: usize, const HEIGHT: usize>(
    corner: &Block,
) -> [[u8; WIDTH]; HEIGHT] {
    let mut columns = [[0; HEIGHT]; WIDTH];
    for (u, column) in columns.iter_mut().enumerate() {
        *column = one_axis(std::array::from_fn(|v| corner[v * ROW + u]));
    }
    std::array::from_fn(|y| {
        let row: [i32; WIDTH] = one_axis(std::array::from_fn(|u| columns[u][y]));
        row.map(sample)
    })
}

#[inline]
fn one_axis<const POINTS: usize>(f: [i32; POINTS]) -> [i32; POINTS] {
    let mut out = [0; POINTS];
    match (&f[..], &mut out[..]) {
        ([f0], [o0]) => *o0 = *f0,
        ([f0, f1], [o0, o1]) => {
            *o0 = f0.wrapping_add(*f1);
            *o1 = f0.wrapping_sub(*f1);
        }
        ([f0, f1, f2], [o0, o1, o2]) => {
            let even = f0.wrapping_add(*f2);
            *o0 = even.wrapping_add(*f1);
            *o1 = f0.wrapping_sub(f2.wrapping_mul(2));
            *o2 = even.wrapping_sub(*f1);
        }
        ([f0, f1, f2, f3], [o0, o1, o2, o3]) => {
            let (outer, inner) = (f0.wrapping_add(*f2), f0.wrapping_sub(*f2));
            let (outer_odd, inner_odd) =
                (f1.wrapping_add(times_tangent(*f3)), times_tangent(*f1).wrapping_sub(*f3));
            *o0 = outer.wrapping_add(outer_odd);
            *o1 = inner.wrapping_add(inner_odd);
            *o2 = inner.wrapping_sub(inner_odd);
            *o3 = outer.wrapping_sub(outer_odd);
        }
        _ => {}
    }
    out
}

#[inline]
fn times_tangent(value: i32) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "less than the value itself")]
    let product = ((i64::from(value) * TANGENT) >> TANGENT_BITS) as i32;
    product
}

/// From the transform's scale and around zero to 0…255.
#[inline]
fn sample(value: i32) -> u8 {
    const SHIFT: u32 = FRACTION_BITS + 3;
    const HALF: i32 = 1 << (SHIFT - 1);
    let level = (value.wrapping_add(HALF) >> SHIFT) + 128;
    u8::try_from(level.clamp(0, 255)).unwrap_or(u8::MAX)
}
