//! A strip or tile in JPEG, decoded whole.

use std::borrow::Cow;

use jpeg::outline::Outline;
use zune_jpeg::{
    JpegDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use super::{
    FORMAT,
    picture::{Colours, Picture},
    pieces::largest_jpeg,
};
use crate::{error::RenderError, geometry::pixel_count};

/// Bytes that decoding one takes: it exists twice.
pub(super) fn working_bytes(picture: &Picture) -> u64 {
    2 * largest_jpeg(picture.piece).saturating_mul(u64::from(picture.samples_together()))
}

/// As many rows as there are in the picture, of as many bytes.
///
/// What it announces is judged first, because its decoder believes it. Of a picture in YCbCr comes RGB;
/// any other is left as it is stored.
pub(super) fn decode(
    data: &[u8],
    tables: Option<&[u8]>,
    picture: &Picture,
    (row_bytes, rows): (usize, u32),
) -> Result<Vec<u8>, RenderError> {
    check(data, picture)?;
    let file = with_tables(data, tables);
    let options = DecoderOptions::default().set_strict_mode(false);
    let broken = |error: &dyn std::fmt::Debug| {
        RenderError::broken(FORMAT, format!("a JPEG inside: {error:?}"))
    };
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&file[..]), options);
    decoder.decode_headers().map_err(|error| broken(&error))?;
    let stored = decoder.input_colorspace().unwrap_or(ColorSpace::Unknown);
    let is_ycbcr = matches!(picture.colours, Colours::Ycbcr(..)) && stored == ColorSpace::YCbCr;
    let wanted = if is_ycbcr { ColorSpace::RGB } else { stored };
    decoder.set_options(options.jpeg_set_out_colorspace(wanted));
    let image = decoder.decode().map_err(|error| broken(&error))?;
    let size = decoder.dimensions().unwrap_or_default();
    let samples = usize::from(picture.samples_together());
    if image.len() != size.0 * size.1 * samples {
        return Err(RenderError::broken(FORMAT, "a JPEG inside has other channels"));
    }
    let shown = image.chunks_exact(size.0 * samples).take(rows as usize);
    let shown: Vec<u8> = shown.filter_map(|row| row.get(..row_bytes)).flatten().copied().collect();
    if shown.len() == row_bytes * rows as usize {
        Ok(shown)
    } else {
        Err(RenderError::broken(FORMAT, "a JPEG inside is too small"))
    }
}

fn check(data: &[u8], picture: &Picture) -> Result<(), RenderError> {
    let outline = Outline::read(data)
        .ok_or_else(|| RenderError::broken(FORMAT, "a strip or tile is not a JPEG"))?;
    let (width, height) = (u32::from(outline.width), u32::from(outline.height));
    if pixel_count(width, height) > largest_jpeg(picture.piece) || height == 0 {
        let (columns, rows) = picture.piece;
        let message = format!("a JPEG of {width}x{height} in a strip or tile of {columns}x{rows}");
        return Err(RenderError::broken(FORMAT, message));
    }
    if !outline.is_sequential() {
        return Err(RenderError::unsupported(FORMAT, "progressive JPEG inside"));
    }
    Ok(())
}

/// Tables that all strips or tiles share are a JPEG without a picture (TIFF technical note 2): its
/// beginning, as far as its end marker, stands for the beginning of each.
fn with_tables<'a>(data: &'a [u8], tables: Option<&[u8]>) -> Cow<'a, [u8]> {
    const START: [u8; 2] = [0xff, 0xd8];
    const END: [u8; 2] = [0xff, 0xd9];
    match (tables, data.strip_prefix(&START)) {
        (Some(tables), Some(data)) => {
            [tables.strip_suffix(&END).unwrap_or(tables), data].concat().into()
        }
        _ => data.into(),
    }
}
