//! What an uploader says of the composition, and what of the picture is then shown.

use contract::{
    framing::{Crop, Focus, Framing},
    settings::SIDE_MAX,
};

use super::*;

fn framing(focus: &str, crop: &str) -> Framing {
    Framing { focus: Focus::parse(focus), crop: Crop::parse(crop) }
}

#[track_caller]
fn framed(file: &[u8], framing: Framing, variant: Variant) -> Rendered {
    let variants = [variant];
    let order = Order { framing, ..Order::of(&variants) };
    super::super::render(file, order, &Limits::default()).unwrap().remove(0)
}

fn pixels_of(rendered: &Rendered) -> image::RgbImage {
    fixtures::decoded(&rendered.bytes).into_rgb8()
}

/// No two pixels are alike, and neighbours differ little, so that a JPEG can tell them.
fn ramps(width: u32, height: u32) -> Drawing {
    let pixel = |x: u32, y: u32| [x * 3, y * 4, 90 + x + y].map(|it| u8::try_from(it).unwrap());
    let bytes = (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect();
    Drawing { width, height, alpha: false, bytes }
}

/// Larger than any of the pictures, so that nothing is scaled.
fn unscaled() -> Variant {
    Variant { fit: Fit::Contain, ..variant(200, 200) }
}

#[test]
fn a_crop_is_cut_out_to_the_pixel_however_the_original_is_turned() {
    let stored = ramps(60, 40);
    for tag in 1..=8 {
        for (name, file) in [
            ("PNG", fixtures::png_with(&stored, tag, &[])),
            ("JPEG", fixtures::jpeg_with(&stored, tag, &[])),
            ("WebP", fixtures::webp_with(&stored, tag, &[])),
            ("TIFF", fixtures::tiff_with(&stored, tag, &[])),
        ] {
            let about = format!("{name} with orientation {tag}");
            let whole = pixels_of(&rendered(&file, unscaled()));
            let result = framed(&file, framing("", "0.25,0.1,0.5,0.3"), unscaled());
            let (width, height) = whole.dimensions();
            let view = image::imageops::crop_imm(
                &whole,
                width / 4,
                height / 10,
                width / 2,
                height * 3 / 10,
            );
            assert_eq!(pixels_of(&result), view.to_image(), "{about}");
            let Frame { left, top, width, height } = result.frame;
            assert_eq!((left, top, width, height), (0.25, 0.1, 0.5, 0.3), "{about}");
        }
    }
}

/// Enlarged, so that what is beside the crop would show through the filter.
#[test]
fn nothing_beside_a_crop_shows_at_its_edges() {
    let stored = quarters(64, 48);
    let files = [
        fixtures::png_with(&stored, 1, &[]),
        fixtures::encoded(&stored, ImageFormat::WebP),
        fixtures::jpeg_with(&stored, 1, &[]),
        fixtures::jpeg::of_drawing(fixtures::jpeg::PLAIN, &stored),
    ];
    for file in files {
        for (crop, colour) in [
            ("0,0,0.5,0.5", RED),
            ("0.5,0,0.5,0.5", GREEN),
            ("0,0.5,0.5,0.5", BLUE),
            ("0.5,0.5,0.5,0.5", YELLOW),
        ] {
            for fit in [Fit::Cover, Fit::Contain] {
                let enlarged = Variant { fit, upscale: Some(true), ..variant(200, 150) };
                let image = fixtures::decoded(&framed(&file, framing("", crop), enlarged).bytes);
                for (x, y, pixel) in image.pixels() {
                    let same = pixel.0.iter().zip(colour).all(|(a, b)| a.abs_diff(b) <= 8);
                    assert!(same, "{crop} at {x},{y}: {pixel:?}");
                }
            }
        }
    }
}

/// One grey for each column of pixels.
fn columns(width: u32, height: u32) -> Drawing {
    let row = (0..width).flat_map(|x| [u8::try_from(x).unwrap(); 3]);
    let bytes = row.collect::<Vec<_>>().repeat(height as usize);
    Drawing { width, height, alpha: false, bytes }
}

fn first_and_last_column(rendered: &Rendered) -> [u8; 2] {
    let image = pixels_of(rendered);
    [0, image.width() - 1].map(|x| image.get_pixel(x, 0)[0])
}

#[test]
fn cover_is_centred_on_the_focus_as_far_as_the_picture_reaches() {
    let file = fixtures::encoded(&columns(200, 40), ImageFormat::Png);
    for (focus, expected) in [
        ("0,0.5", [0, 39]),
        ("0.05,0.5", [0, 39]),
        ("0.3,0.1", [40, 79]),
        ("0.5,0.9", [80, 119]),
        ("0.755,0", [131, 170]),
        ("0.95,1", [160, 199]),
        ("1,1", [160, 199]),
    ] {
        // Whatever the gravity is.
        for gravity in [Gravity::Center, Gravity::Auto, Gravity::West] {
            let square = Variant { gravity, ..variant(40, 40) };
            let result = framed(&file, framing(focus, ""), square);
            assert_eq!(first_and_last_column(&result), expected, "{focus}");
            // The picture is smaller than its frame.
            let large = Variant { gravity, upscale: Some(false), ..variant(300, 300) };
            let result = framed(&file, framing(focus, ""), large);
            assert_eq!((result.width, result.height), (40, 40));
            assert_eq!(first_and_last_column(&result), expected, "{focus}");
        }
    }
}

#[test]
fn a_focus_in_the_middle_is_what_cover_does_without() {
    for (width, height) in [(100, 67), (101, 67), (67, 101), (7, 5), (41, 40)] {
        let drawing = ramps(width.min(80), height.min(50));
        let file = fixtures::encoded(&drawing, ImageFormat::Png);
        for (w, h) in [(20, 20), (31, 20), (20, 31)] {
            let with = framed(&file, framing("0.5,0.5", ""), variant(w, h));
            assert_eq!(with, rendered(&file, variant(w, h)), "{width}x{height} in {w}x{h}");
        }
    }
}

#[test]
fn a_focus_is_a_point_of_the_whole_picture_and_bound_by_the_crop() {
    let file = fixtures::encoded(&columns(200, 40), ImageFormat::Png);
    for (focus, expected) in [
        ("0.1,0.5", [50, 89]),
        ("0.4,0.5", [60, 99]),
        ("0.5,0.5", [80, 119]),
        ("0.9,0.5", [110, 149]),
    ] {
        let result = framed(&file, framing(focus, "0.25,0,0.5,1"), variant(40, 40));
        assert_eq!(first_and_last_column(&result), expected, "{focus}");
        let left = f64::from(expected[0]) / 200.0;
        assert!((result.frame.left - left).abs() < 1e-9);
    }
    // A gravity is one within the crop.
    let west = Variant { gravity: Gravity::West, ..variant(40, 40) };
    let result = framed(&file, framing("", "0.25,0,0.5,1"), west);
    assert_eq!(first_and_last_column(&result), [50, 89]);
}

#[test]
fn a_focus_is_a_point_of_the_upright_picture() {
    // Upright it is 40x80: blue and red above yellow and green.
    let stored = quarters(80, 40);
    for file in [fixtures::png_with(&stored, 6, &[]), fixtures::jpeg_with(&stored, 6, &[])] {
        let top = framed(&file, framing("0.5,0.2", ""), variant(40, 40));
        check_quarters(&top.bytes, [BLUE, RED, BLUE, RED], "top");
        let bottom = framed(&file, framing("0.5,0.9", ""), variant(40, 40));
        check_quarters(&bottom.bytes, [YELLOW, GREEN, YELLOW, GREEN], "bottom");
        let corner = framed(&file, framing("", "0.5,0.5,0.5,0.5"), variant(40, 40));
        check_quarters(&corner.bytes, [GREEN; 4], "corner");
    }
}

#[test]
fn the_smallest_crop_is_a_pixel() {
    let file = fixtures::encoded(&columns(200, 40), ImageFormat::Png);
    for (crop, column) in [("0,0,0.000001,0.000001", 0), ("0.999999,0,0.000001,1", 199)] {
        let result = framed(&file, framing("", crop), variant(8, 8));
        assert_eq!(first_and_last_column(&result), [column; 2], "{crop}");
    }
}

#[test]
fn a_crop_of_a_large_original_needs_only_its_rows() {
    // Whole it would be 480 MB.
    let file = fixtures::png_header(4000, 40_000);
    let variants = [Variant { fit: Fit::Contain, ..variant(4000, 400) }];
    let needed = |framing| {
        let order = Order { framing, ..Order::of(&variants) };
        open(&file, order, &Limits::default()).unwrap().memory_needed()
    };
    let part = needed(framing("", "0,0.5,1,0.01"));
    assert!(part < 100 << 20, "{part}");
    let wide = [variant(4000, 400)];
    let order = Order { framing: framing("0.5,0.1", ""), ..Order::of(&wide) };
    let focused = open(&file, order, &Limits::default()).unwrap().memory_needed();
    assert!(focused < 100 << 20, "{focused}");
}

#[test]
fn a_crop_shows_more_detail_than_the_whole() {
    let file = fixtures::jpeg_with(&landscape(800, 600), 1, &[]);
    let crop = framing("", "0.5,0.5,0.25,0.25");
    let detail = framed(&file, crop, Variant { fit: Fit::Contain, ..variant(200, 150) });
    let whole = rendered(&file, Variant { fit: Fit::Contain, ..variant(800, 600) });
    let view = image::imageops::crop_imm(&pixels_of(&whole), 400, 300, 200, 150).to_image();
    assert_eq!(pixels_of(&detail), view);
}

#[test]
fn one_side_is_asked_for_and_the_other_follows() {
    let one_sided = |width, height| Variant { fit: Fit::Contain, ..variant(width, height) };
    for (source, (width, height), expected) in [
        ((300, 400), (150, SIDE_MAX), (150, 200)),
        ((300, 400), (SIDE_MAX, 100), (75, 100)),
        ((30, 40), (150, SIDE_MAX), (30, 40)),
        ((40, 20_000), (40, SIDE_MAX), (33, 16_384)),
    ] {
        let file = fixtures::encoded(
            &Drawing::filled(source.0, source.1, false, [9; 4]),
            ImageFormat::Png,
        );
        let result = rendered(&file, one_sided(width, height));
        assert_eq!((result.width, result.height), expected, "{source:?}");
    }
    let file = fixtures::encoded(&quarters(60, 40), ImageFormat::Png);
    let result = framed(&file, framing("", "0.5,0,0.5,1"), one_sided(15, SIDE_MAX));
    assert_eq!((result.width, result.height), (15, 20), "the shape is the crop's");
}

/// A red ball on a grey wall, at this share of the width.
fn ball(width: u32, height: u32, at: f64) -> Drawing {
    let colour = |x: u32, y: u32| {
        let off = (f64::from(x) - at * f64::from(width), f64::from(y) - f64::from(height) / 2.0);
        if off.0.hypot(off.1) < f64::from(height) / 8.0 { [210, 30, 30] } else { [120; 3] }
    };
    let bytes = (0..height).flat_map(|y| (0..width).flat_map(move |x| colour(x, y))).collect();
    Drawing { width, height, alpha: false, bytes }
}

#[test]
fn gravity_auto_finds_what_there_is_to_see_however_the_original_is_turned() {
    let auto = |width, height| Variant { gravity: Gravity::Auto, ..variant(width, height) };
    let stored = ball(240, 120, 0.85);
    for tag in 1..=8 {
        for file in [fixtures::png_with(&stored, tag, &[]), fixtures::jpeg_with(&stored, tag, &[])]
        {
            let result = rendered(&file, auto(60, 60));
            let image = pixels_of(&result);
            let red = image.pixels().filter(|pixel| pixel[0] > 160 && pixel[1] < 80).count();
            // All of it: a circle with a radius of 15 in 120 pixels, of which 60 are left.
            assert!((150..200).contains(&red), "orientation {tag}: {red}");
            let Frame { left, top, width, height } = result.frame;
            let (start, length) = if tag < 5 { (left, width) } else { (top, height) };
            assert!((length - 0.5).abs() < 1e-9, "{:?}", result.frame);
            // On the right as stored: mirrored, it is on the other side.
            let is_turned = [2, 3, 7, 8].contains(&tag);
            assert!(
                if is_turned { start < 0.1 } else { start > 0.4 },
                "orientation {tag}: {start}"
            );
        }
    }
}

#[test]
fn gravity_auto_looks_at_the_crop_alone_and_is_the_centre_of_an_even_picture() {
    let auto = Variant { gravity: Gravity::Auto, ..variant(40, 40) };
    let file = fixtures::encoded(&ball(240, 80, 0.9), ImageFormat::Png);
    let result = framed(&file, framing("", "0,0,0.5,1"), auto.clone());
    assert!((result.frame.left + result.frame.width / 2.0 - 0.25).abs() < 1e-9);
    let even = fixtures::encoded(&Drawing::filled(201, 80, false, [9; 4]), ImageFormat::Png);
    let centred = rendered(&even, Variant { gravity: Gravity::Center, ..auto.clone() });
    assert_eq!(rendered(&even, auto.clone()), centred);
    for fit in [Fit::Contain, Fit::Pad] {
        let with = |gravity| rendered(&file, Variant { fit, gravity, ..auto.clone() });
        assert_eq!(with(Gravity::Auto), with(Gravity::Center), "{fit:?}");
    }
    for (width, height) in [(1, 300), (300, 1), (1, 1), (3, 2)] {
        let drawing = Drawing::filled(width, height, false, [200, 10, 10, 0]);
        let file = fixtures::encoded(&drawing, ImageFormat::Png);
        assert_eq!(rendered(&file, auto.clone()).width, 40, "{width}x{height}");
    }
}
