//! Logos on variants: where, how large, and in which colours.

use contract::{
    framing::Share,
    settings::{Metadata, Watermark},
};

use super::*;
use crate::watermark::Watermarks;

const WHITE: [u8; 3] = [255; 3];
const NAVY: [u8; 3] = [0, 0, 128];

fn watermark(gravity: Gravity, [scale, opacity, margin]: [&str; 3]) -> Watermark {
    let [scale, opacity, margin] = [scale, opacity, margin].map(|it| Share::parse(it).unwrap());
    Watermark { image: "logo.png".to_owned(), gravity, scale, opacity, margin }
}

fn with(watermark: Watermark, variant: Variant) -> Variant {
    Variant { watermark: Some(watermark), ..variant }
}

/// Logos that hold this one.
fn holding(logo: &[u8]) -> Watermarks {
    let mut watermarks = Watermarks::default();
    watermarks.add("logo.png", logo, &Limits::default()).unwrap();
    watermarks
}

fn filled(width: u32, height: u32, colour: [u8; 3]) -> Drawing {
    let [red, green, blue] = colour;
    Drawing::filled(width, height, false, [red, green, blue, 0])
}

fn png(drawing: &Drawing) -> Vec<u8> {
    fixtures::encoded(drawing, ImageFormat::Png)
}

#[track_caller]
fn marked(file: &[u8], watermarks: &Watermarks, variant: Variant) -> DynamicImage {
    let variants = [variant];
    let order = Order { watermarks, ..Order::of(&variants) };
    let made = super::super::render(file, order, &Limits::default()).unwrap();
    fixtures::decoded(&made[0].bytes)
}

/// Left, top, width and height of what is navy.
fn navy_box(image: &DynamicImage) -> (u32, u32, u32, u32) {
    let navy = image.pixels().filter(|(_, _, pixel)| pixel.0[..3] == NAVY);
    let (xs, ys): (Vec<_>, Vec<_>) = navy.map(|(x, y, _)| (x, y)).unzip();
    let [left, top] = [&xs, &ys].map(|it| *it.iter().min().unwrap());
    let [right, bottom] = [&xs, &ys].map(|it| *it.iter().max().unwrap());
    let size = (right - left + 1, bottom - top + 1);
    assert_eq!(u32::try_from(xs.len()), Ok(size.0 * size.1), "it is a full rectangle");
    (left, top, size.0, size.1)
}

#[test]
fn a_logo_goes_to_its_corner_with_its_margin() {
    let logos = holding(&png(&filled(20, 10, NAVY)));
    let file = png(&filled(100, 80, WHITE));
    for (gravity, expected) in [
        (Gravity::NorthWest, (4, 4, 20, 10)),
        (Gravity::North, (40, 4, 20, 10)),
        (Gravity::SouthEast, (76, 66, 20, 10)),
        (Gravity::East, (76, 35, 20, 10)),
        (Gravity::Center, (40, 35, 20, 10)),
        (Gravity::Auto, (40, 35, 20, 10)),
    ] {
        let mark = watermark(gravity, ["0.2", "1", "0.05"]);
        let image = marked(&file, &logos, with(mark, variant(100, 80)));
        assert_eq!(navy_box(&image), expected, "{gravity:?}");
    }
}

#[test]
fn a_logo_is_as_wide_as_its_share_and_fits_with_its_margins() {
    let logos = holding(&png(&filled(20, 10, NAVY)));
    let tall = holding(&png(&filled(10, 40, NAVY)));
    let file = png(&filled(100, 80, WHITE));
    for (logos, gravity, scale, margin, expected) in [
        // Larger than it is itself.
        (&logos, Gravity::NorthWest, "0.6", "0", (0, 0, 60, 30)),
        (&logos, Gravity::NorthWest, "1", "0", (0, 0, 100, 50)),
        (&logos, Gravity::NorthWest, "1", "0.05", (4, 4, 92, 46)),
        (&logos, Gravity::Center, "1", "0.05", (0, 15, 100, 50)),
        (&logos, Gravity::NorthWest, "0.000001", "0", (0, 0, 1, 1)),
        (&tall, Gravity::NorthWest, "0.5", "0", (0, 0, 20, 80)),
        (&tall, Gravity::SouthEast, "0.5", "0.05", (78, 4, 18, 72)),
        (&tall, Gravity::East, "0.5", "0.05", (76, 0, 20, 80)),
        (&logos, Gravity::SouthEast, "0.5", "1", (0, 0, 1, 1)),
    ] {
        let mark = watermark(gravity, [scale, "1", margin]);
        let image = marked(&file, logos, with(mark, variant(100, 80)));
        let (left, top, width, height) = navy_box(&image);
        assert_eq!((width, height), (expected.2, expected.3), "{scale} {margin}");
        if margin != "1" {
            assert_eq!((left, top), (expected.0, expected.1), "{scale} {margin}");
        }
    }
}

#[test]
fn opacity_mixes_the_colours() {
    let logos = holding(&png(&filled(10, 10, [200, 0, 100])));
    let file = png(&filled(40, 40, [100, 50, 0]));
    let pixel = |opacity| {
        let mark = watermark(Gravity::NorthWest, ["0.5", opacity, "0"]);
        let image = marked(&file, &logos, with(mark, variant(40, 40)));
        assert_eq!(image.get_pixel(30, 30).0, [100, 50, 0, 255]);
        image.get_pixel(5, 5).0
    };
    assert_eq!(pixel("1"), [200, 0, 100, 255]);
    assert_eq!(pixel("0.6"), [160, 20, 60, 255]);
    assert_eq!(pixel("0"), [100, 50, 0, 255]);
}

#[test]
fn alpha_of_logo_and_variant_count() {
    let clear = |alpha| png(&Drawing::filled(8, 8, true, [200, 100, 0, alpha]));
    let mark = || watermark(Gravity::Center, ["1", "1", "0"]);
    let pixel = |logo: u8, below: Drawing| {
        let image = marked(&png(&below), &holding(&clear(logo)), with(mark(), variant(16, 16)));
        image.into_rgba8().get_pixel(8, 8).0
    };
    assert_eq!(pixel(0, filled(16, 16, WHITE)), [255, 255, 255, 255]);
    assert_eq!(pixel(128, filled(16, 16, WHITE)), [227, 177, 127, 255]);
    // On a clear variant it has its own colour, whatever is hidden there.
    assert_eq!(pixel(255, Drawing::filled(16, 16, true, [1, 2, 3, 0])), [200, 100, 0, 255]);
    // Premultiplied, it loses a level.
    assert_eq!(pixel(128, Drawing::filled(16, 16, true, [1, 2, 3, 0])), [199, 100, 0, 128]);
    // Half of half: three quarters are covered, two thirds of that by the logo.
    let [red, green, blue, alpha] = pixel(128, Drawing::filled(16, 16, true, [0, 0, 240, 128]));
    let near = |have: u8, want: u8| have.abs_diff(want) <= 1;
    assert!(near(alpha, 192) && near(red, 133) && near(green, 67) && near(blue, 80));
}

#[test]
fn every_format_can_be_a_logo_and_carry_one() {
    let drawing = filled(40, 30, [0, 0, 255]);
    let logos = [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif]
        .map(|format| fixtures::encoded(&drawing, format));
    let jpeg = fixtures::jpeg_with(&drawing, 1, &[]);
    let photo = fixtures::jpeg_with(&filled(80, 60, [255, 255, 0]), 1, &[]);
    for logo in logos.iter().chain([&jpeg]) {
        let logos = holding(logo);
        for format in [Format::Keep, Format::Png, Format::Webp] {
            for fit in [Fit::Cover, Fit::Pad] {
                let mark = watermark(Gravity::SouthEast, ["0.5", "1", "0"]);
                let base = Variant { format, fit, quality: 95, ..variant(40, 40) };
                let image = marked(&photo, &logos, with(mark, base));
                let pixel = image.get_pixel(30, 35);
                assert!(pixel[2] > 200 && pixel[0] < 60, "{format:?} {fit:?}: {pixel:?}");
                let beside = image.get_pixel(8, 20);
                assert!(beside[0] > 200 && beside[2] < 60, "{format:?} {fit:?}: {beside:?}");
            }
        }
    }
}

#[test]
fn a_logo_that_is_not_there_is_refused_before_decoding() {
    let file = fixtures::png_header(100, 100);
    let mark = watermark(Gravity::Center, ["1", "1", "0"]);
    let error = refused(&file, &Watermarks::default(), with(mark, variant(40, 30)));
    let expected =
        "the watermark `logo.png` of 40x30 is not in this function: `imgprep up` puts it there";
    assert_eq!(error.to_string(), expected);
}

fn refused(file: &[u8], watermarks: &Watermarks, variant: Variant) -> RenderError {
    let variants = [variant];
    let order = Order { watermarks, ..Order::of(&variants) };
    super::super::render(file, order, &Limits::default()).unwrap_err()
}

#[test]
fn what_is_no_image_is_no_logo() {
    let mut watermarks = Watermarks::default();
    let error = watermarks.add("logo.svg", b"<svg/>", &Limits::default()).unwrap_err();
    assert_eq!(error, RenderError::Unsupported("SVG".to_owned()));
    let limits = Limits { max_pixels: 100, ..Limits::default() };
    watermarks.add("logo.png", &png(&filled(20, 10, NAVY)), &limits).unwrap_err();
}

#[test]
fn logos_count_in_memory() {
    let file = png(&filled(100, 80, WHITE));
    let logos = holding(&png(&filled(500, 400, NAVY)));
    let needed = |watermarks: &Watermarks, variant| {
        let variants = [variant];
        let order = Order { watermarks, ..Order::of(&variants) };
        open(&file, order, &Limits::default()).unwrap().memory_needed()
    };
    let plain = needed(&Watermarks::default(), variant(100, 80));
    let held = needed(&logos, variant(100, 80));
    assert_eq!(held - plain, 3 * 500 * 400);
    let mark = watermark(Gravity::Center, ["1", "1", "0"]);
    let large = variant(2000, 1600);
    let drawn = needed(&logos, with(mark, large.clone())) - needed(&logos, large);
    assert!(drawn >= 8 * 2000 * 1600, "{drawn}");
}

#[test]
fn variants_without_a_logo_are_as_ever() {
    let file = fixtures::jpeg_with(&landscape(80, 60), 1, &[]);
    let logos = holding(&png(&filled(20, 10, NAVY)));
    let plain = Variant { metadata: Metadata::None, format: Format::Keep, ..variant(40, 30) };
    let beside = [plain.clone(), with(watermark(Gravity::Center, ["1", "1", "0"]), plain.clone())];
    let order = Order { watermarks: &logos, ..Order::of(&beside) };
    let both = super::super::render(&file, order, &Limits::default()).unwrap();
    let other = render(&file, &[plain, variant(40, 30)], &Limits::default()).unwrap();
    assert_eq!(both[0], other[0]);
    assert_ne!(both[0].bytes, both[1].bytes);
}
