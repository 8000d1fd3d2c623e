//! One block: the few coefficients that matter, and the way past all others.

use super::{
    bits::{Bits, Window},
    huffman::{self, AcTable, BLOCK, DcTable, One},
    idct::{self, Batch},
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
    /// The lowest `width` × `height` frequencies, with quantisation steps in zigzag order.
    pub(super) fn new(steps: &[u16; 64], width: usize, height: usize) -> Self {
        let mut places = Box::new([Place { factor: 0, index: idct::NOWHERE as u8 }; 256]);
        let mut last = 0;
        for (number, (&zigzag, &step)) in ZIGZAG.iter().zip(steps).enumerate() {
            let (u, v) = (usize::from(zigzag % 8), usize::from(zigzag / 8));
            if u < width && v < height {
                let factor = idct::factor(step, (u, width), (v, height));
                places[number + 1] = Place { factor, index: idct::place((u, v)) as u8 };
                last = number as u32;
            }
        }
        Self { places, last }
    }

    #[inline]
    fn put(&self, block: &mut Block<'_>, position: u32, value: i32) {
        let place = self.places[(position & 0xff) as usize];
        let value = value.wrapping_mul(place.factor);
        block.batch.set(usize::from(place.index), block.lane, value);
    }
}

/// Where the corner of a block goes.
pub(super) struct Block<'a> {
    pub(super) batch: &'a mut Batch,
    /// Which of the batch's blocks it is.
    pub(super) lane: usize,
}

/// The most bytes that a block can take: 64 symbols of 16 bits with values of 15.
pub(super) const BYTES_MAX: usize = 64 * 31 / 8;

/// How the blocks of one component are read.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) dc: &'a DcTable,
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
        let mut difference = self.dc.one(bits.reservoir);
        if difference.is_unknown() {
            difference = known(self.dc.any(bits.reservoir), bits)?;
        }
        *prediction = prediction.wrapping_add(difference.value(bits.reservoir));
        bits.consume(difference.bits());
        self.corner.put(block, 1, *prediction);
        let mut position = 1;
        while position <= self.corner.last {
            bits.refill(window);
            let symbol = self.symbol(bits)?;
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
                let symbol = self.symbol(bits)?;
                position += symbol.advance();
                bits.consume(symbol.bits());
            }
        }
        Ok(())
    }

    #[inline]
    fn symbol(self, bits: &mut Bits) -> Result<One, NoSuchCode> {
        let symbol = self.ac.one(bits.reservoir);
        if symbol.is_unknown() { known(self.ac.any(bits.reservoir), bits) } else { Ok(symbol) }
    }
}

#[cold]
fn known(symbol: Option<One>, bits: &mut Bits) -> Result<One, NoSuchCode> {
    symbol.ok_or_else(|| {
        bits.consume(u16::BITS);
        NoSuchCode
    })
}
