//! A frame from its first macroblock to its last.

use crate::{
    DecodeError,
    bits::Bits,
    filter::{self, Neighbours},
    header::Header,
    macroblock::Macroblock,
    modes::{self, Block},
    prediction::{self, ABOVE_PICTURE, Around, Bottom, Modes},
    tokens::{Coded, Residual, Tokens},
};

/// One of the three parts of a picture. Those of colour have half as many rows and columns, rounded up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plane {
    /// Brightness, 16 for black and 235 for white.
    Y,
    U,
    V,
}

/// A frame whose header is read.
#[derive(Debug)]
pub struct Frame<'a> {
    header: Header<'a>,
}

/// Bytes that decoding a frame of this width takes at its peak, beside its data.
pub fn memory_bytes(width: u32) -> u64 {
    let column = 2 * size_of::<Macroblock>() + size_of::<Column>() + 16;
    let fixed = size_of::<Residual>() + size_of::<Header<'_>>() + (16 << 10);
    u64::from(width.div_ceil(16)) * column as u64 + fixed as u64
}

impl<'a> Frame<'a> {
    /// Reads the header of a frame.
    pub fn open(data: &'a [u8]) -> Result<Self, DecodeError> {
        Ok(Self { header: Header::read(data)? })
    }

    /// Columns.
    pub fn width(&self) -> u32 {
        self.header.width
    }

    /// Rows.
    pub fn height(&self) -> u32 {
        self.header.height
    }

    /// Decodes the frame, and hands on each plane's rows from the top. If the data ends early, the rows
    /// before are handed on all the same.
    pub fn decode(self, mut take: impl FnMut(Plane, &[u8])) -> Result<(), DecodeError> {
        let Header { width, height, .. } = self.header;
        let columns = width.div_ceil(16) as usize;
        let mut output = Output { width, rows_left: height, row: vec![0; 16 * columns] };
        let mut above = vec![Macroblock::new(); columns];
        let mut current = above.clone();
        let mut decoder = Decoder {
            header: self.header,
            columns: vec![Column::default(); columns],
            residual: Box::new(Residual::new()),
        };
        for row in 0..height.div_ceil(16) {
            decoder.decode_row(row as usize, &mut current)?;
            decoder.filter_row(&mut current, (row > 0).then_some(&mut above));
            if row > 0 {
                output.write(&above, &mut take);
            }
            std::mem::swap(&mut above, &mut current);
        }
        output.write(&above, &mut take);
        Ok(())
    }
}

/// What a column of macroblocks remembers of the one above.
#[derive(Clone, Copy, Debug)]
struct Column {
    bottom: Bottom,
    modes: [Block; 4],
    coded: Coded,
}

impl Default for Column {
    fn default() -> Self {
        let bottom = Bottom { luma: [ABOVE_PICTURE; 16], chroma: [ABOVE_PICTURE; 16] };
        Self { bottom, modes: <[Block; 4]>::default(), coded: Coded::default() }
    }
}

struct Decoder<'a> {
    header: Header<'a>,
    columns: Vec<Column>,
    residual: Box<Residual>,
}

impl Decoder<'_> {
    /// Decodes a row of macroblocks, but for the filter.
    fn decode_row(&mut self, row: usize, current: &mut [Macroblock]) -> Result<(), DecodeError> {
        let mut left_modes = <[Block; 4]>::default();
        let mut left_coded = Coded::default();
        let partition = row % self.header.partitions.len();
        for index in 0..current.len() {
            let column = &mut self.columns[index];
            let bits = &mut self.header.modes;
            let segment = self.header.segment_map.map_or(0, |map| modes::segment(bits, map));
            let segment = &self.header.segments[segment];
            let is_skipped = self.header.skip.is_some_and(|skip| bits.decide(skip));
            let luma = modes::luma(bits, &mut column.modes, &mut left_modes);
            let modes = Modes { luma, chroma: modes::chroma(bits) };
            let in_blocks = matches!(modes.luma, modes::Luma::Blocks(_));
            let is_used = if is_skipped {
                column.coded.skip(!in_blocks);
                left_coded.skip(!in_blocks);
                false
            } else {
                let mut tokens = Tokens {
                    bits: &mut self.header.partitions[partition],
                    tables: &self.header.tokens,
                    factors: &segment.factors,
                };
                self.residual.read(&mut tokens, !in_blocks, [&mut column.coded, &mut left_coded])
            };
            let (before, rest) = current.split_at_mut(index);
            let Some(macroblock) = rest.first_mut() else { break };
            macroblock.strength = segment.strengths[usize::from(in_blocks)];
            macroblock.is_filtered_within = in_blocks || is_used;
            let around = Around {
                above: &self.columns[index].bottom,
                above_left: index.checked_sub(1).map(|left| &self.columns[left].bottom),
                above_right: self.columns.get(index + 1).map(|right| &right.bottom),
                left: before.last(),
                is_first_row: row == 0,
            };
            prediction::draw(macroblock, &modes, &around, is_used.then_some(&self.residual));
        }
        for (column, macroblock) in self.columns.iter_mut().zip(current) {
            column.bottom = Bottom { luma: macroblock.luma[15], chroma: macroblock.chroma[7] };
        }
        let is_intact = ![&self.header.modes, &self.header.partitions[partition]]
            .into_iter()
            .any(Bits::is_past_end);
        if is_intact { Ok(()) } else { Err(DecodeError::EndsEarly) }
    }

    /// Filters a row of macroblocks, and the lowest samples of the one above.
    fn filter_row(&self, current: &mut [Macroblock], mut above: Option<&mut Vec<Macroblock>>) {
        for index in 0..current.len() {
            let (before, rest) = current.split_at_mut(index);
            let Some(macroblock) = rest.first_mut() else { break };
            let above = above.as_mut().and_then(|above| above.get_mut(index));
            let neighbours = Neighbours { left: before.last_mut(), above };
            filter::filter(macroblock, neighbours, self.header.simple_filter);
        }
    }
}

/// Where rows are put together.
struct Output {
    width: u32,
    rows_left: u32,
    row: Vec<u8>,
}

impl Output {
    /// Hands on what is in the picture of a row of macroblocks.
    fn write(&mut self, macroblocks: &[Macroblock], take: &mut impl FnMut(Plane, &[u8])) {
        let rows = self.rows_left.min(16);
        self.rows_left -= rows;
        let width = self.width as usize;
        for row in 0..rows as usize {
            for (out, macroblock) in self.row.as_chunks_mut().0.iter_mut().zip(macroblocks) {
                *out = macroblock.luma[row];
            }
            take(Plane::Y, &self.row[..width]);
        }
        for (plane, first) in [(Plane::U, 0), (Plane::V, 8)] {
            for row in 0..rows.div_ceil(2) as usize {
                for (out, macroblock) in self.row.chunks_exact_mut(8).zip(macroblocks) {
                    out.copy_from_slice(&macroblock.chroma[row][first..first + 8]);
                }
                take(plane, &self.row[..width.div_ceil(2)]);
            }
        }
    }
}
