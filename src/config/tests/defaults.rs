//! What a file means that is right.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use contract::settings::{Colour, Effort, Fit, Format, Gravity, Metadata, OnDelete, Variant};

use super::super::{
    Access, Alarms, Arch, Bucket, Cdn, Code, Codecs, Config, Function, Move, PriceClass, Storage,
    StorageClass, Topic, Uploads,
};
use super::{LEAST, accepted, parse};

fn variant(folder: &str, width: u32, height: u32) -> Variant {
    Variant {
        folder: folder.to_owned(),
        width,
        height,
        quality: 80,
        effort: Effort::Speed,
        format: Format::Keep,
        fit: Fit::Cover,
        gravity: Gravity::Center,
        upscale: None,
        background: None,
        metadata: Metadata::None,
        watermark: None,
        only: Vec::new(),
        cache_control: "public, max-age=86400".to_owned(),
    }
}

fn least() -> Config {
    Config {
        name: "imgprep".to_owned(),
        region: None,
        bucket: Bucket {
            name: "photos".to_owned(),
            originals: "originals".to_owned(),
            access: Access::Cdn,
            on_delete: OnDelete::Keep,
            storage: Storage::default(),
        },
        topic: Topic { name: "imgprep".to_owned() },
        function: Function {
            name: "imgprep".to_owned(),
            memory: 256,
            timeout: 10,
            arch: Arch::X86_64,
            concurrency: None,
            log_retention_days: 14,
            permissions_boundary: None,
            logos: BTreeMap::new(),
            code: Code::Bundled(Codecs { avif: false, heic: true }),
        },
        variants: vec![variant("800x600", 800, 600)],
        cdn: Cdn {
            enabled: true,
            chosen: false,
            price_class: PriceClass::Class100,
            invalidate: false,
            domains: Vec::new(),
            certificate_arn: None,
            hosted_zone: None,
            fallback: None,
            versions: false,
        },
        notify: None,
        uploads: Uploads {
            origins: Vec::new(),
            max_size: 25_000_000,
            types: vec!["image/*".to_owned()],
        },
        alarms: None,
        tags: BTreeMap::new(),
    }
}

#[test]
fn two_keys_are_enough() {
    assert_eq!(accepted(LEAST), least());
}

#[test]
fn the_stack_names_topic_and_function() {
    let config = accepted(&format!("name = 'shop-2'\n{LEAST}"));
    assert_eq!(config.topic.name, "shop-2");
    assert_eq!(config.function.name, "shop-2");
}

const EVERY_KEY: &str = r##"
name = "stack"
region = "eu-central-1"
[bucket]
name = "photos.example.com"
originals = "in/originals"
access = "public-acl"
on_delete = "remove"
originals_storage = "glacier-instant"
originals_storage_days = 60
expire_originals_days = 36500
versioning = true
[topic]
name = "Uploads_1"
[function]
name = "Resize_1"
memory = 10240
timeout = 900
arch = "arm64"
concurrency = 100
heic = false
log_retention_days = 3653
permissions_boundary = "arn:aws:iam::123456789012:policy/teams/Boundary"
[image]
quality = 1
effort = "size"
format = "jpeg"
fit = "contain"
gravity = "north"
upscale = true
background = "#FF8000"
cache_control = "no-cache"
[[variants]]
size = "1x16384"
folder = "in/small"
[[variants]]
size = "400x300"
quality = 100
effort = "speed"
format = "avif"
fit = "pad"
gravity = "southwest"
upscale = false
background = "#000000"
cache_control = "max-age=60"
[cdn]
enabled = true
price_class = "all"
invalidate = true
domains = ["img.example.com", "*.example.org"]
certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/0f-1"
fallback = "shown/none@2x.png"
versions = true
[uploads]
origins = ["https://app.example.com", "http://localhost:3000"]
max_size = "5GB"
types = ["image/jpeg", "image/svg+xml"]
[alarms]
email = ["ops@example.com"]
failed_images = 25
[tags]
team = "marketplace"
"Größe 1" = ""
"##;

#[expect(clippy::too_many_lines, reason = "it is every key")]
fn every_key() -> Config {
    Config {
        name: "stack".to_owned(),
        region: Some("eu-central-1".to_owned()),
        bucket: Bucket {
            name: "photos.example.com".to_owned(),
            originals: "in/originals".to_owned(),
            access: Access::PublicAcl,
            on_delete: OnDelete::Remove,
            storage: Storage {
                originals: Some(Move { class: StorageClass::GlacierInstant, after_days: 60 }),
                expire_originals_days: Some(36500),
                versioning: true,
            },
        },
        topic: Topic { name: "Uploads_1".to_owned() },
        function: Function {
            name: "Resize_1".to_owned(),
            memory: 10240,
            timeout: 900,
            arch: Arch::Arm64,
            concurrency: Some(100),
            log_retention_days: 3653,
            permissions_boundary: Some(
                "arn:aws:iam::123456789012:policy/teams/Boundary".to_owned(),
            ),
            logos: BTreeMap::new(),
            code: Code::Bundled(Codecs { avif: true, heic: false }),
        },
        variants: vec![
            Variant {
                quality: 1,
                effort: Effort::Size,
                format: Format::Jpeg,
                fit: Fit::Contain,
                gravity: Gravity::North,
                upscale: Some(true),
                background: Some(Colour([255, 128, 0])),
                cache_control: "no-cache".to_owned(),
                ..variant("in/small", 1, 16384)
            },
            Variant {
                quality: 100,
                format: Format::Avif,
                fit: Fit::Pad,
                gravity: Gravity::SouthWest,
                background: Some(Colour([0, 0, 0])),
                cache_control: "max-age=60".to_owned(),
                ..variant("400x300", 400, 300)
            },
        ],
        cdn: Cdn {
            enabled: true,
            chosen: true,
            price_class: PriceClass::All,
            invalidate: true,
            domains: vec!["img.example.com".to_owned(), "*.example.org".to_owned()],
            certificate_arn: Some("arn:aws:acm:us-east-1:123456789012:certificate/0f-1".to_owned()),
            hosted_zone: None,
            fallback: Some("shown/none@2x.png".to_owned()),
            versions: true,
        },
        notify: None,
        uploads: Uploads {
            origins: vec!["https://app.example.com".to_owned(), "http://localhost:3000".to_owned()],
            max_size: 5_000_000_000,
            types: vec!["image/jpeg".to_owned(), "image/svg+xml".to_owned()],
        },
        alarms: Some(Alarms {
            topic: "stack-alarms".to_owned(),
            email: vec!["ops@example.com".to_owned()],
            failed_images: Some(25),
        }),
        tags: BTreeMap::from([
            ("team".to_owned(), "marketplace".to_owned()),
            ("Größe 1".to_owned(), String::new()),
        ]),
    }
}

#[test]
fn every_key_is_read() {
    assert_eq!(accepted(EVERY_KEY), every_key());
}

/// What is said and what is the default anyway mean the same to the function.
#[test]
fn upscale_counts_only_where_it_differs_from_the_default_of_the_fit() {
    for (fit, upscale, expected) in [
        ("cover", true, None),
        ("cover", false, Some(false)),
        ("contain", true, Some(true)),
        ("contain", false, None),
        ("pad", true, Some(true)),
        ("pad", false, None),
    ] {
        let lines = format!("image = {{ fit = '{fit}', upscale = {upscale} }}\n");
        let config = accepted(&format!("{LEAST}{lines}"));
        assert_eq!(config.variants[0].upscale, expected, "{fit} {upscale}");
    }
}

#[test]
fn a_variant_may_differ_from_the_upscale_of_all() {
    let config = accepted(
        "bucket.name = 'photos'\nimage.upscale = true\n\
         variants = [{ size = '1x1', fit = 'pad' }, { size = '2x2', upscale = false }]\n",
    );
    let upscale: Vec<_> = config.variants.iter().map(|variant| variant.upscale).collect();
    assert_eq!(upscale, [Some(true), Some(false)]);
}

#[test]
fn a_variant_may_differ_from_the_effort_of_all() {
    let config = accepted(
        "bucket.name = 'photos'\nimage.effort = 'size'\n\
         variants = [{ size = '1x1' }, { size = '2x2', effort = 'speed' }]\n",
    );
    let effort: Vec<_> = config.variants.iter().map(|variant| variant.effort).collect();
    assert_eq!(effort, [Effort::Size, Effort::Speed]);
}

#[test]
fn the_cdn_can_be_switched_off() {
    assert!(
        !accepted(&format!("{LEAST}cdn.enabled = false\ncdn.invalidate = false\n")).cdn.enabled
    );
}

#[test]
fn words_are_spelled_as_the_function_spells_them() {
    for word in ["keep", "jpeg", "png", "webp", "avif"] {
        let config = accepted(&format!("{LEAST}image.format = '{word}'\n"));
        assert_eq!(serde_json::to_value(config.variants[0].format).unwrap(), word);
    }
    for word in ["cover", "contain", "pad"] {
        let config = accepted(&format!("{LEAST}image.fit = '{word}'\n"));
        assert_eq!(serde_json::to_value(config.variants[0].fit).unwrap(), word);
    }
    let points = ["north", "northeast", "east", "southeast", "south", "southwest", "west"];
    for word in points.into_iter().chain(["northwest", "center"]) {
        let config = accepted(&format!("{LEAST}image.gravity = '{word}'\n"));
        assert_eq!(serde_json::to_value(config.variants[0].gravity).unwrap(), word);
    }
}

#[test]
fn windows_line_ends_and_byte_order_mark_change_nothing() {
    let text = format!("\u{feff}{}", LEAST.replace('\n', "\r\n"));
    assert_eq!(accepted(&text), least());
}

#[test]
fn the_pipeline_of_this_repository_is_the_tutorials() {
    let path = Path::new(PIPELINE);
    let tutorial = Config {
        name: "image-preprocessing".to_owned(),
        topic: Topic { name: "image-preprocessing".to_owned() },
        variants: vec![variant("800x600", 800, 600), variant("400x300", 400, 300)],
        ..least()
    };
    let tutorial = Config {
        bucket: Bucket { name: "image-preprocessing-example".to_owned(), ..tutorial.bucket },
        function: Function { name: "ImageResize".to_owned(), ..tutorial.function },
        ..tutorial
    };
    assert_eq!(Config::load(path, &|_| None).unwrap(), tutorial);
}

/// Whoever removes a `#` gets the default that stands there, or something that is accepted.
#[test]
fn what_the_repositorys_pipeline_leaves_out_is_right() {
    let text = fs::read_to_string(PIPELINE).unwrap();
    let example_only = [
        "# region",
        "# concurrency",
        "# permissions_boundary",
        "# crate",
        "# code",
        "# domains",
        "# fallback",
        "# hosted_zone",
        "# origins",
        "# background",
    ];
    let mut shown = 0;
    for line in text.lines().filter(|line| line.starts_with("# ") && line.contains(" = ")) {
        if line.starts_with("# certificate_arn")
            || example_only.iter().any(|key| line.starts_with(key))
        {
            continue;
        }
        shown += 1;
        let with = text.replacen(line, &line[2..], 1);
        if line.starts_with("# team") {
            assert_eq!(accepted(&with).tags["team"], "marketplace");
        } else if line.starts_with("# enabled") {
            assert!(accepted(&with).cdn.chosen && accepted(&text).cdn.enabled);
        } else {
            assert_eq!(parse(&with), parse(&text), "{line}");
        }
    }
    assert_eq!(shown, 22);
}

const PIPELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/pipeline.toml");
