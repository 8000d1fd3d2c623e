//! Pictures of one bit as a fax sends them: runs of white and black, each row on its own or by what
//! differs from the one above (ITU-T T.4 and T.6, in the ways of TIFF 6.0, sections 10 and 11).

mod codes;

use self::codes::Table;
use super::picture::Fax as Coding;

/// Decodes one row after the other.
pub(super) struct Fax<'a> {
    bits: Bits<'a>,
    coding: Coding,
    width: u32,
    tables: [Table; 2],
    /// Where colours change in the row above, from white at the left edge.
    above: Vec<u32>,
    /// The same for the present row.
    changes: Vec<u32>,
    ended: bool,
}

/// How a part of a row relates to the row above (T.4, table 4).
enum Mode {
    Pass,
    Horizontal,
    Vertical(i64),
}

impl<'a> Fax<'a> {
    pub(super) fn new(data: &'a [u8], coding: Coding, width: u32) -> Self {
        Self {
            bits: Bits { data, at: 0 },
            coding,
            width,
            tables: codes::tables(),
            above: Vec::new(),
            changes: Vec::new(),
            ended: false,
        }
    }

    /// Bytes that decoding takes, the tables included.
    pub(super) fn working_bytes(width: u32) -> u64 {
        2 * 4 * (u64::from(width) + 1) * 2 + ((2 * 4) << codes::LONGEST)
    }

    /// Writes the next row, 1 for black. Behind the mark that ends the picture all is white. Nothing if
    /// the row is broken.
    pub(super) fn next_row(&mut self, row: &mut [u8]) -> Option<()> {
        row.fill(0);
        std::mem::swap(&mut self.above, &mut self.changes);
        self.changes.clear();
        let relative = match self.coding {
            _ if self.ended => return Some(()),
            Coding::Runs => {
                self.bits.align();
                false
            }
            Coding::Group3 { two_dimensional } => self.begin_row(two_dimensional)?,
            Coding::Group4 => {
                self.ended = self.bits.begins_with_end_of_line();
                true
            }
        };
        if self.ended {
            return Some(());
        }
        if relative {
            self.read_relative()?;
        } else {
            self.read_runs()?;
        }
        for black in self.changes.chunks(2) {
            let end = black.get(1).copied().unwrap_or(self.width);
            black.first().into_iter().for_each(|&start| blacken(row, start, end));
        }
        Some(())
    }

    /// Passes over what stands between rows, and tells whether the next one relates to the one above.
    /// Some writers leave out the mark between rows; six of them end the picture.
    fn begin_row(&mut self, two_dimensional: bool) -> Option<bool> {
        const MARKS_AT_END: u32 = 6;
        let (mut marks, mut relative) = (0, false);
        while self.bits.begins_with_end_of_line() {
            self.bits.pass_end_of_line()?;
            if two_dimensional {
                relative = !self.bits.take_bit()?;
            }
            marks += 1;
            self.ended = marks == MARKS_AT_END;
            if self.ended {
                return Some(false);
            }
        }
        Some(relative)
    }

    fn read_runs(&mut self) -> Option<()> {
        let (mut at, mut black) = (0, false);
        while at < self.width {
            at = self.end_of_run(at, black)?;
            self.change_at(at)?;
            black = !black;
        }
        Some(())
    }

    /// Runs of no pixels are allowed, but not without end.
    fn change_at(&mut self, at: u32) -> Option<()> {
        self.changes.push(at);
        (self.changes.len() <= self.width as usize + 2).then_some(())
    }

    fn read_relative(&mut self) -> Option<()> {
        // Before the first pixel there is a white one, which does not count.
        let (mut at, mut black) = (-1, false);
        let mut near = 0;
        while at < i64::from(self.width) {
            near = self.change_above(near, at, black);
            let above = |index: usize| {
                i64::from(self.above.get(index).copied().unwrap_or(self.width).min(self.width))
            };
            match self.bits.mode()? {
                Mode::Pass => at = above(near + 1),
                Mode::Horizontal => {
                    let start = u32::try_from(at.max(0)).ok()?;
                    let middle = self.end_of_run(start, black)?;
                    let end = self.end_of_run(middle, !black)?;
                    self.change_at(middle)?;
                    self.change_at(end)?;
                    at = i64::from(end);
                }
                Mode::Vertical(offset) => {
                    let next = above(near) + offset;
                    if next < at.max(0) || next > i64::from(self.width) {
                        return None;
                    }
                    self.change_at(u32::try_from(next).ok()?)?;
                    (at, black) = (next, !black);
                }
            }
        }
        Some(())
    }

    /// The first change of the row above that lies behind a pixel and is one from its colour to the
    /// other, looked for around an earlier one.
    fn change_above(&self, near: usize, at: i64, black: bool) -> usize {
        let behind = |index: usize| self.above.get(index).is_none_or(|&x| i64::from(x) > at);
        let mut index = near.min(self.above.len());
        while index > 0 && behind(index - 1) {
            index -= 1;
        }
        while !behind(index) {
            index += 1;
        }
        if (index % 2 == 1) == black { index } else { index + 1 }
    }

    fn end_of_run(&mut self, start: u32, black: bool) -> Option<u32> {
        let [white_codes, black_codes] = &self.tables;
        let table = if black { black_codes } else { white_codes };
        let mut end = start;
        loop {
            let code = table.get(usize::from(self.bits.peek(codes::LONGEST)))?;
            if code.bits == 0 || !self.bits.pass(code.bits) {
                return None;
            }
            end = end.saturating_add(u32::from(code.run)).min(self.width);
            if code.run < 64 {
                return Some(end);
            }
        }
    }
}

/// Sets the bits of a range, the first pixel in the highest.
fn blacken(row: &mut [u8], start: u32, end: u32) {
    if start >= end {
        return;
    }
    let (first, last) = (start as usize / 8, (end - 1) as usize / 8);
    let from = u8::MAX >> (start % 8);
    let to = u8::MAX << (7 - (end - 1) % 8);
    let Some(bytes) = row.get_mut(first..=last) else { return };
    match bytes {
        [only] => *only |= from & to,
        [first, between @ .., last] => {
            *first |= from;
            between.fill(u8::MAX);
            *last |= to;
        }
        [] => {}
    }
}

/// Bits from the highest of each byte.
struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// The next bits, at most 16, in the lowest places; zeros behind the end.
    fn peek(&self, count: u8) -> u16 {
        let byte =
            |index: usize| u32::from(self.data.get(self.at / 8 + index).copied().unwrap_or(0));
        let three = byte(0) << 16 | byte(1) << 8 | byte(2);
        let [low, high, ..] = (three << (self.at % 8) >> 8).to_le_bytes();
        u16::from_le_bytes([low, high]) >> (16 - count)
    }

    /// Whether there were as many.
    fn pass(&mut self, count: u8) -> bool {
        self.at += usize::from(count);
        self.at <= 8 * self.data.len()
    }

    fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }

    fn take_bit(&mut self) -> Option<bool> {
        let bit = self.peek(1) == 1;
        self.pass(1).then_some(bit)
    }

    /// Eleven zeros are no beginning of a code, and fill bits may make them more.
    fn begins_with_end_of_line(&self) -> bool {
        self.peek(11) == 0 && self.at < 8 * self.data.len()
    }

    fn pass_end_of_line(&mut self) -> Option<()> {
        while !self.take_bit()? {}
        Some(())
    }

    fn mode(&mut self) -> Option<Mode> {
        let next = self.peek(7);
        let (bits, mode) = match next {
            0b100_0000.. => (1, Mode::Vertical(0)),
            0b011_0000.. => (3, Mode::Vertical(1)),
            0b010_0000.. => (3, Mode::Vertical(-1)),
            0b001_0000.. => (3, Mode::Horizontal),
            0b000_1000.. => (4, Mode::Pass),
            0b000_0110.. => (6, Mode::Vertical(2)),
            0b000_0100.. => (6, Mode::Vertical(-2)),
            0b000_0011 => (7, Mode::Vertical(3)),
            0b000_0010 => (7, Mode::Vertical(-3)),
            _ => return None,
        };
        self.pass(bits).then_some(mode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of ten pixels from bits written as text.
    fn rows(coding: Coding, bits: &str, count: usize) -> Option<Vec<String>> {
        let bits: Vec<u8> = bits.bytes().filter(|bit| *bit != b' ').map(|bit| bit - b'0').collect();
        let byte =
            |bits: &[u8]| (0..8).fold(0, |b, at| b << 1 | bits.get(at).copied().unwrap_or(0));
        let data: Vec<u8> = bits.chunks(8).map(byte).collect();
        let mut fax = Fax::new(&data, coding, 10);
        let mut row = [0; 2];
        let read = (0..count).map(|_| {
            fax.next_row(&mut row)?;
            Some(format!("{:010b}", u16::from_be_bytes(row) >> 6))
        });
        read.collect()
    }

    /// White 4, black 3, white 3; then white 0, black 10.
    const RUNS: [&str; 2] = ["1011 10 1000", "00110101 0000100"];
    const DRAWN: [&str; 2] = ["0000111000", "1111111111"];

    #[test]
    fn runs_begin_at_whole_bytes() {
        let bits = format!("{}000000 {}", RUNS[0], RUNS[1]);
        assert_eq!(rows(Coding::Runs, &bits, 2).unwrap(), DRAWN);
    }

    #[test]
    fn rows_of_group_3_lie_between_marks_or_without() {
        let mark = "000000000001";
        let coding = Coding::Group3 { two_dimensional: false };
        let marked = format!("{mark}{}0000{mark}{}{}", RUNS[0], RUNS[1], mark.repeat(6));
        assert_eq!(rows(coding, &marked, 3).unwrap(), [DRAWN[0], DRAWN[1], "0000000000"]);
        let bare = RUNS.concat();
        assert_eq!(rows(coding, &bare, 2).unwrap(), DRAWN);
    }

    #[test]
    fn rows_relate_to_the_one_above() {
        let mark = "000000000001";
        // One pixel left of both changes, then straight on; and a row passed over whole.
        let relative = "010 010 1";
        let bits = format!("{mark}1{}{mark}0{relative}{mark}0 0001 1", RUNS[0]);
        let coding = Coding::Group3 { two_dimensional: true };
        let expected = ["0000111000", "0001110000", "0000000000"];
        assert_eq!(rows(coding, &bits, 3).unwrap(), expected);
        // The same without marks: horizontal at first.
        let bits = format!("001 1011 10 1 {relative} 0001 1 {}", mark.repeat(2));
        assert_eq!(rows(Coding::Group4, &bits, 3).unwrap(), expected);
        assert_eq!(rows(Coding::Group4, &bits, 4).unwrap()[3], "0000000000");
    }

    #[test]
    fn what_is_no_code_or_ends_early_is_no_row() {
        assert_eq!(rows(Coding::Group4, "0000 0001 0001 1111", 1), None);
        assert_eq!(rows(Coding::Runs, "1011 10", 1), None);
        assert_eq!(rows(Coding::Group4, "", 1), None);
        // A change before the left edge.
        assert_eq!(rows(Coding::Group4, "001 00110101 11 010 010 010 010", 2), None);
    }
}
