//! Every kind of original, with the pixels it must become.

use fixtures::{jpeg_writer, kinds};
use image::GenericImageView;
use moxcms::ColorProfile;

use super::*;

/// Lossy coding, smeared chroma and the ringing of the filter stay below this in the middle of a quarter.
const TOLERANCE: u8 = 12;

#[test]
fn every_kind_of_original_shows_its_quarters() {
    for kinds::Kind { name, file, quarters } in kinds::all() {
        let variants = [Variant { fit: Fit::Contain, ..variant(48, 48) }];
        let result = render(&file, &variants, &Limits::default());
        let result = result.unwrap_or_else(|error| panic!("{name}: {error}"));
        let image = fixtures::decoded(&result[0].bytes);
        let (width, height) = image.dimensions();
        for (index, expected) in quarters.into_iter().enumerate() {
            let x = if index % 2 == 0 { width / 4 } else { width * 3 / 4 };
            let y = if index < 2 { height / 4 } else { height * 3 / 4 };
            let pixel = image.get_pixel(x, y).0;
            let furthest = pixel.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
            // The colour of what cannot be seen is nothing to check.
            let same = furthest <= TOLERANCE || (expected[3] == 0 && pixel[3] == 0);
            assert!(same, "{name}: quarter {index} is {pixel:?}, not {expected:?}");
        }
    }
}

#[test]
fn sixteen_bits_are_rounded_not_cut_off() {
    // 0x7f80 is 127.004 of 255, 0x7fff is 127.498, 0x8000 is 127.502.
    for (deep, expected) in [(0x7f80_u16, 127), (0x7fff, 127), (0x8000, 128), (0xffff, 255)] {
        let mut file = fixtures::png::Builder::new((8, 8), (16, 0, false));
        let row = [&[0][..], &deep.to_be_bytes().repeat(8)].concat();
        file.chunk(*b"IDAT", &fixtures::png::zlib(&row.repeat(8)));
        let result = rendered(&file.finish(), variant(8, 8));
        assert_eq!(fixtures::decoded(&result.bytes).get_pixel(3, 3).0[0], expected, "{deep:#x}");
    }
}

#[test]
fn embedded_profiles_are_converted_in_every_format() {
    let stored = Drawing::filled(20, 20, false, [200, 100, 100, 0]);
    for (name, profile, expected) in [
        // By the matrices and curves of both spaces.
        ("Display P3", ColorProfile::new_display_p3(), [215, 93, 97]),
        ("Adobe RGB", ColorProfile::new_adobe_rgb(), [227, 100, 100]),
        ("sRGB", ColorProfile::new_srgb(), [200, 100, 100]),
    ] {
        let icc = profile.encode().unwrap();
        for (format, file) in [
            ("JPEG", fixtures::jpeg_with(&stored, 1, &icc)),
            ("PNG", fixtures::png_with(&stored, 1, &icc)),
            ("WebP", fixtures::webp_with(&stored, 1, &icc)),
            ("TIFF", fixtures::tiff_with(&stored, 1, &icc)),
        ] {
            let result = rendered(&file, variant(10, 10));
            let pixel = fixtures::decoded(&result.bytes).get_pixel(5, 5);
            let furthest = pixel.0.iter().zip(expected).map(|(a, b)| a.abs_diff(b)).take(3).max();
            assert!(furthest.unwrap() <= 3, "{name} in {format}: {pixel:?}, not {expected:?}");
        }
    }
}

#[test]
fn grey_profiles_brighten_grey_originals_only() {
    let icc = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
    let mut grey = fixtures::png::Builder::new((8, 8), (8, 0, false));
    grey.chunk(*b"iCCP", &[b"linear\0\0", &fixtures::png::zlib(&icc)[..]].concat());
    grey.chunk(*b"IDAT", &fixtures::png::zlib(&[0, 55, 55, 55, 55, 55, 55, 55, 55].repeat(8)));
    let pixel =
        |file: &[u8]| fixtures::decoded(&rendered(file, variant(8, 8)).bytes).get_pixel(3, 3);
    // Linear 55 of 255 is half as bright to the eye.
    assert!(near(pixel(&grey.finish()), [128; 3]));
    // A colour picture with a profile for grey would lose its colours.
    let colour = Drawing::filled(8, 8, false, [200, 100, 50, 0]);
    assert!(near(pixel(&fixtures::png_with(&colour, 1, &icc)), [200, 100, 50]));
}

#[test]
fn inks_go_through_their_profile() {
    let icc = fixtures::ink_profile([60, 120, 240]);
    for (inks, expected) in [([255, 0, 0, 0], [60, 120, 240]), ([0; 4], [255; 3])] {
        for ycck in [false, true] {
            let with = rendered(&fixtures::jpeg::inks(inks, ycck, &icc), variant(8, 8));
            let pixel = fixtures::decoded(&with.bytes).get_pixel(4, 4);
            let furthest = pixel.0.iter().zip(expected).map(|(a, b): (&u8, u8)| a.abs_diff(b));
            assert!(furthest.take(3).max().unwrap() <= 4, "{inks:?}: {pixel:?}");
        }
    }
    // Without a profile cyan is the complement of red.
    let without = rendered(&fixtures::jpeg::inks([255, 0, 0, 0], false, &[]), variant(8, 8));
    assert!(near(fixtures::decoded(&without.bytes).get_pixel(4, 4), [0, 255, 255]));
}

#[test]
fn raw_photos_that_look_like_tiff_are_named() {
    use fixtures::tiff::{long, short};
    // A thumbnail beside which the photo is; the version of DNG; the colours of a sensor.
    for more in [
        vec![(0x00fe, long(1)), (0x014a, long(8))],
        vec![(0xc612, long(0x0401))],
        vec![(0x0106, short(32_803))],
    ] {
        let mut tags = fixtures::tiff::basic_tags((8, 8), &[8; 3], (1, 2), 8);
        tags.retain(|(tag, _)| more.iter().all(|(other, _)| tag != other));
        tags.extend(more);
        let file = fixtures::tiff::build(tags, &[vec![0; 192]]);
        assert_eq!(refusal(&file), "camera raw is not supported");
    }
}

#[test]
fn kinds_that_are_not_read_are_named() {
    let jpeg = fixtures::jpeg::colour(fixtures::jpeg::PLAIN);
    let frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    for (process, precision, name) in [
        (0xc1, 12, "12 bits a sample"),
        (0xc3, 8, "lossless"),
        (0xc5, 8, "hierarchical"),
        (0xc9, 8, "arithmetic coding"),
    ] {
        let mut file = jpeg.clone();
        (file[frame + 1], file[frame + 4]) = (process, precision);
        assert_eq!(refusal(&file), format!("this kind of JPEG ({name}) is not supported"));
    }
}

#[test]
fn separate_scans_are_drawn_in_their_places_in_large_variants_too() {
    for layout in [&[(1, 1); 3][..], &[(2, 2), (1, 1), (1, 1)], &[(4, 1), (1, 1), (1, 1)]] {
        let mut picture = jpeg_writer::Picture::smooth((69, 65), layout);
        let [together, separate] = [false, true].map(|separate| {
            picture.separate = separate;
            let variant = Variant { format: Format::Png, ..Variant::of_size(69, 65) };
            let drawn = render(&picture.file(), &[variant], &Limits::default()).unwrap();
            fixtures::decoded(&drawn[0].bytes).to_rgb8().into_raw()
        });
        let apart = together.iter().zip(&separate).map(|(a, b)| f64::from(a.abs_diff(*b)));
        let apart = apart.sum::<f64>() / f64::from(u32::try_from(together.len()).unwrap());
        assert!(apart < 3.0, "{layout:?}: {apart} on average");
    }
}
