//! The rows of a picture, of which one row of tiles at a time is in memory.

use super::{
    FORMAT,
    coded::Coded,
    hevc::{Plane, Planes, Sequence},
};
use crate::{damage::Damage, error::RenderError};

/// A picture that is decoded as its rows are asked for.
#[derive(Debug)]
pub(super) struct Mosaic<'a> {
    coded: Coded<'a>,
    /// The sample of every channel where a tile is broken.
    missing: i32,
    /// Which row of tiles is in memory.
    loaded: Option<u32>,
    /// Those tiles; nothing for those that are broken.
    row: Vec<Option<Planes>>,
    /// Whether any tile could be decoded at all.
    has_pixels: bool,
    damage: Option<Damage>,
}

/// The planes of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    Luma,
    Cb,
    Cr,
}

impl<'a> Mosaic<'a> {
    pub(super) fn new(coded: Coded<'a>, missing: i32) -> Self {
        Self { coded, missing, loaded: None, row: Vec::new(), has_pixels: false, damage: None }
    }

    pub(super) fn size(&self) -> (u32, u32) {
        self.coded.size
    }

    pub(super) fn sequence(&self) -> &Sequence {
        &self.coded.sequence
    }

    pub(super) fn working_bytes(&self) -> u64 {
        self.coded.working_bytes()
    }

    /// What is wrong with the tiles that were decoded so far.
    pub(super) fn damage(&self) -> Option<Damage> {
        self.damage
    }

    /// Columns and rows of a channel, and of its part of each tile.
    fn sizes(&self, channel: Channel) -> [(u32, u32); 2] {
        let sizes = [self.coded.size, self.coded.cell];
        if channel == Channel::Luma {
            sizes
        } else {
            sizes.map(|size| self.coded.sequence.sampling.chroma_size(size))
        }
    }

    /// Columns and rows of a channel.
    pub(super) fn channel_size(&self, channel: Channel) -> (u32, u32) {
        let [size, _] = self.sizes(channel);
        size
    }

    /// Writes one row of a channel, without what lies beyond the edges of the tiles and of the picture.
    ///
    /// Rows may be asked for in any order, but each step to another row of tiles decodes them.
    pub(super) fn read_row(
        &mut self,
        channel: Channel,
        row: u32,
        samples: &mut Vec<i32>,
    ) -> Result<(), RenderError> {
        let [(width, _), (cell_width, cell_height)] = self.sizes(channel);
        let Some(row_of_tiles) = row.checked_div(cell_height) else {
            return Err(RenderError::broken(FORMAT, "a tile without rows"));
        };
        self.load(row_of_tiles)?;
        samples.clear();
        let largest = (1 << self.coded.sequence.depth) - 1;
        for tile in &self.row {
            let left = u32::try_from(samples.len()).unwrap_or(u32::MAX);
            let count = cell_width.min(width.saturating_sub(left));
            let plane = tile.as_ref().map(|planes| channel.of(planes));
            match plane.and_then(|plane| plane.row(row % cell_height, count)) {
                Some(shown) => samples.extend(shown.iter().map(|&sample| sample.clamp(0, largest))),
                None => samples.extend(std::iter::repeat_n(self.missing, count as usize)),
            }
        }
        Ok(())
    }

    fn load(&mut self, row_of_tiles: u32) -> Result<(), RenderError> {
        if self.loaded == Some(row_of_tiles) {
            return Ok(());
        }
        // Memory is counted for one row of tiles.
        self.row.clear();
        self.loaded = Some(row_of_tiles);
        let across = self.coded.across as usize;
        let first = across.saturating_mul(row_of_tiles as usize);
        for index in first..first + across {
            let planes = self.decode(index, row_of_tiles)?;
            self.row.push(planes);
        }
        Ok(())
    }

    /// A tile, or nothing if it is broken and others are not.
    fn decode(&mut self, index: usize, row_of_tiles: u32) -> Result<Option<Planes>, RenderError> {
        let Some(tile) = self.coded.tiles.get(index) else {
            return Err(RenderError::broken(FORMAT, "a row of tiles is missing"));
        };
        match tile.parameters.decode(&tile.sequence, &tile.data.pieces) {
            Ok(planes) => {
                self.has_pixels = true;
                Ok(Some(planes))
            }
            Err(RenderError::Broken { .. }) if self.has_pixels => {
                let (_, rows) = self.coded.size;
                let intact = row_of_tiles.saturating_mul(self.coded.cell.1);
                let damage = if tile.data.is_cut_off {
                    Damage::CutOff { intact, rows }
                } else {
                    Damage::Corrupt { intact, rows }
                };
                self.damage.get_or_insert(damage);
                Ok(None)
            }
            Err(RenderError::Broken { .. }) if tile.data.is_cut_off => {
                Err(RenderError::ends_early(FORMAT))
            }
            Err(error) => Err(error),
        }
    }
}

impl Channel {
    fn of(self, planes: &Planes) -> &Plane {
        let [cb, cr] = &planes.chroma;
        match self {
            Self::Luma => &planes.luma,
            Self::Cb => cb,
            Self::Cr => cr,
        }
    }
}
