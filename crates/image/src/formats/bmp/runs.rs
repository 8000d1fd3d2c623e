//! Run-length coded pixels of eight or four bits.

use super::{
    FORMAT,
    header::{Coding, Info},
};
use crate::error::RenderError;

/// An index for each pixel, rows from the top. What the file passes over has the first colour.
pub(super) fn indices(info: &Info<'_>) -> Result<Vec<u8>, RenderError> {
    let mut canvas = Canvas {
        info,
        indices: vec![0; info.width as usize * info.height as usize],
        column: 0,
        row: 0,
    };
    canvas.draw(info.pixels).ok_or_else(|| RenderError::ends_early(FORMAT))?;
    Ok(canvas.indices)
}

struct Canvas<'a> {
    info: &'a Info<'a>,
    indices: Vec<u8>,
    /// The next pixel, in rows as stored.
    column: u32,
    row: u32,
}

impl Canvas<'_> {
    /// Nothing if the data ends before the last row does.
    fn draw(&mut self, mut data: &[u8]) -> Option<()> {
        let mut next = |count: usize| {
            let (taken, rest) = data.split_at_checked(count)?;
            data = rest;
            Some(taken)
        };
        while self.row < self.info.height {
            let Some(&[count, value]) = next(2) else {
                let is_last = self.row + 1 == self.info.height && self.column >= self.info.width;
                return is_last.then_some(());
            };
            match (count, value) {
                (0, 0) => (self.column, self.row) = (0, self.row + 1),
                (0, 1) => break,
                (0, 2) => {
                    let &[across, down] = next(2)? else { return None };
                    self.column = self.column.saturating_add(u32::from(across));
                    self.row = self.row.saturating_add(u32::from(down));
                }
                (0, count) => {
                    let bytes = match self.info.coding {
                        Coding::Runs4 => usize::from(count).div_ceil(2),
                        _ => usize::from(count),
                    };
                    let stored = next(bytes)?;
                    // Filled up to two bytes, but perhaps at the end of the file.
                    next(bytes % 2);
                    for at in 0..usize::from(count) {
                        self.put(self.index(stored, at));
                    }
                }
                (count, value) => {
                    for at in 0..usize::from(count) {
                        self.put(self.index(&[value], at % 2));
                    }
                }
            }
        }
        Some(())
    }

    /// One of indices that stand in a row; a byte of eight bits stands for any number of equal ones.
    fn index(&self, stored: &[u8], at: usize) -> u8 {
        match self.info.coding {
            Coding::Runs4 => {
                let byte = stored.get(at / 2).copied().unwrap_or(0);
                if at.is_multiple_of(2) { byte >> 4 } else { byte & 0x0f }
            }
            _ => stored.get(at).or(stored.last()).copied().unwrap_or(0),
        }
    }

    /// What lies beyond the right edge is nothing to be seen.
    fn put(&mut self, index: u8) {
        if self.column < self.info.width {
            let row = self.info.stored_row(self.row) as usize;
            let place = row * self.info.width as usize + self.column as usize;
            if let Some(target) = self.indices.get_mut(place) {
                *target = index;
            }
        }
        self.column = self.column.saturating_add(1);
    }
}
