//! The scans of a sequential image: blocks that are whole at once, and become samples row by row.

use std::ops::Range;

use super::{
    bits::{Bits, Window},
    block::{Corner, Reader},
    huffman::{AcTable, Table},
    idct::Shape,
    scan::Units,
    strip::Strip,
};
use crate::Plane;

/// A component in a scan.
pub(super) struct Lane<'a> {
    pub(super) dc: &'a Table,
    pub(super) ac: &'a AcTable,
    pub(super) shape: Shape,
    pub(super) corner: Corner,
    /// For reading past blocks that nobody will see.
    pub(super) unseen: Corner,
    /// Blocks in a unit, across and down.
    pub(super) blocks: (usize, usize),
    pub(super) strip: Strip,
    /// The plane so far: whole rows.
    pub(super) plane: Plane,
    pub(super) prediction: i32,
}

/// A scan with all of its components.
pub(super) struct Scan<'a> {
    pub(super) lanes: Vec<Lane<'a>>,
    /// The first row of units that anybody will see.
    pub(super) first_seen: usize,
}

impl Units for Scan<'_> {
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
            sound &= lane.unit((&mut *bits, window), column, row >= self.first_seen);
        }
        sound
    }

    fn lose(&mut self, columns: Range<usize>, _row: usize) {
        for lane in &mut self.lanes {
            let (across, down) = lane.blocks;
            for row in 0..down {
                for column in columns.start * across..columns.end * across {
                    lane.strip.forget(column, row);
                }
            }
        }
    }

    fn end_row(&mut self, row: usize) {
        if row >= self.first_seen {
            for Lane { strip, shape, plane, .. } in &mut self.lanes {
                strip.emit(shape, plane);
            }
        }
    }
}

impl Lane<'_> {
    /// Decodes what a unit has of this component. A block ends where bits are no code.
    #[inline]
    fn unit(&mut self, (bits, window): (&mut Bits, &Window), unit: usize, seen: bool) -> bool {
        let (across, down) = self.blocks;
        let mut sound = true;
        let corner = if seen { &self.corner } else { &self.unseen };
        let reader = Reader { dc: self.dc, ac: self.ac, corner };
        for y in 0..down {
            for x in 0..across {
                let mut block = self.strip.block(unit * across + x, y);
                let stream = (&mut *bits, window);
                sound &= reader.read(stream, &mut self.prediction, &mut block).is_ok();
            }
        }
        sound
    }
}
