//! HEIC: what its container can say of a picture.

use fixtures::heic::{self, Item};
use image::RgbaImage;
use moxcms::ColorProfile;

use super::*;
use crate::damage::Damage;

mod lies;

/// The quarters as coded.
const SAMPLES: [[u8; 3]; 4] = [[80, 94, 228], [126, 68, 53], [43, 228, 112], [200, 26, 149]];

/// Every pixel of the upright original.
#[track_caller]
fn drawn(items: &[Item]) -> RgbaImage {
    let file = heic::file(items);
    let (width, height) = decode::dimensions(&file).unwrap();
    let whole = Variant { fit: Fit::Contain, ..variant(width, height) };
    fixtures::decoded(&rendered(&file, whole).bytes).to_rgba8()
}

fn single() -> Item {
    heic::picture(heic::HALVED, heic::SIZE)
}

#[track_caller]
fn middles(image: &RgbaImage) -> [[u8; 4]; 4] {
    let (width, height) = image.dimensions();
    [(1, 1), (3, 1), (1, 3), (3, 3)].map(|(x, y)| image.get_pixel(x * width / 4, y * height / 4).0)
}

#[track_caller]
fn check_colours(pixel: [u8; 4], expected: [f64; 3], about: &str) {
    let apart = pixel.iter().zip(expected).map(|(have, want)| (f64::from(*have) - want).abs());
    assert!(apart.fold(0.0, f64::max) <= 0.51, "{about}: {pixel:?}, not {expected:?}");
}

/// H.273, section 8.3, in the simplest form.
fn converted([y, cb, cr]: [f64; 3], (red, blue): (f64, f64), is_full_range: bool) -> [f64; 3] {
    let (y, cb, cr) = if is_full_range {
        (y, cb - 128.0, cr - 128.0)
    } else {
        ((y - 16.0) * 255.0 / 219.0, (cb - 128.0) * 255.0 / 224.0, (cr - 128.0) * 255.0 / 224.0)
    };
    let (r, b) = (y + 2.0 * (1.0 - red) * cr, y + 2.0 * (1.0 - blue) * cb);
    let green = (y - red * r - blue * b) / (1.0 - red - blue);
    [r, green, b].map(|value| value.clamp(0.0, 255.0))
}

#[test]
fn matrix_and_range_are_those_that_the_file_names() {
    for (number, red, blue) in [
        (1, 0.2126, 0.0722),
        (2, 0.299, 0.114),
        (4, 0.30, 0.11),
        (5, 0.299, 0.114),
        (6, 0.299, 0.114),
        (7, 0.212, 0.087),
        (9, 0.2627, 0.0593),
    ] {
        for is_full_range in [false, true] {
            for coded in [heic::HALVED, heic::HALVED_ACROSS, heic::FULL] {
                let colours = heic::colours([1, 13, number], is_full_range);
                let image = drawn(&[heic::picture(coded, heic::SIZE).with(colours)]);
                for (pixel, samples) in middles(&image).into_iter().zip(SAMPLES) {
                    let expected = converted(samples.map(f64::from), (red, blue), is_full_range);
                    check_colours(pixel, expected, &format!("matrix {number}, {is_full_range}"));
                }
            }
        }
    }
}

/// As libheif 1.15 and 1.23 show it.
#[test]
fn what_says_nothing_is_of_limited_range() {
    let mut silent = single();
    silent.properties.pop();
    let said = single().with(heic::colours([1, 13, 6], false));
    assert_eq!(drawn(&[silent]), drawn(&[said]));
}

#[test]
fn planes_may_be_green_blue_and_red() {
    let colours = |is_full_range| heic::colours([1, 13, 0], is_full_range);
    let picture = heic::picture(heic::FULL, heic::SIZE);
    let image = drawn(&[picture.clone().with(colours(true))]);
    assert_eq!(middles(&image), SAMPLES.map(|[green, blue, red]| [red, green, blue, 255]));
    let image = drawn(&[picture.with(colours(false))]);
    for (pixel, [green, blue, red]) in middles(&image).into_iter().zip(SAMPLES) {
        let widened = |value: u8| ((f64::from(value) - 16.0) * 255.0 / 219.0).clamp(0.0, 255.0);
        check_colours(pixel, [red, green, blue].map(widened), "limited range");
    }
}

#[test]
fn grey_may_be_of_limited_range() {
    let picture = heic::picture(heic::GREY, heic::SIZE).with(heic::colours([1, 13, 6], false));
    for (pixel, [grey, ..]) in middles(&drawn(&[picture])).into_iter().zip(SAMPLES) {
        check_colours(pixel, [(f64::from(grey) - 16.0) * 255.0 / 219.0; 3], "grey");
    }
}

#[test]
fn ten_bits_are_rounded_not_cut_off() {
    /// The quarters as coded, of 1023.
    const DEEP: [[u16; 3]; 4] =
        [[319, 377, 912], [503, 273, 211], [171, 912, 447], [801, 105, 597]];
    let image = drawn(&[heic::picture(heic::HALVED_DEEP, heic::SIZE)]);
    for (pixel, samples) in middles(&image).into_iter().zip(DEEP) {
        let [y, cb, cr] = samples.map(|sample| f64::from(sample) * 255.0 / 1023.0);
        // The middle is 512 in ten bits, and 128 in eight.
        let shift = 128.0 - 512.0 * 255.0 / 1023.0;
        let expected = converted([y, cb + shift, cr + shift], (0.299, 0.114), true);
        check_colours(pixel, expected, "ten bits");
    }
}

/// In the middle between two samples of colour, and a quarter of the way from one row to the next.
#[test]
fn halved_colours_are_widened_as_they_lie() {
    let image = drawn(&[single()]);
    let [red, green, blue, _] = SAMPLES.map(|samples| samples.map(f64::from));
    let at = |x, y| image.get_pixel(x, y).0;
    let mixed = |one: [f64; 3], other: [f64; 3], share: f64| {
        let mix = |plane: usize| one[plane] * (1.0 - share) + other[plane] * share;
        converted([one[0], mix(1), mix(2)], (0.299, 0.114), true)
    };
    check_colours(at(38, 10), mixed(red, green, 0.0), "the last sample");
    check_colours(at(39, 10), mixed(red, green, 0.5), "between two samples");
    check_colours(at(40, 10), mixed(green, red, 0.0), "the next sample");
    check_colours(at(10, 28), mixed(red, blue, 0.0), "the last row but one");
    check_colours(at(10, 29), mixed(red, blue, 0.25), "before the edge");
    check_colours(at(10, 30), mixed(blue, red, 0.25), "behind the edge");
    check_colours(at(10, 31), mixed(blue, red, 0.0), "the second row");
}

#[test]
fn no_seam_shows_where_tiles_meet() {
    let image = drawn(&heic::tiled());
    assert_eq!(image.dimensions(), heic::TILED_SIZE);
    for (x, y, pixel) in image.enumerate_pixels() {
        let expected = match (x < 50, y < 45) {
            (true, true) => RED,
            (false, true) => GREEN,
            (true, false) => BLUE,
            (false, false) => YELLOW,
        };
        // The edges of the quarters are smeared by halved colours, those of the tiles are not.
        let is_edge = x.abs_diff(50) <= 1 || y.abs_diff(45) <= 2;
        let furthest = pixel.0.iter().zip(expected).map(|(a, b)| a.abs_diff(b)).max();
        assert!(is_edge || furthest <= Some(2), "{x}, {y}: {pixel:?}, not {expected:?}");
    }
}

#[test]
fn colours_of_other_primaries_are_converted() {
    let p3 = ColorProfile::new_display_p3().encode().unwrap();
    let [red, ..] = middles(&drawn(&[single()]));
    let [by_profile, ..] = middles(&drawn(&[single().with(heic::profile(&p3))]));
    let [by_number, ..] = middles(&drawn(&[single().with(heic::colours([12, 13, 6], true))]));
    // By the matrices of both spaces (220, 20, 20) is (240.4, -30, -13), which is cut.
    for pixel in [by_profile, by_number] {
        assert!(pixel[0].abs_diff(240) <= 1 && pixel[1] == 0 && pixel[2] == 0, "{pixel:?}");
    }
    // The profile is about colours, and the numbers about the planes.
    let both = single().with(heic::profile(&p3)).with(heic::colours([1, 13, 1], false));
    let [by_both, ..] = middles(&drawn(&[both]));
    assert_ne!(by_both, by_profile);
    // The curve of video is no reason to convert anything.
    for transfer in [1, 2, 6, 14, 15, 18] {
        let [pixel, ..] = middles(&drawn(&[single().with(heic::colours([1, transfer, 6], true))]));
        assert_eq!(pixel, red, "{transfer}");
    }
    let linear = drawn(&[single().with(heic::colours([1, 8, 6], true))]);
    let [pixel, ..] = middles(&linear);
    // Linear 20 of 255 is 79.
    assert!(pixel[1].abs_diff(79) <= 2, "{pixel:?}");
}

#[test]
fn turns_apply_in_the_order_of_the_properties() {
    use heic::{cropped, mirrored, turned};
    const Q: [[u8; 3]; 4] = [RED, GREEN, BLUE, YELLOW];
    for (turns, size, order) in [
        (vec![turned(1)], (60, 80), [1, 3, 0, 2]),
        (vec![turned(2)], (80, 60), [3, 2, 1, 0]),
        (vec![turned(3)], (60, 80), [2, 0, 3, 1]),
        (vec![mirrored(0)], (80, 60), [2, 3, 0, 1]),
        (vec![mirrored(1)], (80, 60), [1, 0, 3, 2]),
        (vec![turned(1), mirrored(0)], (60, 80), [0, 2, 1, 3]),
        (vec![mirrored(0), turned(1)], (60, 80), [3, 1, 2, 0]),
        // The left half, then turned.
        (vec![cropped((40, 60), (-40, 0)), turned(1)], (60, 40), [0, 2, 0, 2]),
        // Turned, and then the left half.
        (vec![turned(1), cropped((30, 80), (-30, 0))], (30, 80), [1, 1, 0, 0]),
        (vec![turned(3), mirrored(1), cropped((30, 40), (30, 40))], (30, 40), [3, 3, 3, 3]),
        (vec![cropped((79, 59), (1, 1))], (79, 59), [0, 1, 2, 3]),
        (vec![cropped((41, 31), (-39, -29)), cropped((21, 11), (0, 0))], (21, 11), [0; 4]),
    ] {
        let sized = |item: Item| turns.iter().cloned().fold(item, Item::with);
        let file = heic::file(&[sized(single())]);
        assert_eq!(decode::dimensions(&file), Ok(size), "{turns:?}");
        let whole = Variant { fit: Fit::Contain, ..variant(size.0, size.1) };
        let about = format!("{turns:?}");
        check_quarters(
            &rendered(&file, whole).bytes,
            order.map(|quarter: usize| Q[quarter]),
            &about,
        );
    }
}

#[test]
fn a_grid_is_cropped_to_the_pixel() {
    let crop = |size, twice| {
        let mut items = heic::tiled();
        items[0].properties.push(heic::cropped(size, twice));
        drawn(&items)
    };
    let whole = drawn(&heic::tiled());
    for (size, twice, (left, top)) in [
        ((61, 51), (-39, -39), (0, 0)),
        ((35, 21), (65, 69), (65, 69)),
        ((30, 26), (58, 64), (64, 64)),
    ] {
        let part = crop(size, twice);
        assert_eq!(part.dimensions(), size);
        let same = part.enumerate_pixels().all(|(x, y, p)| p == whole.get_pixel(left + x, top + y));
        assert!(same, "{size:?} from {left}, {top}");
    }
}

/// HEIF has properties for it, and an EXIF block says it a second time.
#[test]
fn an_orientation_in_exif_is_ignored() {
    let exif = |items: &[Item]| {
        let data = [&[0; 4][..], &fixtures::exif(6)].concat();
        let block = Item {
            kind: *b"Exif",
            data,
            properties: Vec::new(),
            references: vec![(*b"cdsc", vec![1])],
        };
        [items, &[block]].concat()
    };
    for picture in [single(), single().with(heic::turned(1))] {
        let plain = drawn(std::slice::from_ref(&picture));
        assert_eq!(drawn(&exif(&[picture])), plain);
    }
}

#[test]
fn thumbnails_and_other_auxiliary_pictures_are_ignored() {
    let small = heic::picture(heic::TILES[3], heic::TILE);
    let depth = heic::picture(heic::RIGHT_HALF, heic::SIZE)
        .with(heic::purpose("urn:mpeg:hevc:2015:auxid:2"));
    let items = [single(), small.to(*b"thmb", &[1]), depth.to(*b"auxl", &[1])];
    assert_eq!(drawn(&items), drawn(&[single()]));
}

#[test]
fn a_picture_may_be_another_one_turned() {
    let same = |properties| Item {
        kind: *b"iden",
        data: Vec::new(),
        properties,
        references: vec![(*b"dimg", vec![2])],
    };
    let items = [same(vec![heic::turned(1)]), single().with(heic::mirrored(1))];
    let expected = drawn(&[single().with(heic::mirrored(1)).with(heic::turned(1))]);
    assert_eq!(drawn(&items), expected);
}

fn alpha(coded: heic::Coded, size: (u32, u32)) -> Item {
    heic::picture(coded, size).with(heic::purpose(heic::ALPHA)).to(*b"auxl", &[1])
}

#[test]
fn alpha_is_another_picture_of_any_size() {
    let older = heic::picture(heic::RIGHT_HALF, heic::SIZE)
        .with(heic::purpose("urn:mpeg:hevc:2015:auxid:1"))
        .to(*b"auxl", &[1]);
    for alpha in [older, alpha(heic::RIGHT_HALF, heic::SIZE)] {
        let image = drawn(&[single(), alpha]);
        assert_eq!(middles(&image).map(|[.., alpha]| alpha), [0, 255, 0, 255]);
        let edge = [39, 40].map(|x| image.get_pixel(x, 7).0[3]);
        assert_eq!(edge, [0, 255]);
    }
    // Twice as coarse or as fine as it should be, and of a grid that is turned.
    let mut items = heic::tiled();
    items[0].properties.push(heic::turned(2));
    items.push(alpha(heic::RIGHT_HALF, heic::SIZE));
    let image = drawn(&items);
    assert_eq!(middles(&image).map(|[.., alpha]| alpha), [255, 0, 255, 0]);
    let [.., lower_left, _] = middles(&image);
    assert!(near(Rgba(lower_left), GREEN), "{lower_left:?}");
}

#[test]
fn colours_darkened_by_alpha_are_restored() {
    // The brightness of the quarters is how opaque they are.
    let items = [single().to(*b"prem", &[2]), alpha(heic::GREY, heic::SIZE)];
    let samples = SAMPLES.map(|[brightness, ..]| brightness);
    for ((pixel, colour), opaque) in
        middles(&drawn(&items)).into_iter().zip([RED, GREEN, BLUE, YELLOW]).zip(samples)
    {
        assert_eq!(pixel[3], opaque);
        for (have, stored) in pixel.into_iter().zip(colour) {
            let expected = (u32::from(stored) * 255 / u32::from(opaque)).min(255);
            // One level of what is stored.
            let level = 255 / u32::from(opaque) + 2;
            let apart = u32::from(have).abs_diff(expected);
            assert!(apart <= level, "{pixel:?} of {colour:?}, {opaque}");
        }
    }
}

#[test]
fn variants_are_jpeg_or_png_with_alpha() {
    let keep = Variant::of_size(40, 30);
    let opaque = rendered(&heic::file(&[single()]), keep.clone());
    assert_eq!(opaque.content_type, "image/jpeg");
    let items = [single(), alpha(heic::RIGHT_HALF, heic::SIZE)];
    assert_eq!(rendered(&heic::file(&items), keep).content_type, "image/png");
}

fn warned(file: &[u8]) -> Result<(RgbaImage, Option<Damage>), String> {
    let variants = [Variant { fit: Fit::Contain, ..variant(100, 90) }];
    let mut image = None;
    let scratch = &mut Scratch::default();
    let rendering = render_measured(file, &variants, &Limits::default(), scratch, |rendered| {
        image = Some(fixtures::decoded(&rendered.bytes).to_rgba8());
        ControlFlow::Continue(())
    });
    let rendering = rendering.map_err(|error| error.to_string())?;
    Ok((image.unwrap(), rendering.damage))
}

#[test]
fn what_is_left_of_a_grid_is_shown_with_a_warning() {
    let file = heic::file(&heic::tiled());
    let lengths: Vec<_> = heic::TILES.iter().map(|tile| tile.data().len()).collect();
    let (_, whole) = warned(&file).unwrap();
    assert_eq!(whole, None);
    // Within the last tile but one, and within the last.
    for end in [lengths[2] / 2, lengths[2] + lengths[3] / 2] {
        let cut = &file[..file.len() - lengths[2] - lengths[3] + end];
        let (image, damage) = warned(cut).unwrap();
        assert_eq!(damage, Some(Damage::CutOff { intact: 64, rows: 90 }));
        assert!(near(image.get_pixel(20, 20).to_owned(), RED));
        assert!(near(image.get_pixel(20, 60).to_owned(), BLUE));
        // What is missing is grey.
        assert!(near(image.get_pixel(90, 80).to_owned(), [128; 3]));
    }
    // Within the first tile there is nothing to show.
    let cut = &file[..file.len() - lengths.iter().sum::<usize>() + 50];
    assert_eq!(warned(cut).unwrap_err(), "broken HEIC: the file ends early");
    let mut items = heic::tiled();
    items[3].data.truncate(40);
    let (image, damage) = warned(&heic::file(&items)).unwrap();
    assert_eq!(damage, Some(Damage::Corrupt { intact: 64, rows: 90 }));
    assert!(near(image.get_pixel(20, 80).to_owned(), [128; 3]));
    assert!(near(image.get_pixel(80, 80).to_owned(), YELLOW));
}
