//! Samples as their neighbours let one expect them (RFC 6386, section 12), and what is added to them.

use std::array;

use crate::{
    lanes::Line,
    macroblock::Macroblock,
    modes::{Block, Luma, Whole},
    tokens::{Group, Residual},
};

/// What stands for the row above the picture, and for the column left of it.
pub(crate) const ABOVE_PICTURE: u8 = 127;
const LEFT_OF_PICTURE: u8 = 129;

/// How a macroblock is predicted.
#[derive(Debug)]
pub(crate) struct Modes {
    pub(crate) luma: Luma,
    pub(crate) chroma: Whole,
}

/// The lowest rows of a macroblock before they are filtered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bottom {
    pub(crate) luma: Line,
    pub(crate) chroma: Line,
}

/// What is around a macroblock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Around<'a> {
    /// What stands for it above the first row.
    pub(crate) above: &'a Bottom,
    pub(crate) above_left: Option<&'a Bottom>,
    pub(crate) above_right: Option<&'a Bottom>,
    pub(crate) left: Option<&'a Macroblock>,
    pub(crate) is_first_row: bool,
}

impl Around<'_> {
    fn luma(&self) -> Edges<16> {
        Edges {
            above: self.above.luma,
            left: array::from_fn(|row| {
                [self.left.map_or(LEFT_OF_PICTURE, |left| left.luma[row][15]); 16]
            }),
            corner: [self.corner(|bottom| bottom.luma[15]); 16],
        }
    }

    /// Both planes side by side.
    fn chroma(&self) -> Edges<8> {
        let corners = [7, 15].map(|lane| self.corner(|bottom| bottom.chroma[lane]));
        Edges {
            above: self.above.chroma,
            left: array::from_fn(|row| {
                let samples =
                    |lane: usize| self.left.map_or(LEFT_OF_PICTURE, |left| left.chroma[row][lane]);
                halves([samples(7), samples(15)])
            }),
            corner: halves(corners),
        }
    }

    fn corner(&self, of: impl Fn(&Bottom) -> u8) -> u8 {
        let outside = if self.is_first_row { ABOVE_PICTURE } else { LEFT_OF_PICTURE };
        self.above_left.map_or(outside, of)
    }

    /// The mean of those neighbours on two sides that are inside the picture.
    fn mean(&self, above: &[u8], left: impl Iterator<Item = u8>) -> u8 {
        let length = u32::try_from(above.len()).unwrap_or(1);
        let (mut total, mut count) = (0, 0);
        if !self.is_first_row {
            total += above.iter().copied().map(u32::from).sum::<u32>();
            count += length;
        }
        if self.left.is_some() {
            total += left.map(u32::from).sum::<u32>();
            count += length;
        }
        let mean = (total + count / 2).checked_div(count);
        mean.and_then(|mean| u8::try_from(mean).ok()).unwrap_or(128)
    }
}

/// One value in the left half of a line, and one in the right.
fn halves([left, right]: [u8; 2]) -> Line {
    array::from_fn(|lane| if lane < 8 { left } else { right })
}

/// The neighbours of a macroblock's samples, spread over all lanes that they count for.
struct Edges<const ROWS: usize> {
    above: Line,
    left: [Line; ROWS],
    corner: Line,
}

/// Makes the samples of a macroblock.
pub(crate) fn draw(
    macroblock: &mut Macroblock,
    modes: &Modes,
    around: &Around<'_>,
    residual: Option<&Residual>,
) {
    match &modes.luma {
        Luma::Whole(mode) => {
            let edges = around.luma();
            let left = edges.left.iter().map(|line| line[0]);
            let mean = || [around.mean(&edges.above, left.clone()); 16];
            predict(&mut macroblock.luma, *mode, &edges, mean);
            if let Some(residual) = residual {
                add_groups(&mut macroblock.luma, residual, 0);
            }
        }
        Luma::Blocks(modes) => draw_blocks(&mut macroblock.luma, modes, around, residual),
    }
    let edges = around.chroma();
    let mean = || {
        let plane = |first: usize| {
            let left = edges.left.iter().map(|line| line[first]);
            around.mean(&edges.above[first..first + 8], left)
        };
        halves([plane(0), plane(8)])
    };
    predict(&mut macroblock.chroma, modes.chroma, &edges, mean);
    if let Some(residual) = residual {
        add_groups(&mut macroblock.chroma, residual, 4);
    }
}

/// RFC 6386, sections 12.2 and 12.3.
fn predict<const ROWS: usize>(
    lines: &mut [Line; ROWS],
    mode: Whole,
    edges: &Edges<ROWS>,
    mean: impl Fn() -> Line,
) {
    match mode {
        Whole::Mean => *lines = [mean(); ROWS],
        Whole::Vertical => *lines = [edges.above; ROWS],
        Whole::Horizontal => *lines = edges.left,
        Whole::TrueMotion => {
            let slope: [i16; 16] =
                array::from_fn(|lane| i16::from(edges.above[lane]) - i16::from(edges.corner[lane]));
            for (line, left) in lines.iter_mut().zip(&edges.left) {
                *line = sum(left, &slope);
            }
        }
    }
}

/// Adds the groups of one plane to its lines.
fn add_groups<const ROWS: usize>(lines: &mut [Line; ROWS], residual: &Residual, first: usize) {
    let groups = residual.groups[first..].iter().zip(&residual.used[first..]);
    for (lines, (group, used)) in lines.as_chunks_mut::<4>().0.iter_mut().zip(groups) {
        if *used != [false; 4] {
            add(lines, group);
        }
    }
}

fn add(lines: &mut [Line; 4], group: &Group) {
    for (sample, value) in lines.as_flattened_mut().iter_mut().zip(group) {
        *sample = clamped(i16::from(*sample).saturating_add(*value));
    }
}

/// Never a part of a larger function, in which the compiler would take the lanes apart again.
#[inline(never)]
fn sum(samples: &Line, values: &[i16; 16]) -> Line {
    let mut sums = [0; 16];
    for lane in 0..16 {
        sums[lane] = clamped(i16::from(samples[lane]).saturating_add(values[lane]));
    }
    sums
}

#[inline]
#[expect(clippy::cast_sign_loss, reason = "it is none below 0")]
fn clamped(value: i16) -> u8 {
    value.clamp(0, 255) as u8
}

/// Predicts and finishes one block after the other, as each is predicted from those before.
fn draw_blocks(
    lines: &mut [Line; 16],
    modes: &[[Block; 4]; 4],
    around: &Around<'_>,
    residual: Option<&Residual>,
) {
    // The lowest samples that are finished in each column, and what is above and further right. That is
    // the row above the macroblock for the blocks in the last column of every row.
    let mut above = [0; 20];
    above[..16].copy_from_slice(&around.above.luma);
    let beyond = match around.above_right {
        Some(bottom) => *bottom.luma.first_chunk().unwrap_or(&[0; 4]),
        None => [around.above.luma[15]; 4],
    };
    above[16..].copy_from_slice(&beyond);
    let mut corner = around.corner(|bottom| bottom.luma[15]);
    for (index, (lines, modes)) in lines.as_chunks_mut::<4>().0.iter_mut().zip(modes).enumerate() {
        let mut left = [LEFT_OF_PICTURE; 4];
        if let Some(macroblock) = around.left {
            for (sample, line) in left.iter_mut().zip(&macroblock.luma[4 * index..]) {
                *sample = line[15];
            }
        }
        let next_corner = left[3];
        for (column, &mode) in modes.iter().enumerate() {
            let place = 4 * column..4 * column + 4;
            let mut near = [0; 8];
            near.copy_from_slice(&above[place.start..place.start + 8]);
            let edge = BlockEdge::new(left, corner, near);
            let mut block = edge.block(mode);
            if let Some(residual) = residual.filter(|it| it.used[index][column]) {
                let mut values = [0; 16];
                let rows = residual.groups[index].as_chunks::<16>().0;
                for (values, row) in values.as_chunks_mut::<4>().0.iter_mut().zip(rows) {
                    values.copy_from_slice(&row[place.clone()]);
                }
                block = sum(&block, &values);
            }
            for (row, line) in lines.iter_mut().enumerate() {
                line[place.clone()].copy_from_slice(&block[4 * row..4 * row + 4]);
                left[row] = block[4 * row + 3];
            }
            corner = near[3];
            above[place].copy_from_slice(&block[12..]);
        }
        corner = next_corner;
    }
}

/// The neighbours of a block of 4×4 in the bytes of a number, of which the lowest comes first: from below
/// on the left, over the corner, to the right, eight above. The last one counts twice.
///
/// A number is much faster here than an array, as its bytes stay in registers.
#[derive(Clone, Copy)]
struct BlockEdge(u128);

impl BlockEdge {
    fn new(left: [u8; 4], corner: u8, above: [u8; 8]) -> Self {
        let left = u128::from(u32::from_be_bytes(left));
        let last = u128::from(above[7]);
        let above = u128::from(u64::from_le_bytes(above));
        Self(left | u128::from(corner) << 32 | above << 40 | last << 104)
    }

    /// Rows of a block behind each other (RFC 6386, section 12.3).
    fn block(self, mode: Block) -> Line {
        let edge = self.0;
        // The means of each two neighbours, and of each three of which the middle one counts twice.
        let two = means(edge, edge >> 8);
        let three = means(edge >> 8, means_rounded_down(edge, edge >> 16));
        let run = |means: u128, first: usize| {
            let bytes = (means >> (8 * first)).to_le_bytes();
            [bytes[0], bytes[1], bytes[2], bytes[3]]
        };
        let two_at = |place: usize| (two >> (8 * place)).to_le_bytes()[0];
        let three_at = |place: usize| (three >> (8 * place)).to_le_bytes()[0];
        let lowest = edge.to_le_bytes()[0];
        let rows = match mode {
            Block::Mean => return [self.mean(); 16],
            Block::TrueMotion => return self.true_motion(),
            Block::Vertical => [run(three, 4); 4],
            Block::Horizontal => {
                [[three_at(2); 4], [three_at(1); 4], [three_at(0); 4], [self.low(); 4]]
            }
            Block::LeftDown => [5, 6, 7, 8].map(|first| run(three, first)),
            Block::RightDown => [3, 2, 1, 0].map(|first| run(three, first)),
            Block::VerticalRight => [
                run(two, 4),
                run(three, 3),
                [three_at(2), two_at(4), two_at(5), two_at(6)],
                [three_at(1), three_at(3), three_at(4), three_at(5)],
            ],
            Block::VerticalLeft => [
                run(two, 5),
                run(three, 5),
                [two_at(6), two_at(7), two_at(8), three_at(9)],
                [three_at(6), three_at(7), three_at(8), three_at(10)],
            ],
            Block::HorizontalDown => [
                [two_at(3), three_at(3), three_at(4), three_at(5)],
                [two_at(2), three_at(2), two_at(3), three_at(3)],
                [two_at(1), three_at(1), two_at(2), three_at(2)],
                [two_at(0), three_at(0), two_at(1), three_at(1)],
            ],
            Block::HorizontalUp => [
                [two_at(2), three_at(1), two_at(1), three_at(0)],
                [two_at(1), three_at(0), two_at(0), self.low()],
                [two_at(0), self.low(), lowest, lowest],
                [lowest; 4],
            ],
        };
        let mut block = [0; 16];
        block.copy_from_slice(rows.as_flattened());
        block
    }

    /// The mean of the lowest two on the left, of which the last counts thrice.
    fn low(self) -> u8 {
        let [lowest, other, ..] = self.0.to_le_bytes();
        let sum = u16::from(other) + 3 * u16::from(lowest) + 2;
        (sum >> 2).to_le_bytes()[0]
    }

    fn mean(self) -> u8 {
        let edge = self.0.to_le_bytes();
        let neighbours = edge[..4].iter().chain(&edge[5..9]);
        let sum: u16 = neighbours.copied().map(u16::from).sum();
        ((sum + 4) >> 3).to_le_bytes()[0]
    }

    fn true_motion(self) -> Line {
        let [l3, l2, l1, l0, corner, above @ ..] = self.0.to_le_bytes();
        let (mut left, mut slope) = ([0; 16], [0; 16]);
        let places = left.as_chunks_mut::<4>().0.iter_mut().zip(slope.as_chunks_mut::<4>().0);
        for (sample, (left, slope)) in [l0, l1, l2, l3].into_iter().zip(places) {
            *left = [sample; 4];
            for (slope, above) in slope.iter_mut().zip(above) {
                *slope = i16::from(above) - i16::from(corner);
            }
        }
        sum(&left, &slope)
    }
}

/// All bits of each byte but the lowest.
const UPPER_BITS: u128 = u128::from_ne_bytes([0xfe; 16]);

/// The mean of each two bytes at the same place, rounded up.
#[inline]
fn means(first: u128, second: u128) -> u128 {
    (first | second) - (((first ^ second) & UPPER_BITS) >> 1)
}

#[inline]
fn means_rounded_down(first: u128, second: u128) -> u128 {
    (first & second) + (((first ^ second) & UPPER_BITS) >> 1)
}
