//! Originals of which only a part is shown, and metadata where it may stand.

use super::*;

/// 1080x40000, of which a variant that is wider than high needs a small part.
#[test]
fn a_long_screenshot_takes_only_the_rows_that_are_used() {
    let (width, height) = (1080_u32, 40_000_u32);
    let mut file = fixtures::png::Builder::new((width, height), (8, 2, false));
    let white = [255; 3].repeat(width as usize);
    let mut row = vec![0; 1 + white.len()];
    let middle = height / 2 - 500..height / 2 + 500;
    let mut rows = Vec::new();
    for y in 0..height {
        row.truncate(1);
        if middle.contains(&y) {
            row.extend(RED.repeat(width as usize));
        } else {
            row.extend(&white);
        }
        rows.extend(&row);
    }
    file.chunk(*b"IDAT", &fixtures::png::zlib(&rows));
    let file = file.finish();
    // As it comes it would hold 130 MB; packed, the file is next to nothing.
    let limits = Limits {
        max_memory: Limits::for_memory(256).max_memory + file.len() as u64,
        ..Limits::default()
    };
    let cover = variant(800, 600);
    let needed = memory_needed(&file, std::slice::from_ref(&cover), &limits).unwrap();
    assert!(needed < file.len() as u64 + (48 << 20), "{}", needed - file.len() as u64);
    let drawn = render(&file, std::slice::from_ref(&cover), &limits).unwrap().remove(0);
    let image = fixtures::decoded(&drawn.bytes);
    assert_eq!(image.dimensions(), (800, 600));
    for (x, y) in [(0, 0), (400, 300), (799, 599)] {
        assert_eq!(image.get_pixel(x, y).0[..3], RED, "{x}, {y}");
    }
    // At the top and at the end, where it is white.
    for gravity in [Gravity::North, Gravity::South] {
        let drawn = render(&file, &[Variant { gravity, ..cover.clone() }], &limits).unwrap();
        assert_eq!(fixtures::decoded(&drawn[0].bytes).get_pixel(400, 300).0[..3], [255; 3]);
    }
}

/// The rows that are left out are of no influence, whatever the format and however it is turned.
#[test]
fn what_a_crop_leaves_out_changes_nothing() {
    let tall = landscape(64, 640);
    let icc = moxcms::ColorProfile::new_srgb().encode().unwrap();
    for orientation in 1..=8 {
        for (name, file) in [
            ("PNG", fixtures::png_with(&tall, orientation, &icc)),
            ("TIFF", fixtures::tiff_with(&tall, orientation, &icc)),
            ("WebP", fixtures::webp_with(&tall, orientation, &icc)),
        ] {
            for gravity in [Gravity::North, Gravity::Center, Gravity::SouthEast] {
                let cropped = Variant { gravity, ..variant(16, 16) };
                // The other variant shows all rows, at a scale that is no finer.
                let alone =
                    render(&file, std::slice::from_ref(&cropped), &Limits::default()).unwrap();
                let small = Variant { fit: Fit::Contain, ..variant(160, 160) };
                let both = render(&file, &[cropped, small], &Limits::default()).unwrap();
                let [alone, both] = [&alone[0], &both[0]].map(|it| fixtures::decoded(&it.bytes));
                assert_eq!(alone, both, "{name}, orientation {orientation}, {gravity:?}");
            }
        }
    }
}

#[test]
fn exif_may_begin_as_in_a_jpeg() {
    let stored = quarters(60, 40);
    let expected = [BLUE, RED, YELLOW, GREEN];
    let exif = [b"Exif\0\0", &fixtures::exif(6)[..]].concat();
    let png = {
        let plain = fixtures::encoded(&stored, ImageFormat::Png);
        let mut chunk = fixtures::png::Builder::new((1, 1), (8, 2, false));
        chunk.chunk(*b"eXIf", &exif);
        let chunk = chunk.finish();
        let start = chunk.windows(4).position(|name| name == b"eXIf").unwrap() - 4;
        let end = plain.len() - 12;
        [&plain[..end], &chunk[start..chunk.len() - 12], &plain[end..]].concat()
    };
    let webp = {
        use fixtures::riff;
        let plain = fixtures::encoded(&stored, ImageFormat::WebP);
        let picture = riff::picture(&plain).to_vec();
        riff::webp(&[riff::extended(8, (60, 40)), picture, riff::chunk(*b"EXIF", &exif)])
    };
    for (name, file) in [("PNG", png), ("WebP", webp)] {
        assert_eq!(decode::dimensions(&file), Ok((40, 60)), "{name}");
        check_quarters(&rendered(&file, variant(20, 20)).bytes, expected, name);
    }
}
