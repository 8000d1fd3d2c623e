//! Who made a picture and who has the rights to it: the only metadata that a variant may keep.
//!
//! Read from EXIF and from the IPTC data of Photoshop, and written as an EXIF block that holds nothing
//! else.

mod iptc;

use std::borrow::Cow;

use crate::{
    formats::{heic, jpeg::segments, png, tiff, webp},
    header::SourceFormat,
};

/// Tags of EXIF 2.32, table 4.
const ARTIST: u16 = 0x013b;
const COPYRIGHT: u16 = 0x8298;

/// What is kept of an original's metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rights {
    artist: Option<String>,
    copyright: Option<String>,
}

impl Rights {
    /// Reads what an original says, if it says anything. EXIF has the first word.
    pub(crate) fn read(file: &[u8], format: SourceFormat) -> Option<Self> {
        let rights = match format {
            SourceFormat::Jpeg => {
                let resources = segments::photoshop(file);
                let iptc = iptc::in_resources(&resources).map(iptc::rights).unwrap_or_default();
                Self::of_exif(segments::exif(file)).or(iptc)
            }
            SourceFormat::Png => Self::of_exif(png::exif(file)),
            SourceFormat::Webp => Self::of_exif(webp::metadata::exif(file)),
            SourceFormat::Tiff => Self::of_tiff(file),
            SourceFormat::Heic => Self::of_exif(heic::exif(file).as_deref()),
            SourceFormat::Gif | SourceFormat::Bmp => Self::default(),
        };
        (rights != Self::default()).then_some(rights)
    }

    fn of_exif(exif: Option<&[u8]>) -> Self {
        // Many programs let the block begin as it does in a JPEG, whatever format it is in.
        let exif = exif.map(|exif| exif.strip_prefix(b"Exif\0\0").unwrap_or(exif));
        let text = |tag| exif.and_then(|exif| tiff::tag(exif, tag)).and_then(text);
        Self { artist: text(ARTIST), copyright: text(COPYRIGHT) }
    }

    /// A TIFF file is laid out like EXIF, and may hold the two others as tags (XMP specification, part
    /// 3, section 3.3.3).
    fn of_tiff(file: &[u8]) -> Self {
        const IPTC: u16 = 33_723;
        const PHOTOSHOP: u16 = 34_377;
        let resources = tiff::tag(file, PHOTOSHOP).and_then(iptc::in_resources);
        let iptc = [tiff::tag(file, IPTC), resources].map(|data| data.map(iptc::rights));
        let [tag, resources] = iptc.map(Option::unwrap_or_default);
        Self::of_exif(Some(file)).or(tag).or(resources)
    }

    /// What another source says where this one says nothing.
    fn or(self, other: Self) -> Self {
        Self { artist: self.artist.or(other.artist), copyright: self.copyright.or(other.copyright) }
    }

    /// An EXIF block with these texts and nothing else.
    pub(crate) fn exif(&self) -> Vec<u8> {
        const HEADER: &[u8] = b"II*\0\x08\0\0\0";
        const ENTRY_BYTES: usize = 12;
        const ASCII: u16 = 2;
        let texts = [(ARTIST, &self.artist), (COPYRIGHT, &self.copyright)];
        let texts = texts.into_iter().filter_map(|(tag, text)| Some((tag, text.as_ref()?)));
        let texts: Vec<_> = texts.collect();
        let mut values = Vec::new();
        let values_at = HEADER.len() + 2 + ENTRY_BYTES * texts.len() + 4;
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes();
        let mut block = HEADER.to_vec();
        block.extend(u16::try_from(texts.len()).unwrap_or_default().to_le_bytes());
        for (tag, text) in texts {
            let value = [text.as_bytes(), &[0]].concat();
            block.extend(tag.to_le_bytes());
            block.extend(ASCII.to_le_bytes());
            block.extend(number(value.len()));
            // What fits stands in place of the offset.
            if value.len() <= 4 {
                block.extend(value.iter().copied().chain([0; 4]).take(4));
            } else {
                block.extend(number(values_at + values.len()));
                values.extend(value);
            }
        }
        block.extend([0; 4]);
        block.extend(values);
        block
    }
}

/// The longest text that is kept, in bytes.
const TEXT_MAX: usize = 1024;

/// A text as it is kept: without control characters, and cut to a decent length. Parts that zeros
/// separate, such as the rights of photographer and editor, are joined.
fn text(bytes: &[u8]) -> Option<String> {
    // Enough for the longest text, whatever of it is dropped.
    let bytes = bytes.get(..4 * TEXT_MAX).unwrap_or(bytes);
    let characters = characters(bytes);
    let parts = characters.split('\0').map(|part| {
        let visible: String = part.chars().filter(|it| !it.is_control()).collect();
        visible.trim().to_owned()
    });
    let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
    let mut text = parts.join("; ");
    text.truncate(text.floor_char_boundary(TEXT_MAX));
    (!text.is_empty()).then_some(text)
}

/// UTF-8, as most programs write it, or else Latin-1, as older ones do.
fn characters(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        // The last character is cut off.
        Err(error) if error.error_len().is_none() => {
            String::from_utf8_lossy(&bytes[..error.valid_up_to()])
        }
        Err(_) => bytes.iter().copied().map(char::from).collect::<String>().into(),
    }
}

#[cfg(test)]
mod tests;
