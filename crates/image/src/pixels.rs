//! The one pixel buffer that every stage of the image path takes and returns.
//!
//! Eight bits a channel, RGB or RGBA, alpha not premultiplied unless a stage says so. Grey and deep
//! originals are widened or narrowed when they are decoded, so no later stage has to know of them.

use image::{DynamicImage, ExtendedColorType, RgbImage, RgbaImage, metadata::Orientation};

/// An image in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Whether a pixel is RGBA; otherwise it is RGB.
    pub alpha: bool,
    /// Rows from the top, without padding.
    pub bytes: Vec<u8>,
}

impl Pixels {
    /// An image filled with one colour, whose last value counts only if there is alpha.
    pub fn filled(width: u32, height: u32, alpha: bool, colour: [u8; 4]) -> Self {
        let pixel = if alpha { &colour[..] } else { &colour[..3] };
        Self { width, height, alpha, bytes: pixel.repeat(width as usize * height as usize) }
    }

    /// Bytes of one pixel.
    pub fn channels(&self) -> usize {
        if self.alpha { 4 } else { 3 }
    }

    /// The same, as the `image` crate calls it.
    pub fn colour_type(&self) -> ExtendedColorType {
        if self.alpha { ExtendedColorType::Rgba8 } else { ExtendedColorType::Rgb8 }
    }

    /// Whether no pixel lets a background shine through.
    pub fn is_opaque(&self) -> bool {
        !self.alpha || self.bytes.as_chunks::<4>().0.iter().all(|pixel| pixel[3] == u8::MAX)
    }

    /// The same image without alpha, on white as on an empty page.
    #[must_use]
    pub fn flattened(self) -> Self {
        self.flattened_on([u8::MAX; 3])
    }

    /// The same image without alpha, on a background of one colour.
    #[must_use]
    pub fn flattened_on(self, background: [u8; 3]) -> Self {
        if !self.alpha {
            return self;
        }
        let [red, green, blue] = background;
        let pixels = self.bytes.as_chunks::<4>().0;
        let bytes = pixels
            .iter()
            .flat_map(|&[r, g, b, a]| [on(red, r, a), on(green, g, a), on(blue, b, a)]);
        Self { bytes: bytes.collect(), alpha: false, ..self }
    }

    /// The same image as RGBA.
    #[must_use]
    pub fn with_alpha(self) -> Self {
        if self.alpha {
            return self;
        }
        let pixels = self.bytes.as_chunks::<3>().0;
        let bytes = pixels.iter().flat_map(|&[r, g, b]| [r, g, b, u8::MAX]).collect();
        Self { bytes, alpha: true, ..self }
    }

    /// Takes away the alpha channel in place: the image may fill most of the memory.
    pub fn drop_alpha(&mut self) {
        if self.alpha {
            let count = self.bytes.len() / 4;
            for index in 0..count {
                self.bytes.copy_within(index * 4..index * 4 + 3, index * 3);
            }
            self.bytes.truncate(count * 3);
            self.alpha = false;
        }
    }

    /// The same image as a camera's orientation tag wants it shown.
    #[must_use]
    pub fn oriented(self, orientation: Orientation) -> Self {
        if orientation == Orientation::NoTransforms {
            return self;
        }
        let mut image = self.into_image();
        image.apply_orientation(orientation);
        Self::from_image(image)
    }

    /// Copies an image of the same kind to a place inside this one.
    pub fn draw(&mut self, image: &Self, left: u32, top: u32) {
        debug_assert_eq!(self.alpha, image.alpha);
        let channels = self.channels();
        let line = image.width as usize * channels;
        let stride = self.width as usize * channels;
        let start = top as usize * stride + left as usize * channels;
        for (row, source) in image.bytes.chunks_exact(line).enumerate() {
            let at = start + row * stride;
            self.bytes[at..at + line].copy_from_slice(source);
        }
    }

    /// Takes over any decoded image, widening grey and narrowing deep channels.
    pub fn from_image(image: DynamicImage) -> Self {
        let (width, height) = (image.width(), image.height());
        let alpha = image.color().has_alpha();
        let bytes =
            if alpha { image.into_rgba8().into_raw() } else { image.into_rgb8().into_raw() };
        Self { width, height, alpha, bytes }
    }

    /// Hands the buffer to the `image` crate.
    pub fn into_image(self) -> DynamicImage {
        let Self { width, height, alpha, bytes } = self;
        let image = if alpha {
            RgbaImage::from_raw(width, height, bytes).map(DynamicImage::ImageRgba8)
        } else {
            RgbImage::from_raw(width, height, bytes).map(DynamicImage::ImageRgb8)
        };
        // The buffer is always exactly as long as the dimensions say.
        image.unwrap_or_default()
    }
}

fn on(background: u8, colour: u8, alpha: u8) -> u8 {
    let [background, colour, alpha] = [background, colour, alpha].map(u32::from);
    let sum = colour * alpha + background * (255 - alpha);
    u8::try_from((sum + 127) / 255).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flattening_blends_with_the_background() {
        let image = Pixels {
            width: 3,
            height: 1,
            alpha: true,
            bytes: vec![10, 20, 30, 255, 10, 20, 30, 0, 0, 100, 255, 128],
        };
        let flat = image.clone().flattened();
        assert!(!flat.alpha);
        assert_eq!(flat.bytes, [10, 20, 30, 255, 255, 255, 127, 177, 255]);
        let flat = image.flattened_on([255, 0, 100]);
        assert_eq!(flat.bytes, [10, 20, 30, 255, 0, 100, 127, 50, 178]);
    }

    #[test]
    fn only_a_lower_alpha_makes_an_image_see_through() {
        let mut image = Pixels::filled(2, 1, true, [1, 2, 3, 255]);
        assert!(image.is_opaque());
        image.bytes[7] = 254;
        assert!(!image.is_opaque());
        assert!(Pixels::filled(2, 1, false, [1, 2, 3, 0]).is_opaque());
    }

    #[test]
    fn drawing_touches_only_its_rectangle() {
        let mut canvas = Pixels::filled(3, 3, false, [0, 0, 0, 0]);
        canvas.draw(&Pixels::filled(1, 2, false, [9, 8, 7, 0]), 2, 1);
        let mut expected = vec![0; 27];
        for row in [1, 2] {
            expected[row * 9 + 6..row * 9 + 9].copy_from_slice(&[9, 8, 7]);
        }
        assert_eq!(canvas.bytes, expected);
    }

    #[test]
    fn grey_and_deep_images_become_eight_bit_colour() {
        let grey = image::GrayImage::from_pixel(1, 1, image::Luma([77]));
        assert_eq!(Pixels::from_image(grey.into()).bytes, [77, 77, 77]);
        let deep =
            image::ImageBuffer::from_pixel(1, 1, image::Rgba([0u16, 0x8080, 0xffff, 0x4040]));
        assert_eq!(Pixels::from_image(DynamicImage::ImageRgba16(deep)).bytes, [0, 128, 255, 64]);
    }
}
