//! A rectangle of whole samples, and planes cut to it.

use crate::geometry::{Area, Grid};

/// Some samples of a plane. There is always one at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) left: u32,
    pub(crate) top: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Window {
    /// The samples that an area touches, of a plane of this size.
    pub(crate) fn around(area: Area, (width, height): (u32, u32)) -> Self {
        let (left, width) = touched(area.left, area.width, width);
        let (top, height) = touched(area.top, area.height, height);
        Self { left, top, width, height }
    }

    /// Leaves only these samples of a plane that is as wide as this, in place: it may fill most of the
    /// memory.
    pub(crate) fn cut(self, samples: &mut Vec<u8>, stride: u32) {
        let [left, top, width, height, stride] =
            [self.left, self.top, self.width, self.height, stride].map(|side| side as usize);
        for row in 0..height {
            let from = (top + row) * stride + left;
            samples.copy_within(from..from + width, row * width);
        }
        samples.truncate(width * height);
    }

    /// How what is left of a plane stands for its original.
    pub(crate) fn grid(self, grid: Grid) -> Grid {
        let (across, down) = grid.density;
        let start = (
            grid.start.0 + f64::from(self.left) / across,
            grid.start.1 + f64::from(self.top) / down,
        );
        Grid { start, ..grid }
    }
}

/// The first and the number of the samples of a side that a stretch of it touches.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is before the side is at its beginning, and what is behind it is cut off"
)]
fn touched(start: f64, length: f64, side: u32) -> (u32, u32) {
    /// An edge that should be whole may be a hair off, and touches nothing there.
    const HAIR: f64 = 1e-6;
    let first = ((start + HAIR).floor() as u32).min(side.saturating_sub(1));
    let end = ((start + length - HAIR).ceil() as u32).min(side);
    (first, end.saturating_sub(first).max(1))
}
