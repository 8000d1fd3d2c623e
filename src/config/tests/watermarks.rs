//! The pictures of watermarks: where they are, how they are placed, and what is wrong with them.

use std::fs;

use contract::settings::{Gravity, Watermark};
use insta::assert_snapshot;
use tempfile::TempDir;

use super::super::problem::Problem;
use super::super::{Config, ConfigError};

/// A file with a watermark, in a folder with a picture, a text and a picture that is too large.
fn read(watermark: &str, more: &str) -> (TempDir, Result<Config, ConfigError>) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("logo.png"), sample::jpeg(8, 6)).unwrap();
    fs::write(folder.path().join("text.png"), "no picture").unwrap();
    fs::write(folder.path().join("large.png"), vec![0; 2_000_001]).unwrap();
    fs::write(folder.path().join("own.zip"), b"PK\x03\x04").unwrap();
    let text = format!(
        "[bucket]\nname = 'photos'\n{more}[[variants]]\nsize = '8x6'\nwatermark = {watermark}\n"
    );
    let config = Config::parse(&text, "pipeline.toml", folder.path(), &|_| None);
    (folder, config)
}

fn verdict(watermark: &str) -> String {
    let (folder, config) = read(watermark, "");
    let told = match config {
        Ok(_) => "accepted".to_owned(),
        Err(ConfigError::Invalid { problems, .. }) => {
            problems.iter().map(Problem::sentence).collect::<Vec<_>>().join("; ")
        }
        Err(error) => panic!("{error}"),
    };
    told.replace(&folder.path().display().to_string(), "…")
}

#[test]
fn a_watermark_is_named_after_its_picture_and_travels_with_the_function() {
    let (_folder, config) = read("{ image = 'logo.png' }", "");
    let config = config.unwrap();
    let watermark = config.variants[0].watermark.as_ref().unwrap();
    assert_eq!(config.function.logos.keys().collect::<Vec<_>>(), [&watermark.image]);
    assert_eq!((watermark.image.len(), watermark.gravity), (16, Gravity::SouthEast));
    let shares =
        |it: &Watermark| [it.scale, it.opacity, it.margin].map(|share| share.to_string()).join(" ");
    assert_eq!(shares(watermark), "0.2 1 0.03");
    let all = "{ image = 'logo.png', gravity = 'north', scale = 1, opacity = 0.6, margin = 0 }";
    let (_folder, config) = read(all, "");
    let watermark = config.unwrap().variants[0].watermark.clone().unwrap();
    assert_eq!((watermark.gravity, shares(&watermark)), (Gravity::North, "1 0.6 0".to_owned()));
}

#[test]
fn what_is_no_watermark_is_refused() {
    let values = [
        "{ image = 'logo.png', scale = 0 }",
        "{ image = 'logo.png', scale = 1.5 }",
        "{ image = 'logo.png', opacity = 'half' }",
        "{ image = 'logo.png', margin = 0.5 }",
        "{ image = 'logo.png', gravity = 'auto' }",
        "{ image = 'missing.png' }",
        "{ image = 'text.png' }",
        "{ image = 'large.png' }",
        "{ image = '' }",
        "{ scale = 0.2 }",
        "{ image = 'logo.png', size = 3 }",
        "'logo.png'",
        "5",
    ];
    let told: Vec<String> =
        values.iter().map(|value| format!("{value} => {}", verdict(value))).collect();
    assert_snapshot!(told.join("\n"), @r#"
    { image = 'logo.png', scale = 0 } => `variants.watermark.scale` leaves nothing of the watermark: its width as a share of the variant's
    { image = 'logo.png', scale = 1.5 } => `variants.watermark.scale` is 1.5: a number from 0 to 1
    { image = 'logo.png', opacity = 'half' } => `variants.watermark.opacity` is a string, not a number
    { image = 'logo.png', margin = 0.5 } => `variants.watermark.margin` leaves no room for the watermark: less than 0.5: a share of the shorter side
    { image = 'logo.png', gravity = 'auto' } => `variants.watermark.gravity` is no place for a watermark: name a side or a corner
    { image = 'missing.png' } => `variants.watermark.image` can't be read: no such file: imgprep looked at `…/missing.png`
    { image = 'text.png' } => `variants.watermark.image` is no usable picture: not an image: a watermark is best a PNG with transparency
    { image = 'large.png' } => `variants.watermark.image` has 2.0 MB: at most 2.0 MB
    { image = '' } => `variants.watermark.image` is empty: name a path
    { scale = 0.2 } => `variants.watermark.image` is missing: add `image = "logo.png"`; the path is relative to the file
    { image = 'logo.png', size = 3 } => unknown key `size` in `[variants.watermark]`: belongs in `[[variants]]`
    'logo.png' => `variants.watermark` is a string, not a table: did you mean `watermark = { image = 'logo.png' }`?
    5 => `variants.watermark` is an integer, not a table: write `[variants.watermark]`, and its keys below it
    "#);
}

#[test]
fn a_finished_function_cannot_take_one() {
    let (_folder, config) = read("{ image = 'logo.png' }", "[function]\ncode = 'own.zip'\n");
    let error = config.unwrap_err().render(false);
    let first = error.lines().next().unwrap();
    assert_eq!(
        first,
        "error: `function.code` is a finished zip, which watermarks cannot travel in"
    );
}
