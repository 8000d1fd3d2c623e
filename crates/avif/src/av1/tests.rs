//! What a decoder will make of it: AV1 says so exactly, and the encoder keeps it.

use super::*;
use crate::{Loss, Picture, encode};

const EFFORTS: [Effort; 2] = [Effort::Low, Effort::High];

fn drawn(packet: &Packet<u8>, plane: usize, (width, height): Size) -> Vec<u8> {
    let frame = packet.rec.as_ref().unwrap();
    let rows = frame.planes[plane].rows_iter().take(height);
    rows.flat_map(|row| row[..width].to_vec()).collect()
}

/// Levels that rise, jump and change from pixel to pixel.
fn motley((width, height): Size) -> Vec<u8> {
    let value = |x: usize, y: usize| match (x / 8 + y / 8) % 4 {
        0 => 0,
        1 => 255,
        2 => x * 5 + y * 3,
        _ => x * 37 + y * 101,
    };
    let row = |y| (0..width).map(move |x| u8::try_from(value(x, y) % 256).unwrap());
    (0..height).flat_map(row).collect()
}

#[test]
fn flat_colours_stay_flat_at_every_size() {
    // Red, as JFIF has it.
    let [luma, cb, cr] = [76, 85, 255];
    for size in [(1, 1), (1, 2), (2, 1), (3, 5), (17, 16), (33, 31), (401, 301_usize)] {
        let half = (usize::div_ceil(size.0, 2), size.1.div_ceil(2));
        let flat = |value: u8, (width, height): Size| vec![value; width * height];
        let planes = [flat(luma, size), flat(cb, half), flat(cr, half)];
        let colours = Planes::Colours { luma: &planes[0], chroma: [&planes[1], &planes[2]] };
        for effort in EFFORTS {
            let packet = compress(colours, size, 100, effort).unwrap();
            for (index, (given, size)) in planes.iter().zip([size, half, half]).enumerate() {
                let drawn = drawn(&packet, index, size);
                assert_eq!(drawn.len(), given.len());
                let off = drawn.iter().zip(given).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
                assert!(off <= 2, "plane {index} of {size:?}, {effort:?}: {off}");
            }
        }
    }
}

#[test]
fn alpha_is_as_near_as_asked_for() {
    for size in [(1, 1), (1, 2), (40, 30), (61, 47)] {
        let alpha = motley(size);
        for effort in EFFORTS {
            for levels in [2, 1] {
                let packet = compress_alpha(&alpha, size, levels, effort).unwrap();
                let drawn = drawn(&packet, 0, size);
                let off = drawn.iter().zip(&alpha).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
                assert!(off <= levels, "{size:?}, {effort:?}: {off} levels, not {levels}");
            }
        }
    }
}

#[test]
fn a_coarser_number_gives_a_smaller_file() {
    let size = (64, 48);
    let (luma, chroma) = (motley(size), motley((32, 24)));
    let chroma = [&chroma[..]; 2];
    let picture = Picture { width: 64, height: 48, luma: &luma, chroma, alpha: None, exif: None };
    let length = |quantizer| {
        encode(picture, Loss { quantizer, alpha_levels: 2 }, Effort::Low).unwrap().len()
    };
    let lengths = [1, 60, 120, 255].map(length);
    assert!(lengths.is_sorted_by(|a, b| a > b), "{lengths:?}");
    assert_eq!(length(0), lengths[0]);
}

#[test]
fn the_file_says_what_is_in_it() {
    let size = (5, 3);
    let (luma, chroma, alpha) = (vec![90; 15], vec![128; 6], motley(size));
    let chroma = [&chroma[..]; 2];
    let picture = |alpha| Picture { width: 5, height: 3, luma: &luma, chroma, alpha, exif: None };
    let loss = Loss { quantizer: 90, alpha_levels: 2 };
    let without = encode(picture(None), loss, Effort::Low).unwrap();
    let with = encode(picture(Some(&alpha)), loss, Effort::Low).unwrap();
    let bytes_after = |file: &[u8], name: &[u8]| {
        let places = file.windows(name.len()).enumerate().filter(|(_, bytes)| *bytes == name);
        places.map(|(at, _)| file[at + name.len()..][..4].to_vec()).collect::<Vec<_>>()
    };
    // Profile 0, eight bits and 4:2:0 without a named place of chroma, then the same in grey (AV1
    // Codec ISO Media File Format Binding, section 2.3.3).
    assert_eq!(bytes_after(&without, b"av1C"), [[0x81, 0x1f, 0x0c, 0]]);
    assert_eq!(bytes_after(&with, b"av1C"), [[0x81, 0x1f, 0x0c, 0], [0x81, 0x1f, 0x1c, 0]]);
    for file in [&without, &with] {
        assert!(file.starts_with(b"\0\0\0\x1cftypavif") || file[4..].starts_with(b"ftypavif"));
        assert_eq!(bytes_after(file, b"colr").len(), 0);
    }
}

#[test]
fn planes_of_another_size_are_refused() {
    let (luma, chroma) = (vec![0; 15], vec![0; 6]);
    let planes = [&chroma[..]; 2];
    let whole =
        Picture { width: 5, height: 3, luma: &luma, chroma: planes, alpha: None, exif: None };
    for picture in [
        Picture { luma: &luma[1..], ..whole },
        Picture { chroma: [&chroma, &chroma[1..]], ..whole },
        Picture { alpha: Some(&luma[1..]), ..whole },
        Picture { width: usize::MAX, height: 3, ..whole },
    ] {
        let loss = Loss { quantizer: 90, alpha_levels: 2 };
        let error = encode(picture, loss, Effort::Low).unwrap_err();
        assert!(matches!(error, crate::EncodeError::Planes { .. }), "{error}");
    }
}
