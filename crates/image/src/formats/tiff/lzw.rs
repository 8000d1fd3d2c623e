//! LZW as TIFF has it (TIFF 6.0, section 13), unpacked as far as it is asked for.
//!
//! An entry of the dictionary is what one code wrote and the byte behind it. As both stand in what was
//! unpacked, an entry is a place in there and a length.

/// Codes that stand for no bytes.
const CLEAR: usize = 256;
const END: usize = 257;
const FIRST_ENTRY: usize = 258;
const MOST_ENTRIES: usize = 4096;
const LEAST_BITS: u32 = 9;
const MOST_BITS: u32 = 12;
/// Bytes that are copied at once, where most strings are shorter. As many follow the unpacked ones.
const AT_ONCE: usize = 16;

/// What is unpacked at least before any of it is handed on, if there is as much.
const BATCH: usize = 64 << 10;

pub(super) struct Lzw<'a> {
    bits: Bits<'a>,
    order: Order,
    /// The bytes from 0 to 255, which are their own codes, and what was unpacked since the dictionary
    /// was last cleared.
    unpacked: Vec<u8>,
    /// The end of it in `unpacked`, and of what was handed on.
    end: usize,
    taken: usize,
    dictionary: Vec<Entry>,
    /// What the last code wrote.
    last: Entry,
    code_bits: u32,
    /// Whether the dictionary was cleared behind what is not taken yet.
    cleared: bool,
    state: State,
}

/// In which order bits are packed, and when codes grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// From the highest, and one code early.
    Tiff6,
    /// From the lowest, as before version 6.0.
    Older,
}

#[derive(Clone, Copy, Default)]
struct Entry {
    start: u32,
    length: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Going,
    Ended,
    Broken,
}

/// Why there are no more bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    EndsEarly,
    NoSuchCode,
}

impl<'a> Lzw<'a> {
    /// The most that stands between two clear codes, as each entry is at most a byte longer than the
    /// longest before; with the dictionary, and a batch.
    pub(super) const WORKING_BYTES: u64 = (MOST_ENTRIES * MOST_ENTRIES / 2) as u64 * 2;

    /// Data in the older order begins with a clear code, in which the ninth bit is the only one.
    pub(super) fn new(data: &'a [u8]) -> Self {
        let is_older = matches!(data, [0, second, ..] if second & 1 == 1);
        let mut dictionary = vec![Entry::default(); MOST_ENTRIES];
        for (start, entry) in (0..).zip(dictionary.iter_mut().take(CLEAR)) {
            *entry = Entry { start, length: 1 };
        }
        dictionary.truncate(FIRST_ENTRY);
        let mut unpacked: Vec<u8> = (0..=u8::MAX).collect();
        unpacked.resize(CLEAR + BATCH + AT_ONCE, 0);
        Self {
            bits: Bits { data, ready: 0, count: 0 },
            order: if is_older { Order::Older } else { Order::Tiff6 },
            unpacked,
            end: CLEAR,
            taken: CLEAR,
            dictionary,
            last: Entry::default(),
            code_bits: LEAST_BITS,
            cleared: false,
            state: State::Going,
        }
    }

    /// Fills a row.
    pub(super) fn fill(&mut self, mut row: &mut [u8]) -> Result<(), Stop> {
        while !row.is_empty() {
            if self.taken == self.end {
                self.unpack();
            }
            let ready = self.unpacked.get(self.taken..self.end).unwrap_or_default();
            let count = ready.len().min(row.len());
            if count == 0 {
                return Err(match self.state {
                    State::Broken => Stop::NoSuchCode,
                    State::Going | State::Ended => Stop::EndsEarly,
                });
            }
            let (filled, empty) = row.split_at_mut(count);
            filled.copy_from_slice(&ready[..count]);
            self.taken += count;
            row = empty;
        }
        Ok(())
    }

    /// Unpacks a batch, when all that was unpacked is taken.
    fn unpack(&mut self) {
        if self.cleared {
            (self.end, self.taken) = (CLEAR, CLEAR);
            self.cleared = false;
        }
        if self.dictionary.len() == MOST_ENTRIES {
            // Nothing that is written from now on becomes an entry.
            let kept =
                self.dictionary.last().map_or(CLEAR, |last| (last.start + last.length) as usize);
            (self.end, self.taken) = (kept, kept);
        }
        let until = self.end + BATCH;
        while self.end < until && self.state == State::Going {
            if self.unpacked.len() < self.end + MOST_ENTRIES + AT_ONCE {
                self.unpacked.resize(self.end + BATCH + MOST_ENTRIES + AT_ONCE, 0);
            }
            let Some(code) = self.bits.take(self.code_bits, self.order) else {
                self.state = State::Ended;
                return;
            };
            match code {
                CLEAR => {
                    self.dictionary.truncate(FIRST_ENTRY);
                    self.code_bits = LEAST_BITS;
                    self.last = Entry::default();
                    // No entry points to what is not taken yet, so it can go as soon as it is.
                    self.cleared = self.taken < self.end;
                    if self.cleared {
                        return;
                    }
                    (self.end, self.taken) = (CLEAR, CLEAR);
                }
                END => self.state = State::Ended,
                _ => self.write(code),
            }
        }
    }

    fn write(&mut self, code: usize) {
        let last = self.last;
        let start = u32::try_from(self.end).unwrap_or(u32::MAX);
        // What the last code wrote, and the first byte of what this one is about to write.
        let new = Entry { start: last.start, length: last.length + 1 };
        let entry = match self.dictionary.get(code) {
            Some(entry) => *entry,
            None if code == self.dictionary.len() && last.length > 0 => new,
            None => {
                self.state = State::Broken;
                return;
            }
        };
        self.copy(entry);
        if last.length > 0 && self.dictionary.len() < MOST_ENTRIES {
            self.dictionary.push(new);
            let early = usize::from(self.order == Order::Tiff6);
            if self.dictionary.len() + early >= 1 << self.code_bits && self.code_bits < MOST_BITS {
                self.code_bits += 1;
            }
        }
        self.last = Entry { start, length: entry.length };
    }

    fn copy(&mut self, Entry { start, length }: Entry) {
        let (start, length) = (start as usize, length as usize);
        // An entry may reach into what is written now, by one byte, which is its own first.
        let is_its_own = start + length > self.end;
        if length <= AT_ONCE {
            self.unpacked.copy_within(start..start + AT_ONCE, self.end);
        } else {
            self.unpacked.copy_within(start..start + length, self.end);
        }
        if is_its_own && let Some(last) = self.unpacked.get(start).copied() {
            self.unpacked[self.end + length - 1] = last;
        }
        self.end += length;
    }
}

/// Codes one after the other.
struct Bits<'a> {
    data: &'a [u8],
    ready: u64,
    count: u32,
}

impl Bits<'_> {
    fn take(&mut self, bits: u32, order: Order) -> Option<usize> {
        if self.count < bits {
            self.refill(order);
            if self.count < bits {
                return None;
            }
        }
        self.count -= bits;
        let mask = (1 << bits) - 1;
        let code = match order {
            Order::Tiff6 => self.ready >> self.count & mask,
            Order::Older => {
                let code = self.ready & mask;
                self.ready >>= bits;
                code
            }
        };
        usize::try_from(code).ok()
    }

    /// Four bytes, or what is left.
    fn refill(&mut self, order: Order) {
        if let (Some((four, rest)), Order::Tiff6) = (self.data.split_first_chunk(), order) {
            self.ready = self.ready << 32 | u64::from(u32::from_be_bytes(*four));
            self.count += 32;
            self.data = rest;
            return;
        }
        while self.count < MOST_BITS
            && let Some((&byte, rest)) = self.data.split_first()
        {
            match order {
                Order::Tiff6 => self.ready = self.ready << 8 | u64::from(byte),
                Order::Older => self.ready |= u64::from(byte) << self.count,
            }
            self.count += 8;
            self.data = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn unpacked(data: &[u8], length: usize, at_once: usize) -> Result<Vec<u8>, Stop> {
        let mut lzw = Lzw::new(data);
        let mut bytes = vec![0; length];
        bytes.chunks_mut(at_once).try_for_each(|row| lzw.fill(row)).map(|()| bytes)
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
        encoder.encode(bytes).unwrap()
    }

    /// Bytes of so many kinds, in no order that is easily told.
    fn noise(length: u32, kinds: u32) -> Vec<u8> {
        let numbers = (0..length).map(|at| at.wrapping_mul(at).wrapping_mul(2_654_435_761) >> 20);
        numbers.map(|number| u8::try_from(number % kinds).unwrap()).collect()
    }

    #[test]
    fn what_was_packed_comes_back_in_parts_of_any_size() {
        for bytes in [noise(300_000, 256), noise(300_000, 3), vec![7; 3_000_000], vec![1], vec![]] {
            let data = packed(&bytes);
            for at_once in [1, 1000, 3_000_000] {
                let have = unpacked(&data, bytes.len(), at_once);
                assert!(have.as_ref() == Ok(&bytes), "{} bytes by {at_once}", bytes.len());
            }
            assert_eq!(unpacked(&data, bytes.len() + 1, 1000), Err(Stop::EndsEarly));
        }
    }

    #[test]
    fn a_full_dictionary_goes_on_without_a_clear_code() {
        let literals: Vec<u8> = (0..=u8::MAX).cycle().take(200_000).collect();
        let mut bits = String::from("100000000");
        for (index, code) in literals.iter().enumerate() {
            // Each code but the first makes an entry of the one before.
            let width = match FIRST_ENTRY + index.saturating_sub(1) + 1 {
                0..512 => 9,
                512..1024 => 10,
                1024..2048 => 11,
                _ => 12,
            };
            write!(bits, "{code:0width$b}").unwrap();
        }
        let bits: Vec<u8> = bits.bytes().map(|bit| bit - b'0').collect();
        let byte = |bits: &[u8]| (0..8).fold(0, |byte, at| byte << 1 | bits.get(at).unwrap_or(&0));
        let data: Vec<u8> = bits.chunks(8).map(byte).collect();
        assert!(unpacked(&data, literals.len(), 999) == Ok(literals));
    }

    #[test]
    fn the_older_order_is_told_by_its_first_code() {
        // Clear, then A, B, their entry and the end, in nine bits each from the lowest.
        let codes = [256_u64, 65, 66, 258, 257];
        let bits = codes.iter().rev().fold(0, |bits, code| bits << 9 | code);
        assert_eq!(unpacked(&bits.to_le_bytes(), 4, 4), Ok(b"ABAB".to_vec()));
    }

    #[test]
    fn codes_that_stand_for_nothing_are_told() {
        // Clear, then an entry that is not there yet.
        let bits = (256_u32 << 23 | 300 << 14).to_be_bytes();
        assert_eq!(unpacked(&bits, 1, 1), Err(Stop::NoSuchCode));
        assert_eq!(unpacked(&[], 1, 1), Err(Stop::EndsEarly));
    }
}
