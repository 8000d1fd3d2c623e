//! The first directory of a TIFF, judged before the decoder believes it.
//!
//! The decoder makes room for every value of a tag before it looks for the first one, and takes a
//! whole enumeration for each. So the numbers of values are checked here, and what may be long, the
//! colour profile, is taken straight from the file. The layout is that of TIFF 6.0, section 2, and of
//! `BigTIFF`, which has wider numbers and nothing else.

use crate::colour;

/// Tags whose values are read to decode a picture: those of baseline TIFF, and for tiles, planes,
/// predictors, extra samples and JPEG.
const READ: [u16; 21] = [
    254, 256, 257, 258, 259, 262, 273, 274, 277, 278, 279, 284, 317, 322, 323, 324, 325, 338, 339,
    347, 530,
];
const ICC_PROFILE: u16 = 34_675;

/// Values of one tag: enough for three planes in strips of one row each, 87,000 rows high.
const VALUES_MAX: u64 = 1 << 18;
/// What a value takes in the decoder: as an enumeration, and as a plain number after that.
const VALUE_BYTES: u64 = 32 + 8;

pub(super) struct Directory<'a> {
    bytes: &'a [u8],
    entries: Vec<Entry>,
}

struct Entry {
    tag: u16,
    count: u64,
    /// Where its values are, if they are bytes.
    place: usize,
}

impl<'a> Directory<'a> {
    /// Reads the directory, as far as it is there; nothing if it is not.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let numbers = Numbers { bytes, little: bytes.starts_with(b"II") };
        let big = numbers.read(2, 2)? == 43;
        let start = usize::try_from(if big { numbers.read(8, 8) } else { numbers.read(4, 4) }?);
        let start = start.ok()?;
        let (head, size, wide) = if big { (8, 20, 8) } else { (2, 12, 4) };
        let count = usize::try_from(numbers.read(start, head)?).ok()?;
        let first = start.checked_add(head)?;
        let count = count.min(bytes.len().saturating_sub(first) / size);
        let entry = |index: usize| {
            let at = first + index * size;
            let tag = u16::try_from(numbers.read(at, 2)?).ok()?;
            let count = numbers.read(at + 4, wide)?;
            // Values that fit stand in place of the offset.
            let inline = at + 4 + wide;
            let place = if count <= wide as u64 {
                inline
            } else {
                usize::try_from(numbers.read(inline, wide)?).ok()?
            };
            Some(Entry { tag, count, place })
        };
        Some(Self { bytes, entries: (0..count).map_while(entry).collect() })
    }

    /// Whether some tag claims more values than any picture has use for.
    pub(super) fn claims_too_much(&self) -> bool {
        self.read_entries().any(|entry| entry.count > VALUES_MAX)
    }

    /// Bytes that the decoder takes for the values it reads.
    pub(super) fn working_bytes(&self) -> u64 {
        self.read_entries().map(|entry| entry.count.saturating_mul(VALUE_BYTES)).sum()
    }

    /// The colour profile, if it is of a sensible size.
    pub(super) fn icc(&self) -> Option<&'a [u8]> {
        let entry = self.entries.iter().find(|entry| entry.tag == ICC_PROFILE)?;
        let length = usize::try_from(entry.count).ok()?;
        let profile = self.bytes.get(entry.place..)?.get(..length)?;
        (length <= colour::LARGEST_PROFILE).then_some(profile)
    }

    fn read_entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| READ.contains(&entry.tag))
    }
}

/// Whole numbers in the byte order of the file.
struct Numbers<'a> {
    bytes: &'a [u8],
    little: bool,
}

impl Numbers<'_> {
    fn read(&self, at: usize, length: usize) -> Option<u64> {
        let bytes = self.bytes.get(at..at.checked_add(length)?)?.iter();
        let append = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.little { bytes.rev().fold(0, append) } else { bytes.fold(0, append) })
    }
}
