//! Progressive images: the same samples as of the same coefficients in one scan.

use fixtures::jpeg_writer::{Pass, Picture, Random};

use super::{decoded, luma, planes::LAYOUTS};
use crate::{
    decoder::{Damage, DecodeError},
    encoder,
};

/// Brightness bit by bit, in bands that overlap between first and later bits; colours at once.
fn script(components: usize) -> Vec<Pass> {
    let pass = |members: &[usize], band: (usize, usize), high: u8, low: u8| Pass {
        members: members.to_vec(),
        band,
        high,
        low,
    };
    let all: Vec<usize> = (0..components).collect();
    let mut passes = vec![pass(&all, (0, 0), 0, 2), pass(&[0], (1, 5), 0, 2)];
    for &colour in &all[1..] {
        passes.push(pass(&[colour], (1, 63), 0, 0));
    }
    passes.extend([
        pass(&[0], (6, 63), 0, 3),
        pass(&all, (0, 0), 2, 1),
        pass(&[0], (6, 63), 3, 2),
        pass(&[0], (1, 63), 2, 1),
        pass(&all, (0, 0), 1, 0),
        pass(&[0], (1, 30), 1, 0),
        pass(&[0], (31, 63), 1, 0),
    ]);
    passes
}

#[test]
fn bit_by_bit_comes_to_the_same() {
    let mut random = Random(51);
    for &layout in LAYOUTS {
        for eighths in 1..=8_u32 {
            let density = f64::from(eighths) / 8.0;
            let mut picture = Picture::random((83, 61), layout, &mut random);
            let expected = decoded(&picture.file(), density, density / 2.0).unwrap();
            for restart_interval in [0, 3] {
                picture.restart_interval = restart_interval;
                picture.passes = script(layout.len());
                let file = picture.file();
                picture.passes.clear();
                let bits = decoded(&file, density, density / 2.0).unwrap();
                assert_eq!(bits.damage, None);
                for (expected, component) in expected.components.iter().zip(bits.components) {
                    assert_eq!(component.plane, expected.plane, "{layout:?} {eighths}/8");
                }
            }
        }
    }
}

#[test]
fn our_own_files_are_read_back_whole() {
    let mut random = Random(52);
    let picture = Picture::smooth((150, 90), &[(1, 1)]);
    let plane = luma(decoded(&picture.file(), 1.0, 1.0).unwrap());
    for quality in [5, 50, 100] {
        let noisy: Vec<u8> =
            plane.samples.iter().map(|sample| sample ^ random.below(16) as u8).collect();
        let luma_plane = crate::Plane { samples: noisy, ..plane.clone() };
        let grey = encoder::Picture { luma: &luma_plane, chroma: None };
        let file = encoder::encode(&grey, quality, &mut encoder::Scratch::default()).unwrap();
        let ours = luma(decoded(&file, 1.0, 1.0).unwrap());
        let theirs = image::load_from_memory(&file).unwrap().to_luma8().into_raw();
        let apart = ours.samples.iter().zip(&theirs).map(|(a, b)| a.abs_diff(*b)).max();
        // Their transform rounds in another way.
        assert!(apart <= Some(2), "{apart:?} at {quality}");
    }
}

#[test]
fn a_file_without_its_last_scans_is_less_sharp() {
    let mut picture = Picture::random((83, 61), &[(1, 1); 3], &mut Random(53));
    picture.passes = script(3);
    let file = picture.file();
    let scans: Vec<usize> =
        (0..file.len()).filter(|&at| file[at..].starts_with(&[0xff, 0xda])).collect();
    for (complete, &next) in scans.iter().enumerate() {
        let cut = decoded_if_planned(&file[..next + 4]);
        if complete == 0 {
            assert_eq!(cut, Err(DecodeError::EndsEarly.to_string()));
        } else {
            assert_eq!(cut, Ok(Some(Damage::FewerScans { complete })));
        }
    }
}

/// The first scan of the colours names a component whose quantisation table is missing: what was
/// sent before stays, of each component.
#[test]
fn a_scan_without_its_table_leaves_what_was_there() {
    let mut picture = Picture::random((83, 61), &[(1, 1); 3], &mut Random(57));
    let means =
        |members: &[usize]| Pass { members: members.to_vec(), band: (0, 0), high: 0, low: 0 };
    picture.passes = vec![means(&[0]), means(&[0, 1, 2])];
    let mut file = picture.file();
    let frame = file.windows(2).position(|marker| marker == [0xff, 0xc2]).unwrap();
    // The table of the last component, behind marker, length, sides and two components.
    file[frame + 18] = 3;
    let part = decoded(&file, 1.0, 1.0).unwrap();
    picture.passes.truncate(1);
    let first = decoded(&picture.file(), 1.0, 1.0).unwrap();
    assert!(part.damage.is_some());
    assert_eq!(luma(part), luma(first));
}

#[test]
fn an_interval_that_is_lost_is_told_by_its_row() {
    let mut picture = Picture::random((64, 64), &[(1, 1)], &mut Random(54));
    picture.passes = script(1);
    picture.restart_interval = 8;
    let file = picture.file();
    let whole = luma(decoded(&file, 1.0, 1.0).unwrap());
    // In the first scan, the third row of blocks.
    let second = file.windows(2).position(|marker| marker == [0xff, 0xd1]).unwrap();
    let third = file.windows(2).position(|marker| marker == [0xff, 0xd2]).unwrap();
    let file = [&file[..second], &file[third..]].concat();
    let part = decoded(&file, 1.0, 1.0).unwrap();
    assert_eq!(part.damage, Some(Damage::Rows { intact: 16, missing: true }));
    let part = luma(part);
    assert_eq!(part.samples[..16 * 64], whole.samples[..16 * 64]);
    assert_ne!(part.samples[16 * 64..24 * 64], whole.samples[16 * 64..24 * 64]);
    assert_eq!(part.samples[24 * 64..], whole.samples[24 * 64..]);
}

#[test]
fn what_each_scan_adds_for_nobody_is_passed_over() {
    // Of a scan that no sample depends on the data may be anything.
    let mut picture = Picture::random((64, 64), &[(1, 1)], &mut Random(55));
    picture.progressive = true;
    let file = picture.file();
    let last = file.windows(2).rposition(|marker| marker == [0xff, 0xda]).unwrap();
    let broken = [&file[..last + 10], &[0x55; 7][..], &[0xff, 0xd9]].concat();
    let expected = luma(decoded(&file, 0.5, 0.5).unwrap());
    let passed = decoded(&broken, 0.5, 0.5).unwrap();
    assert_eq!((passed.damage, luma(passed)), (None, expected));
    assert!(decoded(&broken, 1.0, 1.0).unwrap().damage.is_some());
}

#[test]
fn every_truncation_is_survived() {
    let mut picture = Picture::random((40, 33), &[(2, 1), (1, 1), (1, 1)], &mut Random(56));
    picture.passes = script(3);
    let mut file = picture.file();
    for length in 0..file.len() {
        if let Ok(cut) = decoded_if_planned(&file[..length]) {
            assert!(cut.is_some(), "{length} of {}", file.len());
        }
    }
    for bit in (0..file.len() * 8).step_by(3) {
        file[bit / 8] ^= 1 << (bit % 8);
        let _ = decoded_if_planned(&file);
        file[bit / 8] ^= 1 << (bit % 8);
    }
}

/// The damage of a file that may be anything.
fn decoded_if_planned(file: &[u8]) -> Result<Option<Damage>, String> {
    use crate::decoder::{Request, Scratch, decode, plan, read_header};
    let header = read_header(file).map_err(|error| error.to_string())?;
    if header.width > 500 || header.height > 500 {
        return Err("large".to_owned());
    }
    let request = Request { luma_density: 0.4, chroma_density: 0.2, rows: 0..header.height };
    let plan = plan(&header, &request).map_err(|refusal| refusal.to_string())?;
    let decoded = decode(file, &plan, &mut Scratch::default());
    decoded.map(|decoded| decoded.damage).map_err(|error| error.to_string())
}
