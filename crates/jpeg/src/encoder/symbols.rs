//! What a scan is going to say, kept until the best codes for it are known.

use super::{bits::BitWriter, huffman::Codes, markers, script::Scan};

/// A symbol and the bits that follow it as they are; or only such bits.
///
/// From the highest place: 9 bits of symbol, 6 that count the bits that follow, 17 for these.
#[derive(Clone, Copy, Debug)]
struct Token(u32);

impl Token {
    const MOST_BITS: u32 = 17;

    #[expect(clippy::cast_possible_truncation, reason = "a symbol has nine bits")]
    fn new(symbol: usize, bits: u32, count: u32) -> Self {
        debug_assert!(symbol <= NO_SYMBOL && count <= Self::MOST_BITS && bits >> count == 0);
        Self((symbol as u32) << 23 | count << 17 | bits)
    }

    fn symbol(self) -> usize {
        (self.0 >> 23) as usize
    }

    fn count(self) -> u32 {
        self.0 >> 17 & 0x3f
    }

    fn bits(self) -> u32 {
        self.0 & 0x1ffff
    }
}

/// Stands for none, and has a code of no bits.
const NO_SYMBOL: usize = 256;

/// A place kept for a symbol that is not known yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place(usize);

/// The symbols of one scan and how often each occurs.
#[derive(Debug)]
pub(super) struct Symbols {
    tokens: Vec<Token>,
    frequencies: [u32; NO_SYMBOL + 1],
}

impl Default for Symbols {
    fn default() -> Self {
        Self { tokens: Vec::new(), frequencies: [0; NO_SYMBOL + 1] }
    }
}

impl Symbols {
    pub(super) fn clear(&mut self) {
        self.tokens.clear();
        self.frequencies.fill(0);
    }

    /// How often each symbol occurs.
    pub(super) fn frequencies(&self) -> &[u32; NO_SYMBOL] {
        let [symbols @ .., _] = &self.frequencies;
        symbols
    }

    /// Appends a symbol, followed by the `count` bits of a number.
    #[inline]
    pub(super) fn push(&mut self, symbol: usize, bits: u32, count: u32) {
        self.frequencies[symbol] += 1;
        self.tokens.push(Token::new(symbol, bits, count));
    }

    /// Appends bits alone, at most 64.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "only the lowest bits are wanted")]
    pub(super) fn push_bits(&mut self, bits: u64, mut count: u32) {
        const PIECE: u32 = Token::MOST_BITS;
        while count > PIECE {
            count -= PIECE;
            self.tokens.push(Token::new(
                NO_SYMBOL,
                (bits >> count) as u32 & ((1 << PIECE) - 1),
                PIECE,
            ));
        }
        if count > 0 {
            self.tokens.push(Token::new(NO_SYMBOL, bits as u32 & ((1 << count) - 1), count));
        }
    }

    /// Keeps a place for a symbol.
    #[inline]
    pub(super) fn reserve(&mut self) -> Place {
        self.tokens.push(Token::new(NO_SYMBOL, 0, 0));
        Place(self.tokens.len() - 1)
    }

    /// Fills a place.
    #[inline]
    pub(super) fn set(&mut self, place: Place, symbol: usize, bits: u32, count: u32) {
        self.frequencies[symbol] += 1;
        self.tokens[place.0] = Token::new(symbol, bits, count);
    }

    /// Writes the scan: its tables, its header and its bits.
    pub(super) fn write(&self, file: &mut Vec<u8>, scan: &Scan, components: usize) {
        let mut codes = [0; NO_SYMBOL + 1];
        for table in scan.tables(components) {
            let (first, end) = table.symbols;
            let best = Codes::best(&self.frequencies[first..end]);
            for (symbol, code, length) in best.iter() {
                codes[first + usize::from(symbol)] = code << 8 | u32::from(length);
            }
            markers::huffman_table(file, table.class_and_place, &best);
        }
        markers::scan(file, scan, components);
        let mut writer = BitWriter::new(file);
        for token in &self.tokens {
            let code = codes[token.symbol()];
            let bits = u64::from(code >> 8) << token.count() | u64::from(token.bits());
            writer.put(bits, (code & 0xff) + token.count());
        }
        writer.finish();
    }
}
