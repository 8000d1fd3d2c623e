//! The loop filter, which smooths the edges of blocks (RFC 6386, section 15).
//!
//! Every edge of a macroblock has sixteen places that are filtered alike: those of brightness, or eight
//! of each colour. Where it runs down, its samples are turned first, so that it runs across. All
//! places are computed, whether they are to change or not: that is faster than to decide for each.

use crate::{
    lanes::{Line, shuffled_times},
    macroblock::Macroblock,
};

/// How strong edges are filtered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Strength {
    /// How different both sides of an edge between macroblocks may be, and of one within them, for it
    /// to be smoothed.
    between: u8,
    within: u8,
    /// How different neighbours on the same side may be.
    interior: u8,
    /// From which difference on the two samples next to the edge are all that changes.
    high_variance: u8,
}

impl Strength {
    /// For a level of 1 to 63 and a sharpness of 0 to 7 (RFC 6386, sections 15.2 and 15.3).
    pub(crate) fn new(level: u8, sharpness: u8) -> Self {
        let shift = match sharpness {
            0 => 0,
            1..=4 => 1,
            _ => 2,
        };
        let limit = if sharpness == 0 { u8::MAX } else { 9_u8.saturating_sub(sharpness) };
        let interior = (level >> shift).min(limit).max(1);
        let high_variance = match level {
            40.. => 2,
            15.. => 1,
            _ => 0,
        };
        Self {
            between: (level + 2) * 2 + interior,
            within: level * 2 + interior,
            interior,
            high_variance,
        }
    }
}

/// What is around a macroblock, as far as it is in the picture.
#[derive(Debug)]
pub(crate) struct Neighbours<'a> {
    pub(crate) left: Option<&'a mut Macroblock>,
    pub(crate) above: Option<&'a mut Macroblock>,
}

/// Filters the edges of a macroblock: on its left, within it, and above it. `simple` is the filter that
/// leaves colour alone.
pub(crate) fn filter(macroblock: &mut Macroblock, neighbours: Neighbours<'_>, simple: bool) {
    let Some(strength) = macroblock.strength else { return };
    let mut job = Job { macroblock, neighbours };
    if simple {
        job.luma(
            |lines| smooth_nearest(lines, strength.between),
            |lines| smooth_nearest(lines, strength.within),
        );
    } else {
        let between = |lines: &mut Edge| smooth_between(lines, strength);
        let within = |lines: &mut Edge| smooth_within(lines, strength);
        job.luma(between, within);
        job.chroma(between, within);
    }
}

/// Four lines on each side of an edge, the nearest in the middle.
type Edge = [Line; 8];

struct Job<'a> {
    macroblock: &'a mut Macroblock,
    neighbours: Neighbours<'a>,
}

impl Job<'_> {
    #[inline]
    fn luma(&mut self, between: impl Fn(&mut Edge), within: impl Fn(&mut Edge)) {
        let Self { macroblock, neighbours: Neighbours { left, above } } = self;
        let is_filtered_within = macroblock.is_filtered_within;
        if left.is_some() || is_filtered_within {
            let mut columns = [[0; 16]; 20];
            columns[4..].copy_from_slice(&shuffled_times::<4, 16>(macroblock.luma));
            if let Some(left) = left {
                let mut ends = [[0; 4]; 16];
                for (end, row) in ends.iter_mut().zip(&left.luma) {
                    end.copy_from_slice(&row[12..]);
                }
                columns[..4].copy_from_slice(&shuffled_times::<4, 4>(lines(ends)));
                at_edge(&mut columns, 0, &between);
                let ends = shuffled_times::<2, 4>(first_lines(&columns));
                for (row, end) in left.luma.iter_mut().zip(ends.as_flattened().as_chunks::<4>().0) {
                    row[12..].copy_from_slice(end);
                }
            }
            if is_filtered_within {
                for edge in [4, 8, 12] {
                    at_edge(&mut columns, edge, &within);
                }
            }
            let mut turned = [[0; 16]; 16];
            turned.copy_from_slice(&columns[4..]);
            macroblock.luma = shuffled_times::<4, 16>(turned);
        }
        if let Some(above) = above {
            across(&mut above.luma, &mut macroblock.luma, between);
        }
        if is_filtered_within {
            for edge in [0, 4, 8] {
                at_edge(&mut macroblock.luma, edge, &within);
            }
        }
    }

    /// In turned lines the colours of a row are next to each other, which makes no difference.
    #[inline]
    fn chroma(&mut self, between: impl Fn(&mut Edge), within: impl Fn(&mut Edge)) {
        let Self { macroblock, neighbours: Neighbours { left, above } } = self;
        let is_filtered_within = macroblock.is_filtered_within;
        if left.is_some() || is_filtered_within {
            let mut columns = [[0; 16]; 12];
            columns[4..].copy_from_slice(&shuffled_times::<4, 8>(macroblock.chroma));
            if let Some(left) = left {
                let mut ends = [[0; 4]; 16];
                for (ends, row) in ends.as_chunks_mut::<2>().0.iter_mut().zip(&left.chroma) {
                    ends[0].copy_from_slice(&row[4..8]);
                    ends[1].copy_from_slice(&row[12..]);
                }
                columns[..4].copy_from_slice(&shuffled_times::<4, 4>(lines(ends)));
                at_edge(&mut columns, 0, &between);
                let ends = shuffled_times::<2, 4>(first_lines(&columns));
                let ends = ends.as_flattened().as_chunks::<4>().0.as_chunks::<2>().0;
                for (row, ends) in left.chroma.iter_mut().zip(ends) {
                    row[4..8].copy_from_slice(&ends[0]);
                    row[12..].copy_from_slice(&ends[1]);
                }
            }
            if is_filtered_within {
                at_edge(&mut columns, 4, &within);
            }
            let mut turned = [[0; 16]; 8];
            turned.copy_from_slice(&columns[4..]);
            macroblock.chroma = shuffled_times::<3, 8>(turned);
        }
        if let Some(above) = above {
            across(&mut above.chroma, &mut macroblock.chroma, between);
        }
        if is_filtered_within {
            within(&mut macroblock.chroma);
        }
    }
}

/// The same samples in lines.
fn lines(ends: [[u8; 4]; 16]) -> [Line; 4] {
    let mut lines = [[0; 16]; 4];
    lines.as_flattened_mut().copy_from_slice(ends.as_flattened());
    lines
}

fn first_lines<const LINES: usize>(columns: &[Line; LINES]) -> [Line; 4] {
    let mut lines = [[0; 16]; 4];
    lines.copy_from_slice(&columns[..4]);
    lines
}

/// Smooths the edge that has four lines before it from this one on.
#[inline]
fn at_edge<const LINES: usize>(
    lines: &mut [Line; LINES],
    first: usize,
    smooth: impl Fn(&mut Edge),
) {
    if let Some(lines) = lines[first..].first_chunk_mut() {
        smooth(lines);
    }
}

/// Smooths the edge between two macroblocks that are above each other.
#[inline]
fn across<const LINES: usize>(
    above: &mut [Line; LINES],
    below: &mut [Line; LINES],
    smooth: impl Fn(&mut Edge),
) {
    let mut lines = [[0; 16]; 8];
    lines[..4].copy_from_slice(&above[LINES - 4..]);
    lines[4..].copy_from_slice(&below[..4]);
    smooth(&mut lines);
    above[LINES - 4..].copy_from_slice(&lines[..4]);
    below[..4].copy_from_slice(&lines[4..]);
}

/// Sixteen times all bits or none.
type Mask = Line;

/// Where an edge is no part of the picture itself, and where its two nearest samples are all that
/// changes.
struct Masks {
    smooth: Mask,
    high_variance: Mask,
}

impl Masks {
    #[inline]
    fn of([p3, p2, p1, p0, q0, q1, q2, q3]: &Edge, edge: u8, strength: Strength) -> Self {
        let mut masks = Self { smooth: [0; 16], high_variance: [0; 16] };
        for lane in 0..16 {
            let nearest = p1[lane].abs_diff(p0[lane]).max(q1[lane].abs_diff(q0[lane]));
            let left = p3[lane].abs_diff(p2[lane]).max(p2[lane].abs_diff(p1[lane]));
            let right = q2[lane].abs_diff(q1[lane]).max(q3[lane].abs_diff(q2[lane]));
            let interior = nearest.max(left).max(right);
            let step = step(p1[lane], p0[lane], q0[lane], q1[lane]);
            masks.smooth[lane] = mask(step <= edge) & mask(interior <= strength.interior);
            masks.high_variance[lane] = mask(nearest > strength.high_variance);
        }
        masks
    }
}

#[inline]
fn mask(condition: bool) -> u8 {
    u8::from(condition).wrapping_neg()
}

/// How much an edge stands out.
#[inline]
fn step(p1: u8, p0: u8, q0: u8, q1: u8) -> u8 {
    let middle = p0.abs_diff(q0);
    middle.saturating_add(middle).saturating_add(p1.abs_diff(q1) >> 1)
}

/// As a number with a sign, 0 in the middle.
#[inline]
fn signed(sample: u8) -> i8 {
    (sample ^ 0x80).cast_signed()
}

#[inline]
fn unsigned(value: i8) -> u8 {
    value.cast_unsigned() ^ 0x80
}

/// Thrice the step between the nearest samples, and something else.
#[inline]
fn thrice(p0: i8, q0: i8, other: i8) -> i8 {
    let step = q0.saturating_sub(p0);
    // All three have the same sign, so that it makes no difference when they reach the end.
    other.saturating_add(step).saturating_add(step).saturating_add(step)
}

/// Changes the two samples next to an edge; tells by how much the second.
#[inline]
fn adjusted(p0: i8, q0: i8, change: i8) -> (i8, i8, i8) {
    let second = change.saturating_add(4) >> 3;
    let first = change.saturating_add(3) >> 3;
    (p0.saturating_add(first), q0.saturating_sub(second), second)
}

/// RFC 6386, section 15.2.
fn smooth_nearest(lines: &mut Edge, edge: u8) {
    let [_, _, p1, p0, q0, q1, _, _] = lines;
    for lane in 0..16 {
        let mask = mask(step(p1[lane], p0[lane], q0[lane], q1[lane]) <= edge).cast_signed();
        let outer = signed(p1[lane]).saturating_sub(signed(q1[lane]));
        let (p, q) = (signed(p0[lane]), signed(q0[lane]));
        let (p, q, _) = adjusted(p, q, thrice(p, q, outer) & mask);
        (p0[lane], q0[lane]) = (unsigned(p), unsigned(q));
    }
}

/// RFC 6386, section 15.3, for edges within a macroblock.
fn smooth_within(lines: &mut Edge, strength: Strength) {
    let masks = Masks::of(lines, strength.within, strength);
    if masks.smooth == [0; 16] {
        return;
    }
    let [_, _, p1, p0, q0, q1, _, _] = lines;
    for lane in 0..16 {
        let smooth = masks.smooth[lane].cast_signed();
        let high_variance = masks.high_variance[lane].cast_signed();
        let (outer_p, outer_q) = (signed(p1[lane]), signed(q1[lane]));
        let (p, q) = (signed(p0[lane]), signed(q0[lane]));
        let change = thrice(p, q, outer_p.saturating_sub(outer_q) & high_variance) & smooth;
        let (p, q, second) = adjusted(p, q, change);
        let outer = ((second + 1) >> 1) & !high_variance;
        p1[lane] = unsigned(outer_p.saturating_add(outer));
        p0[lane] = unsigned(p);
        q0[lane] = unsigned(q);
        q1[lane] = unsigned(outer_q.saturating_sub(outer));
    }
}

/// RFC 6386, section 15.3, for edges between macroblocks.
fn smooth_between(lines: &mut Edge, strength: Strength) {
    let masks = Masks::of(lines, strength.between, strength);
    if masks.smooth == [0; 16] {
        return;
    }
    let [_, p2, p1, p0, q0, q1, q2, _] = lines;
    let mut wide = [0; 16];
    for lane in 0..16 {
        let high_variance = masks.high_variance[lane].cast_signed();
        let outer = signed(p1[lane]).saturating_sub(signed(q1[lane]));
        let (p, q) = (signed(p0[lane]), signed(q0[lane]));
        let change = thrice(p, q, outer) & masks.smooth[lane].cast_signed();
        let (p, q, _) = adjusted(p, q, change & high_variance);
        (p0[lane], q0[lane]) = (unsigned(p), unsigned(q));
        wide[lane] = change & !high_variance;
    }
    // The further away, the less changes; where there is high variance, nothing more does.
    brought_nearer(p0, q0, &wide, 27);
    brought_nearer(p1, q1, &wide, 18);
    brought_nearer(p2, q2, &wide, 9);
}

/// Brings two lines nearer to each other, by so many parts of a change.
#[inline]
fn brought_nearer(p: &mut Line, q: &mut Line, change: &[i8; 16], parts: i16) {
    let mut shares = [0; 16];
    for lane in 0..16 {
        shares[lane] = share(change[lane], parts);
    }
    for lane in 0..16 {
        p[lane] = unsigned(signed(p[lane]).saturating_add(shares[lane]));
        q[lane] = unsigned(signed(q[lane]).saturating_sub(shares[lane]));
    }
}

/// So many parts of 2^7, rounded; at most 27.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "it becomes smaller")]
fn share(value: i8, parts: i16) -> i8 {
    ((i16::from(value) * parts + 63) >> 7) as i8
}
