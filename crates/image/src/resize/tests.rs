//! Scaling what was placed.

use contract::{
    framing::Framing,
    settings::{Gravity, Variant},
};
use image::metadata::Orientation;

use super::*;
use crate::geometry::place;

fn area(left: f64, top: f64, width: f64, height: f64) -> Area {
    Area { left, top, width, height }
}

fn chequered(width: u32, height: u32) -> Pixels {
    let bytes = (0..height).flat_map(|y| (0..width).flat_map(move |x| [x * 8, y * 8, x ^ y]));
    let bytes = bytes.map(|value| u8::try_from(value).unwrap()).collect();
    Pixels { width, height, alpha: false, bytes }
}

/// A picture that was read, and how its samples stand for its pixels.
fn source(pixels: &Pixels, grid: Grid) -> Source {
    let channels = pixels.channels();
    let plane = |channel| pixels.bytes.chunks(channels).map(|pixel| pixel[channel]).collect();
    let stored = Channels {
        width: pixels.width,
        height: pixels.height,
        first_row: 0,
        alpha: pixels.alpha,
        planes: (0..channels).map(plane).collect(),
    };
    Source::new(stored, grid)
}

const ORIENTATIONS: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

#[test]
fn an_unscaled_area_is_cut_exactly_whatever_the_orientation() {
    for tag in ORIENTATIONS {
        let orientation = Orientation::from_exif(tag).unwrap();
        let upright = chequered(30, 20).oriented(orientation);
        let source = source(&chequered(30, 20), Grid::full((30, 20), orientation));
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
        let size = (turned_first.width, turned_first.height);
        let upright = Grid::full(size, Orientation::NoTransforms);
        let turned_first = source(&turned_first, upright);
        let turned_last = source(&chequered(30, 20), Grid::full((30, 20), orientation));
        let placed = place(turned_last.upright(), &Variant::of_size(8, 8), Framing::default());
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
    let source = source(&pixels, Grid::full((40, 40), Orientation::NoTransforms));
    let scaled = source.scale(area(0.0, 0.0, 40.0, 40.0), (7, 7)).unwrap();
    for [red, green, _, alpha] in scaled.bytes.as_chunks::<4>().0 {
        assert!(*alpha == 0 || (*red > 250 && *green == 0), "{red} {green} {alpha}");
    }
}

/// What `convert -resize WxH^ -gravity G -crop WxH+0+0` of `ImageMagick` 6.9 gives: the size that
/// the original is scaled to, and where it is cut.
/// A picture of 26 x 16 whose every 4 x 4 box, and what is left of one at the edges, has one
/// colour.
#[test]
fn a_reduced_original_is_cut_where_the_whole_one_is() {
    let colour =
        |x: u32, y: u32| [x / 4 * 30, y / 4 * 50, 9].map(|value| u8::try_from(value).unwrap());
    let picture = |width: u32, height: u32, step: u32| {
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let bytes = places.flat_map(|(x, y)| colour(x * step, y * step)).collect();
        Pixels { width, height, alpha: false, bytes }
    };
    for tag in ORIENTATIONS {
        let orientation = Orientation::from_exif(tag).unwrap();
        let full = Grid::full((26, 16), orientation);
        let reduced = Grid { density: (0.25, 0.25), ..full };
        let whole = source(&picture(26, 16, 1), full);
        let few = source(&picture(7, 4, 4), reduced);
        assert_eq!(whole.upright(), few.upright());
        let (width, height) = few.upright();
        for area in [
            area(0.0, 0.0, f64::from(width), f64::from(height)),
            area(4.0, 2.0, 8.0, 12.0),
            area(f64::from(width) - 10.0, f64::from(height) - 14.0, 10.0, 14.0),
        ] {
            let [want, have] = [&whole, &few].map(|source| source.scale(area, (2, 2)).unwrap());
            let furthest = want.bytes.iter().zip(&have.bytes).map(|(a, b)| a.abs_diff(*b)).max();
            assert!(furthest.unwrap() <= 12, "orientation {tag}, {area:?}: {want:?} {have:?}");
        }
    }
}

#[test]
fn an_enlarged_original_is_cut_at_the_same_pixels() {
    // Two columns become 80; their border is at 40 of the whole and, of the right 60, at 20.
    let pixels = Pixels { width: 2, height: 1, alpha: false, bytes: vec![0, 0, 0, 255, 255, 255] };
    let variant = Variant { gravity: Gravity::East, ..Variant::of_size(60, 40) };
    let source = source(&pixels, Grid::full((2, 1), Orientation::NoTransforms));
    let placed = place(source.upright(), &variant, Framing::default());
    let scaled = source.scale(placed.area, placed.scaled).unwrap();
    let row: Vec<_> = scaled.bytes.as_chunks::<3>().0[..60].iter().map(|pixel| pixel[0]).collect();
    assert!(row[19] < 128 && row[20] >= 127, "{row:?}");
    assert_eq!(row.iter().position(|&value| value > 127), Some(20), "{row:?}");
}
