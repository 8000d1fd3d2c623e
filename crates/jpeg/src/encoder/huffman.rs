//! The best prefix codes for symbols of known frequency, no longer than JPEG allows.

/// The longest code (C.2).
const LONGEST: usize = 16;

/// Symbols that may have a code, and one more that keeps the code of ones free.
const MOST: usize = 257;

/// A code of no bits, for what is not a symbol.
const RESERVED: u16 = 256;

/// Codes as a file defines them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Codes {
    /// How many codes have each length, from 1 on.
    pub(super) lengths: [u8; LONGEST],
    /// The symbols by rising length of their codes.
    pub(super) symbols: Vec<u8>,
}

impl Codes {
    /// The codes that make a text with these frequencies shortest; symbol 0 first, at most 256.
    /// Symbols that never occur have none.
    #[expect(clippy::cast_possible_truncation, reason = "there are at most 256 symbols")]
    pub(super) fn best(frequencies: &[u32]) -> Self {
        // The code of ones must not be used (C.2): it goes to a symbol that never occurs.
        let mut leaves = vec![(0, RESERVED)];
        let occurring = frequencies.iter().zip(0_u16..).filter(|(frequency, _)| **frequency > 0);
        leaves.extend(occurring.map(|(&frequency, symbol)| (frequency, symbol)));
        leaves[1..].sort_unstable();

        let depths = depths(&leaves);
        let mut lengths = [0; LONGEST];
        for &depth in &depths[1..leaves.len()] {
            lengths[usize::from(depth) - 1] += 1;
        }
        let symbols = leaves[1..].iter().rev().map(|&(_, symbol)| symbol as u8).collect();
        Self { lengths, symbols }
    }

    /// Each symbol with its code and the length of that (figures C.1 and C.2).
    pub(super) fn iter(&self) -> impl Iterator<Item = (u8, u32, u8)> {
        let mut next = 0_u32;
        let lengths = (1_u8..)
            .zip(self.lengths)
            .flat_map(|(length, count)| std::iter::repeat_n(length, usize::from(count)));
        let mut previous = 1;
        self.symbols.iter().zip(lengths).map(move |(&symbol, length)| {
            next <<= length - previous;
            previous = length;
            next += 1;
            (symbol, next - 1, length)
        })
    }
}

/// The length of each leaf's code, for leaves in order of rising weight.
///
/// Package-merge (Larmore and Hirschberg, 1990): a code of length l costs one coin of each of the
/// values 2⁻¹ … 2⁻ˡ, and the best code is the cheapest purchase worth n - 1. From the smallest value
/// up, coins are put into packages of two that count as one coin of the next; as each level is
/// sorted, a level's part of the purchase are its first items, and the leaves among them its first
/// leaves.
fn depths(leaves: &[(u32, u16)]) -> [u8; MOST] {
    let count = leaves.len();
    let mut packages: Vec<u64> = Vec::new();
    let mut levels = [const { Vec::new() }; LONGEST];
    for level in &mut levels {
        let (items, is_leaf) = merge(leaves, &packages);
        packages = items.as_chunks::<2>().0.iter().map(|&[a, b]| a + b).collect();
        *level = is_leaf;
    }
    let mut depths = [0; MOST];
    let mut bought = 2 * (count - 1);
    for level in levels.iter().rev() {
        let bought_leaves = level[..bought].iter().filter(|is_leaf| **is_leaf).count();
        for depth in &mut depths[..bought_leaves] {
            *depth += 1;
        }
        bought = 2 * (bought - bought_leaves);
    }
    depths
}

/// The items of a level in order of rising weight, and which of them are leaves.
fn merge(leaves: &[(u32, u16)], packages: &[u64]) -> (Vec<u64>, Vec<bool>) {
    let mut leaves = leaves.iter().map(|&(weight, _)| u64::from(weight)).peekable();
    let mut packages = packages.iter().copied().peekable();
    std::iter::from_fn(|| {
        let is_leaf = match (leaves.peek(), packages.peek()) {
            (Some(leaf), Some(package)) => leaf <= package,
            (leaf, _) => leaf.is_some(),
        };
        let weight = if is_leaf { leaves.next() } else { packages.next() };
        weight.map(|weight| (weight, is_leaf))
    })
    .unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths_of(frequencies: &[u32]) -> Vec<u8> {
        let mut lengths = vec![0; frequencies.len()];
        for (symbol, _, length) in Codes::best(frequencies).iter() {
            lengths[usize::from(symbol)] = length;
        }
        lengths
    }

    #[test]
    fn symbols_that_never_occur_have_no_code() {
        assert_eq!(Codes::best(&[0; 4]), Codes { lengths: [0; 16], symbols: vec![] });
        assert_eq!(lengths_of(&[0, 7, 0]), [0, 1, 0]);
    }

    #[test]
    fn frequent_symbols_have_short_codes_and_none_is_all_ones() {
        // Worked by hand: 45, 13, 12, 16, 9, 5 and the reserved 0.
        assert_eq!(lengths_of(&[45, 13, 12, 16, 9, 5]), [1, 3, 3, 3, 4, 5]);
        for (_, code, length) in Codes::best(&[45, 13, 12, 16, 9, 5]).iter() {
            assert_ne!(code + 1, 1 << length);
        }
    }

    #[test]
    fn no_code_is_longer_than_sixteen_bits() {
        // Weights like Fibonacci's numbers make the deepest tree there is.
        let mut frequencies = vec![1_u32, 1];
        while frequencies.len() < 40 {
            frequencies.push(frequencies.iter().rev().take(2).sum());
        }
        let lengths = lengths_of(&frequencies);
        assert_eq!(lengths.iter().max(), Some(&16));
        assert_kraft(&lengths);
    }

    #[test]
    fn all_symbols_at_once_still_leave_the_code_of_ones_free() {
        let lengths = lengths_of(&[3; 256]);
        assert!(lengths.iter().all(|&length| length == 8 || length == 9));
        assert_kraft(&lengths);
    }

    #[test]
    fn codes_are_prefix_free_and_in_order() {
        let codes = Codes::best(&[5, 1, 1, 30, 2, 9]);
        let all: Vec<_> = codes.iter().collect();
        for (i, &(_, a, a_length)) in all.iter().enumerate() {
            for &(_, b, b_length) in &all[i + 1..] {
                assert!(a_length <= b_length);
                assert_ne!(a, b >> (b_length - a_length));
            }
        }
    }

    /// Together with the reserved symbol, the codes fill the tree, or nearly.
    fn assert_kraft(lengths: &[u8]) {
        let used: u32 = lengths.iter().map(|&length| 1 << (16 - length)).sum();
        assert!(used < 1 << 16);
    }
}
