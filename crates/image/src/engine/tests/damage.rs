//! JPEGs that were cut off: what is left is drawn, with a warning, and nothing is never drawn.

use fixtures::{jpeg, kinds};
use image::GenericImageView;

use super::*;

/// Less than half of the originals, and nearly all of it.
const SIZES: [(u32, u32); 2] = [(30, 20), (70, 46)];

/// The variant as PNG, and what is said of the original.
fn drawn(file: &[u8], size: (u32, u32)) -> Result<(Vec<u8>, Option<Damage>), String> {
    let mut variants = Vec::new();
    let rendering = render_measured(
        file,
        &[Variant { fit: Fit::Contain, ..variant(size.0, size.1) }],
        &Limits::for_memory(128),
        &mut Scratch::default(),
        |variant| {
            variants.push(variant.bytes);
            ControlFlow::Continue(())
        },
    );
    let damage = rendering.map_err(|error| error.to_string())?.damage;
    Ok((variants.remove(0), damage))
}

/// Where the data of the first scan begins.
fn first_data(file: &[u8]) -> usize {
    let scan = file.windows(2).position(|marker| marker == [0xff, 0xda]).unwrap();
    scan + 2 + usize::from(file[scan + 3])
}

fn photo(kind: jpeg::Kind) -> Vec<u8> {
    jpeg::of_drawing(kind, &landscape(77, 51))
}

/// How far apart rows of two variants are at most, on average over a row.
fn furthest_row(one: &[u8], other: &[u8], rows: std::ops::Range<u32>) -> f64 {
    let [one, other] = [one, other].map(|file| fixtures::decoded(file).to_rgb8());
    let apart = |row: u32| {
        let pixels = (0..one.width()).map(|x| (one.get_pixel(x, row), other.get_pixel(x, row)));
        let apart = pixels.flat_map(|(a, b)| [0, 1, 2].map(|c| f64::from(a[c].abs_diff(b[c]))));
        apart.sum::<f64>() / f64::from(3 * one.width())
    };
    rows.map(apart).fold(0.0, f64::max)
}

#[test]
fn what_is_left_of_a_photo_is_what_it_was() {
    for kind in [jpeg::PLAIN, jpeg::Kind { restart_interval: 3, ..jpeg::PLAIN }] {
        let file = photo(kind);
        let data = first_data(&file);
        for (size, share) in SIZES.into_iter().flat_map(|size| [40, 60, 85].map(|s| (size, s))) {
            let (whole, undamaged) = drawn(&file, size).unwrap();
            assert_eq!(undamaged, None);
            let cut = &file[..data + (file.len() - data) * share / 100];
            let (part, damage) = drawn(cut, size).unwrap();
            let Some(Damage::CutOff { intact, rows: 51 }) = damage else { panic!("{damage:?}") };
            assert!([16, 32].contains(&intact), "{intact} rows of {share} %");
            // The filter looks three rows further.
            let rows = fixtures::decoded(&whole).height();
            let same = intact * rows / 51 - 3;
            assert!(furthest_row(&whole, &part, 0..same) < 1.0, "{size:?} of {share} %");
            assert!(furthest_row(&whole, &part, rows - 1..rows) > 20.0, "{size:?} of {share} %");
        }
    }
}

#[test]
fn a_progressive_photo_without_its_last_scans_is_less_sharp() {
    // Of an encoder that sends frequency zero of each component in a scan of its own, and of ours,
    // which sends all of them in the first.
    let separate = photo(jpeg::Kind { progressive: true, ..jpeg::PLAIN });
    let keep = Variant { format: Format::Keep, ..variant(77, 51) };
    let together = rendered(&photo(jpeg::PLAIN), keep).bytes;
    for (file, needed, size) in
        SIZES.into_iter().flat_map(|size| [(&separate, 3, size), (&together, 1, size)])
    {
        let scans: Vec<_> =
            (0..file.len()).filter(|&at| file[at..].starts_with(&[0xff, 0xda])).collect();
        assert!(scans.len() > 5, "{}", scans.len());
        let (whole, undamaged) = drawn(file, size).unwrap();
        assert_eq!(undamaged, None);
        let mut furthest = Vec::new();
        for (complete, &next) in scans.iter().enumerate() {
            // In the header of a scan, and in its data.
            for cut in [next + 6, next + 16] {
                let drawn = drawn(&file[..cut], size);
                if complete < needed {
                    assert_eq!(drawn.unwrap_err(), "broken JPEG: the file ends early");
                    continue;
                }
                let (part, damage) = drawn.unwrap();
                assert_eq!(damage, Some(Damage::FewerScans { complete }));
                let rows = fixtures::decoded(&whole).height();
                furthest.push(furthest_row(&whole, &part, 0..rows));
            }
        }
        if needed == 1 {
            // In what follows the first scan.
            let tables = file[scans[0]..].windows(2).position(|marker| marker == [0xff, 0xc4]);
            let cut = drawn(&file[..scans[0] + tables.unwrap() + 6], size).unwrap();
            assert_eq!(cut.1, Some(Damage::FewerScans { complete: 1 }));
        }
        // Blocks of one colour at first, and nearly the photo in the end.
        assert!(furthest.iter().all(|&apart| apart < 60.0), "{furthest:?}");
        assert!(furthest.last().is_some_and(|&apart| apart < 8.0), "{furthest:?}");
    }
}

/// Wherever a file is cut off.
#[test]
fn what_is_drawn_always_has_the_top_of_the_original() {
    let mut drawn_files = 0;
    let jpegs = kinds::all().into_iter().filter(|kind| kind.name.starts_with("JPEG"));
    for (kinds::Kind { name, file, quarters }, size) in
        jpegs.flat_map(|kind| SIZES.map(|size| (kind.clone(), size)))
    {
        let data = first_data(&file);
        let lengths = (0..data).step_by(97).chain(data..(data + 40).min(file.len()));
        let lengths = lengths.chain((data + 40..file.len() - 2).step_by(23));
        for length in lengths {
            let Ok((variant, damage)) = drawn(&file[..length], size) else { continue };
            let about = format!("{name}, {length} of {} bytes: {damage:?}", file.len());
            assert!(length > data && damage.is_some(), "{about}");
            drawn_files += 1;
            let image = fixtures::decoded(&variant);
            for (x, expected) in [image.width() / 4, image.width() * 3 / 4].iter().zip(quarters) {
                let pixel = image.get_pixel(*x, 1);
                // Blocks of chroma are up to 32 pixels wide, and may be nothing but their mean.
                let tolerance =
                    if matches!(damage, Some(Damage::FewerScans { .. })) { 70 } else { 24 };
                let same = pixel.0.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= tolerance);
                assert!(same, "{about}: {pixel:?}, not {expected:?}");
            }
        }
    }
    assert!(drawn_files > 100, "{drawn_files}");
}

#[test]
fn data_that_is_wholly_missing_is_refused() {
    for kinds::Kind { name, file, .. } in kinds::all() {
        if name.starts_with("JPEG") {
            let data = first_data(&file);
            for end in [&[][..], &[0xff], &[0xff, 0xd9], &[0xff, 0xd0, 0xff, 0xd9]] {
                let empty = [&file[..data], end].concat();
                for size in SIZES {
                    let refused = drawn(&empty, size).unwrap_err();
                    assert_eq!(refused, "broken JPEG: the file ends early", "{name}");
                }
            }
        }
    }
}
