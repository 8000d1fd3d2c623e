//! Numbers and boxes of ISO base media files (ISO/IEC 14496-12, section 4.2).

use super::FORMAT;
use crate::error::RenderError;

/// The name of a box.
pub(super) type Kind = [u8; 4];

/// Bytes that are read from the front.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

/// A box without its header.
#[derive(Clone, Copy, Debug)]
pub(super) struct IsoBox<'a> {
    pub(super) kind: Kind,
    pub(super) content: Reader<'a>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn rest(self) -> &'a [u8] {
        self.0
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], RenderError> {
        let (taken, rest) =
            self.0.split_at_checked(count).ok_or_else(|| RenderError::ends_early(FORMAT))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RenderError> {
        let (taken, rest) =
            self.0.split_first_chunk().ok_or_else(|| RenderError::ends_early(FORMAT))?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, RenderError> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, RenderError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, RenderError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn kind(&mut self) -> Result<Kind, RenderError> {
        self.array()
    }

    /// A number of so many bytes, at most eight; 0 if it has none.
    pub(super) fn number(&mut self, bytes: usize) -> Result<u64, RenderError> {
        let bytes = self.take(bytes)?;
        Ok(bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    /// The number of an item, which has two or four bytes.
    pub(super) fn id(&mut self, is_wide: bool) -> Result<u32, RenderError> {
        if is_wide { self.u32() } else { self.u16().map(u32::from) }
    }

    /// The version and the flags of a full box.
    pub(super) fn version_and_flags(&mut self) -> Result<(u8, u32), RenderError> {
        let both = self.u32()?;
        let [version, ..] = both.to_be_bytes();
        Ok((version, both & 0x00ff_ffff))
    }

    /// The next box, unless there is none left. It must end where its surroundings end at the latest.
    pub(super) fn next_box(&mut self) -> Result<Option<IsoBox<'a>>, RenderError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let (kind, length) = self.box_header()?;
        let content = self.take(length).map_err(|_| {
            let message = format!("box `{}` is longer than what it is in", kind.escape_ascii());
            RenderError::broken(FORMAT, message)
        })?;
        Ok(Some(IsoBox { kind, content: Reader(content) }))
    }

    /// The first box of a kind at the level of the file, whose end is where the file was cut off.
    pub(super) fn find_in_file(mut self, wanted: Kind) -> Result<Option<Self>, RenderError> {
        while !self.0.is_empty() {
            let (kind, length) = self.box_header()?;
            let content = self.take(length)?;
            if kind == wanted {
                return Ok(Some(Self(content)));
            }
        }
        Ok(None)
    }

    /// The name of the next box, and the bytes of its content.
    fn box_header(&mut self) -> Result<(Kind, usize), RenderError> {
        const TO_THE_END: u32 = 0;
        const LARGE: u32 = 1;
        let length = self.u32()?;
        let kind = self.kind()?;
        let content = match length {
            TO_THE_END => Some(self.0.len() as u64),
            LARGE => self.number(8)?.checked_sub(16),
            length => u64::from(length).checked_sub(8),
        };
        let content = content.ok_or_else(|| {
            let message = format!("box `{}` is shorter than its header", kind.escape_ascii());
            RenderError::broken(FORMAT, message)
        })?;
        Ok((kind, usize::try_from(content).unwrap_or(usize::MAX)))
    }
}
