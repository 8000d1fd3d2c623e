//! A scan: its units in order, from one restart marker to the next, into rows of planes.

use std::ops::Range;

use super::{
    bits::{self, Bits, Restart, Window},
    block::{self, Corner, Reader},
    huffman::{AcTable, DcTable},
    idct::{self, Block},
};
use crate::jpeg::Plane;

/// What a decoder shows where nothing was decoded.
pub(super) const GREY: u8 = 128;
/// Blocks that a unit of several components may have (ITU-T T.81, B.2.3).
pub(super) const UNIT_BLOCKS_MAX: usize = 10;

/// The tables that a scan uses, by number.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) dc: [Option<DcTable>; 4],
    pub(super) ac: [Option<AcTable>; 4],
}

/// A component in a scan.
pub(super) struct Lane<'a> {
    pub(super) dc: &'a DcTable,
    pub(super) ac: &'a AcTable,
    pub(super) corner: Corner,
    /// For reading past blocks that nobody will see.
    pub(super) unseen: Corner,
    /// Samples of a decoded block, across and down.
    pub(super) samples: (usize, usize),
    /// Blocks in a unit, across and down.
    pub(super) blocks: (usize, usize),
    /// The rows that a row of units decodes to, padded to whole units.
    pub(super) strip: Vec<u8>,
    /// Samples of a row of the strip.
    pub(super) stride: usize,
    /// The plane so far: whole rows.
    pub(super) plane: Plane,
    pub(super) prediction: i32,
}

/// The units of a scan.
pub(super) struct Grid {
    /// Units across and down.
    pub(super) units: (usize, usize),
    /// Rows of the image that a unit covers.
    pub(super) unit_rows: u32,
    /// Rows of the image that are wanted.
    pub(super) rows: Range<u32>,
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

/// How far a run of units has come.
struct Run {
    /// Units that were decoded.
    units: usize,
    /// Whether all their bits were codes.
    sound: bool,
}

impl Decoder<'_> {
    /// Decodes the scan whose data begins at `place`.
    pub(super) fn decode(&mut self, lanes: &mut [Lane<'_>], grid: &Grid, place: usize) -> Outcome {
        let (mut wrong, mut whole_rows) = (None, 0);
        let mut bits = self.window.start(self.file, place);
        let interval = match usize::from(grid.restart_interval) {
            0 => usize::MAX,
            interval => interval,
        };
        let (mut left, mut lost, mut restarts) = (interval, false, 0_u8);
        for row in 0..grid.units.1 {
            let first_row = grid.unit_rows.saturating_mul(row as u32);
            if first_row >= grid.rows.end {
                break;
            }
            let seen = first_row.saturating_add(grid.unit_rows) > grid.rows.start;
            let (mut unit, mut whole) = (0, true);
            while unit < grid.units.0 {
                if left == 0 {
                    let restart = self.restart(restarts, lanes);
                    lost = restart.is_none();
                    bits = restart.unwrap_or(bits);
                    restarts = (restarts + 1) % 8;
                    left = interval;
                }
                let run = unit..grid.units.0.min(unit.saturating_add(left));
                left -= run.len();
                let mut done = Run { units: 0, sound: true };
                if !lost {
                    done = self.run(lanes, &mut bits, run.clone(), seen);
                    lost = done.units < run.len();
                }
                whole &= !lost;
                if lost || !done.sound {
                    wrong.get_or_insert(Wrong { row: first_row, ends: lost });
                    grey(lanes, run.start + done.units..run.end);
                }
                unit = run.end;
            }
            for lane in &mut *lanes {
                lane.emit(seen);
            }
            whole_rows += usize::from(whole);
        }
        Outcome { wrong, whole_rows, end: self.window.place() }
    }

    /// Goes on behind a restart marker; nothing if this interval is lost.
    fn restart(&mut self, expected: u8, lanes: &mut [Lane<'_>]) -> Option<Bits> {
        for lane in lanes {
            lane.prediction = 0;
        }
        match bits::find_restart(self.file, self.window.place(), expected) {
            Restart::At(place) => Some(self.window.start(self.file, place)),
            Restart::Lost => None,
        }
    }

    /// Decodes units of one row until the data ends.
    fn run(
        &mut self,
        lanes: &mut [Lane<'_>],
        bits: &mut Bits,
        units: Range<usize>,
        seen: bool,
    ) -> Run {
        let mut done = Run { units: 0, sound: true };
        let mut at = *bits;
        for unit in units {
            at = self.window.ensure(self.file, at, UNIT_BLOCKS_MAX * block::BYTES_MAX);
            for lane in &mut *lanes {
                done.sound &= lane.unit((&mut at, self.window), unit, seen);
            }
            if self.window.is_overrun(at) {
                break;
            }
            done.units += 1;
        }
        *bits = at;
        done
    }
}

impl Lane<'_> {
    /// Decodes what a unit has of this component. Returns whether all bits were codes; if not the
    /// block ends there, and what follows is tried all the same: codes resynchronise quickly.
    #[inline]
    fn unit(&mut self, (bits, window): (&mut Bits, &Window), unit: usize, seen: bool) -> bool {
        let (across, down) = self.blocks;
        let mut sound = true;
        for y in 0..down {
            for x in 0..across {
                let mut block: Block = [0; idct::BLOCK];
                let stream = (&mut *bits, window);
                let corner = if seen { &self.corner } else { &self.unseen };
                let reader = Reader { dc: self.dc, ac: self.ac, corner };
                sound &= reader.read(stream, &mut self.prediction, &mut block).is_ok();
                if seen {
                    self.put(&block, (unit * across + x) * self.samples.0, y * self.samples.1);
                }
            }
        }
        sound
    }

    /// Transforms a block to a place of the strip.
    #[inline]
    fn put(&mut self, block: &Block, column: usize, row: usize) {
        let out = &mut self.strip[row * self.stride + column..];
        let stride = self.stride;
        match self.samples {
            (1, 1) => put::<1, 1>(block, out, stride),
            (2, 1) => put::<2, 1>(block, out, stride),
            (3, 1) => put::<3, 1>(block, out, stride),
            (4, 1) => put::<4, 1>(block, out, stride),
            (1, 2) => put::<1, 2>(block, out, stride),
            (2, 2) => put::<2, 2>(block, out, stride),
            (3, 2) => put::<3, 2>(block, out, stride),
            (4, 2) => put::<4, 2>(block, out, stride),
            (1, 3) => put::<1, 3>(block, out, stride),
            (2, 3) => put::<2, 3>(block, out, stride),
            (3, 3) => put::<3, 3>(block, out, stride),
            (4, 3) => put::<4, 3>(block, out, stride),
            (1, _) => put::<1, 4>(block, out, stride),
            (2, _) => put::<2, 4>(block, out, stride),
            (3, _) => put::<3, 4>(block, out, stride),
            _ => put::<4, 4>(block, out, stride),
        }
    }

    /// Moves the strip's rows to the plane, as far as they belong to the image.
    fn emit(&mut self, seen: bool) {
        let width = self.plane.width as usize;
        let size = width * self.plane.height as usize;
        for row in self.strip.chunks_exact(self.stride) {
            let samples = &mut self.plane.samples;
            if samples.len() < size && seen {
                samples.extend_from_slice(&row[..width]);
            } else if samples.len() < size {
                samples.resize(samples.len() + width, GREY);
            }
        }
    }
}

#[inline]
fn put<const WIDTH: usize, const HEIGHT: usize>(block: &Block, out: &mut [u8], stride: usize) {
    let samples = idct::transform::<WIDTH, HEIGHT>(block);
    for (row, out) in samples.iter().zip(out.chunks_mut(stride)) {
        out[..WIDTH].copy_from_slice(row);
    }
}

/// Shows nothing for the units of a row that were not decoded.
fn grey(lanes: &mut [Lane<'_>], units: Range<usize>) {
    for lane in lanes {
        let width = lane.blocks.0 * lane.samples.0;
        let columns = units.start * width..units.end * width;
        for row in lane.strip.chunks_exact_mut(lane.stride) {
            row[columns.clone()].fill(GREY);
        }
    }
}
