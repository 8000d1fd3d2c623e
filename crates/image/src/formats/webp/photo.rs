//! An opaque lossy WebP: a photo in planes, as a JPEG is, with chroma at half the resolution.
//!
//! It is never made RGB at full size, which would take as long as half of its decoding.

use image_webp_decoder::vp8::{Frame, Vp8Decoder};
use jpeg::{
    Plane,
    decoder::{Component, Decoded},
};

use super::{FORMAT, Outline, TABLE_BYTES, matches};
use crate::{
    colour::{self, Correction},
    decode,
    error::RenderError,
    geometry::{self, pixel_count},
    header::{self, Header},
    order::Order,
    picture::Picture,
    planar::Planar,
    reduce::{self, Layout, Reduced, Reducer},
    target,
};

/// A photo whose header is read and judged.
pub(crate) struct Photo<'a> {
    pub(crate) header: Header,
    correction: Option<Correction>,
    data: &'a [u8],
    factors: Factors,
}

/// How many samples in each direction become one.
#[derive(Clone, Copy)]
struct Factors {
    luma: u32,
    chroma: u32,
}

impl<'a> Photo<'a> {
    /// Reads a header; nothing if the file is broken there or is of another kind.
    pub(crate) fn open(bytes: &'a [u8], order: Order<'_>) -> Option<Self> {
        let outline = Some(bytes).filter(|bytes| matches(bytes))?;
        let outline = Outline::read(outline).ok()?;
        let (width, height) = outline.frame;
        let is_other = outline.lossless || outline.alpha || outline.animated;
        if is_other || width == 0 || height == 0 {
            return None;
        }
        let mut header = Header {
            format: FORMAT,
            width,
            height,
            orientation: header::orientation(outline.exif),
            layout: Layout::Rgb,
            whole_bytes: 0,
            working_bytes: 0,
        };
        let icc = outline.icc.filter(|icc| colour::fits(icc, header.layout));
        let correction = icc.and_then(|icc| Correction::from_icc(icc, false));
        let factors = Factors::choose(&header, order, correction.is_none());
        header.working_bytes = working_bytes(&header, outline.data, factors);
        Some(Self { header, correction, data: outline.data, factors })
    }

    pub(crate) fn read(self) -> Result<decode::Decoded, RenderError> {
        let frame = Vp8Decoder::decode_frame(self.data).map_err(|error| match error {
            image_webp_decoder::DecodingError::IoError(error) => {
                RenderError::unreadable(FORMAT, &error)
            }
            error => RenderError::broken(FORMAT, error.to_string()),
        })?;
        let size = (self.header.width, self.header.height);
        if (u32::from(frame.width), u32::from(frame.height)) != size {
            return Err(RenderError::broken(FORMAT, "its headers contradict each other"));
        }
        let decoded = planes(frame, size, self.factors)?;
        let planar = Planar::new(decoded, size, self.header.orientation);
        let picture = Picture::Planes(planar);
        Ok(decode::Decoded { picture, correction: self.correction, damage: None })
    }
}

impl Factors {
    /// As JPEG variants need chroma only half as fine as luma, which it already is; unless they have to
    /// be RGB on the way.
    fn choose(header: &Header, order: Order<'_>, may_stay_planar: bool) -> Self {
        let luma = reduce::factor(geometry::needed_density(header.upright(), order));
        let stay_planar = may_stay_planar && target::are_planar(order.variants, FORMAT);
        Self { luma, chroma: if stay_planar { luma } else { luma.div_ceil(2) } }
    }
}

/// The data again, planes of whole macroblocks, what is known of each macroblock (less than 64 bytes for
/// 256 pixels), and the planes as they are handed on.
fn working_bytes(header: &Header, data: &[u8], factors: Factors) -> u64 {
    let blocks = pixel_count(header.width.div_ceil(16), header.height.div_ceil(16));
    let (width, height) = reduce::reduced_size((header.width, header.height), factors.luma);
    data.len() as u64 + blocks * (256 + 128 + 64) + 3 * pixel_count(width, height) + TABLE_BYTES
}

/// Reduces each plane, and stretches it from the range of video to that of JPEG.
fn planes(frame: Frame, size: (u32, u32), factors: Factors) -> Result<Decoded, RenderError> {
    let half = (size.0.div_ceil(2), size.1.div_ceil(2));
    let stride = size.0.next_multiple_of(16) as usize;
    let Frame { ybuf, ubuf, vbuf, .. } = frame;
    let luma = plane(&ybuf, stride, size, factors.luma, &stretched(LUMA.0, LUMA.1))?;
    drop(ybuf);
    let chroma = |samples: &[u8]| {
        plane(samples, stride / 2, half, factors.chroma, &stretched(CHROMA.0, CHROMA.1))
    };
    let density = |factor: u32| (1.0 / f64::from(factor), 1.0 / f64::from(factor));
    let component = |plane, factor| Component { plane, density: density(factor) };
    let chroma_factor = 2 * factors.chroma;
    Ok(Decoded {
        components: vec![
            component(luma, factors.luma),
            component(chroma(&ubuf)?, chroma_factor),
            component(chroma(&vbuf)?, chroma_factor),
        ],
        first_row: 0,
        damage: None,
    })
}

fn plane(
    samples: &[u8],
    stride: usize,
    size: (u32, u32),
    factor: u32,
    stretched: &[u8; 256],
) -> Result<Plane, RenderError> {
    let mut reducer = Reducer::new(Layout::Grey, size, factor);
    samples.chunks_exact(stride).for_each(|row| reducer.push_row(row));
    if !reducer.is_complete() {
        return Err(RenderError::ends_early(FORMAT));
    }
    let (Reduced::Colours(mut channels) | Reduced::Inks(mut channels)) = reducer.finish();
    let mut samples = channels.planes.pop().unwrap_or_default();
    for sample in &mut samples {
        *sample = stretched[usize::from(*sample)];
    }
    Ok(Plane { width: channels.width, height: channels.height, samples })
}

/// What each value becomes if a range is stretched to all of eight bits, and one value to another (ITU-R
/// BT.601, section 3.5).
fn stretched(range: i32, (fixed, becomes): (u8, u8)) -> [u8; 256] {
    std::array::from_fn(|value| {
        let distance = i32::try_from(value).unwrap_or(0) - i32::from(fixed);
        // Rounded to the nearest, also below the fixed value.
        let scaled = (2 * 255 * distance + range).div_euclid(2 * range);
        u8::try_from((scaled + i32::from(becomes)).clamp(0, 255)).unwrap_or(u8::MAX)
    })
}

/// Values that are in use of brightness and of chroma, and what stays or becomes black and grey.
const LUMA: (i32, (u8, u8)) = (219, (16, 0));
const CHROMA: (i32, (u8, u8)) = (224, (128, 128));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_stretched_to_all_of_eight_bits() {
        let luma = stretched(LUMA.0, LUMA.1);
        assert_eq!([0, 16, 17, 126, 235, 255].map(|y: usize| luma[y]), [0, 0, 1, 128, 255, 255]);
        let chroma = stretched(CHROMA.0, CHROMA.1);
        assert_eq!(
            [0, 16, 127, 128, 129, 240].map(|c: usize| chroma[c]),
            [0, 1, 127, 128, 129, 255]
        );
    }
}
