//! Rows of an original in, a smaller picture out: what decoders that work row by row write into.
//!
//! Boxes of `factor × factor` pixels become one sample, their average, as soon as their last row
//! is there. So an original of any height costs one row of sums and the small picture; libvips
//! shrinks in the same two steps, boxes first and a fine filter after. Which factor is harmless is
//! decided by [`factor`]; with 1 the pixels go through as they are. Each channel gets a plane of its
//! own, which is what is scaled.

use std::ops::{AddAssign, Range};

/// What one pixel consists of while it is read, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
    /// Amounts of ink: 0 is none.
    Cmyk,
    CmykAlpha,
}

impl Layout {
    /// Samples of one pixel, and planes of a picture.
    pub(crate) fn channels(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
            Self::CmykAlpha => 5,
        }
    }

    pub(crate) fn has_alpha(self) -> bool {
        matches!(self, Self::GreyAlpha | Self::Rgba | Self::CmykAlpha)
    }

    fn is_ink(self) -> bool {
        matches!(self, Self::Cmyk | Self::CmykAlpha)
    }
}

/// A channel of 8 or 16 bits.
pub(crate) trait Sample: Copy + Into<u32> {
    /// The largest value.
    const MAX: u32;
    /// What a product of colour and alpha is divided by, so that 65,536 of them fit 32 bits.
    const PRODUCT_UNIT: u32;
    /// Twice as wide: holds the sum of as many samples as a box is high.
    type Sum: Copy + Default + From<Self> + Into<u32> + AddAssign;

    /// The same in eight bits, rounded.
    fn narrowed(self) -> u8;

    /// The sums of samples of this width.
    fn sums(sums: &mut Sums) -> &mut Vec<Self::Sum>;
}

/// For each sample of a row, the sum of those above each other in a row of boxes. Only one of the two
/// is in use.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    /// Of eight bits.
    narrow: Vec<u16>,
    /// Of 16 bits, or of colours times alpha.
    wide: Vec<u32>,
}

impl Sample for u8 {
    const MAX: u32 = 0xff;
    const PRODUCT_UNIT: u32 = 1;
    type Sum = u16;

    fn narrowed(self) -> u8 {
        self
    }

    fn sums(sums: &mut Sums) -> &mut Vec<u16> {
        &mut sums.narrow
    }
}

impl Sample for u16 {
    const MAX: u32 = 0xffff;
    const PRODUCT_UNIT: u32 = 0xffff;
    type Sum = u32;

    fn narrowed(self) -> u8 {
        rounded(u64::from(self), 257)
    }

    fn sums(sums: &mut Sums) -> &mut Vec<u32> {
        &mut sums.wide
    }
}

/// The largest box whose sum of 16-bit samples, or of 8-bit products, still fits 32 bits.
const LARGEST_FACTOR: u32 = 256;

/// How many pixels in each direction may become one, when this many variant pixels are needed per
/// pixel of the original. Twice the variant's resolution remains for the filter that follows: with
/// less its result would show the boxes.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is clamped to 1..=LARGEST_FACTOR"
)]
pub(crate) fn factor(needed_density: f64) -> u32 {
    const REMAINING: f64 = 2.0;
    // A quotient that should be whole may fall a hair short of it.
    let factor = 1.0 / (REMAINING * needed_density) + 1e-9;
    factor.floor().clamp(1.0, f64::from(LARGEST_FACTOR)) as u32
}

/// Columns and rows that remain of an original of this size.
pub(crate) fn reduced_size((width, height): (u32, u32), factor: u32) -> (u32, u32) {
    (width.div_ceil(factor), height.div_ceil(factor))
}

/// Takes an original row by row, from the top.
#[derive(Debug)]
pub(crate) struct Reducer {
    layout: Layout,
    size: (u32, u32),
    factor: u32,
    /// The rows that are kept, in whole boxes.
    kept: Range<u32>,
    /// The next row to come.
    next: u32,
    sums: Sums,
    opaque: bool,
    planes: Vec<Vec<u8>>,
}

impl Reducer {
    /// Prepares for an original of this size, of which every `factor × factor` pixels become one.
    pub(crate) fn new(layout: Layout, size: (u32, u32), factor: u32) -> Self {
        Self {
            layout,
            size,
            factor,
            kept: 0..size.1,
            next: 0,
            sums: Sums::default(),
            opaque: true,
            planes: vec![Vec::new(); layout.channels()],
        }
    }

    /// Keeps only these rows, and those that share a box with them.
    #[must_use]
    pub(crate) fn keeping(self, rows: &Range<u32>) -> Self {
        Self { kept: whole_boxes(rows, self.factor, self.size.1), ..self }
    }

    /// Takes the next row. Rows after the last that is kept and samples beyond the width are ignored;
    /// a row that is too short leaves the rest of its boxes to the others.
    pub(crate) fn push_row<S: Sample>(&mut self, row: &[S]) {
        let number = self.next;
        if self.is_complete() {
            return;
        }
        self.next += 1;
        if number < self.kept.start {
            return;
        }
        if number == self.kept.start {
            self.make_room::<S>();
        }
        let samples = self.size.0 as usize * self.layout.channels();
        let row = &row[..row.len().min(samples)];
        match self.layout {
            Layout::Grey => self.push_pixels::<S, 1>(row),
            Layout::GreyAlpha => self.push_pixels::<S, 2>(row),
            Layout::Rgb => self.push_pixels::<S, 3>(row),
            Layout::Rgba | Layout::Cmyk => self.push_pixels::<S, 4>(row),
            Layout::CmykAlpha => self.push_pixels::<S, 5>(row),
        }
    }

    /// Takes a whole picture.
    pub(crate) fn push_image(&mut self, image: &[u8]) {
        for row in image.chunks_exact(self.size.0 as usize * self.layout.channels()) {
            self.push_row(row);
        }
    }

    /// How many of the next rows are of no use. Whoever can find the row behind them without
    /// decoding may pass over them, with [`Self::skip`].
    pub(crate) fn useless_rows(&self) -> u32 {
        self.kept.start.saturating_sub(self.next)
    }

    /// Passes over rows that are of no use.
    pub(crate) fn skip(&mut self, rows: u32) {
        self.next += rows.min(self.useless_rows());
    }

    /// The number of the next row.
    pub(crate) fn next_row(&self) -> u32 {
        self.next
    }

    /// Whether every row that is kept has come.
    pub(crate) fn is_complete(&self) -> bool {
        self.next >= self.kept.end
    }

    /// The picture.
    pub(crate) fn finish(self) -> Reduced {
        let rows = (self.kept.start / self.factor)..self.kept.end.div_ceil(self.factor);
        let mut channels = Channels {
            width: self.size.0.div_ceil(self.factor),
            height: rows.end - rows.start,
            first_row: self.kept.start,
            alpha: self.layout.has_alpha(),
            planes: self.planes,
        };
        if channels.alpha && self.opaque {
            channels.planes.pop();
            channels.alpha = false;
        }
        if self.layout.is_ink() { Reduced::Inks(channels) } else { Reduced::Colours(channels) }
    }

    fn make_room<S: Sample>(&mut self) {
        let (width, height) =
            reduced_size((self.size.0, self.kept.end - self.kept.start), self.factor);
        for plane in &mut self.planes {
            plane.reserve_exact(width as usize * height as usize);
        }
        if self.factor > 1 {
            let samples = self.size.0 as usize * self.layout.channels();
            if self.layout.has_alpha() {
                self.sums.wide.resize(samples, 0);
            } else {
                S::sums(&mut self.sums).resize(samples, S::Sum::default());
            }
        }
    }

    fn push_pixels<S: Sample, const N: usize>(&mut self, row: &[S]) {
        let pixels = row.as_chunks::<N>().0;
        let alpha = self.layout.has_alpha();
        if alpha && self.opaque {
            self.opaque = pixels.iter().all(|pixel| pixel[N - 1].into() == S::MAX);
        }
        if self.factor == 1 {
            for (channel, plane) in self.planes.iter_mut().enumerate() {
                plane.extend(pixels.iter().map(|pixel| pixel[channel].narrowed()));
            }
            self.fill_up();
            return;
        }
        if alpha {
            add_visible::<S, N>(&mut self.sums.wide, pixels);
        } else {
            for (sum, &sample) in S::sums(&mut self.sums).iter_mut().zip(row) {
                *sum += S::Sum::from(sample);
            }
        }
        if self.next.is_multiple_of(self.factor) || self.next == self.size.1 {
            if alpha {
                self.finish_visible_boxes::<S, N>();
            } else {
                self.finish_boxes::<S, N>();
            }
            self.fill_up();
        }
    }

    /// Makes samples of one row of boxes.
    fn finish_boxes<S: Sample, const N: usize>(&mut self) {
        let [whole, last] = self.box_pixels().map(|pixels| Divisor::new(pixels, S::MAX));
        let sums = S::sums(&mut self.sums);
        let columns = sums.as_chunks::<N>().0;
        for (channel, plane) in self.planes.iter_mut().enumerate() {
            let boxes = self.size.0.div_ceil(self.factor) as usize;
            for_boxes(columns, self.factor as usize, channel, |index, sum| {
                let divisor = if index + 1 == boxes { &last } else { &whole };
                plane.push(divisor.mean(sum));
            });
        }
        sums.fill(S::Sum::default());
    }

    /// The same with alpha, whose mean is that of all pixels, and that of colours of the visible ones.
    fn finish_visible_boxes<S: Sample, const N: usize>(&mut self) {
        let [whole, last] = self.box_pixels();
        // The products of eight bits were not divided by their 255.
        let scale = if S::PRODUCT_UNIT == 1 { 1 } else { 255 };
        let boxes = self.sums.wide.as_chunks::<N>().0.chunks(self.factor as usize);
        let count = boxes.len();
        for (index, pixels) in boxes.enumerate() {
            let sum =
                |channel: usize| pixels.iter().map(|pixel| u64::from(pixel[channel])).sum::<u64>();
            let alpha = sum(N - 1);
            let pixels = u64::from(if index + 1 == count { last } else { whole });
            for (channel, plane) in self.planes.iter_mut().enumerate() {
                plane.push(if channel == N - 1 {
                    rounded(alpha * 255, pixels * u64::from(S::MAX))
                } else {
                    rounded(sum(channel) * scale, alpha)
                });
            }
        }
        self.sums.wide.fill(0);
    }

    /// Pixels of each box of the present row of boxes, and of the last one. Those at the right and
    /// lower edge hold fewer.
    fn box_pixels(&self) -> [u32; 2] {
        let rows = (self.next - 1) % self.factor + 1;
        let columns = (self.size.0 - 1) % self.factor + 1;
        [rows * self.factor, rows * columns]
    }

    /// Makes every plane as long as the rows that have come.
    fn fill_up(&mut self) {
        let rows = (self.next - self.kept.start).div_ceil(self.factor) as usize;
        let length = self.size.0.div_ceil(self.factor) as usize * rows;
        self.planes.iter_mut().for_each(|plane| plane.resize(length, 0));
    }
}

/// These rows and those that share a box with them, of all that there are.
pub(crate) fn whole_boxes(rows: &Range<u32>, factor: u32, height: u32) -> Range<u32> {
    let end = rows.end.min(height).next_multiple_of(factor).min(height);
    rows.start.min(end) / factor * factor..end
}

/// Colours count as much as they are visible.
fn add_visible<S: Sample, const N: usize>(sums: &mut [u32], pixels: &[[S; N]]) {
    for (sums, pixel) in sums.as_chunks_mut::<N>().0.iter_mut().zip(pixels) {
        let alpha: u32 = pixel[N - 1].into();
        for (sum, &sample) in sums.iter_mut().zip(&pixel[..N - 1]) {
            *sum += (sample.into() * alpha + S::PRODUCT_UNIT / 2) / S::PRODUCT_UNIT;
        }
        sums[N - 1] += alpha;
    }
}

/// Sums a channel in each box. The most common factors get code of their own, with a loop unrolled.
fn for_boxes<T: Copy + Into<u32>, const N: usize>(
    columns: &[[T; N]],
    factor: usize,
    channel: usize,
    mut take: impl FnMut(usize, u32),
) {
    let sum = |pixels: &[[T; N]]| pixels.iter().map(|pixel| pixel[channel].into()).sum();
    let (boxes, rest) = match factor {
        2 => {
            let (boxes, rest) = columns.as_chunks::<2>();
            boxes.iter().enumerate().for_each(|(index, pixels)| take(index, sum(pixels)));
            (boxes.len(), rest)
        }
        3 => {
            let (boxes, rest) = columns.as_chunks::<3>();
            boxes.iter().enumerate().for_each(|(index, pixels)| take(index, sum(pixels)));
            (boxes.len(), rest)
        }
        _ => (0, columns),
    };
    for (index, pixels) in rest.chunks(factor).enumerate() {
        take(boxes + index, sum(pixels));
    }
}

/// Makes the mean of a box out of its sum.
enum Divisor {
    /// The reciprocal of the number of pixels in parts of 2^32, rounded up, and half that number: exact
    /// for bytes in boxes of less than 4096 pixels, as their sums are below 2^20.
    Reciprocal {
        factor: u64,
        half: u64,
    },
    Quotient(u64),
}

impl Divisor {
    fn new(pixels: u32, sample_max: u32) -> Self {
        const EXACT_BELOW: u32 = 4096;
        if sample_max == u32::from(u8::MAX) && pixels < EXACT_BELOW {
            let factor = (1_u64 << 32).div_ceil(u64::from(pixels));
            Self::Reciprocal { factor, half: u64::from(pixels / 2) }
        } else {
            Self::Quotient(u64::from(pixels) * u64::from(sample_max))
        }
    }

    fn mean(&self, sum: u32) -> u8 {
        match self {
            // The mean of bytes is a byte, the lowest of the whole part.
            Self::Reciprocal { factor, half } => {
                (((u64::from(sum) + half) * factor) >> 32).to_le_bytes()[0]
            }
            Self::Quotient(divisor) => rounded(u64::from(sum) * 255, *divisor),
        }
    }
}

/// A picture that went through a [`Reducer`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reduced {
    /// Grey or three colours.
    Colours(Channels),
    /// Cyan, magenta, yellow and black, 0 for none.
    Inks(Channels),
}

/// A picture, each of its channels in a plane of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Channels {
    /// Columns.
    pub(crate) width: u32,
    /// Rows.
    pub(crate) height: u32,
    /// The row of the original with which it begins.
    pub(crate) first_row: u32,
    /// Whether the last plane is alpha; there is one only if some pixel is not opaque.
    pub(crate) alpha: bool,
    /// `width × height` samples of each channel.
    pub(crate) planes: Vec<Vec<u8>>,
}

/// The quotient as the nearest whole number; nothing where there is nothing, as in a box without a
/// visible pixel.
fn rounded(dividend: u64, divisor: u64) -> u8 {
    let quotient = (dividend + divisor / 2).checked_div(divisor);
    quotient.map_or(0, |value| u8::try_from(value).unwrap_or(u8::MAX))
}

#[cfg(test)]
mod tests;
