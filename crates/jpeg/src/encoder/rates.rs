//! What symbols are going to cost, learnt from a first pass over the same coefficients.

use super::{
    ac,
    coefficients::Coefficients,
    huffman::Codes,
    script::Band,
    symbols::Symbols,
    trellis::{Rates, SIZES},
};

/// For each symbol the bits of its code.
type Lengths = [f32; 256];

impl Rates {
    /// Of a component as it is now, were the band sent with the codes that suit it best.
    pub(super) fn of(component: &Coefficients, band: Band, symbols: &mut Symbols) -> Self {
        symbols.clear();
        ac::first(component, band, 0, symbols);
        let frequencies = symbols.frequencies();
        let lengths = lengths(frequencies);
        let end = lengths[ac::end_of_blocks(0)];
        let value = BITS.map(|(size, bits)| {
            std::array::from_fn(|zeros| lengths[ac::zeros_and_value(zeros, size)] + bits)
        });
        let empty = component.blocks.iter().filter(|block| !block.has_any(band)).count();
        Self {
            value,
            sixteen_zeros: lengths[ac::SIXTEEN_ZEROS],
            end,
            empty: empty_block(frequencies, &lengths, empty),
        }
    }
}

/// The sizes of values, and the bits that follow a symbol of each. Zero is no size.
const BITS: [(usize, f32); SIZES] = [
    (0, f32::INFINITY),
    (1, 1.0),
    (2, 2.0),
    (3, 3.0),
    (4, 4.0),
    (5, 5.0),
    (6, 6.0),
    (7, 7.0),
    (8, 8.0),
    (9, 9.0),
    (10, 10.0),
    (11, 11.0),
];

/// A symbol that has not occurred costs more than the rarest that has: it would have to have a code
/// first.
fn lengths(frequencies: &[u32; 256]) -> Lengths {
    let codes = Codes::best(frequencies);
    let longest = codes.iter().map(|(_, _, length)| length).max().unwrap_or(0);
    let mut lengths = [f32::from(longest) + 1.0; 256];
    for (symbol, _, length) in codes.iter() {
        lengths[usize::from(symbol)] = f32::from(length);
    }
    lengths
}

/// What one more block without values costs. One symbol stands for all blocks in a row that end; a
/// block with values ends by itself, so what longer runs cost more is owed to the empty ones.
#[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^24 blocks, or nearly so")]
fn empty_block(frequencies: &[u32; 256], lengths: &Lengths, blocks: usize) -> f32 {
    let end = lengths[ac::end_of_blocks(0)];
    let more = (1..=14).map(|bits| {
        let symbol = ac::end_of_blocks(bits);
        frequencies[symbol] as f32 * (lengths[symbol] + bits as f32 - end)
    });
    (more.sum::<f32>() / (blocks as f32).max(1.0)).clamp(0.0, end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::{
        quantisation::Table,
        script::band,
        tests::{noise, plane},
    };

    const WHOLE: Band = band(1, 63);

    fn component(sample: fn(u32, u32) -> u8) -> Coefficients {
        let mut component = Coefficients::default();
        component.fill(&plane(160, 120, sample), &Table::luma(80));
        component
    }

    #[test]
    fn rates_add_up_to_the_bits_of_the_scan() {
        let component = component(|x, y| noise(x, y) / 4);
        let mut symbols = Symbols::default();
        let rates = Rates::of(&component, WHOLE, &mut symbols);
        let mut bits = 0.0;
        let mut values = component.values.iter();
        for block in &component.blocks {
            let (mut next, mut left) = (1, block.reaching[0]);
            assert_ne!(left, 0, "noise leaves no block empty");
            while left != 0 {
                let place = left.trailing_zeros();
                let zeros = place - next;
                let size = (values.next().unwrap() >> 1).ilog2() as usize + 1;
                bits += f64::from(rates.sixteen_zeros) * f64::from(zeros / 16);
                bits += f64::from(rates.value[size][zeros as usize % 16]);
                (next, left) = (place + 1, left & (left - 1));
            }
            bits += if next <= 63 { f64::from(rates.end) } else { 0.0 };
        }
        // The symbols are still those of the scan.
        let codes = Codes::best(symbols.frequencies());
        let sent = codes.iter().map(|(symbol, _, length)| {
            let length = u32::from(length) + u32::from(symbol & 15);
            symbols.frequencies()[usize::from(symbol)] * length
        });
        // Exactly so: all are whole numbers.
        assert!((bits - f64::from(sent.sum::<u32>())).abs() < 0.5, "{bits}");
    }

    #[test]
    fn empty_blocks_are_cheap_where_there_are_many() {
        let rates = |component: &Coefficients| Rates::of(component, WHOLE, &mut Symbols::default());
        let flat = rates(&component(|_, _| 100));
        // 300 blocks in one run: a symbol and eight bits.
        assert!(flat.empty > 0.0 && flat.empty < 0.05, "{}", flat.empty);
        let half = rates(&component(|x, y| if x < 80 { 100 } else { noise(x, y) }));
        assert!(half.empty > flat.empty && half.empty < half.end, "{half:?}");
    }

    #[test]
    fn symbols_that_do_not_occur_cost_more_than_any_that_does() {
        let rates = Rates::of(&component(noise), WHOLE, &mut Symbols::default());
        let occurring = rates.value[1..9].iter().map(|rates| rates[0]).fold(0.0, f32::max);
        assert!(rates.value[11][15] > occurring);
        assert!(rates.value[0].iter().all(|rate| rate.is_infinite()));
    }
}
