//! Files are read back by another decoder, and compared with those that less thought makes.

use std::slice;

use proptest::prelude::*;

use super::*;
use crate::encoder::{
    colour::planes_of_rgb,
    quantisation::ZIGZAG,
    tests::{
        EXTREMES, check_extremes, check_flat, colour, decode, decode_grey, noise, plane, psnr,
        segments,
    },
};

fn small_grey(luma: &Plane, quality: u8) -> Vec<u8> {
    encode(&Picture { luma, chroma: None }, quality, &mut Scratch::default()).unwrap()
}

fn small_colour([luma, cb, cr]: &[Plane; 3], quality: u8) -> Vec<u8> {
    let picture = Picture { luma, chroma: Some([cb, cr]) };
    encode(&picture, quality, &mut Scratch::default()).unwrap()
}

/// A generated picture that is like a photo.
fn photo(width: u32, height: u32) -> [Plane; 3] {
    let planes = planes_of_rgb(&sample::pixels(width, height), width, height);
    let [cb, cr] = planes.chroma;
    [planes.luma, cb, cr]
}

fn noise_planes(width: u32, height: u32) -> [Plane; 3] {
    let half = (width.div_ceil(2), height.div_ceil(2));
    [(width, height), half, half].map(|(width, height)| plane(width, height, noise))
}

/// The file with the same steps and the same search for scans, each coefficient rounded.
fn rounded_file(planes: &[Plane], quality: u8) -> Vec<u8> {
    let table = Table::perceptual(quality);
    let mut components = [const { None }; 3].map(|_: Option<()>| Coefficients::default());
    for (component, plane) in components.iter_mut().zip(planes) {
        component.fill(plane, &table);
    }
    let [width, height] =
        [planes[0].width, planes[0].height].map(|side| u16::try_from(side).unwrap());
    written((width, height), &table, &components[..planes.len()], &mut Symbols::default())
}

#[test]
fn every_small_size_is_read_back() {
    for (width, height) in (1..=20).flat_map(|width| (1..=20).map(move |height| (width, height))) {
        let original = plane(width, height, |x, y| u8::try_from(x * 4 + y * 2).unwrap());
        let read = decode_grey(&small_grey(&original, 95));
        assert_eq!((read.width, read.height), (width, height));
        let psnr = psnr(&read.samples, &original.samples);
        assert!(psnr > 43.0, "{width}x{height}: {psnr}");
        let read = decode(&small_colour(&noise_planes(width, height), 80)).into_rgb8();
        assert_eq!(read.dimensions(), (width, height));
    }
}

#[test]
fn extreme_pictures_are_read_back_at_every_quality() {
    check_extremes((small_grey, small_colour), 49.0);
}

#[test]
fn a_picture_of_one_colour_keeps_it_exactly() {
    check_flat((small_grey, small_colour));
}

/// What the decoder shows is what the chosen values stand for, transformed by the definition (A.3.3).
#[test]
fn a_file_shows_what_was_chosen() {
    let [luma, ..] = photo(64, 48);
    let mut scratch = Scratch::default();
    let file = encode(&Picture { luma: &luma, chroma: None }, 80, &mut scratch).unwrap();
    let read = decode_grey(&file);
    let component = &scratch.components[0];
    let steps = Table::perceptual(80).steps;
    let mut values = component.values.iter();
    for (index, (block, dc)) in component.blocks.iter().zip(&component.dc).enumerate() {
        let mut coefficients = [0.0; 64];
        coefficients[0] = f64::from(*dc) * f64::from(steps[0]);
        for k in (1..64).filter(|k| block.reaching[0] >> k & 1 == 1) {
            let value = *values.next().unwrap();
            let sign = if value & 1 == 0 { 1.0 } else { -1.0 };
            coefficients[ZIGZAG[k]] = sign * f64::from(value >> 1) * f64::from(steps[k]);
        }
        let (left, top) = (index % component.blocks_wide * 8, index / component.blocks_wide * 8);
        for (x, y) in (0..64).map(|place| (place % 8, place / 8)) {
            let expected = (inverse(&coefficients, x, y) + 128.0).clamp(0.0, 255.0);
            let found = f64::from(read.samples[(top + y) * 64 + left + x]);
            assert!(
                (expected - found).abs() < 1.5,
                "{expected} and {found} at {x}, {y} of {index}"
            );
        }
    }
    assert!(values.next().is_none());
}

fn inverse(coefficients: &[f64; 64], x: usize, y: usize) -> f64 {
    let wave = |frequency: usize, place: usize| {
        let scale = if frequency == 0 { std::f64::consts::FRAC_1_SQRT_2 } else { 1.0 };
        let odd = u32::try_from((2 * place + 1) * frequency).unwrap();
        scale * (f64::from(odd) * std::f64::consts::PI / 16.0).cos()
    };
    let terms = coefficients.iter().enumerate();
    terms.map(|(place, value)| value * wave(place % 8, x) * wave(place / 8, y)).sum::<f64>() / 4.0
}

/// Costs are known before the codes are, so a picture without anything to save, such as a checkerboard,
/// may lose a few bytes.
#[test]
fn choosing_values_makes_no_file_larger_than_rounding_does_but_for_a_few_bytes() {
    for (name, sample) in EXTREMES {
        let luma = plane(120, 90, sample);
        for quality in [1, 10, 50, 80, 95, 100] {
            let rounded = rounded_file(slice::from_ref(&luma), quality).len();
            let file = small_grey(&luma, quality).len();
            assert!(file <= rounded + 3, "{name} at {quality}: {file} instead of {rounded}");
        }
    }
    for (width, height) in [(400, 300), (40, 30), (8, 8)] {
        let planes = photo(width, height);
        for quality in [1, 10, 50, 80, 95, 100] {
            let rounded = rounded_file(&planes, quality).len();
            let file = small_colour(&planes, quality).len();
            assert!(file <= rounded, "{width}x{height} at {quality}: {file} instead of {rounded}");
        }
    }
}

#[test]
fn a_photo_is_smaller_than_the_fast_way_makes_it() {
    let planes = photo(400, 300);
    for quality in [50, 80, 90] {
        let fast = colour(&planes, quality).len();
        let small = small_colour(&planes, quality).len();
        assert!(small * 10 < fast * 9, "{small} and {fast} at {quality}");
    }
}

#[test]
fn all_components_share_one_table_and_no_value_is_sent_in_parts() {
    let file = small_colour(&noise_planes(50, 30), 80);
    let segments = segments(&file);
    assert_eq!(segments[1].1.len(), 65);
    assert_eq!(segments[2].1, [8, 0, 30, 0, 50, 3, 1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0]);
    let scans = segments.iter().filter(|(marker, _)| *marker == 0xda);
    let headers: Vec<&[u8]> = scans.map(|(_, header)| *header).collect();
    let [dc, first, cr, cb, rest @ ..] = &headers[..] else { panic!("{headers:?}") };
    assert_eq!(*dc, [3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 0, 0x00]);
    assert_eq!([*cr, *cb], [[1, 3, 0x11, 1, 63, 0x00], [1, 2, 0x11, 1, 63, 0x00]]);
    let bands = [first].into_iter().chain(rest).map(|header| (header[3], header[4]));
    let bands: Vec<_> = bands.collect();
    assert!(SPLITS.iter().any(|split| split.iter().map(|b| (b.first, b.last)).eq(bands.clone())));
}

#[test]
fn the_best_quality_has_the_finest_steps() {
    let steps = |quality| Table::perceptual(quality).steps;
    assert_eq!(steps(100), [1; 64]);
    assert_eq!(steps(255), steps(100));
    assert_eq!(steps(0), steps(1));
    assert_eq!(steps(50)[..3], [9, 15, 15]);
}

#[test]
fn a_used_scratch_changes_nothing() {
    let planes = photo(120, 90);
    let [luma, cb, cr] = &planes;
    let mut scratch = Scratch::default();
    let picture = Picture { luma, chroma: Some([cb, cr]) };
    let first = encode(&picture, 80, &mut scratch).unwrap();
    encode(&Picture { luma: cb, chroma: None }, 30, &mut scratch).unwrap();
    crate::encoder::encode(&picture, 30, &mut scratch).unwrap();
    assert_eq!(encode(&picture, 80, &mut scratch).unwrap(), first);
    assert_eq!(small_colour(&planes, 80), first);
}

#[test]
fn planes_that_do_not_fit_together_are_refused() {
    let none = Plane { width: 0, height: 5, samples: Vec::new() };
    let picture = Picture { luma: &none, chroma: None };
    let refused = EncodeError::Size { width: 0, height: 5 };
    assert_eq!(encode(&picture, 80, &mut Scratch::default()), Err(refused));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn random_planes_of_any_quality_are_read(
        (width, height) in (1_u32..60, 1_u32..60),
        samples in proptest::collection::vec(any::<u8>(), 60 * 60),
        coarseness in 1_usize..30,
        quality: u8,
    ) {
        let at = |x: u32, y: u32| samples[(y * 60 + x) as usize / coarseness];
        let half = (width.div_ceil(2), height.div_ceil(2));
        let planes = [(width, height), half, half].map(|(w, h)| plane(w, h, at));
        let read = decode(&small_colour(&planes, quality)).into_rgb8();
        prop_assert_eq!(read.dimensions(), (width, height));
    }
}
