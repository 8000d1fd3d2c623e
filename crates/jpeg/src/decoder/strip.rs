//! A row of blocks on its way to the plane: coefficients, then rows of samples.

use super::idct::{LANES, Lanes, Shape};
use crate::Plane;

/// Where the coefficients of one or several rows of blocks are gathered until they become samples.
#[derive(Default)]
pub(super) struct Strip {
    /// The corners of all blocks, row by row, in batches of [`LANES`] neighbours.
    corners: Vec<Lanes>,
    /// The samples that one row of blocks becomes.
    samples: Vec<u8>,
    batches_across: usize,
    places: usize,
}

/// Where the corner of a block goes.
pub(super) struct Block<'a> {
    corners: &'a mut [Lanes],
    /// Which of the batch's blocks it is.
    lane: usize,
}

impl Block<'_> {
    /// Sets a coefficient; its place is one that [`Shape`] tells.
    #[inline]
    pub(super) fn set(&mut self, place: usize, value: i32) {
        self.corners[place][self.lane] = value;
    }
}

impl Strip {
    /// Makes room for `blocks` across and down, each to become samples of this shape.
    pub(super) fn prepare(&mut self, blocks: (usize, usize), shape: &Shape) {
        self.batches_across = blocks.0.div_ceil(LANES);
        self.places = shape.places();
        self.corners.clear();
        self.corners.resize(self.batches_across * blocks.1 * self.places, [0; LANES]);
        self.samples.clear();
        self.samples.resize(self.batches_across * LANES * shape.width * shape.height, 0);
    }

    /// Bytes that it takes when it is prepared.
    pub(super) fn bytes(blocks: (u64, u64), shape: &Shape) -> u64 {
        let across = blocks.0.next_multiple_of(LANES as u64);
        let corners = across * blocks.1 * shape.places() as u64 * size_of::<i32>() as u64;
        corners + across * (shape.width * shape.height) as u64
    }

    #[inline]
    pub(super) fn block(&mut self, column: usize, row: usize) -> Block<'_> {
        let start = (row * self.batches_across + column / LANES) * self.places;
        let corners = &mut self.corners[start..start + self.places];
        Block { corners, lane: column % LANES }
    }

    /// Forgets what a block has: it becomes grey.
    #[cold]
    pub(super) fn forget(&mut self, column: usize, row: usize) {
        let Block { corners, lane } = self.block(column, row);
        for lanes in corners {
            lanes[lane] = 0;
        }
    }

    /// Transforms everything, and adds its rows of samples to the plane as long as there is room.
    pub(super) fn emit(&mut self, shape: &Shape, plane: &mut Plane) {
        let width = plane.width as usize;
        let size = width * plane.height as usize;
        let stride = self.batches_across * LANES * shape.width;
        for row in self.corners.chunks_exact_mut(self.batches_across * self.places) {
            for (index, batch) in row.chunks_exact_mut(self.places).enumerate() {
                let out = &mut self.samples[index * LANES * shape.width..];
                shape.transform(batch, out, stride);
            }
            for row in self.samples.chunks_exact(stride) {
                if plane.samples.len() < size {
                    plane.samples.extend_from_slice(&row[..width]);
                }
            }
        }
    }
}
