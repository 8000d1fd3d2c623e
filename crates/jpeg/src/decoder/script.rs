//! The scans of a file, from their headers: what each sends, and whether a small picture needs it.

use super::{
    DecodeError, block::frequencies, header::next_segment, idct::Shape, plan::PlannedComponent,
};
use crate::markers;

/// Encoders write about ten scans, and 100 at the very most. Each costs a walk over all blocks but
/// next to no bytes, so thousands of them are a bomb; libjpeg-turbo's own tools are advised to stop
/// at 500 (`-maxscans`).
const MOST_SCANS: usize = 500;

/// The header of a scan (ITU-T T.81, B.2.3).
#[derive(Clone, Debug)]
pub(super) struct ScanHeader {
    pub(super) members: Vec<Member>,
    /// The first and the last coefficient in zigzag order; of a sequential image these have no
    /// meaning.
    pub(super) first: u32,
    pub(super) last: u32,
    /// The bit below which nothing was sent before, or 0 if this is the first scan.
    high: u8,
    /// The bit below which nothing is sent yet.
    pub(super) low: u8,
}

/// A component of a scan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    /// Its number in the frame.
    pub(super) index: usize,
    /// The numbers of its Huffman tables.
    pub(super) dc: usize,
    pub(super) ac: usize,
}

impl ScanHeader {
    pub(super) fn read(
        payload: &[u8],
        components: &[PlannedComponent],
    ) -> Result<Self, DecodeError> {
        const SHORT: DecodeError = DecodeError::Malformed("the head of a scan is too short");
        let (&count, rest) = payload.split_first().ok_or(SHORT)?;
        let (specifications, band) = rest.split_at_checked(2 * usize::from(count)).ok_or(SHORT)?;
        let mut members: Vec<Member> = Vec::new();
        for &[id, tables] in specifications.as_chunks::<2>().0 {
            let index = components.iter().position(|component| component.id == id);
            let index = index.ok_or(DecodeError::Malformed("a scan has an unknown component"))?;
            if members.iter().any(|member| member.index == index) {
                return Err(DecodeError::Malformed("a scan has a component twice"));
            }
            members.push(Member {
                index,
                dc: usize::from(tables >> 4),
                ac: usize::from(tables & 15),
            });
        }
        if members.is_empty() {
            return Err(SHORT);
        }
        let &[first, last, bits, ..] = band else { return Err(SHORT) };
        let (first, last) = (u32::from(first), u32::from(last));
        Ok(Self { members, first, last, high: bits >> 4, low: bits & 15 })
    }

    /// What makes sense of a progressive image (ITU-T T.81, G.1.1.1): coefficient 0 alone, or others
    /// of one component.
    fn with_possible_band(self) -> Result<Self, DecodeError> {
        const LOW_MAX: u8 = 13;
        let is_possible = match self.first {
            0 => self.last == 0,
            first => (first..64).contains(&self.last) && self.members.len() == 1,
        };
        if is_possible && self.low <= LOW_MAX {
            return Ok(self);
        }
        Err(DecodeError::Malformed("a scan sends a band that there cannot be"))
    }

    /// Whether it adds a bit to what was sent before.
    pub(super) fn refines(&self) -> bool {
        self.high > 0
    }

    /// A bit for each coefficient that it sends.
    pub(super) fn band(&self) -> u64 {
        u64::MAX >> (63 - self.last.min(63)) & u64::MAX << self.first.min(63)
    }
}

/// A scan of a progressive image.
pub(super) struct Pass {
    pub(super) header: ScanHeader,
    /// Whether the picture differs without it.
    pub(super) is_needed: bool,
}

/// The scans of a progressive image.
pub(super) struct Script {
    pub(super) passes: Vec<Pass>,
    /// How many are followed by another marker, so that none of their data is cut off.
    pub(super) complete: usize,
    /// Whether the image has an end.
    pub(super) has_end: bool,
    /// The components whose coefficient 0, which every other adds to, is in a complete scan.
    shown: Vec<bool>,
}

impl Script {
    /// Walks from marker to marker to the end of the image, or to a scan that makes no sense if there
    /// is a picture without it.
    pub(super) fn read(bytes: &[u8], components: &[PlannedComponent]) -> Result<Self, DecodeError> {
        let mut script = Self {
            passes: Vec::new(),
            complete: 0,
            has_end: false,
            shown: vec![false; components.len()],
        };
        let mut at = markers::FIRST_SEGMENT;
        while let Ok(segment) = next_segment(bytes, at) {
            at = segment.payload.end;
            match segment.marker {
                markers::END_OF_IMAGE => {
                    script.has_end = true;
                    break;
                }
                markers::START_OF_SCAN => {
                    let header = ScanHeader::read(&bytes[segment.payload], components);
                    let header = match header.and_then(ScanHeader::with_possible_band) {
                        Err(_) if script.shows_all() => break,
                        header => header?,
                    };
                    at = markers::end_of_scan(bytes, at);
                    script.add(header, at + 2 <= bytes.len())?;
                }
                _ => {}
            }
        }
        script.find_needed(components);
        Ok(script)
    }

    fn add(&mut self, header: ScanHeader, is_complete: bool) -> Result<(), DecodeError> {
        if self.passes.len() == MOST_SCANS {
            return Err(DecodeError::TooManyScans(MOST_SCANS));
        }
        if is_complete {
            self.complete += 1;
            for member in header.members.iter().filter(|_| header.first == 0) {
                self.shown[member.index] = true;
            }
        }
        self.passes.push(Pass { header, is_needed: false });
        Ok(())
    }

    /// From the last scan to the first: what sends a coefficient of the corner is needed. To be read
    /// past the others of its band, a scan that adds bits needs to know which are not 0, and so every
    /// scan that has sent one of those.
    fn find_needed(&mut self, components: &[PlannedComponent]) {
        let mut wanted: Vec<u64> =
            components.iter().map(|component| corner_bits(&component.shape())).collect();
        for Pass { header, is_needed } in self.passes.iter_mut().rev() {
            for member in &header.members {
                if wanted[member.index] & header.band() != 0 {
                    *is_needed = true;
                    if header.refines() {
                        wanted[member.index] |= header.band();
                    }
                }
            }
        }
    }

    /// Whether there is something to be seen of every component.
    pub(super) fn shows_all(&self) -> bool {
        self.shown.iter().all(|&shown| shown)
    }
}

/// A bit for each coefficient in zigzag order that blocks of this shape are made of.
pub(super) fn corner_bits(shape: &Shape) -> u64 {
    let bits = frequencies().enumerate();
    let bits = bits.filter(|&(_, frequency)| shape.place(frequency).is_some());
    bits.map(|(number, _)| 1 << number).sum()
}
