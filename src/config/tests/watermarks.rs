//! The pictures of watermarks: where they are, how they are placed, and what is wrong with them.

use std::fs;

use contract::settings::Gravity;
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
    let shares = [watermark.scale, watermark.opacity, watermark.margin].map(f64::from);
    assert_eq!(shares, [0.2, 1.0, 0.03]);
    let all = "{ image = 'logo.png', gravity = 'north', scale = 1, opacity = 0.6, margin = 0 }";
    let (_folder, config) = read(all, "");
    let watermark = config.unwrap().variants[0].watermark.clone().unwrap();
    let shares = [watermark.scale, watermark.opacity, watermark.margin].map(f64::from);
    assert_eq!((watermark.gravity, shares), (Gravity::North, [1.0, 0.6, 0.0]));
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
    ];
    let told: Vec<String> =
        values.iter().map(|value| format!("{value} => {}", verdict(value))).collect();
    assert_snapshot!(told.join("\n"), @"");
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
