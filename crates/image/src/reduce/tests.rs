//! Averages, by hand.

use super::*;

fn reduced<S: Sample>(layout: Layout, size: (u32, u32), factor: u32, samples: &[S]) -> Pixels {
    let mut reducer = Reducer::new(layout, size, factor);
    for row in samples.chunks(size.0 as usize * layout.channels()) {
        assert!(!reducer.is_complete());
        reducer.push_row(row);
    }
    assert!(reducer.is_complete());
    match reducer.finish() {
        Reduced::Pixels(pixels) => pixels,
        Reduced::Inks(inks) => panic!("{inks:?}"),
    }
}

#[test]
fn boxes_become_their_rounded_average() {
    let rows = [10_u8, 20, 30, 11, 21, 31, 100, 0, 0, 10, 21, 32, 11, 21, 32, 101, 0, 1];
    let pixels = reduced(Layout::Rgb, (3, 2), 2, &rows);
    assert_eq!((pixels.width, pixels.height, pixels.alpha), (2, 1, false));
    // The last column stands alone: two pixels, not four.
    assert_eq!(pixels.bytes, [11, 21, 31, 101, 0, 1]);
}

#[test]
fn the_last_row_of_boxes_holds_what_is_left() {
    let pixels = reduced(Layout::Grey, (2, 3), 2, &[0_u8, 10, 20, 30, 200, 100]);
    assert_eq!(pixels.bytes, [15, 15, 15, 150, 150, 150]);
}

#[test]
fn sixteen_bits_are_narrowed_after_averaging() {
    // Each would be cut to 0x7f or 0x80; their average is 127.5 of 255 and a little.
    let pixels = reduced(Layout::Grey, (2, 2), 2, &[0x7fff_u16, 0x8001, 0x8000, 0x8000]);
    assert_eq!(pixels.bytes, [128; 3]);
    let pixels = reduced(Layout::Rgb, (1, 1), 1, &[0x7fff_u16, 0x8000, 0xffff]);
    assert_eq!(pixels.bytes, [127, 128, 255]);
}

#[test]
fn colours_count_as_much_as_they_are_visible() {
    let rows = [255_u8, 0, 0, 255, 0, 255, 0, 0, 255, 0, 0, 255, 0, 255, 0, 0];
    let pixels = reduced(Layout::Rgba, (2, 2), 2, &rows);
    assert_eq!(pixels.bytes, [255, 0, 0, 128]);
    let wide: Vec<_> = rows.iter().map(|&value| u16::from(value) * 257).collect();
    assert_eq!(reduced(Layout::Rgba, (2, 2), 2, &wide).bytes, [255, 0, 0, 128]);
    let pixels = reduced(Layout::GreyAlpha, (2, 1), 2, &[200_u8, 255, 100, 51]);
    // (200 * 255 + 100 * 51) / 306, and (255 + 51) / 2.
    assert_eq!(pixels.bytes, [183, 183, 183, 153]);
    assert_eq!(reduced(Layout::Rgba, (2, 1), 2, &[9_u8, 9, 9, 0, 7, 7, 7, 0]).bytes, [0; 4]);
}

#[test]
fn alpha_that_nothing_uses_is_dropped() {
    for factor in [1, 2] {
        let pixels = reduced(Layout::GreyAlpha, (2, 2), factor, &[7_u8, 255].repeat(4));
        assert!(!pixels.alpha);
        assert!(pixels.bytes.iter().all(|&value| value == 7), "{:?}", pixels.bytes);
        let mut rows = [7_u16, 0xffff].repeat(4);
        rows[7] = 0xfffe;
        assert!(reduced(Layout::GreyAlpha, (2, 2), factor, &rows).alpha);
    }
}

#[test]
fn the_largest_boxes_do_not_overflow() {
    let side = LARGEST_FACTOR;
    let count = (side * side) as usize;
    let white = |layout: Layout| vec![u16::MAX; count * layout.channels()];
    for layout in [Layout::Rgb, Layout::GreyAlpha] {
        let bytes = reduced(layout, (side, side), side, &white(layout)).bytes;
        assert_eq!(bytes, [255; 3]);
        let bytes = reduced(layout, (side, side), side, &vec![255_u8; count * layout.channels()]);
        assert_eq!(bytes.bytes, [255; 3]);
    }
}

#[test]
fn whole_pictures_are_taken_as_rows_are() {
    let picture: Vec<u8> = (0..4 * 6 * 5).collect();
    for factor in [1, 2, 3] {
        let mut whole = Reducer::new(Layout::Rgba, (6, 5), factor);
        whole.push_image(picture.clone());
        let mut rows = Reducer::new(Layout::Rgba, (6, 5), factor);
        picture.chunks(24).for_each(|row| rows.push_row(row));
        assert!(whole.is_complete());
        assert_eq!(whole.finish(), rows.finish(), "{factor}");
    }
    let mut inks = Reducer::new(Layout::Cmyk, (6, 5), 1);
    inks.push_image(picture.clone());
    assert_eq!(inks.finish(), Reduced::Inks(Inks { width: 6, height: 5, bytes: picture }));
}

#[test]
fn rows_that_are_missing_or_too_many_do_no_harm() {
    let mut reducer = Reducer::new(Layout::Rgb, (2, 2), 2);
    reducer.push_row(&[1_u8, 2]);
    assert!(!reducer.is_complete());
    for _ in 0..3 {
        reducer.push_row(&[10_u8; 100]);
    }
    let Reduced::Pixels(pixels) = reducer.finish() else { panic!("no pixels") };
    assert_eq!(pixels.bytes.len(), 3);
}

#[test]
fn twice_the_resolution_remains() {
    for (density, expected) in
        [(1.0, 1), (0.3, 1), (0.25, 2), (0.072, 6), (0.05, 10), (1e-9, 256), (0.0, 256)]
    {
        assert_eq!(factor(density), expected, "{density}");
    }
}
