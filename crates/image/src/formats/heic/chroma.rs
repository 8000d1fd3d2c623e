//! Colours as fine as brightness: halved planes of colour, widened and doubled.
//!
//! A sample of colour lies on the first of its two columns, and half way between its two rows: so
//! ITU-T H.265 lets a decoder assume (annex E.3.1, `chroma_sample_loc_type` 0).

use super::{
    hevc::Sampling,
    mosaic::{Channel, Mosaic},
};
use crate::error::RenderError;

/// What samples are multiplied by on their way, so that all of it is exact.
pub(super) const SCALE: i32 = 8;

/// Both colours of one row of pixels.
#[derive(Debug, Default)]
pub(super) struct Colours {
    pub(super) cb: Vec<i32>,
    pub(super) cr: Vec<i32>,
}

/// Makes the colours of one row after the other.
#[derive(Debug)]
pub(super) struct Upsampler {
    sampling: Sampling,
    /// Columns of the picture.
    width: usize,
    /// Rows of each plane of colours.
    height: u32,
    /// The two rows that were widened last.
    rows: [Widened; 2],
    stored: Vec<i32>,
}

/// A row of samples as wide as the picture, twice as large.
#[derive(Debug, Default)]
struct Widened {
    row: Option<u32>,
    colours: Colours,
}

/// The two rows of samples that a row of pixels lies between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Neighbours {
    near: u32,
    far: u32,
}

impl Upsampler {
    pub(super) fn new(mosaic: &Mosaic<'_>) -> Self {
        let (_, height) = mosaic.channel_size(Channel::Cb);
        Self {
            sampling: mosaic.sequence().sampling,
            width: mosaic.size().0 as usize,
            height,
            rows: Default::default(),
            stored: Vec::new(),
        }
    }

    /// Writes brightness and colours of one row.
    pub(super) fn read_row(
        &mut self,
        mosaic: &mut Mosaic<'_>,
        row: u32,
        luma: &mut Vec<i32>,
        colours: &mut Colours,
    ) -> Result<(), RenderError> {
        let Neighbours { near, far } = self.neighbours(row);
        // Tiles are decoded from the top to the bottom, and this row may be the last of some.
        if far < near {
            self.widen(mosaic, far)?;
            self.widen(mosaic, near)?;
            mosaic.read_row(Channel::Luma, row, luma)?;
        } else {
            mosaic.read_row(Channel::Luma, row, luma)?;
            self.widen(mosaic, near)?;
            self.widen(mosaic, far)?;
        }
        let [even, odd] = &self.rows;
        let [near, far] = [near, far].map(|row| if row.is_multiple_of(2) { even } else { odd });
        blend(&near.colours.cb, &far.colours.cb, &mut colours.cb);
        blend(&near.colours.cr, &far.colours.cr, &mut colours.cr);
        Ok(())
    }

    fn neighbours(&self, row: u32) -> Neighbours {
        let (_, down) = self.sampling.factors();
        let near = row / down;
        let far = match (down, row % down) {
            (1, _) => near,
            (_, 0) => near.saturating_sub(1),
            _ => (near + 1).min(self.height.saturating_sub(1)),
        };
        Neighbours { near, far }
    }

    /// Has a row of samples widened.
    fn widen(&mut self, mosaic: &mut Mosaic<'_>, row: u32) -> Result<(), RenderError> {
        let [even, odd] = &mut self.rows;
        let widened = if row.is_multiple_of(2) { even } else { odd };
        if widened.row == Some(row) {
            return Ok(());
        }
        widened.row = Some(row);
        let Colours { cb, cr } = &mut widened.colours;
        for (channel, samples) in [(Channel::Cb, cb), (Channel::Cr, cr)] {
            mosaic.read_row(channel, row, &mut self.stored)?;
            samples.clear();
            if self.sampling.factors().0 == 1 {
                samples.extend(self.stored.iter().map(|sample| 2 * sample));
            } else {
                let next = self.stored.iter().skip(1).chain(self.stored.last());
                let pairs = self.stored.iter().zip(next);
                samples.extend(pairs.flat_map(|(sample, next)| [2 * sample, sample + next]));
                samples.truncate(self.width);
            }
        }
        Ok(())
    }
}

/// A row of pixels is three times as far from one row of samples as from the other.
fn blend(near: &[i32], far: &[i32], blended: &mut Vec<i32>) {
    blended.clear();
    blended.extend(near.iter().zip(far).map(|(near, far)| 3 * near + far));
}
