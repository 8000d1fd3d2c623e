//! The transform of whole blocks, against the IJG's accurate one, sample by sample.

use fixtures::jpeg_writer::{Picture, Random};

use super::decoded;

/// The IJG's accurate inverse transform of eight numbers, before rounding: the algorithm of Loeffler,
/// Ligtenberg and Moschytz (1989) with constants of 13 bits, as `jidctint.c` documents it.
fn eight_points(f: [i64; 8]) -> [i64; 8] {
    let times = |value: i64, constant: f64| value * (constant * 8192.0).round() as i64;
    let rotation = times(f[2] + f[6], 0.541_196_100);
    let low = rotation - times(f[6], 1.847_759_065);
    let high = rotation + times(f[2], 0.765_366_865);
    let (sum, difference) = ((f[0] + f[4]) << 13, (f[0] - f[4]) << 13);
    let even = [sum + high, difference + low, difference - low, sum - high];
    let shared = times(f[7] + f[3] + f[5] + f[1], 1.175_875_602);
    let outer = -times(f[7] + f[1], 0.899_976_223);
    let inner = -times(f[5] + f[3], 2.562_915_447);
    let first = shared - times(f[7] + f[3], 1.961_570_560);
    let second = shared - times(f[5] + f[1], 0.390_180_644);
    let odd = [
        times(f[1], 1.501_321_110) + outer + second,
        times(f[3], 3.072_711_026) + inner + first,
        times(f[5], 2.053_119_869) + inner + second,
        times(f[7], 0.298_631_336) + outer + first,
    ];
    std::array::from_fn(|x| if x < 4 { even[x] + odd[x] } else { even[7 - x] - odd[7 - x] })
}

/// A block of coefficients by row and column: columns first, with two more bits than whole numbers.
fn samples(block: &[[i64; 8]; 8]) -> [[u8; 8]; 8] {
    let rounded = |value: i64, bits: u32| (value + (1 << (bits - 1))) >> bits;
    let columns: [[i64; 8]; 8] = std::array::from_fn(|u| {
        eight_points(std::array::from_fn(|v| block[v][u])).map(|value| rounded(value, 11))
    });
    std::array::from_fn(|y| {
        let row = eight_points(std::array::from_fn(|u| columns[u][y]));
        row.map(|value| (rounded(value, 18) + 128).clamp(0, 255) as u8)
    })
}

#[test]
fn whole_blocks_are_equal_to_the_accurate_transform() {
    let mut random = Random(31);
    for progressive in [false, true] {
        let mut picture = Picture::noise((200, 120), &[(1, 1)], &mut random);
        picture.progressive = progressive;
        let decoded = decoded(&picture.file(), 1.0, 1.0).unwrap();
        let plane = &decoded.components[0].plane;
        for (y, x) in (0..15).flat_map(|y| (0..25).map(move |x| (y, x))) {
            let expected = samples(&picture.plates[0].dequantised((x, y)));
            for (row, expected) in expected.iter().enumerate() {
                let start = (8 * y + row) * 200 + 8 * x;
                assert_eq!(plane.samples[start..start + 8], expected[..], "block {x}, {y}");
            }
        }
    }
}
