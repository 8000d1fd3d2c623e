//! A photo as its JPEG has it: brightness and colour apart, and as fine as its variants need. Grey has
//! brightness alone.
//!
//! Scaled plane by plane it can be written as JPEG again without ever having been RGB. Everything
//! else gets it as [`Pixels`], converted when it is already small.

use image::{DynamicImage, GrayImage, metadata::Orientation};
use jpeg::{Plane, decoder};

use crate::{
    colour,
    geometry::{Area, Grid, swaps_sides},
    pixels::Pixels,
    resize::{ScalingError, scale_plane},
    thumbnail::means,
    window::Window,
};

/// An original in planes, ready to be scaled any number of times.
#[derive(Debug)]
pub(crate) struct Planar {
    decoded: decoder::Decoded,
    /// The original itself. Each plane may be coarser, in its own way.
    grid: Grid,
    /// Where each plane begins, as [`Grid::start`] says.
    starts: Vec<(f64, f64)>,
}

/// A finished picture in planes: full-range `YCbCr` as JFIF defines it, with chroma at half the
/// resolution both ways, or grey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Planes {
    pub(crate) luma: Plane,
    pub(crate) chroma: Option<[Plane; 2]>,
}

impl Planar {
    /// Takes over what the decoder made of an original of this size and orientation.
    pub(crate) fn new(
        decoded: decoder::Decoded,
        size: (u32, u32),
        orientation: Orientation,
    ) -> Self {
        let starts = vec![(0.0, f64::from(decoded.first_row)); decoded.components.len()];
        Self { decoded, grid: Grid::full(size, orientation), starts }
    }

    /// Gives back the buffers.
    pub(crate) fn into_decoded(self) -> decoder::Decoded {
        self.decoded
    }

    /// Width and height of the upright original.
    pub(crate) fn upright(&self) -> (u32, u32) {
        self.grid.upright()
    }

    /// Forgets whatever is outside of this area of the upright original, so that nothing of it shows at
    /// the edges of what is inside.
    pub(crate) fn cut(&mut self, area: Area) {
        for (component, start) in self.decoded.components.iter_mut().zip(&mut self.starts) {
            let grid = Grid { density: component.density, start: *start, ..self.grid };
            let plane = &mut component.plane;
            let window = Window::around(grid.samples(area), (plane.width, plane.height));
            window.cut(&mut plane.samples, plane.width);
            (plane.width, plane.height) = (window.width, window.height);
            *start = window.grid(grid).start;
        }
    }

    /// Cuts out an area of the upright original and scales it, as JPEG wants it.
    pub(crate) fn scale_to_planes(
        &self,
        area: Area,
        size: (u32, u32),
    ) -> Result<Planes, ScalingError> {
        let luma = self.scale_luma(area, size)?;
        // The last sample of an odd side stands for two pixels, of which one is beyond the frame.
        let half = (size.0.div_ceil(2), size.1.div_ceil(2));
        let beyond =
            |length: f64, side: u32, half: u32| length * f64::from(2 * half) / f64::from(side);
        let area = Area {
            width: beyond(area.width, size.0, half.0),
            height: beyond(area.height, size.1, half.1),
            ..area
        };
        Ok(Planes { luma, chroma: self.scale_chroma(area, half)? })
    }

    /// The same in RGB.
    pub(crate) fn scale(&self, area: Area, size: (u32, u32)) -> Result<Pixels, ScalingError> {
        let luma = self.scale_luma(area, size)?.samples;
        let chroma = self.scale_chroma(area, size)?.map(|planes| planes.map(|it| it.samples));
        Ok(pixels_of(&luma, chroma.as_ref(), size))
    }

    /// An area of the upright original in a few pixels.
    pub(crate) fn thumbnail(&self, area: Area, size: (u32, u32)) -> Pixels {
        let Grid { orientation, .. } = self.grid;
        let stored = if swaps_sides(orientation) { (size.1, size.0) } else { size };
        let components = self.decoded.components.iter().zip(&self.starts);
        let planes = components.map(|(component, &start)| {
            let grid = Grid { density: component.density, start, ..self.grid };
            let plane = &component.plane;
            means((&plane.samples, (plane.width, plane.height)), grid.samples(area), stored)
        });
        let planes: Vec<_> = planes.collect();
        let small = match <[_; 3]>::try_from(planes) {
            Ok([luma, cb, cr]) => pixels_of(&luma, Some(&[cb, cr]), stored),
            Err(grey) => pixels_of(&grey.concat(), None, stored),
        };
        small.oriented(orientation)
    }

    fn scale_luma(&self, area: Area, size: (u32, u32)) -> Result<Plane, ScalingError> {
        if self.decoded.components.is_empty() {
            return Ok(Plane::default());
        }
        self.scale_one(0, area, size)
    }

    fn scale_chroma(
        &self,
        area: Area,
        size: (u32, u32),
    ) -> Result<Option<[Plane; 2]>, ScalingError> {
        if self.decoded.components.len() < 3 {
            return Ok(None);
        }
        Ok(Some([self.scale_one(1, area, size)?, self.scale_one(2, area, size)?]))
    }

    fn scale_one(
        &self,
        number: usize,
        area: Area,
        size: (u32, u32),
    ) -> Result<Plane, ScalingError> {
        let Grid { orientation, .. } = self.grid;
        let (width, height) = if swaps_sides(orientation) { (size.1, size.0) } else { size };
        let component = &self.decoded.components[number];
        let (density, start) = (component.density, self.starts[number]);
        let area = Grid { density, start, ..self.grid }.samples(area);
        let stored = &component.plane;
        let mut samples = vec![0; width as usize * height as usize];
        scale_plane(
            (&stored.samples, (stored.width, stored.height)),
            area,
            (&mut samples, (width, height)),
        )?;
        Ok(oriented(Plane { width, height, samples }, orientation))
    }
}

impl Planes {
    /// The same in a few pixels.
    pub(crate) fn thumbnail(&self, size: (u32, u32)) -> Pixels {
        let small = |plane: &Plane| {
            let (width, height) = (f64::from(plane.width), f64::from(plane.height));
            let whole = Area { left: 0.0, top: 0.0, width, height };
            means((&plane.samples, (plane.width, plane.height)), whole, size)
        };
        let chroma = self.chroma.as_ref().map(|planes| planes.each_ref().map(small));
        pixels_of(&small(&self.luma), chroma.as_ref(), size)
    }
}

/// The same picture in RGB.
fn pixels_of(luma: &[u8], chroma: Option<&[Vec<u8>; 2]>, (width, height): (u32, u32)) -> Pixels {
    let bytes = match chroma {
        None => luma.iter().flat_map(|&grey| [grey; 3]).collect(),
        Some([cb, cr]) => {
            let samples = luma.iter().zip(cb.iter().zip(cr));
            samples.flat_map(|(&y, (&cb, &cr))| colour::rgb_of_ycbcr([y, cb, cr])).collect()
        }
    };
    Pixels { width, height, alpha: false, bytes }
}

/// The same plane as a camera's orientation tag wants it shown.
fn oriented(plane: Plane, orientation: Orientation) -> Plane {
    if orientation == Orientation::NoTransforms {
        return plane;
    }
    let image = GrayImage::from_raw(plane.width, plane.height, plane.samples);
    // The buffer is always exactly as long as the dimensions say.
    let mut image = DynamicImage::ImageLuma8(image.unwrap_or_default());
    image.apply_orientation(orientation);
    let (width, height) = (image.width(), image.height());
    Plane { width, height, samples: image.into_bytes() }
}
