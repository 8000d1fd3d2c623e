//! A photo-like picture out of nothing, for trying a stack without an image at hand.
//!
//! The same size always gives the same bytes.

use jpeg::encoder::{self, Picture, Scratch, colour};

const QUALITY: u8 = 90;

/// A landscape at dusk as JPEG. Sides are brought within 1 to 65535.
pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let side = |length: u32| length.clamp(1, u16::MAX.into());
    let (width, height) = (side(width), side(height));
    let colour::Planes { luma, chroma: [cb, cr] } =
        colour::planes_of_rgb(&pixels(width, height), width, height);
    let picture = Picture { luma: &luma, chroma: Some([&cb, &cr]) };
    // Planes that fit together, with sides that a JPEG can have, are always encoded.
    encoder::encode(&picture, QUALITY, &mut Scratch::default()).unwrap_or_default()
}

/// The same landscape as RGB, three bytes a pixel and rows from the top.
#[expect(clippy::cast_precision_loss, reason = "no side reaches 2^23")]
pub fn pixels(width: u32, height: u32) -> Vec<u8> {
    let (across, down) = (width as f32, height as f32);
    let mut pixels = Vec::with_capacity(width as usize * height as usize * 3);
    for row in 0..height {
        let y = row as f32 / down;
        for column in 0..width {
            pixels.extend(landscape(column as f32 / across, y, across / down));
        }
    }
    pixels
}

type Colour = [f32; 3];

const ZENITH: Colour = [38.0, 52.0, 110.0];
const HORIZON: Colour = [255.0, 168.0, 112.0];
const SUN: Colour = [255.0, 244.0, 214.0];
const FAR_HILLS: Colour = [122.0, 92.0, 132.0];
const NEAR_HILLS: Colour = [46.0, 44.0, 74.0];
const WATER: Colour = [24.0, 34.0, 62.0];

/// The colour at a place, both coordinates from 0 to 1.
fn landscape(x: f32, y: f32, aspect: f32) -> [u8; 3] {
    const SHORE: f32 = 0.78;
    let colour = if y < SHORE {
        land_and_sky(x, y, aspect)
    } else {
        // The water mirrors what stands above the shore, rippled and darker.
        let ripple = (y * 190.0).sin() * 0.006 + (y * 71.0 + x * 9.0).sin() * 0.004;
        let above = SHORE - (y - SHORE) * 1.6;
        mix(land_and_sky(x + ripple, above.max(0.0), aspect), WATER, 0.45 + (y - SHORE))
    };
    let grain = grain(x, y);
    colour.map(|value| to_byte(value + grain))
}

fn land_and_sky(x: f32, y: f32, aspect: f32) -> Colour {
    let far = 0.60 + 0.05 * (x * 7.0 + 1.0).sin() + 0.02 * (x * 23.0).sin();
    let near = 0.70 + 0.06 * (x * 4.0 + 4.0).sin() + 0.012 * (x * 41.0).sin();
    if y > near {
        mix(NEAR_HILLS, [20.0, 22.0, 38.0], (y - near) * 5.0)
    } else if y > far {
        mix(FAR_HILLS, HORIZON, (y - far) * 2.0)
    } else {
        let sky = mix(ZENITH, HORIZON, (y / 0.62).powf(1.4));
        let cloud = (x * 11.0 + (y * 17.0).sin()).sin() * (y * 29.0 + x * 3.0).sin();
        let sky = mix(sky, HORIZON, cloud.max(0.0) * 0.25);
        let distance = ((x - 0.68) * aspect).hypot(y - 0.44);
        mix(sky, SUN, ((0.085 - distance) * 90.0).clamp(0.0, 1.0).max(0.03 / (distance + 0.05)))
    }
}

fn mix(from: Colour, to: Colour, share: f32) -> Colour {
    let share = share.clamp(0.0, 1.0);
    [0, 1, 2].map(|channel| from[channel] + (to[channel] - from[channel]) * share)
}

/// A little noise, as from a sensor, so that a JPEG of it is as large as a photo's.
fn grain(x: f32, y: f32) -> f32 {
    let noise = (x * 12_989.8 + y * 78_233.0).sin() * 43_758.547;
    (noise - noise.floor() - 0.5) * 5.0
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is clamped to a byte"
)]
fn to_byte(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dimensions(file: &[u8]) -> (u32, u32) {
        let header = jpeg::decoder::read_header(file).unwrap();
        (header.width, header.height)
    }

    #[test]
    fn it_is_a_jpeg_of_the_size_asked_for_and_always_the_same() {
        let bytes = jpeg(120, 90);
        assert_eq!(dimensions(&bytes), (120, 90));
        assert_eq!(bytes, jpeg(120, 90));
    }

    #[test]
    fn impossible_sizes_are_brought_into_range() {
        assert_eq!(dimensions(&jpeg(0, 5)), (1, 5));
    }
}
