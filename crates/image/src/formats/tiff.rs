//! TIFF: strips by rows, tiles by rows of them, however large the picture is.

mod directory;
mod fax;
mod lzw;
mod photo;
mod picture;
mod pieces;
mod predictor;
mod samples;
mod source;
mod subsampled;

use image::metadata::Orientation;

use self::{directory::Directory, picture::Picture, pieces::Places};
use crate::{
    colour,
    error::RenderError,
    geometry::pixel_count,
    header::{Header, SourceFormat},
    reduce::Reducer,
    rows::{BoxedRows, Rows},
};

const FORMAT: SourceFormat = SourceFormat::Tiff;

pub(crate) fn matches(bytes: &[u8]) -> bool {
    [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"].iter().any(|magic| bytes.starts_with(*magic))
}

pub(crate) fn open(bytes: &[u8]) -> Result<BoxedRows<'_>, RenderError> {
    const ORIENTATION: u16 = 274;
    const ICC_PROFILE: u16 = 34_675;
    let directory = page(bytes)?;
    let picture = Picture::read(&directory)?;
    let places = Places::read(bytes, &directory, picture.tiled)?;
    let orientation = directory.number(ORIENTATION).and_then(|tag| u8::try_from(tag).ok());
    let icc = directory.bytes(ICC_PROFILE).filter(|icc| icc.len() <= colour::LARGEST_PROFILE);
    let header = Header {
        format: FORMAT,
        width: picture.width,
        height: picture.height,
        orientation: orientation
            .and_then(Orientation::from_exif)
            .unwrap_or(Orientation::NoTransforms),
        layout: picture.layout(),
        whole_bytes: 0,
        working_bytes: pieces::working_bytes(&picture, &places),
    };
    Ok(Box::new(Tiff { header, picture, places, icc }))
}

/// The page that is shown: the first that is no reduced version of another, or else the largest.
///
/// Raw photos of many cameras are TIFF files, too: what is reduced in those is all that can be shown,
/// and whatever it was made from is beside the pages, or in the colours of the sensor.
fn page(bytes: &[u8]) -> Result<Directory<'_>, RenderError> {
    /// Nothing says how many there may be; a circle of pages must end.
    const MOST_PAGES: usize = 1000;
    let first = Directory::first(bytes).ok_or_else(|| RenderError::ends_early(FORMAT))?;
    let pages = || std::iter::successors(Some(first), Directory::next).take(MOST_PAGES);
    let shown = pages().find(|page| !is_reduced(page));
    if pages().any(|page| is_raw(&page)) || (shown.is_none() && first.has(SUB_DIRECTORIES)) {
        return Err(RenderError::Unsupported("camera raw".to_owned()));
    }
    let largest = || pages().max_by_key(pixels);
    Ok(shown.or_else(largest).unwrap_or(first))
}

const SUB_DIRECTORIES: u16 = 330;

/// TIFF 6.0, section 8; the older tag is deprecated there.
fn is_reduced(page: &Directory<'_>) -> bool {
    const NEW_SUBFILE_TYPE: u16 = 254;
    const SUBFILE_TYPE: u16 = 255;
    const REDUCED_BIT: u64 = 1;
    const REDUCED: u64 = 2;
    page.number(NEW_SUBFILE_TYPE).is_some_and(|kind| kind & REDUCED_BIT != 0)
        || page.number(SUBFILE_TYPE) == Some(REDUCED)
}

/// DNG 1.7, chapter 4, and what TIFF/EP calls a colour filter array.
fn is_raw(page: &Directory<'_>) -> bool {
    const DNG_VERSION: u16 = 50_706;
    const INTERPRETATION: u16 = 262;
    const COLOUR_FILTER_ARRAY: u64 = 32_803;
    const LINEAR_RAW: u64 = 34_892;
    page.has(DNG_VERSION)
        || matches!(page.number(INTERPRETATION), Some(COLOUR_FILTER_ARRAY | LINEAR_RAW))
}

fn pixels(page: &Directory<'_>) -> u64 {
    const SIDES: [u16; 2] = [256, 257];
    let [width, height] = SIDES.map(|side| {
        page.number(side).and_then(|side| u32::try_from(side).ok()).unwrap_or_default()
    });
    pixel_count(width, height)
}

/// The bytes of a tag of the first directory, of a file or of an EXIF block, which is laid out like one.
pub(crate) fn tag(bytes: &[u8], tag: u16) -> Option<&[u8]> {
    Directory::first(bytes)?.bytes(tag)
}

struct Tiff<'a> {
    header: Header,
    picture: Picture,
    places: Places<'a>,
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
        pieces::read(&self.picture, &self.places, reducer)
    }
}
