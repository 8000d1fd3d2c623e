//! Against `image-webp`, which decodes whole frames, and against broken files.

use image_webp_decoder::vp8::Vp8Decoder;
use libwebp::WebPConfig;
use proptest::{prelude::*, test_runner::RngSeed};

use crate::{DecodeError, Frame, Plane};

/// Rows of the three planes, as wide as the picture.
#[derive(Debug, Default, PartialEq, Eq)]
struct Planes([Vec<Vec<u8>>; 3]);

fn decoded(data: &[u8]) -> Result<Planes, DecodeError> {
    let mut planes = Planes::default();
    Frame::open(data)?.decode(|plane, row| planes.0[plane as usize].push(row.to_vec()))?;
    Ok(planes)
}

fn expected(data: &[u8]) -> Option<Planes> {
    let frame = Vp8Decoder::decode_frame(data).ok()?;
    let (width, height) = (usize::from(frame.width), usize::from(frame.height));
    let stride = width.next_multiple_of(16);
    let rows = |samples: &[u8], stride: usize, width: usize, height: usize| {
        samples.chunks_exact(stride).take(height).map(|row| row[..width].to_vec()).collect()
    };
    let half = |length: usize| length.div_ceil(2);
    Some(Planes([
        rows(&frame.ybuf, stride, width, height),
        rows(&frame.ubuf, stride / 2, half(width), half(height)),
        rows(&frame.vbuf, stride / 2, half(width), half(height)),
    ]))
}

/// A frame as libwebp encodes it.
fn encoded((width, height): (u32, u32), adjust: impl Fn(&mut WebPConfig)) -> Vec<u8> {
    let pixels = sample::pixels(width, height);
    let encoder = libwebp::Encoder::from_rgb(&pixels, width, height);
    let mut config = WebPConfig::new().unwrap();
    adjust(&mut config);
    let file = encoder.encode_advanced(&config).unwrap();
    assert_eq!(&file[12..16], b"VP8 ");
    let length = u32::from_le_bytes(*file[16..].first_chunk().unwrap()) as usize;
    file[20..20 + length].to_vec()
}

#[track_caller]
fn check(size: (u32, u32), about: &str, adjust: impl Fn(&mut WebPConfig)) {
    let data = encoded(size, adjust);
    let frame = Frame::open(&data).unwrap();
    assert_eq!((frame.width(), frame.height()), size);
    let (have, want) = (decoded(&data).unwrap(), expected(&data).unwrap());
    for (plane, (have, want)) in ["Y", "U", "V"].into_iter().zip(have.0.iter().zip(&want.0)) {
        let first = have.iter().zip(want).position(|(have, want)| have != want);
        assert_eq!(first, None, "{size:?}, {about}: a row of {plane}");
        assert_eq!(have.len(), want.len(), "{size:?}, {about}: rows of {plane}");
    }
}

#[test]
fn every_size_is_as_another_decoder_has_it() {
    for size in [(1, 1), (1, 17), (17, 1), (15, 16), (16, 16), (17, 33), (64, 48), (400, 300)] {
        check(size, "as usual", |_| {});
    }
}

#[test]
fn every_way_of_encoding_is_as_another_decoder_has_it() {
    for quality in [0.0, 10.0, 50.0, 80.0, 95.0, 100.0] {
        for method in 0..=6 {
            check((150, 101), &format!("quality {quality}, method {method}"), |config| {
                config.quality = quality;
                config.method = method;
            });
        }
    }
    for segments in 1..=4 {
        for partitions in 0..=3 {
            let about = format!("{segments} segments, 2^{partitions} partitions");
            check((150, 201), &about, |config| {
                config.segments = segments;
                config.partitions = partitions;
                config.sns_strength = 100;
            });
        }
    }
}

#[test]
fn every_filter_is_as_another_decoder_has_it() {
    for (filter_type, quality) in [(0, 5.0), (0, 80.0), (1, 5.0), (1, 80.0)] {
        for strength in [0, 5, 30, 60, 100] {
            for sharpness in 0..=7 {
                let about = format!("filter {filter_type}, {strength}, {sharpness}, {quality}");
                check((100, 90), &about, |config| {
                    config.quality = quality;
                    config.filter_type = filter_type;
                    config.filter_strength = strength;
                    config.filter_sharpness = sharpness;
                    config.autofilter = i32::from(strength == 30);
                });
            }
        }
    }
}

#[test]
fn what_ends_early_is_refused_after_the_rows_that_are_there() {
    let data = encoded((100, 200), |config| config.quality = 90.0);
    for length in [0, 3, 9, 10, 40, data.len() / 2, data.len() * 9 / 10] {
        assert_eq!(decoded(&data[..length]), Err(DecodeError::EndsEarly), "{length} bytes");
    }
    let mut rows = 0;
    let frame = Frame::open(&data[..data.len() * 2 / 3]).unwrap();
    frame.decode(|plane, _| rows += usize::from(plane == Plane::Y)).unwrap_err();
    assert!((32..200).contains(&rows), "{rows} rows");
}

#[test]
fn what_is_no_key_frame_is_refused() {
    let mut data = encoded((20, 20), |_| {});
    data[6..10].fill(0);
    let empty = DecodeError::Empty { width: 0, height: 0 };
    assert_eq!(decoded(&data), Err(empty));
    data[3] = 0;
    assert_eq!(decoded(&data), Err(DecodeError::NoKeyFrame));
}

/// Always the same cases, for there are streams on which the other decoder goes beyond 16 bits.
fn cases() -> ProptestConfig {
    ProptestConfig { cases: 300, rng_seed: RngSeed::Fixed(6386), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_broken_file_is_as_another_decoder_has_it(
        changes in prop::collection::vec((0..1000_usize, any::<u8>()), 1..4),
        partitions in 0..4,
        kept in prop_oneof![500..1000_usize, 1000..2000_usize],
    ) {
        let mut data = encoded((70, 90), |config| config.partitions = partitions);
        for (place, byte) in changes {
            let place = 10 + place * (data.len() - 10) / 1000;
            data[place] ^= byte;
        }
        // Most streams whose meaning changes are longer or shorter.
        data.resize(data.len() * kept / 1000, 0x55);
        match (expected(&data), decoded(&data)) {
            (Some(expected), decoded) => prop_assert_eq!(decoded, Ok(expected)),
            // The other decoder knows one colour space only.
            (None, Ok(planes)) => prop_assert_eq!(planes.0[0].len(), 90),
            (None, Err(error)) => prop_assert_eq!(error, DecodeError::EndsEarly),
        }
    }
}
