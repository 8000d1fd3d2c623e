//! `imgprep try`: one image down the whole pipeline, and the reason when it does not arrive.

use std::fs;
use std::time::UNIX_EPOCH;

use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use futures_util::join;
use imgprep_testkit::proxy::Refusal;
use imgprep_testkit::{Pipeline, wait_for};
use serde_json::{Value, json};

use crate::variants::{dimensions, jpeg};

pub(crate) async fn a_trial_without_an_image_sends_a_sample() {
    let pipeline = Pipeline::with_cdn("sample").await.that_makes_images();
    pipeline.up();
    let before = pipeline.keys().await.unwrap();
    let text = pipeline.imgprep(&["try"]).exits(0);
    for word in ["800x600", "400x300", "served", " kB", "\nremoved; `--keep` leaves them"] {
        assert!(text.stdout.contains(word), "{text}");
    }
    assert!(!text.stdout.contains("http://"), "an address of what is gone: {text}");
    assert_eq!(pipeline.keys().await.unwrap(), before, "nothing of it is left");
    let result = pipeline.imgprep(&["try", "--keep", "--json"]).exits(0).json();
    assert_eq!(result["kept"], true);
    assert_variants(&pipeline, &result, "sample.jpg").await;
}

pub(crate) async fn a_trial_with_an_image_names_every_variant() {
    let pipeline = Pipeline::with_cdn("try").await.that_makes_images();
    pipeline.up();
    let image = jpeg(1000, 800);
    fs::write(pipeline.folder().join("my photo+1.jpg"), &image).unwrap();
    let result = pipeline.imgprep(&["try", "my photo+1.jpg", "--keep", "--json"]).exits(0).json();
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
    let pipeline = Pipeline::new("broken").await.that_makes_images();
    pipeline.up();
    fs::write(pipeline.folder().join("notes.jpg"), "these are notes").unwrap();
    let error = pipeline.imgprep(&["try", "notes.jpg", "--keep", "--json"]).exits(1).error();
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
    assert_eq!(
        pipeline.keys().await.unwrap(),
        keys,
        "what the second made is gone, with its record"
    );
}

/// Waits until a trial has uploaded its image, and writes what `lines` makes of its key into the
/// function's log.
pub(crate) async fn log_of_the_trial(pipeline: &Pipeline, lines: impl Fn(&str) -> Vec<String>) {
    let key = wait_for("the trial's image", async || {
        let keys = pipeline.keys().await?;
        keys.into_iter().find(|key| key.starts_with("originals/imgprep-try/"))
    })
    .await;
    let (logs, group) = (&pipeline.aws.logs, pipeline.log_group());
    let stream = format!("trial-{}", key.rsplit('/').next().unwrap());
    let create = logs.create_log_stream().log_group_name(&group).log_stream_name(&stream);
    create.send().await.unwrap();
    let now = i64::try_from(UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
    let event =
        |line: String| InputLogEvent::builder().timestamp(now).message(line).build().unwrap();
    let put = logs.put_log_events().log_group_name(&group).log_stream_name(&stream);
    let put = put.set_log_events(Some(lines(&key).into_iter().map(event).collect()));
    put.send().await.unwrap();
}

pub(crate) async fn only_what_the_log_says_of_this_image_is_blamed() {
    let pipeline = Pipeline::new("blame").await.that_makes_images();
    pipeline.up();
    // As if nothing came of an upload.
    let absent = Refusal { status: 404, code: "NotFound", message: "Not Found" };
    pipeline.proxy.refuse("s3:HeadObject", absent, usize::MAX);
    let error = |key: &str, reason: &str| {
        let line =
            json!({"level": "error", "message": "to be retried", "key": key, "reason": reason});
        line.to_string()
    };
    let others = || {
        let late = "2026-02-01T00:00:01.000Z 1-2 Task timed out after 10.00 seconds";
        vec![error("originals/other.jpg", "it is too large"), late.to_owned()]
    };
    let arguments = ["try", "--timeout", "3"];
    let run = async |lines: &dyn Fn(&str) -> Vec<String>| {
        let (output, ()) = join!(pipeline.run(&arguments), log_of_the_trial(&pipeline, lines));
        output.exits(1).stderr
    };
    let own = run(&|key| [others(), vec![error(key, "S3 is busy")]].concat()).await;
    let (_, told) = own.split_once("error: the function failed\n").unwrap();
    // As `logs` shows it.
    assert!(told.contains("Z  error  to be retried"), "{told}");
    assert!(told.contains("originals/imgprep-try/") && told.contains("    S3 is busy\n"), "{told}");
    assert!(!told.contains("other.jpg") && !told.contains("timed out"), "{told}");

    let none = run(&|_| others()).await;
    let (_, told) = none.split_once("error: no variant of `originals/imgprep-try/").unwrap();
    assert!(
        told.contains("an invocation crashed, for this image or another: 2026-02-01T"),
        "{told}"
    );
    assert!(!told.contains("other.jpg") && !told.contains("too large"), "{told}");
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
