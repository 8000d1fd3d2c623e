//! The data of one strip or tile, unpacked as far as it is asked for.

use std::borrow::Cow;

use super::{
    FORMAT,
    fax::Fax,
    lzw::{Lzw, Stop},
    picture::{Compression, Picture},
};
use crate::error::RenderError;

/// Where rows of a strip or tile come from.
pub(super) enum Source<'a> {
    Stored { data: Cow<'a, [u8]>, at: usize },
    PackBits(PackBits<'a>),
    Lzw(Box<Lzw<'a>>),
    Deflate(Inflater<'a>),
    Fax(Box<Fax<'a>>),
}

impl<'a> Source<'a> {
    /// For data in any compression but JPEG, with columns of a strip or tile.
    pub(super) fn new(data: &'a [u8], picture: &Picture) -> Self {
        match picture.compression {
            Compression::None | Compression::Jpeg => Self::Stored { data: data.into(), at: 0 },
            Compression::PackBits => Self::PackBits(PackBits { data, run: Run::Copy(0) }),
            Compression::Lzw => Self::Lzw(Box::new(Lzw::new(data))),
            Compression::Deflate => Self::Deflate(Inflater::new(data)),
            Compression::Fax(coding) => {
                Self::Fax(Box::new(Fax::new(data, coding, picture.piece.0)))
            }
        }
    }

    /// For what is unpacked already.
    pub(super) fn unpacked(bytes: Vec<u8>) -> Self {
        Self::Stored { data: bytes.into(), at: 0 }
    }

    /// Bytes that unpacking takes, beside the data and the row.
    pub(super) fn working_bytes(compression: Compression, columns: u32) -> u64 {
        match compression {
            Compression::None | Compression::Jpeg | Compression::PackBits => 0,
            Compression::Lzw => Lzw::WORKING_BYTES,
            Compression::Deflate => Inflater::WORKING_BYTES,
            Compression::Fax(_) => Fax::working_bytes(columns),
        }
    }

    /// Fills a row.
    pub(super) fn read(&mut self, row: &mut [u8]) -> Result<(), RenderError> {
        let filled = match self {
            Self::Stored { data, at } => {
                let end = *at + row.len();
                let next = data.get(*at..end);
                *at = end;
                next.map(|next| row.copy_from_slice(next))
            }
            Self::PackBits(source) => source.fill(row),
            Self::Lzw(source) => {
                return source.fill(row).map_err(|stop| match stop {
                    Stop::EndsEarly => RenderError::ends_early(FORMAT),
                    Stop::NoSuchCode => {
                        RenderError::broken(FORMAT, "its LZW data has a wrong code")
                    }
                });
            }
            Self::Deflate(source) => return source.fill(row),
            Self::Fax(source) => {
                return source.next_row(row).ok_or_else(|| {
                    RenderError::broken(FORMAT, "a row of its fax codes is damaged")
                });
            }
        };
        filled.ok_or_else(|| RenderError::ends_early(FORMAT))
    }
}

/// Runs of equal bytes, and of others (TIFF 6.0, section 9).
pub(super) struct PackBits<'a> {
    data: &'a [u8],
    run: Run,
}

/// What is left of the present run.
enum Run {
    Copy(usize),
    Repeat(u8, usize),
}

impl PackBits<'_> {
    fn fill(&mut self, mut row: &mut [u8]) -> Option<()> {
        while !row.is_empty() {
            match &mut self.run {
                Run::Copy(0) | Run::Repeat(_, 0) => self.run = self.next_run()?,
                Run::Copy(left) => {
                    let count = row.len().min(*left);
                    let (next, rest) = self.data.split_at_checked(count)?;
                    let (filled, empty) = row.split_at_mut(count);
                    filled.copy_from_slice(next);
                    *left -= count;
                    (self.data, row) = (rest, empty);
                }
                Run::Repeat(byte, left) => {
                    let count = row.len().min(*left);
                    let (filled, empty) = row.split_at_mut(count);
                    filled.fill(*byte);
                    *left -= count;
                    row = empty;
                }
            }
        }
        Some(())
    }

    fn next_run(&mut self) -> Option<Run> {
        const NOTHING: u8 = 128;
        let (&head, rest) = self.data.split_first()?;
        self.data = rest;
        Some(match head {
            0..NOTHING => Run::Copy(usize::from(head) + 1),
            NOTHING => Run::Copy(0),
            _ => {
                let (&byte, rest) = self.data.split_first()?;
                self.data = rest;
                Run::Repeat(byte, 257 - usize::from(head))
            }
        })
    }
}

/// A zlib stream, of which as much is kept as later parts may refer to.
pub(super) struct Inflater<'a> {
    decompressor: Box<fdeflate::Decompressor>,
    data: &'a [u8],
    window: Vec<u8>,
    /// The part of the window that is unpacked and not yet taken.
    ready: std::ops::Range<usize>,
}

impl<'a> Inflater<'a> {
    /// How far back a reference reaches (RFC 1951, section 2).
    const REACH: usize = 32 << 10;
    const WINDOW: usize = 4 * Self::REACH;
    /// The window, and prefix codes.
    const WORKING_BYTES: u64 = Self::WINDOW as u64 + (64 << 10);

    fn new(data: &'a [u8]) -> Self {
        let mut decompressor = Box::new(fdeflate::Decompressor::new());
        decompressor.ignore_adler32();
        Self { decompressor, data, window: vec![0; Self::WINDOW], ready: 0..0 }
    }

    fn fill(&mut self, mut row: &mut [u8]) -> Result<(), RenderError> {
        while !row.is_empty() {
            if self.ready.is_empty() {
                self.unpack()?;
            }
            let ready = self.window.get(self.ready.clone()).unwrap_or_default();
            let count = row.len().min(ready.len());
            let (filled, empty) = row.split_at_mut(count);
            filled.copy_from_slice(&ready[..count]);
            self.ready.start += count;
            row = empty;
        }
        Ok(())
    }

    /// Unpacks at least a byte.
    fn unpack(&mut self) -> Result<(), RenderError> {
        let mut end = self.ready.end;
        if end == self.window.len() {
            self.window.copy_within(end - Self::REACH.., 0);
            end = Self::REACH;
        }
        let (taken, made) = self
            .decompressor
            .read(self.data, &mut self.window, end, true)
            .map_err(|error| match error {
                fdeflate::DecompressionError::InsufficientInput => RenderError::ends_early(FORMAT),
                error => RenderError::broken(FORMAT, format!("its Deflate data: {error:?}")),
            })?;
        self.data = self.data.get(taken..).unwrap_or_default();
        self.ready = end..end + made;
        if made == 0 { Err(RenderError::ends_early(FORMAT)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_go_on_over_the_ends_of_rows() {
        let data = [2, 1, 2, 3, 128, 253, 7, 0, 9];
        let mut source = PackBits { data: &data, run: Run::Copy(0) };
        let mut rows = [[0; 4]; 2];
        assert!(rows.iter_mut().all(|row| source.fill(row).is_some()));
        assert_eq!(rows, [[1, 2, 3, 7], [7, 7, 7, 9]]);
        assert_eq!(source.fill(&mut [0]), None);
    }
}
