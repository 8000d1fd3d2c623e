//! The values that are added to a prediction, as they are coded (RFC 6386, section 13).

use crate::{
    bits::Bits,
    header::{Factors, PositionTables},
    probabilities::Decisions,
    transform,
};

/// Values of four blocks next to each other, in four rows of sixteen.
pub(crate) type Group = [i16; 64];

/// What is added to a prediction: four groups of brightness below each other, then two in which the
/// blocks of both colours are next to each other.
#[derive(Debug)]
pub(crate) struct Residual {
    pub(crate) groups: [Group; GROUPS],
    /// Whether a block has any values but 0.
    pub(crate) used: [[bool; 4]; GROUPS],
}

const GROUPS: usize = 6;
const LUMA_GROUPS: usize = 4;

/// Which of the nearest blocks on one side have tokens: brightness', those of both colours, and the one
/// that holds the blocks' means.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Coded {
    luma: [bool; 4],
    chroma: [bool; 4],
    means: bool,
}

impl Coded {
    /// Notes a macroblock without tokens. If it would have had none for means, the last that had stays.
    pub(crate) fn skip(&mut self, has_means: bool) {
        *self = Self { means: self.means && !has_means, ..Self::default() };
    }
}

/// The kinds of blocks in the order of their tables.
const LUMA_WITHOUT_MEAN: usize = 0;
const MEANS: usize = 1;
const CHROMA: usize = 2;
const LUMA: usize = 3;

/// Where each position is in a block as wide as a group (RFC 6386, section 13.3).
const PLACES: [u8; 16] = [0, 1, 16, 32, 17, 2, 3, 18, 33, 48, 49, 34, 19, 35, 50, 51];

impl Residual {
    pub(crate) fn new() -> Self {
        Self { groups: [[0; 64]; GROUPS], used: [[false; 4]; GROUPS] }
    }

    /// Reads the tokens of a macroblock and makes samples of them; tells whether there are any.
    pub(crate) fn read(
        &mut self,
        tokens: &mut Tokens<'_, '_>,
        has_means: bool,
        [above, left]: [&mut Coded; 2],
    ) -> bool {
        self.groups = [[0; 64]; GROUPS];
        self.used = [[false; 4]; GROUPS];
        let (first, kind) = if has_means {
            self.read_means(tokens, [&mut above.means, &mut left.means]);
            (1, LUMA_WITHOUT_MEAN)
        } else {
            (0, LUMA)
        };
        let blocks = Blocks { kind, first, factors: tokens.factors.luma };
        for (index, left) in left.luma.iter_mut().enumerate() {
            for (column, above) in above.luma.iter_mut().enumerate() {
                self.read_block(tokens, &blocks, (index, column), [above, left]);
            }
        }
        let blocks = Blocks { kind: CHROMA, first: 0, factors: tokens.factors.chroma };
        for plane in [0, 2] {
            for row in 0..2 {
                for column in plane..plane + 2 {
                    let sides = [&mut above.chroma[column], &mut left.chroma[plane + row]];
                    self.read_block(tokens, &blocks, (LUMA_GROUPS + row, column), sides);
                }
            }
        }
        let mut is_used = false;
        for (group, used) in self.groups.iter_mut().zip(self.used) {
            if used != [false; 4] {
                transform::blocks(group);
                is_used = true;
            }
        }
        is_used
    }

    /// The block whose values become the first ones of brightness' blocks.
    fn read_means(&mut self, tokens: &mut Tokens<'_, '_>, sides: [&mut bool; 2]) {
        let mut group = [0; 64];
        let blocks = Blocks { kind: MEANS, first: 0, factors: tokens.factors.means };
        if !tokens.read_block(&blocks, &mut group, 0, sides) {
            return;
        }
        let means = transform::means(&group);
        for ((group, used), means) in self.groups.iter_mut().zip(&mut self.used).zip(means) {
            for (column, mean) in means.into_iter().enumerate() {
                group[4 * column] = mean;
                used[column] = mean != 0;
            }
        }
    }

    #[inline]
    fn read_block(
        &mut self,
        tokens: &mut Tokens<'_, '_>,
        blocks: &Blocks,
        (group, column): (usize, usize),
        sides: [&mut bool; 2],
    ) {
        let coded = tokens.read_block(blocks, &mut self.groups[group], column, sides);
        self.used[group][column] |= coded;
    }
}

/// What blocks of one kind have in common.
struct Blocks {
    kind: usize,
    /// The position of the first value that is coded.
    first: usize,
    factors: [i16; 2],
}

/// Where tokens come from, and what they stand for.
#[derive(Debug)]
pub(crate) struct Tokens<'a, 'data> {
    pub(crate) bits: &'a mut Bits<'data>,
    pub(crate) tables: &'a PositionTables,
    pub(crate) factors: &'a Factors,
}

impl Tokens<'_, '_> {
    /// Reads one block into a column of its group; tells whether it has tokens.
    #[inline]
    fn read_block(
        &mut self,
        blocks: &Blocks,
        group: &mut Group,
        column: usize,
        [above, left]: [&mut bool; 2],
    ) -> bool {
        let context = usize::from(*above) + usize::from(*left);
        // Most blocks of most photos have none.
        let coded = self.bits.decide(self.tables[blocks.kind][blocks.first][context][0]);
        if coded {
            self.read_values(blocks, context, group, column);
        }
        (*above, *left) = (coded, coded);
        coded
    }

    /// Reads the values of a block that has some.
    #[inline(never)]
    fn read_values(
        &mut self,
        &Blocks { kind, first, factors }: &Blocks,
        context: usize,
        group: &mut Group,
        column: usize,
    ) {
        let table = &self.tables[kind];
        // A copy can stay in registers.
        let mut bits = self.bits.clone();
        let mut decisions = &table[first][context];
        let mut position = first;
        'block: while position < 16 {
            while !bits.decide(decisions[1]) {
                position += 1;
                if position == 16 {
                    break 'block;
                }
                decisions = &table[position][0];
            }
            let next = &table[position + 1];
            let value = if bits.decide(decisions[2]) {
                let value = large(&mut bits, decisions);
                decisions = &next[2];
                value
            } else {
                decisions = &next[1];
                1
            };
            let sign = bits.digit(128).cast_signed().wrapping_neg();
            let value = (value.cast_signed() ^ sign).wrapping_sub(sign);
            let place = usize::from(PLACES[position]) + 4 * column;
            group[place % 64] = value.wrapping_mul(factors[usize::from(position > 0)]);
            position += 1;
            if position == 16 || !bits.decide(decisions[0]) {
                break;
            }
        }
        *self.bits = bits;
    }
}

/// The rest of the tree for a value above 1, and the digits behind it (RFC 6386, section 13.2).
#[inline]
fn large(bits: &mut Bits<'_>, decisions: &Decisions) -> u16 {
    /// The least value of each of the largest categories, and how likely their further digits are.
    const CATEGORIES: [(u16, &[u8]); 4] = [
        (11, &[173, 148, 140]),
        (19, &[176, 155, 140, 135]),
        (35, &[180, 157, 141, 134, 130]),
        (67, &[254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129]),
    ];
    if !bits.decide(decisions[3]) {
        return if bits.decide(decisions[4]) { 3 + bits.digit(decisions[5]) } else { 2 };
    }
    if !bits.decide(decisions[6]) {
        return if bits.decide(decisions[7]) {
            7 + 2 * bits.digit(165) + bits.digit(145)
        } else {
            5 + bits.digit(159)
        };
    }
    let category = if bits.decide(decisions[8]) {
        2 + usize::from(bits.decide(decisions[10]))
    } else {
        usize::from(bits.decide(decisions[9]))
    };
    let (least, digits) = CATEGORIES[category];
    least + digits.iter().fold(0, |value, &digit| value << 1 | bits.digit(digit))
}
