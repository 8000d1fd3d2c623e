//! BMP: plain pixels by rows, run-length coded ones whole.
//!
//! The layout is that of Microsoft's documentation of `BITMAPINFOHEADER` and `BITMAPV5HEADER`.

use std::io::Cursor;

use image::{ColorType, ImageDecoder, codecs::bmp::BmpDecoder, metadata::Orientation};

use crate::{
    error::RenderError,
    geometry::pixel_count,
    header::{Header, SourceFormat},
    reduce::{Layout, Reducer},
    rows::{BoxedRows, Rows, read_whole},
};

const FORMAT: SourceFormat = SourceFormat::Bmp;

/// Two letters are little proof; the size of the header that follows is one of these few.
pub(crate) fn matches(bytes: &[u8]) -> bool {
    bytes.starts_with(b"BM")
        && matches!(bytes.get(14..18), Some([12 | 16 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]))
}

pub(crate) fn open(bytes: &[u8]) -> Result<BoxedRows<'_>, RenderError> {
    let refused = |error| RenderError::of_image(FORMAT, error);
    let decoder = BmpDecoder::new(Cursor::new(bytes)).map_err(refused)?;
    let (width, height) = decoder.dimensions();
    let layout = match decoder.color_type() {
        ColorType::L8 => Layout::Grey,
        ColorType::Rgb8 => Layout::Rgb,
        ColorType::Rgba8 => Layout::Rgba,
        colour => return Err(RenderError::unsupported(FORMAT, format!("{colour:?}"))),
    };
    let plain = Plain::read(bytes, (width, height)).filter(|_| layout == Layout::Rgb);
    let whole_bytes = pixel_count(width, height) * layout.channels() as u64;
    let header = Header {
        format: FORMAT,
        width,
        height,
        orientation: Orientation::NoTransforms,
        layout,
        whole_bytes: if plain.is_some() { 0 } else { whole_bytes },
        working_bytes: u64::from(width) * 8,
    };
    Ok(match plain {
        Some(plain) => Box::new(PlainBmp { header, plain }),
        None => Box::new(WholeBmp { header, bytes }),
    })
}

/// One whose rows lie in the file as they are.
struct PlainBmp<'a> {
    header: Header,
    plain: Plain<'a>,
}

impl Rows for PlainBmp<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn icc(&mut self) -> Option<Vec<u8>> {
        None
    }

    fn read(&mut self, reducer: &mut Reducer) -> Result<(), RenderError> {
        for row in 0..self.header.height as usize {
            let row = self.plain.row(row).ok_or_else(|| RenderError::ends_early(FORMAT))?;
            reducer.push_row(&row);
        }
        Ok(())
    }
}

/// Any other.
struct WholeBmp<'a> {
    header: Header,
    bytes: &'a [u8],
}

impl Rows for WholeBmp<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn icc(&mut self) -> Option<Vec<u8>> {
        None
    }

    fn read(&mut self, reducer: &mut Reducer) -> Result<(), RenderError> {
        let decoder = BmpDecoder::new(Cursor::new(self.bytes));
        let decoder = decoder.map_err(|error| RenderError::of_image(FORMAT, error))?;
        read_whole(decoder, &self.header, reducer)
    }
}

/// Opaque pixels of 24 or 32 bits, or of 1, 4 or 8 bits with a palette.
struct Plain<'a> {
    rows: &'a [u8],
    row_bytes: usize,
    width: usize,
    height: usize,
    from_the_top: bool,
    bits: u16,
    /// Blue, green and red of each index.
    palette: Vec<[u8; 3]>,
}

impl<'a> Plain<'a> {
    /// Nothing if the file is of another kind.
    fn read(bytes: &'a [u8], (width, height): (u32, u32)) -> Option<Self> {
        const FILE_HEADER: usize = 14;
        const INFO_HEADER: u32 = 40;
        const NO_COMPRESSION: u32 = 0;
        let number = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        let header_bytes = number(FILE_HEADER)?;
        if header_bytes < INFO_HEADER || number(30)? != NO_COMPRESSION {
            return None;
        }
        let bits = u16::from_le_bytes(*bytes.get(28..)?.first_chunk()?);
        let colours = match bits {
            1 | 4 | 8 => match number(46)? {
                0 => 1 << bits,
                used => used.min(1 << bits),
            },
            24 | 32 => 0,
            _ => return None,
        };
        let palette = bytes.get(FILE_HEADER + header_bytes as usize..)?;
        let palette = palette.as_chunks::<4>().0.iter().take(colours as usize);
        let row_bytes = usize::try_from((u64::from(width) * u64::from(bits)).div_ceil(32) * 4);
        Some(Self {
            rows: bytes.get(number(10)? as usize..)?,
            row_bytes: row_bytes.ok()?,
            width: width as usize,
            height: height as usize,
            // A negative height says so.
            from_the_top: number(22)? > i32::MAX as u32,
            bits,
            palette: palette.map(|&[blue, green, red, _]| [blue, green, red]).collect(),
        })
    }

    /// A row as RGB, or nothing if the file ends before it.
    fn row(&self, row: usize) -> Option<Vec<u8>> {
        let stored = if self.from_the_top { row } else { self.height - 1 - row };
        let start = stored.checked_mul(self.row_bytes)?;
        let stored = self.rows.get(start..)?.get(..self.row_bytes)?;
        let rgb = |&[blue, green, red]: &[u8; 3]| [red, green, blue];
        Some(match self.bits {
            24 => stored.as_chunks().0.iter().take(self.width).flat_map(rgb).collect(),
            32 => {
                let pixels = stored.as_chunks().0.iter().take(self.width);
                pixels.flat_map(|&[blue, green, red, _]| [red, green, blue]).collect()
            }
            bits => {
                let (per_byte, mask) = (8 / usize::from(bits), (1_u16 << bits) - 1);
                let index = |column: usize| {
                    let shift = 8 - usize::from(bits) * (column % per_byte + 1);
                    usize::from(u16::from(stored[column / per_byte]) >> shift & mask)
                };
                // What the palette does not define is black.
                let colour = |column| self.palette.get(index(column)).map_or([0; 3], rgb);
                (0..self.width).flat_map(colour).collect()
            }
        })
    }
}
