//! The scans of AC coefficients, one component and one band of frequencies each (G.1.2.2, G.1.2.3).

use super::{
    coefficients::{Block, Coefficients},
    script::Band,
    symbols::{Place, Symbols},
};

/// A run of sixteen zeros, not followed by a value.
pub(super) const SIXTEEN_ZEROS: usize = 0xf0;

/// The symbol of a value of some bits after fewer than sixteen zeros.
#[inline]
pub(super) const fn zeros_and_value(zeros: usize, bits: usize) -> usize {
    zeros << 4 | bits
}

/// The symbol of the end of several blocks, whose number follows in so many bits and a leading one.
#[inline]
pub(super) const fn end_of_blocks(bits: usize) -> usize {
    bits << 4
}

/// Sends coefficients without their lowest bits, for the first time.
pub(super) fn first(component: &Coefficients, band: Band, low: usize, symbols: &mut Symbols) {
    let mut rest = &component.values[..];
    let mut ends = EndOfBandRun::default();
    for block in &component.blocks {
        let values = block.take_values(&mut rest);
        let mut left = block.reaching[low] & band.mask();
        if left != 0 {
            ends.finish(symbols);
        }
        let mut next = u32::from(band.first);
        while left != 0 {
            let place = left.trailing_zeros();
            left &= left - 1;
            let zeros = run_of_zeros(place - next, symbols);
            next = place + 1;
            let value = values[block.values_before(place)];
            let size = u32::from(value >> 1 >> low);
            let length = u32::BITS - size.leading_zeros();
            // A negative number is sent as the complement of its size (F.1.2.1.1).
            let complement = u32::from(value & 1).wrapping_neg() & ((1 << length) - 1);
            symbols.push(
                zeros_and_value(zeros as usize, length as usize),
                size ^ complement,
                length,
            );
        }
        if next <= u32::from(band.last) {
            ends.extend(symbols);
        }
    }
    ends.finish(symbols);
}

/// Sends the symbols for all but the last fifteen zeros, and returns how many are left to send.
#[inline]
fn run_of_zeros(mut zeros: u32, symbols: &mut Symbols) -> u32 {
    while zeros > 15 {
        symbols.push(SIXTEEN_ZEROS, 0, 0);
        zeros -= 16;
    }
    zeros
}

/// Sends one more bit of coefficients that are not zero so far, and those that become so by it,
/// whose size is then one.
pub(super) fn refinement(component: &Coefficients, band: Band, low: usize, symbols: &mut Symbols) {
    let mut rest = &component.values[..];
    let mut ends = EndOfBandRun::default();
    for block in &component.blocks {
        let values = block.take_values(&mut rest);
        let visible = block.reaching[low] & band.mask();
        let known = block.reaching[low + 1];
        let new = visible & !known;
        let mut corrections = Corrections::default();
        let mut left = visible;
        let mut next = u32::from(band.first);
        if new != 0 {
            ends.finish(symbols);
            let last_new = u64::BITS - 1 - new.leading_zeros();
            let mut zeros = 0;
            while next <= last_new {
                let place = left.trailing_zeros();
                left &= left - 1;
                zeros += place - next;
                next = place + 1;
                while zeros > 15 {
                    symbols.push(SIXTEEN_ZEROS, 0, 0);
                    corrections.send(symbols);
                    zeros -= 16;
                }
                let value = values[block.values_before(place)];
                if known >> place & 1 != 0 {
                    corrections.add(value, low);
                } else {
                    symbols.push(zeros_and_value(zeros as usize, 1), u32::from(!value & 1), 1);
                    corrections.send(symbols);
                    zeros = 0;
                }
            }
        }
        if next <= u32::from(band.last) {
            ends.extend(symbols);
            while left != 0 {
                let place = left.trailing_zeros();
                left &= left - 1;
                corrections.add(values[block.values_before(place)], low);
            }
            corrections.send(symbols);
        }
    }
    ends.finish(symbols);
}

/// Bits that refine coefficients skipped by the symbol before them.
#[derive(Default)]
struct Corrections {
    bits: u64,
    count: u32,
}

impl Corrections {
    #[inline]
    fn add(&mut self, value: u16, low: usize) {
        self.bits = self.bits << 1 | u64::from(value >> 1 >> low & 1);
        self.count += 1;
    }

    #[inline]
    fn send(&mut self, symbols: &mut Symbols) {
        symbols.push_bits(self.bits, self.count);
        *self = Self::default();
    }
}

/// Blocks in a row that have nothing more to say within the band: one symbol for all of them, which
/// stands before the corrections of the first.
#[derive(Default)]
struct EndOfBandRun {
    length: u32,
    place: Option<Place>,
}

impl EndOfBandRun {
    /// The most blocks that one symbol can stand for: 2¹⁴, and fourteen bits more.
    const LONGEST: u32 = (1 << 15) - 1;

    #[inline]
    fn extend(&mut self, symbols: &mut Symbols) {
        self.length += 1;
        if self.length == 1 {
            self.place = Some(symbols.reserve());
        } else if self.length == Self::LONGEST {
            self.finish(symbols);
        }
    }

    #[inline]
    fn finish(&mut self, symbols: &mut Symbols) {
        if let Some(place) = self.place.take() {
            let count = self.length.ilog2();
            symbols.set(place, end_of_blocks(count as usize), self.length - (1 << count), count);
            self.length = 0;
        }
    }
}

impl Block {
    /// Whether something within a band is not zero.
    pub(super) fn has_any(&self, band: Band) -> bool {
        self.reaching[0] & band.mask() != 0
    }

    /// This block's values, which are the first of the rest.
    #[inline]
    fn take_values<'a>(&self, rest: &mut &'a [u16]) -> &'a [u16] {
        let (values, others) = rest.split_at(self.reaching[0].count_ones() as usize);
        *rest = others;
        values
    }

    /// How many values stand before the one at a place.
    #[inline]
    fn values_before(&self, place: u32) -> usize {
        (self.reaching[0] & ((1 << place) - 1)).count_ones() as usize
    }
}
