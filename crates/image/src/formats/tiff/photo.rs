//! A strip or tile in JPEG, decoded whole.

use std::{borrow::Cow, fmt::Display};

use jpeg::decoder::{self, Model, Request, Scratch};

use super::{
    FORMAT,
    picture::{Colours, Picture},
    pieces::largest_jpeg,
};
use crate::{
    colour::rgb_of_ycbcr, error::RenderError, formats::jpeg::photo::aligned, geometry::pixel_count,
};

/// Bytes that decoding one takes: it exists twice.
pub(super) fn working_bytes(picture: &Picture) -> u64 {
    2 * largest_jpeg(picture.piece).saturating_mul(u64::from(picture.samples_together()))
}

/// As many rows as there are in the picture, of as many bytes.
///
/// Of a picture in YCbCr comes RGB; any other is left as it is stored.
pub(super) fn decode(
    data: &[u8],
    tables: Option<&[u8]>,
    picture: &Picture,
    (row_bytes, rows): (usize, u32),
) -> Result<Vec<u8>, RenderError> {
    let file = with_tables(data, tables);
    let stored = decoder::read_header(&file).map_err(broken)?;
    check(&stored, picture)?;
    let (width, height) = (stored.width, stored.height);
    let request = Request { luma_density: 1.0, chroma_density: 1.0, rows: 0..height };
    let plan = decoder::plan(&stored, &request).map_err(broken)?;
    let decoded = decoder::decode(&file, &plan, &mut Scratch::default()).map_err(broken)?;
    if decoded.damage.is_some() {
        return Err(broken("it is damaged"));
    }
    let samples = usize::from(picture.samples_together());
    if decoded.components.len() != samples {
        return Err(broken("it has other channels"));
    }
    let planes = aligned(decoded.components, (width, height));
    let mut image = vec![0; planes.iter().map(Vec::len).sum()];
    for (channel, plane) in planes.iter().enumerate() {
        let stored = image.iter_mut().skip(channel).step_by(samples);
        for (stored, sample) in stored.zip(plane) {
            *stored = *sample;
        }
    }
    if matches!(picture.colours, Colours::Ycbcr(..)) && stored.model == Model::YCbCr {
        for pixel in image.as_chunks_mut().0 {
            *pixel = rgb_of_ycbcr(*pixel);
        }
    }
    let shown = image.chunks_exact(width as usize * samples).take(rows as usize);
    let shown: Vec<u8> = shown.filter_map(|row| row.get(..row_bytes)).flatten().copied().collect();
    if shown.len() == row_bytes * rows as usize {
        Ok(shown)
    } else {
        Err(broken("it is too small"))
    }
}

fn broken(what: impl Display) -> RenderError {
    RenderError::broken(FORMAT, format!("a JPEG inside: {what}"))
}

/// It announces a size of its own, which decides what its decoder takes.
fn check(stored: &decoder::Header, picture: &Picture) -> Result<(), RenderError> {
    let (width, height) = (stored.width, stored.height);
    if pixel_count(width, height) > largest_jpeg(picture.piece) {
        let (columns, rows) = picture.piece;
        let message = format!("a JPEG of {width}x{height} in a strip or tile of {columns}x{rows}");
        return Err(RenderError::broken(FORMAT, message));
    }
    if !stored.is_one_scan() {
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
