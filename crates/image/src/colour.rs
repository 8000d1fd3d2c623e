//! Embedded colour profiles to sRGB, which is what browsers assume of an image without one.
//!
//! RGB and grey wait for it until they are small variants. Inks are converted as soon as they are
//! decoded, so that every other stage knows three colours and alpha only.

use std::{fmt, sync::Arc};

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformExecutor, TransformOptions};

use crate::{
    pixels::Pixels,
    reduce::{Channels, Layout as Kind},
};

/// Bytes of the largest profile that is used. Those of printing presses have up to three million;
/// whatever else is larger hides something.
pub(crate) const LARGEST_PROFILE: usize = 4 << 20;

/// Whether a profile is one for pixels of this kind. A grey picture may have one for colours.
pub(crate) fn fits(icc: &[u8], kind: Kind) -> bool {
    // ICC.1:2022, section 7.2.6.
    let space = icc.get(16..20);
    let known = match kind {
        Kind::Grey | Kind::GreyAlpha => space == Some(b"GRAY") || space == Some(b"RGB "),
        Kind::Rgb | Kind::Rgba => space == Some(b"RGB "),
        Kind::Cmyk | Kind::CmykAlpha => space == Some(b"CMYK"),
    };
    known && icc.len() <= LARGEST_PROFILE
}

/// The colours of four inks on paper: as their profile says, or else as if each took away its
/// complement and nothing more.
pub(crate) fn inks_to_srgb(mut picture: Channels, icc: Option<&[u8]>) -> Channels {
    const PIXELS_AT_ONCE: usize = 4096;
    let transform = icc.and_then(ink_transform);
    let mut inks = Vec::with_capacity(4 * PIXELS_AT_ONCE);
    let mut colours = vec![0; 3 * PIXELS_AT_ONCE];
    let [cyan, magenta, yellow, black, ..] = &mut picture.planes[..] else { return picture };
    // Colours take the place of the inks that they are made of.
    let parts = cyan.chunks_mut(PIXELS_AT_ONCE).zip(magenta.chunks_mut(PIXELS_AT_ONCE));
    let parts = parts.zip(yellow.chunks_mut(PIXELS_AT_ONCE)).zip(black.chunks(PIXELS_AT_ONCE));
    for (((cyan, magenta), yellow), black) in parts {
        inks.clear();
        let pixels = cyan.iter().zip(&*magenta).zip(&*yellow).zip(black);
        inks.extend(pixels.flat_map(|(((&c, &m), &y), &k)| [c, m, y, k]));
        let colours = &mut colours[..3 * black.len()];
        let converted = transform.as_ref().map(|transform| transform.transform(&inks, colours));
        if !matches!(converted, Some(Ok(()))) {
            for (colour, inks) in colours.as_chunks_mut().0.iter_mut().zip(inks.as_chunks().0) {
                *colour = without_profile(*inks);
            }
        }
        let places = cyan.iter_mut().zip(magenta).zip(yellow);
        for (((red, green), blue), colour) in places.zip(colours.as_chunks::<3>().0) {
            [*red, *green, *blue] = *colour;
        }
    }
    picture.planes.remove(3);
    picture
}

/// By the matrix of ITU-T T.871, section 7, in 16 bits after the point.
pub(crate) fn rgb_of_ycbcr([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    const HALF: i32 = 1 << 15;
    let (y, cb, cr) = (i32::from(y) << 16, i32::from(cb) - 128, i32::from(cr) - 128);
    let red = y + 91_881 * cr;
    let green = y - 22_554 * cb - 46_802 * cr;
    let blue = y + 116_130 * cb;
    [red, green, blue]
        .map(|value| u8::try_from(((value + HALF) >> 16).clamp(0, 255)).unwrap_or(u8::MAX))
}

type Transform = Arc<dyn TransformExecutor<u8> + Send + Sync>;

fn ink_transform(icc: &[u8]) -> Option<Transform> {
    let profile = ColorProfile::new_from_slice(icc).ok()?;
    if profile.color_space != DataColorSpace::Cmyk {
        return None;
    }
    let srgb = ColorProfile::new_srgb();
    let options = TransformOptions::default();
    // The name means four channels.
    profile.create_transform_8bit(Layout::Rgba, &srgb, Layout::Rgb, options).ok()
}

fn without_profile([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    [cyan, magenta, yellow].map(|ink| {
        let light = u32::from(u8::MAX - ink) * u32::from(u8::MAX - black);
        u8::try_from((light + 127) / 255).unwrap_or(u8::MAX)
    })
}

/// The way from one profile to sRGB.
pub struct Correction {
    transform: Transform,
    grey: bool,
}

impl fmt::Debug for Correction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Correction").field("grey", &self.grey).finish_non_exhaustive()
    }
}

impl Correction {
    /// Reads a profile. A broken or foreign one gives nothing: slightly wrong colours are better
    /// than no picture.
    pub fn from_icc(icc: &[u8], alpha: bool) -> Option<Self> {
        let profile = ColorProfile::new_from_slice(icc).ok()?;
        let colour = if alpha { Layout::Rgba } else { Layout::Rgb };
        let (layout, grey) = match profile.color_space {
            DataColorSpace::Rgb => (colour, false),
            DataColorSpace::Gray => (if alpha { Layout::GrayAlpha } else { Layout::Gray }, true),
            _ => return None,
        };
        let srgb = ColorProfile::new_srgb();
        let options = TransformOptions::default();
        let transform = profile.create_transform_8bit(layout, &srgb, colour, options).ok()?;
        let correction = Self { transform, grey };
        (!correction.changes_nothing(alpha)).then_some(correction)
    }

    /// Whether the profile is sRGB's under whatever name, as in most photos that have one: then no
    /// colour moves by more than rounding does.
    fn changes_nothing(&self, alpha: bool) -> bool {
        const STEP: usize = 17;
        let steps = || (0..=u8::MAX).step_by(STEP);
        let mut colours = Pixels { width: 16 * 16, height: 16, alpha: false, bytes: Vec::new() };
        for red in steps() {
            let rest = steps().flat_map(|green| steps().map(move |blue| [green, blue]));
            // A grey profile only ever sees grey.
            let rest = rest.map(|[green, blue]| if self.grey { [red; 2] } else { [green, blue] });
            colours.bytes.extend(rest.flat_map(|[green, blue]| [red, green, blue]));
        }
        let colours = if alpha { colours.with_alpha() } else { colours };
        let corrected = self.apply(colours.clone());
        let both = colours.bytes.iter().zip(&corrected.bytes);
        both.map(|(before, after)| before.abs_diff(*after)).all(|moved| moved <= 1)
    }

    /// Converts an image. Alpha stays as it is.
    #[must_use]
    pub fn apply(&self, pixels: Pixels) -> Pixels {
        let mut bytes = vec![0; pixels.bytes.len()];
        let source = if self.grey { grey_channel(&pixels) } else { pixels.bytes.clone() };
        if self.transform.transform(&source, &mut bytes).is_err() {
            return pixels;
        }
        Pixels { bytes, ..pixels }
    }
}

/// Grey was widened to three equal channels when it was decoded.
fn grey_channel(pixels: &Pixels) -> Vec<u8> {
    let channels = pixels.bytes.chunks_exact(pixels.channels());
    if pixels.alpha {
        channels.flat_map(|pixel| [pixel[0], pixel[3]]).collect()
    } else {
        channels.map(|pixel| pixel[0]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primaries_survive_the_matrix() {
        for (ycc, rgb) in [
            ([0, 128, 128], [0, 0, 0]),
            ([255, 128, 128], [255, 255, 255]),
            ([76, 85, 255], [254, 0, 0]),
            ([150, 44, 21], [0, 255, 1]),
            ([29, 255, 107], [0, 0, 254]),
        ] {
            assert_eq!(rgb_of_ycbcr(ycc), rgb, "{ycc:?}");
        }
    }

    fn corrected(profile: &ColorProfile, alpha: bool, pixel: [u8; 4]) -> Vec<u8> {
        let icc = profile.encode().unwrap();
        let correction = Correction::from_icc(&icc, alpha).unwrap();
        correction.apply(Pixels::filled(1, 1, alpha, pixel)).bytes
    }

    #[test]
    fn a_wider_gamut_becomes_more_vivid_numbers() {
        // By the matrices of both spaces: (215.0, 93.2, 97.1).
        let bytes = corrected(&ColorProfile::new_display_p3(), false, [200, 100, 100, 0]);
        assert_eq!(bytes, [215, 93, 97]);
    }

    #[test]
    fn white_black_and_alpha_stay() {
        let p3 = ColorProfile::new_display_p3();
        assert_eq!(corrected(&p3, true, [255, 255, 255, 7]), [255, 255, 255, 7]);
        assert_eq!(corrected(&p3, true, [0, 0, 0, 200]), [0, 0, 0, 200]);
    }

    #[test]
    fn srgb_needs_no_correction() {
        let icc = ColorProfile::new_srgb().encode().unwrap();
        assert!(Correction::from_icc(&icc, false).is_none());
        assert!(Correction::from_icc(&icc, true).is_none());
    }

    #[test]
    fn grey_profiles_stay_grey() {
        let linear = ColorProfile::new_gray_with_gamma(1.0);
        for alpha in [false, true] {
            let bytes = corrected(&linear, alpha, [55, 55, 55, 99]);
            // Linear 55 of 255 is half as bright to the eye: 128 in sRGB.
            assert!(bytes[0].abs_diff(128) <= 1, "{bytes:?}");
            assert!(bytes[0] == bytes[1] && bytes[1] == bytes[2], "{bytes:?}");
            assert!(!alpha || bytes[3] == 99, "{bytes:?}");
        }
    }

    #[test]
    fn unusable_profiles_are_left_aside() {
        assert!(Correction::from_icc(b"", false).is_none());
        assert!(Correction::from_icc(b"not a profile", true).is_none());
    }
}
