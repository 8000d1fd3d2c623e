//! Files are read back by another decoder, and their segments one by one.

use image::{DynamicImage, ImageFormat};
use proptest::prelude::*;

use super::{colour::planes_of_rgb, *};

pub(super) fn plane(width: u32, height: u32, sample: impl Fn(u32, u32) -> u8) -> Plane {
    let samples = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    Plane { width, height, samples: samples.map(|(x, y)| sample(x, y)).collect() }
}

pub(super) fn grey(luma: &Plane, quality: u8) -> Vec<u8> {
    encode(&Picture { luma, chroma: None }, quality, &mut Scratch::default()).unwrap()
}

pub(super) fn colour([luma, cb, cr]: &[Plane; 3], quality: u8) -> Vec<u8> {
    let picture = Picture { luma, chroma: Some([cb, cr]) };
    encode(&picture, quality, &mut Scratch::default()).unwrap()
}

pub(super) fn decode(file: &[u8]) -> DynamicImage {
    image::load_from_memory_with_format(file, ImageFormat::Jpeg).unwrap()
}

/// The planes that a file was made of, but for what encoding lost.
pub(super) fn decode_grey(file: &[u8]) -> Plane {
    let image = decode(file).into_luma8();
    Plane { width: image.width(), height: image.height(), samples: image.into_raw() }
}

/// In decibels; infinite if nothing differs.
pub(super) fn psnr(left: &[u8], right: &[u8]) -> f64 {
    assert_eq!(left.len(), right.len());
    let squares = left.iter().zip(right).map(|(&l, &r)| f64::from(l.abs_diff(r)).powi(2));
    let mean = squares.sum::<f64>() / f64::from(u32::try_from(left.len()).unwrap());
    10.0 * (255.0 * 255.0 / mean).log10()
}

/// Numbers that look like chance and are always the same.
pub(super) fn noise(x: u32, y: u32) -> u8 {
    let mixed =
        (x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca6b)).wrapping_mul(0xc2b2_ae35);
    u8::try_from(mixed >> 24).unwrap()
}

/// The segments before each scan's bits and the kinds of them in order.
pub(super) fn segments(file: &[u8]) -> Vec<(u8, &[u8])> {
    let mut found = Vec::new();
    let mut rest = &file[2..];
    while let [0xff, marker, after @ ..] = rest {
        if *marker == 0xd9 {
            assert!(after.is_empty());
            return found;
        }
        let length = usize::from(u16::from_be_bytes([after[0], after[1]]));
        found.push((*marker, &after[2..length]));
        rest = &after[length..];
        while *marker == 0xda && (rest[0] != 0xff || rest[1] == 0) {
            rest = &rest[1..];
        }
    }
    panic!("no marker where one should be");
}

pub(super) type Sample = fn(u32, u32) -> u8;

pub(super) const EXTREMES: [(&str, Sample); 8] = [
    ("black", |_, _| 0),
    ("white", |_, _| 255),
    ("noise", noise),
    ("black and white noise", |x, y| if noise(x, y) < 128 { 0 } else { 255 }),
    ("checkerboard", |x, y| if (x + y) % 2 == 0 { 0 } else { 255 }),
    ("checkerboard of blocks", |x, y| if (x / 8 + y / 8) % 2 == 0 { 0 } else { 255 }),
    ("one bright pixel", |x, y| if (x, y) == (3, 2) { 255 } else { 0 }),
    ("gradient", |x, y| u8::try_from((x * 3 + y * 2).min(255)).unwrap()),
];

#[test]
fn every_small_size_is_read_back_in_grey() {
    for (width, height) in (1..=40).flat_map(|width| (1..=40).map(move |height| (width, height))) {
        let original = plane(width, height, |x, y| u8::try_from(x * 4 + y * 2).unwrap());
        let read = decode_grey(&grey(&original, 95));
        assert_eq!((read.width, read.height), (width, height));
        let psnr = psnr(&read.samples, &original.samples);
        assert!(psnr > 45.0, "{width}x{height}: {psnr}");
    }
}

#[test]
fn every_small_size_is_read_back_in_colour() {
    for (width, height) in (1..=40).flat_map(|width| (1..=40).map(move |height| (width, height))) {
        let rgb: Vec<u8> = (0..height)
            .flat_map(|y| (0..width).flat_map(move |x| [60 + x * 3, 80 + y * 3, 100 + x + y]))
            .map(|value| u8::try_from(value).unwrap())
            .collect();
        let planes = planes_of_rgb(&rgb, width, height);
        let [cb, cr] = planes.chroma;
        let read = decode(&colour(&[planes.luma, cb, cr], 95)).into_rgb8();
        assert_eq!(read.dimensions(), (width, height));
        let psnr = psnr(read.as_raw(), &rgb);
        assert!(psnr > 36.0, "{width}x{height}: {psnr}");
    }
}

/// An encoder of grey pictures, and one of colourful ones.
pub(super) type Ways = (fn(&Plane, u8) -> Vec<u8>, fn(&[Plane; 3], u8) -> Vec<u8>);

/// At quality 100 the extremes are as close as `floor_of_best`.
pub(super) fn check_extremes((grey, colour): Ways, floor_of_best: f64) {
    let floors = [(1, 5.0), (10, 7.0), (50, 11.0), (80, 17.0), (95, 29.0), (100, floor_of_best)];
    for (name, sample) in EXTREMES {
        let original = plane(67, 45, sample);
        let chroma = [plane(34, 23, sample), plane(34, 23, |x, y| 255 - sample(x, y))];
        let [cb, cr] = chroma;
        let planes = [original, cb, cr];
        for (quality, floor) in floors {
            let read = decode_grey(&grey(&planes[0], quality));
            let psnr = psnr(&read.samples, &planes[0].samples);
            assert!(psnr > floor, "{name} at {quality}: {psnr}");
            assert_eq!(decode(&colour(&planes, quality)).into_rgb8().dimensions(), (67, 45));
        }
    }
}

pub(super) fn check_flat((_, colour): Ways) {
    let flat =
        [(200, 100), (100, 50), (100, 50)].map(|(width, height)| plane(width, height, |_, _| 128));
    let read = decode(&colour(&flat, 80)).into_rgb8();
    assert!(read.as_raw().iter().all(|&value| value == 128));
}

#[test]
fn extreme_pictures_are_read_back_at_every_quality() {
    check_extremes((grey, colour), 50.0);
}

#[test]
fn a_picture_of_one_colour_keeps_it_exactly() {
    check_flat((grey, colour));
}

#[test]
fn runs_of_empty_blocks_may_be_longer_than_one_symbol_can_say() {
    // 36,864 blocks without AC coefficients, then one with some.
    let original = plane(1536, 1536 + 8, |x, y| if x == 0 && y >= 1536 { 255 } else { 0 });
    let read = decode_grey(&grey(&original, 80));
    assert!(psnr(&read.samples, &original.samples) > 50.0);
    assert_eq!(read.samples[..1536 * 1536], original.samples[..1536 * 1536]);
}

#[test]
fn a_colour_file_has_the_segments_of_its_script() {
    let planes = [(50, 30), (25, 15), (25, 15)].map(|(w, h)| plane(w, h, noise));
    let file = colour(&planes, 80);
    assert_eq!(file[..2], [0xff, 0xd8]);
    let segments = segments(&file);
    let markers: Vec<u8> = segments.iter().map(|segment| segment.0).collect();
    assert_eq!(markers[..3], [0xe0, 0xdb, 0xc2]);
    assert!(markers[3..].iter().all(|&marker| marker == 0xc4 || marker == 0xda));
    assert_eq!(segments[0].1, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    let frame = [8, 0, 30, 0, 50, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
    assert_eq!(segments[2].1, frame);
    let scans: Vec<_> = segments.iter().filter(|(marker, _)| *marker == 0xda).collect();
    let headers: Vec<&[u8]> = scans.iter().map(|(_, header)| *header).collect();
    let expected: [&[u8]; 6] = [
        &[3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 0, 0x00],
        &[1, 1, 0x00, 1, 2, 0x01],
        &[1, 3, 0x11, 1, 63, 0x00],
        &[1, 2, 0x11, 1, 63, 0x00],
        &[1, 1, 0x00, 3, 63, 0x01],
        &[1, 1, 0x00, 1, 63, 0x10],
    ];
    assert_eq!(headers, expected);
}

#[test]
fn a_grey_file_has_one_component_and_one_table() {
    let file = grey(&plane(9, 17, noise), 80);
    let segments = segments(&file);
    assert_eq!(segments[1].1.len(), 65);
    assert_eq!(segments[2].1, [8, 0, 17, 0, 9, 1, 1, 0x11, 0]);
    assert_eq!(segments.iter().filter(|(marker, _)| *marker == 0xda).count(), 4);
}

#[test]
fn the_steps_are_those_of_libjpeg() {
    let steps = |quality| {
        let planes = [(8, 8), (4, 4), (4, 4)].map(|(w, h)| plane(w, h, noise));
        segments(&colour(&planes, quality))[1].1.to_vec()
    };
    // As `cjpeg -quality N -baseline` of libjpeg-turbo 2.1.5 writes them.
    assert_eq!(
        steps(10),
        [
            0, 80, 55, 60, 70, 60, 50, 80, 70, 65, 70, 90, 85, 80, 95, 120, 200, 130, 120, 110,
            110, 120, 245, 175, 185, 145, 200, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
            255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
            255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 85, 90, 90, 120, 105, 120,
            235, 130, 130, 235, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
            255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
            255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
            255, 255, 255, 255, 255, 255, 255
        ]
    );
    assert_eq!(
        steps(80),
        [
            0, 6, 4, 5, 6, 5, 4, 6, 6, 5, 6, 7, 7, 6, 8, 10, 16, 10, 10, 9, 9, 10, 20, 14, 15, 12,
            16, 23, 20, 24, 24, 23, 20, 22, 22, 26, 29, 37, 31, 26, 27, 35, 28, 22, 22, 32, 44, 32,
            35, 38, 39, 41, 42, 41, 25, 31, 45, 48, 45, 40, 48, 37, 40, 41, 40, 1, 7, 7, 7, 10, 8,
            10, 19, 10, 10, 19, 40, 26, 22, 26, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40,
            40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40,
            40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40
        ]
    );
    let high = steps(95);
    assert_eq!(high[..12], [0, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 2]);
    assert_eq!(high[65..77], [1, 2, 2, 2, 2, 2, 2, 5, 3, 3, 5, 10]);
    assert!(steps(100)[1..65].iter().all(|&step| step == 1));
    assert_eq!(steps(0), steps(1));
    assert_eq!(steps(255), steps(100));
}

#[test]
fn a_used_scratch_changes_nothing() {
    let planes = [(50, 30), (25, 15), (25, 15)].map(|(w, h)| plane(w, h, noise));
    let [luma, cb, cr] = &planes;
    let mut scratch = Scratch::default();
    let colourful = Picture { luma, chroma: Some([cb, cr]) };
    let first = encode(&colourful, 80, &mut scratch).unwrap();
    encode(&Picture { luma: cb, chroma: None }, 30, &mut scratch).unwrap();
    assert_eq!(encode(&colourful, 80, &mut scratch).unwrap(), first);
    assert_eq!(colour(&planes, 80), first);
}

#[test]
fn planes_that_do_not_fit_together_are_refused() {
    let mut scratch = Scratch::default();
    let mut error = |luma: &Plane, chroma: Option<[&Plane; 2]>| {
        encode(&Picture { luma, chroma }, 80, &mut scratch).unwrap_err()
    };
    let black = |width, height| plane(width, height, |_, _| 0);
    assert_eq!(error(&black(0, 5), None), EncodeError::Size { width: 0, height: 5 });
    assert_eq!(error(&black(65536, 1), None), EncodeError::Size { width: 65536, height: 1 });
    assert_eq!(
        error(&black(5, 5), Some([&black(3, 3), &black(3, 2)])),
        EncodeError::Chroma { found: (3, 2), wanted: (3, 3) }
    );
    let short = Plane { width: 3, height: 3, samples: vec![0; 8] };
    let refused = EncodeError::Samples { width: 3, height: 3, samples: 8 };
    assert_eq!(error(&short, None), refused);
    assert_eq!(error(&black(6, 5), Some([&black(3, 3), &short])), refused);
}

#[test]
fn the_longest_sides_are_possible() {
    let long = decode_grey(&grey(&plane(65535, 1, |x, _| noise(x / 100, 0)), 80));
    assert_eq!((long.width, long.height), (65535, 1));
    let high = decode_grey(&grey(&plane(1, 65535, |_, y| noise(0, y / 100)), 80));
    assert_eq!((high.width, high.height), (1, 65535));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn random_planes_come_back_nearly_as_they_were(
        (width, height) in (1_u32..60, 1_u32..60),
        samples in proptest::collection::vec(any::<u8>(), 60 * 60),
        coarseness in 1_usize..30,
    ) {
        let at = |x: u32, y: u32| samples[(y * 60 + x) as usize / coarseness];
        let luma = plane(width, height, at);
        let read = decode_grey(&grey(&luma, 100));
        prop_assert!(psnr(&read.samples, &luma.samples) > 45.0);
    }

    #[test]
    fn random_planes_of_any_quality_are_read(
        (width, height) in (1_u32..60, 1_u32..60),
        samples in proptest::collection::vec(any::<u8>(), 60 * 60),
        quality: u8,
    ) {
        let at = |x: u32, y: u32| samples[(y * 60 + x) as usize];
        let half = (width.div_ceil(2), height.div_ceil(2));
        let planes = [(width, height), half, half].map(|(w, h)| plane(w, h, at));
        prop_assert_eq!(decode(&colour(&planes, quality)).into_rgb8().dimensions(), (width, height));
    }
}
