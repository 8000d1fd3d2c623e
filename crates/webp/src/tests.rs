//! What comes out of the encoder, read by a decoder that is not libwebp's.

use image::RgbaImage;

use super::*;

const LOSSY: Coding = Coding::Lossy { quality: 80.0 };
const EFFORTS: [Effort; 2] = [Effort::Low, Effort::High];

/// The file as pixels, and whether it says that some are clear.
fn decoded(file: &[u8]) -> (RgbaImage, bool) {
    let image = image::load_from_memory(file).unwrap();
    let alpha = image.color().has_alpha();
    (image.into_rgba8(), alpha)
}

fn flat(width: u32, height: u32, colour: &[u8]) -> Vec<u8> {
    colour.repeat(width as usize * height as usize)
}

/// Alpha of every level beside every other, colours that differ from pixel to pixel.
fn motley(width: u32, height: u32) -> Vec<u8> {
    let byte = |value: u32| u8::try_from(value % 256).unwrap();
    let pixel = |x: u32, y: u32| [byte(x * 29), byte(y * 31), byte(x * y), byte(x * 37 + y * 101)];
    (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect()
}

/// What an encoder makes of the last column and row shows at odd sizes.
#[test]
fn flat_colours_stay_flat_at_every_size() {
    const RED: [u8; 3] = [255, 0, 0];
    let small = (1..=18).flat_map(|width| (1..=18).map(move |height| (width, height)));
    let large = [(401, 301), (400, 301), (401, 300), (250, 250), (16_383, 1), (1, 16_383)];
    for (width, height) in small.chain(large) {
        let pixels = flat(width, height, &RED);
        for effort in EFFORTS {
            let picture = Picture { width, height, alpha: false, pixels: &pixels };
            let (image, alpha) = decoded(&encode(picture, LOSSY, effort).unwrap());
            assert_eq!((image.dimensions(), alpha), ((width, height), false));
            for (x, y, pixel) in image.enumerate_pixels() {
                let furthest = pixel.0.iter().zip(RED).map(|(a, b)| a.abs_diff(b)).max().unwrap();
                assert!(furthest <= 6, "{width}x{height}: {pixel:?} at {x}, {y}");
            }
        }
    }
}

#[test]
fn alpha_is_kept_exactly() {
    for (width, height) in [(64, 48), (33, 17), (1, 1), (1, 2)] {
        let pixels = motley(width, height);
        let picture = Picture { width, height, alpha: true, pixels: &pixels };
        for effort in EFFORTS {
            for coding in [Coding::Lossy { quality: 0.0 }, LOSSY, Coding::Lossless] {
                let (image, _) = decoded(&encode(picture, coding, effort).unwrap());
                let same = image.as_chunks::<4>().0.iter().zip(pixels.as_chunks::<4>().0);
                for (written, given) in same {
                    assert_eq!(written[3], given[3], "{width}x{height}, {coding:?}, {effort:?}");
                }
            }
        }
    }
}

#[test]
fn without_loss_every_visible_pixel_is_as_it_was() {
    for (width, height) in [(64, 48), (33, 17), (1, 1), (1, 2)] {
        let pixels = motley(width, height);
        let picture = Picture { width, height, alpha: true, pixels: &pixels };
        for effort in EFFORTS {
            let (image, _) = decoded(&encode(picture, Coding::Lossless, effort).unwrap());
            let pairs = image.as_chunks::<4>().0.iter().zip(pixels.as_chunks::<4>().0);
            for (written, given) in pairs.filter(|(_, given)| given[3] > 0) {
                assert_eq!(written, given, "{width}x{height}, {effort:?}");
            }
        }
    }
}

#[test]
fn impossible_sizes_are_refused_before_anything_is_encoded() {
    for (width, height) in [(0, 1), (1, 0), (16_384, 1), (1, 16_384), (u32::MAX, u32::MAX)] {
        let pixels = flat(width.min(20_000), height.min(20_000).min(1), &[0; 3]);
        let picture = Picture { width, height, alpha: false, pixels: &pixels };
        let error = encode(picture, LOSSY, Effort::Low).unwrap_err();
        assert_eq!(error, EncodeError::Size { width, height });
    }
    let error = EncodeError::Size { width: 16_384, height: 1 };
    assert_eq!(error.to_string(), "16384x1 pixels; a WebP has 1 to 16383 a side");
}

#[test]
fn a_buffer_of_another_size_is_refused() {
    for length in [0, 11, 13, 16] {
        let pixels = vec![0; length];
        let picture = Picture { width: 2, height: 2, alpha: false, pixels: &pixels };
        let error = encode(picture, LOSSY, Effort::Low).unwrap_err();
        assert_eq!(error, EncodeError::Buffer { width: 2, height: 2, channels: 3, length });
    }
}

#[test]
fn quality_outside_of_the_scale_is_its_nearest_end() {
    let pixels = motley(32, 32);
    let picture = Picture { width: 32, height: 32, alpha: true, pixels: &pixels };
    let at = |quality| encode(picture, Coding::Lossy { quality }, Effort::Low).unwrap();
    assert_eq!(at(-5.0), at(0.0));
    assert_eq!(at(1e9), at(100.0));
    assert!(at(0.0).len() < at(100.0).len());
}
