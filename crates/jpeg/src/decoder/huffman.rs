//! Huffman tables, made for skipping.
//!
//! Of a camera photo's symbols less than a third is needed for a small image, so there are two
//! ways to look ahead: one symbol with its value, or as many symbols as a window holds, of which
//! only the total length and the total run are known.

use super::DecodeError;

/// Bits that index a table of single symbols. Longer codes are rare and found by their length.
const ONE_BITS: u32 = 10;
/// Bits that index a table of several symbols.
const SKIP_BITS: u32 = 12;

/// The position of the coefficient after a block's last one.
pub(super) const BLOCK: u32 = 64;
/// The advance for the end of a block: more than any position.
const END_OF_BLOCK: u32 = 128;
/// The advance if the table does not know the code: past the block, but not [`END_OF_BLOCK`].
const UNKNOWN: u32 = 64;

/// Whether a position after a block's last lookup is a proper end of it: either just behind its
/// last coefficient or, because an end of block may only come before that, 128 to 191. All others
/// from 65 on mean that the lookup has to be taken back: its code was unknown, or it has read on
/// into the next block.
#[inline]
pub(super) fn ends_properly(position: u32) -> bool {
    position & UNKNOWN == 0 || position == BLOCK
}

/// One symbol and the bits of its value.
///
/// From the lowest bit: 8 bits the length of both, 8 bits the advance, 8 bits the value's size,
/// 8 bits the code's length. Everything that is shifted by is so a byte of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct One(u32);

impl One {
    const UNKNOWN: Self = Self(UNKNOWN << 8);

    fn new(code_bits: u32, size: u32, advance: u32) -> Self {
        Self((code_bits + size) | advance << 8 | size << 16 | code_bits << 24)
    }

    /// A symbol of an AC table: run and size (ITU-T T.81, F.1.2.2.1). Runs without a value, other
    /// than that of 16 zeros, end the block.
    fn ac(code_bits: u32, symbol: u8) -> Self {
        let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        let advance = if size == 0 && run < 15 { END_OF_BLOCK } else { run + 1 };
        Self::new(code_bits, size, advance)
    }

    /// A symbol of an AC table of a progressive image: run and size, but an end of block stands for
    /// several blocks, whose number has as many bits as the run says (ITU-T T.81, G.1.2.2).
    fn band(code_bits: u32, symbol: u8) -> Self {
        let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        match (run, size) {
            (..15, 0) => Self::new(code_bits, run, END_OF_BLOCK),
            _ => Self::new(code_bits, size, run + 1),
        }
    }

    /// A symbol of a DC table: the size of the difference.
    fn dc(code_bits: u32, symbol: u8) -> Self {
        Self::new(code_bits, u32::from(symbol & 15), 1)
    }

    #[inline]
    fn is_unknown(self) -> bool {
        self.bits() == 0
    }

    /// Bits of code and value.
    #[inline]
    pub(super) fn bits(self) -> u32 {
        self.0 & 0xff
    }

    /// Positions that it moves on.
    #[inline]
    pub(super) fn advance(self) -> u32 {
        self.0 >> 8 & 0xff
    }

    #[inline]
    pub(super) fn ends_block(self) -> bool {
        self.advance() == END_OF_BLOCK
    }

    /// Bits of the value.
    #[inline]
    pub(super) fn size(self) -> u32 {
        self.0 >> 16 & 0xff
    }

    /// How many blocks end with the symbol of [`Table::band`] whose code stands at the top of `reservoir`.
    #[inline]
    pub(super) fn ended_blocks(self, reservoir: u64) -> u32 {
        let bits = reservoir << (self.0 >> 24 & 63);
        // In two shifts, as below.
        (1 << self.size()) + (bits >> 1 >> (63 - self.size())) as u32
    }

    /// The value, if the symbol's code stands at the top of `reservoir` (ITU-T T.81, F.2.2.1: a
    /// first bit of 0 means negative, in one's complement).
    #[inline]
    pub(super) fn value(self, reservoir: u64) -> i32 {
        let bits = reservoir << (self.0 >> 24 & 63);
        let negative = !bits.cast_signed() >> 63;
        // In two shifts, because a size of 0 must give 0 but 64 is too much for one.
        let magnitude = (bits ^ negative.cast_unsigned()) >> 1 >> (63 - (self.size() & 63));
        #[expect(clippy::cast_possible_truncation, reason = "at most fifteen bits are left")]
        let (magnitude, negative) = (magnitude as i32, negative as i32);
        (magnitude ^ negative) - negative
    }
}

/// Several symbols of an AC table: 6 bits their length with all values, above that the advance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Skip(u16);

impl Skip {
    #[inline]
    pub(super) fn bits(self) -> u32 {
        u32::from(self.0 & 0x3f)
    }

    #[inline]
    pub(super) fn advance(self) -> u32 {
        u32::from(self.0 >> 8)
    }
}

/// A table as the file defines it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Codes {
    count: usize,
    symbols: [u8; 256],
    /// For every length the first code, aligned to the top of 16 bits, that is longer.
    limits: [u32; 17],
    /// For every length what to add to one of its codes to find its symbol.
    offsets: [u8; 17],
}

impl Codes {
    /// From the number of codes of each length and the symbols in order (ITU-T T.81, annex C).
    pub(super) fn new(counts: [u8; 16], list: &[u8]) -> Result<Self, DecodeError> {
        let mut symbols = [0; 256];
        let total = counts.iter().map(|&count| usize::from(count)).sum::<usize>();
        match (symbols.get_mut(..total), list.get(..total)) {
            (Some(symbols), Some(list)) => symbols.copy_from_slice(list),
            _ => return Err(DecodeError::Malformed("a Huffman table is too short")),
        }
        let (mut limits, mut offsets) = ([0; 17], [0_u8; 17]);
        let (mut code, mut index) = (0_u32, 0_u32);
        for (length, count) in (1_u32..).zip(counts) {
            offsets[length as usize] = (index.wrapping_sub(code) & 0xff) as u8;
            code += u32::from(count);
            index += u32::from(count);
            if code > 1 << length {
                return Err(DecodeError::Malformed("a Huffman table has too many codes"));
            }
            limits[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Ok(Self { count: total, symbols, limits, offsets })
    }

    /// How many symbols there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The symbol whose code begins these 16 bits, with the code's length.
    fn find(&self, bits: u16) -> Option<(u32, u8)> {
        let length = (1..17).find(|&length| u32::from(bits) < self.limits[length])?;
        let code = (bits >> (16 - length) & 0xff) as u8;
        let symbol = self.symbols[usize::from(code.wrapping_add(self.offsets[length]))];
        Some((length as u32, symbol))
    }

    /// What `make` makes of every code no longer than `BITS`, at each index that begins with it.
    #[expect(clippy::unnecessary_box_returns, reason = "tables are too large for the stack")]
    fn spread<const ENTRIES: usize>(&self, make: fn(u32, u8) -> One) -> Box<[One; ENTRIES]> {
        let index_bits = ENTRIES.ilog2();
        let mut entries = Box::new([One::UNKNOWN; ENTRIES]);
        let mut index = 0;
        while index < ENTRIES {
            let Some((length, symbol)) = self.find((index << (16 - index_bits)) as u16) else {
                break;
            };
            let repeats = 1 << index_bits.saturating_sub(length);
            if length <= index_bits {
                entries[index..index + repeats].fill(make(length, symbol));
            }
            index += repeats;
        }
        entries
    }
}

/// A table of single symbols.
#[derive(Clone, Debug)]
pub(super) struct Table {
    one: Box<[One; 1 << ONE_BITS]>,
    codes: Codes,
    /// What a code of some bits and its symbol mean.
    make: fn(u32, u8) -> One,
}

impl Table {
    /// For the differences of DC coefficients.
    pub(super) fn dc(codes: Codes) -> Result<Self, DecodeError> {
        if codes.symbols.iter().any(|&size| size > 15) {
            return Err(DecodeError::Malformed("a Huffman table has values of too many bits"));
        }
        Ok(Self::new(codes, One::dc))
    }

    /// For the AC coefficients of a progressive image.
    pub(super) fn band(codes: Codes) -> Self {
        Self::new(codes, One::band)
    }

    fn new(codes: Codes, make: fn(u32, u8) -> One) -> Self {
        Self { one: codes.spread(make), codes, make }
    }

    pub(super) fn codes(&self) -> &Codes {
        &self.codes
    }

    /// The symbol at the top of the reservoir, at most 31 bits long; nothing if there is no such code.
    #[inline]
    pub(super) fn symbol(&self, reservoir: u64) -> Option<One> {
        let one = self.one[(reservoir >> (64 - ONE_BITS)) as usize];
        if one.is_unknown() { self.long(reservoir) } else { Some(one) }
    }

    #[cold]
    fn long(&self, reservoir: u64) -> Option<One> {
        let found = self.codes.find((reservoir >> 48) as u16);
        found.map(|(length, symbol)| (self.make)(length, symbol))
    }
}

/// A table for the AC coefficients of a sequential image.
#[derive(Clone, Debug)]
pub(super) struct AcTable {
    one: Table,
    skip: Box<[Skip; 1 << SKIP_BITS]>,
}

impl AcTable {
    pub(super) fn new(codes: Codes) -> Self {
        let every = codes.spread(One::ac);
        let mut skip = Box::new([Skip(0); 1 << SKIP_BITS]);
        for (index, entry) in skip.iter_mut().enumerate() {
            *entry = skip_from(index as u32, &every);
        }
        Self { one: Table::new(codes, One::ac), skip }
    }

    pub(super) fn codes(&self) -> &Codes {
        self.one.codes()
    }

    /// The symbol at the top of the reservoir, as [`Table::symbol`] has it.
    #[inline]
    pub(super) fn symbol(&self, reservoir: u64) -> Option<One> {
        self.one.symbol(reservoir)
    }

    /// The symbols at the top of the reservoir, at most 27 bits together, or unknown.
    #[inline]
    pub(super) fn skip(&self, reservoir: u64) -> Skip {
        self.skip[(reservoir >> (64 - SKIP_BITS)) as usize]
    }
}

/// As many symbols as begin in these bits. Only their codes must be known: the value of the last
/// one may end behind them, since nobody asks for it.
fn skip_from(bits: u32, every: &[One; 1 << SKIP_BITS]) -> Skip {
    let (mut length, mut advance) = (0, 0);
    while length < SKIP_BITS && advance < END_OF_BLOCK {
        let next = every[(bits << length & ((1 << SKIP_BITS) - 1)) as usize];
        let code_bits = next.0 >> 24;
        let more_than_a_block = !next.ends_block() && advance + next.advance() >= BLOCK;
        if next.is_unknown() || length + code_bits > SKIP_BITS || more_than_a_block {
            break;
        }
        length += next.bits();
        advance += next.advance();
    }
    if length == 0 {
        advance = UNKNOWN;
    }
    Skip((length | advance << 8) as u16)
}
