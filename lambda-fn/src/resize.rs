//! Where an original goes in the frame of a variant, and the scaling itself.
//!
//! [`place`] is arithmetic alone, in coordinates of the upright image. [`Source`] maps them back to
//! the stored image and turns only the small result, which gives the same picture as turning the
//! original first, for a fraction of the work.

use fast_image_resize::{
    FilterType, MulDiv, PixelTrait, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::{U8x3, U8x4},
};
use image::metadata::Orientation;

use crate::{
    decode::swaps_sides,
    pixels::Pixels,
    settings::{Fit, Gravity, Variant},
};

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
pub fn place((width, height): (u32, u32), variant: &Variant) -> Placement {
    let frame = (variant.width, variant.height);
    let source = (f64::from(width), f64::from(height));
    let whole = Area { left: 0.0, top: 0.0, width: source.0, height: source.1 };
    let ratio = (f64::from(frame.0) / source.0, f64::from(frame.1) / source.1);
    let (right, down) = fractions(variant.gravity);
    let scale_max = if variant.enlarges() { f64::INFINITY } else { 1.0 };
    let inside = || {
        let scale = ratio.0.min(ratio.1).min(scale_max);
        (scaled(source.0, scale, frame.0), scaled(source.1, scale, frame.1))
    };
    match variant.fit {
        Fit::Cover => {
            let scale = ratio.0.max(ratio.1);
            let kept_width = (f64::from(frame.0) / scale).min(source.0);
            let kept_height = (f64::from(frame.1) / scale).min(source.1);
            if scale > scale_max {
                return cut((width, height), (kept_width, kept_height), (right, down));
            }
            let area = Area {
                left: (source.0 - kept_width) * right,
                top: (source.1 - kept_height) * down,
                width: kept_width,
                height: kept_height,
            };
            Placement { area, scaled: frame, canvas: frame, offset: (0, 0) }
        }
        Fit::Contain => {
            let size = inside();
            Placement { area: whole, scaled: size, canvas: size, offset: (0, 0) }
        }
        Fit::Pad => {
            let size = inside();
            let offset = (share(frame.0 - size.0, right), share(frame.1 - size.1, down));
            Placement { area: whole, scaled: size, canvas: frame, offset }
        }
    }
}

/// Cuts a part of the shape of the frame out of an original that is smaller than the frame.
///
/// In whole pixels, so that they are copied as they are: half a pixel off, or a third of a pixel
/// wider, all of them would be blurred.
fn cut((width, height): (u32, u32), kept: (f64, f64), (right, down): (f64, f64)) -> Placement {
    let size = (scaled(kept.0, 1.0, width), scaled(kept.1, 1.0, height));
    let area = Area {
        left: f64::from(share(width - size.0, right)),
        top: f64::from(share(height - size.1, down)),
        width: f64::from(size.0),
        height: f64::from(size.1),
    };
    Placement { area, scaled: size, canvas: size, offset: (0, 0) }
}

/// How far right and how far down a gravity pulls, each from 0 to 1.
fn fractions(gravity: Gravity) -> (f64, f64) {
    match gravity {
        Gravity::Center => (0.5, 0.5),
        Gravity::North => (0.5, 0.0),
        Gravity::NorthEast => (1.0, 0.0),
        Gravity::East => (1.0, 0.5),
        Gravity::SouthEast => (1.0, 1.0),
        Gravity::South => (0.5, 1.0),
        Gravity::SouthWest => (0.0, 1.0),
        Gravity::West => (0.0, 0.5),
        Gravity::NorthWest => (0.0, 0.0),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is clamped to 1..=most, which is a u32"
)]
fn scaled(side: f64, scale: f64, most: u32) -> u32 {
    (side * scale).round().clamp(1.0, f64::from(most)) as u32
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a fraction from 0 to 1 of a u32 is a u32"
)]
fn share(whole: u32, fraction: f64) -> u32 {
    (f64::from(whole) * fraction).floor() as u32
}

/// An original that is ready to be scaled, any number of times.
#[derive(Debug)]
pub struct Source {
    /// As stored; colours are premultiplied where there is alpha, so that what is invisible does
    /// not bleed into what is visible.
    stored: Pixels,
    orientation: Orientation,
}

impl Source {
    /// Takes over an original as stored, with the turn that makes it upright.
    pub fn new(mut stored: Pixels, orientation: Orientation) -> Result<Self, ScalingError> {
        if stored.alpha {
            let Pixels { width, height, bytes, .. } = &mut stored;
            let mut view = TypedImage::<U8x4>::from_buffer(*width, *height, bytes)
                .map_err(ScalingError::new)?;
            MulDiv::new().multiply_alpha_inplace_typed(&mut view).map_err(ScalingError::new)?;
        }
        Ok(Self { stored, orientation })
    }

    /// Width and height of the upright image.
    pub fn upright(&self) -> (u32, u32) {
        let (width, height) = (self.stored.width, self.stored.height);
        if swaps_sides(self.orientation) { (height, width) } else { (width, height) }
    }

    /// Whether some pixel is not opaque.
    pub fn has_alpha(&self) -> bool {
        self.stored.alpha
    }

    /// Cuts out an area of the upright image and scales it.
    pub fn scale(&self, area: Area, size: (u32, u32)) -> Result<Pixels, ScalingError> {
        let turned = swaps_sides(self.orientation);
        let (width, height) = if turned { (size.1, size.0) } else { size };
        let mut scaled = Pixels::filled(width, height, self.stored.alpha, [0; 4]);
        let area = self.stored_area(area);
        if scaled.alpha {
            scale_typed::<U8x4>(&self.stored, area, &mut scaled)?;
            let mut view = TypedImage::<U8x4>::from_buffer(width, height, &mut scaled.bytes)
                .map_err(ScalingError::new)?;
            MulDiv::new().divide_alpha_inplace_typed(&mut view).map_err(ScalingError::new)?;
        } else {
            scale_typed::<U8x3>(&self.stored, area, &mut scaled)?;
        }
        Ok(scaled.oriented(self.orientation))
    }

    /// The same area in the coordinates of the stored image.
    fn stored_area(&self, upright: Area) -> Area {
        let (stored_width, stored_height) =
            (f64::from(self.stored.width), f64::from(self.stored.height));
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
        Area {
            left: x.clamp(0.0, stored_width - width),
            top: y.clamp(0.0, stored_height - height),
            width,
            height,
        }
    }
}

/// Scales into an image that is there. The pixel type is fixed when this is compiled: choosing it
/// at run time would bring in the resizer's code for all thirteen it knows.
fn scale_typed<P: PixelTrait>(
    stored: &Pixels,
    area: Area,
    scaled: &mut Pixels,
) -> Result<(), ScalingError> {
    let source = TypedImageRef::<P>::from_buffer(stored.width, stored.height, &stored.bytes)
        .map_err(ScalingError::new)?;
    let mut target = TypedImage::<P>::from_buffer(scaled.width, scaled.height, &mut scaled.bytes)
        .map_err(ScalingError::new)?;
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
        .crop(area.left, area.top, area.width, area.height)
        .use_alpha(false);
    Resizer::new().resize_typed(&source, &mut target, &options).map_err(ScalingError::new)
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
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: (u32, u32), fit: Fit, gravity: Gravity, expected: (Area, [(u32, u32); 3])) {
        let variant = Variant { fit, gravity, ..Variant::of_size(800, 600) };
        check_variant(source, &variant, expected);
    }

    #[track_caller]
    fn check_variant(
        source: (u32, u32),
        variant: &Variant,
        (area, [scaled, canvas, offset]): (Area, [(u32, u32); 3]),
    ) {
        assert_eq!(place(source, variant), Placement { area, scaled, canvas, offset });
    }

    fn area(left: f64, top: f64, width: f64, height: f64) -> Area {
        Area { left, top, width, height }
    }

    const FULL: [(u32, u32); 3] = [(800, 600), (800, 600), (0, 0)];

    #[test]
    fn cover_fills_the_frame_and_keeps_what_gravity_says() {
        let wide = (2000, 600);
        check(wide, Fit::Cover, Gravity::Center, (area(600.0, 0.0, 800.0, 600.0), FULL));
        check(wide, Fit::Cover, Gravity::West, (area(0.0, 0.0, 800.0, 600.0), FULL));
        check(wide, Fit::Cover, Gravity::NorthEast, (area(1200.0, 0.0, 800.0, 600.0), FULL));
        let tall = (1600, 2000);
        check(tall, Fit::Cover, Gravity::North, (area(0.0, 0.0, 1600.0, 1200.0), FULL));
        check(tall, Fit::Cover, Gravity::Center, (area(0.0, 400.0, 1600.0, 1200.0), FULL));
        check(tall, Fit::Cover, Gravity::SouthWest, (area(0.0, 800.0, 1600.0, 1200.0), FULL));
    }

    #[test]
    fn cover_enlarges_a_small_original() {
        let kept = area(0.0, 12.5, 100.0, 75.0);
        check((100, 100), Fit::Cover, Gravity::Center, (kept, FULL));
    }

    #[test]
    fn cover_without_upscale_cuts_the_largest_part_of_the_frames_shape() {
        let check = |source, gravity, area, size| {
            let variant = Variant { gravity, upscale: Some(false), ..Variant::of_size(800, 600) };
            check_variant(source, &variant, (area, [size, size, (0, 0)]));
        };
        let whole = (100, 75);
        check((100, 100), Gravity::Center, area(0.0, 12.0, 100.0, 75.0), whole);
        check((100, 100), Gravity::North, area(0.0, 0.0, 100.0, 75.0), whole);
        check((100, 100), Gravity::SouthEast, area(0.0, 25.0, 100.0, 75.0), whole);
        // Wide enough, but too low: the height decides.
        check((2000, 300), Gravity::Center, area(800.0, 0.0, 400.0, 300.0), (400, 300));
        // Two thirds of a pixel are rounded, so that what is kept is not scaled.
        check((101, 50), Gravity::East, area(34.0, 0.0, 67.0, 50.0), (67, 50));
        check((1, 1), Gravity::Center, area(0.0, 0.0, 1.0, 1.0), (1, 1));
        check((800, 599), Gravity::West, area(0.0, 0.0, 799.0, 599.0), (799, 599));
        // Nothing is small about these.
        check((800, 600), Gravity::Center, area(0.0, 0.0, 800.0, 600.0), (800, 600));
        check((1600, 1200), Gravity::Center, area(0.0, 0.0, 1600.0, 1200.0), (800, 600));
    }

    #[test]
    fn contain_and_pad_enlarge_to_the_frame_if_asked_to() {
        let variant = |fit| Variant { fit, upscale: Some(true), ..Variant::of_size(800, 600) };
        let whole = area(0.0, 0.0, 80.0, 30.0);
        let contained = [(800, 300), (800, 300), (0, 0)];
        check_variant((80, 30), &variant(Fit::Contain), (whole, contained));
        let padded = [(800, 300), (800, 600), (0, 150)];
        check_variant((80, 30), &variant(Fit::Pad), (whole, padded));
        let large = area(0.0, 0.0, 8000.0, 3000.0);
        check_variant((8000, 3000), &variant(Fit::Contain), (large, contained));
    }

    #[test]
    fn contain_shrinks_into_the_frame_but_never_enlarges() {
        let whole = area(0.0, 0.0, 2000.0, 600.0);
        let sizes = [(800, 240), (800, 240), (0, 0)];
        check((2000, 600), Fit::Contain, Gravity::South, (whole, sizes));
        let small = [(80, 60), (80, 60), (0, 0)];
        check((80, 60), Fit::Contain, Gravity::Center, (area(0.0, 0.0, 80.0, 60.0), small));
        let line = [(800, 1), (800, 1), (0, 0)];
        check((9000, 2), Fit::Contain, Gravity::Center, (area(0.0, 0.0, 9000.0, 2.0), line));
    }

    #[test]
    fn pad_places_the_contained_image_on_the_frame() {
        let whole = area(0.0, 0.0, 2000.0, 600.0);
        for (gravity, top) in [(Gravity::Center, 180), (Gravity::North, 0), (Gravity::South, 360)] {
            let sizes = [(800, 240), (800, 600), (0, top)];
            check((2000, 600), Fit::Pad, gravity, (whole, sizes));
        }
        let small = [(81, 61), (800, 600), (359, 269)];
        check((81, 61), Fit::Pad, Gravity::Center, (area(0.0, 0.0, 81.0, 61.0), small));
    }

    /// Every pixel different, so that no turn can pass for another.
    fn chequered(width: u32, height: u32) -> Pixels {
        let bytes = (0..height).flat_map(|y| (0..width).flat_map(move |x| [x * 8, y * 8, x ^ y]));
        let bytes = bytes.map(|value| u8::try_from(value).unwrap()).collect();
        Pixels { width, height, alpha: false, bytes }
    }

    const ORIENTATIONS: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

    #[test]
    fn an_unscaled_area_is_cut_exactly_whatever_the_orientation() {
        for tag in ORIENTATIONS {
            let orientation = Orientation::from_exif(tag).unwrap();
            let upright = chequered(30, 20).oriented(orientation);
            let source = Source::new(chequered(30, 20), orientation).unwrap();
            assert_eq!(source.upright(), (upright.width, upright.height), "orientation {tag}");
            let cut = source.scale(area(3.0, 5.0, 10.0, 7.0), (10, 7)).unwrap();
            let expected = upright.into_image().crop_imm(3, 5, 10, 7);
            assert_eq!(cut, Pixels::from_image(expected), "orientation {tag}");
        }
    }

    #[test]
    fn scaling_then_turning_is_turning_then_scaling() {
        for tag in ORIENTATIONS {
            let orientation = Orientation::from_exif(tag).unwrap();
            let turned_first = chequered(30, 20).oriented(orientation);
            let turned_first = Source::new(turned_first, Orientation::NoTransforms).unwrap();
            let turned_last = Source::new(chequered(30, 20), orientation).unwrap();
            let placed = place(turned_last.upright(), &Variant::of_size(8, 8));
            let expected = turned_first.scale(placed.area, placed.scaled).unwrap();
            let scaled = turned_last.scale(placed.area, placed.scaled).unwrap();
            assert_eq!((scaled.width, scaled.height), (8, 8));
            let furthest = expected.bytes.iter().zip(&scaled.bytes).map(|(a, b)| a.abs_diff(*b));
            // The two passes of the resizer round in the other order.
            assert!(furthest.max().unwrap() <= 1, "orientation {tag}");
        }
    }

    #[test]
    fn invisible_colour_does_not_bleed() {
        let mut pixels = Pixels::filled(40, 40, true, [255, 0, 0, 255]);
        for pixel in pixels.bytes.as_chunks_mut::<4>().0.iter_mut().skip(800) {
            *pixel = [0, 255, 0, 0];
        }
        let source = Source::new(pixels, Orientation::NoTransforms).unwrap();
        let scaled = source.scale(area(0.0, 0.0, 40.0, 40.0), (7, 7)).unwrap();
        for [red, green, _, alpha] in scaled.bytes.as_chunks::<4>().0 {
            assert!(*alpha == 0 || (*red > 250 && *green == 0), "{red} {green} {alpha}");
        }
    }
}
