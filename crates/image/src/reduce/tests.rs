//! Averages, by hand.

use super::*;

fn reduced<S: Sample>(layout: Layout, size: (u32, u32), factor: u32, samples: &[S]) -> Channels {
    let mut reducer = Reducer::new(layout, size, factor);
    for row in samples.chunks(size.0 as usize * layout.channels()) {
        assert!(!reducer.is_complete());
        reducer.push_row(row);
    }
    assert!(reducer.is_complete());
    match reducer.finish() {
        Reduced::Colours(channels) => channels,
        Reduced::Inks(inks) => panic!("{inks:?}"),
    }
}

#[test]
fn boxes_become_their_rounded_average() {
    let rows = [10_u8, 20, 30, 11, 21, 31, 100, 0, 0, 10, 21, 32, 11, 21, 32, 101, 0, 1];
    let channels = reduced(Layout::Rgb, (3, 2), 2, &rows);
    assert_eq!((channels.width, channels.height, channels.alpha), (2, 1, false));
    // The last column stands alone: two pixels, not four.
    assert_eq!(channels.planes, [[11, 101], [21, 0], [31, 1]]);
}

#[test]
fn the_last_row_of_boxes_holds_what_is_left() {
    let channels = reduced(Layout::Grey, (2, 3), 2, &[0_u8, 10, 20, 30, 200, 100]);
    assert_eq!(channels.planes, [[15, 150]]);
}

#[test]
fn every_sum_of_bytes_gives_the_nearest_mean() {
    for side in 2..=LARGEST_FACTOR {
        for pixels in [side * side, side * (side - 1), side] {
            let divisor = Divisor::new(pixels, 255);
            let sums = (0..=255 * pixels).step_by(1 + pixels as usize / 7);
            for sum in sums.chain([pixels / 2, pixels - 1, 255 * pixels]) {
                let mean = (sum + pixels / 2) / pixels;
                assert_eq!(u32::from(divisor.mean(sum)), mean, "{sum} / {pixels}");
            }
        }
    }
}

#[test]
fn only_rows_that_are_wanted_are_kept() {
    for factor in 1..=4 {
        let picture: Vec<u8> = (0..3 * 4 * 10).collect();
        let mut all = Reducer::new(Layout::Rgb, (4, 10), factor);
        all.push_image(&picture);
        let Reduced::Colours(all) = all.finish() else { panic!("inks") };
        for rows in [0..10, 3..7, 5..6, 9..10, 0..1] {
            let mut some = Reducer::new(Layout::Rgb, (4, 10), factor).keeping(&rows);
            let useless = some.useless_rows();
            assert!(useless <= rows.start && rows.start < useless + factor);
            some.skip(useless);
            for row in picture.chunks(12).skip(useless as usize) {
                some.push_row(row);
            }
            assert!(some.is_complete() && some.next_row() >= rows.end);
            let Reduced::Colours(some) = some.finish() else { panic!("inks") };
            assert_eq!(some.first_row, useless, "{rows:?} {factor}");
            for (some_plane, all_plane) in some.planes.iter().zip(&all.planes) {
                let first = (useless / factor * all.width) as usize;
                assert_eq!(some_plane[..], all_plane[first..][..some_plane.len()]);
                assert_eq!(some_plane.len(), (some.width * some.height) as usize);
            }
        }
    }
}

#[test]
fn sixteen_bits_are_narrowed_after_averaging() {
    // Each would be cut to 0x7f or 0x80; their average is 127.5 of 255 and a little.
    let channels = reduced(Layout::Grey, (2, 2), 2, &[0x7fff_u16, 0x8001, 0x8000, 0x8000]);
    assert_eq!(channels.planes, [[128]]);
    let channels = reduced(Layout::Rgb, (1, 1), 1, &[0x7fff_u16, 0x8000, 0xffff]);
    assert_eq!(channels.planes, [[127], [128], [255]]);
}

#[test]
fn colours_count_as_much_as_they_are_visible() {
    let rows = [255_u8, 0, 0, 255, 0, 255, 0, 0, 255, 0, 0, 255, 0, 255, 0, 0];
    let visible = [[255], [0], [0], [128]];
    assert_eq!(reduced(Layout::Rgba, (2, 2), 2, &rows).planes, visible);
    let wide: Vec<_> = rows.iter().map(|&value| u16::from(value) * 257).collect();
    assert_eq!(reduced(Layout::Rgba, (2, 2), 2, &wide).planes, visible);
    let grey = reduced(Layout::GreyAlpha, (2, 1), 2, &[200_u8, 255, 100, 51]);
    // (200 * 255 + 100 * 51) / 306, and (255 + 51) / 2.
    assert_eq!(grey.planes, [[183], [153]]);
    assert_eq!(reduced(Layout::Rgba, (2, 1), 2, &[9_u8, 9, 9, 0, 7, 7, 7, 0]).planes, [[0]; 4]);
}

#[test]
fn alpha_that_nothing_uses_is_dropped() {
    for factor in [1, 2] {
        let grey = reduced(Layout::GreyAlpha, (2, 2), factor, &[7_u8, 255].repeat(4));
        assert!(!grey.alpha);
        assert!(grey.planes.concat().iter().all(|&value| value == 7), "{:?}", grey.planes);
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
        let planes = reduced(layout, (side, side), side, &white(layout)).planes;
        assert!(planes.iter().all(|plane| plane == &[255]), "{planes:?}");
        let bytes = vec![255_u8; count * layout.channels()];
        let planes = reduced(layout, (side, side), side, &bytes).planes;
        assert!(planes.iter().all(|plane| plane == &[255]), "{planes:?}");
    }
}

#[test]
fn inks_come_with_their_alpha_or_without() {
    for (layout, planes) in [(Layout::Cmyk, 4), (Layout::CmykAlpha, 5)] {
        let picture: Vec<u8> = (0..6 * 5 * u8::try_from(planes).unwrap()).collect();
        let mut inks = Reducer::new(layout, (6, 5), 1);
        inks.push_image(&picture);
        let Reduced::Inks(inks) = inks.finish() else { panic!("no inks") };
        assert_eq!((inks.planes.len(), inks.alpha), (planes, planes == 5));
        assert_eq!(inks.planes[3][..2], [3, 3 + u8::try_from(planes).unwrap()]);
    }
}

#[test]
fn rows_that_are_missing_or_too_many_do_no_harm() {
    let mut reducer = Reducer::new(Layout::Rgb, (2, 2), 2);
    reducer.push_row(&[1_u8, 2]);
    assert!(!reducer.is_complete());
    for _ in 0..3 {
        reducer.push_row(&[10_u8; 100]);
    }
    let Reduced::Colours(channels) = reducer.finish() else { panic!("no colours") };
    assert!(channels.planes.iter().all(|plane| plane.len() == 1));
}

#[test]
fn twice_the_resolution_remains() {
    for (density, expected) in
        [(1.0, 1), (0.3, 1), (0.25, 2), (0.072, 6), (0.05, 10), (1e-9, 256), (0.0, 256)]
    {
        assert_eq!(factor(density), expected, "{density}");
    }
}
