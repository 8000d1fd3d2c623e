//! What JPEGs may look like beside those of cameras, as browsers show them.

use fixtures::{
    jpeg,
    jpeg_writer::{Picture, Random},
};
use image::RgbImage;

use super::*;

/// The whole original, pixel by pixel.
fn shown(file: &[u8], (width, height): (u32, u32)) -> RgbImage {
    fixtures::decoded(&rendered(file, variant(width, height)).bytes).to_rgb8()
}

fn mean_difference(one: &RgbImage, other: &RgbImage) -> f64 {
    assert_eq!(one.dimensions(), other.dimensions());
    let apart = one.iter().zip(other.iter()).map(|(a, b)| f64::from(a.abs_diff(*b)));
    apart.sum::<f64>() / f64::from(u32::try_from(one.len()).unwrap())
}

fn warnings(file: &[u8], size: (u32, u32), variants: &[Variant]) -> Option<Damage> {
    let mut scratch = Scratch::default();
    let limits = Limits::default();
    let rendering =
        render_measured(file, variants, &limits, &mut scratch, |_| ControlFlow::Continue(()));
    let rendering = rendering.unwrap();
    assert_eq!((rendering.width, rendering.height), size);
    rendering.damage
}

#[test]
fn every_sampling_shows_the_same_scene() {
    const SIZE: (u32, u32) = (69, 65);
    let smooth = |layout: &[(usize, usize)]| Picture::smooth((69, 65), layout);
    let expected = shown(&smooth(&[(1, 1); 3]).file(), SIZE);
    for layout in [
        [(2, 1), (1, 1), (1, 1)],
        [(1, 2), (1, 1), (1, 1)],
        [(2, 2), (1, 1), (1, 1)],
        [(4, 1), (1, 1), (1, 1)],
        [(1, 4), (1, 1), (1, 1)],
        [(3, 1), (1, 1), (1, 1)],
        [(3, 2), (2, 1), (1, 1)],
        [(1, 1), (2, 2), (2, 2)],
        [(1, 2), (2, 1), (2, 1)],
        [(2, 2), (2, 1), (1, 2)],
    ] {
        for progressive in [false, true] {
            let picture = Picture { progressive, ..smooth(&layout) };
            let apart = mean_difference(&shown(&picture.file(), SIZE), &expected);
            assert!(apart < 2.5, "{layout:?}, progressive {progressive}: {apart}");
        }
    }
}

/// Three components whose samples are 200, 100 and 50.
fn flat(ids: &[u8], metadata: Vec<(u8, Vec<u8>)>) -> Vec<u8> {
    let samples = |component: usize, _, _| [200.0, 100.0, 50.0][component];
    let picture = Picture::of_samples((40, 30), &[(1, 1); 3], 2, samples);
    Picture { ids: ids.to_vec(), metadata, ..picture }.file()
}

#[test]
fn colours_are_what_the_markers_say() {
    // By ITU-T T.871, section 7: red and blue of (200, 100, 50) are out of range or near it.
    let converted = [91, 255, 150];
    let plain = [200, 100, 50];
    for (ids, metadata, expected) in [
        (b"\x01\x02\x03", vec![], converted),
        (b"RGB", vec![], plain),
        (b"RGB", vec![jpeg::jfif()], converted),
        (b"\x01\x02\x03", vec![jpeg::adobe(0)], plain),
        (b"\x01\x02\x03", vec![jpeg::adobe(2)], converted),
        (b"\x01\x02\x03", vec![jpeg::jfif(), jpeg::adobe(0)], converted),
    ] {
        let file = flat(ids, metadata);
        for (width, height) in [(40, 30), (10, 8)] {
            let pixel = *shown(&file, (width, height)).get_pixel(width / 2, height / 2);
            let apart = pixel.0.iter().zip(expected).map(|(a, b)| a.abs_diff(b)).max();
            assert!(apart <= Some(1), "{ids:?}: {pixel:?}, not {expected:?}");
        }
    }
}

#[test]
fn coarser_channels_of_colours_that_are_not_apart_are_widened() {
    let samples = |component: usize, column: usize, _| {
        // The left half of each channel is 40, the right half 220.
        let middle = [16, 8, 16][component];
        if column < middle { 40.0 } else { 220.0 }
    };
    let picture = Picture::of_samples((32, 16), &[(2, 1), (1, 1), (2, 1)], 2, samples);
    let file = Picture { metadata: vec![jpeg::adobe(0)], ..picture }.file();
    let shown = shown(&file, (32, 16));
    for (x, expected) in [(3, 40), (14, 40), (17, 220), (28, 220)] {
        let pixel = shown.get_pixel(x, 8);
        assert!(pixel.0.iter().all(|value| value.abs_diff(expected) <= 2), "{x}: {pixel:?}");
    }
}

#[test]
fn rows_that_are_missing_are_told_though_the_file_has_an_end() {
    for (progressive, size) in [(false, (77, 51)), (true, (77, 51)), (false, (20, 13))] {
        let file = jpeg::of_drawing(
            jpeg::Kind { progressive, sampling: (1, 1), ..jpeg::PLAIN },
            &landscape(77, 51),
        );
        // Eight blocks fewer are announced than there are, and eight more.
        let frame = file.windows(2).position(|at| at == [0xff, 0xc0] || at == [0xff, 0xc2]);
        let height = frame.unwrap() + 6;
        let with = |rows: u8| {
            let mut file = file.clone();
            file[height] = rows;
            file
        };
        let variants = [variant(size.0, size.1)];
        assert_eq!(warnings(&with(40), (77, 40), &variants), None);
        let missing = Some(Damage::Corrupt { intact: 56, rows: 91 });
        let all = [Variant { fit: Fit::Contain, ..variants[0].clone() }];
        assert_eq!(warnings(&with(91), (77, 91), &all), missing, "progressive {progressive}");
    }
}

#[test]
fn damage_between_restart_markers_is_told_and_passed_over() {
    for sampling in [(1, 1), (2, 2)] {
        let kind = jpeg::Kind { restart_interval: 5, sampling, ..jpeg::PLAIN };
        let whole = jpeg::of_drawing(kind, &landscape(80, 64));
        let marker =
            |number: u8| whole.windows(2).position(|at| at == [0xff, 0xd0 + number]).unwrap();
        // Two intervals are a row of blocks, or one a row of units of 16 rows.
        let (from, rows) = if sampling == (1, 1) { (3, 16) } else { (1, 32) };
        let file = [&whole[..marker(from)], &whole[marker(from + 1)..]].concat();
        let damage = warnings(&file, (80, 64), &[variant(80, 64)]);
        assert_eq!(damage, Some(Damage::Corrupt { intact: rows, rows: 64 }));
        let (before, after) = (shown(&whole, (80, 64)), shown(&file, (80, 64)));
        let row = |image: &RgbImage, y: u32| -> Vec<u8> {
            (0..80).flat_map(|x| image.get_pixel(x, y).0).collect()
        };
        // The filter that widens colours looks three samples further.
        for y in (0..rows - 7).chain(rows + 24..64) {
            assert_eq!(row(&after, y), row(&before, y), "row {y}");
        }
    }
}

#[test]
fn only_rows_that_are_used_are_decoded_and_counted() {
    let limits = Limits::for_memory(256);
    for progressive in [false, true] {
        let kind = jpeg::Kind { progressive, ..jpeg::PLAIN };
        let mut long = jpeg::of_drawing(kind, &landscape(77, 51));
        let frame = long.windows(2).position(|at| at == [0xff, 0xc0] || at == [0xff, 0xc2]);
        let sides = frame.unwrap() + 5;
        long[sides..sides + 4].copy_from_slice(&[0x9c, 0x40, 0x04, 0x38]);
        let of = |fit| [Variant { fit, ..variant(800, 600) }];
        assert!(memory_needed(&long, &of(Fit::Cover), &limits).is_ok());
        // The same rows, by whichever part of the original they are.
        let file = jpeg::of_drawing(kind, &landscape(60, 400));
        let upright = fixtures::encoded(&landscape(60, 400), ImageFormat::Bmp);
        for gravity in [Gravity::North, Gravity::Center, Gravity::South] {
            let variant = || Variant { gravity, ..variant(48, 36) };
            let [ours, expected] = [&file, &upright]
                .map(|file| fixtures::decoded(&rendered(file, variant()).bytes).to_rgb8());
            let apart = mean_difference(&ours, &expected);
            assert!(apart < 4.0, "{gravity:?}, progressive {progressive}: {apart}");
        }
    }
}

#[test]
fn large_progressive_photos_need_little_memory() {
    let kind = jpeg::Kind { progressive: true, ..jpeg::PLAIN };
    let mut file = jpeg::of_drawing(kind, &landscape(77, 51));
    let sides = file.windows(2).position(|at| at == [0xff, 0xc2]).unwrap() + 5;
    let variants = [variant(800, 600), variant(400, 300)];
    // 24 megapixels, and 48.
    for (width, height, most) in [(6000_u16, 4000_u16, 32 << 20), (8064, 6048, 48 << 20)] {
        let stored = [height.to_be_bytes(), width.to_be_bytes()].concat();
        file[sides..sides + 4].copy_from_slice(&stored);
        let needed = memory_needed(&file, &variants, &Limits::for_memory(128)).unwrap();
        assert!(needed < most, "{width}x{height}: {needed}");
    }
}

#[test]
fn noise_of_every_layout_is_drawn_at_every_size() {
    let mut random = Random(61);
    for layout in
        [&[(1, 1)][..], &[(2, 2), (1, 1), (1, 1)], &[(1, 1), (2, 1), (1, 2)], &[(1, 1); 4]]
    {
        for progressive in [false, true] {
            let picture = Picture::noise((67, 45), layout, &mut random);
            let file = Picture { progressive, ..picture }.file();
            for width in [7, 12, 20, 28, 37, 45, 53, 61, 67] {
                assert_eq!(warnings(&file, (67, 45), &[variant(width, width * 45 / 67)]), None);
            }
        }
    }
}
