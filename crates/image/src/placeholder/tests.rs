//! Beside what the reference implementation gives: the npm package `thumbhash` 0.1.1.

use super::*;
use crate::planar::Planes;

fn drawing(width: u32, height: u32, colour: impl Fn(u32, u32) -> [u32; 4]) -> Pixels {
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let bytes = places.flat_map(|(x, y)| colour(x, y)).map(|it| u8::try_from(it).unwrap());
    Pixels { width, height, alpha: true, bytes: bytes.collect() }
}

#[test]
fn hashes_are_those_of_the_reference() {
    let wide = drawing(32, 18, |x, y| [(x * x + y * 7) % 256, x * y * 3 % 256, 255 - x * 7, 255]);
    let tall = drawing(20, 50, |x, y| [x * x % 256, y * 5, x * y % 256, 255]);
    let square =
        drawing(100, 100, |x, y| [(x * 2 + y) % 256, (x * y >> 3) % 256, 200 - y * 2, 255]);
    let clear = drawing(40, 30, |x, y| [x * 6, y * 8, 120, (x * 6 + y) % 256]);
    let half = drawing(24, 24, |x, y| {
        if x < 12 { [10, 20, 30, 0] } else { [250, 128 + x, (y * 10 + x) % 256, 255] }
    });
    let narrow = drawing(3, 60, |x, y| [(y * 4 + x * 5) % 256, (40 + x * y) % 256, y, 255]);
    let check = |pixels: &Pixels, expected: &[u8]| assert_eq!(thumbhash(pixels), expected);
    check(
        &wide,
        &[
            0x1f, 0x17, 0x06, 0x74, 0x84, 0x1f, 0x43, 0x97, 0x40, 0x76, 0xa9, 0x74, 0x98, 0x84,
            0x60, 0x76, 0x87, 0xf8, 0xf5,
        ],
    );
    check(
        &tall,
        &[
            0xd8, 0x97, 0x0d, 0x1b, 0x1a, 0x42, 0x70, 0x68, 0x88, 0x86, 0x87, 0x77, 0x99, 0xb1,
            0x3f, 0xf5, 0x78,
        ],
    );
    check(
        &square,
        &[
            0x9c, 0x38, 0x0a, 0x6f, 0x08, 0x40, 0x57, 0x67, 0x5b, 0x69, 0x79, 0x85, 0x97, 0x78,
            0x87, 0x68, 0x88, 0x87, 0x47, 0x06, 0x66, 0x70, 0x59, 0x09,
        ],
    );
    check(
        &clear,
        &[
            0x60, 0x48, 0x86, 0x1c, 0x8c, 0x38, 0xb2, 0x87, 0xa0, 0x78, 0x88, 0x77, 0x28, 0x0b,
            0x8a, 0xb2, 0x5f, 0x07, 0x77, 0x77, 0x87, 0x77, 0x78, 0x78, 0x07,
        ],
    );
    check(
        &half,
        &[
            0x2b, 0xca, 0x86, 0x35, 0x00, 0x58, 0x87, 0x77, 0xc0, 0x68, 0x87, 0x78, 0x78, 0x78,
            0x3f, 0xb8, 0x80, 0x87, 0x70, 0x7a, 0x88, 0x88, 0x87, 0x88, 0x78,
        ],
    );
    check(
        &narrow,
        &[
            0x12, 0x6a, 0x0e, 0x29, 0x12, 0x75, 0x80, 0x78, 0x88, 0x87, 0x87, 0x77, 0x73, 0x90,
            0xa7, 0x07, 0x76,
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
