//! Formats that people do upload but that are not read here, by their first bytes.

/// Raw photos, most of which pretend to be TIFF and hold only a thumbnail in that form.
pub(crate) fn raw_photo(bytes: &[u8]) -> Option<&'static str> {
    const RAW: &str = "camera raw";
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    let canon = starts(b"II*\0") && bytes.get(8..10) == Some(b"CR");
    let olympus = starts(b"IIRO") || starts(b"IIRS") || starts(b"MMOR");
    let others = starts(b"FUJIFILMCCD-RAW") || starts(b"IIU\0") || starts(b"\0MRM");
    let canon_new = brand(bytes) == Some(b"crx ");
    (canon || olympus || others || canon_new).then_some(RAW)
}

/// The name of a format that is not read.
pub(crate) fn name(bytes: &[u8]) -> Option<&'static str> {
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

/// Whether a file is a still picture in the container of HEIC and AVIF, and does not say that it is in
/// another coding than that of HEIC. Not all files name their coding in their brands.
pub(crate) fn is_heif(bytes: &[u8]) -> bool {
    matches!(media(bytes), Some(HEIC | HEIF))
}

const HEIC: &str = "HEIC";
const HEIF: &str = "HEIF";

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
        return brands.chunks(4).find_map(media_brand).or(Some(HEIF));
    }
    media_brand(major)
}

fn media_brand(brand: &[u8]) -> Option<&'static str> {
    match brand {
        b"avif" | b"avis" => Some("AVIF"),
        b"heic" | b"heix" | b"hevc" | b"hevx" | b"heim" | b"heis" => Some(HEIC),
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
