//! What the formats make of the same quality, alpha and sizes.

use image::GenericImageView;

use super::*;

const EFFORTS: [Effort; 2] = [Effort::Speed, Effort::Size];

fn in_format(file: &[u8], format: Format, quality: u8, effort: Effort) -> Vec<u8> {
    let keeps_size = Variant { fit: Fit::Contain, ..Variant::of_size(16_384, 16_384) };
    rendered(file, Variant { format, quality, effort, ..keeps_size }).bytes
}

/// Bytes of WebP for a hundred that JPEG takes at the same quality and effort. Near lossless, grain like
/// that of this picture takes more of them in WebP.
#[test]
fn webp_is_smaller_than_the_jpeg_that_looks_like_it() {
    let file = fixtures::encoded(&landscape(640, 480), ImageFormat::Png);
    for effort in EFFORTS {
        for quality in [30, 60, 80] {
            let [jpeg, webp] = [Format::Jpeg, Format::Webp]
                .map(|format| in_format(&file, format, quality, effort).len());
            let percent = 100 * webp / jpeg;
            assert!(percent < 90, "{percent} % at quality {quality}, {effort:?}");
        }
    }
}

#[test]
fn flat_colours_stay_flat_at_odd_and_even_sizes() {
    const RED: [u8; 3] = [255, 0, 0];
    for (width, height) in [(401, 301), (400, 301), (401, 300), (250, 250), (1, 1), (1, 2), (2, 1)]
    {
        let pixels = Drawing::filled(width, height, false, [255, 0, 0, 0]);
        let file = fixtures::encoded(&pixels, ImageFormat::Png);
        for (format, quality) in [(Format::Jpeg, 80), (Format::Webp, 80), (Format::Webp, 100)] {
            for effort in EFFORTS {
                let image = fixtures::decoded(&in_format(&file, format, quality, effort));
                assert_eq!(image.dimensions(), (width, height));
                for (x, y, pixel) in image.pixels() {
                    let off = pixel.0.iter().zip(RED).map(|(a, b)| a.abs_diff(b)).max().unwrap();
                    assert!(off <= 6, "{width}x{height}, {format:?}: {pixel:?} at {x}, {y}");
                }
            }
        }
    }
}

/// PNG has the same picture, without any loss.
#[test]
fn webp_keeps_alpha_exactly_and_at_quality_100_every_visible_colour() {
    let file = fixtures::encoded(&shaded(61, 47), ImageFormat::Png);
    let exact = fixtures::decoded(&in_format(&file, Format::Png, 100, Effort::Speed)).into_rgba8();
    for effort in EFFORTS {
        for quality in [1, 80, 100] {
            let image = fixtures::decoded(&in_format(&file, Format::Webp, quality, effort));
            for (written, given) in image.into_rgba8().pixels().zip(exact.pixels()) {
                assert_eq!(written[3], given[3], "quality {quality}, {effort:?}");
                if quality == 100 && given[3] > 0 {
                    assert_eq!(written, given, "{effort:?}");
                }
            }
        }
    }
}

/// Every level of alpha over changing colours.
fn shaded(width: u32, height: u32) -> Drawing {
    let byte = |value: u32| u8::try_from(value % 256).unwrap();
    let pixel = |x: u32, y: u32| [byte(4 * x), byte(5 * y), byte(x * y), byte(x * 7 + y * 11)];
    let bytes = (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect();
    Drawing { width, height, alpha: true, bytes }
}

#[test]
fn a_side_that_webp_cannot_have_is_refused_by_name() {
    let file = fixtures::encoded(&Drawing::filled(2, 1, false, [9; 4]), ImageFormat::Png);
    let wide = |width| {
        let variant =
            Variant { upscale: Some(true), fit: Fit::Cover, ..Variant::of_size(width, 1) };
        let variants = [Variant { format: Format::Webp, ..variant }];
        render(&file, &variants, &Limits::default()).map(|made| made[0].width)
    };
    assert_eq!(wide(16_383), Ok(16_383));
    let error = wide(16_384).unwrap_err().to_string();
    assert_eq!(error, "cannot encode 16384x1: 16384x1 pixels; a WebP has 1 to 16383 a side");
}

#[test]
fn quality_is_each_variants_own() {
    let file = fixtures::jpeg::of_drawing(fixtures::jpeg::PLAIN, &landscape(400, 300));
    for format in [Format::Jpeg, Format::Webp] {
        let sizes: Vec<_> = [30, 80, 95]
            .map(|quality| rendered(&file, Variant { quality, format, ..variant(200, 150) }))
            .map(|result| result.bytes.len())
            .into();
        assert!(sizes.is_sorted_by(|a, b| a * 5 < b * 4), "{format:?}: {sizes:?}");
    }
}

#[test]
fn effort_makes_files_smaller_whatever_they_are_made_of() {
    let photo = fixtures::jpeg::of_drawing(fixtures::jpeg::PLAIN, &landscape(800, 600));
    let png = rendered(&photo, variant(400, 300)).bytes;
    for (name, file) in [("planes", &photo), ("pixels", &png)] {
        let made = |format| {
            [Effort::Speed, Effort::Size]
                .map(|effort| rendered(file, Variant { effort, format, ..variant(400, 300) }).bytes)
        };
        let [fast, small] = made(Format::Jpeg);
        assert!(small.len() * 10 < fast.len() * 9, "{name}: {} of {}", small.len(), fast.len());
        assert_eq!(fixtures::decoded(&small).dimensions(), (400, 300), "{name}");
        let [fast, small] = made(Format::Webp);
        assert!(small.len() < fast.len(), "{name}: {} of {}", small.len(), fast.len());
    }
}
