//! One module for each format: told by its bytes, opened, read and written.
//!
//! What a file is its first bytes say, and never its name. Formats that people do upload but that are
//! not read here are recognised too, because "AVIF is not supported" helps and "not an image" does
//! not.

pub(crate) mod avif;
mod bmp;
mod foreign;
pub(crate) mod gif;
pub(crate) mod heic;
pub(crate) mod jpeg;
pub(crate) mod png;
pub(crate) mod tiff;
pub(crate) mod webp;

use crate::{
    decode::Unread,
    error::RenderError,
    header::{Header, SourceFormat},
    order::Order,
};
use jpeg::photo::Photo;

/// What the first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sniffed {
    /// A format that can be read.
    Image(SourceFormat),
    /// A format that is known by this name, but not read.
    Unsupported(&'static str),
    /// Nothing that looks like an image.
    Unknown,
}

/// Recognises a file by its content.
pub fn sniff(bytes: &[u8]) -> Sniffed {
    if let Some(name) = foreign::raw_photo(bytes) {
        return Sniffed::Unsupported(name);
    }
    if let Some(format) = readable(bytes) {
        return Sniffed::Image(format);
    }
    foreign::name(bytes).map_or(Sniffed::Unknown, Sniffed::Unsupported)
}

/// Whether a file is one of a format, by its bytes.
type Matches = fn(&[u8]) -> bool;

fn readable(bytes: &[u8]) -> Option<SourceFormat> {
    let matches: [(Matches, SourceFormat); 7] = [
        (jpeg::matches, SourceFormat::Jpeg),
        (png::matches, SourceFormat::Png),
        (webp::matches, SourceFormat::Webp),
        (gif::matches, SourceFormat::Gif),
        (bmp::matches, SourceFormat::Bmp),
        (tiff::matches, SourceFormat::Tiff),
        (heic::matches, SourceFormat::Heic),
    ];
    matches.into_iter().find(|(matches, _)| matches(bytes)).map(|(_, format)| format)
}

/// Reads a header, for this order.
pub(crate) fn open<'a>(bytes: &'a [u8], order: Order<'_>) -> Result<Unread<'a>, RenderError> {
    let opened = match sniff(bytes) {
        Sniffed::Image(SourceFormat::Jpeg) => {
            return Ok(Unread::Jpeg(Box::new(Photo::open(bytes, order)?)));
        }
        Sniffed::Image(SourceFormat::Png) => png::open(bytes),
        Sniffed::Image(SourceFormat::Webp) => match webp::photo::Photo::open(bytes, order) {
            Some(photo) => return Ok(Unread::Webp(Box::new(photo))),
            None => webp::open(bytes),
        },
        Sniffed::Image(SourceFormat::Gif) => gif::open(bytes),
        Sniffed::Image(SourceFormat::Bmp) => bmp::open(bytes),
        Sniffed::Image(SourceFormat::Tiff) => tiff::open(bytes),
        Sniffed::Image(SourceFormat::Heic) => heic::open(bytes),
        Sniffed::Unsupported(name) => Err(RenderError::Unsupported(name.to_owned())),
        Sniffed::Unknown => Err(RenderError::NotAnImage),
    }?;
    let Header { format, width, height, .. } = *opened.header();
    if width == 0 || height == 0 {
        return Err(RenderError::broken(format, format!("it is {width}x{height} pixels")));
    }
    Ok(Unread::Rows(opened))
}

/// Whether a file holds more than one picture, of which only the first is shown.
pub(crate) fn is_animated(bytes: &[u8], format: SourceFormat) -> bool {
    match format {
        SourceFormat::Gif => gif::is_animated(bytes),
        SourceFormat::Png => png::is_animated(bytes),
        SourceFormat::Webp => webp::is_animated(bytes),
        SourceFormat::Jpeg | SourceFormat::Bmp | SourceFormat::Tiff | SourceFormat::Heic => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: Sniffed) {
        assert_eq!(sniff(bytes), expected, "{}", bytes.escape_ascii());
    }

    #[test]
    fn readable_formats_are_known_by_their_magic() {
        check(b"\xff\xd8\xff\xe0....JFIF", Sniffed::Image(SourceFormat::Jpeg));
        check(b"\x89PNG\r\n\x1a\n....IHDR", Sniffed::Image(SourceFormat::Png));
        check(b"RIFF\x10\0\0\0WEBPVP8 ", Sniffed::Image(SourceFormat::Webp));
        check(b"GIF87a....", Sniffed::Image(SourceFormat::Gif));
        check(b"GIF89a....", Sniffed::Image(SourceFormat::Gif));
        check(b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", Sniffed::Image(SourceFormat::Bmp));
        check(b"II*\0\x08\0\0\0\x10\0", Sniffed::Image(SourceFormat::Tiff));
        check(b"MM\0*\0\0\0\x08\0\x10", Sniffed::Image(SourceFormat::Tiff));
        for heic in [
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
            b"\0\0\0\x18ftypheix\0\0\0\0mif1heix",
            b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic",
            // No brand tells which coding is inside.
            b"\0\0\0\x18ftypmif1\0\0\0\0mif1miaf",
            b"\0\0\0\x14ftypmsf1\0\0\0\0msf1heic",
        ] {
            check(heic, Sniffed::Image(SourceFormat::Heic));
        }
    }

    #[test]
    fn known_but_unreadable_formats_are_named() {
        for (bytes, name) in [
            (&b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif"[..], "AVIF"),
            (b"\0\0\0\x20ftypavif\0\0\0\0avifmif1", "AVIF"),
            (b"\0\0\0\x18ftypqt  \0\0\0\0", "video (QuickTime)"),
            (b"qoif\0\0\0\x10", "QOI"),
            (b"\x1f\x8b\x08", "gzip (as in SVGZ)"),
            (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "camera raw"),
            (b"\0\0\0\x18ftypmp42\0\0\0\0", "video (MP4)"),
            (b"II*\0\x10\0\0\0CR\x02\0", "camera raw"),
            (b"FUJIFILMCCD-RAW 0201", "camera raw"),
            (b"\xff\x0a\xfa\x7f", "JPEG XL"),
            (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
            (b"8BPS\0\x01", "Photoshop (PSD)"),
            (b"%PDF-1.7\n", "PDF"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
            (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x --><SVG/>", "SVG"),
        ] {
            check(bytes, Sniffed::Unsupported(name));
        }
    }

    #[test]
    fn everything_else_is_unknown() {
        for bytes in
            [&b""[..], b"B", b"BMW is a car", b"hello", b"<html></html>", b"RIFF\0\0\0\0WAVE"]
        {
            check(bytes, Sniffed::Unknown);
        }
    }
}
