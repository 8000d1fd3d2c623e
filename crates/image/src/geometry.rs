//! Where an original goes in the frame of a variant, and where that is in what was kept of it.
//!
//! Arithmetic alone, in pixels of the upright original; [`Grid`] maps them back to the samples that
//! were kept of the stored image, which may be fewer than its pixels.

use std::ops::Range;

use contract::{
    framing::{Crop, Framing},
    settings::{Fit, Gravity, Variant},
};
use image::metadata::Orientation;

use crate::order::Order;

/// A part of the upright original, in pixels and fractions of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Area {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// How one variant is made from its original.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Placement {
    /// What is kept of the upright original.
    pub(crate) area: Area,
    /// The size that this area is scaled to.
    pub(crate) scaled: (u32, u32),
    /// The size of the variant.
    pub(crate) canvas: (u32, u32),
    /// Where on the canvas the scaled area begins, from the left and from the top.
    pub(crate) offset: (u32, u32),
}

/// The part of the upright original that a variant may show, in whole pixels: all of it, or what is
/// cut out first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) left: u32,
    pub(crate) top: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Part {
    /// Each edge of the crop goes to the nearest pixel, so that two crops side by side share none; a
    /// pixel is always left.
    pub(crate) fn of((width, height): (u32, u32), crop: Option<Crop>) -> Self {
        let Some(crop) = crop else { return Self { left: 0, top: 0, width, height } };
        let edges = |side: u32, start: f64, end: f64| {
            let start = edge_at(side, start).min(side.saturating_sub(1));
            (start, edge_at(side, end).clamp(start + 1, side.max(1)) - start)
        };
        let Crop { left, top, width: across, height: down } = crop;
        let (left, width) = edges(width, left.of_one(), left.of_one() + across.of_one());
        let (top, height) = edges(height, top.of_one(), top.of_one() + down.of_one());
        Self { left, top, width, height }
    }

    /// The same in fractions of pixels.
    pub(crate) fn area(self) -> Area {
        let [left, top, width, height] =
            [self.left, self.top, self.width, self.height].map(f64::from);
        Area { left, top, width, height }
    }
}

/// Fits an upright original of this size into the frame of a variant.
///
/// `cover` frames to the pixel as `ImageMagick` does with `-resize WxH^ -gravity G -crop WxH+0+0`:
/// the scaled original has whole sides, and is cut at whole pixels. What is cut out first is the
/// original to everything else, but for the point that `cover` centres its frame on.
pub(crate) fn place(upright: (u32, u32), variant: &Variant, framing: Framing) -> Placement {
    place_aimed(upright, variant, framing, aims(upright, variant, framing))
}

/// The same, with what `cover` keeps decided elsewhere.
pub(crate) fn place_aimed(
    upright: (u32, u32),
    variant: &Variant,
    framing: Framing,
    aims: (Aim, Aim),
) -> Placement {
    let part = Part::of(upright, framing.crop);
    let mut placed = fit((part.width, part.height), variant, aims);
    placed.area.left += f64::from(part.left);
    placed.area.top += f64::from(part.top);
    placed
}

/// Whether the picture itself decides what is kept of it.
pub(crate) fn follows_attention(variant: &Variant, framing: Framing) -> bool {
    variant.fit == Fit::Cover && variant.gravity == Gravity::Auto && framing.focus.is_none()
}

fn fit((width, height): (u32, u32), variant: &Variant, (across, down): (Aim, Aim)) -> Placement {
    let frame = (variant.width, variant.height);
    let source = (f64::from(width), f64::from(height));
    let whole = Area { left: 0.0, top: 0.0, width: source.0, height: source.1 };
    let ratio = (f64::from(frame.0) / source.0, f64::from(frame.1) / source.1);
    let scale_max = if variant.enlarges() { f64::INFINITY } else { 1.0 };
    let inside = || {
        let scale = ratio.0.min(ratio.1).min(scale_max);
        (scaled(source.0, scale).min(frame.0), scaled(source.1, scale).min(frame.1))
    };
    match variant.fit {
        Fit::Cover => {
            let scale = ratio.0.max(ratio.1);
            if scale > scale_max {
                let kept = (f64::from(frame.0) / scale, f64::from(frame.1) / scale);
                return cut((width, height), kept, (across, down));
            }
            let (left, width) = kept(source.0, scaled(source.0, scale), frame.0, across);
            let (top, height) = kept(source.1, scaled(source.1, scale), frame.1, down);
            let area = Area { left, top, width, height };
            Placement { area, scaled: frame, canvas: frame, offset: (0, 0) }
        }
        Fit::Contain => {
            let size = inside();
            Placement { area: whole, scaled: size, canvas: size, offset: (0, 0) }
        }
        Fit::Pad => {
            let size = inside();
            let offset = (across.margin(frame.0, size.0), down.margin(frame.1, size.1));
            Placement { area: whole, scaled: size, canvas: frame, offset }
        }
    }
}

/// The part of one side that is kept, as its beginning and length in pixels of the original, when
/// the scaled side is cut to what the frame takes.
fn kept(source: f64, scaled: u32, frame: u32, aim: Aim) -> (f64, f64) {
    let scaled = scaled.max(frame);
    let pixel = source / f64::from(scaled);
    (f64::from(aim.margin(scaled, frame)) * pixel, f64::from(frame) * pixel)
}

/// Cuts a part of the shape of the frame out of an original that is smaller than the frame.
///
/// In whole pixels, so that they are copied as they are: half a pixel off, or a third of a pixel
/// wider, all of them would be blurred.
fn cut((width, height): (u32, u32), kept: (f64, f64), (across, down): (Aim, Aim)) -> Placement {
    let size = (scaled(kept.0, 1.0).min(width), scaled(kept.1, 1.0).min(height));
    let area = Area {
        left: f64::from(across.margin(width, size.0)),
        top: f64::from(down.margin(height, size.1)),
        width: f64::from(size.0),
        height: f64::from(size.1),
    };
    Placement { area, scaled: size, canvas: size, offset: (0, 0) }
}

/// Variant pixels per pixel of the upright original, for the variant that needs most detail; 1 at
/// most, as an original has no more to give. Whoever decodes may leave out what is finer.
pub(crate) fn needed_density(upright: (u32, u32), order: Order<'_>) -> f64 {
    let densities = order.variants.iter().map(|variant| {
        let Placement { area, scaled, .. } = place(upright, variant, order.framing);
        (f64::from(scaled.0) / area.width).max(f64::from(scaled.1) / area.height)
    });
    densities.fold(0.0, f64::max).min(1.0)
}

/// Rows of the original as stored that its variants are made of; all, if there are none.
pub(crate) fn needed_rows(grid: &Grid, order: Order<'_>) -> Range<u32> {
    let rows = order.variants.iter().map(|variant| rows_of(grid, variant, order.framing));
    let rows = rows.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end));
    rows.map_or(0..grid.size.1, |rows| rows.start..rows.end.min(grid.size.1))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of rows, which cannot be less than none; whatever is above is cut off"
)]
fn rows_of(grid: &Grid, variant: &Variant, framing: Framing) -> Range<u32> {
    /// Lanczos3 looks at three variant pixels in every direction, which are twice as large where colour
    /// is halved; one more is for rounding.
    const MARGIN: f64 = 7.0;
    let Placement { area, scaled, .. } = place(grid.upright(), variant, framing);
    let pixels_per_row =
        (area.width / f64::from(scaled.0)).max(area.height / f64::from(scaled.1)).max(1.0);
    // What decides where the frame goes must be seen whole.
    let is_open = follows_attention(variant, framing);
    let area = if is_open { Part::of(grid.upright(), framing.crop).area() } else { area };
    let Area { top, height, .. } = Grid::full(grid.size, grid.orientation).samples(area);
    let margin = MARGIN * pixels_per_row;
    (top - margin).max(0.0).floor() as u32..(top + height + margin).ceil() as u32
}

/// Which part of a side is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Aim {
    Start,
    Middle,
    End,
    /// Around this share of the side, as far as it reaches.
    At(f64),
}

impl Aim {
    /// What lies before the shorter of two sides. Both are halved on their own, as in `ImageMagick`:
    /// halving their difference would cut half of all odd ones a pixel further on.
    pub(crate) fn margin(self, longer: u32, shorter: u32) -> u32 {
        match self {
            Self::Start => 0,
            Self::Middle => longer / 2 - shorter / 2,
            Self::End => longer - shorter,
            Self::At(share) => {
                let centre = pixel_at(longer, share);
                centre.saturating_sub(shorter / 2).min(longer - shorter)
            }
        }
    }
}

/// Where a variant is aimed across and down: at the focus, else where its gravity pulls.
fn aims(upright: (u32, u32), variant: &Variant, framing: Framing) -> (Aim, Aim) {
    let Some(focus) = framing.focus.filter(|_| variant.fit == Fit::Cover) else {
        return pulls(variant.gravity);
    };
    let Part { left, top, width, height } = Part::of(upright, framing.crop);
    let within = |share: f64, side: u32, start: u32, length: u32| {
        Aim::At((share * f64::from(side) - f64::from(start)) / f64::from(length))
    };
    (
        within(focus.x.of_one(), upright.0, left, width),
        within(focus.y.of_one(), upright.1, top, height),
    )
}

/// Where a gravity pulls across and down.
pub(crate) fn pulls(gravity: Gravity) -> (Aim, Aim) {
    use Aim::{End, Middle, Start};
    match gravity {
        Gravity::Center | Gravity::Auto => (Middle, Middle),
        Gravity::North => (Middle, Start),
        Gravity::NorthEast => (End, Start),
        Gravity::East => (End, Middle),
        Gravity::SouthEast => (End, End),
        Gravity::South => (Middle, End),
        Gravity::SouthWest => (Start, End),
        Gravity::West => (Start, Middle),
        Gravity::NorthWest => (Start, Start),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "beyond the sides that are allowed for variants it is only ever cut off"
)]
fn scaled(side: f64, scale: f64) -> u32 {
    (side * scale).round().clamp(1.0, f64::from(u32::MAX)) as u32
}

/// The edge between pixels that is nearest to a share of a side.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the side")]
fn edge_at(side: u32, share: f64) -> u32 {
    ((f64::from(side) * share).round() as u32).min(side)
}

/// The pixel in which a share of a side is, of a side that may end before it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is before the side is at its beginning, and what is behind it is cut off"
)]
fn pixel_at(side: u32, share: f64) -> u32 {
    // A product that should be whole may fall a hair short of it.
    (f64::from(side) * share + 1e-6).floor() as u32
}

/// Whether upright width is stored height.
pub(crate) fn swaps_sides(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    )
}

/// How a buffer of samples stands for the original that it was read from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Grid {
    /// Columns and rows of the original as stored.
    pub(crate) size: (u32, u32),
    /// The turn that makes it upright.
    pub(crate) orientation: Orientation,
    /// Samples per pixel of the original, across and down: 1, or less if it was reduced while it
    /// was read. Sample `i` covers the pixels from `i / density` to `(i + 1) / density`; the last
    /// one may reach beyond the original, whose edge the area that is scaled keeps.
    pub(crate) density: (f64, f64),
    /// Where in the original as stored the samples begin, in pixels from the left and from the top.
    pub(crate) start: (f64, f64),
}

impl Grid {
    /// The grid of an original that is there pixel by pixel.
    pub(crate) fn full(size: (u32, u32), orientation: Orientation) -> Self {
        Self { size, orientation, density: (1.0, 1.0), start: (0.0, 0.0) }
    }

    /// Width and height of the upright original.
    pub(crate) fn upright(&self) -> (u32, u32) {
        let (width, height) = self.size;
        if swaps_sides(self.orientation) { (height, width) } else { (width, height) }
    }

    /// An area of the upright original in samples of the buffer.
    pub(crate) fn samples(&self, upright: Area) -> Area {
        let (stored_width, stored_height) = (f64::from(self.size.0), f64::from(self.size.1));
        let Area { left, top, width, height } = upright;
        // Distances from the far edges, which become the near ones where the image is mirrored.
        let (far_x, far_y) = if swaps_sides(self.orientation) {
            (stored_height - left - width, stored_width - top - height)
        } else {
            (stored_width - left - width, stored_height - top - height)
        };
        let (x, y) = match self.orientation {
            Orientation::NoTransforms => (left, top),
            Orientation::FlipHorizontal => (far_x, top),
            Orientation::FlipVertical => (left, far_y),
            Orientation::Rotate180 => (far_x, far_y),
            Orientation::Rotate90 => (top, far_x),
            Orientation::Rotate270 => (far_y, left),
            Orientation::Rotate90FlipH => (top, left),
            Orientation::Rotate270FlipH => (far_y, far_x),
        };
        let (width, height) =
            if swaps_sides(self.orientation) { (height, width) } else { (width, height) };
        // Rounding may leave the area a hair outside, which the resizer would refuse.
        let (width, height) = (width.min(stored_width), height.min(stored_height));
        let (across, down) = self.density;
        Area {
            left: (x.clamp(0.0, stored_width - width) - self.start.0) * across,
            top: (y.clamp(0.0, stored_height - height) - self.start.1) * down,
            width: width * across,
            height: height * down,
        }
    }
}

/// Pixels of a picture of this size.
pub(crate) fn pixel_count(width: u32, height: u32) -> u64 {
    u64::from(width) * u64::from(height)
}

#[cfg(test)]
mod tests;
