//! Walking from marker to marker, outside entropy-coded data (ITU-T T.81, B.1.1).

use std::ops::Range;

use super::DecodeError;

pub(super) const RESTART_FIRST: u8 = 0xd0;
pub(super) const RESTART_LAST: u8 = 0xd7;
pub(super) const START_OF_IMAGE: u8 = 0xd8;
pub(super) const END_OF_IMAGE: u8 = 0xd9;
pub(super) const START_OF_SCAN: u8 = 0xda;
pub(super) const QUANTISATION_TABLES: u8 = 0xdb;
pub(super) const HUFFMAN_TABLES: u8 = 0xc4;
pub(super) const NUMBER_OF_LINES: u8 = 0xdc;
pub(super) const RESTART_INTERVAL: u8 = 0xdd;

/// A marker and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// The second byte of the marker.
    pub(super) marker: u8,
    /// Its parameters without their length; empty for markers that have none.
    pub(super) payload: Range<usize>,
}

/// The first marker at `at` or later. Stray bytes and fill bytes before it are passed over.
pub(super) fn next_segment(bytes: &[u8], at: usize) -> Result<Segment, DecodeError> {
    let (marker, place) = next_marker(bytes, at).ok_or(DecodeError::EndsEarly)?;
    let start = place + 2;
    if is_standalone(marker) {
        return Ok(Segment { marker, payload: start..start });
    }
    let length = bytes.get(start..).and_then(<[u8]>::first_chunk).copied();
    let length = usize::from(u16::from_be_bytes(length.ok_or(DecodeError::EndsEarly)?));
    if length < 2 {
        return Err(DecodeError::Malformed("a marker segment is shorter than its own length"));
    }
    let payload = start + 2..start + length;
    if payload.end > bytes.len() {
        return Err(DecodeError::EndsEarly);
    }
    Ok(Segment { marker, payload })
}

/// The marker that ends the entropy-coded data at `at`, with its place. Restart markers do not.
pub(super) fn after_scan(bytes: &[u8], mut at: usize) -> Option<(u8, usize)> {
    loop {
        let (marker, place) = next_marker(bytes, at)?;
        if !(RESTART_FIRST..=RESTART_LAST).contains(&marker) {
            return Some((marker, place));
        }
        at = place + 2;
    }
}

/// The next 0xff that is followed by neither 0x00 (a stuffed byte) nor 0xff (a fill byte).
pub(super) fn next_marker(bytes: &[u8], mut at: usize) -> Option<(u8, usize)> {
    loop {
        at += bytes.get(at..)?.iter().position(|&byte| byte == 0xff)?;
        match *bytes.get(at + 1)? {
            0xff => at += 1,
            0x00 => at += 2,
            marker => return Some((marker, at)),
        }
    }
}

fn is_standalone(marker: u8) -> bool {
    matches!(marker, 0x01 | RESTART_FIRST..=END_OF_IMAGE)
}
