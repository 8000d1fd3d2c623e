//! Rows of an original in, a smaller picture out: what decoders that work row by row write into.
//!
//! Boxes of `factor × factor` pixels become one sample, their average, as soon as their last row
//! is there. So an original of any height costs one row of sums and the small picture; libvips
//! shrinks in the same two steps, boxes first and a fine filter after. Which factor is harmless is
//! decided by [`factor`]; with 1 the pixels go through as they are.

use crate::pixels::Pixels;

/// What one pixel consists of while it is read, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
    /// Amounts of ink: 0 is none.
    Cmyk,
}

impl Layout {
    /// Samples of one pixel as it is read.
    pub(crate) fn channels(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }

    /// Bytes of one pixel as it is handed on: grey is widened to colour.
    pub(crate) fn reduced_channels(self) -> usize {
        match self {
            Self::Grey | Self::Rgb => 3,
            Self::GreyAlpha | Self::Rgba | Self::Cmyk => 4,
        }
    }

    pub(crate) fn has_alpha(self) -> bool {
        matches!(self, Self::GreyAlpha | Self::Rgba)
    }
}

/// A channel of 8 or 16 bits.
pub(crate) trait Sample: Copy + Into<u32> {
    /// The largest value.
    const MAX: u32;
    /// What a product of colour and alpha is divided by, so that 65,536 of them fit 32 bits.
    const PRODUCT_UNIT: u32;

    /// The same in eight bits, rounded.
    fn narrowed(self) -> u8;
}

impl Sample for u8 {
    const MAX: u32 = 0xff;
    const PRODUCT_UNIT: u32 = 1;

    fn narrowed(self) -> u8 {
        self
    }
}

impl Sample for u16 {
    const MAX: u32 = 0xffff;
    const PRODUCT_UNIT: u32 = 0xffff;

    fn narrowed(self) -> u8 {
        rounded(u64::from(self), 257)
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
    /// One box after the other; colour times alpha where there is alpha.
    sums: Vec<u32>,
    rows: u32,
    opaque: bool,
    reduced_bytes: usize,
    reduced: Vec<u8>,
}

impl Reducer {
    /// Prepares for an original of this size, of which every `factor × factor` pixels become one.
    pub(crate) fn new(layout: Layout, size: (u32, u32), factor: u32) -> Self {
        let (width, height) = reduced_size(size, factor);
        let sums = if factor == 1 { 0 } else { width as usize * layout.channels() };
        let reduced_bytes = width as usize * height as usize * layout.reduced_channels();
        Self {
            layout,
            size,
            factor,
            sums: vec![0; sums],
            rows: 0,
            opaque: true,
            reduced_bytes,
            reduced: Vec::new(),
        }
    }

    /// Takes the next row. Rows beyond the last and samples beyond the width are ignored; a row
    /// that is too short leaves the rest of its boxes to the others.
    pub(crate) fn push_row<S: Sample>(&mut self, row: &[S]) {
        let samples = self.size.0 as usize * self.layout.channels();
        let row = &row[..row.len().min(samples)];
        if self.rows == self.size.1 {
            return;
        }
        if self.rows == 0 {
            self.reduced.reserve_exact(self.reduced_bytes);
        }
        self.rows += 1;
        if self.factor == 1 {
            self.copy_row(row);
            return;
        }
        match self.layout {
            Layout::Grey => self.add_row::<S, 1>(row),
            Layout::GreyAlpha => self.add_row_with_alpha::<S, 2>(row),
            Layout::Rgb => self.add_row::<S, 3>(row),
            Layout::Rgba => self.add_row_with_alpha::<S, 4>(row),
            Layout::Cmyk => self.add_row::<S, 4>(row),
        }
        if self.rows.is_multiple_of(self.factor) || self.rows == self.size.1 {
            self.finish_boxes::<S>();
        }
    }

    /// Takes a whole picture, without a copy where it is already what is wanted.
    pub(crate) fn push_image(&mut self, image: Vec<u8>) {
        let same_bytes = self.layout.channels() == self.layout.reduced_channels();
        let complete = image.len() == self.reduced_bytes;
        if self.factor == 1 && same_bytes && complete && self.rows == 0 {
            let pixels = image.as_chunks::<4>().0;
            self.opaque = self.layout != Layout::Rgba || pixels.iter().all(|p| p[3] == u8::MAX);
            self.reduced = image;
            self.rows = self.size.1;
            return;
        }
        for row in image.chunks_exact(self.size.0 as usize * self.layout.channels()) {
            self.push_row(row);
        }
    }

    /// Whether every row has come.
    pub(crate) fn is_complete(&self) -> bool {
        self.rows == self.size.1
    }

    /// The picture. Inks come as four channels without alpha.
    pub(crate) fn finish(self) -> Reduced {
        let (width, height) = reduced_size(self.size, self.factor);
        let alpha = self.layout.has_alpha();
        if self.layout == Layout::Cmyk {
            return Reduced::Inks(Inks { width, height, bytes: self.reduced });
        }
        let mut pixels = Pixels { width, height, alpha, bytes: self.reduced };
        if alpha && self.opaque {
            pixels.drop_alpha();
        }
        Reduced::Pixels(pixels)
    }

    fn copy_row<S: Sample>(&mut self, row: &[S]) {
        let narrow = |sample: &S| sample.narrowed();
        match self.layout {
            Layout::Rgb | Layout::Cmyk => self.reduced.extend(row.iter().map(narrow)),
            Layout::Grey => self.reduced.extend(row.iter().flat_map(|grey| [narrow(grey); 3])),
            Layout::Rgba => {
                self.opaque &= row.as_chunks::<4>().0.iter().all(|p| p[3].into() == S::MAX);
                self.reduced.extend(row.iter().map(narrow));
            }
            Layout::GreyAlpha => {
                let pixels = row.as_chunks::<2>().0;
                self.opaque &= pixels.iter().all(|pixel| pixel[1].into() == S::MAX);
                self.reduced.extend(pixels.iter().flat_map(|[grey, alpha]| {
                    let grey = narrow(grey);
                    [grey, grey, grey, narrow(alpha)]
                }));
            }
        }
    }

    fn add_row<S: Sample, const N: usize>(&mut self, row: &[S]) {
        let boxes = row.chunks(self.factor as usize * N);
        for (sums, pixels) in self.sums.as_chunks_mut::<N>().0.iter_mut().zip(boxes) {
            for pixel in pixels.as_chunks::<N>().0 {
                for (sum, &sample) in sums.iter_mut().zip(pixel) {
                    *sum += sample.into();
                }
            }
        }
    }

    /// Colours count as much as they are visible.
    fn add_row_with_alpha<S: Sample, const N: usize>(&mut self, row: &[S]) {
        let boxes = row.chunks(self.factor as usize * N);
        for (sums, pixels) in self.sums.as_chunks_mut::<N>().0.iter_mut().zip(boxes) {
            for pixel in pixels.as_chunks::<N>().0 {
                let alpha: u32 = pixel[N - 1].into();
                self.opaque &= alpha == S::MAX;
                for (sum, &sample) in sums.iter_mut().zip(&pixel[..N - 1]) {
                    *sum += (sample.into() * alpha + S::PRODUCT_UNIT / 2) / S::PRODUCT_UNIT;
                }
                sums[N - 1] += alpha;
            }
        }
    }

    /// Makes samples of one row of boxes. Those at the right and lower edge hold fewer pixels.
    fn finish_boxes<S: Sample>(&mut self) {
        let channels = self.layout.channels();
        let rows = (self.rows - 1) % self.factor + 1;
        for (index, sums) in self.sums.chunks_exact(channels).enumerate() {
            let left = u32::try_from(index).unwrap_or(u32::MAX).saturating_mul(self.factor);
            let columns = self.factor.min(self.size.0.saturating_sub(left));
            let pixels = u64::from(rows) * u64::from(columns);
            if self.layout.has_alpha() {
                let alpha = u64::from(sums[channels - 1]);
                // The products of eight bits were not divided by their 255.
                let scale = if S::PRODUCT_UNIT == 1 { 1 } else { 255 };
                let mean = |sum: u32| rounded(u64::from(sum) * scale, alpha);
                if self.layout == Layout::GreyAlpha {
                    self.reduced.extend([mean(sums[0]); 3]);
                } else {
                    self.reduced.extend(sums[..3].iter().map(|&sum| mean(sum)));
                }
                self.reduced.push(rounded(alpha * 255, pixels * u64::from(S::MAX)));
                continue;
            }
            let mean = |sum: u32| rounded(u64::from(sum) * 255, pixels * u64::from(S::MAX));
            if self.layout == Layout::Grey {
                self.reduced.extend([mean(sums[0]); 3]);
            } else {
                self.reduced.extend(sums.iter().map(|&sum| mean(sum)));
            }
        }
        self.sums.fill(0);
    }
}

/// A picture that went through a [`Reducer`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reduced {
    Pixels(Pixels),
    Inks(Inks),
}

/// A picture of four inks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Inks {
    /// Columns.
    pub(crate) width: u32,
    /// Rows.
    pub(crate) height: u32,
    /// Cyan, magenta, yellow and black of each pixel, 0 for none; rows from the top.
    pub(crate) bytes: Vec<u8>,
}

/// The quotient as the nearest whole number; nothing where there is nothing, as in a box without a
/// visible pixel.
fn rounded(dividend: u64, divisor: u64) -> u8 {
    let quotient = (dividend + divisor / 2).checked_div(divisor);
    quotient.map_or(0, |value| u8::try_from(value).unwrap_or(u8::MAX))
}

#[cfg(test)]
mod tests;
