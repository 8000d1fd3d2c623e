//! A scan: its units in order, from one restart marker to the next, into rows of planes.

use std::ops::Range;

use super::{
    bits::{self, Bits, Restart, Window},
    block::{self, Block, Corner, Reader},
    huffman::{AcTable, DcTable},
    idct::{Batch, LANES},
};
use crate::Plane;

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
    pub(super) rows: Rows,
    /// The plane so far: whole rows.
    pub(super) plane: Plane,
    pub(super) prediction: i32,
}

/// Where the rows of blocks of a row of units become samples.
#[derive(Default)]
pub(super) struct Rows {
    /// The coefficients of all its blocks, row by row, each padded to whole batches.
    batches: Vec<Batch>,
    /// The samples that one row of blocks becomes.
    strip: Vec<u8>,
    batches_across: usize,
}

impl Rows {
    /// Makes room for `blocks` across and down, each to become so many samples.
    pub(super) fn prepare(&mut self, blocks: (usize, usize), samples: (usize, usize)) {
        self.batches_across = blocks.0.div_ceil(LANES);
        self.batches.clear();
        self.batches.resize(self.batches_across * blocks.1, Batch::EMPTY);
        self.strip.clear();
        self.strip.resize(self.batches_across * LANES * samples.0 * samples.1, GREY);
    }

    #[inline]
    fn block(&mut self, column: usize, row: usize) -> Block<'_> {
        let batch = &mut self.batches[row * self.batches_across + column / LANES];
        Block { batch, lane: column % LANES }
    }
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
        let corner = if seen { &self.corner } else { &self.unseen };
        let reader = Reader { dc: self.dc, ac: self.ac, corner };
        for y in 0..down {
            for x in 0..across {
                let mut block = self.rows.block(unit * across + x, y);
                let stream = (&mut *bits, window);
                sound &= reader.read(stream, &mut self.prediction, &mut block).is_ok();
            }
        }
        sound
    }

    /// Transforms a row of units, and moves its rows of samples to the plane as far as they belong to
    /// the image.
    fn emit(&mut self, seen: bool) {
        let width = self.plane.width as usize;
        let size = width * self.plane.height as usize;
        let Rows { batches, strip, batches_across } = &mut self.rows;
        let stride = *batches_across * LANES * self.samples.0;
        for batches in batches.chunks_exact_mut(*batches_across) {
            for (index, batch) in batches.iter_mut().enumerate() {
                let out = &mut strip[index * LANES * self.samples.0..];
                batch.transform(self.samples, out, stride);
            }
            for row in strip.chunks_exact(stride) {
                let samples = &mut self.plane.samples;
                if samples.len() < size && seen {
                    samples.extend_from_slice(&row[..width]);
                } else if samples.len() < size {
                    samples.resize(samples.len() + width, GREY);
                }
            }
        }
    }
}

/// Shows nothing for the units of a row that were not decoded.
fn grey(lanes: &mut [Lane<'_>], units: Range<usize>) {
    for lane in lanes {
        let (across, down) = lane.blocks;
        for row in 0..down {
            for column in units.start * across..units.end * across {
                let Block { batch, lane } = lane.rows.block(column, row);
                batch.forget(lane);
            }
        }
    }
}
