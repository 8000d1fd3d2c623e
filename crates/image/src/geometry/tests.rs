//! Placing, beside what `ImageMagick` does.

use contract::framing::Focus;

use super::*;

#[track_caller]
fn check(source: (u32, u32), fit: Fit, gravity: Gravity, expected: (Area, [(u32, u32); 3])) {
    let variant = Variant { fit, gravity, ..Variant::of_size(800, 600) };
    check_variant(source, &variant, expected);
}

#[track_caller]
fn check_variant(
    source: (u32, u32),
    variant: &Variant,
    (area, [scaled, canvas, offset]): (Area, [(u32, u32); 3]),
) {
    assert_eq!(
        place(source, variant, Framing::default()),
        Placement { area, scaled, canvas, offset }
    );
}

fn area(left: f64, top: f64, width: f64, height: f64) -> Area {
    Area { left, top, width, height }
}

const FULL: [(u32, u32); 3] = [(800, 600), (800, 600), (0, 0)];

#[test]
fn cover_fills_the_frame_and_keeps_what_gravity_says() {
    let wide = (2000, 600);
    check(wide, Fit::Cover, Gravity::Center, (area(600.0, 0.0, 800.0, 600.0), FULL));
    check(wide, Fit::Cover, Gravity::West, (area(0.0, 0.0, 800.0, 600.0), FULL));
    check(wide, Fit::Cover, Gravity::NorthEast, (area(1200.0, 0.0, 800.0, 600.0), FULL));
    let tall = (1600, 2000);
    check(tall, Fit::Cover, Gravity::North, (area(0.0, 0.0, 1600.0, 1200.0), FULL));
    check(tall, Fit::Cover, Gravity::Center, (area(0.0, 400.0, 1600.0, 1200.0), FULL));
    check(tall, Fit::Cover, Gravity::SouthWest, (area(0.0, 800.0, 1600.0, 1200.0), FULL));
}

#[test]
fn cover_enlarges_a_small_original() {
    let kept = area(0.0, 12.5, 100.0, 75.0);
    check((100, 100), Fit::Cover, Gravity::Center, (kept, FULL));
}

#[test]
fn cover_without_upscale_cuts_the_largest_part_of_the_frames_shape() {
    let check = |source, gravity, area, size| {
        let variant = Variant { gravity, upscale: Some(false), ..Variant::of_size(800, 600) };
        check_variant(source, &variant, (area, [size, size, (0, 0)]));
    };
    let whole = (100, 75);
    check((100, 100), Gravity::Center, area(0.0, 13.0, 100.0, 75.0), whole);
    check((100, 100), Gravity::North, area(0.0, 0.0, 100.0, 75.0), whole);
    check((100, 100), Gravity::SouthEast, area(0.0, 25.0, 100.0, 75.0), whole);
    // Wide enough, but too low: the height decides.
    check((2000, 300), Gravity::Center, area(800.0, 0.0, 400.0, 300.0), (400, 300));
    // Two thirds of a pixel are rounded, so that what is kept is not scaled.
    check((101, 50), Gravity::East, area(34.0, 0.0, 67.0, 50.0), (67, 50));
    check((1, 1), Gravity::Center, area(0.0, 0.0, 1.0, 1.0), (1, 1));
    check((800, 599), Gravity::West, area(0.0, 0.0, 799.0, 599.0), (799, 599));
    // Nothing is small about these.
    check((800, 600), Gravity::Center, area(0.0, 0.0, 800.0, 600.0), (800, 600));
    check((1600, 1200), Gravity::Center, area(0.0, 0.0, 1600.0, 1200.0), (800, 600));
}

#[test]
fn contain_and_pad_enlarge_to_the_frame_if_asked_to() {
    let variant = |fit| Variant { fit, upscale: Some(true), ..Variant::of_size(800, 600) };
    let whole = area(0.0, 0.0, 80.0, 30.0);
    let contained = [(800, 300), (800, 300), (0, 0)];
    check_variant((80, 30), &variant(Fit::Contain), (whole, contained));
    let padded = [(800, 300), (800, 600), (0, 150)];
    check_variant((80, 30), &variant(Fit::Pad), (whole, padded));
    let large = area(0.0, 0.0, 8000.0, 3000.0);
    check_variant((8000, 3000), &variant(Fit::Contain), (large, contained));
}

#[test]
fn contain_shrinks_into_the_frame_but_never_enlarges() {
    let whole = area(0.0, 0.0, 2000.0, 600.0);
    let sizes = [(800, 240), (800, 240), (0, 0)];
    check((2000, 600), Fit::Contain, Gravity::South, (whole, sizes));
    let small = [(80, 60), (80, 60), (0, 0)];
    check((80, 60), Fit::Contain, Gravity::Center, (area(0.0, 0.0, 80.0, 60.0), small));
    let line = [(800, 1), (800, 1), (0, 0)];
    check((9000, 2), Fit::Contain, Gravity::Center, (area(0.0, 0.0, 9000.0, 2.0), line));
}

#[test]
fn pad_places_the_contained_image_on_the_frame() {
    let whole = area(0.0, 0.0, 2000.0, 600.0);
    for (gravity, top) in [(Gravity::Center, 180), (Gravity::North, 0), (Gravity::South, 360)] {
        let sizes = [(800, 240), (800, 600), (0, top)];
        check((2000, 600), Fit::Pad, gravity, (whole, sizes));
    }
    let small = [(81, 61), (800, 600), (360, 270)];
    check((81, 61), Fit::Pad, Gravity::Center, (area(0.0, 0.0, 81.0, 61.0), small));
}

/// Every pixel different, so that no turn can pass for another.
#[test]
fn cover_frames_as_imagemagick_does() {
    for (source, frame, gravity, scaled, cut) in [
        ((1001, 600), (800, 600), Gravity::Center, (1001, 600), (100, 0)),
        ((1000, 600), (801, 600), Gravity::Center, (1000, 600), (100, 0)),
        ((101, 67), (80, 60), Gravity::East, (90, 60), (10, 0)),
        ((67, 101), (80, 60), Gravity::South, (80, 121), (0, 61)),
        ((67, 101), (80, 60), Gravity::Center, (80, 121), (0, 30)),
        ((67, 101), (80, 60), Gravity::NorthWest, (80, 121), (0, 0)),
        ((333, 100), (40, 30), Gravity::Center, (100, 30), (30, 0)),
        ((100, 333), (41, 31), Gravity::Center, (41, 137), (0, 53)),
        ((7, 5), (80, 60), Gravity::Center, (84, 60), (2, 0)),
        ((5, 7), (80, 60), Gravity::SouthEast, (80, 112), (0, 52)),
        ((4031, 3023), (800, 600), Gravity::Center, (800, 600), (0, 0)),
        ((3023, 4031), (400, 300), Gravity::NorthEast, (400, 533), (0, 0)),
        ((6000, 4000), (400, 300), Gravity::West, (450, 300), (0, 0)),
        ((640, 481), (80, 60), Gravity::North, (80, 60), (0, 0)),
    ] {
        let variant = Variant { gravity, ..Variant::of_size(frame.0, frame.1) };
        let Placement { area, .. } = place(source, &variant, Framing::default());
        let pixel =
            (f64::from(source.0) / f64::from(scaled.0), f64::from(source.1) / f64::from(scaled.1));
        let same =
            |have: f64, pixels: u32, size: f64| (have - f64::from(pixels) * size).abs() < 1e-9;
        let about = format!("{source:?} {frame:?} {gravity:?}: {area:?}");
        assert!(same(area.left, cut.0, pixel.0) && same(area.top, cut.1, pixel.1), "{about}");
        let sides = same(area.width, frame.0, pixel.0) && same(area.height, frame.1, pixel.1);
        assert!(sides, "{about}");
    }
}

#[test]
fn the_variant_that_needs_most_decides_how_fine_to_decode() {
    let variants = [(800, 600), (400, 300)].map(|(w, h)| Variant::of_size(w, h));
    let density = |upright| needed_density(upright, Order::of(&variants));
    assert!((density((8000, 6000)) - 0.1).abs() < 1e-9);
    // The shorter side decides how much of the longer one is cut off.
    assert!((density((16000, 6000)) - 0.1).abs() < 1e-9);
    assert!((density((100, 100)) - 1.0).abs() < 1e-9);
    let contained = [Variant { fit: Fit::Contain, ..Variant::of_size(800, 600) }];
    assert!((needed_density((16000, 6000), Order::of(&contained)) - 0.05).abs() < 1e-9);
}

#[test]
fn rows_are_needed_where_the_frame_may_be() {
    let grid = Grid::full((400, 4000), Orientation::NoTransforms);
    let rows = |gravity, focus: &str, crop: &str| {
        let framing = Framing { focus: Focus::parse(focus), crop: Crop::parse(crop) };
        let variants = [Variant { gravity, ..Variant::of_size(400, 300) }];
        needed_rows(&grid, Order { framing, ..Order::of(&variants) })
    };
    assert_eq!(rows(Gravity::Center, "", ""), 1843..2157);
    assert_eq!(rows(Gravity::Center, "0.5,0.1", ""), 243..557);
    assert_eq!(rows(Gravity::Center, "", "0,0.2,1,0.2"), 1043..1357);
    // The picture decides: all of it must be seen, or all of what is cut out.
    assert_eq!(rows(Gravity::Auto, "", ""), 0..4000);
    assert_eq!(rows(Gravity::Auto, "", "0,0.2,1,0.2"), 793..1607);
    assert_eq!(rows(Gravity::Auto, "0.5,0.1", ""), 243..557);
}

#[test]
fn crops_side_by_side_share_no_pixel() {
    let part = |crop: &str| Part::of((101, 67), Crop::parse(crop));
    let thirds = ["0,0,0.333333,1", "0.333333,0,0.333333,1", "0.666666,0,0.333334,1"].map(part);
    assert_eq!(thirds.map(|part| (part.left, part.width)), [(0, 34), (34, 33), (67, 34)]);
    assert_eq!(part("0,0,1,1"), Part::of((101, 67), None));
    let corner = part("0.999999,0.999999,0.000001,0.000001");
    assert_eq!(corner, Part { left: 100, top: 66, width: 1, height: 1 });
}
