//! How a picture is put together of what is coded: which tiles, how large, and what is done to them.

use std::collections::BTreeMap;

use super::{
    FORMAT,
    boxes::{Kind, Reader},
    container::{Container, Data, overlapping},
    hevc::{Parameters, Sequence},
    properties::Properties,
};
use crate::error::RenderError;

/// A picture as it is coded: of one tile, or of a grid of them.
#[derive(Debug)]
pub(super) struct Coded<'a> {
    /// Columns and rows of the whole picture.
    pub(super) size: (u32, u32),
    /// Tiles in a row.
    pub(super) across: u32,
    /// Columns and rows of each tile but the last ones, of which less may be shown.
    pub(super) cell: (u32, u32),
    /// Row by row.
    pub(super) tiles: Vec<Tile<'a>>,
    /// What all tiles have in common.
    pub(super) sequence: Sequence,
}

/// One coded picture.
#[derive(Debug)]
pub(super) struct Tile<'a> {
    pub(super) parameters: Parameters<'a>,
    pub(super) sequence: Sequence,
    pub(super) data: Data<'a>,
}

/// An item that is a picture, with the properties that it has, and that it has of what it is made of.
#[derive(Debug)]
pub(super) struct Item<'a> {
    id: u32,
    kind: Kind,
    /// The item that others refer to when they mean this picture.
    pub(super) shown_as: u32,
    pub(super) properties: Properties<'a>,
}

impl<'a> Item<'a> {
    /// Follows items that are others with something done to them.
    pub(super) fn resolve(container: &Container<'a>, id: u32) -> Result<Self, RenderError> {
        /// One after the other; more than two have no use.
        const STEPS_MAX: usize = 8;
        let mut chain = Vec::new();
        let mut next = id;
        for _ in 0..STEPS_MAX {
            chain.push(Properties::read(container, next)?);
            let kind = container.kind(next)?;
            if &kind != b"iden" {
                return Ok(Self { id: next, kind, shown_as: id, properties: merged(chain) });
            }
            let &[target] = &container.targets(next, *b"dimg")?[..] else {
                return Err(RenderError::broken(
                    FORMAT,
                    "a picture that is another, but not which",
                ));
            };
            next = target;
        }
        Err(RenderError::broken(FORMAT, "its items refer to one another in a circle"))
    }

    /// The picture, of which nothing is decoded.
    pub(super) fn coded(&self, container: &Container<'a>) -> Result<Coded<'a>, RenderError> {
        let mut tiles = Tiles::new(container);
        match &self.kind {
            b"hvc1" => {
                let tile = tiles.tile(self.id, &self.properties)?;
                let size = shown(self.properties.size, tile.sequence.size);
                let sequence = tile.sequence;
                Ok(Coded { size, across: 1, cell: size, tiles: vec![tile], sequence })
            }
            b"grid" => tiles.grid(self.id),
            kind => Err(not_read(*kind)),
        }
    }
}

/// What was said of each, the outermost first: what is done to it adds up from the inside, and what is
/// said further out has the last word.
fn merged(chain: Vec<Properties<'_>>) -> Properties<'_> {
    let mut merged = Properties::default();
    for properties in chain.into_iter().rev() {
        let Properties { size, parameters, turns, colours, icc, purpose } = properties;
        // That of what is shown in the end, which follows from the turns, is of no use here.
        merged.size = merged.size.or(size);
        merged.parameters = merged.parameters.or(parameters);
        merged.turns.extend(turns);
        merged.colours = colours.or(merged.colours);
        merged.icc = icc.or(merged.icc);
        merged.purpose = purpose.or(merged.purpose);
    }
    merged
}

/// The size that is announced, as far as it is there.
fn shown(announced: Option<(u32, u32)>, coded: (u32, u32)) -> (u32, u32) {
    announced.map_or(coded, |(width, height)| (width.min(coded.0), height.min(coded.1)))
}

/// The tiles that have been looked at.
struct Tiles<'c, 'a> {
    container: &'c Container<'a>,
    /// By the number of the property that they are from.
    sequences: BTreeMap<u16, Sequence>,
    taken_bytes: u64,
}

impl<'c, 'a> Tiles<'c, 'a> {
    fn new(container: &'c Container<'a>) -> Self {
        Self { container, sequences: BTreeMap::new(), taken_bytes: 0 }
    }

    fn tile(&mut self, id: u32, properties: &Properties<'a>) -> Result<Tile<'a>, RenderError> {
        let Some((index, parameters)) = properties.parameters else {
            return Err(RenderError::broken(FORMAT, "it has no parameters to be decoded by"));
        };
        let sequence = match self.sequences.get(&index) {
            Some(sequence) => *sequence,
            None => parameters.sequence()?,
        };
        self.sequences.insert(index, sequence);
        if let Some((width, height)) = properties.size {
            /// Whole blocks, the largest of which have 64 pixels, may be coded.
            const BLOCK: u32 = 64;
            let coded = sequence.size;
            if coded.0 >= width.saturating_add(BLOCK) || coded.1 >= height.saturating_add(BLOCK) {
                let message = format!("{}x{} are coded for {width}x{height}", coded.0, coded.1);
                return Err(RenderError::broken(FORMAT, message));
            }
        }
        let data = self.container.data(id)?;
        // A tile that is not there takes time all the same.
        self.taken_bytes += data.bytes().max(1);
        if self.taken_bytes > self.container.file_bytes() {
            return Err(overlapping());
        }
        Ok(Tile { parameters, sequence, data })
    }

    /// ISO/IEC 23008-12, section 6.6.2.3.
    fn grid(mut self, id: u32) -> Result<Coded<'a>, RenderError> {
        const WIDE: u8 = 1;
        let bytes = self.container.data(id)?.pieces.concat();
        let mut content = Reader::new(&bytes);
        let (_version, flags) = (content.u8()?, content.u8()?);
        let (down, across) = (u32::from(content.u8()?) + 1, u32::from(content.u8()?) + 1);
        let mut next = || content.id(flags & WIDE != 0);
        let size = (next()?, next()?);
        let ids = self.container.targets(id, *b"dimg")?;
        if ids.len() != across as usize * down as usize {
            let message = format!("{} tiles in a grid of {across}x{down}", ids.len());
            return Err(RenderError::broken(FORMAT, message));
        }
        let mut tiles = Vec::with_capacity(ids.len());
        let mut cell = None;
        for id in ids {
            let kind = self.container.kind(id)?;
            if &kind != b"hvc1" {
                return Err(not_read(kind));
            }
            let properties = Properties::read(self.container, id)?;
            if !properties.turns.is_empty() {
                return Err(RenderError::unsupported(FORMAT, "tiles that are turned"));
            }
            let tile = self.tile(id, &properties)?;
            let shown = shown(properties.size, tile.sequence.size);
            if *cell.get_or_insert(shown) != shown {
                return Err(RenderError::broken(FORMAT, "its tiles have different sizes"));
            }
            tiles.push(tile);
        }
        let (Some(cell), Some(sequence)) = (cell, tiles.first().map(|tile| tile.sequence)) else {
            return Err(RenderError::broken(FORMAT, "a grid without tiles"));
        };
        let coded = Coded { size, across, cell, tiles, sequence };
        coded.check_grid(down)?;
        Ok(coded)
    }
}

impl Coded<'_> {
    /// Whether the tiles fill the picture, none of them lies outside, and all are of one kind.
    fn check_grid(&self, down: u32) -> Result<(), RenderError> {
        let fills = |side: u32, cell: u32, count: u32| {
            let (side, cell, count) = (u64::from(side), u64::from(cell), u64::from(count));
            cell * count >= side && cell * (count - 1) < side
        };
        let Self { size, across, cell, .. } = *self;
        if !fills(size.0, cell.0, across) || !fills(size.1, cell.1, down) {
            let message =
                format!("{across}x{down} tiles of {}x{} for {}x{}", cell.0, cell.1, size.0, size.1);
            return Err(RenderError::broken(FORMAT, message));
        }
        if self.tiles.iter().any(|tile| !tile.sequence.fits(&self.sequence)) {
            return Err(RenderError::unsupported(FORMAT, "tiles of different kinds"));
        }
        let (horizontal, vertical) = self.sequence.sampling.factors();
        let splits = |cell: u32, factor, count| count > 1 && !cell.is_multiple_of(factor);
        if splits(cell.0, horizontal, across) || splits(cell.1, vertical, down) {
            return Err(RenderError::unsupported(
                FORMAT,
                "tiles that end within a sample of colour",
            ));
        }
        Ok(())
    }

    /// Bytes that it takes to decode a row of tiles: those of it that are there, and one in work.
    pub(super) fn working_bytes(&self) -> u64 {
        let planes = |tile: &Tile<'_>| tile.sequence.plane_bytes();
        let row = self.tiles.chunks(self.across as usize);
        let row = row.map(|row| row.iter().skip(1).map(planes).sum::<u64>()).max();
        let work =
            self.tiles.iter().map(|tile| tile.sequence.decoding_bytes(tile.data.bytes())).max();
        row.unwrap_or_default().saturating_add(work.unwrap_or_default())
    }
}

/// Why an item of another kind is not shown.
fn not_read(kind: Kind) -> RenderError {
    let inside = match &kind {
        b"av01" => return RenderError::Unsupported("AVIF".to_owned()),
        b"iovl" => "an overlay of pictures",
        b"grid" | b"iden" => "a grid of derived pictures",
        b"jpeg" => "JPEG inside",
        b"j2k1" => "JPEG 2000 inside",
        b"avc1" => "H.264 inside",
        b"vvc1" => "H.266 inside",
        b"evc1" => "EVC inside",
        b"unci" => "uncompressed pixels inside",
        _ => return RenderError::unsupported(FORMAT, kind.escape_ascii()),
    };
    RenderError::unsupported(FORMAT, inside)
}
