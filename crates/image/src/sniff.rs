//! What a file is, told from its first bytes and never from its name.
//!
//! Formats that people do upload but that are not read here are recognised too, because
//! "HEIC is not supported" helps and "not an image" does not.

use std::fmt;

mod jpeg;

pub use jpeg::{
    Outline as JpegOutline, Scans as JpegScans, is_complete as is_complete_jpeg,
    is_progressive as is_progressive_jpeg,
};

/// A file format that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceFormat {
    Jpeg,
    Png,
    Webp,
    Gif,
    Bmp,
    Tiff,
}

impl fmt::Display for SourceFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Webp => "WebP",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
        })
    }
}

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
    if let Some(name) = raw_photo(bytes) {
        return Sniffed::Unsupported(name);
    }
    if let Some(format) = readable(bytes) {
        return Sniffed::Image(format);
    }
    unreadable(bytes).map_or(Sniffed::Unknown, Sniffed::Unsupported)
}

fn readable(bytes: &[u8]) -> Option<SourceFormat> {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    if starts(b"\xff\xd8\xff") {
        Some(SourceFormat::Jpeg)
    } else if starts(b"\x89PNG\r\n\x1a\n") {
        Some(SourceFormat::Png)
    } else if starts(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some(SourceFormat::Webp)
    } else if starts(b"GIF87a") || starts(b"GIF89a") {
        Some(SourceFormat::Gif)
    } else if starts(b"BM") && is_bitmap_header(bytes) {
        Some(SourceFormat::Bmp)
    } else if starts(b"II*\0") || starts(b"MM\0*") || starts(b"II+\0") || starts(b"MM\0+") {
        Some(SourceFormat::Tiff)
    } else {
        None
    }
}

/// Two letters are little proof; the size of the header that follows is one of these few.
fn is_bitmap_header(bytes: &[u8]) -> bool {
    matches!(bytes.get(14..18), Some([12 | 16 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]))
}

/// Raw photos, most of which pretend to be TIFF and hold only a thumbnail in that form.
fn raw_photo(bytes: &[u8]) -> Option<&'static str> {
    const RAW: &str = "camera raw";
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    let canon = starts(b"II*\0") && bytes.get(8..10) == Some(b"CR");
    let olympus = starts(b"IIRO") || starts(b"IIRS") || starts(b"MMOR");
    let others = starts(b"FUJIFILMCCD-RAW") || starts(b"IIU\0") || starts(b"\0MRM");
    let canon_new = brand(bytes) == Some(b"crx ");
    (canon || olympus || others || canon_new).then_some(RAW)
}

fn unreadable(bytes: &[u8]) -> Option<&'static str> {
    if let Some(name) = media(bytes) {
        return Some(name);
    }
    let magics: [(&[u8], &str); 20] = [
        (b"\xff\x0a", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\xff\x4f\xff\x51", "JPEG 2000"),
        (b"8BPS", "Photoshop (PSD)"),
        (b"8BPB", "Photoshop (PSB)"),
        (b"%PDF-", "PDF"),
        (b"%!PS", "PostScript"),
        (b"\0\0\x01\0", "icon (ICO)"),
        (b"\0\0\x02\0", "cursor (CUR)"),
        (b"icns", "icon (ICNS)"),
        (b"v/1\x01", "OpenEXR"),
        (b"#?RADIANCE", "Radiance HDR"),
        (b"DDS ", "DirectDraw surface (DDS)"),
        (b"qoif", "QOI"),
        (b"II\xbc\x01", "JPEG XR"),
        (b"\x1f\x8b", "gzip (as in SVGZ)"),
        (b"PK\x03\x04", "ZIP"),
        (b"gimp xcf", "GIMP (XCF)"),
        (b"\x1aE\xdf\xa3", "video (Matroska or WebM)"),
    ];
    let known = magics.iter().find(|(magic, _)| bytes.starts_with(magic));
    known.map(|&(_, name)| name).or_else(|| is_svg(bytes).then_some("SVG"))
}

/// The major brand of an ISO media file, the container of HEIC, AVIF and MP4.
fn brand(bytes: &[u8]) -> Option<&[u8]> {
    if bytes.get(4..8) == Some(b"ftyp") { bytes.get(8..12) } else { None }
}

/// The major brand, or for the brands that only say "some still image" the first one that tells
/// more (ISO/IEC 14496-12, section 4.3).
fn media(bytes: &[u8]) -> Option<&'static str> {
    const BRANDS_AT: usize = 16;
    let major = brand(bytes)?;
    if let b"mif1" | b"msf1" | b"miaf" = major {
        let length = bytes.first_chunk().copied().map_or(0, u32::from_be_bytes) as usize;
        let brands = bytes.get(BRANDS_AT..length.min(bytes.len())).unwrap_or_default();
        return brands.chunks(4).find_map(media_brand).or(Some("HEIF"));
    }
    media_brand(major)
}

fn media_brand(brand: &[u8]) -> Option<&'static str> {
    match brand {
        b"avif" | b"avis" => Some("AVIF"),
        b"heic" | b"heix" | b"hevc" | b"hevx" | b"heim" | b"heis" => Some("HEIC"),
        b"jxl " => Some("JPEG XL"),
        b"isom" | b"iso2" | b"mp41" | b"mp42" | b"avc1" | b"M4V " => Some("video (MP4)"),
        b"qt  " => Some("video (QuickTime)"),
        _ => None,
    }
}

/// SVG has no magic bytes: it is text whose first element is `svg`, after whatever XML allows.
fn is_svg(bytes: &[u8]) -> bool {
    const LOOK_AT_MOST: usize = 4096;
    let head = &bytes[..bytes.len().min(LOOK_AT_MOST)];
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    head.starts_with(b"<") && head.windows(4).any(|text| text.eq_ignore_ascii_case(b"<svg"))
}

/// Whether a file holds more than one picture, of which only the first is shown.
pub fn is_animated(bytes: &[u8], format: SourceFormat) -> bool {
    match format {
        SourceFormat::Gif => gif_frames(bytes).nth(1).is_some(),
        // The chunk that controls an animation stands before the picture.
        SourceFormat::Png => {
            let mut before_pixels = png_chunks(bytes).take_while(|chunk| &chunk.name != b"IDAT");
            before_pixels.any(|chunk| &chunk.name == b"acTL")
        }
        // A flag in the header of the extended format.
        SourceFormat::Webp => {
            bytes.get(12..16) == Some(b"VP8X") && bytes.get(20).is_some_and(|flags| flags & 2 != 0)
        }
        SourceFormat::Jpeg | SourceFormat::Bmp | SourceFormat::Tiff => false,
    }
}

/// A chunk of a PNG.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PngChunk<'a> {
    pub name: [u8; 4],
    /// As much of its content as there is.
    pub data: &'a [u8],
}

/// The chunks of a PNG in their order.
pub fn png_chunks(bytes: &[u8]) -> impl Iterator<Item = PngChunk<'_>> {
    const SIGNATURE: usize = 8;
    const BEFORE_DATA: usize = 8;
    const CHECKSUM: usize = 4;
    let mut next = SIGNATURE;
    std::iter::from_fn(move || {
        let length = bytes.get(next..)?.first_chunk().copied().map(u32::from_be_bytes)?;
        let name = *bytes.get(next + 4..)?.first_chunk()?;
        let start = next + BEFORE_DATA;
        let end = start.saturating_add(length as usize);
        next = end.saturating_add(CHECKSUM);
        Some(PngChunk { name, data: &bytes[start..end.min(bytes.len())] })
    })
}

/// A chunk of a RIFF file such as a WebP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RiffChunk<'a> {
    pub name: [u8; 4],
    /// As much of its content as there is.
    pub data: &'a [u8],
}

/// The chunks of a WebP in their order.
pub fn webp_chunks(bytes: &[u8]) -> impl Iterator<Item = RiffChunk<'_>> {
    const CONTAINER_HEADER: usize = 12;
    riff_chunks(bytes, CONTAINER_HEADER)
}

/// The chunks from this place on.
pub fn riff_chunks(bytes: &[u8], start: usize) -> impl Iterator<Item = RiffChunk<'_>> {
    let mut next = start;
    std::iter::from_fn(move || {
        let name = *bytes.get(next..)?.first_chunk()?;
        let length = bytes.get(next + 4..)?.first_chunk().copied().map(u32::from_le_bytes)?;
        let start = next + 8;
        let end = start.saturating_add(length as usize);
        // Chunks begin at even places.
        next = end.saturating_add(length as usize % 2);
        Some(RiffChunk { name, data: &bytes[start..end.min(bytes.len())] })
    })
}

/// The places where the frames of a GIF begin.
fn gif_frames(bytes: &[u8]) -> impl Iterator<Item = usize> {
    const HEADER: usize = 13;
    const FRAME: u8 = b',';
    const EXTENSION: u8 = b'!';
    let mut next = bytes.get(10).map_or(bytes.len(), |flags| HEADER + gif_palette_bytes(*flags));
    std::iter::from_fn(move || {
        while bytes.get(next) == Some(&EXTENSION) {
            next = after_gif_blocks(bytes, next + 2)?;
        }
        let at = next;
        if bytes.get(at) != Some(&FRAME) {
            return None;
        }
        let palette = gif_palette_bytes(*bytes.get(at + 9)?);
        // A frame that is cut off is still one.
        next = after_gif_blocks(bytes, at + 11 + palette).unwrap_or(bytes.len());
        Some(at)
    })
}

fn gif_palette_bytes(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// The place after a run of data blocks, each of which begins with its length; zero ends them.
fn after_gif_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
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
    }

    #[test]
    fn known_but_unreadable_formats_are_named() {
        for (bytes, name) in [
            (&b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"[..], "HEIC"),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC"),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "AVIF"),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1miaf", "HEIF"),
            (b"\0\0\0\x14ftypmsf1\0\0\0\0msf1heic", "HEIF"),
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
