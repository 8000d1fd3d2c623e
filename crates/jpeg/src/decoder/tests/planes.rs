//! What comes out, against the exact transform.

use fixtures::jpeg_writer::{Picture, Random, sampling_max};

use super::{decoded, planned};
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
    let components = decoded.components;
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

/// Up to half of their size components may have any coefficients; beyond it those that samples of eight
/// bits can have.
fn of_scale(
    eighths: u32,
    size: (usize, usize),
    layout: &[(usize, usize)],
    random: &mut Random,
) -> Picture {
    let max = sampling_max(layout);
    let coarsest = layout.iter().map(|&(h, v)| (max.0.div_ceil(h)).max(max.1.div_ceil(v))).max();
    if eighths as usize * coarsest.unwrap() > 4 {
        Picture::noise(size, layout, random)
    } else {
        Picture::random(size, layout, random)
    }
}

#[test]
fn every_layout_and_scale_is_exact() {
    let mut random = Random(1);
    for &layout in LAYOUTS {
        for eighths in 1..=8_u32 {
            let density = f64::from(eighths) / 8.0;
            for chroma in [density, density / 2.0, 0.01] {
                let mut picture = of_scale(eighths, (83, 61), layout, &mut random);
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
                let eighths = 1 + random.below(8);
                let density = f64::from(eighths) / 8.0;
                check(
                    &of_scale(eighths, (width, height), layout, &mut random),
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
fn only_units_with_rows_that_are_wanted_are_held() {
    let layout = [(2, 2), (1, 1), (1, 1)];
    for (separate, progressive) in [(false, false), (true, false), (false, true)] {
        let mut picture = Picture::random((64, 160), &layout, &mut Random(5));
        (picture.separate, picture.progressive) = (separate, progressive);
        let file = picture.file();
        let header = read_header(&file).unwrap();
        let whole = decoded(&file, 0.25, 0.125).unwrap();
        let request = Request { luma_density: 0.25, chroma_density: 0.125, rows: 40..100 };
        let plan = plan(&header, &request).unwrap();
        let part = decode(&file, &plan, &mut Scratch::default()).unwrap();
        assert_eq!((part.damage, part.first_row), (None, 32));
        for (whole, part) in whole.components.iter().zip(part.components) {
            // Units of 16 rows: the third to the seventh.
            let row = |pixel: u32| pixel * whole.plane.height / 160;
            assert_eq!(part.plane.height, row(112) - row(32));
            let sample = |pixel: u32| (row(pixel) * whole.plane.width) as usize;
            assert_eq!(part.plane.samples, whole.plane.samples[sample(32)..sample(112)]);
        }
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
        for (again, fresh) in again.components.iter().zip(&fresh.components) {
            assert_eq!(again.plane, fresh.plane);
        }
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
        let [luma, chroma @ ..] = &decoded.components[..] else { panic!("no components") };
        let plane = &luma.plane;
        assert_eq!((plane.width, plane.height), (40, 24));
        let mut squares = 0.0;
        for (index, &sample) in plane.samples.iter().enumerate() {
            let (x, y) = (index % 40 * 4, index / 40 * 4);
            let mean = (0..16).map(|i| f64::from(value(x + i % 4, y + i / 4))).sum::<f64>() / 16.0;
            squares += (f64::from(sample) - mean).powi(2);
        }
        let psnr = 10.0 * (255.0 * 255.0 / (squares / (40.0 * 24.0))).log10();
        assert!(psnr > 45.0, "{factor:?}: {psnr} dB");
        for chroma in chroma {
            assert!(chroma.plane.samples.iter().all(|sample| sample.abs_diff(128) <= 1));
        }
    }
}
