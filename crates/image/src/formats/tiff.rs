//! TIFF by strips, or by rows of tiles, however large the picture is.

mod directory;
mod samples;

use std::io::Cursor;

use image::metadata::Orientation;
use jpeg::decoder;
use tiff::{
    ColorType, TiffError,
    decoder::{Decoder, Limits, TiffCodingUnit},
    tags::{CompressionMethod, Tag},
};

use self::{
    directory::Directory,
    samples::{Interpretation, Unpacker},
};
use crate::{
    error::RenderError,
    geometry::pixel_count,
    header::{Header, SourceFormat},
    reduce::Reducer,
    rows::{BoxedRows, Rows},
};

const FORMAT: SourceFormat = SourceFormat::Tiff;

type TiffDecoder<'a> = Decoder<Cursor<&'a [u8]>>;

pub(crate) fn matches(bytes: &[u8]) -> bool {
    [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"].iter().any(|magic| bytes.starts_with(*magic))
}

pub(crate) fn open(bytes: &[u8]) -> Result<BoxedRows<'_>, RenderError> {
    let directory = Directory::read(bytes).ok_or_else(|| RenderError::ends_early(FORMAT))?;
    if directory.claims_too_much() {
        return Err(refused(TiffError::LimitsExceeded));
    }
    let mut decoder = Decoder::new(Cursor::new(bytes)).map_err(refused)?;
    refuse_raw_photos(&mut decoder)?;
    let (width, height) = decoder.dimensions().map_err(refused)?;
    let interpretation = interpretation(&mut decoder)?;
    let pieces = Pieces::of(&mut decoder, (width, height), interpretation)?;
    let is_jpeg = compression(&mut decoder)? == CompressionMethod::ModernJPEG.to_u16();
    if is_jpeg {
        check_jpegs(&mut decoder, bytes, &pieces)?;
    }
    let mut limits = Limits::default();
    limits.intermediate_buffer_size = bytes.len();
    let mut decoder = decoder.with_limits(limits);
    let header = Header {
        format: FORMAT,
        width,
        height,
        orientation: orientation(&mut decoder),
        layout: interpretation.layout(),
        whole_bytes: 0,
        working_bytes: pieces.working_bytes(is_jpeg) + directory.working_bytes(),
    };
    Ok(Box::new(Tiff { header, decoder, pieces, interpretation, icc: directory.icc() }))
}

/// Raw photos of many cameras are TIFF files whose first picture is only a thumbnail.
fn refuse_raw_photos(decoder: &mut TiffDecoder<'_>) -> Result<(), RenderError> {
    const DNG_VERSION: Tag = Tag::Unknown(0xc612);
    const REDUCED_RESOLUTION: u32 = 1;
    let kind = decoder.find_tag_unsigned::<u32>(Tag::NewSubfileType).ok().flatten();
    let reduced = kind.is_some_and(|kind| kind & REDUCED_RESOLUTION != 0);
    if reduced || decoder.find_tag(DNG_VERSION).ok().flatten().is_some() {
        return Err(RenderError::Unsupported("camera raw".to_owned()));
    }
    Ok(())
}

fn compression(decoder: &mut TiffDecoder<'_>) -> Result<u16, RenderError> {
    const NONE: u16 = 1;
    Ok(decoder.find_tag_unsigned(Tag::Compression).map_err(refused)?.unwrap_or(NONE))
}

fn interpretation(decoder: &mut TiffDecoder<'_>) -> Result<Interpretation, RenderError> {
    const FLOATING_POINT: u16 = 3;
    const PREMULTIPLIED: u16 = 1;
    let colours = decoder.colortype().map_err(refused)?;
    let formats: Option<Vec<u16>> =
        decoder.find_tag_unsigned_vec(Tag::SampleFormat).map_err(refused)?;
    let extra: Option<Vec<u16>> =
        decoder.find_tag_unsigned_vec(Tag::ExtraSamples).map_err(refused)?;
    let format = formats.and_then(|formats| formats.first().copied()).unwrap_or(1);
    let premultiplied =
        extra.and_then(|extra| extra.first().copied()).is_some_and(|kind| kind == PREMULTIPLIED);
    Interpretation::new(colours, format == FLOATING_POINT, premultiplied)
        .filter(|_| matches!(format, 1 | FLOATING_POINT))
        .ok_or_else(|| RenderError::unsupported(FORMAT, describe(colours)))
}

fn describe(colours: ColorType) -> String {
    format!("{colours:?}")
}

fn orientation(decoder: &mut TiffDecoder<'_>) -> Orientation {
    let tag = decoder.find_tag_unsigned::<u8>(Tag::Orientation).ok().flatten();
    tag.and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms)
}

/// The strips or tiles that a picture is stored in. A strip is a tile as wide as the picture.
struct Pieces {
    size: (u32, u32),
    /// Columns and rows of each but the last.
    piece: (u32, u32),
    across: u32,
    down: u32,
    /// Bits of a pixel, all planes together.
    pixel_bits: u64,
    /// The same with channels that are stored but not read.
    stored_bits: u64,
}

impl Pieces {
    fn of(
        decoder: &mut TiffDecoder<'_>,
        size: (u32, u32),
        samples: Interpretation,
    ) -> Result<Self, RenderError> {
        // Rows of a strip may be any number that says "all of them".
        let (width, rows) = decoder.chunk_dimensions();
        let piece = (width.max(1), rows.clamp(1, size.1.max(1)));
        let stored: Option<u16> =
            decoder.find_tag_unsigned(Tag::SamplesPerPixel).map_err(refused)?;
        Ok(Self {
            size,
            piece,
            across: size.0.div_ceil(piece.0),
            down: size.1.div_ceil(piece.1),
            pixel_bits: samples.pixel_bits(),
            stored_bits: samples.sample_bits() * u64::from(stored.unwrap_or(1)),
        })
    }

    /// A row of pieces as they are decoded, a row of samples, and a row of one piece as it is stored,
    /// which may be far wider than the picture. A piece in JPEG exists twice.
    fn working_bytes(&self, is_jpeg: bool) -> u64 {
        let (width, rows) = (u64::from(self.size.0), u64::from(self.piece.1));
        let row_bytes = (width * self.pixel_bits).div_ceil(8);
        let jpeg_bits =
            if is_jpeg { largest_jpeg(self.piece).saturating_mul(self.pixel_bits) } else { 0 };
        let samples_bytes = 2 * width * self.pixel_bits.max(8);
        let stored_bytes = u64::from(self.piece.0).saturating_mul(self.stored_bits).div_ceil(8);
        row_bytes
            .saturating_mul(rows)
            .saturating_add(jpeg_bits / 4)
            .saturating_add(samples_bytes)
            .saturating_add(stored_bytes)
    }
}

/// Pixels that a piece in JPEG may have: it may be padded to whole blocks.
fn largest_jpeg((width, height): (u32, u32)) -> u64 {
    const BLOCKS: u32 = 32;
    pixel_count(width.saturating_add(BLOCKS), height.saturating_add(BLOCKS))
}

/// A JPEG inside announces a size of its own, which its decoder believes.
fn check_jpegs(
    decoder: &mut TiffDecoder<'_>,
    bytes: &[u8],
    pieces: &Pieces,
) -> Result<(), RenderError> {
    let mut places = |strips, tiles| match decoder.find_tag_unsigned_vec::<u64>(strips) {
        Ok(Some(values)) => Ok(values),
        _ => decoder.find_tag_unsigned_vec(tiles).map(Option::unwrap_or_default).map_err(refused),
    };
    let offsets = places(Tag::StripOffsets, Tag::TileOffsets)?;
    let lengths = places(Tag::StripByteCounts, Tag::TileByteCounts)?;
    for (offset, length) in offsets.into_iter().zip(lengths) {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
        let piece = bytes.get(start..end.min(bytes.len())).unwrap_or_default();
        let header = decoder::read_header(piece)
            .map_err(|_| RenderError::broken(FORMAT, "a strip or tile is not a JPEG"))?;
        if pixel_count(header.width, header.height) > largest_jpeg(pieces.piece) {
            let message = format!(
                "a JPEG of {}x{} in a strip or tile of {}x{}",
                header.width, header.height, pieces.piece.0, pieces.piece.1
            );
            return Err(RenderError::broken(FORMAT, message));
        }
        if !header.is_one_scan() {
            return Err(RenderError::unsupported(FORMAT, "progressive JPEG inside"));
        }
    }
    Ok(())
}

struct Tiff<'a> {
    header: Header,
    decoder: TiffDecoder<'a>,
    pieces: Pieces,
    interpretation: Interpretation,
    icc: Option<&'a [u8]>,
}

impl Rows for Tiff<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn icc(&mut self) -> Option<Vec<u8>> {
        self.icc.map(<[u8]>::to_vec)
    }

    fn read(&mut self, reducer: &mut Reducer) -> Result<(), RenderError> {
        let width = self.header.width as usize;
        let mut unpacker = Unpacker::new(self.interpretation, width);
        for row_of_pieces in 0..self.pieces.down {
            let pieces = self.read_pieces(row_of_pieces)?;
            let rows = pieces.first().map_or(0, |piece| piece.rows);
            for row in 0..rows {
                let mut column = 0;
                for piece in &pieces {
                    unpacker.unpack(column, piece.columns, piece.planes_of_row(row));
                    column += piece.columns;
                }
                unpacker.push_to(reducer);
            }
        }
        Ok(())
    }
}

impl Tiff<'_> {
    fn read_pieces(&mut self, row: u32) -> Result<Vec<Piece>, RenderError> {
        (0..self.pieces.across)
            .map(|column| self.read_piece(row * self.pieces.across + column))
            .collect()
    }

    fn read_piece(&mut self, index: u32) -> Result<Piece, RenderError> {
        let unit = TiffCodingUnit(index);
        let layout = self.decoder.image_coding_unit_layout(unit).map_err(refused)?;
        let (columns, rows) = self.decoder.chunk_data_dimensions(index);
        let mut bytes = vec![0; layout.complete_len];
        self.decoder.read_coding_unit_bytes(unit, &mut bytes).map_err(refused)?;
        Ok(Piece {
            columns: columns as usize,
            rows: rows as usize,
            row_bytes: layout.row_stride.map_or(0, Into::into),
            plane_bytes: layout.plane_stride.map_or(usize::MAX, Into::into),
            bytes,
        })
    }
}

/// A decoded strip or tile, without what is stored beyond the edges of the picture.
struct Piece {
    columns: usize,
    rows: usize,
    row_bytes: usize,
    plane_bytes: usize,
    bytes: Vec<u8>,
}

impl Piece {
    /// The same row of each plane; there is one if samples are interleaved.
    fn planes_of_row(&self, row: usize) -> impl Iterator<Item = &[u8]> {
        let planes = self.bytes.chunks(self.plane_bytes.max(1));
        planes.map(move |plane| plane.chunks(self.row_bytes.max(1)).nth(row).unwrap_or_default())
    }
}

fn refused(error: TiffError) -> RenderError {
    match error {
        TiffError::IoError(error) => RenderError::unreadable(FORMAT, &error),
        TiffError::UnsupportedError(error) => RenderError::unsupported(FORMAT, error),
        TiffError::LimitsExceeded => {
            RenderError::broken(FORMAT, "a value in it is larger than any use of it")
        }
        error => RenderError::broken(FORMAT, error.to_string()),
    }
}
