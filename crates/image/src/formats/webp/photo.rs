//! An opaque lossy WebP: a photo in planes, as a JPEG is, with chroma at half the resolution.
//!
//! It is never made RGB at full size, which would take as long as half of its decoding.

use jpeg::{
    Plane,
    decoder::{Component, Decoded},
};
use vp8::{DecodeError, Frame};

use super::{FORMAT, Outline, matches};
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
        header.working_bytes = working_bytes(&header, factors);
        Some(Self { header, correction, data: outline.data, factors })
    }

    /// Decodes it, row by row into planes that are as fine as its variants need.
    pub(crate) fn read(self) -> Result<decode::Decoded, RenderError> {
        let Header { width, height, orientation, .. } = self.header;
        let Factors { luma, chroma } = self.factors;
        let half = (width.div_ceil(2), height.div_ceil(2));
        let [mut y, mut u, mut v] = [((width, height), luma), (half, chroma), (half, chroma)]
            .map(|(size, factor)| Reducer::new(Layout::Grey, size, factor));
        let frame = Frame::open(self.data).map_err(refused)?;
        let take = |plane, row: &[u8]| match plane {
            vp8::Plane::Y => y.push_row(row),
            vp8::Plane::U => u.push_row(row),
            vp8::Plane::V => v.push_row(row),
        };
        frame.decode(take).map_err(refused)?;
        let component = |plane, factor| {
            let density = 1.0 / f64::from(factor);
            Component { plane, density: (density, density) }
        };
        let [cb, cr] = [u, v].map(|reducer| plane(reducer, CHROMA));
        let components = vec![
            component(plane(y, LUMA), luma),
            component(cb, 2 * chroma),
            component(cr, 2 * chroma),
        ];
        let decoded = Decoded { components, first_row: 0, damage: None };
        let picture = Picture::Planes(Planar::new(decoded, (width, height), orientation));
        Ok(decode::Decoded { picture, correction: self.correction, damage: None })
    }
}

fn refused(error: DecodeError) -> RenderError {
    match error {
        DecodeError::EndsEarly => RenderError::ends_early(FORMAT),
        error => RenderError::broken(FORMAT, error.to_string()),
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

/// What the decoder holds, and the planes as they are handed on.
fn working_bytes(header: &Header, factors: Factors) -> u64 {
    let (width, height) = reduce::reduced_size((header.width, header.height), factors.luma);
    vp8::memory_bytes(header.width) + 3 * pixel_count(width, height)
}

/// What a plane was reduced to, stretched from the range of video to that of JPEG.
fn plane(reducer: Reducer, (range, fixed): (i32, (u8, u8))) -> Plane {
    let stretched = stretched(range, fixed);
    let (Reduced::Colours(mut channels) | Reduced::Inks(mut channels)) = reducer.finish();
    let mut samples = channels.planes.pop().unwrap_or_default();
    for sample in &mut samples {
        *sample = stretched[usize::from(*sample)];
    }
    Plane { width: channels.width, height: channels.height, samples }
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
