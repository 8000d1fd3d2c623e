//! What a directory says of its picture, put together and judged.

use super::{
    FORMAT,
    directory::{ByteOrder, Directory},
};
use crate::{error::RenderError, reduce::Layout};

/// Tags of TIFF 6.0, appendix A.
mod tag {
    pub(super) const WIDTH: u16 = 256;
    pub(super) const HEIGHT: u16 = 257;
    pub(super) const BITS: u16 = 258;
    pub(super) const COMPRESSION: u16 = 259;
    pub(super) const INTERPRETATION: u16 = 262;
    pub(super) const FILL_ORDER: u16 = 266;
    pub(super) const STRIP_PLACES: u16 = 273;
    pub(super) const SAMPLES: u16 = 277;
    pub(super) const STRIP_ROWS: u16 = 278;
    pub(super) const STRIP_LENGTHS: u16 = 279;
    pub(super) const PLANES: u16 = 284;
    pub(super) const FAX_OPTIONS: u16 = 292;
    pub(super) const PREDICTOR: u16 = 317;
    pub(super) const PALETTE: u16 = 320;
    pub(super) const TILE_WIDTH: u16 = 322;
    pub(super) const TILE_HEIGHT: u16 = 323;
    pub(super) const TILE_PLACES: u16 = 324;
    pub(super) const TILE_LENGTHS: u16 = 325;
    pub(super) const EXTRA_SAMPLES: u16 = 338;
    pub(super) const SAMPLE_FORMAT: u16 = 339;
    pub(super) const LUMA_COEFFICIENTS: u16 = 529;
    pub(super) const CHROMA_SAMPLING: u16 = 530;
}

/// A picture as it is stored.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Columns and rows of each strip or tile. A strip is a tile as wide as the picture.
    pub(super) piece: (u32, u32),
    pub(super) tiled: bool,
    pub(super) compression: Compression,
    pub(super) predictor: Predictor,
    /// Whether the bits of each byte are stored in reverse.
    pub(super) reversed: bool,
    /// Whether each channel is stored apart from the others.
    pub(super) planar: bool,
    /// Channels of a pixel, as stored.
    pub(super) samples: u16,
    pub(super) number: Number,
    pub(super) colours: Colours,
    /// Which of the stored channels is alpha, and whether colours were multiplied by it.
    pub(super) alpha: Option<Alpha>,
    pub(super) byte_order: ByteOrder,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    /// As a fax: see [`super::fax`].
    Fax(Fax),
    Lzw,
    Deflate,
    PackBits,
    Jpeg,
}

/// The codings of ITU-T T.4 and T.6, by the names of TIFF 6.0, sections 10 and 11.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fax {
    /// Runs alone; every row begins at a whole byte.
    Runs,
    Group3 {
        two_dimensional: bool,
    },
    Group4,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Predictor {
    None,
    Horizontal,
    FloatingPoint,
}

/// How a sample is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    /// So many bits, 1 to 16 or 32.
    Unsigned(u8),
    /// 32 or 64 bits. 0.0 is black and 1.0 white.
    Float(u8),
}

impl Number {
    pub(super) fn bits(self) -> u8 {
        match self {
            Self::Unsigned(bits) | Self::Float(bits) => bits,
        }
    }

    /// Whether eight bits hold all that there is of it.
    pub(super) fn is_narrow(self) -> bool {
        matches!(self, Self::Unsigned(1..=8))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Colours {
    Grey { white_is_zero: bool },
    Palette(Vec<[u8; 3]>),
    Rgb,
    Cmyk,
    Ycbcr(Chroma),
}

/// What chroma is, unless it is in JPEG, which has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chroma {
    /// Pixels that share a sample of it, across and down.
    pub(super) sampling: (u8, u8),
    /// How much red, green and blue make of brightness, in parts of 2^16.
    luma: [i64; 3],
}

impl Chroma {
    /// As TIFF 6.0, section 21, has it.
    pub(super) fn rgb(&self, [y, cb, cr]: [u8; 3]) -> [u8; 3] {
        const ONE: i64 = 1 << 16;
        let [luma_red, luma_green, luma_blue] = self.luma;
        let y = i64::from(y) * ONE;
        let red = y + 2 * (ONE - luma_red) * (i64::from(cr) - 128);
        let blue = y + 2 * (ONE - luma_blue) * (i64::from(cb) - 128);
        let rest = ONE * y - luma_red * red - luma_blue * blue;
        let green = rest / luma_green.max(1);
        [red, green, blue]
            .map(|value| u8::try_from(((value + ONE / 2) >> 16).clamp(0, 255)).unwrap_or(u8::MAX))
    }
}

impl Colours {
    /// Channels that are stored for them.
    fn stored(&self) -> u16 {
        match self {
            Self::Grey { .. } | Self::Palette(_) => 1,
            Self::Rgb | Self::Ycbcr(..) => 3,
            Self::Cmyk => 4,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Alpha {
    pub(super) channel: u16,
    pub(super) premultiplied: bool,
}

impl Picture {
    pub(super) fn read(directory: &Directory<'_>) -> Result<Self, RenderError> {
        let (width, height) = (side(directory, tag::WIDTH)?, side(directory, tag::HEIGHT)?);
        let samples = short(directory, tag::SAMPLES, 1)?;
        let compression = compression(directory)?;
        let colours = colours(directory, samples, compression)?;
        if samples < colours.stored() {
            let message = format!("{samples} channels for {}", colours.stored());
            return Err(RenderError::broken(FORMAT, message));
        }
        let tiled = directory.values(tag::TILE_WIDTH).is_some();
        let piece = if tiled {
            (side(directory, tag::TILE_WIDTH)?, side(directory, tag::TILE_HEIGHT)?)
        } else {
            // Rows of a strip may be any number that says "all of them".
            let rows = directory.number(tag::STRIP_ROWS).unwrap_or(u64::from(height));
            (width, u32::try_from(rows).unwrap_or(u32::MAX).min(height))
        };
        if piece.1 == 0 {
            return Err(RenderError::broken(FORMAT, "its strips have no rows"));
        }
        let number = number(directory)?;
        let picture = Self {
            width,
            height,
            piece,
            tiled,
            compression,
            predictor: predictor(directory, compression)?,
            reversed: short(directory, tag::FILL_ORDER, 1)? == 2,
            planar: short(directory, tag::PLANES, 1)? == 2 && samples > 1,
            samples,
            number,
            alpha: alpha(directory, &colours, samples),
            colours,
            byte_order: directory.byte_order(),
        };
        picture.check()?;
        Ok(picture)
    }

    /// Refuses what no one part of it, but the whole, makes unreadable.
    fn check(&self) -> Result<(), RenderError> {
        let bits = self.number.bits();
        let is_eight = self.number == Number::Unsigned(8);
        let is_read = match (&self.colours, self.compression) {
            (_, Compression::Jpeg) => is_eight,
            (_, Compression::Fax(_)) => bits == 1 && self.samples == 1,
            (Colours::Palette(_), _) => bits <= 8,
            (Colours::Ycbcr(Chroma { sampling: (1, 1), .. }), _) => is_eight,
            (Colours::Ycbcr(_), _) => is_eight && !self.planar && self.samples == 3,
            _ => true,
        };
        let predicts = match self.predictor {
            Predictor::None => true,
            Predictor::Horizontal => matches!(self.number, Number::Unsigned(8 | 16 | 32)),
            Predictor::FloatingPoint => matches!(self.number, Number::Float(_)),
        };
        if is_read && predicts {
            return Ok(());
        }
        let colours = match self.colours {
            Colours::Grey { .. } => "grey",
            Colours::Palette(_) => "palette",
            Colours::Rgb => "RGB",
            Colours::Cmyk => "CMYK",
            Colours::Ycbcr(..) => "YCbCr",
        };
        Err(RenderError::unsupported(FORMAT, format!("{colours} of {bits} bits")))
    }

    pub(super) fn layout(&self) -> Layout {
        match (&self.colours, self.alpha) {
            (Colours::Grey { .. }, None) => Layout::Grey,
            (Colours::Grey { .. }, Some(_)) => Layout::GreyAlpha,
            (Colours::Palette(_) | Colours::Rgb | Colours::Ycbcr(..), None) => Layout::Rgb,
            (Colours::Palette(_) | Colours::Rgb | Colours::Ycbcr(..), Some(_)) => Layout::Rgba,
            (Colours::Cmyk, None) => Layout::Cmyk,
            (Colours::Cmyk, Some(_)) => Layout::CmykAlpha,
        }
    }

    /// The stored channels that are read, in the order of the layout.
    pub(super) fn channels(&self) -> impl Iterator<Item = u16> + use<> {
        (0..self.colours.stored()).chain(self.alpha.map(|alpha| alpha.channel))
    }

    /// Strips or tiles next to each other, and below each other.
    pub(super) fn pieces(&self) -> (u32, u32) {
        (self.width.div_ceil(self.piece.0), self.height.div_ceil(self.piece.1))
    }

    /// Channels that lie together in a strip or tile.
    pub(super) fn samples_together(&self) -> u16 {
        if self.planar { 1 } else { self.samples }
    }

    /// Pixels that share a sample of chroma, across and down.
    pub(super) fn chroma_sampling(&self) -> Option<(u8, u8)> {
        match self.colours {
            Colours::Ycbcr(Chroma { sampling, .. })
                if sampling != (1, 1) && self.compression != Compression::Jpeg =>
            {
                Some(sampling)
            }
            _ => None,
        }
    }

    /// Bytes of a row of a strip or tile of this many columns.
    pub(super) fn row_bytes(&self, columns: u32) -> u64 {
        let bits = u64::from(self.samples_together()) * u64::from(self.number.bits());
        u64::from(columns).saturating_mul(bits).div_ceil(8)
    }
}

/// Where the strips or tiles of a picture lie: their places, and their lengths if there are any.
pub(super) fn piece_tags(tiled: bool) -> (u16, u16) {
    if tiled {
        (tag::TILE_PLACES, tag::TILE_LENGTHS)
    } else {
        (tag::STRIP_PLACES, tag::STRIP_LENGTHS)
    }
}

fn side(directory: &Directory<'_>, tag: u16) -> Result<u32, RenderError> {
    let side = directory.number(tag).ok_or_else(|| RenderError::ends_early(FORMAT))?;
    let known = u32::try_from(side).ok().filter(|&side| side > 0);
    known.ok_or_else(|| RenderError::broken(FORMAT, format!("a side of {side} pixels")))
}

/// A small number, or what holds where there is none.
fn short(directory: &Directory<'_>, tag: u16, default: u16) -> Result<u16, RenderError> {
    match directory.number(tag) {
        Some(value) => u16::try_from(value)
            .map_err(|_| RenderError::broken(FORMAT, format!("{value} as tag {tag}"))),
        None if directory.has(tag) => Err(RenderError::ends_early(FORMAT)),
        None => Ok(default),
    }
}

fn compression(directory: &Directory<'_>) -> Result<Compression, RenderError> {
    const TWO_DIMENSIONAL: u64 = 1;
    let name = match directory.number(tag::COMPRESSION).unwrap_or(1) {
        1 => return Ok(Compression::None),
        2 => return Ok(Compression::Fax(Fax::Runs)),
        3 => {
            let options = directory.number(tag::FAX_OPTIONS).unwrap_or(0);
            let two_dimensional = options & TWO_DIMENSIONAL != 0;
            return Ok(Compression::Fax(Fax::Group3 { two_dimensional }));
        }
        4 => return Ok(Compression::Fax(Fax::Group4)),
        5 => return Ok(Compression::Lzw),
        6 => "old-style JPEG",
        7 => return Ok(Compression::Jpeg),
        8 | 32_946 => return Ok(Compression::Deflate),
        32_773 => return Ok(Compression::PackBits),
        34_712 => "JPEG 2000 inside",
        34_925 => "LZMA",
        50_000 => "Zstandard",
        50_001 => "WebP inside",
        other => return Err(RenderError::unsupported(FORMAT, format!("compression {other}"))),
    };
    Err(RenderError::unsupported(FORMAT, name))
}

fn predictor(
    directory: &Directory<'_>,
    compression: Compression,
) -> Result<Predictor, RenderError> {
    // What writers leave in the tag with other compressions has no meaning.
    if !matches!(compression, Compression::Lzw | Compression::Deflate) {
        return Ok(Predictor::None);
    }
    match directory.number(tag::PREDICTOR).unwrap_or(1) {
        1 => Ok(Predictor::None),
        2 => Ok(Predictor::Horizontal),
        3 => Ok(Predictor::FloatingPoint),
        other => Err(RenderError::unsupported(FORMAT, format!("predictor {other}"))),
    }
}

fn number(directory: &Directory<'_>) -> Result<Number, RenderError> {
    let bits = directory.values(tag::BITS);
    let first = bits.and_then(|bits| bits.get(0)).unwrap_or(1);
    if bits.is_some_and(|bits| bits.iter().any(|other| other != first)) {
        return Err(RenderError::unsupported(FORMAT, "channels of different depths"));
    }
    let bits = u8::try_from(first).unwrap_or(0);
    match (directory.number(tag::SAMPLE_FORMAT).unwrap_or(1), bits) {
        // 4 says that the meaning is not known.
        (1 | 4, 1..=16 | 32) => Ok(Number::Unsigned(bits)),
        (3, 32 | 64) => Ok(Number::Float(bits)),
        (1 | 4, _) => Err(RenderError::unsupported(FORMAT, format!("{first} bits a channel"))),
        (2, _) => Err(RenderError::unsupported(FORMAT, "signed numbers")),
        (3, _) => Err(RenderError::unsupported(FORMAT, format!("floats of {first} bits"))),
        _ => Err(RenderError::unsupported(FORMAT, "complex numbers")),
    }
}

fn colours(
    directory: &Directory<'_>,
    samples: u16,
    compression: Compression,
) -> Result<Colours, RenderError> {
    let interpretation = directory.number(tag::INTERPRETATION).unwrap_or(match compression {
        Compression::Fax(_) => 0,
        _ if samples >= 3 => 2,
        _ => 1,
    });
    let name = match interpretation {
        0 | 1 => return Ok(Colours::Grey { white_is_zero: interpretation == 0 }),
        2 => return Ok(Colours::Rgb),
        3 => return palette(directory).map(Colours::Palette),
        4 => return Ok(Colours::Grey { white_is_zero: false }),
        5 => return Ok(Colours::Cmyk),
        6 => return chroma(directory).map(Colours::Ycbcr),
        8..=10 => "CIELAB",
        32_844 | 32_845 => "LogLuv",
        other => {
            return Err(RenderError::unsupported(FORMAT, format!("interpretation {other}")));
        }
    };
    Err(RenderError::unsupported(FORMAT, name))
}

fn chroma(directory: &Directory<'_>) -> Result<Chroma, RenderError> {
    /// Those of ITU-R BT.601, in parts of 2^16.
    const USUAL: [i64; 3] = [19_595, 38_470, 7_471];
    let sampling = directory.values(tag::CHROMA_SAMPLING);
    let factor = |index| sampling.map_or(Some(2), |factors| factors.get(index));
    let (Some(across @ (1 | 2 | 4)), Some(down @ (1 | 2 | 4))) = (factor(0), factor(1)) else {
        return Err(RenderError::broken(FORMAT, "its chroma is of no known sampling"));
    };
    let luma = directory.values(tag::LUMA_COEFFICIENTS).map(|luma| {
        let parts = |index| luma.fraction(index).filter(|parts| (1..1 << 16).contains(parts));
        Some([parts(0)?, parts(1)?, parts(2)?])
    });
    let sampling = (across.to_le_bytes()[0], down.to_le_bytes()[0]);
    Ok(Chroma { sampling, luma: luma.flatten().unwrap_or(USUAL) })
}

/// All reds, then all greens, then all blues, of 16 bits each; some writers use only eight of them.
fn palette(directory: &Directory<'_>) -> Result<Vec<[u8; 3]>, RenderError> {
    const LONGEST: usize = 1 << 8;
    let missing = || RenderError::broken(FORMAT, "its palette is missing");
    let values = directory.values(tag::PALETTE).ok_or_else(missing)?;
    let values: Vec<u64> = values.iter().take(3 * LONGEST).collect();
    let wide = values.iter().any(|&value| value > 255);
    let narrowed = |value: u64| {
        let value = if wide { (value + 128) / 257 } else { value };
        u8::try_from(value).unwrap_or(u8::MAX)
    };
    let length = values.len() / 3;
    let (reds, rest) = values.split_at(length);
    let (greens, blues) = rest.split_at(length);
    let colours = reds.iter().zip(greens).zip(blues);
    Ok(colours.map(|((&red, &green), &blue)| [red, green, blue].map(narrowed)).collect())
}

/// The extra channel that is said to be alpha. Where nothing at all is said of the one extra channel of
/// grey or RGB, it is; a fifth ink is more likely than alpha.
fn alpha(directory: &Directory<'_>, colours: &Colours, samples: u16) -> Option<Alpha> {
    const PREMULTIPLIED: u64 = 1;
    const ALPHA: u64 = 2;
    let first = colours.stored();
    let Some(extra) = directory.values(tag::EXTRA_SAMPLES) else {
        let is_alpha =
            samples == first + 1 && matches!(colours, Colours::Grey { .. } | Colours::Rgb);
        return is_alpha.then_some(Alpha { channel: first, premultiplied: false });
    };
    let mut kinds = (first..samples).zip(extra.iter());
    let (channel, kind) = kinds.find(|(_, kind)| matches!(*kind, PREMULTIPLIED | ALPHA))?;
    Some(Alpha { channel, premultiplied: kind == PREMULTIPLIED })
}
