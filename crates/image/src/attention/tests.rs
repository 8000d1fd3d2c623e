//! Scenes with one thing to look at.

use super::*;

/// A scene of one wall, drawn pixel by pixel.
fn scene(width: u32, height: u32, colour: impl Fn(u32, u32) -> [u8; 3]) -> Pixels {
    let bytes = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let bytes = bytes.flat_map(|(x, y)| colour(x, y)).collect();
    Pixels { width, height, alpha: false, bytes }
}

fn is_in_disc((x, y): (u32, u32), centre: (u32, u32), radius: u32) -> bool {
    x.abs_diff(centre.0).pow(2) + y.abs_diff(centre.1).pow(2) <= radius.pow(2)
}

/// The middle of a frame with this share of the width, as a share of the width.
fn middle_across(scene: &Pixels, share: f64) -> f64 {
    middle(best(&Attention::of_pixels(scene).columns, share), share)
}

fn middle_down(scene: &Pixels, share: f64) -> f64 {
    middle(best(&Attention::of_pixels(scene).rows, share), share)
}

fn middle(aim: Aim, share: f64) -> f64 {
    match aim {
        Aim::Start => share / 2.0,
        Aim::Middle => 0.5,
        Aim::End => 1.0 - share / 2.0,
        Aim::At(place) => place,
    }
}

#[track_caller]
fn near(place: f64, expected: f64) {
    assert!((place - expected).abs() < 0.06, "{place} is not about {expected}");
}

const SKINS: [[u8; 3]; 4] = [[255, 219, 190], [224, 172, 135], [160, 110, 80], [92, 60, 45]];

#[test]
fn a_face_on_a_grey_wall_is_kept() {
    for skin in SKINS {
        for left in [30, 64, 98] {
            let face = |x, y| if is_in_disc((x, y), (left, 40), 9) { skin } else { [128; 3] };
            near(middle_across(&scene(128, 80, face), 0.4), f64::from(left) / 128.0);
            let turned = |x, y| face(y, x);
            near(middle_down(&scene(80, 128, turned), 0.4), f64::from(left) / 128.0);
        }
    }
}

#[test]
fn a_ball_on_a_lawn_is_kept() {
    for ball in [[220, 30, 30], [240, 200, 20], [250, 250, 250], [30, 60, 200]] {
        let lawn = |x: u32, y: u32| {
            let blade = u8::try_from((x * 7 + y * 13 + x * y) % 24).unwrap();
            if is_in_disc((x, y), (100, 50), 7) { ball } else { [50 + blade, 120 + blade, 40] }
        };
        near(middle_across(&scene(128, 80, lawn), 0.4), 100.0 / 128.0);
    }
}

#[test]
fn sharp_text_beside_blur_is_kept() {
    let text = |x: u32, y: u32| {
        let is_ink = (20..48).contains(&x)
            && (20..60).contains(&y)
            && x.is_multiple_of(3)
            && !y.is_multiple_of(4);
        let soft = u8::try_from(150 + x / 2).unwrap();
        if is_ink { [30; 3] } else { [soft; 3] }
    };
    near(middle_across(&scene(128, 80, text), 0.4), 34.0 / 128.0);
}

#[test]
fn an_even_picture_is_cut_in_its_middle() {
    let grain = |x: u32, y: u32| [u8::try_from(100 + (x * 31 + y * 17) % 7).unwrap(); 3];
    let scenes = [
        scene(128, 80, |_, _| [90, 140, 200]),
        scene(128, 80, |x, y| if (x + y) % 2 == 0 { [255; 3] } else { [0; 3] }),
        scene(128, 80, grain),
        // Two of a kind at the same distance.
        scene(128, 80, |x, y| {
            let is_ball = [20, 107].iter().any(|&left| is_in_disc((x, y), (left, 40), 8));
            if is_ball { [200, 40, 40] } else { [128; 3] }
        }),
    ];
    for scene in &scenes[..3] {
        for share in [0.1, 0.3, 0.5, 0.75, 0.99, 1.0] {
            let attention = Attention::of_pixels(scene);
            assert_eq!(best(&attention.columns, share), Aim::Middle, "{share}");
            assert_eq!(best(&attention.rows, share), Aim::Middle, "{share}");
        }
    }
    let both = Attention::of_pixels(&scenes[3]);
    assert_eq!(best(&both.columns, 0.95), Aim::Middle);
}

#[test]
fn what_is_at_the_very_end_is_kept_to_the_edge() {
    let face = |x, y| if is_in_disc((x, y), (124, 40), 8) { SKINS[1] } else { [128; 3] };
    assert_eq!(best(&Attention::of_pixels(&scene(128, 80, face)).columns, 0.3), Aim::End);
    let face = |x, y| if is_in_disc((x, y), (3, 40), 8) { SKINS[1] } else { [128; 3] };
    assert_eq!(best(&Attention::of_pixels(&scene(128, 80, face)).columns, 0.3), Aim::Start);
}

#[test]
fn a_wooden_wall_is_no_face() {
    let wall = |x: u32, y: u32| {
        if is_in_disc((x, y), (24, 40), 9) { [40, 70, 160] } else { [205, 150, 110] }
    };
    near(middle_across(&scene(128, 80, wall), 0.4), 0.2);
}

#[test]
fn what_is_clear_draws_nobody() {
    let ball = |x, y| if is_in_disc((x, y), (30, 40), 9) { [220, 30, 30] } else { [128; 3] };
    let mut scene = scene(128, 80, ball).with_alpha();
    for pixel in scene.bytes.as_chunks_mut::<4>().0 {
        pixel[3] = if pixel[0] == 220 { 0 } else { 255 };
    }
    for (index, pixel) in (0..).zip(scene.bytes.as_chunks_mut::<4>().0) {
        if is_in_disc((index % 128, index / 128), (100, 40), 5) {
            *pixel = [30, 40, 200, 255];
        }
    }
    near(middle_across(&scene, 0.4), 100.0 / 128.0);
}

#[test]
fn the_narrowest_pictures_have_a_middle_too() {
    for (width, height) in [(1, 1), (1, 128), (128, 1), (2, 1), (1, 2), (2, 2)] {
        let grey = scene(width, height, |_, _| [77; 3]);
        let attention = Attention::of_pixels(&grey);
        for share in [0.0, 0.001, 0.5, 1.0] {
            assert_eq!(best(&attention.columns, share), Aim::Middle, "{width}x{height}");
            assert_eq!(best(&attention.rows, share), Aim::Middle, "{width}x{height}");
        }
    }
}
