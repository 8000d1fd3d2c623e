//! Bits into the bytes of a scan.

/// Collects bits, the first in the highest place, and lets bytes out four at a time.
pub(super) struct BitWriter<'a> {
    file: &'a mut Vec<u8>,
    /// The lowest `waiting` bits have not been written yet; above them is rubbish.
    collected: u64,
    /// Always below 32 between calls.
    waiting: u32,
}

impl<'a> BitWriter<'a> {
    /// The most bits that [`Self::put`] takes at once.
    pub(super) const LONGEST: u32 = 33;

    pub(super) fn new(file: &'a mut Vec<u8>) -> Self {
        Self { file, collected: 0, waiting: 0 }
    }

    /// Appends the lowest `count` bits of a number that has no others.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the 32 bits above are rubbish")]
    pub(super) fn put(&mut self, bits: u64, count: u32) {
        debug_assert!(count <= Self::LONGEST && bits >> count == 0);
        self.collected = self.collected << count | bits;
        self.waiting += count;
        if self.waiting >= 32 {
            self.waiting -= 32;
            self.write((self.collected >> self.waiting) as u32);
        }
    }

    /// Fills the last byte with ones (F.1.2.3) and lets everything out.
    #[expect(clippy::cast_possible_truncation, reason = "a byte at a time")]
    pub(super) fn finish(mut self) {
        let padding = self.waiting.wrapping_neg() % 8;
        self.put((1 << padding) - 1, padding);
        while self.waiting > 0 {
            self.waiting -= 8;
            write_byte(self.file, (self.collected >> self.waiting) as u8);
        }
    }

    #[inline]
    fn write(&mut self, word: u32) {
        if has_byte_of_ones(word) {
            write_with_stuffing(self.file, word);
        } else {
            self.file.extend_from_slice(&word.to_be_bytes());
        }
    }
}

/// Whether a byte is 0xFF: the classic test for a zero byte, on the complement.
fn has_byte_of_ones(word: u32) -> bool {
    (!word).wrapping_sub(0x0101_0101) & word & 0x8080_8080 != 0
}

#[cold]
#[inline(never)]
fn write_with_stuffing(file: &mut Vec<u8>, word: u32) {
    for byte in word.to_be_bytes() {
        write_byte(file, byte);
    }
}

/// A byte of ones is followed by a zero, so that it is not taken for a marker (F.1.2.3).
fn write_byte(file: &mut Vec<u8>, byte: u8) {
    file.push(byte);
    if byte == u8::MAX {
        file.push(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(pieces: &[(u64, u32)]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut writer = BitWriter::new(&mut file);
        for &(bits, count) in pieces {
            writer.put(bits, count);
        }
        writer.finish();
        file
    }

    #[test]
    fn the_last_byte_is_filled_with_ones() {
        assert!(written(&[]).is_empty());
        assert_eq!(written(&[(0, 1)]), [0x7f]);
        assert_eq!(written(&[(0b1010, 4), (0, 0), (0b1100, 4)]), [0b1010_1100]);
        assert_eq!(written(&[(0, 8), (1, 2)]), [0, 0x7f]);
    }

    #[test]
    fn bytes_of_ones_are_stuffed_wherever_they_stand() {
        assert_eq!(written(&[(0xff, 8)]), [0xff, 0]);
        assert_eq!(written(&[(0x1ff, 9)]), [0xff, 0, 0xff, 0]);
        assert_eq!(
            written(&[(0x12ff_34ff, 32), (0xfe7f_0101, 32)]),
            [0x12, 0xff, 0, 0x34, 0xff, 0, 0xfe, 0x7f, 1, 1]
        );
    }

    #[test]
    fn the_longest_pieces_fit_after_the_most_waiting_bits() {
        let longest = (1_u64 << 33) - 2;
        let bytes = written(&[(0, 31), (longest, 33)]);
        assert_eq!(bytes, [0, 0, 0, 1, 0xff, 0, 0xff, 0, 0xff, 0, 0xfe]);
    }
}
