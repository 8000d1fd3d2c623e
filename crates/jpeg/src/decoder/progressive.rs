//! The scans of a progressive image: each sends some bits of some coefficients of all blocks.
//!
//! Of every block only the coefficients of the corner are held. Of the others a scan that adds bits
//! must know no more than whether they are 0, so a bit is enough for each; and whole groups of their
//! bits are passed over by counting.

use std::ops::Range;

use super::{
    bits::{Bits, Window},
    block::{self, NoSuchCode, frequencies},
    huffman::Table,
    idct::Shape,
    scan::Units,
    script::{ScanHeader, corner_bits},
    strip::Strip,
};
use crate::Plane;

/// What is known of the blocks of a component.
#[derive(Default)]
pub(super) struct Coefficients {
    /// Blocks in a row, with those that only fill up units.
    across: usize,
    /// Rows of blocks whose values are held.
    rows: Range<usize>,
    /// Values of a block: the corner, and a place for all others.
    places: usize,
    values: Vec<i16>,
    /// A bit for each coefficient in zigzag order that is not 0, of every block from the first row on.
    nonzero: Vec<u64>,
}

impl Coefficients {
    /// Nothing is known of so many blocks.
    pub(super) fn new(across: usize, rows: Range<usize>, shape: &Shape) -> Self {
        let places = shape.places();
        let values = vec![0; across * rows.len() * places];
        let nonzero = vec![0; across * rows.end];
        Self { across, rows, places, values, nonzero }
    }

    /// Bytes that it takes for so many blocks, of which values are held and which are only passed.
    pub(super) fn bytes(shape: &Shape, held: u64, parsed: u64) -> u64 {
        held * (shape.places() * size_of::<i16>()) as u64 + parsed * size_of::<u64>() as u64
    }

    /// The values of a block, if they are held.
    #[inline]
    fn values(&mut self, (column, row): (usize, usize)) -> Option<&mut [i16]> {
        let row = row.checked_sub(self.rows.start)?;
        let start = (row * self.across + column) * self.places;
        self.values.get_mut(start..start + self.places)
    }

    /// Makes samples of all blocks.
    pub(super) fn emit(
        &self,
        (shape, steps): (&Shape, &[u16; 64]),
        strip: &mut Strip,
        plane: &mut Plane,
    ) {
        let mut factors = vec![0; self.places];
        for (frequency, &step) in frequencies().zip(steps) {
            if let Some(place) = shape.place(frequency) {
                factors[place] = shape.factor(step, frequency);
            }
        }
        strip.prepare((self.across, 1), shape);
        for row in self.values.chunks_exact((self.across * self.places).max(1)) {
            for (column, values) in row.chunks_exact(self.places).enumerate() {
                let mut block = strip.block(column, 0);
                for (place, (&value, &factor)) in values.iter().zip(&factors).enumerate() {
                    block.set(place, i32::from(value).wrapping_mul(factor));
                }
            }
            strip.emit(shape, plane);
        }
    }
}

/// Coefficient 0 of one or more components (ITU-T T.81, G.1.2.1).
pub(super) struct Means<'a> {
    pub(super) lanes: Vec<MeanLane<'a>>,
    /// The bit that is sent, and those above it unless it only adds one.
    pub(super) low: u8,
}

/// A component in such a scan.
pub(super) struct MeanLane<'a> {
    /// Unless only a bit is added.
    pub(super) dc: Option<&'a Table>,
    /// Blocks in a unit, across and down.
    pub(super) blocks: (usize, usize),
    pub(super) coefficients: Coefficients,
    pub(super) prediction: i32,
}

impl Units for Means<'_> {
    fn restart(&mut self) {
        for lane in &mut self.lanes {
            lane.prediction = 0;
        }
    }

    #[inline]
    fn unit(
        &mut self,
        (bits, window): (&mut Bits, &Window),
        (column, row): (usize, usize),
    ) -> bool {
        let mut sound = true;
        for lane in &mut self.lanes {
            let (across, down) = lane.blocks;
            for y in 0..down {
                for x in 0..across {
                    let place = (column * across + x, row * down + y);
                    sound &= lane.block((&mut *bits, window), place, self.low).is_ok();
                }
            }
        }
        sound
    }

    fn lose(&mut self, _columns: Range<usize>, _row: usize) {}

    fn end_row(&mut self, _row: usize) {}
}

impl MeanLane<'_> {
    #[inline]
    fn block(
        &mut self,
        (bits, window): (&mut Bits, &Window),
        place: (usize, usize),
        low: u8,
    ) -> Result<(), NoSuchCode> {
        bits.refill(window);
        let Some(dc) = self.dc else {
            let bit = (bits.reservoir >> 63) as i16;
            bits.consume(1);
            if let Some([mean, ..]) = self.coefficients.values(place) {
                *mean |= bit << low;
            }
            return Ok(());
        };
        let difference = block::known(dc.symbol(bits.reservoir), bits)?;
        self.prediction = self.prediction.wrapping_add(difference.value(bits.reservoir));
        bits.consume(difference.bits());
        if let Some([mean, ..]) = self.coefficients.values(place) {
            *mean = (self.prediction << low) as i16;
        }
        Ok(())
    }
}

/// Other coefficients of one component (ITU-T T.81, G.1.2.2 and G.1.2.3).
pub(super) struct Band<'a> {
    sent: Sent<'a>,
    pub(super) coefficients: Coefficients,
    /// Blocks that are still to come without another symbol.
    ended: u32,
}

impl<'a> Band<'a> {
    pub(super) fn new(
        header: &ScanHeader,
        table: &'a Table,
        (coefficients, shape): (Coefficients, &Shape),
    ) -> Self {
        let mut places = [shape.nowhere() as u8; 64];
        for (place, frequency) in places.iter_mut().zip(frequencies()) {
            *place = shape.place(frequency).unwrap_or(shape.nowhere()) as u8;
        }
        let sent = Sent {
            table,
            first: header.first,
            last: header.last,
            low: header.low,
            refines: header.refines(),
            corner: corner_bits(shape),
            places,
        };
        Self { sent, coefficients, ended: 0 }
    }
}

impl Units for Band<'_> {
    fn restart(&mut self) {
        self.ended = 0;
    }

    #[inline]
    fn unit(
        &mut self,
        (bits, window): (&mut Bits, &Window),
        (column, row): (usize, usize),
    ) -> bool {
        let index = row * self.coefficients.across + column;
        let Some(&history) = self.coefficients.nonzero.get(index) else { return true };
        if self.ended > 0 && (!self.sent.refines || history & self.sent.band() == 0) {
            self.ended -= 1;
            return true;
        }
        let mut block = Block { history, found: 0, position: self.sent.first, ended: self.ended };
        let values = self.coefficients.values((column, row));
        let read = if self.sent.refines {
            self.sent.refine((bits, window), values, &mut block)
        } else {
            self.sent.begin((bits, window), values, &mut block)
        };
        self.ended = block.ended;
        if let Some(nonzero) = self.coefficients.nonzero.get_mut(index) {
            *nonzero |= block.found;
        }
        read.is_ok()
    }

    fn lose(&mut self, _columns: Range<usize>, _row: usize) {}

    fn end_row(&mut self, _row: usize) {}
}

/// What a scan sends of every block.
struct Sent<'a> {
    table: &'a Table,
    /// The first and the last coefficient.
    first: u32,
    last: u32,
    /// The bit that is sent, and those above it unless it only adds one.
    low: u8,
    refines: bool,
    /// The coefficients whose values are held.
    corner: u64,
    /// Where a coefficient goes.
    places: [u8; 64],
}

/// A block while it is read.
struct Block {
    /// What was not 0 before.
    history: u64,
    /// What is found not to be 0.
    found: u64,
    /// The next coefficient.
    position: u32,
    /// Blocks, from this one on, that need no other symbol.
    ended: u32,
}

impl Sent<'_> {
    /// A bit for each coefficient.
    #[inline]
    fn band(&self) -> u64 {
        from(self.first) & !from(self.last + 1)
    }

    /// The first bits of a band.
    #[inline]
    fn begin(
        &self,
        (bits, window): (&mut Bits, &Window),
        mut values: Option<&mut [i16]>,
        block: &mut Block,
    ) -> Result<(), NoSuchCode> {
        while block.position <= self.last {
            bits.refill(window);
            let symbol = block::known(self.table.symbol(bits.reservoir), bits)?;
            if symbol.ends_block() {
                block.ended = symbol.ended_blocks(bits.reservoir) - 1;
                bits.consume(symbol.bits());
                break;
            }
            let at = block.position + symbol.advance() - 1;
            block.position = at + 1;
            if symbol.size() > 0 && at < 64 {
                block.found |= 1 << at;
                if let Some(values) = &mut values {
                    let value = symbol.value(bits.reservoir) << self.low;
                    values[usize::from(self.places[at as usize])] = value as i16;
                }
            }
            bits.consume(symbol.bits());
        }
        Ok(())
    }

    /// One more bit of a band.
    #[inline]
    fn refine(
        &self,
        (bits, window): (&mut Bits, &Window),
        mut values: Option<&mut [i16]>,
        block: &mut Block,
    ) -> Result<(), NoSuchCode> {
        let band = self.band();
        while block.ended == 0 && block.position <= self.last {
            bits.refill(window);
            let symbol = block::known(self.table.symbol(bits.reservoir), bits)?;
            let reservoir = bits.reservoir;
            bits.consume(symbol.bits());
            if symbol.ends_block() {
                block.ended = symbol.ended_blocks(reservoir);
                break;
            }
            // The run counts only coefficients that were 0.
            let rest = band & from(block.position);
            let mut zeros = !block.history & rest;
            for _ in 1..symbol.advance() {
                zeros &= zeros.wrapping_sub(1);
            }
            let at = zeros.trailing_zeros();
            let passed = block.history & rest & !from(at);
            self.add_bits((bits, window), passed, values.as_deref_mut());
            if symbol.size() > 0 && at < 64 {
                block.found |= 1 << at;
                if let Some(values) = &mut values {
                    let value = symbol.value(reservoir).signum() << self.low;
                    values[usize::from(self.places[at as usize])] = value as i16;
                }
            }
            block.position = at + 1;
        }
        if block.ended > 0 {
            block.ended -= 1;
            let passed = block.history & band & from(block.position);
            self.add_bits((bits, window), passed, values);
        }
        Ok(())
    }

    /// Reads a bit for each of these coefficients, none of which is 0, and adds it to those of the
    /// corner.
    #[inline]
    fn add_bits(
        &self,
        (bits, window): (&mut Bits, &Window),
        coefficients: u64,
        mut values: Option<&mut [i16]>,
    ) {
        /// What a refill brings.
        const BITS_AT_ONCE: u32 = 56;
        const LOWER_HALF: u64 = 0xffff_ffff;
        let mut rest = coefficients;
        while rest != 0 {
            let count = rest.count_ones();
            let part = if count > BITS_AT_ONCE { rest & LOWER_HALF } else { rest };
            rest &= !part;
            bits.refill(window);
            let mut corner = part & self.corner;
            while corner != 0 {
                let at = corner.trailing_zeros();
                corner &= corner - 1;
                let before = (part & !from(at)).count_ones();
                if bits.reservoir << before >> 63 == 1
                    && let Some(values) = &mut values
                {
                    let value = &mut values[usize::from(self.places[at as usize])];
                    let bit = 1_i16 << self.low;
                    // A file that sends the same bit twice means it once.
                    if *value & bit == 0 {
                        *value = value.wrapping_add(value.signum() * bit);
                    }
                }
            }
            bits.consume(part.count_ones());
        }
    }
}

/// A bit for each coefficient from this one on.
#[inline]
fn from(position: u32) -> u64 {
    u64::MAX.checked_shl(position).unwrap_or(0)
}
