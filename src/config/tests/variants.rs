//! Sizes and folders that can't stand beside each other.

use contract::settings::{OnDelete, Settings};
use insta::assert_snapshot;

use super::super::limit_rules::environment_bytes;
use super::{accepted, refused, verdicts};

fn file(variants: &str) -> String {
    format!("[bucket]\nname = 'photos'\noriginals = 'in/originals'\n{variants}")
}

#[test]
fn a_size_is_shown_with_its_form() {
    assert_snapshot!(refused(&file("[[variants]]\nsize = '800×600'\n")), @"
    error: `variants.size` is not a size
     --> pipeline.toml:5:8
      |
    5 | size = '800×600'
      |        ^^^^^^^^^ did you mean `800x600`?
      |
      = help: a size is `WIDTHxHEIGHT` in pixels, such as `800x600`, or one of them: `800x`, `x600`
    ");
}

#[test]
fn sizes() {
    let sizes = [
        "800x600",
        "1x16384",
        "16384x1",
        "0x600",
        "800x0",
        "16385x600",
        "800x16385",
        "800 x 600",
        "800×600",
        "800X600",
        "800*600",
        "800x600px",
        "800px x 600px",
        "0800x600",
        "800",
        "800x",
        "x600",
        "800x600x400",
        "-800x600",
        "99999999999x1",
        "large",
        "",
    ];
    assert_snapshot!(verdicts(sizes, |size| file(&format!("[[variants]]\nsize = '{size}'\n"))), @"
    800x600 => accepted
    1x16384 => accepted
    16384x1 => accepted
    0x600 => `variants.size` is 0x600: width and height must be 1–16384 pixels
    800x0 => `variants.size` is 800x0: width and height must be 1–16384 pixels
    16385x600 => `variants.size` is 16385x600: width and height must be 1–16384 pixels
    800x16385 => `variants.size` is 800x16385: width and height must be 1–16384 pixels
    800 x 600 => `variants.size` is not a size: did you mean `800x600`?
    800×600 => `variants.size` is not a size: did you mean `800x600`?
    800X600 => `variants.size` is not a size: did you mean `800x600`?
    800*600 => `variants.size` is not a size: did you mean `800x600`?
    800x600px => `variants.size` is not a size: did you mean `800x600`?
    800px x 600px => `variants.size` is not a size: did you mean `800x600`?
    0800x600 => `variants.size` is not a size: did you mean `800x600`?
    800 => `variants.size` is not a size: did you mean `800x`?
    800x => accepted
    x600 => accepted
    800x600x400 => `variants.size` is not a size: a size is `WIDTHxHEIGHT` in pixels, such as `800x600`, or one of them: `800x`, `x600`
    -800x600 => `variants.size` is not a size: a size is `WIDTHxHEIGHT` in pixels, such as `800x600`, or one of them: `800x`, `x600`
    99999999999x1 => `variants.size` is not a size: a size is `WIDTHxHEIGHT` in pixels, such as `800x600`, or one of them: `800x`, `x600`
    large => `variants.size` is not a size: a size is `WIDTHxHEIGHT` in pixels, such as `800x600`, or one of them: `800x`, `x600`
     => `variants.size` is not a size: a size is `WIDTHxHEIGHT` in pixels, such as `800x600`, or one of them: `800x`, `x600`
    ");
}

#[test]
fn folders() {
    let long = ["a".repeat(200), "a".repeat(201)];
    let folders = [
        "small",
        "a/b",
        "thumb@2x",
        "a=b,c.d_e-f",
        &long[0],
        &long[1],
        "",
        "/",
        "/small",
        "small/",
        "a//b",
        "/up//loads/",
        "/a//../",
        ".",
        "a/../b",
        "..a",
        "a*",
        "a?",
        "${STAGE}",
        "$${STAGE}",
        "a b",
        "größe",
        "a\\b",
        "a\tb",
        "failed",
        "failed/a",
        "failed-a",
        "imgprep-reports/a",
        "in",
        "in/originals",
        "in/originals/a",
        "in/originals2",
    ];
    let with = |folder: &str| file(&format!("[[variants]]\nsize = '1x1'\nfolder = '{folder}'\n"));
    assert_snapshot!(verdicts(folders, with), @r"
    small => accepted
    a/b => accepted
    thumb@2x => accepted
    a=b,c.d_e-f => accepted
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa => accepted
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa => `variants.folder` is 201 characters long: a folder is 1 to 200 letters, digits and any of `-_.@=,`, with `/` between folders
     => `variants.folder` is empty: a folder is 1 to 200 letters, digits and any of `-_.@=,`, with `/` between folders
    / => `variants.folder` starts or ends with a slash: a folder is 1 to 200 letters, digits and any of `-_.@=,`, with `/` between folders
    /small => `variants.folder` starts or ends with a slash: did you mean `small`?
    small/ => `variants.folder` starts or ends with a slash: did you mean `small`?
    a//b => `variants.folder` has two slashes in a row: did you mean `a/b`?
    /up//loads/ => `variants.folder` starts or ends with a slash: did you mean `up/loads`?
    /a//../ => `variants.folder` starts or ends with a slash: a folder is 1 to 200 letters, digits and any of `-_.@=,`, with `/` between folders
    . => `variants.folder` has the part `.`: S3 would treat that as a folder of this name
    a/../b => `variants.folder` has the part `..`: S3 would treat that as a folder of this name
    ..a => accepted
    a* => `variants.folder` has `*`: a folder is 1 to 200 letters, digits and any of `-_.@=,`, with `/` between folders
    a? => `variants.folder` has `?`: a folder is 1 to 200 letters, digits and any of `-_.@=,`, with `/` between folders
    ${STAGE} => accepted
    $${STAGE} => `variants.folder` has `$`, `{` and `}`: a folder is 1 to 200 letters, digits and any of `-_.@=,`, with `/` between folders
    a b => `variants.folder` has ` `: did you mean `a-b`?
    größe => `variants.folder` has `ß` and `ö`: a folder is 1 to 200 letters, digits and any of `-_.@=,`, with `/` between folders
    a\b => `variants.folder` has `\`: did you mean `a-b`?
    a	b => `variants.folder` has `\t`: did you mean `a-b`?
    failed => `variants.folder` is `failed`: name another folder
    failed/a => `variants.folder` lies inside `failed`: name another folder
    failed-a => accepted
    imgprep-reports/a => `variants.folder` lies inside `imgprep-reports`: name another folder
    in => `variants.folder` holds the watched folder `in/originals`: name another folder
    in/originals => `variants.folder` is the watched folder `in/originals`: name another folder
    in/originals/a => `variants.folder` lies inside the watched folder `in/originals`: name another folder
    in/originals2 => accepted
    ");
}

#[test]
fn originals() {
    let folders = ["photos", "", "photos/", "failed", "failed/a", "fail", "1x1", "1x1/a"];
    let with = |folder: &str| {
        format!(
            "bucket = {{ name = 'photos', originals = '{folder}' }}\nvariants = [{{ size = '1x1' }}]"
        )
    };
    assert_snapshot!(verdicts(folders, with), @"
    photos => accepted
     => `bucket.originals` is empty: a folder is 1 to 200 letters, digits and any of `-_.@=,`, with `/` between folders
    photos/ => `bucket.originals` starts or ends with a slash: did you mean `photos`?
    failed => `bucket.originals` is `failed`: name another folder
    failed/a => `bucket.originals` lies inside `failed`: name another folder
    fail => accepted
    1x1 => `variants.folder` is the watched folder `1x1`: name another folder
    1x1/a => `variants.folder` holds the watched folder `1x1/a`: name another folder
    ");
}

#[test]
fn a_variant_would_feed_itself() {
    assert_snapshot!(refused(&file("[[variants]]\nsize = '1x1'\nfolder = 'in/originals/small'\n")), @"
    error: `variants.folder` lies inside the watched folder `in/originals`
     --> pipeline.toml:6:10
      |
    3 | originals = 'in/originals'
      |             -------------- watched
    ...
    6 | folder = 'in/originals/small'
      |          ^^^^^^^^^^^^^^^^^^^^ name another folder
      |
      = help: the function would treat each variant as an original and never stop
    ");
    assert_snapshot!(refused("bucket.name = 'photos'\n[[variants]]\nsize = '1x1'\nfolder = 'originals'\n"), @"
    error: `variants.folder` is the watched folder `originals`
     --> pipeline.toml:4:10
      |
    4 | folder = 'originals'
      |          ^^^^^^^^^^^ name another folder
      |
      = help: the function would treat each variant as an original and never stop
    ");
}

#[test]
fn two_variants_share_a_folder() {
    assert_snapshot!(refused(&file(
        "[[variants]]\nsize = '1x1'\n[[variants]]\nsize = '2x2'\nfolder = '1x1'\n"
    )), @"
    error: `variants.folder` is the folder of another variant, `1x1`
     --> pipeline.toml:8:10
      |
    5 | size = '1x1'
      |        ----- the other one
    ...
    8 | folder = '1x1'
      |          ^^^^^
      |
      = help: set `folder` for one of them
    ");
}

#[test]
fn one_variant_lies_inside_another() {
    assert_snapshot!(refused(&file(
        "[[variants]]
size = '1x1'
folder = 'a'
[[variants]]
size = '2x2'
folder = 'a/b'
[[variants]]
size = '3x3'
folder = 'c/d'
[[variants]]
size = '4x4'
folder = 'c'
"
    )), @"
    error: `variants.folder` lies inside the folder of another variant, `a`
     --> pipeline.toml:9:10
      |
    6 | folder = 'a'
      |          --- the other one
    ...
    9 | folder = 'a/b'
      |          ^^^^^
      |
      = help: set `folder` for one of them

    error: `variants.folder` holds the folder of another variant, `c/d`
      --> pipeline.toml:15:10
       |
    12 | folder = 'c/d'
       |          ----- the other one
    ...
    15 | folder = 'c'
       |          ^^^
       |
       = help: set `folder` for one of them
    ");
}

/// Nothing is said of a folder that follows from a size which was refused already.
#[test]
fn a_bad_size_is_one_problem() {
    assert_snapshot!(refused(&file("[[variants]]\n[[variants]]\nsize = '1'\n[[variants]]\nsize = '1'\n")), @r#"
    error: `variants.size` is missing
     --> pipeline.toml:4:1
      |
    4 | [[variants]]
      | ^^^^^^^^^^^^
      |
      = help: add `size = "800x600"`, the width and height in pixels

    error: `variants.size` is not a size
     --> pipeline.toml:6:8
      |
    6 | size = '1'
      |        ^^^ did you mean `1x`?
      |
      = help: a size is `WIDTHxHEIGHT` in pixels, such as `800x600`, or one of them: `800x`, `x600`

    error: `variants.size` is not a size
     --> pipeline.toml:8:8
      |
    8 | size = '1'
      |        ^^^ did you mean `1x`?
      |
      = help: a size is `WIDTHxHEIGHT` in pixels, such as `800x600`, or one of them: `800x`, `x600`
    "#);
}

#[test]
fn cache_control() {
    let values = ["no-cache", "", " no-cache", "max-age=1\tx", "größe", &"a".repeat(257)];
    let with =
        |value: &str| file(&format!("[[variants]]\nsize = '1x1'\ncache_control = '{value}'\n"));
    assert_snapshot!(verdicts(values, with), @"
    no-cache => accepted
     => `variants.cache_control` is empty: `Cache-Control` is 1 to 256 printable ASCII characters, such as `public, max-age=86400`
     no-cache => `variants.cache_control` starts or ends with a space: `Cache-Control` is 1 to 256 printable ASCII characters, such as `public, max-age=86400`
    max-age=1	x => `variants.cache_control` has characters that a header can't hold: `Cache-Control` is 1 to 256 printable ASCII characters, such as `public, max-age=86400`
    größe => `variants.cache_control` has characters that a header can't hold: `Cache-Control` is 1 to 256 printable ASCII characters, such as `public, max-age=86400`
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa => `variants.cache_control` is 257 characters long: `Cache-Control` is 1 to 256 printable ASCII characters, such as `public, max-age=86400`
    ");
}

#[test]
fn backgrounds() {
    let values = [
        "#ff8000",
        "#FF8000",
        "ff8000",
        "#fff",
        "0af",
        "white",
        "#ff80000",
        "rgb(0,0,0)",
        "",
        "${STAGE}",
    ];
    let with = |value: &str| file(&format!("[[variants]]\nsize = '1x1'\nbackground = '{value}'\n"));
    assert_snapshot!(verdicts(values, with), @"
    #ff8000 => accepted
    #FF8000 => accepted
    ff8000 => `variants.background` is not a colour: did you mean `#ff8000`?
    #fff => `variants.background` is not a colour: did you mean `#ffffff`?
    0af => `variants.background` is not a colour: did you mean `#00aaff`?
    white => `variants.background` is not a colour: a colour is `#rrggbb`, two hexadecimal digits each for red, green and blue, such as `#ffffff` for white
    #ff80000 => `variants.background` is not a colour: a colour is `#rrggbb`, two hexadecimal digits each for red, green and blue, such as `#ffffff` for white
    rgb(0,0,0) => `variants.background` is not a colour: a colour is `#rrggbb`, two hexadecimal digits each for red, green and blue, such as `#ffffff` for white
     => `variants.background` is not a colour: a colour is `#rrggbb`, two hexadecimal digits each for red, green and blue, such as `#ffffff` for white
    ${STAGE} => `variants.background` is not a colour: a colour is `#rrggbb`, two hexadecimal digits each for red, green and blue, such as `#ffffff` for white
    ");
}

#[test]
fn a_background_is_shown_with_its_form() {
    assert_snapshot!(refused(&file("[[variants]]\nsize = '1x1'\n[image]\nbackground = '#fc0'\n")), @"
    error: `image.background` is not a colour
     --> pipeline.toml:7:14
      |
    7 | background = '#fc0'
      |              ^^^^^^ did you mean `#ffcc00`?
      |
      = help: a colour is `#rrggbb`, two hexadecimal digits each for red, green and blue, such as `#ffffff` for white
    ");
}

#[test]
fn upscale_is_true_or_false() {
    let lines = [
        "upscale = 'no'",
        "upscale = 'true'",
        "upscale = 1",
        "upscaled = true",
        "back = '#ffffff'",
    ];
    let with = |line: &str| file(&format!("[[variants]]\nsize = '1x1'\n{line}\n"));
    assert_snapshot!(verdicts(lines, with), @"
    upscale = 'no' => `variants.upscale` is a string, not a boolean: write `true` or `false`
    upscale = 'true' => `variants.upscale` is a string, not a boolean: write it without quotes: `true`
    upscale = 1 => `variants.upscale` is an integer, not a boolean: write `true` or `false`
    upscaled = true => unknown key `upscaled` in `[[variants]]`: did you mean `upscale`?
    back = '#ffffff' => unknown key `back` in `[[variants]]`: did you mean `background`?
    ");
}

#[test]
fn efforts() {
    let values = ["speed", "size", "Size", "fast", "small", "mozjpeg", ""];
    let with = |value: &str| file(&format!("[[variants]]\nsize = '1x1'\neffort = '{value}'\n"));
    assert_snapshot!(verdicts(values, with), @"
    speed => accepted
    size => accepted
    Size => `variants.effort` is `Size`: did you mean `size`?
    fast => `variants.effort` is `fast`: did you mean `speed`?
    small => `variants.effort` is `small`: did you mean `size`?
    mozjpeg => `variants.effort` is `mozjpeg`: `effort` is `speed` or `size`
     => `variants.effort` is ``: `effort` is `speed` or `size`
    ");
}

#[test]
fn on_delete() {
    let values = ["keep", "remove", "removed", "Keep", "delete", ""];
    let with = |value: &str| {
        format!(
            "bucket = {{ name = 'photos', on_delete = '{value}' }}\nvariants = [{{ size = '1x1' }}]"
        )
    };
    assert_snapshot!(verdicts(values, with), @"
    keep => accepted
    remove => accepted
    removed => `bucket.on_delete` is `removed`: did you mean `remove`?
    Keep => `bucket.on_delete` is `Keep`: did you mean `keep`?
    delete => `bucket.on_delete` is `delete`: `on_delete` is `keep` or `remove`
     => `bucket.on_delete` is ``: `on_delete` is `keep` or `remove`
    ");
}

/// What a variant costs counts, whatever it is made of.
#[test]
fn every_setting_counts_towards_what_lambda_takes() {
    let settings = |on_delete, background: Option<&str>| {
        let mut variants = accepted(&file("[[variants]]\nsize = '1x1'\n")).variants;
        variants[0].background = background.map(|colour| colour.parse().unwrap());
        environment_bytes(&Settings {
            bucket: "photos".to_owned(),
            originals: "in".to_owned(),
            public_acl: false,
            invalidate: None,
            on_delete,
            notify: None,
            variants,
        })
    };
    let least = settings(OnDelete::Keep, None);
    let removing = r#"\"on_delete\":\"remove\","#.len();
    assert_eq!(settings(OnDelete::Remove, None), least + removing);
    let coloured = r##",\"background\":\"#ffffff\""##.len();
    assert_eq!(settings(OnDelete::Keep, Some("#ffffff")), least + coloured);
}

#[test]
fn the_function_is_told_no_more_than_lambda_takes() {
    let variants = |count: u32| {
        let variants = (1..=count).map(|side| format!("[[variants]]\nsize = '{side}x1000'\n"));
        file(&variants.collect::<String>())
    };
    assert_eq!(accepted(&variants(74)).variants.len(), 74);
    assert_snapshot!(refused(&variants(80)), @"
    error: `variants` take 4124 bytes of the function's environment
       --> pipeline.toml:152:1
        |
    152 | [[variants]]
        | ^^^^^^^^^^^^ variant 75 of 80
        |
        = help: Lambda allows 4096 bytes; use fewer variants or shorter values
    ");
}

#[test]
fn lambda_measures_the_environment_as_json() {
    let settings = Settings {
        bucket: "photos".to_owned(),
        originals: "in".to_owned(),
        public_acl: false,
        invalidate: None,
        notify: None,
        on_delete: OnDelete::Keep,
        variants: accepted(&file("[[variants]]\nsize = '1x1'\n")).variants,
    };
    let measured = r#"{"IMGPREP_SETTINGS":"{\"bucket\":\"photos\",\"originals\":\"in\",\"variants\":[{\"folder\":\"1x1\",\"width\":1,\"height\":1}]}"}"#;
    assert_eq!(environment_bytes(&settings), measured.len());
}
