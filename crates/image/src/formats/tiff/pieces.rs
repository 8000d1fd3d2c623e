//! Strips, or rows of tiles, from which a picture is put together row by row.

use std::borrow::Cow;

use super::{
    FORMAT,
    directory::{Directory, Values},
    photo,
    picture::{self, Compression, Picture},
    predictor,
    samples::{Part, Unpacker},
    source::Source,
    subsampled::Subsampled,
};
use crate::{error::RenderError, geometry::pixel_count, reduce::Reducer};

/// Where the strips or tiles of a picture lie.
pub(super) struct Places<'a> {
    bytes: &'a [u8],
    starts: Values<'a>,
    lengths: Option<Values<'a>>,
    /// The tables that all of them share, if they are in JPEG.
    jpeg_tables: Option<&'a [u8]>,
}

impl<'a> Places<'a> {
    pub(super) fn read(
        bytes: &'a [u8],
        directory: &Directory<'a>,
        tiled: bool,
    ) -> Result<Self, RenderError> {
        const JPEG_TABLES: u16 = 347;
        // Tiles of old files lie where the tags for strips say.
        let (for_tiles, for_strips) = (picture::piece_tags(true), picture::piece_tags(false));
        let is_told = tiled && directory.has(for_tiles.0);
        let (starts, lengths) = if is_told { for_tiles } else { for_strips };
        let starts = directory.values(starts).ok_or_else(|| RenderError::ends_early(FORMAT))?;
        if directory.has(lengths) && directory.values(lengths).is_none() {
            return Err(RenderError::ends_early(FORMAT));
        }
        let lengths = directory.values(lengths);
        Ok(Self { bytes, starts, lengths, jpeg_tables: directory.bytes(JPEG_TABLES) })
    }

    /// The data of one strip or tile, as much as there is of it. Without a length it goes on to the end
    /// of the file, and its rows tell where to stop.
    fn data(&self, index: usize) -> Result<&'a [u8], RenderError> {
        let place = self.starts.get(index).and_then(|place| usize::try_from(place).ok());
        let data = place.and_then(|place| self.bytes.get(place..));
        let data = data.ok_or_else(|| RenderError::ends_early(FORMAT))?;
        let length = self.lengths.and_then(|lengths| lengths.get(index));
        let length = length.and_then(|length| usize::try_from(length).ok());
        Ok(length.and_then(|length| data.get(..length)).unwrap_or(data))
    }

    /// The longest data of any strip or tile.
    fn longest(&self) -> u64 {
        let all = self.bytes.len() as u64;
        let longest = self.lengths.and_then(|lengths| lengths.iter().max());
        longest.unwrap_or(all).min(all)
    }
}

/// Bytes that are held while a picture is read.
pub(super) fn working_bytes(picture: &Picture, places: &Places<'_>) -> u64 {
    let apart = if picture.planar { picture.channels().count() as u64 } else { 1 };
    let (columns, rows) = picture.piece;
    let stored_row = picture.row_bytes(columns);
    let sources = apart * Source::working_bytes(picture.compression, columns);
    let is_jpeg = picture.compression == Compression::Jpeg;
    let jpeg = if is_jpeg { photo::working_bytes(picture) } else { 0 };
    // Tiles are unpacked whole, as far as they show, and strips in JPEG as well.
    let across = picture.row_bytes(picture.width).saturating_add(u64::from(picture.pieces().0));
    let rows = if picture.tiled || is_jpeg { u64::from(rows.min(picture.height)) } else { 0 };
    let unpacked = across.saturating_mul(rows).saturating_mul(apart);
    // A row while it is unpacked, and rows that share chroma.
    let chroma_rows = picture.chroma_sampling().map_or(0, |(_, down)| u64::from(down));
    let reversed = if picture.reversed { apart.saturating_mul(places.longest()) } else { 0 };
    stored_row
        .saturating_mul(apart + chroma_rows)
        .saturating_add(sources)
        .saturating_add(jpeg)
        .saturating_add(unpacked)
        .saturating_add(reversed)
        .saturating_add(Unpacker::working_bytes(picture))
}

/// Pixels that a piece in JPEG may have: it may be padded to whole blocks.
pub(super) fn largest_jpeg((width, height): (u32, u32)) -> u64 {
    const BLOCKS: u32 = 32;
    pixel_count(width.saturating_add(BLOCKS), height.saturating_add(BLOCKS))
}

/// Writes every row that the reducer keeps.
pub(super) fn read(
    picture: &Picture,
    places: &Places<'_>,
    reducer: &mut Reducer,
) -> Result<(), RenderError> {
    let (_, down) = picture.pieces();
    for band in 0..down {
        let rows = picture.piece.1.min(picture.height - band * picture.piece.1);
        if reducer.useless_rows() >= rows {
            reducer.skip(rows);
            continue;
        }
        if reducer.is_complete() {
            break;
        }
        read_band(picture, places, (band, rows), reducer)?;
    }
    Ok(())
}

/// Reads a strip, or a row of tiles, of so many rows.
fn read_band(
    picture: &Picture,
    places: &Places<'_>,
    (band, rows): (u32, u32),
    reducer: &mut Reducer,
) -> Result<(), RenderError> {
    let (across, down) = picture.pieces();
    let apart: Vec<Option<u16>> =
        if picture.planar { picture.channels().map(Some).collect() } else { vec![None] };
    // Data in reverse lives as long as the band.
    let mut pieces = Vec::new();
    for column in 0..across {
        for &plane in &apart {
            let first_of_plane = pixel_count(across, down) * u64::from(plane.unwrap_or(0));
            let index = first_of_plane + pixel_count(across, band) + u64::from(column);
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            let data = places.data(index)?;
            let first = column * picture.piece.0;
            let columns = picture.piece.0.min(picture.width - first);
            pieces.push(Piece { data, plane, first, columns, rows });
        }
    }
    let mut rows_of = Vec::with_capacity(pieces.len());
    let reversed: Vec<Cow<'_, [u8]>> =
        pieces.iter().map(|piece| in_order(piece.data, picture)).collect();
    for (piece, data) in pieces.iter().zip(&reversed) {
        rows_of.push(piece.open(data, picture, places)?);
    }
    let plain = Unpacker::is_plain(picture) && pieces.len() == 1;
    let mut unpacker = Unpacker::new(picture);
    for _ in 0..rows {
        if reducer.is_complete() {
            break;
        }
        for (piece, source) in pieces.iter().zip(&mut rows_of) {
            let row = source.next(picture)?;
            if plain {
                reducer.push_row(row);
            } else {
                let (first, columns) = (piece.first as usize, piece.columns as usize);
                unpacker.unpack(&Part { first, columns, bytes: row, plane: piece.plane });
            }
        }
        if !plain {
            unpacker.push_to(reducer);
        }
    }
    Ok(())
}

/// A strip or tile, or one plane of it.
struct Piece<'a> {
    data: &'a [u8],
    plane: Option<u16>,
    /// Columns of the picture before it, and those of it that show.
    first: u32,
    columns: u32,
    rows: u32,
}

impl Piece<'_> {
    fn open<'d>(
        &self,
        data: &'d [u8],
        picture: &Picture,
        places: &Places<'_>,
    ) -> Result<RowsOf<'d>, RenderError> {
        let shown = usize::try_from(picture.row_bytes(self.columns)).unwrap_or(usize::MAX);
        if picture.compression == Compression::Jpeg {
            let bytes = photo::decode(data, places.jpeg_tables, picture, (shown, self.rows))?;
            return Ok(RowsOf::unpacked(bytes, shown));
        }
        let stored = usize::try_from(picture.row_bytes(picture.piece.0)).unwrap_or(usize::MAX);
        let source = Source::new(data, picture);
        let subsampled = picture.chroma_sampling().map(|it| Subsampled::new(it, picture.piece.0));
        let mut rows = RowsOf { source, subsampled, row: vec![0; stored], shown, predicted: true };
        if !picture.tiled {
            return Ok(rows);
        }
        // As far as it shows: any number of tiles may stand in a row, and each has a decoder.
        let mut bytes = Vec::with_capacity(shown * self.rows as usize);
        for _ in 0..self.rows {
            bytes.extend_from_slice(rows.next(picture)?);
        }
        Ok(RowsOf::unpacked(bytes, shown))
    }
}

/// The rows of a strip or tile, from the top.
struct RowsOf<'a> {
    source: Source<'a>,
    subsampled: Option<Subsampled>,
    row: Vec<u8>,
    /// Bytes of a row that show.
    shown: usize,
    /// Whether rows may be stored as differences.
    predicted: bool,
}

impl RowsOf<'_> {
    fn unpacked(bytes: Vec<u8>, shown: usize) -> Self {
        let source = Source::unpacked(bytes);
        Self { source, subsampled: None, row: vec![0; shown], shown, predicted: false }
    }

    fn next(&mut self, picture: &Picture) -> Result<&[u8], RenderError> {
        match &mut self.subsampled {
            Some(subsampled) => subsampled.next_row(&mut self.source, &mut self.row)?,
            None => self.source.read(&mut self.row)?,
        }
        if self.predicted {
            predictor::undo(&mut self.row, picture);
        }
        Ok(self.row.get(..self.shown).unwrap_or(&self.row))
    }
}

/// The data with the first pixel in the highest bit of each byte. JPEG knows no other order.
fn in_order<'a>(data: &'a [u8], picture: &Picture) -> Cow<'a, [u8]> {
    if picture.reversed && picture.compression != Compression::Jpeg {
        data.iter().map(|byte| byte.reverse_bits()).collect()
    } else {
        data.into()
    }
}
