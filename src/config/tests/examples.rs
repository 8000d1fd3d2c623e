//! The files of `examples/`, read as their READMEs say.

use std::fs;
use std::path::Path;

use super::super::{Config, PriceClass};

/// The file of an example, in an environment of these variables.
#[track_caller]
fn example(name: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    let text = fs::read_to_string(folder.join("pipeline.toml")).unwrap();
    let environment = |wanted: &str| {
        let found = variables.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, value)| (*value).to_owned())
    };
    Config::parse(&text, "pipeline.toml", &folder, &environment)
        .map_err(|error| error.render(false))
}

/// The variables of a file as a shell reads them.
fn variables(file: &str) -> Vec<(&str, &str)> {
    file.lines().filter_map(|line| line.split_once('=')).collect()
}

#[test]
fn every_example_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().join("pipeline.toml").exists())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    let expected =
        "django existing-bucket github-actions html nextjs rails stages upload".split(' ');
    assert_eq!(names, expected.collect::<Vec<_>>());
    for name in names {
        let config = example(&name, &[("STAGE", "dev")]).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(config.region.as_deref(), Some("eu-central-1"), "{name}");
    }
}

#[test]
fn an_existing_bucket_keeps_its_folders() {
    let config = example("existing-bucket", &[]).unwrap();
    assert_eq!(config.bucket.originals, "uploads/products");
    let folders: Vec<&str> = config.variants.iter().map(|it| it.folder.as_str()).collect();
    assert_eq!(folders, ["thumbnails/large", "thumbnails/small"]);
}

#[test]
fn no_two_stages_share_a_name() {
    let dev = example("stages", &[("STAGE", "dev")]).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/stages");
    let production = fs::read_to_string(folder.join("production.env")).unwrap();
    let production = example("stages", &variables(&production)).unwrap();
    assert_eq!((dev.name.as_str(), production.name.as_str()), ("photos-dev", "photos-production"));
    assert_ne!(dev.bucket.name, production.bucket.name);
    assert_ne!(dev.topic.name, production.topic.name);
    assert_ne!(dev.function.name, production.function.name);
    assert_eq!(dev.tags["stage"], "dev");
    assert_eq!(
        (dev.cdn.price_class, production.cdn.price_class),
        (PriceClass::Class100, PriceClass::All)
    );
    assert_eq!(production.variants[0].cache_control, "public, max-age=604800");
}

#[test]
fn without_a_stage_nothing_is_done() {
    let error = example("stages", &[]).unwrap_err();
    assert!(error.contains("STAGE"), "{error}");
}
