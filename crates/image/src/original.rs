//! A decoded original, and what becomes of it in each variant: where it is cut, its size, its colours
//! and what is around or behind it.

use contract::{
    framing::Framing,
    settings::{Colour, Fit, Variant},
};
use jpeg::decoder::Scratch;

use crate::{
    attention::Attention,
    colour::Correction,
    encode::Drawn,
    geometry::{self, Part, Placement, pixel_count},
    order::Order,
    picture::Picture,
    pixels::Pixels,
    resize::ScalingError,
    target::Target,
};

/// An original, of which any number of variants can be drawn.
pub(crate) struct Original {
    picture: Picture,
    /// The way from its colours to sRGB, if they are others.
    correction: Option<Correction>,
    framing: Framing,
    part: Part,
    /// What people look at in that part, once a variant has asked for it.
    attention: Option<Attention>,
}

impl Original {
    pub(crate) fn new(
        mut picture: Picture,
        correction: Option<Correction>,
        framing: Framing,
    ) -> Self {
        let part = Part::of(picture.upright(), framing.crop);
        if framing.crop.is_some() {
            picture.cut(part.area());
        }
        Self { picture, correction, framing, part, attention: None }
    }

    /// Width and height of all of it.
    pub(crate) fn upright(&self) -> (u32, u32) {
        self.picture.upright()
    }

    pub(crate) fn has_alpha(&self) -> bool {
        self.picture.has_alpha()
    }

    /// Gives back the buffers.
    pub(crate) fn recycle(self, scratch: &mut Scratch) {
        if let Picture::Planes(planar) = self.picture {
            scratch.recycle(planar.into_decoded());
        }
    }

    /// Which variant of an order has the fewest pixels; of several, the first.
    pub(crate) fn smallest(&self, order: Order<'_>) -> Option<usize> {
        let pixels = |variant: &Variant| {
            let (width, height) = geometry::place(self.upright(), variant, self.framing).canvas;
            pixel_count(width, height)
        };
        let sizes = order.variants.iter().map(pixels).enumerate();
        sizes.min_by_key(|(_, pixels)| *pixels).map(|(index, _)| index)
    }

    /// Where a variant is cut, and what it is scaled to.
    pub(crate) fn place(&mut self, variant: &Variant) -> Placement {
        let placed = geometry::place(self.upright(), variant, self.framing);
        if !geometry::follows_attention(variant, self.framing) {
            return placed;
        }
        let (picture, part) = (&self.picture, self.part);
        let attention = self.attention.get_or_insert_with(|| Attention::of(picture, part));
        let aims = attention.aims(&placed, part);
        geometry::place_aimed(picture.upright(), variant, self.framing, aims)
    }

    /// The finished picture of a variant.
    pub(crate) fn draw(
        &self,
        variant: &Variant,
        (target, placed): (Target, Placement),
    ) -> Result<Drawn, ScalingError> {
        let background = variant.background.unwrap_or(Colour::WHITE);
        if let Picture::Planes(planar) = &self.picture
            && target == Target::Jpeg
            && self.correction.is_none()
            && placed.canvas == placed.scaled
            && variant.watermark.is_none()
        {
            return planar.scale_to_planes(placed.area, placed.scaled).map(Drawn::Planes);
        }
        let mut pixels = self.picture.scale(placed.area, placed.scaled)?;
        if let Some(correction) = &self.correction {
            pixels = correction.apply(pixels);
        }
        // A background that was asked for is behind the whole of a padded picture.
        let is_clear = variant.fit != Fit::Pad || variant.background.is_none();
        let keeps_alpha = target.has_alpha() && is_clear;
        if placed.canvas == placed.scaled {
            let pixels = if keeps_alpha { pixels } else { pixels.flattened_on(background.0) };
            return Ok(Drawn::Pixels(pixels));
        }
        let (pixels, margin) = if keeps_alpha {
            (pixels.with_alpha(), [0; 4])
        } else {
            let Colour([red, green, blue]) = background;
            (pixels.flattened_on(background.0), [red, green, blue, u8::MAX])
        };
        let (width, height) = placed.canvas;
        let mut canvas = Pixels::filled(width, height, pixels.alpha, margin);
        canvas.draw(&pixels, placed.offset.0, placed.offset.1);
        Ok(Drawn::Pixels(canvas))
    }
}
