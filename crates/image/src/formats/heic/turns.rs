//! Turning, mirroring and cropping, all of them together: which part of a picture as coded is shown,
//! and how it is turned upright.

use image::metadata::Orientation;

use super::FORMAT;
use crate::{
    error::RenderError,
    geometry::{Area, Grid},
};

/// One thing that is done to a picture (ISO/IEC 23008-12, section 6.5).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Turn {
    /// Quarter turns.
    Anticlockwise(u8),
    Mirror(Axis),
    Crop(Aperture),
}

/// What changes places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    TopAndBottom,
    Sides,
}

/// The part of a picture that is shown: its size, and how far its middle is from that of the picture
/// (ISO/IEC 14496-12, section 12.1.4).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Aperture {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) right: f64,
    pub(super) down: f64,
}

/// Whole pixels of a picture as coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// What all turns come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    /// What is shown.
    pub(super) window: Window,
    /// How it must be turned to be upright.
    pub(super) orientation: Orientation,
}

/// Applies the turns to a picture of this size, in their order.
pub(super) fn place((width, height): (u32, u32), turns: &[Turn]) -> Result<Placed, RenderError> {
    let mut window = Window { left: 0, top: 0, width, height };
    let mut way = Way { quarters: 0, is_mirrored: false };
    for &turn in turns {
        match turn {
            Turn::Anticlockwise(quarters) => way = way.turned(4 - quarters % 4),
            Turn::Mirror(Axis::Sides) => way = way.mirrored(),
            // The same as mirroring the sides and turning the picture upside down.
            Turn::Mirror(Axis::TopAndBottom) => way = way.mirrored().turned(2),
            Turn::Crop(aperture) => window = cropped(window, way.orientation(), aperture)?,
        }
    }
    Ok(Placed { window, orientation: way.orientation() })
}

/// Clockwise quarter turns, and whether the sides change places afterwards.
#[derive(Clone, Copy, Debug)]
struct Way {
    quarters: u8,
    is_mirrored: bool,
}

impl Way {
    /// With clockwise quarter turns after it. In a mirror, they go the other way round.
    fn turned(self, quarters: u8) -> Self {
        let quarters = if self.is_mirrored { 4 - quarters % 4 } else { quarters };
        Self { quarters: (self.quarters + quarters) % 4, ..self }
    }

    fn mirrored(self) -> Self {
        Self { is_mirrored: !self.is_mirrored, ..self }
    }

    fn orientation(self) -> Orientation {
        match (self.quarters, self.is_mirrored) {
            (1, false) => Orientation::Rotate90,
            (2, false) => Orientation::Rotate180,
            (3, false) => Orientation::Rotate270,
            (_, false) => Orientation::NoTransforms,
            (1, true) => Orientation::Rotate90FlipH,
            (2, true) => Orientation::FlipVertical,
            (3, true) => Orientation::Rotate270FlipH,
            (_, true) => Orientation::FlipHorizontal,
        }
    }
}

/// The part of a window that an aperture leaves of it when it has been turned this way.
fn cropped(
    window: Window,
    orientation: Orientation,
    aperture: Aperture,
) -> Result<Window, RenderError> {
    let grid = Grid::full((window.width, window.height), orientation);
    let (across, down) = grid.upright();
    let (left, width) = span(across, aperture.width, aperture.right)?;
    let (top, height) = span(down, aperture.height, aperture.down)?;
    let [left, top, width, height] = [left, top, width, height].map(f64::from);
    let stored = grid.samples(Area { left, top, width, height });
    Ok(Window {
        left: window.left + whole(stored.left),
        top: window.top + whole(stored.top),
        width: whole(stored.width),
        height: whole(stored.height),
    })
}

/// The first pixel and the pixels of a part of a side, whose middle is so far from that of the side. A
/// part that ends within a pixel begins and ends before it; one that reaches beyond the side is cut.
fn span(side: u32, part: f64, shift: f64) -> Result<(u32, u32), RenderError> {
    let side = f64::from(side);
    let start = (side - part) / 2.0 + shift;
    let end = whole((start + part).clamp(0.0, side));
    let start = whole(start.clamp(0.0, side));
    match end.checked_sub(start) {
        // Divisions by zero come here too.
        None | Some(0) => Err(RenderError::broken(FORMAT, "it is cropped to nothing")),
        Some(length) => Ok((start, length)),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place inside a picture; what is no number becomes 0"
)]
fn whole(place: f64) -> u32 {
    place as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (u32, u32) = (60, 40);

    #[track_caller]
    fn check(turns: &[Turn], (left, top, width, height): (u32, u32, u32, u32), way: Orientation) {
        let window = Window { left, top, width, height };
        assert_eq!(place(SIZE, turns), Ok(Placed { window, orientation: way }), "{turns:?}");
    }

    fn crop(width: f64, height: f64, right: f64, down: f64) -> Turn {
        Turn::Crop(Aperture { width, height, right, down })
    }

    #[test]
    fn turns_and_mirrors_add_up() {
        use Orientation::{
            FlipHorizontal, FlipVertical, NoTransforms, Rotate90, Rotate90FlipH, Rotate180,
            Rotate270, Rotate270FlipH,
        };
        use Turn::{Anticlockwise, Mirror};
        const SIDES: Turn = Mirror(Axis::Sides);
        const TOP: Turn = Mirror(Axis::TopAndBottom);
        for (turns, way) in [
            (&[][..], NoTransforms),
            (&[Anticlockwise(1)], Rotate270),
            (&[Anticlockwise(2)], Rotate180),
            (&[Anticlockwise(3)], Rotate90),
            (&[SIDES], FlipHorizontal),
            (&[TOP], FlipVertical),
            (&[SIDES, TOP], Rotate180),
            (&[Anticlockwise(3), SIDES], Rotate90FlipH),
            // Whoever turns in a mirror turns the other way.
            (&[SIDES, Anticlockwise(3)], Rotate270FlipH),
            (&[Anticlockwise(1), TOP], Rotate90FlipH),
            (&[TOP, TOP, Anticlockwise(4)], NoTransforms),
        ] {
            check(turns, (0, 0, 60, 40), way);
        }
    }

    #[test]
    fn crops_are_of_what_has_been_turned_so_far() {
        use Orientation::{NoTransforms, Rotate90, Rotate270};
        let corner = crop(10.0, 20.0, -25.0, -10.0);
        check(&[corner], (0, 0, 10, 20), NoTransforms);
        check(&[corner, Turn::Anticlockwise(1)], (0, 0, 10, 20), Rotate270);
        // Upright it is 40x60, whose upper left corner is the lower left one as coded.
        let upright = crop(10.0, 20.0, -15.0, -20.0);
        check(&[Turn::Anticlockwise(3), upright], (0, 30, 20, 10), Rotate90);
        check(
            &[crop(20.0, 20.0, 0.0, 0.0), crop(10.0, 10.0, 5.0, 0.0)],
            (30, 15, 10, 10),
            NoTransforms,
        );
    }

    #[test]
    fn crops_beyond_the_edge_or_within_a_pixel_are_cut() {
        check(&[crop(59.0, 39.0, 0.0, 0.0)], (0, 0, 59, 39), Orientation::NoTransforms);
        check(&[crop(59.0, 39.0, 0.5, 0.5)], (1, 1, 59, 39), Orientation::NoTransforms);
        check(&[crop(1e9, 40.0, 0.0, 0.0)], (0, 0, 60, 40), Orientation::NoTransforms);
        for nothing in [
            crop(0.0, 10.0, 0.0, 0.0),
            crop(10.0, 10.0, 100.0, 0.0),
            crop(f64::NAN, 10.0, 0.0, 0.0),
            crop(10.0, 10.0, f64::NAN, 0.0),
            crop(f64::INFINITY, 10.0, f64::NEG_INFINITY, 0.0),
        ] {
            let error = place(SIZE, &[nothing]).unwrap_err().to_string();
            assert_eq!(error, "broken HEIC: it is cropped to nothing", "{nothing:?}");
        }
    }
}
