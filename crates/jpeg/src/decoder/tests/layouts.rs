//! What headers may leave out or say beside the truth, as libjpeg-turbo reads it.

use fixtures::jpeg_writer::{Huffman, Picture, Random};

use super::{decoded, luma};
use crate::{Plane, markers};

fn picture() -> Picture {
    Picture::random((40, 72), &[(2, 2), (1, 1), (1, 1)], &mut Random(41))
}

fn planes(file: &[u8]) -> Vec<Plane> {
    let decoded = decoded(file, 1.0, 1.0).unwrap();
    assert_eq!(decoded.damage, None);
    decoded.components.into_iter().map(|component| component.plane).collect()
}

/// Where the first segment of this kind is.
fn place(file: &[u8], marker: u8) -> usize {
    file.windows(2).position(|bytes| bytes == [0xff, marker]).unwrap()
}

#[test]
fn the_typical_tables_apply_where_none_are_defined() {
    let mut picture = picture();
    picture.huffman = Huffman::Typical;
    let with = picture.file();
    let mut without = with.clone();
    while let Some(at) =
        without.windows(2).position(|bytes| bytes == [0xff, markers::HUFFMAN_TABLES])
    {
        let length = usize::from(u16::from_be_bytes([without[at + 2], without[at + 3]]));
        without.drain(at..at + 2 + length);
    }
    assert!(without.len() + 200 < with.len());
    assert_eq!(planes(&without), planes(&with));
}

#[test]
fn the_band_of_a_sequential_scan_means_nothing() {
    let file = picture().file();
    let mut other = file.clone();
    let scan = place(&other, markers::START_OF_SCAN);
    other[scan + 12] = 64;
    assert_eq!(planes(&other), planes(&file));
}

#[test]
fn a_number_of_lines_counts_only_where_there_is_none() {
    let mut picture = picture();
    for progressive in [false, true] {
        picture.progressive = progressive;
        picture.late_height = false;
        let expected = planes(&picture.file());
        picture.late_height = true;
        let mut file = picture.file();
        assert_eq!(planes(&file), expected);
        // Now the frame has a height, and another one behind the scan is of no interest.
        let frame = place(&file, if progressive { 0xc2 } else { 0xc0 });
        file[frame + 5..frame + 7].copy_from_slice(&[0, 72]);
        let lines = place(&file, markers::NUMBER_OF_LINES);
        file[lines + 5] = 40;
        assert_eq!(planes(&file), expected);
    }
}

#[test]
fn data_behind_the_last_row_is_not_looked_at() {
    let mut picture = picture();
    for (progressive, restart_interval) in [(false, 0), (false, 2), (true, 0), (true, 2)] {
        (picture.progressive, picture.restart_interval) = (progressive, restart_interval);
        let mut file = picture.file();
        let whole = luma(decoded(&file, 1.0, 1.0).unwrap());
        let frame = place(&file, if progressive { 0xc2 } else { 0xc0 });
        file[frame + 6] = 40;
        let lower = planes(&file).remove(0);
        assert_eq!(lower.samples, whole.samples[..40 * 40]);
    }
}
