//! Small originals of every format for the tests, made on the spot.

pub(crate) mod bmp;
pub(crate) mod jpeg;
pub(crate) mod kinds;
pub(crate) mod png;
pub(crate) mod riff;
mod seeds;
pub(crate) mod tiff;

use std::io::Cursor;

use image::{DynamicImage, ImageEncoder, ImageFormat};

use crate::pixels::Pixels;

pub(crate) const RED: [u8; 3] = [220, 20, 20];
pub(crate) const GREEN: [u8; 3] = [20, 200, 20];
pub(crate) const BLUE: [u8; 3] = [20, 20, 220];
pub(crate) const YELLOW: [u8; 3] = [230, 220, 20];

/// Four quarters: red and green above blue and yellow.
pub(crate) fn quarters(width: u32, height: u32) -> Pixels {
    let colour = |x, y| match (x < width / 2, y < height / 2) {
        (true, true) => RED,
        (false, true) => GREEN,
        (true, false) => BLUE,
        (false, false) => YELLOW,
    };
    let bytes = (0..height).flat_map(|y| (0..width).flat_map(move |x| colour(x, y))).collect();
    Pixels { width, height, alpha: false, bytes }
}

/// The same with a clear left half.
pub(crate) fn half_clear(width: u32, height: u32) -> Pixels {
    let mut pixels = quarters(width, height).with_alpha();
    for (index, pixel) in pixels.bytes.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        if index % (width as usize) < width as usize / 2 {
            pixel[3] = 0;
        }
    }
    pixels
}

pub(crate) fn encoded(pixels: &Pixels, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    pixels.clone().into_image().write_to(&mut file, format).unwrap();
    file.into_inner()
}

pub(crate) fn decoded(file: &[u8]) -> DynamicImage {
    image::load_from_memory(file).unwrap()
}

/// An EXIF block with an orientation and with a text that must never get out.
pub(crate) fn exif(orientation: u8) -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0\x02\0".to_vec();
    block.extend(entry(0x0112, 3, 1, u32::from(orientation)));
    block.extend(entry(0x010e, 2, 12, 38));
    block.extend([0; 4]);
    block.extend(SECRET);
    block
}

pub(crate) const SECRET: &[u8; 12] = b"GPS N47 E11\0";

fn entry(tag: u16, kind: u16, count: u32, value: u32) -> Vec<u8> {
    let (tag, kind) = (tag.to_le_bytes(), kind.to_le_bytes());
    [&tag[..], &kind, &count.to_le_bytes(), &value.to_le_bytes()].concat()
}

pub(crate) fn jpeg_with(pixels: &Pixels, orientation: u8, icc: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut file, 95);
    encoder.add_exif_metadata(&exif(orientation)).unwrap();
    if !icc.is_empty() {
        encoder.add_icc_profile(icc).unwrap();
    }
    let (width, height) = (pixels.width.try_into().unwrap(), pixels.height.try_into().unwrap());
    encoder.encode(&pixels.bytes, width, height, jpeg_encoder::ColorType::Rgb).unwrap();
    file
}

pub(crate) fn png_with(pixels: &Pixels, orientation: u8, icc: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut file);
    encoder.set_exif_metadata(exif(orientation)).unwrap();
    if !icc.is_empty() {
        encoder.set_icc_profile(icc.to_vec()).unwrap();
    }
    let colour = image::ExtendedColorType::Rgb8;
    encoder.write_image(&pixels.bytes, pixels.width, pixels.height, colour).unwrap();
    file
}

pub(crate) fn webp_with(pixels: &Pixels, orientation: u8, icc: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = image::codecs::webp::WebPEncoder::new_lossless(&mut file);
    encoder.set_exif_metadata(exif(orientation)).unwrap();
    if !icc.is_empty() {
        encoder.set_icc_profile(icc.to_vec()).unwrap();
    }
    let colour = image::ExtendedColorType::Rgb8;
    encoder.write_image(&pixels.bytes, pixels.width, pixels.height, colour).unwrap();
    file
}

/// An uncompressed TIFF of one strip.
pub(crate) fn tiff_with(pixels: &Pixels, orientation: u8, icc: &[u8]) -> Vec<u8> {
    let size = (pixels.width, pixels.height);
    let mut tags = tiff::basic_tags(size, &[8; 3], (1, 2), pixels.height);
    tags.push((0x0112, tiff::short(u16::from(orientation))));
    tags.push((0x010e, tiff::Value::Bytes(SECRET.to_vec())));
    if !icc.is_empty() {
        tags.push((0x8773, tiff::Value::Bytes(icc.to_vec())));
    }
    tiff::build(tags, std::slice::from_ref(&pixels.bytes))
}

/// A PNG that is nothing but a header which announces this size.
pub(crate) fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut file = png::Builder::new((width, height), (8, 2, false));
    file.chunk(*b"IDAT", &[]);
    file.finish()
}

/// A profile for four inks after which nothing but cyan takes anything away from white, and full
/// cyan is this colour of sRGB.
pub(crate) fn ink_profile(cyan: [u8; 3]) -> Vec<u8> {
    let white = lab([255; 3]);
    let cyan = lab(cyan);
    // A table of eight bits (ICC.1:2022, section 10.10): four inks, two grid points each, the first
    // ink slowest, and curves that change nothing.
    let mut table = b"mft1\0\0\0\0\x04\x03\x02\0".to_vec();
    for row in [[1, 0, 0], [0, 1, 0], [0, 0, 1]] {
        table.extend(row.into_iter().flat_map(|value: u32| (value << 16).to_be_bytes()));
    }
    table.extend((0..4).flat_map(|_| 0..=255));
    table.extend(white.repeat(8));
    table.extend(cyan.repeat(8));
    table.extend((0..3).flat_map(|_| 0..=255));

    let mut profile = vec![0; 128];
    profile[8..12].copy_from_slice(&[4, 0x40, 0, 0]);
    profile[12..24].copy_from_slice(b"prtrCMYKLab ");
    profile[36..40].copy_from_slice(b"acsp");
    profile[68..80].copy_from_slice(&[0, 0, 0xf6, 0xd6, 0, 1, 0, 0, 0, 0, 0xd3, 0x2d]);
    profile.extend([0, 0, 0, 1]);
    profile.extend(b"A2B0");
    profile.extend(144_u32.to_be_bytes());
    profile.extend(u32::try_from(table.len()).unwrap().to_be_bytes());
    profile.extend(table);
    let length = u32::try_from(profile.len()).unwrap();
    profile[..4].copy_from_slice(&length.to_be_bytes());
    profile
}

/// A colour of sRGB in CIELAB under D50, as a profile stores it in eight bits.
fn lab(rgb: [u8; 3]) -> [u8; 3] {
    // Bradford-adapted matrix of sRGB (IEC 61966-2-1) and the white of ICC profiles.
    const TO_XYZ: [[f64; 3]; 3] = [
        [0.436_07, 0.385_15, 0.143_08],
        [0.222_49, 0.716_89, 0.060_62],
        [0.013_92, 0.097_08, 0.714_10],
    ];
    const WHITE: [f64; 3] = [0.9642, 1.0, 0.8249];
    let linear = rgb.map(|value| {
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    let [x, y, z] = [0, 1, 2].map(|row: usize| {
        let sum: f64 = TO_XYZ[row].iter().zip(linear).map(|(factor, value)| factor * value).sum();
        let share = sum / WHITE[row];
        if share > 0.008_856 { share.cbrt() } else { 7.787 * share + 16.0 / 116.0 }
    });
    let lab = [(116.0 * y - 16.0) * 2.55, 500.0 * (x - y) + 128.0, 200.0 * (y - z) + 128.0];
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to bytes")]
    lab.map(|value| value.round().clamp(0.0, 255.0) as u8)
}
