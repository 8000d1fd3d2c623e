//! The header of a frame (RFC 6386, sections 9 and 19.2), and what follows from it for each segment.

use crate::{
    DecodeError,
    bits::Bits,
    filter::Strength,
    probabilities::{self, Decisions, Probabilities},
};

/// How many sets of settings a frame can have.
const SEGMENTS: usize = 4;

/// What is decided once for a frame.
#[derive(Debug)]
pub(crate) struct Header<'a> {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// The decisions behind which a macroblock's segment is found, if that is coded.
    pub(crate) segment_map: Option<[u8; 3]>,
    pub(crate) segments: [Segment; SEGMENTS],
    pub(crate) simple_filter: bool,
    pub(crate) tokens: Box<PositionTables>,
    /// The decision whether a macroblock goes without tokens, if there are such.
    pub(crate) skip: Option<u8>,
    /// What is behind the header: the modes of all macroblocks.
    pub(crate) modes: Bits<'a>,
    /// Tokens of every row of macroblocks, in turn.
    pub(crate) partitions: Vec<Bits<'a>>,
}

/// [`Probabilities`] for each position in a block instead of its band, and for the one behind the last.
pub(crate) type PositionTables = [[[Decisions; 3]; 17]; 4];

/// Settings of the macroblocks that share them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Segment {
    pub(crate) factors: Factors,
    /// How strong the loop filter is where brightness is predicted as a whole, and in blocks. Nothing
    /// where it is off.
    pub(crate) strengths: [Option<Strength>; 2],
}

/// What the first value of a block and the others are multiplied with.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Factors {
    pub(crate) luma: [i16; 2],
    pub(crate) means: [i16; 2],
    pub(crate) chroma: [i16; 2],
}

/// Width and height, and what the frame consists of.
struct Opening<'a> {
    size: (u32, u32),
    first: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Opening<'a> {
    /// RFC 6386, section 9.1.
    fn read(data: &'a [u8]) -> Result<Self, DecodeError> {
        let Some((head, rest)) = data.split_first_chunk::<10>() else {
            return Err(DecodeError::EndsEarly);
        };
        let &[t0, t1, t2, c0, c1, c2, w0, w1, h0, h1] = head;
        let tag = u32::from_le_bytes([t0, t1, t2, 0]);
        if tag & 1 != 0 || [c0, c1, c2] != [0x9d, 0x01, 0x2a] {
            return Err(DecodeError::NoKeyFrame);
        }
        let side = |bytes| u32::from(u16::from_le_bytes(bytes) & 0x3fff);
        let (width, height) = (side([w0, w1]), side([h0, h1]));
        if width == 0 || height == 0 {
            return Err(DecodeError::Empty { width, height });
        }
        let (first, rest) =
            rest.split_at_checked((tag >> 5) as usize).ok_or(DecodeError::EndsEarly)?;
        Ok(Self { size: (width, height), first, rest })
    }
}

impl<'a> Header<'a> {
    pub(crate) fn read(data: &'a [u8]) -> Result<Self, DecodeError> {
        let Opening { size: (width, height), first, rest } = Opening::read(data)?;
        let mut bits = Bits::new(first);
        // The colour space, of which there is one, and whether values must be clamped.
        bits.number(2);
        let choices = bits.flag().then(|| SegmentChoices::read(&mut bits));
        let filter = FilterChoices::read(&mut bits);
        let partitions = partitions(rest, 1 << bits.number(2))?;
        let quantisers = Quantisers::read(&mut bits);
        let segments = std::array::from_fn(|index| {
            let choices = choices.as_ref();
            let quantiser = choices.map_or(quantisers.base, |it| it.quantiser(index, &quantisers));
            let level = choices.map_or(filter.level, |it| it.level(index, &filter));
            Segment {
                factors: quantisers.factors(quantiser),
                strengths: [false, true].map(|in_blocks| filter.strength(level, in_blocks)),
            }
        });
        // Whether the probabilities are kept for the next frame.
        bits.flag();
        let tokens = token_tables(&mut bits);
        let skip = bits.flag().then(|| byte(&mut bits));
        if bits.is_past_end() {
            return Err(DecodeError::EndsEarly);
        }
        Ok(Self {
            width,
            height,
            segment_map: choices.and_then(|it| it.map),
            segments,
            simple_filter: filter.simple,
            tokens,
            skip,
            modes: bits,
            partitions,
        })
    }
}

fn byte(bits: &mut Bits<'_>) -> u8 {
    bits.number(8).to_le_bytes()[0]
}

/// RFC 6386, section 9.5: the sizes of all partitions but the last, then they.
fn partitions(data: &[u8], count: usize) -> Result<Vec<Bits<'_>>, DecodeError> {
    let sizes = data.split_at_checked(3 * (count - 1)).ok_or(DecodeError::EndsEarly)?;
    let (sizes, mut rest) = sizes;
    let mut partitions = Vec::with_capacity(count);
    for &[low, middle, high] in sizes.as_chunks().0 {
        let size = u32::from_le_bytes([low, middle, high, 0]) as usize;
        let (partition, others) = rest.split_at_checked(size).ok_or(DecodeError::EndsEarly)?;
        partitions.push(Bits::new(partition));
        rest = others;
    }
    partitions.push(Bits::new(rest));
    Ok(partitions)
}

/// What a frame says of its segments (RFC 6386, section 9.3).
#[derive(Default)]
struct SegmentChoices {
    map: Option<[u8; 3]>,
    /// Whether what follows is added to the frame's settings.
    relative: bool,
    quantisers: [i32; SEGMENTS],
    levels: [i32; SEGMENTS],
}

impl SegmentChoices {
    fn read(bits: &mut Bits<'_>) -> Self {
        let mut choices = Self::default();
        let has_map = bits.flag();
        if bits.flag() {
            choices.relative = !bits.flag();
            choices.quantisers = std::array::from_fn(|_| bits.optional_signed(7));
            choices.levels = std::array::from_fn(|_| bits.optional_signed(6));
        }
        choices.map = has_map
            .then(|| std::array::from_fn(|_| if bits.flag() { byte(bits) } else { u8::MAX }));
        choices
    }

    fn quantiser(&self, index: usize, frame: &Quantisers) -> i32 {
        self.quantisers[index] + if self.relative { frame.base } else { 0 }
    }

    fn level(&self, index: usize, frame: &FilterChoices) -> i32 {
        self.levels[index] + if self.relative { frame.level } else { 0 }
    }
}

/// What a frame says of its loop filter (RFC 6386, section 9.6).
struct FilterChoices {
    simple: bool,
    level: i32,
    sharpness: u8,
    /// What is added to the level in every macroblock of a key frame, and in those whose brightness is
    /// predicted in blocks.
    deltas: [i32; 2],
}

impl FilterChoices {
    fn read(bits: &mut Bits<'_>) -> Self {
        let simple = bits.flag();
        let level = bits.number(6).into();
        let [sharpness, _] = bits.number(3).to_le_bytes();
        let mut deltas = [0; 2];
        // Whether there are any, and whether they change.
        if bits.flag() && bits.flag() {
            // Only the first of the four kinds of references and of modes occurs in a key frame.
            for delta in &mut deltas {
                *delta = bits.optional_signed(6);
                for _ in 1..4 {
                    bits.optional_signed(6);
                }
            }
        }
        Self { simple, level, sharpness, deltas }
    }

    fn strength(&self, level: i32, in_blocks: bool) -> Option<Strength> {
        let [always, if_in_blocks] = self.deltas;
        let level = level.clamp(0, 63) + always + if in_blocks { if_in_blocks } else { 0 };
        let level = u8::try_from(level.clamp(0, 63)).unwrap_or(0);
        let is_on = self.level > 0 && level > 0;
        is_on.then(|| Strength::new(level, self.sharpness))
    }
}

/// Indices of quantisers (RFC 6386, section 9.6).
struct Quantisers {
    base: i32,
    /// Differences of: brightness' first values; means' first values, and others; chroma's first values, and
    /// others.
    deltas: [i32; 5],
}

impl Quantisers {
    fn read(bits: &mut Bits<'_>) -> Self {
        let base = bits.number(7).into();
        Self { base, deltas: std::array::from_fn(|_| bits.optional_signed(4)) }
    }

    /// RFC 6386, section 14.1.
    fn factors(&self, index: i32) -> Factors {
        let at = |table: &[i16; 128], delta: i32| {
            table[usize::try_from((index + delta).clamp(0, 127)).unwrap_or(0)]
        };
        let [luma_first, means_first, means, chroma_first, chroma] = self.deltas;
        let others = i32::from(at(&OTHERS, means)) * 155 / 100;
        Factors {
            luma: [at(&FIRST, luma_first), at(&OTHERS, 0)],
            means: [2 * at(&FIRST, means_first), i16::try_from(others).unwrap_or(i16::MAX).max(8)],
            chroma: [at(&FIRST, chroma_first).min(132), at(&OTHERS, chroma)],
        }
    }
}

/// RFC 6386, section 13.4.
fn token_tables(bits: &mut Bits<'_>) -> Box<PositionTables> {
    /// In which band a position is (section 13.3), and the one behind the last, which is never used.
    const BANDS: [usize; 17] = [0, 1, 2, 3, 6, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7, 0];
    let mut tables: Probabilities = probabilities::DEFAULT;
    let probabilities = tables.as_flattened_mut().as_flattened_mut().as_flattened_mut();
    let kept = probabilities::KEPT.as_flattened().as_flattened().as_flattened();
    for (probability, &kept) in probabilities.iter_mut().zip(kept) {
        if bits.decide(kept) {
            *probability = byte(bits);
        }
    }
    Box::new(tables.map(|bands| BANDS.map(|band| bands[band])))
}

/// Factors of the first values (RFC 6386, section 14.1).
const FIRST: [i16; 128] = [
    4, 5, 6, 7, 8, 9, 10, 10, 11, 12, 13, 14, 15, 16, 17, 17, 18, 19, 20, 20, 21, 21, 22, 22, 23,
    23, 24, 25, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 37, 38, 39, 40, 41, 42, 43, 44,
    45, 46, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67,
    68, 69, 70, 71, 72, 73, 74, 75, 76, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 91,
    93, 95, 96, 98, 100, 101, 102, 104, 106, 108, 110, 112, 114, 116, 118, 122, 124, 126, 128, 130,
    132, 134, 136, 138, 140, 143, 145, 148, 151, 154, 157,
];

/// Factors of all others.
const OTHERS: [i16; 128] = [
    4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
    29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52,
    53, 54, 55, 56, 57, 58, 60, 62, 64, 66, 68, 70, 72, 74, 76, 78, 80, 82, 84, 86, 88, 90, 92, 94,
    96, 98, 100, 102, 104, 106, 108, 110, 112, 114, 116, 119, 122, 125, 128, 131, 134, 137, 140,
    143, 146, 149, 152, 155, 158, 161, 164, 167, 170, 173, 177, 181, 185, 189, 193, 197, 201, 205,
    209, 213, 217, 221, 225, 229, 234, 239, 245, 249, 254, 259, 264, 269, 274, 279, 284,
];
