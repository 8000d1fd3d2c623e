//! What comes out, against the exact transform, and against another decoder's whole image.

use fixtures::jpeg_writer::{Picture, Random};

use super::{components, decoded, planned};
use crate::decoder::{Request, Scratch, decode, plan, read_header};

pub(super) const LAYOUTS: &[&[(usize, usize)]] = &[
    &[(1, 1)],
    &[(2, 2)],
    &[(1, 1), (1, 1), (1, 1)],
    &[(2, 1), (1, 1), (1, 1)],
    &[(1, 2), (1, 1), (1, 1)],
    &[(2, 2), (1, 1), (1, 1)],
    &[(4, 1), (1, 1), (1, 1)],
    &[(1, 4), (1, 1), (1, 1)],
    &[(3, 1), (1, 1), (1, 1)],
    &[(1, 3), (1, 2), (1, 1)],
    &[(4, 2), (1, 1), (1, 1)],
    &[(1, 1), (2, 2), (1, 2)],
    &[(2, 2), (2, 1), (1, 2)],
];

/// Every sample within one of the exact transform, and planes as large as they should be.
fn check(picture: &Picture, luma: f64, chroma: f64) {
    let file = picture.file();
    let decoded = decoded(&file, luma, chroma).unwrap();
    assert_eq!(decoded.damage, None, "{:?}", picture.size);
    let plan = planned(&file, luma, chroma);
    let sizes: Vec<_> = plan.plane_sizes().collect();
    let components = components(decoded);
    assert_eq!(components.len(), picture.plates.len());
    for (index, (component, plate)) in components.iter().zip(&picture.plates).enumerate() {
        let points = plan.components[index].eighths;
        let points = (points.0 as usize, points.1 as usize);
        let expected = plate.expected(points);
        let plane = &component.plane;
        let size = (plane.width as usize, plane.height as usize);
        assert_eq!((expected[0].len(), expected.len()), size, "{:?}", picture.size);
        assert_eq!((plane.width, plane.height), sizes[index]);
        assert_eq!(plane.samples.len(), size.0 * size.1);
        for (row, expected) in plane.samples.chunks(size.0).zip(&expected) {
            for (&sample, expected) in row.iter().zip(expected) {
                let apart = (f64::from(sample) - expected).abs();
                assert!(apart <= 1.0, "{sample} is not {expected}: {:?}", picture.size);
            }
        }
    }
}

#[test]
fn every_layout_and_scale_is_exact() {
    let mut random = Random(1);
    for &layout in LAYOUTS {
        for eighths in 1..=4_u32 {
            let density = f64::from(eighths) / 8.0;
            let fits = |chroma: f64| {
                let file = Picture::random((16, 16), layout, &mut Random(9)).file();
                let header = read_header(&file).unwrap();
                let request =
                    Request { luma_density: density, chroma_density: chroma, rows: 0..16 };
                plan(&header, &request).is_some()
            };
            for chroma in [density, density / 2.0, 0.01].into_iter().filter(|&c| fits(c)) {
                let mut picture = Picture::random((83, 61), layout, &mut random);
                check(&picture, density, chroma);
                picture.restart_interval = 3;
                check(&picture, density, chroma);
                picture.separate = true;
                check(&picture, density, chroma);
            }
        }
    }
}

#[test]
fn every_small_size_is_exact() {
    let mut random = Random(2);
    for &layout in &[LAYOUTS[0], LAYOUTS[3], LAYOUTS[5]] {
        for (width, height) in (1..=70).flat_map(|width| (1..=70).map(move |h| (width, h))) {
            // Every pair of sizes modulo the largest unit, and every size on its own.
            if width <= 33 && height <= 33 || width == 1 || height == 1 || width == height {
                let eighths = 1 + random.below(4);
                let density = f64::from(eighths) / 8.0;
                check(
                    &Picture::random((width, height), layout, &mut random),
                    density,
                    density / 2.0,
                );
            }
        }
    }
}

#[test]
fn streams_longer_than_the_window_are_exact() {
    let mut random = Random(3);
    let mut picture = Picture::random((700, 400), &[(2, 2), (1, 1), (1, 1)], &mut random);
    check(&picture, 0.25, 0.125);
    picture.separate = true;
    check(&picture, 0.5, 0.25);
}

#[test]
fn steps_of_sixteen_bits_and_a_late_height_are_read() {
    let mut picture = Picture::random((40, 24), &[(2, 1), (1, 1), (1, 1)], &mut Random(4));
    picture.plates[1].requantise(0, 300);
    picture.plates[1].requantise(2, 1000);
    check(&picture, 0.375, 0.25);
    picture.late_height = true;
    check(&picture, 0.375, 0.25);
}

#[test]
fn rows_that_are_not_wanted_are_grey_and_others_unharmed() {
    let picture = Picture::random((64, 160), &[(2, 2), (1, 1), (1, 1)], &mut Random(5));
    let file = picture.file();
    let header = read_header(&file).unwrap();
    let whole = components(decoded(&file, 0.25, 0.125).unwrap());
    let request = Request { luma_density: 0.25, chroma_density: 0.125, rows: 40..100 };
    let plan = plan(&header, &request).unwrap();
    // Cut off where no wanted row can be.
    let part = decode(&file, &plan, &mut Scratch::default()).unwrap();
    assert_eq!(part.damage, None);
    for (whole, part) in whole.iter().zip(components(part)) {
        let (whole, part) = (&whole.plane, &part.plane);
        let samples_per_row = part.width as usize;
        let row = |pixel: usize| pixel * part.height as usize / 160 * samples_per_row;
        assert_eq!(part.samples.len(), whole.samples.len());
        assert!(part.samples[..row(32)].iter().all(|&sample| sample == 128));
        assert_eq!(part.samples[row(32)..row(112)], whole.samples[row(32)..row(112)]);
        assert!(part.samples[row(112)..].iter().all(|&sample| sample == 128));
    }
}

#[test]
fn scratch_makes_no_difference() {
    let mut scratch = Scratch::default();
    let mut random = Random(6);
    for size in [(90, 70), (20, 90), (200, 10), (90, 70)] {
        let file = Picture::random(size, &[(2, 1), (1, 1), (1, 1)], &mut random).file();
        let plan = planned(&file, 0.5, 0.25);
        let again = decode(&file, &plan, &mut scratch).unwrap();
        let fresh = decoded(&file, 0.5, 0.25).unwrap();
        assert_eq!(again.luma.plane, fresh.luma.plane);
        assert_eq!(
            again.chroma.as_ref().map(|c| &c[1].plane),
            fresh.chroma.as_ref().map(|c| &c[1].plane)
        );
        scratch.recycle(again);
    }
}

/// A smooth picture looks like the mean of its pixels.
#[test]
fn smooth_pictures_are_close_to_means() {
    let (width, height) = (160_usize, 96_usize);
    let value = |x: usize, y: usize| {
        let wave = (x as f64 / 25.0).sin() + (y as f64 / 17.0).cos();
        (128.0 + 50.0 * wave) as u8
    };
    for factor in [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (4, 2), (1, 4), (2, 4)] {
        let sample = |component: usize, x: usize, y: usize| match component {
            0 => f64::from(value(x, y)),
            _ => 128.0,
        };
        let sampling = [factor, (1, 1), (1, 1)];
        let mut picture = Picture::of_samples((width, height), &sampling, 2, sample);
        if factor == (2, 1) {
            picture.restart_interval = 7;
        }
        let file = picture.file();
        let decoded = decoded(&file, 0.25, 0.125).unwrap();
        assert_eq!(decoded.damage, None);
        let plane = &decoded.luma.plane;
        assert_eq!((plane.width, plane.height), (40, 24));
        let mut squares = 0.0;
        for (index, &sample) in plane.samples.iter().enumerate() {
            let (x, y) = (index % 40 * 4, index / 40 * 4);
            let mean = (0..16).map(|i| f64::from(value(x + i % 4, y + i / 4))).sum::<f64>() / 16.0;
            squares += (f64::from(sample) - mean).powi(2);
        }
        let psnr = 10.0 * (255.0 * 255.0 / (squares / (40.0 * 24.0))).log10();
        assert!(psnr > 45.0, "{factor:?}: {psnr} dB");
        for chroma in decoded.chroma.unwrap() {
            assert!(chroma.plane.samples.iter().all(|sample| sample.abs_diff(128) <= 1));
        }
    }
}
