//! Colours as brightness and coarser chroma, in units of some pixels each (TIFF 6.0, section 21).

use super::source::Source;
use crate::error::RenderError;

/// A row of units: the brightness of each of its pixels, row by row, and one Cb and Cr for all.
pub(super) struct Subsampled {
    /// Pixels of a unit across and down.
    across: usize,
    down: usize,
    units: Vec<u8>,
    /// The next row of the units.
    next: usize,
}

impl Subsampled {
    pub(super) fn new((across, down): (u8, u8), columns: u32) -> Self {
        let (across, down) = (usize::from(across), usize::from(down));
        let units = (columns as usize).div_ceil(across) * (across * down + 2);
        Self { across, down, units: vec![0; units], next: 0 }
    }

    /// Fills a row of pixels of three samples each.
    pub(super) fn next_row(
        &mut self,
        source: &mut Source<'_>,
        row: &mut [u8],
    ) -> Result<(), RenderError> {
        if self.next == 0 {
            source.read(&mut self.units)?;
        }
        let units = self.units.chunks_exact(self.across * self.down + 2);
        for (pixels, unit) in row.chunks_mut(3 * self.across).zip(units) {
            let brightness = unit.iter().skip(self.next * self.across);
            let chroma = &unit[self.across * self.down..];
            for (pixel, &y) in pixels.as_chunks_mut::<3>().0.iter_mut().zip(brightness) {
                *pixel = [y, chroma[0], chroma[1]];
            }
        }
        self.next = (self.next + 1) % self.down;
        Ok(())
    }
}
