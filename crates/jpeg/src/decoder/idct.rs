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

//!
//! Eight blocks are transformed at once, a lane for each, so that one vector instruction does for all
//! of them what is done for one.

use std::{array, f64::consts::FRAC_1_SQRT_2};

/// Coefficients in a row of the corner, whatever its size.
pub(super) const ROW: usize = 4;
/// Coefficients of the largest corner.
const CORNER: usize = ROW * ROW;
/// Blocks that are transformed at once: as many as a vector register of AVX2 has numbers of 32 bits.
pub(super) const LANES: usize = 8;
/// Where in a batch the coefficients go that are not needed: behind the corner.
pub(super) const NOWHERE: usize = CORNER * LANES;

/// What a block takes in a batch.
pub(super) const BLOCK_BYTES: u64 = 2 * CORNER as u64 * 4;

/// The same number of each of the blocks.
type Lanes = [i32; LANES];

/// The corners of neighbouring blocks, coefficient by coefficient, with room for what is not needed.
/// A power of two, so that a masked index needs no check.
#[derive(Clone)]
pub(super) struct Batch([i32; 2 * CORNER * LANES]);

impl Batch {
    /// Coefficients of 0, which show as grey.
    pub(super) const EMPTY: Self = Self([0; 2 * CORNER * LANES]);

    /// Sets a coefficient of a block: `place` is what [`place`] tells, or [`NOWHERE`].
    #[inline]
    pub(super) fn set(&mut self, place: usize, lane: usize, value: i32) {
        self.0[(place + lane) % (2 * CORNER * LANES)] = value;
    }

    /// Forgets what one block has.
    #[cold]
    pub(super) fn forget(&mut self, lane: usize) {
        self.0.iter_mut().skip(lane).step_by(LANES).for_each(|value| *value = 0);
    }

    /// Transforms `width` × `height` coefficients of each block into as many samples, side by side
    /// in rows of `out` that are `stride` apart, and leaves itself empty.
    #[inline]
    pub(super) fn transform(
        &mut self,
        (width, height): (usize, usize),
        out: &mut [u8],
        stride: usize,
    ) {
        match height {
            1 => {}
            2 => self.down::<2>(width),
            3 => self.down::<3>(width),
            _ => self.down::<4>(width),
        }
        for (y, out) in out.chunks_mut(stride).take(height).enumerate() {
            match width {
                1 => self.across::<1>(y, out),
                2 => self.across::<2>(y, out),
                3 => self.across::<3>(y, out),
                _ => self.across::<4>(y, out),
            }
        }
    }

    #[inline]
    fn down<const HEIGHT: usize>(&mut self, width: usize) {
        for u in 0..width {
            let column = array::from_fn(|v| *self.lanes(v * ROW + u));
            let column: [Lanes; HEIGHT] = one_axis(column);
            for (y, lanes) in column.into_iter().enumerate() {
                *self.lanes(y * ROW + u) = lanes;
            }
        }
    }

    #[inline]
    fn across<const WIDTH: usize>(&mut self, y: usize, out: &mut [u8]) {
        let row = array::from_fn(|u| std::mem::replace(self.lanes(y * ROW + u), [0; LANES]));
        let row: [Lanes; WIDTH] = one_axis(row);
        let row = row.map(|lanes| lanes.map(sample));
        let blocks: [[u8; WIDTH]; LANES] = array::from_fn(|lane| array::from_fn(|x| row[x][lane]));
        out[..WIDTH * LANES].copy_from_slice(blocks.as_flattened());
    }

    #[inline]
    fn lanes(&mut self, coefficient: usize) -> &mut Lanes {
        &mut self.0.as_chunks_mut().0[coefficient % (2 * CORNER)]
    }
}

/// Where a coefficient of the corner goes in a batch.
pub(super) fn place((u, v): (usize, usize)) -> usize {
    (v * ROW + u) * LANES
}

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
            let outer_odd = sum(f1, &f3.map(times_tangent));
            let inner_odd = difference(&f1.map(times_tangent), f3);
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
fn times_tangent(value: i32) -> i32 {
    let (upper, lower) = (value >> TANGENT_BITS, value & ((1 << TANGENT_BITS) - 1));
    upper.wrapping_mul(TANGENT)
        + (lower.wrapping_mul(TANGENT).cast_unsigned() >> TANGENT_BITS).cast_signed()
}

/// From the transform's scale and around zero to 0…255.
#[inline]
fn sample(value: i32) -> u8 {
    const SHIFT: u32 = FRACTION_BITS + 3;
    const HALF: i32 = 1 << (SHIFT - 1);
    let level = (value.wrapping_add(HALF) >> SHIFT) + 128;
    u8::try_from(level.clamp(0, 255)).unwrap_or(u8::MAX)
}
