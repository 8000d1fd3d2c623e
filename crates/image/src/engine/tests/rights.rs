//! What a variant says of its maker, if its settings want that.

use contract::settings::Metadata;

use super::*;

const ARTIST: &str = "Ann Other";
const COPYRIGHT: &str = "© 2026 Ann Other, all rights reserved";

fn entry(tag: u16, kind: u16, count: usize, value: usize) -> Vec<u8> {
    let number = |value: usize| u32::try_from(value).unwrap().to_le_bytes();
    let (tag, kind) = (tag.to_le_bytes(), kind.to_le_bytes());
    [&tag[..], &kind, &number(count), &number(value)].concat()
}

/// As a camera writes it: with an orientation, a device, the time and a position beside the rights.
fn camera_exif() -> Vec<u8> {
    let texts = [
        (0x0110, "SECRET device"),
        (0x0132, "2026:01:02 03:04:05"),
        (0x013b, ARTIST),
        (0x8298, COPYRIGHT),
    ];
    let mut block = b"II*\0\x08\0\0\0".to_vec();
    block.extend(u16::try_from(texts.len() + 2).unwrap().to_le_bytes());
    let values_at = 8 + 2 + 12 * (texts.len() + 2) + 4;
    let mut values = Vec::new();
    let mut entries = vec![entry(0x0112, 3, 1, 6), entry(0x8825, 4, 1, 8)];
    for (tag, text) in texts {
        entries.push(entry(tag, 2, text.len() + 1, values_at + values.len()));
        values.extend(text.as_bytes());
        values.push(0);
    }
    block.extend(entries.concat());
    block.extend([0; 4]);
    block.extend(values);
    block
}

fn photoshop(sets: &[(u8, &str)]) -> Vec<u8> {
    let mut data = Vec::new();
    for (number, text) in sets {
        data.extend([0x1c, 2, *number]);
        data.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        data.extend(text.as_bytes());
    }
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [b"Photoshop 3.0\08BIM\x04\x04\0\0", &length[..], &data].concat()
}

fn originals() -> Vec<(&'static str, Vec<u8>)> {
    let drawing = quarters(60, 40);
    let exif = camera_exif();
    let jpeg = |marker, payload| fixtures::jpeg::with_metadata(&drawing, vec![(marker, payload)]);
    let mut png = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut png);
    image::ImageEncoder::set_exif_metadata(&mut encoder, exif.clone()).unwrap();
    let rgb = image::ExtendedColorType::Rgb8;
    image::ImageEncoder::write_image(encoder, &drawing.bytes, 60, 40, rgb).unwrap();
    let webp = fixtures::encoded(&drawing, ImageFormat::WebP);
    let webp = crate::formats::webp::metadata::with_exif(webp, &exif);
    let mut tags = fixtures::tiff::basic_tags((60, 40), &[8; 3], (1, 2), 40);
    for (tag, text) in [(0x013b, ARTIST), (0x8298, COPYRIGHT)] {
        let text = [text.as_bytes(), &[0]].concat();
        tags.push((tag, fixtures::tiff::Value::Bytes(text)));
    }
    vec![
        ("JPEG", jpeg(0xe1, [b"Exif\0\0", &exif[..]].concat())),
        ("JPEG with IPTC", jpeg(0xed, photoshop(&[(80, ARTIST), (116, COPYRIGHT)]))),
        ("PNG", png),
        ("WebP", webp),
        ("TIFF", fixtures::tiff::build(tags, std::slice::from_ref(&drawing.bytes))),
    ]
}

fn holds(file: &[u8], text: &str) -> bool {
    file.windows(text.len()).any(|part| part == text.as_bytes())
}

fn keeping(format: Format) -> Variant {
    Variant { metadata: Metadata::Copyright, format, ..variant(20, 20) }
}

#[test]
fn maker_and_rights_survive_and_nothing_else_does() {
    for (name, file) in originals() {
        for format in [Format::Jpeg, Format::Png, Format::Webp] {
            let about = format!("{name} as {format:?}");
            let result = rendered(&file, keeping(format));
            for text in [ARTIST, COPYRIGHT] {
                assert!(holds(&result.bytes, text), "{about}");
            }
            for text in ["SECRET", "03:04:05", "Photoshop"] {
                assert!(!holds(&result.bytes, text), "{about}: {text}");
            }
            // It is upright, and says nothing else.
            let upright = decode::dimensions(&result.bytes);
            assert_eq!(upright, Ok((20, 20)), "{about}");
            let plain = rendered(&file, Variant { metadata: Metadata::None, ..keeping(format) });
            assert!(!holds(&plain.bytes, ARTIST), "{about}");
            let pixels = |file: &[u8]| fixtures::decoded(file);
            assert_eq!(pixels(&result.bytes), pixels(&plain.bytes), "{about}");
            // A variant as an original: nothing is lost.
            let again = rendered(&result.bytes, keeping(Format::Keep));
            assert!(holds(&again.bytes, ARTIST) && holds(&again.bytes, COPYRIGHT), "{about}");
        }
    }
}

#[test]
fn a_clear_webp_keeps_its_alpha_beside_them() {
    let file = fixtures::encoded(&fixtures::half_clear(80, 80), ImageFormat::WebP);
    let file = crate::formats::webp::metadata::with_exif(file, &camera_exif());
    for quality in [80, 100] {
        let result = rendered(&file, Variant { quality, ..keeping(Format::Webp) });
        assert!(holds(&result.bytes, ARTIST));
        // What was on the left as stored is above.
        let image = fixtures::decoded(&result.bytes);
        assert_eq!([3, 17].map(|y| image.get_pixel(10, y)[3]), [0, 255]);
    }
}

#[cfg(feature = "avif")]
#[test]
fn an_avif_carries_them_too() {
    for (name, file) in originals() {
        let result = rendered(&file, keeping(Format::Avif));
        assert!(holds(&result.bytes, "Exif") && holds(&result.bytes, COPYRIGHT), "{name}");
        assert!(!holds(&result.bytes, "SECRET"), "{name}");
    }
}

#[test]
fn what_says_nothing_gets_nothing() {
    for source in [ImageFormat::Png, ImageFormat::Gif, ImageFormat::Bmp, ImageFormat::WebP] {
        let file = fixtures::encoded(&quarters(60, 40), source);
        for format in [Format::Jpeg, Format::Png, Format::Webp] {
            let kept = rendered(&file, keeping(format));
            let plain = rendered(&file, Variant { metadata: Metadata::None, ..keeping(format) });
            assert_eq!(kept, plain, "{source:?} as {format:?}");
        }
    }
}

#[test]
fn exif_has_the_first_word() {
    let drawing = quarters(60, 40);
    let segments = vec![
        (0xed, photoshop(&[(80, "From IPTC"), (116, "Rights of IPTC")])),
        (0xe1, [b"Exif\0\0", &camera_exif()[..]].concat()),
    ];
    let file = fixtures::jpeg::with_metadata(&drawing, segments);
    let result = rendered(&file, keeping(Format::Jpeg));
    assert!(holds(&result.bytes, COPYRIGHT) && !holds(&result.bytes, "IPTC"));
}

#[cfg(feature = "heic")]
#[test]
fn a_heic_has_them_in_an_item() {
    use fixtures::heic::{self, Item};
    // As phones write it: the block begins six bytes behind its offset.
    let data = [b"\0\0\0\x06Exif\0\0", &camera_exif()[..]].concat();
    let references = vec![(*b"cdsc", vec![1])];
    let exif = Item { kind: *b"Exif", data, properties: Vec::new(), references };
    let file = heic::file(&[heic::picture(heic::FULL, heic::SIZE), exif.clone()]);
    let result = rendered(&file, keeping(Format::Keep));
    assert!(holds(&result.bytes, ARTIST) && holds(&result.bytes, COPYRIGHT));
    assert!(!holds(&result.bytes, "SECRET"));
    for data in [Vec::new(), vec![0; 3], vec![0xff; 64], exif.data[..30].to_vec()] {
        let exif = Item { data, ..exif.clone() };
        let file = heic::file(&[heic::picture(heic::FULL, heic::SIZE), exif]);
        let result = rendered(&file, keeping(Format::Keep));
        assert!(!holds(&result.bytes, "Exif"));
    }
}
