//! Sixteen samples at once, as processors have it.

/// Samples on which the same is done.
pub(crate) type Line = [u8; 16];

/// Deals all samples out as two halves of a pack of cards are shuffled into each other.
///
/// With the number of a sample written in binary digits, the first digit becomes the last. So lines of
/// sixteen samples change place with columns after four rounds.
#[inline]
pub(crate) fn shuffled<const LINES: usize>(lines: [Line; LINES]) -> [Line; LINES] {
    let mut out = [[0; 16]; LINES];
    let (first, second) = lines.split_at(LINES / 2);
    for ((pair, first), second) in out.as_chunks_mut::<2>().0.iter_mut().zip(first).zip(second) {
        let pair = pair.as_flattened_mut();
        for lane in 0..16 {
            pair[2 * lane] = first[lane];
            pair[2 * lane + 1] = second[lane];
        }
    }
    out
}

/// The same several times.
#[inline]
pub(crate) fn shuffled_times<const TIMES: usize, const LINES: usize>(
    mut lines: [Line; LINES],
) -> [Line; LINES] {
    for _ in 0..TIMES {
        lines = shuffled(lines);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_rounds_exchange_lines_and_columns() {
        let lines: [Line; 16] =
            std::array::from_fn(|y| std::array::from_fn(|x| (16 * y + x).to_le_bytes()[0]));
        let columns = std::array::from_fn(|x| lines.map(|line| line[x]));
        assert_eq!(shuffled_times::<4, 16>(lines), columns);
        assert_eq!(shuffled_times::<8, 16>(lines), lines);
    }
}
