//! One quality over all formats: the same number looks the same, whichever format a variant is in.
//!
//! The number is that of our JPEG at the same effort, and "the same" is the same mean SSIMULACRA2.
//! `bench/run --fit-quality` finds the encoders' own numbers and checks them.

use contract::settings::Effort;

/// The best that a format has: without loss in WebP.
const BEST: u8 = 100;

/// How WebP is to be coded.
pub(crate) fn webp(quality: u8, effort: Effort) -> ::webp::Coding {
    const SPEED: Scale<11> = Scale([
        (1, 0.0),
        (10, 3.0),
        (20, 15.0),
        (30, 30.0),
        (40, 45.0),
        (50, 60.0),
        (60, 70.0),
        (70, 80.0),
        (80, 85.0),
        (90, 95.0),
        (99, 100.0),
    ]);
    const SIZE: Scale<11> = SPEED;
    if quality >= BEST {
        return ::webp::Coding::Lossless;
    }
    let scale = match effort {
        Effort::Speed => SPEED,
        Effort::Size => SIZE,
    };
    ::webp::Coding::Lossy { quality: scale.at(quality) }
}

/// What may be lost in AVIF.
pub(crate) fn avif(quality: u8, effort: Effort) -> ::avif::Loss {
    const SPEED: Scale<5> = Scale([(1, 255.0), (30, 200.0), (60, 140.0), (80, 95.0), (100, 1.0)]);
    const SIZE: Scale<5> = SPEED;
    let scale = match effort {
        Effort::Speed => SPEED,
        Effort::Size => SIZE,
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "of 1 to 255")]
    let quantizer = scale.at(quality).round() as u8;
    let alpha_levels = if quality >= BEST { 1 } else { 2 };
    ::avif::Loss { quantizer, alpha_levels }
}

/// An encoder's own number at some qualities, in rising order; between them it is on the line.
#[derive(Clone, Copy, Debug)]
struct Scale<const KNOTS: usize>([(u8, f32); KNOTS]);

impl<const KNOTS: usize> Scale<KNOTS> {
    /// At a quality before the first knot or behind the last one it is what it is there.
    fn at(&self, quality: u8) -> f32 {
        let mut before = self.0[0];
        for knot in self.0 {
            if quality <= knot.0 {
                let span = f32::from(knot.0 - before.0).max(1.0);
                let share = f32::from(quality.saturating_sub(before.0)) / span;
                return before.1 + share * (knot.1 - before.1);
            }
            before = knot;
        }
        before.1
    }
}
