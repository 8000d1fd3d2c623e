//! A scan: its units in order, from one restart marker to the next.

use std::ops::Range;

use super::{
    bits::{self, Bits, Restart, Window},
    block,
};

/// Blocks that a unit of several components may have (ITU-T T.81, B.2.3).
pub(super) const UNIT_BLOCKS_MAX: usize = 10;

/// What becomes of the units of a scan.
pub(super) trait Units {
    /// Forgets what the units before have left behind: the next one is the first of an interval.
    fn restart(&mut self);

    /// Decodes a unit, told by its column and row. Returns whether all bits were codes; if not, what
    /// follows is tried all the same: codes resynchronise quickly.
    fn unit(&mut self, stream: (&mut Bits, &Window), place: (usize, usize)) -> bool;

    /// Shows nothing for units of a row that were not decoded.
    fn lose(&mut self, columns: Range<usize>, row: usize);

    /// Takes note that no unit of a row is left.
    fn end_row(&mut self, row: usize);
}

/// The units of a scan.
pub(super) struct Grid {
    /// Units across and down, of those that are to be decoded.
    pub(super) units: (usize, usize),
    /// Rows of the image that a unit covers.
    pub(super) unit_rows: u32,
    /// Units between restart markers, 0 for none.
    pub(super) restart_interval: u16,
}

/// Where a scan has gone wrong first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// The first row of the image that is not as it should be.
    pub(super) row: u32,
    /// Whether the data ended there.
    pub(super) ends: bool,
}

/// What came of a scan.
pub(super) struct Outcome {
    pub(super) wrong: Option<Wrong>,
    /// Rows of units for which all data was there, whether or not it was right.
    pub(super) whole_rows: usize,
    /// A place from which on the next marker can be found.
    pub(super) end: usize,
}

/// Decodes scans.
pub(super) struct Decoder<'a> {
    pub(super) file: &'a [u8],
    pub(super) window: &'a mut Window,
}

/// Where in an interval, between two restart markers, a scan is.
struct Interval {
    /// Units that are still to come.
    left: usize,
    /// Whether its data has ended before.
    lost: bool,
    /// The row of the image with which it began.
    row: u32,
    /// The number of the marker at its end.
    marker: u8,
}

/// How far a run of units has come.
struct Run {
    /// Units that were decoded.
    units: usize,
    /// Whether all their bits were codes.
    sound: bool,
}

impl Decoder<'_> {
    /// Decodes the scan whose data begins at `place`.
    pub(super) fn decode(&mut self, scan: &mut impl Units, grid: &Grid, place: usize) -> Outcome {
        let (mut wrong, mut whole_rows) = (None, 0);
        let mut note = |row: u32, ends: bool| {
            let before = wrong.is_some_and(|wrong: Wrong| wrong.row <= row);
            if !before {
                wrong = Some(Wrong { row, ends });
            }
        };
        let mut bits = self.window.start(self.file, place);
        let units = match usize::from(grid.restart_interval) {
            0 => usize::MAX,
            units => units,
        };
        let mut interval = Interval { left: units, lost: false, row: 0, marker: 0 };
        for row in 0..grid.units.1 {
            let first_row = grid.unit_rows.saturating_mul(row as u32);
            let (mut unit, mut whole) = (0, true);
            while unit < grid.units.0 {
                if interval.left == 0 {
                    if !interval.lost && self.window.has_leftovers(bits) {
                        note(interval.row, false);
                    }
                    scan.restart();
                    let restart = self.find_restart(interval.marker);
                    let (lost, marker) = (restart.is_none(), (interval.marker + 1) % 8);
                    interval = Interval { left: units, lost, row: first_row, marker };
                    bits = restart.unwrap_or(bits);
                }
                let run = unit..grid.units.0.min(unit.saturating_add(interval.left));
                interval.left -= run.len();
                let mut done = Run { units: 0, sound: true };
                if !interval.lost {
                    done = self.run(scan, &mut bits, run.clone(), row);
                    interval.lost = done.units < run.len();
                }
                whole &= !interval.lost;
                if interval.lost || !done.sound {
                    note(first_row, interval.lost);
                    scan.lose(run.start + done.units..run.end, row);
                }
                unit = run.end;
            }
            scan.end_row(row);
            whole_rows += usize::from(whole);
        }
        Outcome { wrong, whole_rows, end: self.window.place() }
    }

    /// Goes on behind a restart marker; nothing if the interval there is lost.
    fn find_restart(&mut self, expected: u8) -> Option<Bits> {
        match bits::find_restart(self.file, self.window.place(), expected) {
            Restart::At(place) => Some(self.window.start(self.file, place)),
            Restart::Lost => None,
        }
    }

    /// Decodes units of one row until the data ends.
    #[inline]
    fn run(
        &mut self,
        scan: &mut impl Units,
        bits: &mut Bits,
        columns: Range<usize>,
        row: usize,
    ) -> Run {
        let mut done = Run { units: 0, sound: true };
        let mut at = *bits;
        for column in columns {
            at = self.window.ensure(self.file, at, UNIT_BLOCKS_MAX * block::BYTES_MAX);
            done.sound &= scan.unit((&mut at, self.window), (column, row));
            if self.window.is_overrun(at) {
                break;
            }
            done.units += 1;
        }
        *bits = at;
        done
    }
}
