//! IPTC data as Photoshop stores it.

use super::{Rights, text};

/// The IPTC data among image resources (Adobe Photoshop file formats specification, "Image resource
/// blocks").
pub(super) fn in_resources(mut resources: &[u8]) -> Option<&[u8]> {
    const IPTC: u16 = 0x0404;
    loop {
        let rest = resources.strip_prefix(b"8BIM")?;
        let (number, rest) = rest.split_first_chunk()?;
        // A name with its length in front, of an even number of bytes in all.
        let name = usize::from(*rest.first()?) + 1;
        let rest = rest.get(name.next_multiple_of(2)..)?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        if u16::from_be_bytes(*number) == IPTC {
            return Some(rest.get(..length).unwrap_or(rest));
        }
        resources = rest.get(length.checked_next_multiple_of(2)?..)?;
    }
}

/// Creators and the copyright notice (IPTC Information Interchange Model 4.2, sections 1.6 and 6).
pub(super) fn rights(mut data: &[u8]) -> Rights {
    const CREATOR: [u8; 2] = [2, 80];
    const COPYRIGHT: [u8; 2] = [2, 116];
    /// As many as are looked at: a file of a million names has none.
    const MOST: usize = 1000;
    let mut creators = Vec::new();
    let mut copyright = None;
    for _ in 0..MOST {
        let &[0x1c, record, number, high, low, ref rest @ ..] = data else { break };
        // A set length bit means one of more bytes, as no text of ours has.
        let length = usize::from(u16::from_be_bytes([high, low]));
        let Some(value) = rest.get(..length) else { break };
        match [record, number] {
            CREATOR => creators.extend(value.iter().chain(&[0])),
            COPYRIGHT if copyright.is_none() => copyright = text(value),
            _ => {}
        }
        data = &rest[length..];
    }
    Rights { artist: text(&creators), copyright }
}
