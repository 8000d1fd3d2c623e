//! The examples for web frameworks, run as far as that goes without the frameworks that are too large.

use std::fs;
use std::path::Path;

use contract::message::Message;
use serde_json::{Value, json};
use toml::de::{DeTable, DeValue};

use super::programs::{packages, run, run_in, script};
use super::{files, folder, is_kind, text};

const CDN: &str = "https://d111111abcdef8.cloudfront.net";
const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:photos-ready";

/// Keys with characters that mean something in an address or are none of ASCII's.
const KEYS: [&str; 4] = ["2026/a b+c.jpg", "50%/#1?.jpg", "~/*.jpg", "ü/🌅//\"<>\".jpg"];

/// What the examples read of their environment.
const VARIABLES: [(&str, &str); 6] = [
    ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
    ("AWS_REGION", "eu-central-1"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
    ("IMGPREP_BUCKET", "acme-photos"),
    ("IMGPREP_CDN_URL", "https://d111111abcdef8.cloudfront.net/"),
    ("IMGPREP_TOPIC_ARN", TOPIC),
];

/// A variant of an example's `pipeline.toml`.
struct Variant {
    folder: String,
    width: u32,
    height: u32,
    content_type: String,
}

fn variants(example: &str) -> Vec<Variant> {
    let file = text(&format!("{example}/pipeline.toml"));
    let file = DeValue::Table(DeTable::parse(&file).unwrap().into_inner());
    let value = |of: &DeValue<'_>, key: &str| {
        of.get(key).and_then(|it| it.get_ref().as_str()).map(ToOwned::to_owned)
    };
    let variants = file["variants"].get_ref().as_array().unwrap().iter().map(|variant| {
        let variant = variant.get_ref();
        let size = value(variant, "size").unwrap();
        let (width, height) = size.split_once('x').unwrap();
        let format = value(variant, "format").or_else(|| value(file["image"].get_ref(), "format"));
        Variant {
            width: width.parse().unwrap(),
            height: height.parse().unwrap(),
            content_type: format!("image/{}", format.unwrap()),
            folder: value(variant, "folder").unwrap_or(size),
        }
    });
    variants.collect()
}

/// What imgprep says of `2026/a b+c.jpg` in each event, and in no other form.
fn messages(example: &str) -> String {
    const KEY: &str = "2026/a b+c.jpg";
    let about = |event: &str, rest: Value| {
        let mut message = json!({
            "version": 1, "event": event, "stack": "photos", "bucket": "acme-photos",
            "key": format!("originals/{KEY}"), "name": KEY, "etag": null, "width": null,
            "height": null, "format": null, "thumbhash": null, "colour": null, "variants": [],
            "warnings": [], "reason": null,
        });
        message.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        let read: Message = serde_json::from_value(message.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), message);
        message
    };
    let made = variants(example).into_iter().map(|variant| {
        let Variant { folder, width, height, content_type } = variant;
        let key = format!("{folder}/{KEY}");
        let url = format!("{CDN}/{}", contract::address::path(&key));
        json!({
            "folder": folder, "key": key, "url": url, "width": width, "height": height,
            "bytes": 61234, "content_type": content_type, "etag": "0d1f",
        })
    });
    let thumbhash = "1QcSHQRnh493V4dIh4eXh1h4kJUI";
    let ready = json!({
        "thumbhash": thumbhash, "colour": "#8a6f52", "variants": made.collect::<Vec<_>>()
    });
    let messages = json!({
        "ready": about("ready", ready),
        "failed": about("failed", json!({ "reason": "the image is <broken>" })),
        "removed": about("removed", json!({})),
    });
    messages.to_string()
}

/// The paths that imgprep itself gives to the keys.
fn paths() -> Value {
    KEYS.map(contract::address::path).to_vec().into()
}

#[test]
fn django_believes_what_sns_signed_and_shows_each_state() {
    let variables = [
        ("PYTHONPATH", packages()),
        ("DJANGO_SETTINGS_MODULE", "project.settings".to_owned()),
        ("SECRET_KEY", "secret".to_owned()),
        ("ALLOWED_HOSTS", "testserver".to_owned()),
        ("DATABASE", ":memory:".to_owned()),
    ];
    let variables = variables.iter().map(|(name, value)| (*name, value.as_str()));
    let variables: Vec<(&str, &str)> = variables.chain(VARIABLES).collect();
    run("python3", &[&script("django_test.py"), "django", &messages("django")], &variables);
}

#[test]
fn rails_shows_each_state_and_knows_its_variants() {
    let keys = json!(KEYS).to_string();
    let arguments = [&script("rails_test.rb"), "rails", &messages("rails"), &keys];
    let printed: Value = serde_json::from_str(&run("ruby", &arguments, &VARIABLES)).unwrap();
    let known = variants("rails").into_iter().map(|variant| {
        json!([variant.folder, variant.content_type, variant.width, variant.height])
    });
    assert_eq!(printed, json!({ "variants": known.collect::<Vec<_>>(), "paths": paths() }));
}

/// A folder with the example and packages of these names and contents.
fn with_packages(example: &str, packages: &[(&str, &str)]) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let write = |name: &Path, content: &str| {
        let path = copy.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    for name in files().iter().filter(|name| Path::new(name).starts_with(example)) {
        write(Path::new(name).strip_prefix(example).unwrap(), &text(name));
    }
    for (name, content) in packages {
        let folder = Path::new("node_modules").join(name);
        write(&folder.join("package.json"), r#"{ "exports": "./index.mjs" }"#);
        write(&folder.join("index.mjs"), content);
    }
    copy
}

#[test]
fn nextjs_loads_the_variant_that_suffices_and_signs_uploads() {
    let folder = with_packages(
        "nextjs",
        &[
            ("@aws-sdk/client-s3", "export class S3Client {}"),
            (
                "@aws-sdk/s3-presigned-post",
                "export const createPresignedPost = async (_, asked) => \
                 ({ url: `https://${asked.Bucket}/`, fields: asked });",
            ),
            (
                "thumbhash",
                "export const thumbHashToDataURL = (bytes) => `hash:${bytes.toString(\"hex\")}`;",
            ),
        ],
    );
    let cdn = ("NEXT_PUBLIC_IMGPREP_CDN_URL", VARIABLES[4].1);
    let variables: Vec<_> = VARIABLES.into_iter().chain([cdn]).collect();
    let (program, keys) = (script("nextjs_test.mjs"), json!(KEYS).to_string());
    let printed: Value =
        serde_json::from_str(&run_in(folder.path(), "node", &[&program, &keys], &variables))
            .unwrap();
    let known = variants("nextjs").into_iter().map(|Variant { folder, width, height, .. }| {
        json!({ "folder": folder, "width": width, "height": height })
    });
    assert_eq!(printed, json!({ "variants": known.collect::<Vec<_>>(), "paths": paths() }));
}

#[test]
fn every_script_can_be_parsed() {
    let is_script = |name: &String| ["js", "jsx", "mjs"].iter().any(|kind| is_kind(name, kind));
    let scripts: Vec<String> = files().into_iter().filter(is_script).collect();
    assert!(scripts.len() > 10, "{scripts:?}");
    let broken = tempfile::NamedTempFile::new().unwrap();
    fs::write(broken.path(), "const sound = <p>{1}</p>;\nconst broken = <p>{</p>;\n").unwrap();
    let (program, packages) = (script("syntax_test.py"), packages());
    let broken = broken.path().to_str().unwrap();
    let arguments = [&program, broken].into_iter().chain(scripts.iter().map(String::as_str));
    let arguments: Vec<&str> = arguments.collect();
    let printed = run("python3", &arguments, &[("PYTHONPATH", &packages)]);
    assert_eq!(printed, format!("{broken}:2: ERROR\n"));
    let ruby = files().into_iter().filter(|name| is_kind(name, "rb") || is_kind(name, "rake"));
    for name in ruby {
        assert_eq!(run("ruby", &["-c", &name], &[]), "Syntax OK\n", "{name}");
    }
}

#[test]
fn html_names_only_variants_that_there_are() {
    let printed = run("python3", &[&script("html_test.py"), "html/index.html"], &[]);
    let images: Vec<(String, Option<u32>, f64)> = serde_json::from_str(&printed).unwrap();
    let variants = variants("html");
    let mut unused: Vec<&str> = variants.iter().map(|it| it.folder.as_str()).collect();
    for (url, width, shape) in images {
        let key = url.strip_prefix(&format!("{CDN}/")).unwrap();
        let variant = variants.iter().find(|it| key.starts_with(&format!("{}/", it.folder)));
        let variant = variant.unwrap_or_else(|| panic!("{url} is of no variant"));
        let nominal = f64::from(variant.width) / f64::from(variant.height);
        assert!((shape - nominal).abs() < f64::EPSILON, "{url}: {shape}");
        assert!(width.is_none_or(|width| width == variant.width), "{url}: {width:?}");
        unused.retain(|folder| *folder != variant.folder);
    }
    assert_eq!(unused, Vec::<&str>::new());
}

#[test]
fn html_is_filled_when_the_manifest_comes() {
    let temporary = tempfile::tempdir().unwrap();
    let module = temporary.path().join("manifest.mjs");
    fs::copy(folder().join("html/manifest.js"), &module).unwrap();
    run("node", &[&script("html_test.mjs"), module.to_str().unwrap()], &[]);
}
