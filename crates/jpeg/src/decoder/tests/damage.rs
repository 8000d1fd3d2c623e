//! Files that are cut off, changed or made up: never a panic, never more than was planned for.

use fixtures::jpeg_writer::{Picture, Random};

use super::{decoded, luma, planned};
use crate::{
    decoder::{
        Damage, DecodeError, Request, Scratch, decode, header::next_segment, plan, read_header,
    },
    markers,
};

fn picture() -> Picture {
    Picture::random((40, 72), &[(2, 2), (1, 1), (1, 1)], &mut Random(11))
}

fn scan_data(file: &[u8]) -> usize {
    let mut at = 2;
    loop {
        let segment = next_segment(file, at).unwrap();
        at = segment.payload.end;
        if segment.marker == markers::START_OF_SCAN {
            return at;
        }
    }
}

/// Decodes whatever can be decoded, and checks that planes are what was planned.
fn survive(file: &[u8]) {
    let Ok(header) = read_header(file) else { return };
    if u64::from(header.width) * u64::from(header.height) > 1 << 20 {
        return;
    }
    let rows = 0..header.height;
    let request = Request { luma_density: 0.3, chroma_density: 0.2, rows };
    let Ok(plan) = plan(&header, &request) else { return };
    if let Ok(decoded) = decode(file, &plan, &mut Scratch::default()) {
        for (component, size) in decoded.components.iter().zip(plan.plane_sizes()) {
            let plane = &component.plane;
            assert_eq!((plane.width, plane.height), size);
            assert_eq!(plane.samples.len(), size.0 as usize * size.1 as usize);
        }
    }
}

#[test]
fn every_truncation_is_survived_and_keeps_what_was_there() {
    let file = picture().file();
    let whole = luma(decoded(&file, 0.5, 0.25).unwrap());
    let data = scan_data(&file);
    let plan = planned(&file, 0.5, 0.25);
    let mut has_a_row = false;
    for length in 0..file.len() - 2 {
        survive(&file[..length]);
        if length > data {
            let cut = decode(&file[..length], &plan, &mut Scratch::default());
            let Ok(cut) = cut else {
                assert_eq!(cut.unwrap_err(), DecodeError::EndsEarly);
                assert!(!has_a_row, "{length} of {}", file.len());
                continue;
            };
            has_a_row = true;
            let Some(Damage::Rows { intact, missing: true }) = cut.damage else {
                panic!("{length} of {}: {:?}", file.len(), cut.damage);
            };
            assert!(intact >= 16);
            let same = intact as usize / 2 * whole.width as usize;
            assert_eq!(luma(cut).samples[..same], whole.samples[..same]);
        }
    }
}

#[test]
fn a_picture_without_a_single_whole_row_is_none() {
    let (file, places) = with_restarts();
    let data = scan_data(&file);
    let end = [0xff, 0xd9];
    let with = |from: usize, to: usize| [&file[..data], &file[from..to], &end].concat();
    let damage = |file: &[u8]| decoded(file, 0.5, 0.25).map(|decoded| decoded.damage);
    let missing = |intact| Ok(Some(Damage::Rows { intact, missing: true }));
    assert_eq!(damage(&with(data, data)), Err(DecodeError::EndsEarly));
    assert_eq!(damage(&with(data, places[0] - 1)), Err(DecodeError::EndsEarly));
    assert_eq!(damage(&with(data, places[0])), missing(16));
    // Without its first row, from the first restart marker on.
    assert_eq!(damage(&with(places[0], file.len())), missing(0));
}

#[test]
fn every_flipped_bit_is_survived() {
    let mut file = Picture::random((24, 17), &[(2, 1), (1, 1), (1, 1)], &mut Random(12)).file();
    for bit in 0..file.len() * 8 {
        file[bit / 8] ^= 1 << (bit % 8);
        survive(&file);
        file[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn garbage_is_survived() {
    let mut random = Random(13);
    let head = {
        let file = picture().file();
        file[..scan_data(&file)].to_vec()
    };
    for round in 0..400 {
        let mut file = if round % 2 == 0 { vec![0xff, 0xd8] } else { head.clone() };
        file.extend((0..random.below(4000)).map(|_| random.below(256) as u8));
        survive(&file);
        file.extend([0xff; 5000]);
        survive(&file);
    }
}

#[test]
fn garbage_behind_the_end_does_not_matter() {
    let mut file = picture().file();
    let whole = luma(decoded(&file, 0.5, 0.25).unwrap());
    file.extend([0xff, 0xd8, 0xff, 0, 1, 2, 3, 0xff]);
    let again = decoded(&file, 0.5, 0.25).unwrap();
    assert_eq!((again.damage, luma(again)), (None, whole));
}

/// One interval is a row of units, 16 rows of the image.
fn with_restarts() -> (Vec<u8>, Vec<usize>) {
    let mut picture = picture();
    picture.restart_interval = 3;
    let file = picture.file();
    let data = scan_data(&file);
    let is_restart = |at: &usize| file[*at] == 0xff && (0xd0..0xd8).contains(&file[at + 1]);
    let places = (data..file.len() - 1).filter(is_restart).collect();
    (file, places)
}

#[test]
fn fill_bytes_before_restart_markers_are_passed_over() {
    let (mut file, places) = with_restarts();
    let whole = luma(decoded(&file, 0.5, 0.25).unwrap());
    for &at in places.iter().rev() {
        file.splice(at..at, [0xff; 3]);
    }
    let again = decoded(&file, 0.5, 0.25).unwrap();
    assert_eq!((again.damage, luma(again)), (None, whole));
}

#[test]
fn a_lost_interval_costs_only_itself() {
    let (mut file, places) = with_restarts();
    let whole = luma(decoded(&file, 0.5, 0.25).unwrap());
    file.drain(places[1]..places[2]);
    let cut = decoded(&file, 0.5, 0.25).unwrap();
    assert_eq!(cut.damage, Some(Damage::Rows { intact: 32, missing: true }));
    let row = |pixel: usize| pixel / 2 * whole.width as usize;
    let samples = luma(cut).samples;
    assert_eq!(samples[..row(32)], whole.samples[..row(32)]);
    assert!(samples[row(32)..row(48)].iter().all(|&sample| sample == 128));
    assert_eq!(samples[row(48)..], whole.samples[row(48)..]);
}

#[test]
fn a_repeated_interval_is_passed_over() {
    let (mut file, places) = with_restarts();
    let whole = luma(decoded(&file, 0.5, 0.25).unwrap());
    let interval = file[places[0]..places[1]].to_vec();
    file.splice(places[1]..places[1], interval);
    let again = decoded(&file, 0.5, 0.25).unwrap();
    assert_eq!((again.damage, luma(again)), (None, whole));
}

#[test]
fn a_wrongly_numbered_marker_is_taken_for_the_right_one() {
    let (mut file, places) = with_restarts();
    let whole = luma(decoded(&file, 0.5, 0.25).unwrap());
    file[places[1] + 1] = 0xd0 + 5;
    let again = decoded(&file, 0.5, 0.25).unwrap();
    assert_eq!((again.damage, luma(again)), (None, whole));
}

#[test]
fn missing_tables_are_errors() {
    let mut file = picture().file();
    let table = file.windows(2).position(|at| at == [0xff, markers::QUANTISATION_TABLES]).unwrap();
    file[table + 1] = 0xfe;
    let missing = DecodeError::Malformed("a quantisation table is missing");
    assert_eq!(decoded(&file, 0.5, 0.25).unwrap_err(), missing);
    // Only tables 0 and 1 have a meaning if nothing defines them.
    let mut file = picture().file();
    let scan = scan_data(&file);
    file[scan - 8] = 0x22;
    let missing = DecodeError::Malformed("a Huffman table is missing");
    assert_eq!(decoded(&file, 0.5, 0.25).unwrap_err(), missing);
}

#[test]
fn data_that_is_left_over_before_a_restart_marker_is_damage() {
    let (mut file, places) = with_restarts();
    file.splice(places[1]..places[1], [0x55; 4]);
    let damaged = decoded(&file, 0.5, 0.25).unwrap();
    assert_eq!(damaged.damage, Some(Damage::Rows { intact: 16, missing: false }));
}

#[test]
fn a_vast_frame_without_data_tells_what_it_would_take() {
    let file = picture().file();
    let frame = file.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    let mut file = file;
    file[frame + 5..frame + 9].fill(0xff);
    let plan = planned(&file, 0.5, 0.25);
    let planes = plan.plane_sizes().map(|(w, h)| u64::from(w) * u64::from(h)).sum::<u64>();
    assert_eq!(plan.plane_sizes().next(), Some((32768, 32768)));
    assert!((planes..planes + (8 << 20)).contains(&plan.memory_bytes()));
}
