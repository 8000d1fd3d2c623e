//! `imgprep try`: one image down the whole pipeline, and the reason when it does not arrive.

use std::fs;

use serde_json::Value;

use crate::harness::Pipeline;
use crate::variants::{dimensions, jpeg};

pub(crate) async fn a_trial_without_an_image_sends_a_sample() {
    let pipeline = Pipeline::with_cdn("sample").await;
    pipeline.up();
    let result = pipeline.imgprep(&["try", "--json"]).exits(0).json();
    assert_variants(&pipeline, &result, "sample.jpg").await;
    let text = pipeline.imgprep(&["try"]).exits(0);
    for word in ["800x600", "400x300", "served", " kB"] {
        assert!(text.stdout.contains(word), "{text}");
    }
}

pub(crate) async fn a_trial_with_an_image_names_every_variant() {
    let pipeline = Pipeline::with_cdn("try").await;
    pipeline.up();
    let image = jpeg(1000, 800);
    fs::write(pipeline.folder().join("my photo+1.jpg"), &image).unwrap();
    let result = pipeline.imgprep(&["try", "my photo+1.jpg", "--json"]).exits(0).json();
    assert_eq!(result["original_bytes"], image.len());
    assert_variants(&pipeline, &result, "my photo+1.jpg").await;
}

/// Proves what is said of each variant by the variant itself.
async fn assert_variants(pipeline: &Pipeline, result: &Value, name: &str) {
    let original = result["original"].as_str().unwrap();
    let prefix = format!("s3://{}/originals/", pipeline.bucket);
    let key = original.strip_prefix(&prefix).unwrap();
    assert!(key.ends_with(name), "{key}");
    let variants = result["variants"].as_array().unwrap();
    assert_eq!(variants.len(), 2);
    for (variant, folder) in variants.iter().zip(["800x600", "400x300"]) {
        assert_eq!(variant["folder"], folder);
        assert_eq!(variant["key"], format!("{folder}/{key}"));
        let object = pipeline.object(&format!("{folder}/{key}")).await.unwrap();
        let (width, height) = dimensions(&object.bytes);
        assert_eq!(format!("{width}x{height}"), folder);
        assert_eq!((&variant["width"], &variant["height"]), (&width.into(), &height.into()));
        assert_eq!(variant["bytes"], object.bytes.len());
        assert_eq!(variant["content_type"], "image/jpeg");
        assert_eq!(variant["cdn"], "ok");
        let url = variant["url"].as_str().unwrap();
        let path = key.replace(' ', "%20").replace('+', "%2B");
        assert!(url.starts_with("http://d"), "{url}");
        assert!(url.ends_with(&format!(":{}/{folder}/{path}", pipeline.proxy.port)), "{url}");
    }
}

pub(crate) async fn a_file_that_is_no_image_is_explained_by_its_failure_record() {
    let pipeline = Pipeline::new("broken").await;
    pipeline.up();
    fs::write(pipeline.folder().join("notes.jpg"), "these are notes").unwrap();
    let error = pipeline.imgprep(&["try", "notes.jpg", "--json"]).exits(1).error();
    assert_eq!((error.resource.as_str(), error.code.as_str()), ("function", "NoVariant"));
    let keys = pipeline.keys().await.unwrap();
    let failed: Vec<&String> = keys.iter().filter(|key| key.starts_with("failed/")).collect();
    assert_eq!(failed.len(), 1, "{keys:?}");
    let name = failed[0].strip_prefix("failed/").and_then(|name| name.strip_suffix(".json"));
    assert!(keys.contains(&format!("originals/{}", name.unwrap())), "{keys:?}");
    let record = pipeline.object(failed[0]).await.unwrap();
    let record: Value = serde_json::from_slice(&record.bytes).unwrap();
    let reason = record["reason"].as_str().unwrap();
    assert!(reason.len() > 10, "{record:#}");
    assert!(error.message.contains(reason), "{error:?} names `{reason}`");
    let text = pipeline.imgprep(&["try", "notes.jpg"]).exits(1);
    assert!(text.stderr.contains(reason) && text.stdout.is_empty(), "{text}");
}

pub(crate) async fn a_trial_without_a_stack_says_so() {
    let pipeline = Pipeline::new("nothing").await;
    let error = pipeline.imgprep(&["try", "--json"]).exits(1).error();
    assert_eq!(error.code, "NoStack");
    assert_eq!(error.hint, "run `imgprep up` first");
    let error = pipeline.imgprep(&["try", "no-such.jpg", "--json"]).exits(2).error();
    assert!(error.message.contains("no-such.jpg"), "{error:?}");
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
}
