//! One quality over all formats: the same number looks the same, whichever format a variant is in.
//!
//! The number is that of our JPEG at the same effort, and "the same" is the same mean SSIMULACRA2.
//! `bench/run --fit-quality` finds the encoders' own numbers and checks them.

use contract::settings::Effort;

/// The best that a format has: without loss in WebP.
const BEST: u8 = 100;

/// libwebp's quality. Its best, with loss, is what JPEG is at 95.
const WEBP_SPEED: Scale<8> = Scale([
    (1, 0.0),
    (10, 3.0),
    (30, 34.5),
    (50, 62.5),
    (70, 79.8),
    (80, 86.6),
    (90, 94.4),
    (95, 100.0),
]);
const WEBP_SIZE: Scale<9> = Scale([
    (1, 0.0),
    (10, 8.1),
    (30, 35.9),
    (50, 60.3),
    (70, 79.1),
    (80, 84.4),
    (90, 91.1),
    (95, 96.0),
    (99, 100.0),
]);

/// rav1e's quantizer.
const AVIF_SPEED: Scale<9> = Scale([
    (1, 255.0),
    (10, 236.0),
    (30, 169.2),
    (50, 143.2),
    (70, 119.5),
    (80, 96.6),
    (90, 48.1),
    (95, 20.1),
    (100, 1.0),
]);
const AVIF_SIZE: Scale<9> = Scale([
    (1, 255.0),
    (10, 222.7),
    (30, 167.7),
    (50, 144.5),
    (70, 120.2),
    (80, 101.8),
    (90, 56.4),
    (95, 23.9),
    (100, 1.0),
]);

/// How WebP is to be coded.
pub(crate) fn webp(quality: u8, effort: Effort) -> ::webp::Coding {
    if quality >= BEST {
        return ::webp::Coding::Lossless;
    }
    let quality = match effort {
        Effort::Speed => WEBP_SPEED.at(quality),
        Effort::Size => WEBP_SIZE.at(quality),
    };
    ::webp::Coding::Lossy { quality }
}

/// What may be lost in AVIF.
pub(crate) fn avif(quality: u8, effort: Effort) -> ::avif::Loss {
    let number = match effort {
        Effort::Speed => AVIF_SPEED.at(quality),
        Effort::Size => AVIF_SIZE.at(quality),
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "of 1 to 255")]
    let quantizer = number.round() as u8;
    ::avif::Loss { quantizer, alpha_levels: if quality >= BEST { 1 } else { 2 } }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_on_the_line_between_two_knots() {
        let lossy = |quality, effort| match webp(quality, effort) {
            ::webp::Coding::Lossy { quality } => quality,
            ::webp::Coding::Lossless => panic!("without loss at {quality}"),
        };
        for (quality, speed, size) in [(1, 0.0, 0.0), (30, 34.5, 35.9), (75, 83.2, 81.75)] {
            assert!((lossy(quality, Effort::Speed) - speed).abs() < 1e-3, "{quality}");
            assert!((lossy(quality, Effort::Size) - size).abs() < 1e-3, "{quality}");
        }
        assert!((lossy(99, Effort::Speed) - 100.0).abs() < 1e-3);
        for (quality, speed, size) in [(0, 255, 255), (1, 255, 255), (80, 97, 102), (85, 72, 79)] {
            assert_eq!(avif(quality, Effort::Speed).quantizer, speed, "{quality}");
            assert_eq!(avif(quality, Effort::Size).quantizer, size, "{quality}");
        }
    }

    #[test]
    fn the_best_is_the_best_that_a_format_has() {
        for effort in [Effort::Speed, Effort::Size] {
            assert_eq!(webp(100, effort), ::webp::Coding::Lossless);
            assert_eq!(avif(100, effort), ::avif::Loss { quantizer: 1, alpha_levels: 1 });
            assert_eq!(avif(99, effort).alpha_levels, 2);
        }
    }
}
