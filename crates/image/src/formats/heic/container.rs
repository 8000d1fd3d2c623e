//! The items of a file: what each is, where its bytes are, and what belongs together
//! (ISO/IEC 14496-12, section 8.11, and ISO/IEC 23008-12, section 9).
//!
//! Nothing is copied but the tables of what there is, whose length is bounded, and every item is found
//! by a binary search: so a header takes no longer than its bytes do.

use super::{
    FORMAT,
    boxes::{IsoBox, Kind, Reader},
};
use crate::error::RenderError;

/// 400 megapixels in tiles of 256×256 are 6,104, and a depth or gain map has tiles of its own.
const ITEMS_MAX: usize = 1 << 14;

/// All that a file says of its items.
#[derive(Debug)]
pub(super) struct Container<'a> {
    file: &'a [u8],
    /// The bytes of items that are in the header itself.
    inside: &'a [u8],
    pub(super) primary: u32,
    kinds: Vec<(u32, Kind)>,
    locations: Vec<(u32, Location<'a>)>,
    references: Vec<Reference<'a>>,
    properties: Vec<IsoBox<'a>>,
    associations: Vec<(u32, Association<'a>)>,
}

/// Where the bytes of an item are.
#[derive(Clone, Copy, Debug)]
struct Location<'a> {
    method: u16,
    base: u64,
    offset_bytes: usize,
    length_bytes: usize,
    index_bytes: usize,
    count: u16,
    extents: Reader<'a>,
}

/// What one item is to others.
#[derive(Clone, Copy, Debug)]
struct Reference<'a> {
    kind: Kind,
    from: u32,
    count: u16,
    is_wide: bool,
    targets: Reader<'a>,
}

/// The properties of an item.
#[derive(Clone, Copy, Debug)]
struct Association<'a> {
    count: u8,
    is_wide: bool,
    indices: Reader<'a>,
}

/// A property as one item has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Associated<'a> {
    /// Its number in the file: items may share it.
    pub(super) index: u16,
    /// Whether the item cannot be shown without knowing what it means.
    pub(super) is_essential: bool,
    pub(super) property: IsoBox<'a>,
}

/// The bytes of an item, piece by piece.
#[derive(Debug)]
pub(super) struct Data<'a> {
    pub(super) pieces: Vec<&'a [u8]>,
    /// Whether some of them would be behind the end of the file.
    pub(super) is_cut_off: bool,
}

impl Data<'_> {
    pub(super) fn bytes(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.len() as u64).sum()
    }
}

impl<'a> Container<'a> {
    pub(super) fn read(file: &'a [u8]) -> Result<Self, RenderError> {
        let Some(mut meta) = Reader::new(file).find_in_file(*b"meta")? else {
            return Err(match Reader::new(file).find_in_file(*b"moov")? {
                Some(_) => RenderError::unsupported(FORMAT, "an image sequence"),
                None => RenderError::broken(FORMAT, "it has no picture"),
            });
        };
        meta.version_and_flags()?;
        let mut container = Self {
            file,
            inside: &[],
            primary: 0,
            kinds: Vec::new(),
            locations: Vec::new(),
            references: Vec::new(),
            properties: Vec::new(),
            associations: Vec::new(),
        };
        while let Some(IsoBox { kind, content }) = meta.next_box()? {
            match &kind {
                b"pitm" => container.read_primary(content)?,
                b"iinf" => container.read_kinds(content)?,
                b"iloc" => container.read_locations(content)?,
                b"iref" => container.read_references(content)?,
                b"iprp" => container.read_properties(content)?,
                b"idat" => container.inside = content.rest(),
                _ => {}
            }
        }
        container.kinds.sort_by_key(|(id, _)| *id);
        container.locations.sort_by_key(|(id, _)| *id);
        container.associations.sort_by_key(|(id, _)| *id);
        Ok(container)
    }

    fn read_primary(&mut self, mut content: Reader<'a>) -> Result<(), RenderError> {
        let (version, _) = content.version_and_flags()?;
        self.primary = content.id(version > 0)?;
        Ok(())
    }

    fn read_kinds(&mut self, mut content: Reader<'a>) -> Result<(), RenderError> {
        let (version, _) = content.version_and_flags()?;
        content.id(version > 0)?;
        while let Some(IsoBox { kind, mut content }) = content.next_box()? {
            let (version, _) = content.version_and_flags()?;
            // Earlier versions have no kind, and no picture has them.
            if &kind == b"infe" && version >= 2 {
                let id = content.id(version > 2)?;
                let _protection = content.u16()?;
                self.kinds.push((id, content.kind()?));
                bounded(self.kinds.len())?;
            }
        }
        Ok(())
    }

    fn read_locations(&mut self, mut content: Reader<'a>) -> Result<(), RenderError> {
        let (version, _) = content.version_and_flags()?;
        let sizes = content.u16()?;
        // Four bits each. No number has more than eight bytes.
        let size = |shift: u16| usize::from(sizes >> shift & 15).min(8);
        let (offset_bytes, length_bytes) = (size(12), size(8));
        let (base_bytes, index_bytes) = (size(4), if version > 0 { size(0) } else { 0 });
        let extent_bytes = index_bytes + offset_bytes + length_bytes;
        for _ in 0..content.id(version > 1)? {
            let id = content.id(version > 1)?;
            let method = if version > 0 { content.u16()? & 15 } else { 0 };
            let _data_reference = content.u16()?;
            let base = content.number(base_bytes)?;
            let count = content.u16()?;
            if extent_bytes == 0 && count > 1 {
                return Err(overlapping());
            }
            let extents = Reader::new(content.take(usize::from(count) * extent_bytes)?);
            let location =
                Location { method, base, offset_bytes, length_bytes, index_bytes, count, extents };
            self.locations.push((id, location));
            bounded(self.locations.len())?;
        }
        Ok(())
    }

    fn read_references(&mut self, mut content: Reader<'a>) -> Result<(), RenderError> {
        let (version, _) = content.version_and_flags()?;
        let is_wide = version > 0;
        while let Some(IsoBox { kind, mut content }) = content.next_box()? {
            let from = content.id(is_wide)?;
            let count = content.u16()?;
            self.references.push(Reference { kind, from, count, is_wide, targets: content });
            bounded(self.references.len())?;
        }
        Ok(())
    }

    fn read_properties(&mut self, mut content: Reader<'a>) -> Result<(), RenderError> {
        while let Some(IsoBox { kind, mut content }) = content.next_box()? {
            match &kind {
                b"ipco" => {
                    while let Some(property) = content.next_box()? {
                        self.properties.push(property);
                        bounded(self.properties.len())?;
                    }
                }
                b"ipma" => self.read_associations(content)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_associations(&mut self, mut content: Reader<'a>) -> Result<(), RenderError> {
        const WIDE_INDICES: u32 = 1;
        let (version, flags) = content.version_and_flags()?;
        let is_wide = flags & WIDE_INDICES != 0;
        for _ in 0..content.u32()? {
            let id = content.id(version > 0)?;
            let count = content.u8()?;
            let index_bytes = if is_wide { 2 } else { 1 };
            let indices = Reader::new(content.take(usize::from(count) * index_bytes)?);
            self.associations.push((id, Association { count, is_wide, indices }));
            bounded(self.associations.len())?;
        }
        Ok(())
    }

    pub(super) fn file_bytes(&self) -> u64 {
        self.file.len() as u64
    }

    /// What an item is.
    pub(super) fn kind(&self, id: u32) -> Result<Kind, RenderError> {
        find(&self.kinds, id).ok_or_else(|| missing(id))
    }

    /// An item of this kind, the one with the lowest number.
    pub(super) fn first_of(&self, kind: Kind) -> Option<u32> {
        self.kinds.iter().find(|(_, other)| *other == kind).map(|(id, _)| *id)
    }

    /// The items that one refers to in this way, in their order.
    pub(super) fn targets(&self, id: u32, kind: Kind) -> Result<Vec<u32>, RenderError> {
        let mut references = self.references.iter();
        let found = references.find(|reference| reference.from == id && reference.kind == kind);
        found.map_or(Ok(Vec::new()), Reference::read_targets)
    }

    /// The items that refer to one in this way.
    pub(super) fn sources(&self, id: u32, kind: Kind) -> Result<Vec<u32>, RenderError> {
        let mut sources = Vec::new();
        for reference in self.references.iter().filter(|reference| reference.kind == kind) {
            if reference.read_targets()?.contains(&id) {
                sources.push(reference.from);
            }
        }
        Ok(sources)
    }

    /// The properties of an item, in the order in which they apply.
    pub(super) fn properties(&self, id: u32) -> Result<Vec<Associated<'a>>, RenderError> {
        let Some(Association { count, is_wide, mut indices }) = find(&self.associations, id) else {
            return Ok(Vec::new());
        };
        let mut properties = Vec::with_capacity(count.into());
        for _ in 0..count {
            let (is_essential, index) = if is_wide {
                let value = indices.u16()?;
                (value >> 15 == 1, value & 0x7fff)
            } else {
                let value = indices.u8()?;
                (value >> 7 == 1, u16::from(value & 0x7f))
            };
            // Numbers begin with 1; 0 is no property.
            let Some(place) = usize::from(index).checked_sub(1) else { continue };
            let property = self.properties.get(place).copied().ok_or_else(|| {
                let message = format!("item {id} has a property {index} that is not there");
                RenderError::broken(FORMAT, message)
            })?;
            properties.push(Associated { index, is_essential, property });
        }
        Ok(properties)
    }

    /// The bytes of an item.
    pub(super) fn data(&self, id: u32) -> Result<Data<'a>, RenderError> {
        const IN_FILE: u16 = 0;
        const INSIDE: u16 = 1;
        let location = find(&self.locations, id).ok_or_else(|| missing(id))?;
        let place = match location.method {
            IN_FILE => self.file,
            INSIDE => self.inside,
            _ => return Err(RenderError::unsupported(FORMAT, "items made of other items")),
        };
        let mut extents = location.extents;
        let mut data = Data { pieces: Vec::new(), is_cut_off: false };
        let mut taken_bytes = 0;
        for _ in 0..location.count {
            extents.take(location.index_bytes)?;
            let offset = extents.number(location.offset_bytes)?.saturating_add(location.base);
            let length = extents.number(location.length_bytes)?;
            let start = usize::try_from(offset).unwrap_or(usize::MAX).min(place.len());
            let rest = place.get(start..).unwrap_or_default();
            // A length that is not stored, or is 0, means all that there is.
            let length = if length == 0 { rest.len() as u64 } else { length };
            let end = usize::try_from(length).unwrap_or(usize::MAX).min(rest.len());
            let piece = rest.get(..end).unwrap_or_default();
            data.pieces.push(piece);
            data.is_cut_off |= (piece.len() as u64) < length;
            // A piece that is not there takes time all the same.
            taken_bytes += piece.len().max(1) as u64;
            if taken_bytes > self.file_bytes() {
                return Err(overlapping());
            }
        }
        Ok(data)
    }
}

impl Reference<'_> {
    fn read_targets(&self) -> Result<Vec<u32>, RenderError> {
        let mut targets = self.targets;
        (0..self.count).map(|_| targets.id(self.is_wide)).collect()
    }
}

fn find<T: Copy>(sorted: &[(u32, T)], id: u32) -> Option<T> {
    let place = sorted.binary_search_by_key(&id, |(id, _)| *id).ok()?;
    sorted.get(place).map(|(_, found)| *found)
}

fn missing(id: u32) -> RenderError {
    RenderError::broken(FORMAT, format!("item {id} is not there"))
}

/// Why items that take more bytes than the file has are refused: with bytes that count twice, a small
/// file would take hours.
pub(super) fn overlapping() -> RenderError {
    RenderError::broken(FORMAT, "items take more bytes than there are")
}

fn bounded(count: usize) -> Result<(), RenderError> {
    if count > ITEMS_MAX {
        return Err(RenderError::broken(FORMAT, format!("it has more than {ITEMS_MAX} items")));
    }
    Ok(())
}
