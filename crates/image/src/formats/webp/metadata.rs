//! EXIF in a WebP: where it is, and a finished file with some.

use super::{CONTAINER_HEADER, Chunk, Outline, chunks, side_bytes};

/// The EXIF block of a file.
pub(crate) fn exif(bytes: &[u8]) -> Option<&[u8]> {
    chunks(bytes).find(|chunk| &chunk.name == b"EXIF").map(|chunk| chunk.data)
}

/// The same file with an EXIF block, which only the extended format has (RFC 9649, section 2.7).
pub(crate) fn with_exif(file: Vec<u8>, exif: &[u8]) -> Vec<u8> {
    const EXIF: u8 = 0x08;
    const ALPHA: u8 = 0x10;
    let Ok(Outline { canvas, alpha, .. }) = Outline::read(&file) else { return file };
    let mut flags = EXIF;
    if alpha {
        flags |= ALPHA;
    }
    let (width, height) = (side_bytes(canvas.0), side_bytes(canvas.1));
    let extended = [&[flags, 0, 0, 0][..], &width, &height].concat();
    let picture = chunks(&file).filter(|Chunk { name, .. }| name != b"VP8X");
    let mut written = b"RIFF\0\0\0\0WEBP".to_vec();
    push(&mut written, *b"VP8X", &extended);
    picture.for_each(|Chunk { name, data }| push(&mut written, name, data));
    push(&mut written, *b"EXIF", exif);
    let length = written.len().saturating_sub(CONTAINER_HEADER - 4);
    written[4..8].copy_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    written
}

/// Chunks begin at even places.
fn push(file: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    file.extend(name);
    file.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes());
    file.extend(data);
    if !data.len().is_multiple_of(2) {
        file.push(0);
    }
}
