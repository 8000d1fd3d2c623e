//! The decoder of decisions, each of its own probability (RFC 6386, section 7).

/// Reads what an arithmetic coder wrote. Behind the end there are zeros.
#[derive(Clone, Debug)]
pub(crate) struct Bits<'a> {
    /// Bytes that are not in the window yet.
    rest: &'a [u8],
    /// The next bits, from the highest one down. Behind those that count are zeros, or the bits that
    /// will be put there.
    window: u64,
    /// How many bits of the window count, less the eight that a decision needs.
    spare: i32,
    /// The width of the interval, 128 to 255 between two decisions.
    range: u64,
    /// Bytes that were needed and missing.
    missing: u32,
}

impl<'a> Bits<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, window: 0, spare: -8, range: 255, missing: 0 }
    }

    /// Whether more was read than there is. One byte is forgiven, as there are encoders that leave out
    /// the last one.
    pub(crate) fn is_past_end(&self) -> bool {
        self.missing > 1
    }

    /// A decision that is false so many times out of 256.
    #[inline]
    pub(crate) fn decide(&mut self, probability: u8) -> bool {
        self.fill();
        let split = 1 + (((self.range - 1) * u64::from(probability)) >> 8);
        let bound = split << 56;
        let decision = self.window >= bound;
        if decision {
            self.range -= split;
            self.window -= bound;
        } else {
            self.range = split;
        }
        self.normalise();
        decision
    }

    /// The same as 0 or 1, for what is as likely as not: without a jump that a processor would have to
    /// guess.
    #[inline]
    pub(crate) fn digit(&mut self, probability: u8) -> u16 {
        self.fill();
        let split = 1 + (((self.range - 1) * u64::from(probability)) >> 8);
        let bound = split << 56;
        let digit = u16::from(self.window >= bound);
        let mask = u64::from(digit).wrapping_neg();
        self.window -= bound & mask;
        self.range = (split & !mask) | ((self.range - split) & mask);
        self.normalise();
        digit
    }

    /// A flag (RFC 6386, section 8).
    pub(crate) fn flag(&mut self) -> bool {
        self.decide(128)
    }

    /// A number of so many bits, the highest one first.
    pub(crate) fn number(&mut self, bits: u8) -> u16 {
        (0..bits).fold(0, |number, _| number << 1 | self.digit(128))
    }

    /// A number with a sign behind it, or 0 if there is none.
    pub(crate) fn optional_signed(&mut self, bits: u8) -> i32 {
        if !self.flag() {
            return 0;
        }
        let number = i32::from(self.number(bits));
        if self.flag() { -number } else { number }
    }

    #[inline]
    fn normalise(&mut self) {
        // The range is never 0, and below 256.
        let shift = self.range.leading_zeros() - 56;
        self.range <<= shift;
        self.window <<= shift;
        self.spare -= shift.cast_signed();
    }

    /// Makes sure that there are the bits for one decision.
    #[inline]
    fn fill(&mut self) {
        /// Whole bytes that always fit.
        const BYTES: usize = 7;
        if self.spare >= 0 {
            return;
        }
        if let Some(bytes) = self.rest.first_chunk() {
            self.window |= u64::from_be_bytes(*bytes) >> (self.spare + 8);
            self.rest = &self.rest[BYTES..];
            self.spare += 56;
        } else {
            self.fill_at_end();
        }
    }

    #[cold]
    fn fill_at_end(&mut self) {
        let byte = if let Some((&byte, rest)) = self.rest.split_first() {
            self.rest = rest;
            byte
        } else {
            self.missing = self.missing.saturating_add(1);
            0
        };
        self.window |= u64::from(byte) << (48 - self.spare);
        self.spare += 8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_decisions_are_the_bits_of_a_number() {
        // With an interval of 255 that is halved, 0xb7 begins with the same bits as it is written.
        let mut bits = Bits::new(&[0xb7, 0x31, 0x55, 0xaa]);
        let read: Vec<u16> = (0..4).map(|_| bits.number(1)).collect();
        assert_eq!(read, [1, 0, 1, 1]);
    }

    #[test]
    fn both_ways_of_reading_agree() {
        let bytes: Vec<u8> = (0..200_u8).map(|byte| byte.wrapping_mul(151) ^ 0x5c).collect();
        let (mut jumping, mut counting) = (Bits::new(&bytes), Bits::new(&bytes));
        for step in 0..3000_u32 {
            let probability = (step.wrapping_mul(2_654_435_761) >> 24).to_le_bytes()[0];
            let decision = jumping.decide(probability);
            assert_eq!(u16::from(decision), counting.digit(probability), "decision {step}");
        }
    }

    #[test]
    fn one_missing_byte_is_forgiven() {
        let mut bits = Bits::new(&[0xff]);
        for _ in 0..8 {
            bits.flag();
        }
        assert!(!bits.is_past_end());
        for _ in 0..16 {
            bits.flag();
        }
        assert!(bits.is_past_end());
    }
}
