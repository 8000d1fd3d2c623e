//! Entropy-coded data as bits: first unstuffed into a small window, then taken from there.
//!
//! The window removes stuffed bytes in bulk and stops at markers, so that whoever takes bits never
//! looks for either. It is all of the stream that is held in memory twice.

use crate::markers;

/// Bytes of the window. A power of two, so that a masked index needs no check.
pub(super) const WINDOW: usize = 1 << 15;
/// Read behind the last byte, never decoded.
const MARGIN: usize = 8;
/// Bytes copied at once.
const CHUNK: usize = 32;

/// Unstuffed data, up to the next marker.
pub(super) struct Window {
    bytes: Box<[u8; WINDOW + MARGIN]>,
    /// How many bytes are filled.
    filled: usize,
    /// The place in the file of the first byte that is not yet in the window.
    place: usize,
    /// Whether a marker or the end of the file is at that place.
    ended: bool,
}

impl Default for Window {
    #[expect(clippy::large_stack_arrays, reason = "the compiler makes it where it is boxed")]
    fn default() -> Self {
        Self { bytes: Box::new([0; WINDOW + MARGIN]), filled: 0, place: 0, ended: true }
    }
}

/// A place in the window, with the next bits at the top of a register.
#[derive(Clone, Copy)]
pub(super) struct Bits {
    /// The next bits, from the top.
    pub(super) reservoir: u64,
    /// How many of them are counted as read. Those below repeat what `next` will bring.
    count: u32,
    /// The next byte of the window.
    next: usize,
}

impl Bits {
    /// The start of a window.
    pub(super) const START: Self = Self { reservoir: 0, count: 0, next: 0 };

    /// Makes sure of at least 56 bits, without a branch: as many bytes as fit are counted, the
    /// bits of the one that does not are harmless because they will be read again.
    #[inline]
    pub(super) fn refill(&mut self, window: &Window) {
        let bytes = &window.bytes[self.next & (WINDOW - 1)..];
        let word = bytes.first_chunk().map_or(0, |&word| u64::from_be_bytes(word));
        self.reservoir |= word >> (self.count & 63);
        self.next += ((63 - self.count) >> 3) as usize;
        self.count |= 0x38;
    }

    /// Drops bits, of those that a refill has made sure of.
    #[inline]
    pub(super) fn consume(&mut self, bits: u32) {
        self.reservoir <<= bits & 63;
        self.count = self.count.wrapping_sub(bits);
    }
}

impl Window {
    /// Starts again with the data at a place of the file.
    pub(super) fn start(&mut self, file: &[u8], place: usize) -> Bits {
        self.filled = 0;
        self.place = place;
        self.ended = false;
        self.fill(file);
        Bits::START
    }

    /// Where the data goes on, or where the marker is that ends it.
    pub(super) fn place(&self) -> usize {
        self.place
    }

    /// Makes sure that so many bytes can be read, unless the data ends before.
    #[inline]
    pub(super) fn ensure(&mut self, file: &[u8], bits: Bits, bytes: usize) -> Bits {
        if self.ended || bits.next + bytes <= self.filled { bits } else { self.slide(file, bits) }
    }

    /// Whether more was taken than there is. What was taken then is of no use.
    #[inline]
    pub(super) fn is_overrun(&self, bits: Bits) -> bool {
        self.ended && bits.next * 8 > self.filled * 8 + bits.count as usize
    }

    /// Whether there is more than what fills up the last byte and one byte to spare, and so something
    /// that should have been decoded.
    pub(super) fn has_leftovers(&self, bits: Bits) -> bool {
        const SPARE_BITS: usize = 15;
        let taken = (bits.next * 8).saturating_sub(bits.count as usize);
        !self.ended || taken + SPARE_BITS < self.filled * 8
    }

    /// Moves what is left to the front and fills up.
    #[cold]
    fn slide(&mut self, file: &[u8], bits: Bits) -> Bits {
        let start = bits.next.min(self.filled);
        self.bytes.copy_within(start..self.filled, 0);
        self.filled -= start;
        self.fill(file);
        Bits { next: 0, ..bits }
    }

    fn fill(&mut self, file: &[u8]) {
        while !self.ended && self.filled + CHUNK <= WINDOW {
            let rest = file.get(self.place..).unwrap_or_default();
            let space = &mut self.bytes[self.filled..];
            let chunks = rest.first_chunk::<CHUNK>().zip(space.first_chunk_mut::<CHUNK>());
            let plain = if let Some((from, to)) = chunks {
                copy_plain(from, to)
            } else {
                let plain = rest.iter().take_while(|&&byte| byte != 0xff).count();
                space[..plain].copy_from_slice(&rest[..plain]);
                plain
            };
            self.place += plain;
            self.filled += plain;
            if plain < CHUNK {
                self.unstuff(file);
            }
        }
    }

    /// At a 0xff or the end of the file. Any number of fill bytes may come before a marker, and
    /// decoders have always taken them before a stuffed byte too.
    fn unstuff(&mut self, file: &[u8]) {
        let rest = file.get(self.place..).unwrap_or_default();
        let run = rest.iter().take_while(|&&byte| byte == 0xff).count();
        match rest.get(run) {
            Some(0) => {
                self.bytes[self.filled] = 0xff;
                self.filled += 1;
                self.place += run + 1;
            }
            Some(_) => {
                self.ended = true;
                self.place += run - 1;
            }
            None => {
                self.ended = true;
                self.place += run;
            }
        }
    }
}

/// Copies all bytes, and counts those before the first 0xff.
#[expect(clippy::needless_bitwise_bool, reason = "no early exit: it becomes one vector comparison")]
fn copy_plain(from: &[u8; CHUNK], to: &mut [u8; CHUNK]) -> usize {
    *to = *from;
    if from.iter().fold(false, |found, &byte| found | (byte == 0xff)) {
        from.iter().take_while(|&&byte| byte != 0xff).count()
    } else {
        CHUNK
    }
}

/// Where a scan's data goes on after a restart marker should have been read, as far as known.
pub(super) enum Restart {
    /// Behind the marker.
    At(usize),
    /// This interval is lost: the marker belongs behind a later one, or there is none.
    Lost,
}

/// Looks for restart marker `expected` (0 to 7) at `place` or later. If there is another one the
/// distance tells whether intervals were lost or are left over (the rule that the IJG's decoder
/// set: up to two are taken as lost, up to two as left over, all else as wrongly numbered).
pub(super) fn find_restart(file: &[u8], mut place: usize, expected: u8) -> Restart {
    loop {
        let Some((marker, at)) = markers::next_marker(file, place) else { return Restart::Lost };
        match marker {
            markers::RESTART_FIRST..=markers::RESTART_LAST => {
                match marker.wrapping_sub(markers::RESTART_FIRST).wrapping_sub(expected) & 7 {
                    1 | 2 => return Restart::Lost,
                    6 | 7 => place = at + 2,
                    _ => return Restart::At(at + 2),
                }
            }
            // Reserved and not to be expected in a scan: nothing can end with it.
            0x01..0xc0 => place = at + 2,
            _ => return Restart::Lost,
        }
    }
}
