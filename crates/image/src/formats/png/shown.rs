//! What the decoder is shown of a PNG: the chunks that say how its pixels look, and the pixels.
//!
//! Nothing else can go wrong then. A palette or its transparency of a wrong length is cut to the right
//! one, and an animation is a still picture.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use super::{Chunk, SIGNATURE, chunks};
use crate::colour;

/// Colour types (PNG specification, section 11.2.1).
const GREY: u8 = 0;
const RGB: u8 = 2;
const PALETTE: u8 = 3;

/// A file put together of parts of another.
pub(super) struct Shown<'a> {
    head: Vec<u8>,
    pixels: &'a [u8],
    at: usize,
}

/// The end of every file: a chunk without content, and its checksum.
const END: &[u8] = b"\0\0\0\0IEND\xae\x42\x60\x82";

impl<'a> Shown<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        let mut head = SIGNATURE.to_vec();
        let mut colour_type = None;
        let mut colours = 0;
        let mut has_profile = false;
        for chunk in chunks(bytes).take_while(|chunk| &chunk.name != b"IDAT") {
            match (&chunk.name, colour_type) {
                (b"IHDR", None) => {
                    colour_type = chunk.data.get(9).copied();
                    head.extend(chunk.whole);
                }
                (b"PLTE", Some(PALETTE)) if colours == 0 => {
                    colours = (chunk.data.len() / 3).min(256);
                    append(&mut head, &chunk, 3 * colours);
                }
                (b"tRNS", Some(PALETTE)) => {
                    append(&mut head, &chunk, chunk.data.len().min(colours));
                }
                (b"tRNS", Some(GREY)) if chunk.data.len() >= 2 => append(&mut head, &chunk, 2),
                (b"tRNS", Some(RGB)) if chunk.data.len() >= 6 => append(&mut head, &chunk, 6),
                (b"iCCP", _) if !has_profile && chunk.data.len() <= colour::LARGEST_PROFILE => {
                    has_profile = true;
                    head.extend(chunk.whole);
                }
                _ => {}
            }
        }
        Self { head, pixels: pixels(bytes), at: 0 }
    }

    fn parts(&self) -> [&[u8]; 3] {
        [&self.head, self.pixels, END]
    }
}

/// The chunks with pixels, which stand in a row.
fn pixels(bytes: &[u8]) -> &[u8] {
    let mut from = SIGNATURE.len();
    let mut all = chunks(bytes).peekable();
    while let Some(chunk) = all.next_if(|chunk| &chunk.name != b"IDAT") {
        from += chunk.whole.len();
    }
    let length: usize =
        all.take_while(|chunk| &chunk.name == b"IDAT").map(|chunk| chunk.whole.len()).sum();
    bytes.get(from..from + length).unwrap_or_default()
}

/// Appends as much of a chunk. Only one that is shortened gets a new checksum.
fn append(head: &mut Vec<u8>, chunk: &Chunk<'_>, length: usize) {
    if length == chunk.data.len() {
        head.extend(chunk.whole);
        return;
    }
    let data = chunk.data.get(..length).unwrap_or(chunk.data);
    head.extend(u32::try_from(data.len()).unwrap_or(0).to_be_bytes());
    let checked = [&chunk.name[..], data].concat();
    head.extend(&checked);
    head.extend(checksum(&checked).to_be_bytes());
}

/// PNG specification, annex D.
fn checksum(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0xedb8_8320;
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (POLYNOMIAL * (sum & 1)))
    })
}

impl BufRead for Shown<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let mut at = self.at;
        for part in self.parts() {
            if at < part.len() {
                return Ok(&part[at..]);
            }
            at -= part.len();
        }
        Ok(&[])
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
    }
}

impl Read for Shown<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let count = ready.len().min(buffer.len());
        buffer[..count].copy_from_slice(&ready[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl Seek for Shown<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let length = self.parts().iter().map(|part| part.len()).sum::<usize>();
        let (base, offset) = match to {
            SeekFrom::Start(at) => (0, i64::try_from(at).unwrap_or(i64::MAX)),
            SeekFrom::End(offset) => (length, offset),
            SeekFrom::Current(offset) => (self.at, offset),
        };
        let at = (base as u64).checked_add_signed(offset);
        let at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        self.at = usize::try_from(at).unwrap_or(usize::MAX).min(length);
        Ok(self.at as u64)
    }
}
