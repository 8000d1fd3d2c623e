//! What the properties of an item say of its picture (ISO/IEC 23008-12, section 6.5).

use super::{
    FORMAT,
    boxes::{IsoBox, Reader},
    colours::Description,
    container::{Associated, Container},
    hevc::Parameters,
    turns::{Aperture, Axis, Turn},
};
use crate::error::RenderError;

/// What is known of an item before its bytes are looked at.
#[derive(Debug, Default)]
pub(super) struct Properties<'a> {
    /// Columns and rows before it is turned.
    pub(super) size: Option<(u32, u32)>,
    /// How its bytes are to be decoded, and the number by which other items share that.
    pub(super) parameters: Option<(u16, Parameters<'a>)>,
    /// What is done to the picture, in this order.
    pub(super) turns: Vec<Turn>,
    pub(super) colours: Option<Description>,
    pub(super) icc: Option<&'a [u8]>,
    /// What an auxiliary picture is for.
    pub(super) purpose: Option<&'a [u8]>,
}

impl<'a> Properties<'a> {
    pub(super) fn read(container: &Container<'a>, id: u32) -> Result<Self, RenderError> {
        let mut properties = Self::default();
        for associated in container.properties(id)? {
            properties.take(associated)?;
        }
        Ok(properties)
    }

    fn take(&mut self, associated: Associated<'a>) -> Result<(), RenderError> {
        let Associated { index, is_essential, property: IsoBox { kind, mut content } } = associated;
        match &kind {
            b"ispe" => {
                content.version_and_flags()?;
                self.size = Some((content.u32()?, content.u32()?));
            }
            b"hvcC" => self.parameters = Some((index, Parameters::read(content)?)),
            b"irot" => self.turns.push(Turn::Anticlockwise(content.u8()? & 3)),
            b"imir" => {
                let axis = if content.u8()? & 1 == 0 { Axis::TopAndBottom } else { Axis::Sides };
                self.turns.push(Turn::Mirror(axis));
            }
            b"clap" => self.turns.push(Turn::Crop(aperture(content)?)),
            b"colr" => self.take_colours(content)?,
            b"auxC" => {
                content.version_and_flags()?;
                // Text that ends with a zero byte.
                self.purpose = content.rest().split(|&byte| byte == 0).next();
            }
            _ if is_essential && !is_only_described(kind) => {
                return Err(RenderError::unsupported(FORMAT, kind.escape_ascii()));
            }
            _ => {}
        }
        Ok(())
    }

    fn take_colours(&mut self, mut content: Reader<'a>) -> Result<(), RenderError> {
        const FULL_RANGE: u8 = 1 << 7;
        match &content.kind()? {
            b"nclx" => {
                let (primaries, transfer) = (content.u16()?, content.u16()?);
                let matrix = content.u16()?;
                // A byte that is missing says nothing.
                let is_full_range = content.u8().unwrap_or_default() & FULL_RANGE != 0;
                self.colours = Some(Description { primaries, transfer, matrix, is_full_range });
            }
            b"prof" | b"rICC" => self.icc = Some(content.rest()),
            _ => {}
        }
        Ok(())
    }

    /// Whether it says how opaque another picture is.
    pub(super) fn is_alpha(&self) -> bool {
        // ISO/IEC 23008-12, sections 6.5.8 and 6.6.2.1.1; for HEVC the former is the older name.
        const ALPHA: [&[u8]; 2] =
            [b"urn:mpeg:hevc:2015:auxid:1", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"];
        self.purpose.is_some_and(|purpose| ALPHA.contains(&purpose))
    }
}

/// Properties that change no pixel: depth, aspect of a pixel, brightness of the screen that it was made
/// on, and the like.
fn is_only_described(kind: [u8; 4]) -> bool {
    const DESCRIBED: [&[u8; 4]; 8] =
        [b"pixi", b"pasp", b"clli", b"mdcv", b"cclv", b"amve", b"udes", b"altt"];
    DESCRIBED.contains(&&kind)
}

fn aperture(mut content: Reader<'_>) -> Result<Aperture, RenderError> {
    let mut next = || -> Result<(u32, u32), RenderError> { Ok((content.u32()?, content.u32()?)) };
    let positive = |(number, divisor): (u32, u32)| f64::from(number) / f64::from(divisor);
    let signed =
        |(number, divisor): (u32, u32)| f64::from(number.cast_signed()) / f64::from(divisor);
    Ok(Aperture {
        width: positive(next()?),
        height: positive(next()?),
        right: signed(next()?),
        down: signed(next()?),
    })
}
