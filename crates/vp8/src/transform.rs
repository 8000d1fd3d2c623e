//! Frequencies to samples (RFC 6386, section 14).
//!
//! A transform costs the same for four blocks next to each other as for one, because processors work on
//! so many values at a time. No stream of an encoder leaves 16 bits; others wrap around.

use crate::tokens::Group;

/// Transforms four blocks next to each other in place.
pub(crate) fn blocks(group: &mut Group) {
    let mut half = [0; 64];
    let (rows, out) = (group.as_chunks::<16>().0, half.as_chunks_mut::<16>().0);
    for column in 0..16 {
        let values = [rows[0][column], rows[1][column], rows[2][column], rows[3][column]];
        let values = four(values, 0);
        for (out, value) in out.iter_mut().zip(values) {
            out[column] = value;
        }
    }
    for (values, out) in half.as_chunks::<4>().0.iter().zip(group.as_chunks_mut::<4>().0) {
        *out = four(*values, 4).map(|value| value >> 3);
    }
}

/// One column or row, with something added to all that comes out.
#[inline]
fn four([first, second, third, fourth]: [i16; 4], added: i16) -> [i16; 4] {
    let first = first.wrapping_add(added);
    let (a, b) = (first.wrapping_add(third), first.wrapping_sub(third));
    let c = less(second).wrapping_sub(more(fourth));
    let d = more(second).wrapping_add(less(fourth));
    [a.wrapping_add(d), b.wrapping_add(c), b.wrapping_sub(c), a.wrapping_sub(d)]
}

/// √2 · cos(π / 8) times as much, in parts of 2^16.
#[inline]
fn more(value: i16) -> i16 {
    value.wrapping_add(high(value, 20_091))
}

/// √2 · sin(π / 8) times as much, which is 35,468 in parts of 2^16, and that less one whole fits 16 bits.
#[inline]
fn less(value: i16) -> i16 {
    value.wrapping_add(high(value, -30_068))
}

/// The upper half of a product.
#[inline]
fn high(value: i16, factor: i16) -> i16 {
    ((i32::from(value) * i32::from(factor)) >> 16) as i16
}

/// Makes the means of sixteen blocks from the one block that stands for them, in the first column.
#[expect(clippy::cast_possible_truncation, reason = "no stream of an encoder leaves 16 bits")]
pub(crate) fn means(group: &Group) -> [[i16; 4]; 4] {
    let mut values = [[0; 4]; 4];
    for (values, row) in values.iter_mut().zip(group.as_chunks::<16>().0) {
        *values = [row[0], row[1], row[2], row[3]].map(i32::from);
    }
    let columns: [[i32; 4]; 4] = std::array::from_fn(|column| sums(values.map(|row| row[column])));
    std::array::from_fn(|row| {
        sums(columns.map(|column| column[row])).map(|sum| ((sum + 3) >> 3) as i16)
    })
}

/// Four sums and differences of four values.
fn sums([first, second, third, fourth]: [i32; 4]) -> [i32; 4] {
    let (a, b) = (first + fourth, second + third);
    let (c, d) = (second - third, first - fourth);
    [a + b, c + d, a - b, d - c]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6386, section 14.3, in the words of its formulas.
    fn exact(block: [[i32; 4]; 4]) -> [[i32; 4]; 4] {
        let pass = |[i0, i1, i2, i3]: [i32; 4]| {
            let (a, b) = (i0 + i2, i0 - i2);
            let c = ((i1 * 35_468) >> 16) - i3 - ((i3 * 20_091) >> 16);
            let d = i1 + ((i1 * 20_091) >> 16) + ((i3 * 35_468) >> 16);
            [a + d, b + c, b - c, a - d]
        };
        let columns: [[i32; 4]; 4] = std::array::from_fn(|x| pass(block.map(|row| row[x])));
        std::array::from_fn(|y| pass(columns.map(|column| column[y])).map(|v| (v + 4) >> 3))
    }

    #[test]
    fn four_blocks_at_once_are_as_the_standard_has_each() {
        let values = |index: usize| i16::try_from(index * 7919 % 601).unwrap() - 300;
        let mut group: Group = std::array::from_fn(values);
        blocks(&mut group);
        for column in 0..4 {
            let at = |y: usize, x: usize| 16 * y + 4 * column + x;
            let block = std::array::from_fn(|y| std::array::from_fn(|x| values(at(y, x)).into()));
            let have = std::array::from_fn(|y| std::array::from_fn(|x| group[at(y, x)].into()));
            assert_eq!(exact(block), have, "block {column}");
        }
    }

    #[test]
    fn a_mean_of_all_blocks_is_shared_out_evenly() {
        let mut group = [0; 64];
        group[0] = 100;
        assert_eq!(means(&group), [[12; 4]; 4]);
    }
}
