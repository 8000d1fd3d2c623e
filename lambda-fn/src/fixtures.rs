//! Small originals of every format for the tests, made on the spot.

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

pub(crate) fn jpeg(pixels: &Pixels, orientation: u8, icc: &[u8]) -> Vec<u8> {
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

pub(crate) fn png(pixels: &Pixels, orientation: u8, icc: &[u8]) -> Vec<u8> {
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

pub(crate) fn webp(pixels: &Pixels, orientation: u8, icc: &[u8]) -> Vec<u8> {
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

/// An uncompressed TIFF of one strip, written by hand because no encoder here sets orientation.
pub(crate) fn tiff(pixels: &Pixels, orientation: u8) -> Vec<u8> {
    const ENTRIES: u16 = 10;
    const BITS_AT: u32 = 8 + 2 + 12 * ENTRIES as u32 + 4;
    let strip = u32::try_from(pixels.bytes.len()).unwrap();
    let mut file = b"II*\0\x08\0\0\0".to_vec();
    file.extend(ENTRIES.to_le_bytes());
    for (tag, kind, count, value) in [
        (0x0100, 4, 1, pixels.width),
        (0x0101, 4, 1, pixels.height),
        (0x0102, 3, 3, BITS_AT),
        (0x0103, 3, 1, 1),
        (0x0106, 3, 1, 2),
        (0x0111, 4, 1, BITS_AT + 6),
        (0x0112, 3, 1, u32::from(orientation)),
        (0x0115, 3, 1, 3),
        (0x0116, 4, 1, pixels.height),
        (0x0117, 4, 1, strip),
    ] {
        file.extend(entry(tag, kind, count, value));
    }
    file.extend([0; 4]);
    file.extend([8, 0, 8, 0, 8, 0]);
    file.extend(&pixels.bytes);
    file
}

/// A PNG that is nothing but a header which announces this size.
pub(crate) fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend([width.to_be_bytes(), height.to_be_bytes()].concat());
    header.extend([8, 2, 0, 0, 0]);
    let crc = !header.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)))
    });
    let start: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0d";
    [start, &header, &crc.to_be_bytes(), b"\0\0\0\0IDAT\x35\xaf\x06\x1e"].concat()
}
