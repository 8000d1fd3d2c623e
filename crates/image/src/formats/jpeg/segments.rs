//! The segments of a JPEG before its pixels, for what cameras and editors say there.

const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
const APP13: u8 = 0xed;
const START_OF_SCAN: u8 = 0xda;
const END_OF_IMAGE: u8 = 0xd9;

/// The EXIF block of a file.
pub(crate) fn exif(bytes: &[u8]) -> Option<&[u8]> {
    segments(bytes)
        .filter(|segment| segment.marker == APP1)
        .find_map(|segment| segment.payload.strip_prefix(b"Exif\0\0"))
}

/// The image resources of Photoshop, which may be in several segments.
pub(crate) fn photoshop(bytes: &[u8]) -> Vec<u8> {
    let resources = segments(bytes).filter(|segment| segment.marker == APP13);
    let parts = resources.filter_map(|part| part.payload.strip_prefix(b"Photoshop 3.0\0"));
    parts.flatten().copied().take(RESOURCES_MAX).collect()
}

/// Bytes of image resources that are looked at. The previews among them are smaller.
const RESOURCES_MAX: usize = 1 << 20;

/// The same file with an EXIF block, behind the header of JFIF.
pub(crate) fn with_exif(mut file: Vec<u8>, exif: &[u8]) -> Vec<u8> {
    const LENGTH_BYTES: usize = 2;
    const PREFIX: &[u8] = b"Exif\0\0";
    let jfif = segments(&file).next().filter(|segment| segment.marker == APP0);
    let at = jfif.map_or(FIRST_SEGMENT, |segment| segment.end);
    let Ok(length) = u16::try_from(LENGTH_BYTES + PREFIX.len() + exif.len()) else { return file };
    let segment = [&[0xff, APP1][..], &length.to_be_bytes(), PREFIX, exif].concat();
    file.splice(at..at, segment);
    file
}

/// Behind the marker that begins a file.
const FIRST_SEGMENT: usize = 2;

struct Segment<'a> {
    marker: u8,
    payload: &'a [u8],
    /// Where the next one begins.
    end: usize,
}

/// ITU-T T.81, annex B.1.1. It ends where pixels begin, or what is no segment.
fn segments(bytes: &[u8]) -> impl Iterator<Item = Segment<'_>> {
    let mut at = FIRST_SEGMENT;
    std::iter::from_fn(move || {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        // Any number of bytes may fill the place before a marker.
        let fill = bytes.get(at..)?.iter().position(|byte| *byte != 0xff)?;
        let marker = *bytes.get(at + fill)?;
        if matches!(marker, START_OF_SCAN | END_OF_IMAGE) {
            return None;
        }
        let start = at + fill + 1;
        let length = bytes.get(start..)?.first_chunk().copied().map(u16::from_be_bytes)?;
        let end = start + usize::from(length);
        let payload = bytes.get(start + 2..end)?;
        at = end;
        Some(Segment { marker, payload, end })
    })
}
