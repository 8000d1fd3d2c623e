//! One block: the few coefficients that matter, and the way past all others.

use super::{
    bits::{Bits, Window},
    huffman::{self, AcTable, BLOCK, One, Table},
    idct::Shape,
    strip::Block,
};

/// Where coefficients in zigzag order are in the block: 8 × row + column (ITU-T T.81, figure A.6).
#[rustfmt::skip]
const ZIGZAG: [u8; 64] = [
     0,  1,  8, 16,  9,  2,  3, 10, 17, 24, 32, 25, 18, 11,  4,  5,
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13,  6,  7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// What becomes of the coefficients of a component.
#[derive(Clone)]
pub(super) struct Corner {
    /// For a coefficient with the number n in zigzag order, at n + 1. The rest is for positions
    /// behind a block's end, whose values are 0 or will be taken back.
    places: Box<[Place; 256]>,
    /// The number of the last needed coefficient.
    last: u32,
}

#[derive(Clone, Copy)]
struct Place {
    factor: i32,
    index: u8,
}

impl Corner {
    /// The frequencies that blocks of this shape are made of, with quantisation steps in zigzag order.
    pub(super) fn new(steps: &[u16; 64], shape: &Shape) -> Self {
        let mut corner = Self::none(shape);
        for ((number, frequency), &step) in frequencies().enumerate().zip(steps) {
            if let Some(index) = shape.place(frequency) {
                let factor = shape.factor(step, frequency);
                corner.places[number + 1] = Place { factor, index: index as u8 };
                corner.last = number as u32;
            }
        }
        corner
    }

    /// Nothing of a block that nobody will see.
    pub(super) fn none(shape: &Shape) -> Self {
        let nowhere = Place { factor: 0, index: shape.nowhere() as u8 };
        Self { places: Box::new([nowhere; 256]), last: 0 }
    }

    #[inline]
    fn put(&self, block: &mut Block<'_>, position: u32, value: i32) {
        let place = self.places[(position & 0xff) as usize];
        block.set(usize::from(place.index), value.wrapping_mul(place.factor));
    }
}

/// Column and row of the coefficients in the order of the file.
pub(super) fn frequencies() -> impl Iterator<Item = (usize, usize)> {
    ZIGZAG.iter().map(|&place| (usize::from(place % 8), usize::from(place / 8)))
}

/// The most bytes that a block can take: 64 symbols of 16 bits with values of 15.
pub(super) const BYTES_MAX: usize = 64 * 31 / 8;

/// How the blocks of one component are read.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) dc: &'a Table,
    pub(super) ac: &'a AcTable,
    pub(super) corner: &'a Corner,
}

/// The bits are no code of the table.
pub(super) struct NoSuchCode;

impl Reader<'_> {
    /// Reads a block and leaves its corner, ready to be transformed, in `block`.
    ///
    /// The window must hold [`BYTES_MAX`] bytes more or have its end in them. After an error the
    /// stream stands behind the bits that were no code.
    #[inline]
    pub(super) fn read(
        self,
        (bits, window): (&mut Bits, &Window),
        prediction: &mut i32,
        block: &mut Block<'_>,
    ) -> Result<(), NoSuchCode> {
        bits.refill(window);
        let difference = known(self.dc.symbol(bits.reservoir), bits)?;
        *prediction = prediction.wrapping_add(difference.value(bits.reservoir));
        bits.consume(difference.bits());
        self.corner.put(block, 1, *prediction);
        let mut position = 1;
        while position <= self.corner.last {
            bits.refill(window);
            let symbol = known(self.ac.symbol(bits.reservoir), bits)?;
            position += symbol.advance();
            self.corner.put(block, position, symbol.value(bits.reservoir));
            bits.consume(symbol.bits());
        }
        self.skip((bits, window), position)
    }

    /// Goes on to the end of the block.
    #[inline]
    fn skip(
        self,
        (bits, window): (&mut Bits, &Window),
        mut position: u32,
    ) -> Result<(), NoSuchCode> {
        while position < BLOCK {
            bits.refill(window);
            let mut before = (*bits, position);
            let symbols = self.ac.skip(bits.reservoir);
            position += symbols.advance();
            bits.consume(symbols.bits());
            if position < BLOCK {
                before = (*bits, position);
                let symbols = self.ac.skip(bits.reservoir);
                position += symbols.advance();
                bits.consume(symbols.bits());
            }
            if !huffman::ends_properly(position) && position > BLOCK {
                (*bits, position) = before;
                bits.refill(window);
                let symbol = known(self.ac.symbol(bits.reservoir), bits)?;
                position += symbol.advance();
                bits.consume(symbol.bits());
            }
        }
        Ok(())
    }
}

/// Passes over bits that are no code.
#[inline]
pub(super) fn known(symbol: Option<One>, bits: &mut Bits) -> Result<One, NoSuchCode> {
    symbol.ok_or_else(|| {
        bits.consume(u16::BITS);
        NoSuchCode
    })
}
