//! Logos, and how they are drawn on variants.

use std::collections::BTreeMap;

use contract::settings::{Fit, Format, SIDE_MAX, Variant, Watermark};

use crate::{
    colour::Correction,
    decode::{Decoded, Unread},
    engine::catch_panics,
    error::RenderError,
    geometry::{Aim, Area, pixel_count, pulls},
    limits::Limits,
    order::Order,
    picture::Picture,
    pixels::Pixels,
    resize::ScalingError,
};

/// The logos that variants may have, by the names of their files, decoded once for all originals.
#[derive(Debug, Default)]
pub struct Watermarks {
    logos: BTreeMap<String, Logo>,
}

#[derive(Debug)]
struct Logo {
    picture: Picture,
    /// The way from its colours to sRGB, if they are others.
    correction: Option<Correction>,
    /// Bytes that it holds.
    bytes: u64,
}

/// No logo at all.
pub(crate) static NONE: Watermarks = Watermarks { logos: BTreeMap::new() };

/// Where a logo is on a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Spot {
    size: (u32, u32),
    left: u32,
    top: u32,
}

impl Watermarks {
    /// Decodes a logo, of any format that originals may have. One of the same name is replaced.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        bytes: &[u8],
        limits: &Limits,
    ) -> Result<(), RenderError> {
        // As it is: what is drawn on a variant is scaled from this.
        let whole = Variant {
            fit: Fit::Contain,
            format: Format::Png,
            ..Variant::of_size(SIDE_MAX, SIDE_MAX)
        };
        let variants = [whole];
        let order = Order::of(&variants);
        let logo = catch_panics(bytes, || {
            let size = bytes.len() as u64;
            limits.check_bytes(size)?;
            let unread = Unread::open(bytes, order)?;
            unread.check(limits, size, order)?;
            let (width, height) = unread.header().upright();
            let channels = unread.header().layout.channels() as u64;
            let Decoded { picture, correction, .. } =
                unread.decode(order, &mut jpeg::decoder::Scratch::default())?;
            let bytes = channels * pixel_count(width, height);
            Ok(Logo { picture, correction, bytes })
        })?;
        self.logos.insert(name.into(), logo);
        Ok(())
    }

    /// Refuses variants whose logo is not there.
    pub(crate) fn check(&self, variants: &[Variant]) -> Result<(), RenderError> {
        for variant in variants {
            if let Some(watermark) = &variant.watermark
                && !self.logos.contains_key(&watermark.image)
            {
                let (folder, image) = (variant.folder.clone(), watermark.image.clone());
                return Err(RenderError::NoWatermark { folder, image });
            }
        }
        Ok(())
    }

    /// Bytes that all logos hold.
    pub(crate) fn bytes(&self) -> u64 {
        self.logos.values().map(|logo| logo.bytes).sum()
    }

    /// Bytes that drawing one on a variant of this size takes at its peak: the scaled logo in planes
    /// and in pixels, and what the resizer holds between its two passes.
    pub(crate) fn drawing_bytes(&self, watermark: &Watermark, canvas: (u32, u32)) -> u64 {
        let Some(logo) = self.logos.get(&watermark.image) else { return 0 };
        let Some(Spot { size: (width, height), .. }) = spot(logo, watermark, canvas) else {
            return 0;
        };
        let own = logo.picture.upright();
        8 * pixel_count(width, height) + 4 * pixel_count(width.max(height), own.0.max(own.1))
    }

    /// Draws a logo on a finished picture, in the picture's own colours.
    pub(crate) fn draw(
        &self,
        watermark: &Watermark,
        mut pixels: Pixels,
    ) -> Result<Pixels, ScalingError> {
        let Some(logo) = self.logos.get(&watermark.image) else { return Ok(pixels) };
        let Some(spot) = spot(logo, watermark, (pixels.width, pixels.height)) else {
            return Ok(pixels);
        };
        let (width, height) = logo.picture.upright();
        let (width, height) = (f64::from(width), f64::from(height));
        let whole = Area { left: 0.0, top: 0.0, width, height };
        let mut scaled = logo.picture.scale(whole, spot.size)?;
        if let Some(correction) = &logo.correction {
            scaled = correction.apply(scaled);
        }
        blend(&mut pixels, &scaled.with_alpha(), (spot.left, spot.top), opacity(watermark));
        Ok(pixels)
    }
}

/// From 0 to 255.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 255")]
fn opacity(watermark: &Watermark) -> u32 {
    (watermark.opacity.of_one() * 255.0).round() as u32
}

/// Where a logo goes; nowhere if nothing of it would show.
///
/// It is as wide as the settings say, also if it is smaller than that itself: all variants look alike,
/// as with Cloudinary's relative widths and imgproxy's `scale`. Where it would not fit with its margins, it is smaller.
fn spot(logo: &Logo, watermark: &Watermark, (width, height): (u32, u32)) -> Option<Spot> {
    if watermark.scale.of_one() <= 0.0 || opacity(watermark) == 0 {
        return None;
    }
    let margin = rounded(watermark.margin.of_one() * f64::from(width.min(height)));
    let (across, down) = pulls(watermark.gravity);
    let room = |side: u32, aim: Aim| {
        let margins = if aim == Aim::Middle { 0 } else { margin.saturating_mul(2) };
        side.saturating_sub(margins).max(1)
    };
    let room = (room(width, across), room(height, down));
    let (own_width, own_height) = logo.picture.upright();
    let wanted = watermark.scale.of_one() * f64::from(width);
    let shape = f64::from(own_height) / f64::from(own_width);
    let fitting = wanted.min(f64::from(room.0)).min(f64::from(room.1) / shape);
    let size = (rounded(fitting).clamp(1, room.0), rounded(fitting * shape).clamp(1, room.1));
    let place = |side: u32, length: u32, aim: Aim| {
        let free = side - length;
        match aim {
            Aim::Start => margin.min(free),
            Aim::End => free - margin.min(free),
            Aim::Middle | Aim::At(_) => aim.margin(side, length),
        }
    };
    Some(Spot { size, left: place(width, size.0, across), top: place(height, size.1, down) })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within a variant")]
fn rounded(length: f64) -> u32 {
    length.round() as u32
}

/// Draws RGBA on a picture, so much of 255 opaque.
fn blend(pixels: &mut Pixels, logo: &Pixels, (left, top): (u32, u32), opacity: u32) {
    let channels = pixels.channels();
    let stride = pixels.width as usize * channels;
    let rows = pixels.bytes.chunks_exact_mut(stride).skip(top as usize);
    let line = logo.width as usize * 4;
    for (row, source) in rows.zip(logo.bytes.chunks_exact(line)) {
        let places = row.chunks_exact_mut(channels).skip(left as usize);
        for (place, source) in places.zip(source.as_chunks::<4>().0) {
            let [colours @ .., alpha] = source.map(u32::from);
            let above = (alpha * opacity + 127) / 255;
            let below = place.get(3).copied().map_or(255, u32::from) * (255 - above);
            // In parts of 255².
            let sum = above * 255 + below;
            for (have, colour) in place.iter_mut().zip(colours) {
                let mixed = colour * above * 255 + u32::from(*have) * below;
                let quotient = (mixed + sum / 2).checked_div(sum);
                *have = quotient.map_or(0, |it| u8::try_from(it).unwrap_or(u8::MAX));
            }
            if let Some(alpha) = place.get_mut(3) {
                *alpha = u8::try_from((sum + 127) / 255).unwrap_or(u8::MAX);
            }
        }
    }
}
