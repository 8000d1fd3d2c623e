//! Progressive JPEG from planes of YCbCr.
//!
//! One path: [`dct`] and [`quantisation`] turn samples into [`coefficients`], which keep only what is
//! not zero; each scan of the [`script`] is recorded by [`dc`] or [`ac`] as [`symbols`], for which
//! [`huffman`] then finds the best codes, and written through [`bits`]. [`markers`] frames it all.
//! [`smaller`] goes the same way with more thought: a [`trellis`] chooses what coefficients become,
//! by the [`rates`] of a first pass, and scans are tried.
//! Section and figure numbers in this folder are those of the standard, ITU-T T.81.
//!
//! Not here: reading pixels of any other kind than planes (but see [`colour`]), metadata, baseline
//! and arithmetic coding, restart intervals.

mod ac;
mod bits;
mod coefficients;
pub mod colour;
mod dc;
mod dct;
mod huffman;
mod markers;
mod quantisation;
mod rates;
mod script;
pub mod smaller;
mod symbols;
#[cfg(test)]
mod tests;
mod trellis;

use crate::Plane;

use coefficients::Coefficients;
use quantisation::Table;
use script::{Pass, Scan};
use symbols::Symbols;

/// What is encoded: full-range YCbCr as JFIF defines it, or grey.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// Brightness, in the picture's own size.
    pub luma: &'a Plane,
    /// Cb and Cr, each half as wide and half as high, rounded up; without them the file is grey.
    pub chroma: Option<[&'a Plane; 2]>,
}

/// Buffers that one encoder run leaves behind for the next, to spare allocations.
///
/// They never influence what is written.
#[derive(Debug, Default)]
pub struct Scratch {
    components: [Coefficients; 3],
    symbols: Symbols,
}

/// What is wrong with a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The sides of a JPEG are 1 to 65535.
    #[error("{width}x{height} cannot be a JPEG")]
    Size { width: u32, height: u32 },
    /// A plane has more or fewer samples than its sides say.
    #[error("a plane of {width}x{height} has {samples} samples")]
    Samples { width: u32, height: u32, samples: usize },
    /// A plane of chroma is not half as large as luma.
    #[error("chroma is {}x{} instead of {}x{}", found.0, found.1, wanted.0, wanted.1)]
    Chroma { found: (u32, u32), wanted: (u32, u32) },
}

/// Encodes a picture as progressive JPEG without metadata, in 4:2:0 if it has colour.
///
/// The quality, 1 to 100 (other values count as the nearest of these), means what it means in
/// libjpeg. [`smaller::encode`] makes smaller files that look the same.
pub fn encode(
    picture: &Picture<'_>,
    quality: u8,
    scratch: &mut Scratch,
) -> Result<Vec<u8>, EncodeError> {
    let size = checked_size(picture)?;
    let colourful = picture.chroma.is_some();
    let luma = Table::luma(quality);
    let chroma = Table::chroma(quality);

    scratch.components[0].fill(picture.luma, &luma);
    for (component, plane) in
        scratch.components[1..].iter_mut().zip(picture.chroma.iter().flatten())
    {
        component.fill(plane, &chroma);
    }

    let tables = [&luma, &chroma];
    let mut file = Vec::with_capacity(picture.luma.samples.len() / 4 + 1024);
    markers::start(&mut file, size, colourful, if colourful { &tables } else { &tables[..1] });
    let used = if colourful { 3 } else { 1 };
    for scan in if colourful { script::COLOUR } else { script::GREY } {
        write_scan(&mut file, scan, &scratch.components[..used], &mut scratch.symbols);
    }
    markers::end(&mut file);
    Ok(file)
}

fn write_scan(file: &mut Vec<u8>, scan: &Scan, components: &[Coefficients], symbols: &mut Symbols) {
    symbols.clear();
    match scan.pass {
        Pass::Dc => dc::send(components, symbols),
        Pass::AcFirst { component, band, low } => {
            ac::first(&components[component], band, low, symbols);
        }
        Pass::AcRefinement { component, band, low } => {
            ac::refinement(&components[component], band, low, symbols);
        }
    }
    symbols.write(file, scan, components.len());
}

/// The sides of a picture whose planes fit together.
fn checked_size(picture: &Picture<'_>) -> Result<(u16, u16), EncodeError> {
    let (width, height) = (picture.luma.width, picture.luma.height);
    let within = |length| u16::try_from(length).ok().filter(|&length| length > 0);
    let size = within(width).zip(within(height)).ok_or(EncodeError::Size { width, height })?;
    check_samples(picture.luma)?;
    for plane in picture.chroma.iter().flatten() {
        let found = (plane.width, plane.height);
        let wanted = (width.div_ceil(2), height.div_ceil(2));
        if found != wanted {
            return Err(EncodeError::Chroma { found, wanted });
        }
        check_samples(plane)?;
    }
    Ok(size)
}

fn check_samples(plane: &Plane) -> Result<(), EncodeError> {
    let (width, height, samples) = (plane.width, plane.height, plane.samples.len());
    if samples as u64 == u64::from(width) * u64::from(height) {
        Ok(())
    } else {
        Err(EncodeError::Samples { width, height, samples })
    }
}
