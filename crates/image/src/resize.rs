//! The scaling itself, with Lanczos3: a part of an original, turned when it is small.
//!
//! The same picture as turning the original first, for a fraction of the work.

use fast_image_resize::{
    FilterType, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::U8,
};

use crate::{
    geometry::{Area, Grid, swaps_sides},
    pixels::Pixels,
    reduce::Channels,
    thumbnail::means,
    window::Window,
};

/// An original that is ready to be scaled, any number of times.
#[derive(Debug)]
pub(crate) struct Source {
    /// As stored; colours are premultiplied where there is alpha, so that what is invisible does
    /// not bleed into what is visible.
    stored: Channels,
    grid: Grid,
}

impl Source {
    /// Takes over the samples of an original as stored.
    pub(crate) fn new(mut stored: Channels, grid: Grid) -> Self {
        if let Some((alpha, colours)) = stored.planes.split_last_mut()
            && stored.alpha
        {
            for plane in colours {
                premultiply(plane, alpha);
            }
        }
        let grid = Grid { start: (0.0, f64::from(stored.first_row)), ..grid };
        Self { stored, grid }
    }

    /// Width and height of the upright original.
    pub(crate) fn upright(&self) -> (u32, u32) {
        self.grid.upright()
    }

    /// Whether some pixel is not opaque.
    pub(crate) fn has_alpha(&self) -> bool {
        self.stored.alpha
    }

    /// Forgets whatever is outside of this area of the upright image, so that nothing of it shows at
    /// the edges of what is inside.
    pub(crate) fn cut(&mut self, area: Area) {
        let stored = &mut self.stored;
        let window = Window::around(self.grid.samples(area), (stored.width, stored.height));
        for plane in &mut stored.planes {
            window.cut(plane, stored.width);
        }
        (stored.width, stored.height) = (window.width, window.height);
        self.grid = window.grid(self.grid);
    }

    /// An area of the upright image in a few pixels.
    pub(crate) fn thumbnail(&self, area: Area, size: (u32, u32)) -> Pixels {
        let turned = swaps_sides(self.grid.orientation);
        let (width, height) = if turned { (size.1, size.0) } else { size };
        let area = self.grid.samples(area);
        let size = (self.stored.width, self.stored.height);
        let planes = self.stored.planes.iter();
        let planes = planes.map(|plane| means((plane, size), area, (width, height)));
        let small = pixels_of(planes.collect(), self.stored.alpha, (width, height));
        small.oriented(self.grid.orientation)
    }

    /// Cuts out an area of the upright image and scales it.
    pub(crate) fn scale(&self, area: Area, size: (u32, u32)) -> Result<Pixels, ScalingError> {
        let turned = swaps_sides(self.grid.orientation);
        let (width, height) = if turned { (size.1, size.0) } else { size };
        let area = self.grid.samples(area);
        let size = (self.stored.width, self.stored.height);
        let scaled = self.stored.planes.iter().map(|stored| {
            let mut plane = vec![0; width as usize * height as usize];
            scale_plane((stored, size), area, (&mut plane, (width, height)))?;
            Ok(plane)
        });
        let planes = scaled.collect::<Result<Vec<_>, _>>()?;
        let scaled = pixels_of(planes, self.stored.alpha, (width, height));
        Ok(scaled.oriented(self.grid.orientation))
    }
}

/// The pixels of planes, of which the last may be alpha that the others are multiplied by.
fn pixels_of(mut planes: Vec<Vec<u8>>, alpha: bool, (width, height): (u32, u32)) -> Pixels {
    let alpha = if alpha { planes.pop() } else { None };
    if let Some(alpha) = &alpha {
        for plane in &mut planes {
            unpremultiply(plane, alpha);
        }
    }
    let bytes = interleaved(&planes, alpha.as_deref());
    Pixels { width, height, alpha: alpha.is_some(), bytes }
}

/// One plane of grey or three of colours as RGB or RGBA.
fn interleaved(colours: &[Vec<u8>], alpha: Option<&[u8]>) -> Vec<u8> {
    let (Some(red), Some(blue)) = (colours.first(), colours.last()) else { return Vec::new() };
    let green = colours.get(1).unwrap_or(red);
    let rgb = red.iter().zip(green).zip(blue);
    match alpha {
        None => rgb.flat_map(|((&red, &green), &blue)| [red, green, blue]).collect(),
        Some(alpha) => {
            let rgba = rgb.zip(alpha);
            rgba.flat_map(|(((&red, &green), &blue), &alpha)| [red, green, blue, alpha]).collect()
        }
    }
}

/// Lets a colour count as much as it is visible.
fn premultiply(colours: &mut [u8], alpha: &[u8]) {
    for (colour, &alpha) in colours.iter_mut().zip(alpha) {
        let product = u32::from(*colour) * u32::from(alpha);
        *colour = u8::try_from((product + 127) / 255).unwrap_or(u8::MAX);
    }
}

/// The reverse. What is invisible has no colour.
fn unpremultiply(colours: &mut [u8], alpha: &[u8]) {
    for (colour, &alpha) in colours.iter_mut().zip(alpha) {
        let alpha = u32::from(alpha);
        let quotient = (u32::from(*colour) * 255 + alpha / 2).checked_div(alpha);
        // The filter may ring, and leave more colour than alpha.
        *colour = quotient.map_or(0, |value| u8::try_from(value).unwrap_or(u8::MAX));
    }
}

/// Scales an area of one plane into another, each given with its columns and rows. Planes are all
/// that is ever scaled: the resizer would compile its code again for each kind of pixel.
pub(crate) fn scale_plane(
    (stored, (across, down)): (&[u8], (u32, u32)),
    area: Area,
    (scaled, (width, height)): (&mut [u8], (u32, u32)),
) -> Result<(), ScalingError> {
    let source =
        TypedImageRef::<U8>::from_buffer(across, down, stored).map_err(ScalingError::new)?;
    let mut target =
        TypedImage::<U8>::from_buffer(width, height, scaled).map_err(ScalingError::new)?;
    let Area { left, top, width, height } = within(area, (across, down));
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
        .crop(left, top, width, height)
        .use_alpha(false);
    Resizer::new().resize_typed(&source, &mut target, &options).map_err(ScalingError::new)
}

/// The same area without the hair by which a product of fractions may exceed the buffer.
fn within(area: Area, (across, down): (u32, u32)) -> Area {
    let (across, down) = (f64::from(across), f64::from(down));
    let (width, height) = (area.width.min(across), area.height.min(down));
    Area { left: area.left.min(across - width), top: area.top.min(down - height), width, height }
}

/// A mistake in the arithmetic above, which the resizer noticed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ScalingError(String);

impl ScalingError {
    fn new(error: impl std::error::Error) -> Self {
        Self(error.to_string())
    }
}

#[cfg(test)]
mod tests;
