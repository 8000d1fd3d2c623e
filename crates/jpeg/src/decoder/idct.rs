//! Inverse cosine transforms of one to eight points a side, that shrink while they transform.
//!
//! A block of 8×8 samples, shrunk to W×H, is the W×H transform of its W×H lowest frequencies. With
//! the orthonormal transforms of both sizes the mean is kept if each direction is scaled by √(N/8),
//! and so, for coefficients F as the file holds them (ITU-T T.81, A.3.3):
//!
//! ```text
//! sample(x) = ⅛ Σ a(u) F(u) cos((2x + 1) u π / 2N)    a(0) = 1, a(u) = √2, for each direction
//! ```
//!
//! where the ⅛ is there once for both directions. Up to four points a side most of that is part of the
//! factor that a coefficient is multiplied by anyway ([`coarse`]); with more it is done as it stands
//! ([`fine`]).
//!
//! Eight blocks are transformed at once, a lane for each, so that one vector instruction does for all
//! of them what is done for one.

mod coarse;
mod fine;

use std::array;

use fine::Basis;

/// Blocks that are transformed at once: as many as a vector register of AVX2 has numbers of 32 bits.
pub(super) const LANES: usize = 8;

/// The same number of each of the blocks.
pub(super) type Lanes = [i32; LANES];

/// What the blocks of a component become: so many samples across and down, from 1 to 8.
#[derive(Clone)]
pub(super) struct Shape {
    pub(super) width: usize,
    pub(super) height: usize,
    /// For both directions, if there are more than four points in one of them.
    fine: Option<[Basis; 2]>,
}

impl Shape {
    pub(super) fn new((width, height): (usize, usize)) -> Self {
        let is_fine = width.max(height) > coarse::POINTS_MAX;
        let fine = is_fine.then(|| [Basis::new(width), Basis::new(height)]);
        Self { width, height, fine }
    }

    /// Places of a block: one for each coefficient of the corner, and [`Self::nowhere`].
    pub(super) fn places(&self) -> usize {
        self.nowhere() + 1
    }

    /// Where the coefficients go that are not needed.
    pub(super) fn nowhere(&self) -> usize {
        self.width * self.height
    }

    /// Where the coefficient of column `u` and row `v` goes, if it is one of the corner.
    pub(super) fn place(&self, (u, v): (usize, usize)) -> Option<usize> {
        (u < self.width && v < self.height).then_some(v * self.width + u)
    }

    /// What to multiply a coefficient of the corner with.
    pub(super) fn factor(&self, step: u16, (u, v): (usize, usize)) -> i32 {
        match self.fine {
            Some(_) => i32::from(step),
            None => coarse::factor(step, (u, self.width), (v, self.height)),
        }
    }

    /// Transforms the corners of neighbouring blocks into samples, side by side in rows of `out` that
    /// are `stride` apart, and leaves all coefficients 0.
    #[inline]
    pub(super) fn transform(&self, corners: &mut [Lanes], out: &mut [u8], stride: usize) {
        match &self.fine {
            Some([across, down]) => fine::transform(corners, (across, down), out, stride),
            None => coarse::transform(corners, (self.width, self.height), out, stride),
        }
        if let Some(nowhere) = corners.last_mut() {
            *nowhere = [0; LANES];
        }
    }
}

/// Writes the samples of all blocks side by side, from levels around zero with bits behind the point.
#[inline]
#[expect(clippy::cast_sign_loss, reason = "it is cut to what eight bits hold")]
fn write<const WIDTH: usize>(mut levels: [Lanes; WIDTH], bits: u32, out: &mut [u8]) {
    for lanes in &mut levels {
        let level = rounded(lanes, bits);
        *lanes = array::from_fn(|lane| (level[lane] + 128).clamp(0, 255));
    }
    for (lane, block) in out.as_chunks_mut::<WIDTH>().0.iter_mut().take(LANES).enumerate() {
        for (sample, lanes) in block.iter_mut().zip(&levels) {
            *sample = lanes[lane] as u8;
        }
    }
}

/// Drops bits behind the point.
#[inline]
fn rounded(lanes: &Lanes, bits: u32) -> Lanes {
    array::from_fn(|lane| lanes[lane].wrapping_add(1 << (bits - 1)) >> bits)
}
