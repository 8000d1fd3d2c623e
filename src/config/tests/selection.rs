//! Sizes of one side, and variants of some originals only.

use contract::settings::{Fit, Gravity, Metadata, SIDE_MAX};
use insta::assert_snapshot;

use super::{accepted, refused, verdicts};

fn file(variant: &str) -> String {
    format!("[bucket]\nname = 'photos'\n[[variants]]\nsize = '400x'\n{variant}")
}

#[test]
fn the_open_side_of_a_size_follows_the_original() {
    let text = "[bucket]\nname = 'photos'\n[image]\nfit = 'pad'\n\
                [[variants]]\nsize = '400x'\n[[variants]]\nsize = 'x300'\nfolder = 'low'\n\
                [[variants]]\nsize = '400x300'\n";
    let variants = accepted(text).variants;
    let sides: Vec<_> =
        variants.iter().map(|it| (it.folder.as_str(), it.width, it.height, it.fit)).collect();
    let expected = [
        ("400x", 400, SIDE_MAX, Fit::Contain),
        ("low", SIDE_MAX, 300, Fit::Contain),
        ("400x300", 400, 300, Fit::Pad),
    ];
    assert_eq!(sides, expected);
}

#[test]
fn an_open_side_can_be_neither_filled_nor_padded() {
    assert_eq!(accepted(&file("fit = 'contain'\n")).variants[0].fit, Fit::Contain);
    assert_snapshot!(refused(&file("fit = 'cover'\n")), @"
    error: `variants.fit` needs both width and height
     --> pipeline.toml:5:1
      |
    4 | size = '400x'
      | ---- one side is open here
    5 | fit = 'cover'
      | ^^^ remove it, or write `contain`
    ");
}

#[test]
fn a_variant_may_be_for_some_folders() {
    let only = |text: &str| file(&format!("only = {text}\n"));
    let variants = accepted(&only("['products/', 'shops/eu/']")).variants;
    assert_eq!(variants[0].only, ["products/", "shops/eu/"]);
    let values = [
        "['products']",
        "['/products/']",
        "['originals/products/']",
        "['a/', 'a/']",
        "['a/b/', 'a/']",
        "['', 'a/']",
        "['originals/products/', '/a/', '']",
        "['a/', 'a/b/', '/a/']",
        "[]",
        "['']",
        "['/']",
        "['a*/']",
        "'products/'",
        "[1]",
    ];
    assert_snapshot!(verdicts(values, only), @r#"
    ['products'] => `variants.only` is not of the form `FOLDER/`: did you mean `products/`?
    ['/products/'] => `variants.only` is not of the form `FOLDER/`: did you mean `products/`?
    ['originals/products/'] => `variants.only` begins with the watched folder `originals`: did you mean `products/`?
    ['a/', 'a/'] => `variants.only` has `a/` already: remove it
    ['a/b/', 'a/'] => `variants.only` has `a/` already: remove it
    ['', 'a/'] => `variants.only` is empty: `only` names folders below that of the originals, such as `products/`
    ['originals/products/', '/a/', ''] => `variants.only` begins with the watched folder `originals`: did you mean `products/`?; `variants.only` is not of the form `FOLDER/`: did you mean `a/`?; `variants.only` is empty: `only` names folders below that of the originals, such as `products/`
    ['a/', 'a/b/', '/a/'] => `variants.only` has `a/` already: remove it; `variants.only` is not of the form `FOLDER/`: did you mean `a/`?
    [] => `variants.only` names no folder: name a folder, such as `only = ["products/"]`, or remove `only`
    [''] => `variants.only` is empty: `only` names folders below that of the originals, such as `products/`
    ['/'] => `variants.only` is empty: `only` names folders below that of the originals, such as `products/`
    ['a*/'] => `variants.only` has `*`: `only` names folders below that of the originals, such as `products/`
    'products/' => `variants.only` is a string, not an array of strings: write it in brackets: `['products/']`
    [1] => `variants.only` is an integer, not a string: write it in quotes: `"1"`
    "#);
}

#[test]
fn gravity_and_metadata_have_new_words() {
    let variant = &accepted(&file("gravity = 'auto'\nmetadata = 'copyright'\n")).variants[0];
    assert_eq!((variant.gravity, variant.metadata), (Gravity::Auto, Metadata::Copyright));
    let with = |line: &str| file(&format!("{line}\n"));
    let lines = ["metadata = 'keep'", "metadata = true", "gravity = 'automatic'"];
    assert_snapshot!(verdicts(lines, with), @"
    metadata = 'keep' => `variants.metadata` is `keep`: `metadata` is `none` or `copyright`
    metadata = true => `variants.metadata` is a boolean, not a string: `metadata` is `none` or `copyright`
    gravity = 'automatic' => `variants.gravity` is `automatic`: did you mean `auto`?
    ");
}
