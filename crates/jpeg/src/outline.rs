//! What the markers of a JPEG say, without decoding anything (ITU-T T.81, annex B).

use std::ops::Range;

use crate::markers::{
    END_OF_IMAGE, Flaw, START_OF_SCAN, Segment, end_of_scan, segment_with_length,
};

/// Facts about a JPEG that decide how, and whether, it is decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// The marker of its frame, which tells the process: 0xc0 to 0xcf.
    pub process: u8,
    /// Bits of a sample.
    pub precision: u8,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
    /// Sampling factors of each component, across and down, from 1 to 4.
    pub sampling: Vec<(u8, u8)>,
    /// Components of the first scan.
    pub first_scan: u8,
    /// Whether Adobe's marker is there, which says that inks are stored as their complement.
    pub adobe: bool,
    /// Bytes of application data before the first scan, which a decoder keeps a copy of.
    pub metadata_bytes: u64,
}

impl Outline {
    /// Reads it, or nothing if the markers up to the first scan are not all there or contradict
    /// themselves.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut outline = None;
        let (mut adobe, mut metadata_bytes) = (false, 0);
        for Segment { marker, payload, .. } in segments(bytes) {
            let data = &bytes[payload];
            match marker {
                0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                    outline = Some(Self::of_frame(marker, data)?);
                }
                0xe0..=0xef => {
                    adobe |= marker == APP14 && data.starts_with(b"Adobe");
                    metadata_bytes += data.len() as u64;
                }
                START_OF_SCAN => {
                    let first_scan = *data.first()?;
                    return outline.map(|outline| Self {
                        first_scan,
                        adobe,
                        metadata_bytes,
                        ..outline
                    });
                }
                _ => {}
            }
        }
        None
    }

    fn of_frame(process: u8, data: &[u8]) -> Option<Self> {
        let (&[precision, h1, h0, w1, w0, count], components) = data.split_first_chunk()?;
        let sampling = components.as_chunks::<3>().0.iter().take(usize::from(count));
        let sampling: Vec<_> =
            sampling.map(|[_, factors, _]| (factors >> 4, factors & 15)).collect();
        let valid = sampling.iter().all(|(h, v)| (1..=4).contains(h) && (1..=4).contains(v));
        let complete = (1..=4).contains(&count) && sampling.len() == usize::from(count);
        (valid && complete).then_some(Self {
            process,
            precision,
            width: u16::from_be_bytes([w1, w0]),
            height: u16::from_be_bytes([h1, h0]),
            sampling,
            first_scan: 0,
            adobe: false,
            metadata_bytes: 0,
        })
    }

    /// The largest sampling factors of all components, which the others are relative to.
    pub fn largest_sampling(&self) -> (u8, u8) {
        self.sampling.iter().fold((1, 1), |(h, v), factors| (h.max(factors.0), v.max(factors.1)))
    }

    /// Whether its frame is progressive, which makes a decoder hold every coefficient.
    pub fn is_progressive(&self) -> bool {
        matches!(self.process, 0xc2 | 0xc6 | 0xca | 0xce)
    }

    /// Whether one scan holds all there is, so that a decoder can finish row after row.
    pub fn is_sequential(&self) -> bool {
        !self.is_progressive() && usize::from(self.first_scan) == self.sampling.len()
    }
}

/// Whether a JPEG is progressive.
pub fn is_progressive(bytes: &[u8]) -> bool {
    segments(bytes).any(|segment| matches!(segment.marker, 0xc2 | 0xc6 | 0xca | 0xce))
}

/// Whether a JPEG has an end. Its decoder would fill what is missing with grey and not complain.
pub fn is_complete(bytes: &[u8]) -> bool {
    let scan = segments(bytes).find(|segment| segment.marker == START_OF_SCAN);
    // Thumbnails with an end of their own come before the scan; inside it 0xff is escaped.
    scan.is_some_and(|scan| {
        bytes[scan.payload.start..].windows(2).rev().any(|end| end == [0xff, END_OF_IMAGE])
    })
}

/// What there is of a JPEG's scans, found by walking from marker to marker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scans {
    /// How many begin.
    pub begun: usize,
    /// How many are followed by another marker, so that none of their data is cut off.
    pub complete: usize,
    /// The components whose frequency zero, which every other adds to, is in a complete scan.
    pub components: Vec<u8>,
    /// Bytes of data in the first.
    pub first_bytes: usize,
    /// Where the last segment or data ends that is not cut off in its header.
    pub end: usize,
}

impl Scans {
    /// Walks to the end of the image, or until more than `most` scans have begun.
    pub fn read(bytes: &[u8], most: usize) -> Self {
        let mut scans = Self { end: FIRST_MARKER, ..Self::default() };
        while scans.begun <= most
            && let Some(segment) = segment_at(bytes, scans.end)
            && segment.flaw != Some(Flaw::CutOff)
            && segment.marker != END_OF_IMAGE
        {
            scans.end = segment.payload.end;
            if segment.marker == START_OF_SCAN {
                scans.add(bytes, segment.payload);
            }
        }
        scans
    }

    fn add(&mut self, bytes: &[u8], header: Range<usize>) {
        let data = header.end;
        self.end = end_of_scan(bytes, data);
        self.begun += 1;
        if self.begun == 1 {
            self.first_bytes = self.end - data;
        }
        // A 0xff at the end of the file may be the first half of an escape.
        if self.end + 2 > bytes.len() {
            return;
        }
        self.complete += 1;
        // The number of components, a name and tables of each, the first frequency (T.81, B.2.3).
        let [count, rest @ ..] = &bytes[header] else { return };
        let members = rest.as_chunks::<2>().0.iter().take(usize::from(*count));
        if rest.get(2 * usize::from(*count)) == Some(&0) {
            self.components.extend(members.map(|[name, _]| name));
            self.components.sort_unstable();
            self.components.dedup();
        }
    }
}

const APP14: u8 = 0xee;

/// The first two bytes are the start of the image.
const FIRST_MARKER: usize = 2;

/// The segments up to the header of the first scan, without anything between them. A marker that has
/// no length is one too many here, for nothing can be said of what follows.
fn segments(bytes: &[u8]) -> impl Iterator<Item = Segment> {
    let mut next = Some(FIRST_MARKER);
    std::iter::from_fn(move || {
        let segment = segment_at(bytes, next?)?;
        next = (segment.marker != START_OF_SCAN).then_some(segment.payload.end);
        Some(segment)
    })
}

/// The segment whose marker stands here; any number of fill bytes may precede it.
fn segment_at(bytes: &[u8], at: usize) -> Option<Segment> {
    let fill = bytes.get(at..)?.iter().take_while(|&&byte| byte == 0xff).count();
    let start = at + fill.checked_sub(1)?;
    segment_with_length(bytes, *bytes.get(start + 1)?, start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jpeg_is_complete_with_an_end_after_its_scan() {
        let thumbnail = b"\xff\xd8\xff\xe1\0\x06\xff\xd9\0\0";
        assert!(!is_complete(thumbnail));
        let scan = [&thumbnail[..], b"\xff\xda\0\x02....."].concat();
        assert!(!is_complete(&scan));
        assert!(is_complete(&[&scan[..], b"\xff\xd9"].concat()));
        assert!(is_complete(&[&scan[..], b"\xff\xd9 and a trailer"].concat()));
    }

    #[test]
    fn a_cut_off_header_is_not_progressive() {
        assert!(!is_progressive(b""));
        assert!(!is_progressive(b"\xff\xd8\xff"));
        assert!(!is_progressive(b"\xff\xd8\xff\xe0\0\x04\0\0\xff\xc0\0\x11"));
        assert!(is_progressive(b"\xff\xd8\xff\xe0\0\x04\0\0\xff\xff\xc2\0\x11"));
    }

    const FRAME: &[u8] = b"\xff\xc2\0\x11\x08\0\x10\0\x20\x03\x01\x22\0\x02\x11\x01\x03\x11\x01";

    #[test]
    fn the_outline_is_that_of_the_frame_and_the_first_scan() {
        let adobe = b"\xff\xd8\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\x01";
        let file = [adobe, FRAME, b"\xff\xda\0\x06\x01\x01\0\0"].concat();
        let expected = Outline {
            process: 0xc2,
            precision: 8,
            width: 32,
            height: 16,
            sampling: vec![(2, 2), (1, 1), (1, 1)],
            first_scan: 1,
            adobe: true,
            metadata_bytes: 12,
        };
        assert_eq!(Outline::read(&file), Some(expected));
        for cut in 0..file.len() - 4 {
            assert_eq!(Outline::read(&file[..cut]), None, "{cut}");
        }
    }

    #[test]
    fn sampling_factors_are_one_to_four() {
        for factors in [0x00, 0x10, 0x01, 0x51, 0x15] {
            let mut file = [b"\xff\xd8", FRAME, b"\xff\xda\0\x06\x01\x01\0\0"].concat();
            file[13] = factors;
            assert_eq!(Outline::read(&file), None, "{factors:#x}");
        }
    }

    #[test]
    fn scans_are_counted_past_restarts_escapes_and_thumbnails() {
        let start = b"\xff\xd8\xff\xe1\0\x08\xff\xda\xff\xda\0\0";
        let scan = b"\xff\xda\0\x03\x01\x12\xff\0\x34\xff\xd3\x56";
        let file = [&start[..], scan, scan, b"\xff\xc4\0\x03\0", scan, b"\xff\xd9"].concat();
        assert_eq!(Scans::read(&file, 100).begun, 3);
        assert_eq!(Scans::read(&file, 1).begun, 2);
        assert_eq!(Scans::read(b"", 100).begun, 0);
        let another = [&file[..], &file].concat();
        assert_eq!(Scans::read(&another, 100).begun, 3, "a second image is not this one");
    }

    #[test]
    fn scans_are_complete_if_a_marker_follows() {
        let both = b"\xff\xda\0\x0a\x02\x01\0\x02\x11\0\0\x01____";
        let later = b"\xff\xda\0\x08\x01\x03\x11\x01\x3f\0__";
        let last = b"\xff\xda\0\x08\x01\x03\x11\0\0\x01______";
        let file = [&b"\xff\xd8"[..], both, later, last, b"\xff\xd9"].concat();
        let read = |length: usize| Scans::read(&file[..length], 100);
        let (first, second, third) = (2 + both.len(), 2 + both.len() + later.len(), file.len() - 2);
        assert_eq!(read(file.len()).components, [1, 2, 3]);
        assert_eq!((read(file.len()).complete, read(file.len()).end), (3, third));
        // Cut off in the data, behind it, in the next marker, in the next header.
        for (length, begun, complete, end) in [
            (first - 3, 1, 0, first - 3),
            (first, 1, 0, first),
            (first + 1, 1, 0, first),
            (first + 9, 1, 1, first),
            (second - 1, 2, 1, second - 1),
            (third, 3, 2, third),
        ] {
            let Scans { begun: have, first_bytes, components, .. } = read(length);
            assert_eq!((have, read(length).complete, read(length).end), (begun, complete, end));
            assert_eq!(first_bytes, length.min(first) - 14);
            assert_eq!(components, [1, 2][..2 * complete.min(1)]);
        }
    }
}
