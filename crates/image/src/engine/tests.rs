//! Whole originals through the whole path.

use image::{DynamicImage, GenericImageView, ImageFormat, Rgba};

use super::*;

mod bombs;
mod damage;
mod formats;
mod framing;
#[cfg(feature = "heic")]
mod heic;
mod jpegs;
mod mutations;
mod parts;
mod placeholders;
mod quality;
mod rights;
mod watermarks;
mod webps;

use crate::{
    decode,
    formats::{Sniffed, is_animated, sniff},
};
use contract::settings::{Colour, Effort, Fit, Format, Gravity};
use fixtures::{BLUE, Drawing, GREEN, RED, YELLOW, quarters};

fn variant(width: u32, height: u32) -> Variant {
    Variant { format: Format::Png, ..Variant::of_size(width, height) }
}

/// What is like a photo.
fn landscape(width: u32, height: u32) -> Drawing {
    Drawing { width, height, alpha: false, bytes: sample::pixels(width, height) }
}

fn render(
    file: &[u8],
    variants: &[Variant],
    limits: &Limits,
) -> Result<Vec<Rendered>, RenderError> {
    super::render(file, Order::of(variants), limits)
}

#[track_caller]
fn rendered(file: &[u8], variant: Variant) -> Rendered {
    let mut all = render(file, &[variant], &Limits::default()).unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// Opens and renders, all at once.
fn render_measured(
    file: &[u8],
    variants: &[Variant],
    limits: &Limits,
    scratch: &mut Scratch,
    mut finished: impl FnMut(Rendered) -> ControlFlow<()>,
) -> Result<Rendering, RenderError> {
    open(file, Order::of(variants), limits)?.render(scratch, &mut finished)
}

fn memory_needed(file: &[u8], variants: &[Variant], limits: &Limits) -> Result<u64, RenderError> {
    open(file, Order::of(variants), limits).map(|opened| opened.memory_needed())
}

fn refusal(file: &[u8]) -> String {
    let variants = [variant(40, 30)];
    render(file, &variants, &Limits::default()).unwrap_err().to_string()
}

fn near(pixel: Rgba<u8>, colour: [u8; 3]) -> bool {
    pixel.0.iter().zip(colour).all(|(have, want)| have.abs_diff(want) <= 24)
}

/// Whether the middles of the four quarters have these colours, row by row.
#[track_caller]
fn check_quarters(file: &[u8], expected: [[u8; 3]; 4], about: &str) {
    let image = fixtures::decoded(file);
    let (width, height) = image.dimensions();
    for (index, colour) in expected.into_iter().enumerate() {
        let x = if index % 2 == 0 { width / 4 } else { width * 3 / 4 };
        let y = if index < 2 { height / 4 } else { height * 3 / 4 };
        let pixel = image.get_pixel(x, y);
        assert!(near(pixel, colour), "{about}: quarter {index} is {pixel:?}, not {colour:?}");
    }
}

#[test]
fn every_fit_gives_its_exact_size() {
    for (source, fit, expected) in [
        ((400, 300), Fit::Cover, (80, 60)),
        ((300, 400), Fit::Cover, (80, 60)),
        ((8, 6), Fit::Cover, (80, 60)),
        ((1, 300), Fit::Cover, (80, 60)),
        ((400, 300), Fit::Contain, (80, 60)),
        ((300, 400), Fit::Contain, (45, 60)),
        ((333, 100), Fit::Contain, (80, 24)),
        ((8, 6), Fit::Contain, (8, 6)),
        ((500, 1), Fit::Contain, (80, 1)),
        ((300, 400), Fit::Pad, (80, 60)),
        ((8, 6), Fit::Pad, (80, 60)),
    ] {
        let file = fixtures::encoded(&quarters(source.0, source.1), ImageFormat::Bmp);
        let result = rendered(&file, Variant { fit, ..variant(80, 60) });
        assert_eq!((result.width, result.height), expected, "{source:?} {fit:?}");
        assert_eq!(fixtures::decoded(&result.bytes).dimensions(), expected, "{source:?} {fit:?}");
    }
}

#[test]
fn one_decode_gives_all_variants_in_order() {
    let file = fixtures::jpeg_with(&quarters(100, 80), 1, &[]);
    let sizes = [(50, 40), (10, 10), (120, 90)];
    let variants = sizes.map(|(width, height)| Variant::of_size(width, height));
    let mut folders = Vec::new();
    let rendering =
        render_measured(&file, &variants, &Limits::default(), &mut Scratch::default(), |variant| {
            folders.push(variant.folder);
            ControlFlow::Continue(())
        });
    let rendering = rendering.unwrap();
    assert_eq!((rendering.width, rendering.height), (100, 80));
    assert_eq!(folders, ["50x40", "10x10", "120x90"]);
}

#[test]
fn whoever_takes_the_variants_may_break_off() {
    let file = fixtures::jpeg_with(&quarters(100, 80), 1, &[]);
    let variants = [(50, 40), (10, 10), (120, 90)].map(|(w, h)| Variant::of_size(w, h));
    let mut taken = 0;
    let rendering =
        render_measured(&file, &variants, &Limits::default(), &mut Scratch::default(), |_| {
            taken += 1;
            if taken == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    assert_eq!(rendering.map(|rendering| rendering.format), Ok(SourceFormat::Jpeg));
    assert_eq!(taken, 2);
}

#[test]
fn memory_is_told_beforehand_or_the_file_refused() {
    let file = fixtures::jpeg_with(&quarters(100, 80), 1, &[]);
    let variants = [variant(40, 30)];
    let needed = memory_needed(&file, &variants, &Limits::default()).unwrap();
    assert!(needed > 3 * 100 * 80 + 3 * 40 * 30, "{needed}");
    let limits = Limits { max_memory: needed - 1, ..Limits::default() };
    let refused = memory_needed(&file, &variants, &limits).unwrap_err();
    assert_eq!(render(&file, &variants, &limits), Err(refused));
    assert_eq!(memory_needed(b"hello", &variants, &limits), Err(RenderError::NotAnImage));
}

#[test]
fn what_is_drawn_tells_its_sides_too() {
    // A scan header that is longer than it need be, which some decoders mind.
    let mut file = fixtures::jpeg::colour(fixtures::jpeg::PLAIN);
    let scan = file.windows(2).position(|marker| marker == [0xff, 0xda]).unwrap();
    let header = scan + 2 + usize::from(file[scan + 3]);
    file[scan + 3] += 2;
    file.splice(header..header, [0; 2]);
    let rendered = render(&file, &[variant(16, 12)], &Limits::default());
    assert!(rendered.is_ok(), "{rendered:?}");
    assert_eq!(decode::dimensions(&file), Ok((77, 51)));
}

#[test]
fn every_orientation_of_every_format_ends_upright() {
    let stored = quarters(60, 40);
    for (tag, expected) in [
        (1, [RED, GREEN, BLUE, YELLOW]),
        (2, [GREEN, RED, YELLOW, BLUE]),
        (3, [YELLOW, BLUE, GREEN, RED]),
        (4, [BLUE, YELLOW, RED, GREEN]),
        (5, [RED, BLUE, GREEN, YELLOW]),
        (6, [BLUE, RED, YELLOW, GREEN]),
        (7, [YELLOW, GREEN, BLUE, RED]),
        (8, [GREEN, YELLOW, RED, BLUE]),
    ] {
        for (name, file) in [
            ("JPEG", fixtures::jpeg_with(&stored, tag, &[])),
            ("PNG", fixtures::png_with(&stored, tag, &[])),
            ("WebP", fixtures::webp_with(&stored, tag, &[])),
            ("TIFF", fixtures::tiff_with(&stored, tag, &[])),
        ] {
            let about = format!("{name} with orientation {tag}");
            let upright = if tag < 5 { (60, 40) } else { (40, 60) };
            assert_eq!(decode::dimensions(&file), Ok(upright), "{about}");
            let contain = rendered(&file, Variant { fit: Fit::Contain, ..variant(30, 30) });
            let size = if tag < 5 { (30, 20) } else { (20, 30) };
            assert_eq!((contain.width, contain.height), size, "{about}");
            check_quarters(&contain.bytes, expected, &about);
            check_quarters(&rendered(&file, variant(20, 20)).bytes, expected, &about);
        }
    }
}

#[test]
fn gravity_is_that_of_the_upright_image() {
    // Stored upright is 40x80 after a quarter turn: blue and red above yellow and green.
    let file = fixtures::png_with(&quarters(80, 40), 6, &[]);
    let top = rendered(&file, Variant { gravity: Gravity::North, ..variant(40, 40) });
    check_quarters(&top.bytes, [BLUE, RED, BLUE, RED], "north");
    let bottom = rendered(&file, Variant { gravity: Gravity::SouthEast, ..variant(40, 40) });
    check_quarters(&bottom.bytes, [YELLOW, GREEN, YELLOW, GREEN], "south-east");
}

#[test]
fn variants_are_what_their_content_type_says() {
    let opaque = quarters(40, 30);
    let clear = fixtures::half_clear(40, 30);
    for (pixels, source, format, expected) in [
        (&opaque, ImageFormat::Jpeg, Format::Keep, "image/jpeg"),
        (&opaque, ImageFormat::Png, Format::Keep, "image/png"),
        (&opaque, ImageFormat::WebP, Format::Keep, "image/webp"),
        (&clear, ImageFormat::WebP, Format::Keep, "image/webp"),
        (&clear, ImageFormat::Gif, Format::Keep, "image/gif"),
        (&opaque, ImageFormat::Bmp, Format::Keep, "image/jpeg"),
        (&opaque, ImageFormat::Tiff, Format::Keep, "image/jpeg"),
        (&clear, ImageFormat::Tiff, Format::Keep, "image/png"),
        (&opaque, ImageFormat::Png, Format::Jpeg, "image/jpeg"),
        (&clear, ImageFormat::Gif, Format::Webp, "image/webp"),
        (&opaque, ImageFormat::Jpeg, Format::Png, "image/png"),
    ] {
        let file = fixtures::encoded(pixels, source);
        let result = rendered(&file, Variant { format, ..variant(20, 15) });
        assert_eq!(result.content_type, expected, "{source:?} as {format:?}");
        let Sniffed::Image(written) = sniff(&result.bytes) else { panic!("not an image") };
        let written = format!("image/{}", written.to_string().to_lowercase());
        assert_eq!(written, expected, "{source:?} as {format:?}");
        let size = fixtures::decoded(&result.bytes).dimensions();
        assert_eq!(size, (20, 15), "{source:?} as {format:?}");
    }
}

#[cfg(feature = "avif")]
#[test]
fn avif_is_written_with_and_without_alpha() {
    for pixels in [quarters(40, 30), fixtures::half_clear(40, 30)] {
        let file = fixtures::encoded(&pixels, ImageFormat::Png);
        let result = rendered(&file, Variant { format: Format::Avif, ..variant(20, 15) });
        assert_eq!(result.content_type, "image/avif");
        assert_eq!(sniff(&result.bytes), Sniffed::Unsupported("AVIF"));
        // The box that holds width and height.
        let at = result.bytes.windows(4).position(|name| name == b"ispe").unwrap() + 8;
        assert_eq!(result.bytes[at..at + 8], [0, 0, 0, 20, 0, 0, 0, 15]);
    }
}

#[test]
fn alpha_is_kept_or_flattened_on_white() {
    let file = fixtures::encoded(&fixtures::half_clear(80, 80), ImageFormat::Png);
    let pixel = |format, x| {
        let file = rendered(&file, Variant { quality: 95, format, ..variant(40, 40) });
        fixtures::decoded(&file.bytes).get_pixel(x, 5)
    };
    for format in [Format::Keep, Format::Webp] {
        assert_eq!(pixel(format, 5)[3], 0, "{format:?}");
        let visible = pixel(format, 30);
        assert!(visible[3] == 255 && near(visible, GREEN), "{format:?}: {visible:?}");
    }
    assert!(near(pixel(Format::Jpeg, 5), [255; 3]));
    assert!(near(pixel(Format::Jpeg, 30), GREEN));
}

#[test]
fn padding_is_clear_where_the_format_can_and_white_where_not() {
    let file = fixtures::encoded(&quarters(80, 20), ImageFormat::Png);
    for (format, margin) in [
        (Format::Png, Rgba([0, 0, 0, 0])),
        (Format::Webp, Rgba([0, 0, 0, 0])),
        (Format::Jpeg, Rgba([255, 255, 255, 255])),
    ] {
        let result = rendered(&file, Variant { fit: Fit::Pad, format, ..variant(40, 40) });
        let image = fixtures::decoded(&result.bytes);
        assert_eq!(image.dimensions(), (40, 40));
        for (x, y) in [(0, 0), (39, 0), (0, 39), (20, 4)] {
            let pixel = image.get_pixel(x, y);
            let same = pixel[3] == margin[3] && (margin[3] == 0 || near(pixel, [255; 3]));
            assert!(same, "{format:?} at {x},{y}: {pixel:?}");
        }
        assert!(near(image.get_pixel(8, 17), RED), "{format:?}");
    }
}

const TEAL: Colour = Colour([10, 120, 130]);

#[test]
fn a_background_shows_where_a_picture_is_flattened() {
    let file = fixtures::encoded(&fixtures::half_clear(80, 80), ImageFormat::Png);
    for (format, fit, expected) in [
        (Format::Jpeg, Fit::Cover, [10, 120, 130, 255]),
        (Format::Jpeg, Fit::Contain, [10, 120, 130, 255]),
        (Format::Jpeg, Fit::Pad, [10, 120, 130, 255]),
        // There is nothing to fill where the format keeps alpha.
        (Format::Png, Fit::Cover, [0, 0, 0, 0]),
        (Format::Png, Fit::Pad, [10, 120, 130, 255]),
    ] {
        let with = Variant { quality: 95, format, fit, ..variant(40, 40) };
        let result = rendered(&file, Variant { background: Some(TEAL), ..with });
        let pixel = fixtures::decoded(&result.bytes).get_pixel(5, 5);
        let same = pixel[3] == expected[3] && (pixel[3] == 0 || near(pixel, TEAL.0));
        assert!(same, "{format:?} {fit:?}: {pixel:?}");
    }
}

#[test]
fn a_background_fills_the_padding_of_every_format() {
    let file = fixtures::encoded(&quarters(80, 20), ImageFormat::Png);
    for format in [Format::Png, Format::Webp, Format::Jpeg] {
        let with = Variant { fit: Fit::Pad, format, ..variant(40, 40) };
        let result = rendered(&file, Variant { background: Some(TEAL), ..with });
        let image = fixtures::decoded(&result.bytes);
        for (x, y) in [(0, 0), (39, 0), (0, 39), (20, 4)] {
            let pixel = image.get_pixel(x, y);
            assert!(pixel[3] == 255 && near(pixel, TEAL.0), "{format:?} at {x},{y}: {pixel:?}");
        }
        assert!(near(image.get_pixel(8, 17), RED), "{format:?}");
    }
}

#[test]
fn a_small_original_is_enlarged_as_its_variant_says() {
    let file = fixtures::encoded(&quarters(40, 40), ImageFormat::Bmp);
    for (fit, upscale, expected) in [
        (Fit::Cover, None, (80, 60)),
        (Fit::Cover, Some(false), (40, 30)),
        (Fit::Contain, None, (40, 40)),
        (Fit::Contain, Some(true), (60, 60)),
        (Fit::Pad, None, (80, 60)),
        (Fit::Pad, Some(true), (80, 60)),
    ] {
        let result = rendered(&file, Variant { fit, upscale, ..variant(80, 60) });
        assert_eq!(fixtures::decoded(&result.bytes).dimensions(), expected, "{fit:?} {upscale:?}");
    }
}

#[test]
fn jpegs_are_progressive_with_halved_chroma() {
    let file = fixtures::encoded(&quarters(64, 48), ImageFormat::Bmp);
    let result = rendered(&file, Variant { format: Format::Jpeg, ..variant(32, 24) });
    let frame = result.bytes.windows(2).position(|marker| marker == [0xff, 0xc2]).unwrap();
    let sampling: Vec<_> =
        (0..3).map(|component| result.bytes[frame + 11 + 3 * component]).collect();
    assert_eq!(sampling, [0x22, 0x11, 0x11]);
}

#[test]
fn no_metadata_gets_out() {
    let icc = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let stored = quarters(60, 40);
    for file in [
        fixtures::jpeg_with(&stored, 6, &icc),
        fixtures::png_with(&stored, 6, &icc),
        fixtures::webp_with(&stored, 6, &icc),
    ] {
        let holds = |file: &[u8], text: &[u8]| file.windows(text.len()).any(|part| part == text);
        assert!(holds(&file, fixtures::SECRET));
        for format in [Format::Keep, Format::Jpeg, Format::Png, Format::Webp] {
            let result = rendered(&file, Variant { format, ..variant(20, 20) });
            for text in [&b"GPS"[..], b"Exif", b"eXIf", b"EXIF", b"ICC", b"iCCP", b"acsp", b"XMP"] {
                assert!(!holds(&result.bytes, text), "{format:?}: {}", text.escape_ascii());
            }
        }
    }
}

#[test]
fn embedded_profiles_are_converted_to_srgb() {
    let icc = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let stored = Drawing::filled(20, 20, false, [200, 100, 100, 0]);
    for file in [
        fixtures::jpeg_with(&stored, 1, &icc),
        fixtures::png_with(&stored, 1, &icc),
        fixtures::webp_with(&stored, 1, &icc),
    ] {
        let result = rendered(&file, variant(10, 10));
        let pixel = fixtures::decoded(&result.bytes).get_pixel(5, 5);
        assert!(pixel[0].abs_diff(213) <= 3 && pixel[1].abs_diff(93) <= 3, "{pixel:?}");
    }
}

#[test]
fn cmyk_jpegs_become_rgb() {
    // Full magenta and yellow make red.
    let file = fixtures::jpeg::inks([0, 255, 255, 0], false, &[]);
    let result = rendered(&file, variant(8, 8));
    let pixel = fixtures::decoded(&result.bytes).get_pixel(4, 4);
    assert!(pixel[0] > 200 && pixel[1] < 60 && pixel[2] < 60, "{pixel:?}");
}

#[test]
fn deep_and_grey_originals_are_read() {
    let deep = image::ImageBuffer::from_pixel(8, 8, image::Rgb([0xffff_u16, 0x8080, 0]));
    let grey = image::GrayImage::from_pixel(8, 8, image::Luma([128]));
    for (image, format, expected) in [
        (DynamicImage::ImageRgb16(deep), ImageFormat::Png, [255, 128, 0]),
        (DynamicImage::ImageLuma8(grey.clone()), ImageFormat::Png, [128; 3]),
        (DynamicImage::ImageLuma8(grey), ImageFormat::Jpeg, [128; 3]),
    ] {
        let mut file = std::io::Cursor::new(Vec::new());
        image.write_to(&mut file, format).unwrap();
        let result = rendered(file.get_ref(), variant(4, 4));
        let pixel = fixtures::decoded(&result.bytes).get_pixel(1, 1);
        let same = pixel.0.iter().zip(expected).all(|(have, want)| have.abs_diff(want) <= 1);
        assert!(same, "{pixel:?}");
    }
}

#[test]
fn the_first_frame_of_an_animation_is_shown() {
    let mut file = Vec::new();
    let frames = [RED, BLUE].map(|[red, green, blue]| {
        image::Frame::new(image::RgbaImage::from_pixel(8, 8, Rgba([red, green, blue, 255])))
    });
    image::codecs::gif::GifEncoder::new(&mut file).encode_frames(frames).unwrap();
    let result = rendered(&file, Variant { format: Format::Keep, ..variant(4, 4) });
    assert_eq!(result.content_type, "image/gif");
    assert!(is_animated(&file, SourceFormat::Gif));
    assert!(!is_animated(&result.bytes, SourceFormat::Gif));
    assert!(near(fixtures::decoded(&result.bytes).get_pixel(1, 1), RED));
}

#[test]
fn still_images_are_not_animations() {
    for (format, source) in [
        (ImageFormat::Png, SourceFormat::Png),
        (ImageFormat::Gif, SourceFormat::Gif),
        (ImageFormat::WebP, SourceFormat::Webp),
    ] {
        let file = fixtures::encoded(&quarters(20, 20), format);
        assert!(!is_animated(&file, source), "{format:?}");
        assert!(!is_animated(&file[..15], source), "{format:?}");
    }
    let chunk = |name: &[u8; 4]| [&[0; 4], &name[..], &[0; 4]].concat();
    let png =
        |names: [&[u8; 4]; 2]| [b"\x89PNG\r\n\x1a\n".to_vec(), names.map(chunk).concat()].concat();
    assert!(is_animated(&png([b"acTL", b"IDAT"]), SourceFormat::Png));
    assert!(!is_animated(&png([b"IDAT", b"acTL"]), SourceFormat::Png));
    let webp = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x02";
    assert!(is_animated(webp, SourceFormat::Webp));
}

const ALL_OR_NOTHING: [ImageFormat; 5] =
    [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp, ImageFormat::Tiff];

#[test]
fn truncated_files_are_refused_in_every_format_but_jpeg() {
    let photo = landscape(64, 48);
    for format in ALL_OR_NOTHING {
        let file = fixtures::encoded(&photo, format);
        for share in [30, 60, 95] {
            let cut = &file[..file.len() * share / 100];
            let result = render(cut, &[variant(40, 30)], &Limits::default());
            assert!(result.is_err(), "{format:?} cut to {share} %");
        }
    }
}

#[test]
fn what_is_not_read_is_refused_by_name() {
    assert_eq!(refusal(b"\0\0\0\x18ftypavif\0\0\0\0mif1avif"), "AVIF is not supported");
    assert_eq!(refusal(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "SVG is not supported");
    assert_eq!(refusal(b"hello, world"), "not an image");
    assert_eq!(refusal(b""), "not an image");
}

#[cfg(not(feature = "heic"))]
#[test]
fn without_its_decoder_heic_is_refused_by_name() {
    let expected = "HEIC is not supported: this function was built without it";
    assert_eq!(refusal(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"), expected);
}

#[test]
fn files_over_the_limit_are_refused() {
    let limits = Limits { max_bytes: 10, ..Limits::default() };
    let error = render(&[0; 11], &[variant(8, 8)], &limits).unwrap_err();
    assert_eq!(error.to_string(), "the file has 11 bytes; the limit is 10");
}

#[test]
fn a_panic_becomes_a_refusal() {
    let gif = fixtures::encoded(&quarters(8, 8), ImageFormat::Gif);
    let caught = catch_panics::<()>(&gif, || panic!("index 9 out of range"));
    let expected = "this kind of GIF (index 9 out of range) cannot be decoded";
    assert_eq!(caught.unwrap_err().to_string(), expected);
}
