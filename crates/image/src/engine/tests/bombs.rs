//! Files that announce or unpack to far more than they should: refused from their headers.

use fixtures::{jpeg, kinds, png, riff, tiff};

use super::*;

const MEGABYTES: u64 = 256;

fn error(file: &[u8]) -> RenderError {
    render(file, &[variant(40, 30)], &Limits::for_memory(MEGABYTES)).unwrap_err()
}

#[track_caller]
fn too_many_pixels(file: &[u8], sides: (u32, u32)) {
    let limit = Limits::default().max_pixels;
    let expected = RenderError::TooManyPixels { width: sides.0, height: sides.1, limit };
    assert_eq!(error(file), expected);
}

/// Refused for its memory, with the bytes that the header lets expect.
#[track_caller]
fn too_much_memory(file: &[u8], sides: (u32, u32), at_least: u64) {
    let RenderError::TooMuchMemory { width, height, needed, limit } = error(file) else {
        panic!("{:?}", error(file));
    };
    assert_eq!((width, height), sides);
    assert_eq!(limit, Limits::for_memory(MEGABYTES).max_memory);
    assert!((at_least..2 * at_least).contains(&needed), "{needed} for {at_least}");
}

#[track_caller]
fn broken(file: &[u8], message: &str) {
    let RenderError::Broken { message: have, .. } = error(file) else {
        panic!("{:?}", error(file));
    };
    assert_eq!(have, message);
}

/// The same JPEG with other sides in its frame header.
fn jpeg_of(file: &[u8], (width, height): (u16, u16)) -> Vec<u8> {
    let frame = |bytes: &[u8]| bytes[0] == 0xff && matches!(bytes[1], 0xc0 | 0xc2);
    let at = file.windows(2).position(frame).unwrap() + 5;
    let mut file = file.to_vec();
    file[at..at + 4].copy_from_slice(&[height.to_be_bytes(), width.to_be_bytes()].concat());
    file
}

const LARGEST: (u32, u32) = (65535, 65535);

#[test]
fn the_largest_sides_are_too_many_pixels_in_every_format() {
    let plain = jpeg::colour(jpeg::PLAIN);
    too_many_pixels(&jpeg_of(&plain, (u16::MAX, u16::MAX)), LARGEST);
    too_many_pixels(&fixtures::png_header(65535, 65535), LARGEST);
    let mut gif = fixtures::encoded(&quarters(8, 8), ImageFormat::Gif);
    gif[6..10].fill(0xff);
    too_many_pixels(&gif, LARGEST);
    let mut bmp = fixtures::encoded(&quarters(8, 8), ImageFormat::Bmp);
    bmp[18..26].copy_from_slice(&[0xff, 0xff, 0, 0, 0xff, 0xff, 0, 0]);
    too_many_pixels(&bmp, LARGEST);
    let tags = tiff::basic_tags(LARGEST, &[8; 3], (5, 2), u32::MAX);
    too_many_pixels(&tiff::build(tags, &[vec![0; 100]]), LARGEST);
    // Neither of WebP's frames can be that large, but its canvas can.
    let still = fixtures::encoded(&quarters(8, 8), ImageFormat::WebP);
    let frame = riff::animated_frame((0, 0), (8, 8), riff::picture(&still));
    let file = riff::webp(&[riff::extended(2, LARGEST), riff::animation(), frame]);
    too_many_pixels(&file, LARGEST);
}

#[test]
fn what_must_be_decoded_whole_is_refused_for_its_memory() {
    let sides = (15_000, 15_000);
    let pixels = 225_000_000;
    let mut interlaced = png::Builder::new(sides, (16, 6, true));
    interlaced.chunk(*b"IDAT", &[]);
    too_much_memory(&interlaced.finish(), sides, 8 * pixels);
    let tags = tiff::basic_tags(sides, &[8; 3], (7, 2), u32::MAX);
    // A strip in JPEG exists three times.
    too_much_memory(&tiff::build(tags, &[vec![0; 100]]), sides, 9 * pixels);
    let still = fixtures::encoded(&quarters(8, 8), ImageFormat::WebP);
    let frame = riff::animated_frame((0, 0), (8, 8), riff::picture(&still));
    let canvas = riff::webp(&[riff::extended(2, sides), riff::animation(), frame]);
    too_much_memory(&canvas, sides, 7 * pixels);
}

#[test]
fn only_so_much_of_a_progressive_jpeg_counts_as_its_variants_need() {
    let progressive = jpeg::colour(jpeg::Kind { progressive: true, ..jpeg::PLAIN });
    let file = jpeg_of(&progressive, (15_000, 15_000));
    let needed = |size: (u32, u32)| {
        let variants = [Variant { fit: Fit::Contain, ..variant(size.0, size.1) }];
        let limits = Limits { max_memory: u64::MAX, ..Limits::default() };
        memory_needed(&file, &variants, &limits).unwrap()
    };
    // A bit for each of 64 coefficients, two bytes for each that is held and one more, of 225 million
    // pixels with halved chroma; an eighth of the sides is all that is shown.
    let blocks = 225_000_000 * 3 / 2 / 64;
    let small = needed((40, 30));
    assert!((12 * blocks..14 * blocks).contains(&small), "{small}");
    // And all of it.
    let whole = needed((15_000, 15_000));
    assert!((138 * blocks + 225_000_000 * 3 / 2..).contains(&whole), "{whole}");
}

#[test]
fn rows_need_no_memory_so_only_their_absence_is_noticed() {
    broken(&fixtures::png_header(15_000, 15_000), "Corrupt deflate stream. InsufficientInput");
    let tags = tiff::basic_tags((15_000, 15_000), &[16; 4], (5, 2), u32::MAX);
    broken(&tiff::build(tags, &[vec![0; 100]]), "the file ends early");
}

#[test]
fn frames_larger_than_their_canvas_are_refused_before_they_are_decoded() {
    let still = fixtures::encoded(&quarters(8, 8), ImageFormat::WebP);
    let mut large = riff::picture(&still).to_vec();
    // The highest 14 bits for each side.
    large[9..13].copy_from_slice(&[0xff, 0xff, 0xff, 0x0f]);
    let file = riff::webp(&[riff::extended(0, (8, 8)), large.clone()]);
    broken(&file, "a frame of 16384x16384 on a canvas of 8x8");
    let frame = riff::animated_frame((0, 0), (8, 8), &large);
    let file = riff::webp(&[riff::extended(2, (8, 8)), riff::animation(), frame]);
    broken(&file, "a frame of 16384x16384 on a canvas of 8x8");
    let large = jpeg_of(&jpeg::colour(jpeg::PLAIN), (65_500, 65_500));
    let file = kinds::jpeg_in_tiff(6, &large, (77, 51));
    broken(&file, "a JPEG of 65500x65500 in a strip or tile of 77x51");
}

#[test]
fn scans_without_end_are_counted() {
    let progressive = jpeg::colour(jpeg::Kind { progressive: true, ..jpeg::PLAIN });
    let scan = progressive.windows(2).rposition(|marker| marker == [0xff, 0xda]).unwrap();
    let (rest, end) = progressive.split_at(progressive.len() - 2);
    let scans = [rest, &rest[scan..].repeat(1000), end].concat();
    broken(&scans, "it has more than 500 scans");
}

#[test]
fn compressed_metadata_is_unpacked_only_so_far() {
    let zeros = png::zlib_bomb(100 << 10);
    assert!(zeros.len() < 1 << 20, "{}", zeros.len());
    let pixels = png::zlib(&[0; 8 * (1 + 3 * 8)]);
    let with = |name: [u8; 4], data: Vec<u8>| {
        let mut file = png::Builder::new((8, 8), (8, 2, false));
        file.chunk(name, &data);
        file.chunk(*b"IDAT", &pixels);
        file.finish()
    };
    // Text is never unpacked, and a profile without end is left aside: the picture is drawn.
    for file in [
        with(*b"zTXt", [&b"Comment\0\0"[..], &zeros].concat()),
        with(*b"iTXt", [&b"Comment\0\x01\0\0\0"[..], &zeros].concat()),
        with(*b"iCCP", [&b"profile\0\0"[..], &zeros].concat()),
    ] {
        let result = rendered(&file, variant(8, 8));
        assert_eq!(fixtures::decoded(&result.bytes).get_pixel(3, 3), Rgba([0, 0, 0, 255]));
    }
    // What is stored without compression is left aside, too.
    let large = with(*b"iCCP", [b"profile\0\0".to_vec(), vec![1; 9 << 20]].concat());
    assert!(render(&large, &[variant(8, 8)], &Limits::for_memory(128)).is_ok());
}

#[test]
fn pixels_that_unpack_to_more_than_the_picture_are_left() {
    let mut file = png::Builder::new((8, 8), (8, 2, false));
    file.chunk(*b"IDAT", &png::zlib_bomb(100 << 10));
    let result = rendered(&file.finish(), variant(8, 8));
    assert_eq!(fixtures::decoded(&result.bytes).get_pixel(3, 3), Rgba([0, 0, 0, 255]));
}

#[test]
fn profiles_that_are_too_large_or_too_many_are_left_aside() {
    let stored = Drawing::filled(20, 20, false, [200, 100, 100, 0]);
    let mut icc = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    icc.resize(5 << 20, 0);
    let mut many = fixtures::jpeg_with(&stored, 1, &[]);
    let segment = [&[0xff, 0xe2, 0, 18][..], b"ICC_PROFILE\0\x01\xff__"].concat();
    many.splice(2..2, segment.repeat(10_000));
    for file in [
        many,
        fixtures::jpeg_with(&stored, 1, &icc),
        fixtures::webp_with(&stored, 1, &icc),
        fixtures::tiff_with(&stored, 1, &icc),
    ] {
        let pixel = fixtures::decoded(&rendered(&file, variant(10, 10)).bytes).get_pixel(5, 5);
        assert!(near(pixel, [200, 100, 100]), "{pixel:?}");
    }
}

#[test]
fn tables_of_a_profile_that_are_larger_than_it_are_left_aside() {
    let mut icc = fixtures::ink_profile([60, 120, 240]);
    let table = icc.windows(4).position(|name| name == b"mft1").unwrap();
    // 255 points for each of four inks: 12 GB of colours.
    icc[table + 10] = 255;
    let result = rendered(&jpeg::inks([255, 0, 0, 0], false, &icc), variant(8, 8));
    assert!(near(fixtures::decoded(&result.bytes).get_pixel(4, 4), [0, 255, 255]));
}

#[test]
fn rows_of_a_tiff_that_are_stored_wider_than_they_are_shown_count() {
    let mut tags = tiff::tiled(tiff::basic_tags((8, 8), &[8; 3], (1, 2), 0), 16);
    tags.iter_mut().filter(|(tag, _)| *tag == 0x0142).for_each(|tag| tag.1 = tiff::long(1 << 30));
    too_much_memory(&tiff::build(tags, &[vec![0; 100]]), (8, 8), 3 << 30);
    // Three colours of 65,535 samples.
    let mut tags = tiff::basic_tags((20_000, 8), &[8], (5, 2), 8);
    tags.retain(|(tag, _)| *tag != 0x0115);
    tags.push((0x0115, tiff::short(u16::MAX)));
    tags.push((0x0152, tiff::Value::Short(vec![0; 65_532])));
    too_much_memory(&tiff::build(tags, &[vec![0; 100]]), (20_000, 8), 20_000 * 65_535);
}

#[test]
fn values_of_a_tiff_that_are_not_there_are_refused_however_many_they_are() {
    let file = tiff::build(tiff::basic_tags((8, 8), &[8; 3], (1, 2), 8), &[vec![0; 192]]);
    let samples = file.windows(4).position(|entry| entry == [0x15, 0x01, 0x03, 0]).unwrap();
    let claiming = |count: u32| {
        let mut file = file.clone();
        file[samples + 4..samples + 8].copy_from_slice(&count.to_le_bytes());
        file
    };
    for count in [1 << 18, (1 << 18) + 1, u32::MAX] {
        broken(&claiming(count), "the file ends early");
    }
    // Where nobody reads them, they may be as many as they like.
    let mut tags = tiff::basic_tags((8, 8), &[8; 3], (1, 2), 8);
    tags.push((0x935c, tiff::Value::Bytes(vec![7; 1 << 20])));
    let file = tiff::build(tags, &[vec![0; 192]]);
    assert!(render(&file, &[variant(8, 8)], &Limits::default()).is_ok());
}

#[test]
fn a_frame_that_enlarges_its_canvas_counts() {
    let mut file = fixtures::encoded(&quarters(8, 8), ImageFormat::Gif);
    let frame = file.windows(5).position(|bytes| bytes == b",\0\0\0\0").unwrap();
    file[frame + 5..frame + 9].fill(0xff);
    file[frame + 9] |= 0x40;
    too_many_pixels(&file, LARGEST);
}

#[test]
fn directories_of_a_tiff_that_contradict_themselves_are_refused() {
    let strips = |count: u32| {
        let mut tags = tiff::basic_tags((8, 8), &[8; 3], (1, 2), 1);
        tags.push((0x8769, tiff::long(count)));
        tiff::build(tags, &vec![vec![0; 24]; 8])
    };
    assert!(render(&strips(8), &[variant(8, 8)], &Limits::default()).is_ok());
    let file = strips(8);
    let entry = |tag: u16| {
        let bytes = tag.to_le_bytes();
        let directory = u32::from_le_bytes(*file[4..].first_chunk().unwrap()) as usize;
        let entries = &file[directory + 2..];
        let at = entries.chunks(12).position(|entry| entry.starts_with(&bytes)).unwrap();
        directory + 2 + 12 * at
    };
    for (tag, field, value) in [
        // As many strips as can be counted, and strips of no rows or beyond the file.
        (0x0111, 4, u32::MAX),
        (0x0117, 4, 0x4000_0000),
        (0x0116, 8, 0),
        (0x0111, 8, u32::MAX),
        (0x0100, 8, 0),
        (0x0115, 8, 0xffff),
    ] {
        let mut file = file.clone();
        let at = entry(tag) + field;
        file[at..at + 4].copy_from_slice(&value.to_le_bytes());
        let error = error(&file);
        let refused = matches!(error, RenderError::Broken { .. } | RenderError::Unsupported(_));
        assert!(refused, "{tag:#x}: {error:?}");
    }
    // A directory that is its own successor: only the first picture is of interest.
    let mut circle = file.clone();
    let start = file[4..8].to_vec();
    let end = circle.len();
    circle[end - 4..].copy_from_slice(&start);
    let drawn = render(&circle, &[variant(8, 8)], &Limits::default());
    assert!(!matches!(drawn, Err(RenderError::Panicked(_))), "{drawn:?}");
}
