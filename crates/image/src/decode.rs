//! Bytes to a picture in memory: the header first, then the rows.
//!
//! Orientation and colour profile are handed on as values: both are cheaper to apply to a small
//! variant than to a large original. Only inks become colours here, so that no later stage has to
//! know of them. No metadata goes any further than this module.

use jpeg::decoder::Scratch;

use crate::{
    colour::{self, Correction},
    damage::Damage,
    error::RenderError,
    formats::{self, jpeg::photo::Photo, webp::photo::Photo as WebpPhoto},
    geometry,
    header::Header,
    limits::Limits,
    order::Order,
    picture::Picture,
    reduce::{self, Reduced, Reducer},
    resize::Source,
    rows::BoxedRows,
};

/// A file whose header is read and whose pixels are not.
pub(crate) enum Unread<'a> {
    Jpeg(Box<Photo<'a>>),
    /// A photo in planes, as a JPEG is.
    Webp(Box<WebpPhoto<'a>>),
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
    Ok(Unread::open(bytes, Order::of(&[]))?.header().upright())
}

impl<'a> Unread<'a> {
    /// Reads the header, for this order.
    pub(crate) fn open(bytes: &'a [u8], order: Order<'_>) -> Result<Self, RenderError> {
        formats::open(bytes, order)
    }

    pub(crate) fn header(&self) -> &Header {
        match self {
            Self::Jpeg(photo) => &photo.header,
            Self::Webp(photo) => &photo.header,
            Self::Rows(rows) => rows.header(),
        }
    }

    /// Refuses what could not be decoded and made as ordered; otherwise tells the bytes that
    /// this takes at its peak, the file included.
    pub(crate) fn check(
        &self,
        limits: &Limits,
        file_bytes: u64,
        order: Order<'_>,
    ) -> Result<u64, RenderError> {
        match self {
            Self::Jpeg(photo) => {
                limits.check_shrunk(&photo.header, &photo.shrunk, file_bytes, order)
            }
            Self::Webp(_) | Self::Rows(_) => limits.check_image(self.header(), file_bytes, order),
        }
    }

    /// Decodes as much as the order needs.
    pub(crate) fn decode(
        self,
        order: Order<'_>,
        scratch: &mut Scratch,
    ) -> Result<Decoded, RenderError> {
        match self {
            Self::Jpeg(photo) => photo.read(scratch),
            Self::Webp(photo) => photo.read(),
            Self::Rows(rows) => decode_rows(rows, order),
        }
    }
}

fn decode_rows(mut original: BoxedRows<'_>, order: Order<'_>) -> Result<Decoded, RenderError> {
    let header = original.header().clone();
    let factor = reduce::factor(geometry::needed_density(header.upright(), order));
    let rows = geometry::needed_rows(&header.grid(1), order);
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
