//! Walking from marker to marker, outside entropy-coded data (ITU-T T.81, B.1.1).

use std::ops::Range;

pub(crate) const RESTART_FIRST: u8 = 0xd0;
pub(crate) const RESTART_LAST: u8 = 0xd7;
pub(crate) const START_OF_IMAGE: u8 = 0xd8;
pub(crate) const END_OF_IMAGE: u8 = 0xd9;
pub(crate) const START_OF_SCAN: u8 = 0xda;
pub(crate) const QUANTISATION_TABLES: u8 = 0xdb;
pub(crate) const HUFFMAN_TABLES: u8 = 0xc4;
pub(crate) const NUMBER_OF_LINES: u8 = 0xdc;
pub(crate) const RESTART_INTERVAL: u8 = 0xdd;

/// Where the first segment is: behind the start of the image.
pub(crate) const FIRST_SEGMENT: usize = 2;

/// A marker and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// The second byte of the marker.
    pub(crate) marker: u8,
    /// Where it begins.
    pub(crate) start: usize,
    /// Its parameters without their length, as far as they are there; empty for markers that have
    /// none.
    pub(crate) payload: Range<usize>,
    /// What is wrong with it.
    pub(crate) flaw: Option<Flaw>,
}

/// What may be wrong with a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It is shorter than its own length.
    TooShort,
    /// The file ends before it does.
    CutOff,
}

/// The first marker at `at` or later, and what belongs to it; nothing if there is no other, or not
/// even its length. Stray bytes and fill bytes before it are passed over.
pub(crate) fn next_segment(bytes: &[u8], at: usize) -> Option<Segment> {
    let (marker, start) = next_marker(bytes, at)?;
    if is_standalone(marker) {
        return Some(Segment { marker, start, payload: start + 2..start + 2, flaw: None });
    }
    segment_with_length(bytes, marker, start)
}

/// What belongs to a marker at `start`, whose length follows.
fn segment_with_length(bytes: &[u8], marker: u8, start: usize) -> Option<Segment> {
    const LENGTH_BYTES: usize = 2;
    let place = start + 2;
    let length = bytes.get(place..).and_then(<[u8]>::first_chunk).copied();
    let length = usize::from(u16::from_be_bytes(length?));
    let announced = place + length.max(LENGTH_BYTES);
    let flaw = if length < LENGTH_BYTES {
        Some(Flaw::TooShort)
    } else {
        (announced > bytes.len()).then_some(Flaw::CutOff)
    };
    let payload = place + LENGTH_BYTES..announced.min(bytes.len());
    Some(Segment { marker, start, payload, flaw })
}

/// The place of the first marker at `at` or later that is no restart: where entropy-coded data ends
/// that begins at `at`. A 0xff that nothing follows counts; without any it is the end of the file.
pub(crate) fn end_of_scan(bytes: &[u8], mut at: usize) -> usize {
    while let Some(found) = bytes.get(at..).and_then(|rest| rest.iter().position(|&b| b == 0xff)) {
        at += found;
        match bytes.get(at + 1) {
            Some(0x00 | RESTART_FIRST..=RESTART_LAST) => at += 2,
            Some(0xff) => at += 1,
            _ => return at,
        }
    }
    bytes.len()
}

/// The marker that ends the entropy-coded data at `at`, with its place. Restart markers do not.
pub(crate) fn after_scan(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let place = end_of_scan(bytes, at);
    Some((*bytes.get(place + 1)?, place))
}

/// The next 0xff that is followed by neither 0x00 (a stuffed byte) nor 0xff (a fill byte).
pub(crate) fn next_marker(bytes: &[u8], mut at: usize) -> Option<(u8, usize)> {
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
