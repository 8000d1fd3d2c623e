//! Beside what the reference implementation gives: the npm package `thumbhash` 0.1.1. No wave in these
//! pictures is exactly none, where its bytes would follow from rounding errors.

use super::*;
use crate::planar::Planes;

fn drawing(width: u32, height: u32, colour: impl Fn(u32, u32) -> [u32; 4]) -> Pixels {
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let bytes = places.flat_map(|(x, y)| colour(x, y)).map(|it| u8::try_from(it).unwrap());
    Pixels { width, height, alpha: true, bytes: bytes.collect() }
}

#[test]
fn hashes_are_those_of_the_reference() {
    let opaque = |width, height| {
        drawing(width, height, |x, y| {
            [
                (x * x * 3 + y * 5 + x * y) % 256,
                (y * y + x * 7) % 256,
                (x * y * 2 + x + 3 * y) % 256,
                255,
            ]
        })
    };
    let [wide, tall, square, narrow] =
        [(32, 18), (20, 50), (100, 100), (3, 60)].map(|(width, height)| opaque(width, height));
    let clear = drawing(40, 30, |x, y| {
        [(x * 6 + y * y) % 256, (y * 8 + x * x) % 256, (120 + x * y) % 256, (x * 6 + y * x) % 256]
    });
    let half = drawing(24, 24, |x, y| match x * x + y * 5 {
        0..160 => [10, 20, 30, 0],
        _ => [(200 + x * y) % 256, (128 + x * x) % 256, (y * 10 + x) % 256, 255],
    });
    let check = |pixels: &Pixels, expected: &[u8]| assert_eq!(thumbhash(pixels), expected);
    check(
        &wide,
        &[
            0x5e, 0xf8, 0x05, 0x1c, 0x84, 0x40, 0x55, 0x65, 0x33, 0x76, 0x87, 0x54, 0x8a, 0xb5,
            0xa6, 0x6f, 0xfc, 0x55, 0xce,
        ],
    );
    check(
        &tall,
        &[
            0x1e, 0x08, 0x06, 0x0b, 0x02, 0x52, 0x20, 0x15, 0x63, 0x51, 0x62, 0x42, 0x8a, 0x9f,
            0xfc, 0x87, 0xb9,
        ],
    );
    check(
        &square,
        &[
            0x1f, 0x08, 0x02, 0x07, 0x00, 0x43, 0x53, 0x41, 0x43, 0x44, 0x03, 0x43, 0x35, 0x25,
            0x33, 0x33, 0x43, 0x44, 0x92, 0xeb, 0xf9, 0xaf, 0x89, 0x06,
        ],
    );
    check(
        &narrow,
        &[
            0x5b, 0xf8, 0x0d, 0x11, 0x08, 0x76, 0x61, 0x07, 0x98, 0xa6, 0x66, 0x76, 0xcc, 0xbf,
            0x96, 0x78, 0x05,
        ],
    );
    check(
        &clear,
        &[
            0xe1, 0xf7, 0x81, 0x0c, 0x82, 0x17, 0x2e, 0x9b, 0x59, 0x66, 0x0a, 0xa5, 0x33, 0x2f,
            0x63, 0x50, 0x7d, 0x0c, 0x20, 0x63, 0x55, 0x77, 0x76, 0x67, 0x07,
        ],
    );
    check(
        &half,
        &[
            0xa0, 0x07, 0x86, 0x35, 0x02, 0x58, 0x79, 0x66, 0xb0, 0x79, 0x8a, 0x96, 0xa6, 0x87,
            0x3f, 0x37, 0xc8, 0xf8, 0x60, 0x89, 0x76, 0x89, 0x88, 0x78, 0x87,
        ],
    );
}

#[test]
fn an_even_picture_has_no_waves() {
    let grey = drawing(100, 75, |_, _| [128, 128, 128, 255]);
    let hash = thumbhash(&grey);
    assert_eq!(hash[..5], [0x20, 0x08, 0x02, 0x05, 0x80]);
    assert!(hash[5..].iter().all(|pair| *pair == 0x88 || *pair == 0x08), "{hash:x?}");
}

#[test]
fn the_mean_counts_what_is_visible() {
    let mean_of = |pixels: &Pixels| mean(pixels).to_string();
    assert_eq!(mean_of(&drawing(2, 1, |x, _| [x * 255, 100, 50, 255])), "#806432");
    assert_eq!(mean_of(&drawing(2, 1, |x, _| [x * 255, 100, 50, 255 * x])), "#ff6432");
    assert_eq!(mean_of(&drawing(2, 1, |_, _| [9, 9, 9, 0])), "#ffffff");
}

#[test]
fn planes_and_pixels_have_the_same_placeholder() {
    let bytes = sample::pixels(320, 240);
    let pixels = Pixels { width: 320, height: 240, alpha: false, bytes };
    let jpeg::encoder::colour::Planes { luma, chroma } =
        jpeg::encoder::colour::planes_of_rgb(&pixels.bytes, 320, 240);
    let planes = Drawn::Planes(Planes { luma, chroma: Some(chroma) });
    let [planes, pixels] = [planes, Drawn::Pixels(pixels)].map(|drawn| Placeholder::of(&drawn));
    let Colour(one) = planes.colour;
    let Colour(other) = pixels.colour;
    assert!(one.iter().zip(other).all(|(a, b)| a.abs_diff(b) <= 1), "{one:?} {other:?}");
    assert_eq!(planes.thumbhash.len(), pixels.thumbhash.len());
}
