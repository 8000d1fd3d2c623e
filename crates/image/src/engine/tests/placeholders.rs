//! What stands for an original until its variants are there.

use super::*;

fn placeholder_of(file: &[u8], variants: &[Variant], wanted: bool) -> Option<Placeholder> {
    let order = Order { placeholder: wanted, ..Order::of(variants) };
    let opened = open(file, order, &Limits::default()).unwrap();
    let rendering = opened.render(&mut Scratch::default(), &mut |_| ControlFlow::Continue(()));
    rendering.unwrap().placeholder
}

#[test]
fn the_smallest_variant_has_the_placeholder() {
    let file = fixtures::encoded(&quarters(80, 80), ImageFormat::Png);
    let left = Variant { gravity: Gravity::West, ..variant(10, 20) };
    let variants = [variant(40, 40), left, variant(30, 30)];
    let placeholder = placeholder_of(&file, &variants, true).unwrap();
    // Red above blue.
    let mean = [0, 1, 2].map(|it| (u16::from(RED[it]) + u16::from(BLUE[it])).div_ceil(2));
    let Colour(colour) = placeholder.colour;
    let same = colour.iter().zip(mean).all(|(have, want)| u16::from(*have).abs_diff(want) <= 2);
    assert!(same, "{colour:?}");
    assert!((5..=25).contains(&placeholder.thumbhash.len()));
    assert_eq!(placeholder_of(&file, &variants, false), None);
    assert_eq!(placeholder_of(&file, &[], true), None);
}

/// In the third byte of a hash.
const HAS_ALPHA: u8 = 0x80;

#[test]
fn a_clear_picture_has_a_placeholder_with_alpha() {
    let file = fixtures::encoded(&fixtures::half_clear(80, 80), ImageFormat::Png);
    let hash = |format| {
        let variants = [Variant { format, ..variant(40, 40) }];
        placeholder_of(&file, &variants, true).unwrap().thumbhash
    };
    assert_eq!(hash(Format::Png)[2] & HAS_ALPHA, HAS_ALPHA);
    assert_eq!(hash(Format::Jpeg)[2] & HAS_ALPHA, 0);
}
