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
    for (line, values) in lines.iter_mut().zip(group.as_chunks::<16>().0) {
        *line = sum(line, values);
    }
}

#[inline]
fn sum<const LANES: usize>(samples: &[u8; LANES], values: &[i16; LANES]) -> [u8; LANES] {
    array::from_fn(|lane| clamped(i16::from(samples[lane]).saturating_add(values[lane])))
}

#[inline]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is a byte")]
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
        let mut left = array::from_fn(|row| {
            around.left.map_or(LEFT_OF_PICTURE, |it| it.luma[4 * index + row][15])
        });
        let next_corner = left[3];
        for (column, &mode) in modes.iter().enumerate() {
            let place = 4 * column..4 * column + 4;
            let mut near = [0; 8];
            near.copy_from_slice(&above[place.start..place.start + 8]);
            let mut block = block(mode, &BlockEdges { left, corner, above: near });
            if let Some(residual) = residual.filter(|it| it.used[index][column]) {
                let rows = residual.groups[index].as_chunks::<16>().0;
                for (samples, row) in block.iter_mut().zip(rows) {
                    let values = row[place.clone()].first_chunk().unwrap_or(&[0; 4]);
                    *samples = sum(samples, values);
                }
            }
            for (line, samples) in lines.iter_mut().zip(&block) {
                line[place.clone()].copy_from_slice(samples);
            }
            corner = near[3];
            left = block.map(|row| row[3]);
            above[place].copy_from_slice(&block[3]);
        }
        corner = next_corner;
    }
}

/// The neighbours of a block of 4×4.
struct BlockEdges {
    /// From the top.
    left: [u8; 4],
    corner: u8,
    /// From the left, above the block and further right.
    above: [u8; 8],
}

/// RFC 6386, section 12.3.
fn block(mode: Block, edges: &BlockEdges) -> [[u8; 4]; 4] {
    let &BlockEdges { left: l, corner, above: a } = edges;
    match mode {
        Block::Mean => {
            let sum: u16 = l.iter().chain(&a[..4]).copied().map(u16::from).sum();
            let [mean, _] = ((sum + 4) >> 3).to_le_bytes();
            [[mean; 4]; 4]
        }
        Block::TrueMotion => l.map(|left| {
            let slope = i16::from(left) - i16::from(corner);
            array::from_fn(|column| clamped(i16::from(a[column]) + slope))
        }),
        Block::Vertical => {
            let row = [
                three(corner, a[0], a[1]),
                three(a[0], a[1], a[2]),
                three(a[1], a[2], a[3]),
                three(a[2], a[3], a[4]),
            ];
            [row; 4]
        }
        Block::Horizontal => [
            [three(corner, l[0], l[1]); 4],
            [three(l[0], l[1], l[2]); 4],
            [three(l[1], l[2], l[3]); 4],
            [three(l[2], l[3], l[3]); 4],
        ],
        Block::LeftDown => {
            let at = |i: usize| three(a[i], a[i + 1], a[(i + 2).min(7)]);
            let diagonal: [u8; 7] = array::from_fn(at);
            array::from_fn(|row| array::from_fn(|column| diagonal[row + column]))
        }
        Block::VerticalLeft => {
            let two = |i: usize| two(a[i], a[i + 1]);
            let three = |i: usize| three(a[i], a[i + 1], a[i + 2]);
            [
                [two(0), two(1), two(2), two(3)],
                [three(0), three(1), three(2), three(3)],
                [two(1), two(2), two(3), three(4)],
                [three(1), three(2), three(3), three(5)],
            ]
        }
        Block::HorizontalUp => {
            let [l0, l1, l2, l3] = l;
            let (x, y, z) = (two(l1, l2), three(l1, l2, l3), two(l2, l3));
            let w = three(l2, l3, l3);
            [[two(l0, l1), three(l0, l1, l2), x, y], [x, y, z, w], [z, w, l3, l3], [l3; 4]]
        }
        Block::RightDown | Block::VerticalRight | Block::HorizontalDown => {
            around_corner(mode, [l[3], l[2], l[1], l[0], corner, a[0], a[1], a[2], a[3]])
        }
    }
}

/// The modes that need the whole edge, from below on the left, over the corner, to the right.
fn around_corner(mode: Block, edge: [u8; 9]) -> [[u8; 4]; 4] {
    let two = |i: usize| two(edge[i], edge[i + 1]);
    let three = |i: usize| three(edge[i], edge[i + 1], edge[i + 2]);
    match mode {
        Block::VerticalRight => [
            [two(4), two(5), two(6), two(7)],
            [three(3), three(4), three(5), three(6)],
            [three(2), two(4), two(5), two(6)],
            [three(1), three(3), three(4), three(5)],
        ],
        Block::HorizontalDown => [
            [two(3), three(3), three(4), three(5)],
            [two(2), three(2), two(3), three(3)],
            [two(1), three(1), two(2), three(2)],
            [two(0), three(0), two(1), three(1)],
        ],
        _ => {
            let diagonal: [u8; 7] = array::from_fn(three);
            array::from_fn(|row| array::from_fn(|column| diagonal[3 + column - row]))
        }
    }
}

/// The mean of two samples, rounded up.
#[inline]
fn two(first: u8, second: u8) -> u8 {
    let sum = u16::from(first) + u16::from(second) + 1;
    (sum >> 1).to_le_bytes()[0]
}

/// The mean of three samples of which the middle one counts twice, rounded.
#[inline]
fn three(first: u8, second: u8, third: u8) -> u8 {
    let sum = u16::from(first) + 2 * u16::from(second) + u16::from(third) + 2;
    (sum >> 2).to_le_bytes()[0]
}
