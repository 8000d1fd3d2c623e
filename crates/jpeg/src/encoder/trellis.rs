//! Which whole steps a block's coefficients become if bits count as well as exactness.
//!
//! Rounding each coefficient to the nearest step is exact and takes no thought of what the steps cost.
//! Here a coefficient may also be rounded towards zero where that saves more than it spoils: the sum of
//! bits and weighted squared errors is as small as it can be (Ramchandran and Vetterli, "Rate-distortion
//! optimal fast thresholding with complete JPEG/MPEG decoder compatibility", 1994). A symbol's length
//! depends on how many zeros stand before it and on nothing else, so the best way to send a block up to
//! some coefficient follows from the best ways up to the earlier ones: dynamic programming.
//!
//! Pure arithmetic: where lengths and weights come from is not known here.

use super::script::Band;

/// What the symbols of a band cost, in bits, with the bits that follow them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rates {
    /// Of a value of each size in bits (F.1.2.1) after fewer than sixteen zeros.
    pub(super) value: [[f32; 16]; SIZES],
    /// Of sixteen zeros.
    pub(super) sixteen_zeros: f32,
    /// Of the end of a block that has values.
    pub(super) end: f32,
    /// Of a block that has none.
    pub(super) empty: f32,
}

/// Coefficients in steps are below 2¹¹, and one of size 0 is none.
pub(super) const SIZES: usize = 12;

/// The places at which a value may stand, each with the best way to get there.
struct Ways {
    count: usize,
    /// In zigzag order; the first stands for the beginning of the band.
    places: [u8; 64],
    /// Bits and weighted errors up to the place, less what the errors up to there would be if all were
    /// zero. So whatever follows, zeros in between need not be added up.
    costs: [f32; 64],
    values: [u16; 64],
    previous: [u8; 64],
}

/// Chooses the values of a band. Coefficients are in steps; an error of a whole step is worth `weight`
/// bits. Values outside of the band are left alone.
pub(super) fn choose(
    exact: &[f32; 64],
    band: Band,
    rates: &Rates,
    weight: f32,
    values: &mut [i16; 64],
) {
    let ways = Ways::through(exact, band, rates, weight);
    let mut way = ways.cheapest(band, rates);
    while way != 0 {
        let place = usize::from(ways.places[way]);
        let size = ways.values[way].cast_signed();
        values[place] = if exact[place] < 0.0 { -size } else { size };
        way = usize::from(ways.previous[way]);
    }
}

impl Ways {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sizes are below 2048, and ways fewer than 64"
    )]
    fn through(exact: &[f32; 64], band: Band, rates: &Rates, weight: f32) -> Self {
        let mut ways = Self {
            count: 1,
            places: [0; 64],
            costs: [0.0; 64],
            values: [0; 64],
            previous: [0; 64],
        };
        ways.places[0] = band.first - 1;
        for place in band.first..=band.last {
            let size = exact[usize::from(place)].abs();
            let nearest = (size + 0.5) as u16;
            if nearest > 0 {
                let way = ways.count;
                let (cost, value, previous) =
                    ways.cheapest_to(place, (size, nearest), rates, weight);
                ways.places[way] = place;
                ways.costs[way] = cost - size * size * weight;
                ways.values[way] = value;
                ways.previous[way] = previous as u8;
                ways.count += 1;
            }
        }
        ways
    }

    /// The cost of a value at a place, the value, and the way that leads there.
    ///
    /// Of values of the same number of bits the nearest is best, whatever the way; fewer bits may pay
    /// off once, and a value of two bits fewer is too far away to be thought of.
    #[inline]
    fn cheapest_to(
        &self,
        place: u8,
        (size, nearest): (f32, u16),
        rates: &Rates,
        weight: f32,
    ) -> (f32, u16, usize) {
        let bits = nearest.ilog2() as usize + 1;
        let smaller = (1 << (bits - 1)) - 1;
        let error = |value: u16| (size - f32::from(value)).powi(2) * weight;
        let (error_of_nearest, error_of_smaller) = (error(nearest), error(smaller));
        let mut best = (f32::INFINITY, 0, 0);
        for way in (0..self.count).rev() {
            let zeros = place - self.places[way] - 1;
            let before = self.costs[way] + f32::from(zeros / 16) * rates.sixteen_zeros;
            let zeros = usize::from(zeros % 16);
            let cost = before + rates.value[bits][zeros] + error_of_nearest;
            if cost < best.0 {
                best = (cost, nearest, way);
            }
            let cost = before + rates.value[bits - 1][zeros] + error_of_smaller;
            if cost < best.0 {
                best = (cost, smaller, way);
            }
        }
        best
    }

    /// The last value of the cheapest block; none if it is the beginning.
    fn cheapest(&self, band: Band, rates: &Rates) -> usize {
        let mut best = (rates.empty, 0);
        for way in 1..self.count {
            let end = if self.places[way] == band.last { 0.0 } else { rates.end };
            if self.costs[way] + end < best.0 {
                best = (self.costs[way] + end, way);
            }
        }
        best.1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::encoder::script::band;

    /// Bits grow with zeros and size, as they do in every picture.
    fn rates() -> Rates {
        let value = [0_u8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(|size| {
            let bits = if size == 0 { f32::INFINITY } else { 2.0 * f32::from(size) };
            [0_u8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
                .map(|zeros| bits + 1.0 + 0.5 * f32::from(zeros))
        });
        Rates { value, sixteen_zeros: 11.0, end: 3.0, empty: 1.0 }
    }

    /// Bits and weighted errors of a band, added up as a decoder would meet them.
    fn cost(exact: &[f32; 64], values: &[i16; 64], band: Band, rates: &Rates, weight: f32) -> f32 {
        let places = usize::from(band.first)..=usize::from(band.last);
        let (mut cost, mut zeros, mut any) = (0.0, 0, false);
        for place in places {
            let (exact, value) = (exact[place], values[place]);
            cost += (exact - f32::from(value)).powi(2) * weight;
            if value == 0 {
                zeros += 1;
                continue;
            }
            while zeros > 15 {
                cost += rates.sixteen_zeros;
                zeros -= 16;
            }
            cost += rates.value[value.unsigned_abs().ilog2() as usize + 1][zeros];
            (zeros, any) = (0, true);
        }
        let end = if any { rates.end } else { rates.empty };
        cost + if zeros > 0 { end } else { 0.0 }
    }

    fn chosen(exact: &[f32; 64], band: Band, rates: &Rates, weight: f32) -> [i16; 64] {
        let mut values = [0; 64];
        choose(exact, band, rates, weight, &mut values);
        values
    }

    #[expect(clippy::cast_possible_truncation, reason = "coefficients are far below 2^15")]
    fn rounded(exact: &[f32; 64], band: Band) -> [i16; 64] {
        std::array::from_fn(|place| {
            let inside = (usize::from(band.first)..=usize::from(band.last)).contains(&place);
            if inside { exact[place].round() as i16 } else { 0 }
        })
    }

    const WHOLE: Band = band(1, 63);

    #[test]
    fn what_costs_more_than_it_is_worth_becomes_zero() {
        let mut exact = [0.0; 64];
        (exact[1], exact[40]) = (-5.2, 0.6);
        let mut expected = [0; 64];
        expected[1] = -5;
        assert_eq!(chosen(&exact, WHOLE, &rates(), 10.0), expected);
        expected[40] = 1;
        assert_eq!(chosen(&exact, WHOLE, &rates(), 1000.0), expected);
        assert_eq!(chosen(&exact, WHOLE, &rates(), 0.001), [0; 64]);
    }

    #[test]
    fn a_value_is_given_fewer_bits_if_that_pays_off() {
        let mut exact = [0.0; 64];
        (exact[1], exact[2]) = (7.6, -3.9);
        let values = chosen(&exact, WHOLE, &rates(), 2.0);
        assert_eq!(values[..4], [0, 7, -3, 0]);
    }

    #[test]
    fn what_is_outside_of_the_band_is_left_alone() {
        let mut values = [9; 64];
        choose(&[-4.0; 64], band(3, 5), &rates(), 1000.0, &mut values);
        assert_eq!(values[..8], [9, 9, 9, -4, -4, -4, 9, 9]);
        assert!(values[8..].iter().all(|&value| value == 9));
    }

    #[test]
    fn the_greatest_coefficients_have_a_rate() {
        let values = chosen(&[2047.4; 64], WHOLE, &rates(), 1000.0);
        assert_eq!(values[1..], [2047; 63]);
    }

    prop_compose! {
        fn coefficients()(signs in any::<u64>(), sizes in proptest::collection::vec(0.0_f32..1.0, 64),
            power in 1..9, greatest in 0.5_f32..40.0) -> [f32; 64] {
            // As in pictures, most are small.
            std::array::from_fn(|k| {
                let size = sizes[k].powi(power) * greatest;
                if signs >> k & 1 == 0 { size } else { -size }
            })
        }
    }

    proptest! {
        #[test]
        fn no_block_costs_more_than_a_rounded_one(
            exact in coefficients(), weight in 0.01_f32..100.0
        ) {
            let rates = rates();
            let ours = cost(&exact, &chosen(&exact, WHOLE, &rates, weight), WHOLE, &rates, weight);
            let plain = cost(&exact, &rounded(&exact, WHOLE), WHOLE, &rates, weight);
            prop_assert!(ours <= plain * 1.0001, "{} instead of {}", ours, plain);
        }

        /// Of all blocks whose values are the nearest, those of one bit fewer, or zero.
        #[test]
        fn no_other_choice_costs_less(exact in coefficients(), weight in 0.01_f32..100.0) {
            let (rates, band) = (rates(), band(1, 6));
            let ours = cost(&exact, &chosen(&exact, band, &rates, weight), band, &rates, weight);
            let nearest = rounded(&exact, band);
            for choice in 0..3_u32.pow(6) {
                let other = std::array::from_fn(|place| {
                    let size = nearest[place].abs();
                    let fewer = if size == 0 { 0 } else { (1 << size.ilog2()) - 1 };
                    let place_of_digit = u32::try_from(place).unwrap().saturating_sub(1).min(6);
                    let digit = choice / 3_u32.pow(place_of_digit) % 3;
                    nearest[place].signum() * [size, fewer, 0][digit as usize]
                });
                let theirs = cost(&exact, &other, band, &rates, weight);
                prop_assert!(ours <= theirs * 1.0001, "{} instead of {}", ours, theirs);
            }
        }
    }
}
