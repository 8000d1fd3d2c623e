//! One coded picture: its parameters, and its samples by the crate `heic-decoder`.
//!
//! Of that crate only what decodes HEVC is used. Its reader of containers copies all that is coded, and
//! makes every tile before the first one can be had.

use heic_decoder::{
    HeifError,
    bitreader::strip_emulation_prevention,
    decode_one_image,
    hevc::{
        ctu::{self, Picture},
        nal::{NAL_PPS, NAL_SPS, parse_nal_header},
        params::{Sps, parse_sps},
    },
    isobmff::{HevcDecoderConfig, HevcNalArray, ResolvedImage},
};

use super::{FORMAT, boxes::Reader, colours::Description};
use crate::{error::RenderError, geometry::pixel_count};

/// Samples of brightness for one of each colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sampling {
    /// There are no colours.
    Grey,
    Halved,
    HalvedAcross,
    Full,
}

impl Sampling {
    /// `chroma_format_idc` of ITU-T H.265, table 6-1.
    fn of_format(format: u32) -> Option<Self> {
        match format {
            0 => Some(Self::Grey),
            1 => Some(Self::Halved),
            2 => Some(Self::HalvedAcross),
            3 => Some(Self::Full),
            _ => None,
        }
    }

    /// Across and down.
    pub(super) fn factors(self) -> (u32, u32) {
        match self {
            Self::Halved => (2, 2),
            Self::HalvedAcross => (2, 1),
            Self::Grey | Self::Full => (1, 1),
        }
    }

    /// Columns and rows of each plane of colours.
    pub(super) fn chroma_size(self, (width, height): (u32, u32)) -> (u32, u32) {
        let (across, down) = self.factors();
        if self == Self::Grey { (0, 0) } else { (width.div_ceil(across), height.div_ceil(down)) }
    }
}

/// How pictures of one kind are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sequence {
    /// Columns and rows as coded, in whole blocks.
    coded: (u32, u32),
    /// Columns before, and rows above, what is shown of them.
    origin: (u32, u32),
    /// Columns and rows of what is shown of them.
    pub(super) size: (u32, u32),
    pub(super) sampling: Sampling,
    /// Bits of a sample.
    pub(super) depth: u32,
    /// What the coded data says of its colours.
    pub(super) colours: Option<Description>,
}

impl Sequence {
    /// Pictures of two kinds may lie side by side if samples mean the same in both.
    pub(super) fn fits(&self, other: &Self) -> bool {
        (self.sampling, self.depth) == (other.sampling, other.depth)
    }

    /// Bytes of the samples of one picture once it is decoded, in 32 bits each.
    pub(super) fn plane_bytes(&self) -> u64 {
        4 * self.samples()
    }

    /// Bytes that the decoder holds at its peak for one picture: of each sample the value, whether it is
    /// there, and a copy for the last filter; of each block of 4×4 its modes, its motion and where it
    /// ends; of each of at least 16×16 the settings of that filter, twice; and three copies of the
    /// coded bytes.
    pub(super) fn decoding_bytes(&self, coded_bytes: u64) -> u64 {
        const SAMPLE_BYTES: u64 = 4 + 1 + 4;
        const BLOCK_BYTES: u64 = 12 + 9;
        const FILTER_BYTES: u64 = 2 * 56;
        let blocks =
            |side: u32| pixel_count(self.coded.0.div_ceil(side), self.coded.1.div_ceil(side));
        SAMPLE_BYTES * self.samples()
            + BLOCK_BYTES * blocks(4)
            + FILTER_BYTES * blocks(16)
            + 3 * coded_bytes
    }

    fn samples(&self) -> u64 {
        let chroma = self.sampling.chroma_size(self.coded);
        pixel_count(self.coded.0, self.coded.1) + 2 * pixel_count(chroma.0, chroma.1)
    }
}

/// What a decoder needs to know before the coded data: the property `hvcC` (ISO/IEC 14496-15, section
/// 8.3.2.1).
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameters<'a> {
    /// Bytes of the length before each unit.
    length_bytes: u8,
    sequence_set: &'a [u8],
    picture_set: &'a [u8],
}

impl<'a> Parameters<'a> {
    pub(super) fn read(mut content: Reader<'a>) -> Result<Self, RenderError> {
        // Profile, level and the like are in the sets once more.
        content.take(21)?;
        let length_bytes = (content.u8()? & 3) + 1;
        let (mut sequence_set, mut picture_set) = (None, None);
        for _ in 0..content.u8()? {
            content.u8()?;
            for _ in 0..content.u16()? {
                let length = content.u16()?.into();
                let unit = content.take(length)?;
                let (header, _) = parse_nal_header(unit).map_err(refused)?;
                let set = match header.nal_unit_type {
                    _ if header.nuh_layer_id > 0 => continue,
                    NAL_SPS => &mut sequence_set,
                    NAL_PPS => &mut picture_set,
                    _ => continue,
                };
                if set.is_some_and(|set| set != unit) {
                    return Err(RenderError::unsupported(FORMAT, "several sets of parameters"));
                }
                *set = Some(unit);
            }
        }
        let (Some(sequence_set), Some(picture_set)) = (sequence_set, picture_set) else {
            return Err(RenderError::broken(FORMAT, "it has no parameters to be decoded by"));
        };
        Ok(Self { length_bytes, sequence_set, picture_set })
    }

    pub(super) fn sequence(&self) -> Result<Sequence, RenderError> {
        let (_, payload) = parse_nal_header(self.sequence_set).map_err(refused)?;
        let set = parse_sps(&strip_emulation_prevention(payload)).map_err(refused)?;
        if set.bit_depth_luma != set.bit_depth_chroma && set.chroma_format_idc != 0 {
            return Err(RenderError::unsupported(FORMAT, "more bits for brightness or colour"));
        }
        let sampling = Sampling::of_format(set.chroma_format_idc)
            .ok_or_else(|| RenderError::broken(FORMAT, "an unknown layout of colours"))?;
        let [left, right, top, bottom] = set.conformance_window;
        let coded = (set.pic_width_in_luma_samples, set.pic_height_in_luma_samples);
        let size = (
            coded.0.saturating_sub(left.saturating_add(right)),
            coded.1.saturating_sub(top.saturating_add(bottom)),
        );
        let colours = colours(&set);
        Ok(Sequence {
            coded,
            origin: (left, top),
            size,
            sampling,
            depth: set.bit_depth_luma,
            colours,
        })
    }

    /// Decodes a picture, which takes as much memory as its sequence says.
    pub(super) fn decode(
        &self,
        sequence: &Sequence,
        pieces: &[&[u8]],
    ) -> Result<Planes, RenderError> {
        let array =
            |nal_unit_type, unit: &[u8]| HevcNalArray { nal_unit_type, nalus: vec![unit.to_vec()] };
        let image = ResolvedImage {
            hevc_config: HevcDecoderConfig {
                length_size_minus_one: self.length_bytes - 1,
                arrays: vec![array(NAL_SPS, self.sequence_set), array(NAL_PPS, self.picture_set)],
                ..HevcDecoderConfig::default()
            },
            data: pieces.concat(),
        };
        let (_, Picture { y, cb, cr, .. }) = decode_one_image(&image).map_err(refused)?;
        let (left, top) = sequence.origin;
        let (across, down) = sequence.sampling.factors();
        let chroma = [cb, cr].map(|plane| Plane::new(plane, (left / across, top / down)));
        Ok(Planes { luma: Plane::new(y, sequence.origin), chroma })
    }
}

fn colours(set: &Sps) -> Option<Description> {
    set.color_info.map(|info| Description {
        primaries: info.color_primaries,
        transfer: info.transfer_characteristics,
        matrix: info.matrix_coefficients,
        is_full_range: info.full_range,
    })
}

/// A decoded picture.
#[derive(Debug)]
pub(super) struct Planes {
    pub(super) luma: Plane,
    /// Cb and Cr, without samples if there are no colours.
    pub(super) chroma: [Plane; 2],
}

/// The samples of one plane as coded, and where in them begins what is shown.
#[derive(Debug)]
pub(super) struct Plane {
    width: usize,
    left: usize,
    top: usize,
    samples: Vec<i32>,
}

impl Plane {
    fn new(plane: ctu::Plane, (left, top): (u32, u32)) -> Self {
        let width = plane.width;
        let (left, top) = (left as usize, top as usize);
        Self { width, left, top, samples: plane.into_samples() }
    }

    /// The first samples of a row, as many as that.
    pub(super) fn row(&self, row: u32, count: u32) -> Option<&[i32]> {
        let row = self.samples.chunks_exact(self.width.max(1)).nth(self.top + row as usize)?;
        row.get(self.left..self.left + count as usize)
    }
}

/// What the decoder has to say begins, here and there, with the function that says it.
fn refused(error: HeifError) -> RenderError {
    match error {
        HeifError::Truncated { .. } => RenderError::ends_early(FORMAT),
        HeifError::Unsupported(what) => {
            let what = what.rsplit(": ").next().unwrap_or(what);
            RenderError::unsupported(
                FORMAT,
                what.trim_end_matches(" not supported").trim_end_matches(" are"),
            )
        }
        error => RenderError::broken(FORMAT, error.to_string()),
    }
}
