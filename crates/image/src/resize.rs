//! Where an original goes in the frame of a variant, and the scaling itself.
//!
//! [`place`] is arithmetic alone, in pixels of the upright original. [`Source`] maps them back to
//! the samples that were kept of the stored image, which may be fewer than its pixels, and turns
//! only the small result: the same picture as turning the original first, for a fraction of the
//! work.

use contract::settings::{Fit, Gravity, Variant};
use fast_image_resize::{
    FilterType, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::U8,
};
use image::metadata::Orientation;

use crate::{decode::swaps_sides, pixels::Pixels};

/// A part of the upright original, in pixels and fractions of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

/// How one variant is made from its original.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placement {
    /// What is kept of the upright original.
    pub area: Area,
    /// The size that this area is scaled to.
    pub scaled: (u32, u32),
    /// The size of the variant.
    pub canvas: (u32, u32),
    /// Where on the canvas the scaled area begins, from the left and from the top.
    pub offset: (u32, u32),
}

/// Fits an upright original of this size into the frame of a variant.
///
/// `cover` frames to the pixel as `ImageMagick` does with `-resize WxH^ -gravity G -crop WxH+0+0`:
/// the scaled original has whole sides, and is cut at whole pixels.
pub fn place((width, height): (u32, u32), variant: &Variant) -> Placement {
    let frame = (variant.width, variant.height);
    let source = (f64::from(width), f64::from(height));
    let whole = Area { left: 0.0, top: 0.0, width: source.0, height: source.1 };
    let ratio = (f64::from(frame.0) / source.0, f64::from(frame.1) / source.1);
    let (across, down) = pulls(variant.gravity);
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
fn kept(source: f64, scaled: u32, frame: u32, pull: Pull) -> (f64, f64) {
    let scaled = scaled.max(frame);
    let pixel = source / f64::from(scaled);
    (f64::from(pull.margin(scaled, frame)) * pixel, f64::from(frame) * pixel)
}

/// Cuts a part of the shape of the frame out of an original that is smaller than the frame.
///
/// In whole pixels, so that they are copied as they are: half a pixel off, or a third of a pixel
/// wider, all of them would be blurred.
fn cut((width, height): (u32, u32), kept: (f64, f64), (across, down): (Pull, Pull)) -> Placement {
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
pub fn needed_density(upright: (u32, u32), variants: &[Variant]) -> f64 {
    let densities = variants.iter().map(|variant| {
        let Placement { area, scaled, .. } = place(upright, variant);
        (f64::from(scaled.0) / area.width).max(f64::from(scaled.1) / area.height)
    });
    densities.fold(0.0, f64::max).min(1.0)
}

/// To which end of a side a gravity pulls.
#[derive(Clone, Copy)]
enum Pull {
    Start,
    Middle,
    End,
}

impl Pull {
    /// What lies before the shorter of two sides. Both are halved on their own, as in `ImageMagick`:
    /// halving their difference would cut half of all odd ones a pixel further on.
    fn margin(self, longer: u32, shorter: u32) -> u32 {
        match self {
            Self::Start => 0,
            Self::Middle => longer / 2 - shorter / 2,
            Self::End => longer - shorter,
        }
    }
}

/// Where a gravity pulls across and down.
fn pulls(gravity: Gravity) -> (Pull, Pull) {
    use Pull::{End, Middle, Start};
    match gravity {
        Gravity::Center => (Middle, Middle),
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

/// How a buffer of samples stands for the original that it was read from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// Columns and rows of the original as stored.
    pub size: (u32, u32),
    /// The turn that makes it upright.
    pub orientation: Orientation,
    /// Samples per pixel of the original, across and down: 1, or less if it was reduced while it
    /// was read. Sample `i` covers the pixels from `i / density` to `(i + 1) / density`; the last
    /// one may reach beyond the original, whose edge the area handed to [`Source::scale`] keeps.
    pub density: (f64, f64),
}

impl Grid {
    /// The grid of an original that is there pixel by pixel.
    pub fn full(size: (u32, u32), orientation: Orientation) -> Self {
        Self { size, orientation, density: (1.0, 1.0) }
    }

    /// Width and height of the upright original.
    pub fn upright(&self) -> (u32, u32) {
        let (width, height) = self.size;
        if swaps_sides(self.orientation) { (height, width) } else { (width, height) }
    }

    /// An area of the upright original in samples of the buffer.
    pub fn samples(&self, upright: Area) -> Area {
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
            left: x.clamp(0.0, stored_width - width) * across,
            top: y.clamp(0.0, stored_height - height) * down,
            width: width * across,
            height: height * down,
        }
    }
}

/// An original that is ready to be scaled, any number of times.
#[derive(Debug)]
pub struct Source {
    /// As stored; colours are premultiplied where there is alpha, so that what is invisible does
    /// not bleed into what is visible.
    stored: Pixels,
    grid: Grid,
}

impl Source {
    /// Takes over the samples of an original as stored.
    pub fn new(mut stored: Pixels, grid: Grid) -> Self {
        if stored.alpha {
            premultiply(&mut stored.bytes);
        }
        Self { stored, grid }
    }

    /// Width and height of the upright original.
    pub fn upright(&self) -> (u32, u32) {
        self.grid.upright()
    }

    /// Whether some pixel is not opaque.
    pub fn has_alpha(&self) -> bool {
        self.stored.alpha
    }

    /// Cuts out an area of the upright image and scales it.
    pub fn scale(&self, area: Area, size: (u32, u32)) -> Result<Pixels, ScalingError> {
        let turned = swaps_sides(self.grid.orientation);
        let (width, height) = if turned { (size.1, size.0) } else { size };
        let mut scaled = Pixels::filled(width, height, self.stored.alpha, [0; 4]);
        let channels = scaled.channels();
        let area = self.grid.samples(area);
        let size = (self.stored.width, self.stored.height);
        let mut plane = vec![0; width as usize * height as usize];
        for channel in 0..channels {
            let stored: Vec<u8> =
                self.stored.bytes.chunks_exact(channels).map(|pixel| pixel[channel]).collect();
            scale_plane((&stored, size), area, (&mut plane, (width, height)))?;
            for (pixel, &sample) in scaled.bytes.chunks_exact_mut(channels).zip(&plane) {
                pixel[channel] = sample;
            }
        }
        if scaled.alpha {
            unpremultiply(&mut scaled.bytes);
        }
        Ok(scaled.oriented(self.grid.orientation))
    }
}

/// Lets colours count as much as they are visible.
fn premultiply(bytes: &mut [u8]) {
    for [colours @ .., alpha] in bytes.as_chunks_mut::<4>().0 {
        for colour in colours {
            let product = u32::from(*colour) * u32::from(*alpha);
            *colour = u8::try_from((product + 127) / 255).unwrap_or(u8::MAX);
        }
    }
}

/// The reverse. What is invisible has no colour.
fn unpremultiply(bytes: &mut [u8]) {
    for [colours @ .., alpha] in bytes.as_chunks_mut::<4>().0 {
        let alpha = u32::from(*alpha);
        for colour in colours {
            let quotient = (u32::from(*colour) * 255 + alpha / 2).checked_div(alpha);
            // The filter may ring, and leave more colour than alpha.
            *colour = quotient.map_or(0, |value| u8::try_from(value).unwrap_or(u8::MAX));
        }
    }
}

/// Scales an area of one plane into another, each given with its columns and rows. Planes are all
/// that is ever scaled: for each kind of pixel the resizer would bring in its code anew.
pub(crate) fn scale_plane(
    (stored, (across, down)): (&[u8], (u32, u32)),
    area: Area,
    (scaled, (width, height)): (&mut [u8], (u32, u32)),
) -> Result<(), ScalingError> {
    let source =
        TypedImageRef::<U8>::from_buffer(across, down, stored).map_err(ScalingError::new)?;
    let mut target =
        TypedImage::<U8>::from_buffer(width, height, scaled).map_err(ScalingError::new)?;
    let Area { left, top, width, height } = within(area, (across, down));
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
        .crop(left, top, width, height)
        .use_alpha(false);
    Resizer::new().resize_typed(&source, &mut target, &options).map_err(ScalingError::new)
}

/// The same area without the hair by which a product of fractions may exceed the buffer.
fn within(area: Area, (across, down): (u32, u32)) -> Area {
    let (across, down) = (f64::from(across), f64::from(down));
    let (width, height) = (area.width.min(across), area.height.min(down));
    Area { left: area.left.min(across - width), top: area.top.min(down - height), width, height }
}

/// A mistake in the arithmetic above, which the resizer noticed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ScalingError(String);

impl ScalingError {
    fn new(error: impl std::error::Error) -> Self {
        Self(error.to_string())
    }
}

#[cfg(test)]
mod tests;
