//! What the headers of a BMP say, and a row of pixels by it.

use super::FORMAT;
use crate::error::RenderError;

/// A BMP whose headers are read.
pub(super) struct Info<'a> {
    pub(super) width: u32,
    pub(super) height: u32,
    from_the_top: bool,
    pub(super) coding: Coding,
    bits: u16,
    palette: Vec<[u8; 3]>,
    /// Where red, green, blue and alpha are in a pixel of 16 or 32 bits.
    channels: [Channel; 4],
    pub(super) pixels: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Plain,
    Runs8,
    Runs4,
}

/// The bits of one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Channel {
    shift: u32,
    /// The largest value; 0 if there is no such channel.
    most: u32,
}

impl Channel {
    fn of(mask: u32) -> Self {
        let shift = if mask == 0 { 0 } else { mask.trailing_zeros() };
        Self { shift, most: mask >> shift }
    }

    /// Stretched to eight bits.
    fn read(self, pixel: u32) -> u8 {
        let value = u64::from(pixel >> self.shift & self.most);
        let most = u64::from(self.most);
        let stretched = (value * 255 + most / 2).checked_div(most).unwrap_or(0);
        u8::try_from(stretched).unwrap_or(u8::MAX)
    }
}

/// The size of OS/2's first header, whose numbers have 16 bits and whose palette three bytes a colour.
const CORE: usize = 12;
/// The size of the header that most files have.
const INFO: usize = 40;
/// The size of OS/2's second header, in which other numbers mean other codings.
const OS2: usize = 64;
/// Where the first header stands, behind that of the file.
const AT: usize = 14;

impl<'a> Info<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, RenderError> {
        Self::try_read(bytes).unwrap_or_else(|| Err(RenderError::ends_early(FORMAT)))
    }

    /// Nothing if the file ends early.
    fn try_read(bytes: &'a [u8]) -> Option<Result<Self, RenderError>> {
        let short = |at: usize| Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        let long = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        let size = long(AT)? as usize;
        // What a shorter header lacks is zero.
        let field = |at: usize| if size + AT < at + 4 { Some(0) } else { long(at) };
        let (width, height, bits) = if size == CORE {
            (u32::from(short(18)?), u32::from(short(20)?), short(24)?)
        } else {
            (long(18)?, long(22)?, short(28)?)
        };
        let from_the_top = height > i32::MAX as u32;
        let height = if from_the_top { height.wrapping_neg() } else { height };
        if width > i32::MAX as u32 {
            return Some(Err(RenderError::broken(FORMAT, "its width is negative")));
        }
        let compression = if size == CORE { 0 } else { field(30)? };
        let (coding, has_masks) = match coding(compression, bits, size) {
            Ok(coding) => coding,
            Err(error) => return Some(Err(error)),
        };
        let masks = if has_masks {
            // Behind a short header, or in the same place as part of a longer one.
            let alpha = size >= 56 || compression == ALPHA_BITFIELDS;
            [long(54)?, long(58)?, long(62)?, if alpha { long(66)? } else { 0 }]
        } else if bits == 16 {
            [0x7c00, 0x03e0, 0x001f, 0]
        } else {
            [0x00ff_0000, 0xff00, 0x00ff, 0]
        };
        let mask_bytes = match (has_masks && size == INFO, compression) {
            (false, _) => 0,
            (true, ALPHA_BITFIELDS) => 16,
            (true, _) => 12,
        };
        let palette_at = AT + size + mask_bytes;
        let pixels_at = long(10)? as usize;
        let entry = if size == CORE { 3 } else { 4 };
        let used = if size == CORE || bits > 8 { 0 } else { field(46)? };
        let colours = colours(bits, used);
        // Some writers let pixels begin inside the palette; then the number of its colours counts.
        let least = if used > 0 { palette_at + colours * entry } else { AT + size };
        let is_told = pixels_at >= least;
        let room = if is_told { pixels_at.saturating_sub(palette_at) / entry } else { colours };
        let colours = colours.min(room);
        let palette = bytes.get(palette_at.min(bytes.len())..)?.chunks_exact(entry).take(colours);
        let palette = palette.filter_map(|colour| match colour {
            [blue, green, red, ..] => Some([*red, *green, *blue]),
            _ => None,
        });
        // Some writers leave out where pixels begin: behind everything else.
        let pixels_at = if is_told { pixels_at } else { palette_at + colours * entry };
        let mut info = Self {
            width,
            height,
            from_the_top,
            coding,
            bits,
            palette: palette.collect(),
            channels: masks.map(Channel::of),
            pixels: bytes.get(pixels_at..)?,
        };
        info.forget_unused_alpha();
        Some(Ok(info))
    }

    pub(super) fn has_alpha(&self) -> bool {
        self.channels[3].most > 0
    }

    /// Many writers say that there is alpha and leave it at zero, which would show nothing.
    fn forget_unused_alpha(&mut self) {
        let [.., alpha] = self.channels;
        let mask = alpha.most << alpha.shift;
        let is_used = match self.bits {
            16 => self
                .pixels
                .as_chunks()
                .0
                .iter()
                .any(|it| u32::from(u16::from_le_bytes(*it)) & mask > 0),
            _ => self.pixels.as_chunks().0.iter().any(|it| u32::from_le_bytes(*it) & mask > 0),
        };
        if !is_used {
            self.channels[3].most = 0;
        }
    }

    /// Where a row of the picture is among those of the file.
    pub(super) fn stored_row(&self, row: u32) -> u32 {
        if self.from_the_top { row } else { (self.height - 1).saturating_sub(row) }
    }

    /// The colour of an index. What the palette does not define is black.
    pub(super) fn colour(&self, index: u32) -> [u8; 3] {
        self.palette.get(index as usize).copied().unwrap_or_default()
    }

    /// Appends a row as RGB or RGBA; nothing if the file ends before it. The last row of the file need
    /// not be filled up to four bytes.
    pub(super) fn unpack(&self, row: u32, pixels: &mut Vec<u8>) -> Option<()> {
        let width = self.width as usize;
        let bits = width.checked_mul(usize::from(self.bits))?;
        let stored = self.stored_row(row) as usize;
        let start = stored.checked_mul(bits.div_ceil(32).checked_mul(4)?)?;
        let stored = self.pixels.get(start..)?.get(..bits.div_ceil(8))?;
        match self.bits {
            24 => {
                let stored = stored.as_chunks::<3>().0.iter();
                pixels.extend(stored.flat_map(|&[blue, green, red]| [red, green, blue]));
            }
            16 => {
                let stored = stored.as_chunks().0.iter();
                self.extend(pixels, stored.map(|it| u32::from(u16::from_le_bytes(*it))));
            }
            32 => {
                self.extend(pixels, stored.as_chunks().0.iter().map(|it| u32::from_le_bytes(*it)));
            }
            bits => {
                let mask = (1_u32 << bits) - 1;
                let indices = (0..8 / bits).rev().map(|place| place * bits);
                let indices = stored
                    .iter()
                    .flat_map(|&byte| indices.clone().map(move |shift| u32::from(byte) >> shift));
                pixels.extend(indices.take(width).flat_map(|index| self.colour(index & mask)));
            }
        }
        Some(())
    }

    fn extend(&self, pixels: &mut Vec<u8>, stored: impl Iterator<Item = u32>) {
        let [red, green, blue, alpha] = self.channels;
        if self.has_alpha() {
            let channels = [red, green, blue, alpha];
            pixels.extend(stored.flat_map(|it| channels.map(|channel| channel.read(it))));
        } else {
            let channels = [red, green, blue];
            pixels.extend(stored.flat_map(|it| channels.map(|channel| channel.read(it))));
        }
    }
}

const ALPHA_BITFIELDS: u32 = 6;

/// How pixels are coded, and whether masks tell their channels.
fn coding(compression: u32, bits: u16, size: usize) -> Result<(Coding, bool), RenderError> {
    let name = match (compression, bits) {
        (0, 1 | 2 | 4 | 8 | 16 | 24 | 32) => return Ok((Coding::Plain, false)),
        (1, 8) => return Ok((Coding::Runs8, false)),
        (2, 4) => return Ok((Coding::Runs4, false)),
        (3 | ALPHA_BITFIELDS, 16 | 32) if size != OS2 => return Ok((Coding::Plain, true)),
        (3, 1) if size == OS2 => "Huffman coding",
        (4, 24) if size == OS2 => "runs of 24 bits",
        (4, _) => "JPEG inside",
        (5, _) => "PNG inside",
        (0..=ALPHA_BITFIELDS, _) => {
            return Err(RenderError::unsupported(FORMAT, format!("{bits} bits a pixel")));
        }
        _ => {
            return Err(RenderError::unsupported(FORMAT, format!("compression {compression}")));
        }
    };
    Err(RenderError::unsupported(FORMAT, name))
}

/// Colours of a palette: as many as there are indices, or fewer if it says so.
fn colours(bits: u16, used: u32) -> usize {
    if bits > 8 {
        return 0;
    }
    let most = 1 << bits;
    if used == 0 { most } else { most.min(used as usize) }
}
