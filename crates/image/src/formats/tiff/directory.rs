//! The directories of a TIFF: which tags there are, and their values, read where they lie.
//!
//! Nothing is copied, so a tag may claim as many values as it likes. The layout is that of TIFF 6.0,
//! section 2, and of `BigTIFF`, which has wider numbers and nothing else.

/// Entries that are looked at: there are no more tags than this.
const MOST_ENTRIES: u64 = 1 << 16;

/// One directory, which describes one picture.
#[derive(Clone, Copy)]
pub(super) struct Directory<'a> {
    numbers: Numbers<'a>,
    shape: Shape,
    /// Where its entries begin.
    first: usize,
    entries: usize,
}

/// How wide numbers are in a kind of file.
#[derive(Clone, Copy)]
struct Shape {
    /// Bytes of the number of entries.
    head: usize,
    /// Bytes of an entry.
    entry: usize,
    /// Bytes of a place or a number of values.
    wide: usize,
}

const CLASSIC: Shape = Shape { head: 2, entry: 12, wide: 4 };
const BIG: Shape = Shape { head: 8, entry: 20, wide: 8 };

impl<'a> Directory<'a> {
    /// The directory of the first page; nothing if the file ends before it.
    pub(super) fn first(bytes: &'a [u8]) -> Option<Self> {
        const BIG_VERSION: u64 = 43;
        let order = if bytes.starts_with(b"II") { ByteOrder::Little } else { ByteOrder::Big };
        let numbers = Numbers { bytes, order };
        let (shape, place) =
            if numbers.read(2, 2)? == BIG_VERSION { (BIG, 8) } else { (CLASSIC, 4) };
        Self::at(numbers, shape, numbers.read(place, shape.wide)?)
    }

    /// The directory of the page after this one.
    pub(super) fn next(&self) -> Option<Self> {
        let end = self.first.checked_add(self.entries.checked_mul(self.shape.entry)?)?;
        let place = self.numbers.read(end, self.shape.wide)?;
        if place == 0 { None } else { Self::at(self.numbers, self.shape, place) }
    }

    fn at(numbers: Numbers<'a>, shape: Shape, place: u64) -> Option<Self> {
        let place = usize::try_from(place).ok()?;
        let entries = numbers.read(place, shape.head)?.min(MOST_ENTRIES);
        let first = place.checked_add(shape.head)?;
        Some(Self { numbers, shape, first, entries: usize::try_from(entries).ok()? })
    }

    /// The values of a tag; nothing if it is not there, or if some of them are beyond the file.
    pub(super) fn values(&self, tag: u16) -> Option<Values<'a>> {
        let Shape { wide, .. } = self.shape;
        let numbers = self.numbers;
        let at = self.find(tag)?;
        let width = width_of(numbers.read(at + 2, 2)?)?;
        let count = usize::try_from(numbers.read(at + 4, wide)?).ok()?;
        let length = count.checked_mul(width)?;
        // Values that fit stand in place of the offset.
        let inline = at + 4 + wide;
        let place = if length <= wide {
            inline
        } else {
            usize::try_from(numbers.read(inline, wide)?).ok()?
        };
        let bytes = numbers.bytes.get(place..)?.get(..length)?;
        Some(Values { numbers: Numbers { bytes, ..numbers }, width, count })
    }

    /// Whether a tag is there, whatever its values are.
    pub(super) fn has(&self, tag: u16) -> bool {
        self.find(tag).is_some()
    }

    fn find(&self, tag: u16) -> Option<usize> {
        let mut places = (0..self.entries).map(|index| self.first + index * self.shape.entry);
        places.find(|&at| self.numbers.read(at, 2) == Some(u64::from(tag)))
    }

    /// The first value of a tag.
    pub(super) fn number(&self, tag: u16) -> Option<u64> {
        self.values(tag)?.get(0)
    }

    /// A value that consists of bytes.
    pub(super) fn bytes(&self, tag: u16) -> Option<&'a [u8]> {
        self.values(tag).map(|values| values.numbers.bytes)
    }

    pub(super) fn byte_order(&self) -> ByteOrder {
        self.numbers.order
    }
}

/// Bytes of a number of each type (TIFF 6.0, section 2; `BigTIFF` for 13 to 18).
fn width_of(kind: u64) -> Option<usize> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 13 => Some(4),
        // Two numbers of 32 bits, or one of 64.
        5 | 16..=18 => Some(8),
        _ => None,
    }
}

/// The values of a tag.
#[derive(Clone, Copy)]
pub(super) struct Values<'a> {
    numbers: Numbers<'a>,
    width: usize,
    count: usize,
}

impl Values<'_> {
    pub(super) fn get(&self, index: usize) -> Option<u64> {
        self.numbers.read(index.checked_mul(self.width)?, self.width)
    }

    /// A fraction in parts of 2^16.
    pub(super) fn fraction(&self, index: usize) -> Option<i64> {
        let at = index.checked_mul(self.width)?;
        let [dividend, divisor] = [0, 4].map(|part| self.numbers.read(at + part, 4));
        i64::try_from((dividend? << 16).checked_div(divisor?)?).ok()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        (0..self.count).map_while(|index| self.get(index))
    }
}

/// Whole numbers in the byte order of the file.
#[derive(Clone, Copy)]
struct Numbers<'a> {
    bytes: &'a [u8],
    order: ByteOrder,
}

/// Which byte of a number comes first: the lowest or the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    /// The number that so many bytes are, eight at most.
    pub(super) fn number(self, bytes: &[u8]) -> u64 {
        let append = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        match self {
            Self::Little => bytes.iter().rev().fold(0, append),
            Self::Big => bytes.iter().fold(0, append),
        }
    }
}

impl Numbers<'_> {
    fn read(&self, at: usize, length: usize) -> Option<u64> {
        Some(self.order.number(self.bytes.get(at..at.checked_add(length)?)?))
    }
}
