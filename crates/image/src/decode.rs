//! Bytes to a picture in memory: the header first, then the rows.
//!
//! Orientation and colour profile are handed on as values: both are cheaper to apply to a small
//! variant than to a large original. Only inks become colours here, so that no later stage has to
//! know of them. No metadata goes any further than this module.

use contract::settings::Variant;
use jpeg::decoder::Scratch;

use crate::{
    colour::{self, Correction},
    damage::Damage,
    error::RenderError,
    formats::{self, jpeg::photo::Photo, webp::photo::Photo as WebpPhoto},
    geometry,
    header::Header,
    picture::Picture,
    reduce::{self, Reduced, Reducer},
    resize::Source,
    rows::BoxedRows,
};

/// A file whose header is read and whose pixels are not.
pub(crate) enum Unread<'a> {
    /// A photo that will be decoded in planes.
    Planes(Box<Photo<'a>>),
    /// The same, in a WebP.
    WebpPlanes(Box<WebpPhoto<'a>>),
    Rows(BoxedRows<'a>),
}

/// An original in memory.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// The picture, as fine as its variants need.
    pub(crate) picture: Picture,
    /// The way from its colours to sRGB, if they are others.
    pub(crate) correction: Option<Correction>,
    /// What is wrong with the picture.
    pub(crate) damage: Option<Damage>,
}

/// Width and height of the upright image, read from its header only.
pub fn dimensions(bytes: &[u8]) -> Result<(u32, u32), RenderError> {
    Ok(Unread::open(bytes, &[])?.header().upright())
}

impl<'a> Unread<'a> {
    /// Reads the header, by the decoder that will make these variants.
    pub(crate) fn open(bytes: &'a [u8], variants: &[Variant]) -> Result<Self, RenderError> {
        if let Some(photo) = Photo::open(bytes, variants) {
            return Ok(Self::Planes(Box::new(photo)));
        }
        if let Some(photo) = WebpPhoto::open(bytes, variants) {
            return Ok(Self::WebpPlanes(Box::new(photo)));
        }
        formats::open(bytes).map(Self::Rows)
    }

    pub(crate) fn header(&self) -> &Header {
        match self {
            Self::Planes(photo) => &photo.header,
            Self::WebpPlanes(photo) => &photo.header,
            Self::Rows(rows) => rows.header(),
        }
    }

    /// Decodes as much as these variants need.
    pub(crate) fn decode(
        self,
        variants: &[Variant],
        scratch: &mut Scratch,
    ) -> Result<Decoded, RenderError> {
        match self {
            Self::Planes(mut photo) => {
                let correction = photo.correction.take();
                let (planar, damage) = photo.read(scratch)?;
                Ok(Decoded { picture: Picture::Planes(planar), correction, damage })
            }
            Self::WebpPlanes(mut photo) => {
                let correction = photo.correction.take();
                let picture = Picture::Planes(photo.read()?);
                Ok(Decoded { picture, correction, damage: None })
            }
            Self::Rows(rows) => decode_rows(rows, variants),
        }
    }
}

fn decode_rows(mut original: BoxedRows<'_>, variants: &[Variant]) -> Result<Decoded, RenderError> {
    let header = original.header().clone();
    let factor = reduce::factor(geometry::needed_density(header.upright(), variants));
    let rows = geometry::needed_rows(&header.grid(1), variants);
    let mut reducer =
        Reducer::new(header.layout, (header.width, header.height), factor).keeping(&rows);
    original.read(&mut reducer)?;
    if !reducer.is_complete() {
        return Err(RenderError::ends_early(header.format));
    }
    let icc = original.icc().filter(|icc| colour::fits(icc, header.layout));
    let (channels, icc) = match reducer.finish() {
        Reduced::Colours(colours) => (colours, icc),
        Reduced::Inks(inks) => (colour::inks_to_srgb(inks, icc.as_deref()), None),
    };
    let correction = icc.and_then(|icc| Correction::from_icc(&icc, channels.alpha));
    let picture = Picture::Pixels(Source::new(channels, header.grid(factor)));
    Ok(Decoded { picture, correction, damage: original.damage() })
}
