//! The quantised coefficients of a component, without their zeros.
//!
//! Nine in ten are zero. What is kept of a block are its non-zero values, densely, and bit maps that
//! say where they belong, which is also what every scan wants to know first.

use super::{
    dct::{self, Blocks, LANES},
    quantisation::{Quantised, Table},
};
use crate::Plane;

/// Which coefficients of a block are not zero, by their place in zigzag order. The DC coefficient,
/// bit 0, is never counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    /// For each level: which coefficients are at least 2^level in size, so not zero after losing
    /// that many bits.
    pub(super) reaching: [u64; 2],
}

/// One component, transformed.
#[derive(Debug, Default)]
pub(super) struct Coefficients {
    /// Blocks in a row.
    pub(super) blocks_wide: usize,
    /// Rows of blocks.
    pub(super) blocks_high: usize,
    /// The DC coefficient of every block, row after row.
    pub(super) dc: Vec<i16>,
    /// Where every block has its AC coefficients.
    pub(super) blocks: Vec<Block>,
    /// The AC coefficients that are not zero, block after block, in zigzag order: twice their size,
    /// plus one if negative.
    pub(super) values: Vec<u16>,
}

impl Coefficients {
    /// Transforms a plane, which is continued beyond its edges as it ends there.
    pub(super) fn fill(&mut self, plane: &Plane, table: &Table) {
        self.start(plane);
        let mut quantised = Quantised::new();
        for_each_group(plane, |blocks, used| {
            quantised.fill(blocks, table);
            for lane in 0..used {
                self.keep(&quantised, lane);
            }
        });
    }

    /// The same, but each block becomes what is chosen for it: in whole steps for coefficients in
    /// steps, both in zigzag order.
    pub(super) fn fill_with(
        &mut self,
        plane: &Plane,
        table: &Table,
        mut choose: impl FnMut(&[f32; 64]) -> [i16; 64],
    ) {
        self.start(plane);
        for_each_group(plane, |blocks, used| {
            for lane in 0..used {
                self.keep_chosen(&choose(&table.in_steps(blocks, lane)));
            }
        });
    }

    fn start(&mut self, plane: &Plane) {
        (self.blocks_wide, self.blocks_high) = size_in_blocks(plane);
        self.dc.clear();
        self.blocks.clear();
        self.values.clear();
    }

    fn keep_chosen(&mut self, block: &[i16; 64]) {
        let mut reaching = [0; 2];
        for (k, &value) in block.iter().enumerate().skip(1) {
            let size = value.unsigned_abs();
            if size > 0 {
                reaching[0] |= 1 << k;
                reaching[1] |= u64::from(size > 1) << k;
                self.values.push(size << 1 | u16::from(value < 0));
            }
        }
        self.dc.push(block[0]);
        self.blocks.push(Block { reaching });
    }

    fn keep(&mut self, quantised: &Quantised, lane: usize) {
        const DC: u64 = 1;
        let reaching = quantised.reaching.map(|level| level[lane] & !DC);
        let mut values = [0; 64];
        let mut count = 0;
        let mut left = reaching[0];
        while left != 0 {
            let value = quantised.values[left.trailing_zeros() as usize][lane];
            values[count] = value.unsigned_abs() << 1 | u16::from(value < 0);
            count += 1;
            left &= left - 1;
        }
        self.dc.push(quantised.values[0][lane]);
        self.blocks.push(Block { reaching });
        self.values.extend_from_slice(&values[..count]);
    }
}

/// Blocks in a row, and rows of blocks.
fn size_in_blocks(plane: &Plane) -> (usize, usize) {
    ((plane.width as usize).div_ceil(8), (plane.height as usize).div_ceil(8))
}

/// Transforms a plane; hands over up to eight blocks at a time, and how many they are.
fn for_each_group(plane: &Plane, mut visit: impl FnMut(&Blocks, usize)) {
    let (blocks_wide, blocks_high) = size_in_blocks(plane);
    let count = blocks_wide * blocks_high;
    let mut blocks: Blocks = [[0.0; LANES]; 64];
    for first in (0..count).step_by(LANES) {
        let used = LANES.min(count - first);
        load(&mut blocks, plane, blocks_wide, first..first + used);
        dct::forward(&mut blocks);
        // Samples are centred around zero (A.3.1), which moves nothing but their sum.
        blocks[0] = blocks[0].map(|sum| sum - 64.0 * 128.0);
        visit(&blocks, used);
    }
}

/// Reads up to eight blocks of a plane, one into each lane.
fn load(blocks: &mut Blocks, plane: &Plane, blocks_wide: usize, range: std::ops::Range<usize>) {
    let mut lines = [[0; LANES]; 8];
    for (lane, block) in range.enumerate() {
        let (left, top) = (block % blocks_wide * 8, block / blocks_wide * 8);
        for (y, line) in lines.iter_mut().enumerate() {
            line[lane] = eight_samples(plane, left, top + y);
        }
    }
    for (y, line) in lines.iter_mut().enumerate() {
        transpose(line);
        for (x, samples) in line.iter().enumerate() {
            blocks[y * 8 + x] = samples.to_le_bytes().map(f32::from);
        }
    }
}

/// Samples from a place on, the first in the lowest byte; beyond the edges those at the edges.
#[inline]
fn eight_samples(plane: &Plane, left: usize, top: usize) -> u64 {
    let (width, height) = (plane.width as usize, plane.height as usize);
    let row = &plane.samples[top.min(height - 1) * width..][..width];
    let bytes = match row[left..].first_chunk::<8>() {
        Some(bytes) => *bytes,
        None => std::array::from_fn(|x| row[(left + x).min(width - 1)]),
    };
    u64::from_le_bytes(bytes)
}

/// Swaps byte i of word k with byte k of word i, in three rounds over ever smaller squares (Warren,
/// Hacker's Delight, 7-3).
#[inline]
fn transpose(words: &mut [u64; 8]) {
    for (distance, mask) in
        [(4, 0x0000_0000_ffff_ffff), (2, 0x0000_ffff_0000_ffff), (1, 0x00ff_00ff_00ff_00ff)]
    {
        for i in (0..8).filter(|i| i & distance == 0) {
            let shift = distance * 8;
            let swapped = (words[i] >> shift ^ words[i + distance]) & mask;
            words[i] ^= swapped << shift;
            words[i + distance] ^= swapped;
        }
    }
}
