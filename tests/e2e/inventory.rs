//! The images of a stack: what is missing is counted and made, what failed is listed and sent again,
//! what belongs to nothing is deleted.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::NotificationConfiguration;
use hyper::Response;
use imgprep_testkit::calls::Call;
use imgprep_testkit::http::WholeResponse;
use imgprep_testkit::proxy::Refusal;
use imgprep_testkit::{Pipeline, ended, resource, wait_for};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::variants::{arrived, dimensions, jpeg};

const FOLDERS: [&str; 2] = ["800x600", "400x300"];

/// Uploads an original and waits for its variants.
async fn processed(pipeline: &Pipeline, path: &str) {
    pipeline.upload(&format!("originals/{path}"), &jpeg(640, 480)).await;
    for folder in FOLDERS {
        arrived(pipeline, &format!("{folder}/{path}")).await;
    }
}

async fn delete(pipeline: &Pipeline, key: &str) {
    let delete = pipeline.aws.s3.delete_object().bucket(&pipeline.bucket).key(key);
    delete.send().await.unwrap();
}

async fn written(pipeline: &Pipeline, key: &str) -> (Option<DateTime>, Option<String>) {
    let head = pipeline.aws.s3.head_object().bucket(&pipeline.bucket).key(key);
    let head = head.send().await.unwrap();
    (head.last_modified, head.version_id)
}

/// Uploads that the function does not hear of, as if their events were lost.
async fn uploaded_unheard(pipeline: &Pipeline, uploads: &[(&str, &[u8])]) {
    let put = pipeline.aws.s3.put_bucket_notification_configuration().bucket(&pipeline.bucket);
    let none = NotificationConfiguration::builder().build();
    put.notification_configuration(none).send().await.unwrap();
    for (key, bytes) in uploads {
        pipeline.upload(key, bytes).await;
    }
    pipeline.up();
}

fn images(pipeline: &Pipeline) -> Value {
    let status = pipeline.imgprep(&["status", "--images", "--json"]).exits(0).json();
    status["images"].clone()
}

fn publishes(pipeline: &Pipeline) -> usize {
    let calls = pipeline.proxy.take_mutating();
    calls.iter().filter(|call| call.contains("sns:Publish")).count()
}

pub(crate) async fn a_missing_variant_is_counted_and_made() {
    let pipeline = Pipeline::new("backfill").await.that_makes_images();
    pipeline.up();
    for path in ["a.jpg", "b/ü +1%.jpg", "b"] {
        processed(&pipeline, path).await;
    }
    let whole = json!({
        "originals": 3, "variants": { "800x600": 3, "400x300": 3 },
        "missing": { "800x600": 0, "400x300": 0 },
        "failures": 0, "archived": 0, "orphans": 0, "dead_letters": 0,
    });
    assert_eq!(images(&pipeline), whole);
    delete(&pipeline, "400x300/b/ü +1%.jpg").await;
    assert_eq!(images(&pipeline)["missing"], json!({ "800x600": 0, "400x300": 1 }));
    let text = pipeline.imgprep(&["status", "--images"]).exits(0);
    for line in ["  images         3 originals\n", "  400x300        2 variants, 1 missing\n"] {
        assert!(text.stdout.contains(line), "{text}");
    }
    let kept = written(&pipeline, "800x600/b/ü +1%.jpg").await;
    pipeline.proxy.take_calls();
    let refused = pipeline.imgprep(&["backfill", "--json"]).exits(2).error();
    assert_eq!(refused.code, "Unconfirmed");
    let hint = "check `imgprep backfill --dry-run`, then run `imgprep backfill --yes`";
    assert_eq!(refused.hint, hint);
    let dry = pipeline.imgprep(&["backfill", "--dry-run", "--json"]).exits(0).json();
    assert_eq!((&dry["to_process"], &dry["published"]), (&json!(1), &json!(0)));
    let other = ["backfill", "--dry-run", "--prefix", "originals/a", "--json"];
    let other = pipeline.imgprep(&other).exits(0).json();
    assert_eq!((&other["originals"], &other["to_process"]), (&json!(1), &json!(0)));
    assert_eq!(publishes(&pipeline), 0);
    let done = pipeline.imgprep(&["backfill", "--yes", "--json"]).exits(0).json();
    let counts = ["to_process", "published", "made", "failed", "pending"].map(|key| &done[key]);
    assert_eq!(counts, [&json!(1), &json!(1), &json!(1), &json!(0), &json!(0)]);
    assert_eq!(publishes(&pipeline), 1);
    let made = pipeline.object("400x300/b/ü +1%.jpg").await.unwrap();
    assert_eq!(dimensions(&made.bytes), (400, 300));
    assert_eq!(written(&pipeline, "800x600/b/ü +1%.jpg").await, kept, "what was there is kept");
    assert_eq!(images(&pipeline), whole);
    let again = pipeline.imgprep(&["backfill", "--yes"]).exits(0);
    assert!(again.stdout.contains("nothing to do"), "{again}");
    assert_eq!(publishes(&pipeline), 0);
}

pub(crate) async fn a_new_size_and_a_replaced_original_are_made_and_all_on_demand() {
    let pipeline = Pipeline::new("resized").await.that_makes_images();
    pipeline.up();
    for path in ["a.jpg", "b.jpg"] {
        processed(&pipeline, path).await;
    }
    uploaded_unheard(&pipeline, &[("originals/b.jpg", &jpeg(300, 300))]).await;
    pipeline.edit("size = \"400x300\"", "size = \"50x40\"\n\n[[variants]]\nsize = \"400x300\"");
    let ahead = pipeline.imgprep(&["backfill", "--dry-run", "--json"]).exits(0).json();
    assert_eq!((&ahead["to_process"], &ahead["missing"]["50x40"]), (&json!(2), &json!(2)));
    for command in [&["backfill", "--yes", "--json"][..], &["retry", "a.jpg", "--json"]] {
        // The function does not know of the new size yet: what it makes would be waited for in vain.
        let error = pipeline.imgprep(command).exits(1).error();
        assert!(error.message.starts_with("the pipeline is broken at function"), "{error:?}");
        assert_eq!(error.hint, "run `imgprep up` to repair it");
    }
    pipeline.up();
    let missing = json!({ "800x600": 1, "50x40": 2, "400x300": 1 });
    assert_eq!(images(&pipeline)["missing"], missing);
    let done = pipeline.imgprep(&["backfill", "--yes", "--json"]).exits(0).json();
    assert_eq!((&done["missing"], &done["made"]), (&missing, &json!(2)));
    for path in ["a.jpg", "b.jpg"] {
        let variant = pipeline.object(&format!("50x40/{path}")).await.unwrap();
        assert_eq!(dimensions(&variant.bytes), (50, 40));
    }
    let before = written(&pipeline, "800x600/a.jpg").await;
    let done = pipeline.imgprep(&["backfill", "--all", "--yes", "--json"]).exits(0).json();
    assert_eq!((&done["to_process"], &done["made"]), (&json!(2), &json!(2)));
    assert_ne!(written(&pipeline, "800x600/a.jpg").await, before, "it was made anew");
    pipeline.edit("[tags]", "[image]\nquality = 50\n\n[tags]");
    let up = pipeline.imgprep(&["up", "--yes"]).exits(0);
    let next = "for existing images: imgprep backfill --outdated\n";
    assert!(up.stdout.contains(next) && up.stdout.contains("`cache_control`"), "{up}");
    let missing = pipeline.imgprep(&["backfill", "--dry-run", "--json"]).exits(0).json();
    assert_eq!(missing["to_process"], 0);
    // A new size alone is made, as it is announced: what is of other settings is left as it is.
    pipeline.edit("size = \"50x40\"", "size = \"50x40\"\n\n[[variants]]\nsize = \"30x20\"");
    pipeline.up();
    let before = written(&pipeline, "800x600/a.jpg").await;
    let done = pipeline.imgprep(&["backfill", "--yes", "--json"]).exits(0).json();
    let missing = json!({ "800x600": 0, "50x40": 0, "30x20": 2, "400x300": 0 });
    assert_eq!((&done["missing"], &done["made"]), (&missing, &json!(2)));
    assert_eq!(written(&pipeline, "800x600/a.jpg").await, before, "it was not asked for");
    let outdated = ["backfill", "--outdated", "--yes", "--json"];
    let done = pipeline.imgprep(&outdated).exits(0).json();
    let missing = json!({ "800x600": 2, "50x40": 2, "30x20": 0, "400x300": 2 });
    assert_eq!((&done["missing"], &done["made"]), (&missing, &json!(2)));
    let done = pipeline.imgprep(&outdated).exits(0).json();
    assert_eq!(done["to_process"], 0);
}

pub(crate) async fn a_broken_image_is_listed_and_works_once_it_is_replaced() {
    let pipeline = Pipeline::new("retried").await.that_makes_images();
    pipeline.up();
    processed(&pipeline, "good.jpg").await;
    pipeline.upload("originals/x/bad.jpg", b"these are notes").await;
    arrived(&pipeline, "failed/x/bad.jpg.json").await;
    let counts = images(&pipeline);
    let zero = json!({ "800x600": 0, "400x300": 0 });
    assert_eq!((&counts["failures"], &counts["missing"]), (&json!(1), &zero));
    let listed = pipeline.imgprep(&["failures", "--json"]).exits(0).json();
    let listed = listed["failures"].as_array().unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (&listed[0]["key"], &listed[0]["size"]),
        (&json!("originals/x/bad.jpg"), &json!(15))
    );
    let reason = listed[0]["reason"].as_str().unwrap();
    let text = pipeline.imgprep(&["failures", "--prefix", "x/"]).exits(0);
    assert!(text.stdout.contains(reason) && text.stdout.contains("1 failure;"), "{text}");
    let none = pipeline.imgprep(&["failures", "--prefix", "y/"]).exits(0);
    assert_eq!(none.stdout, "no failures\n");
    let left_out = pipeline.imgprep(&["backfill", "--yes", "--json"]).exits(0).json();
    assert_eq!((&left_out["to_process"], &left_out["failures"]), (&json!(0), &json!(1)));
    let again = pipeline.imgprep(&["retry", "x/bad.jpg", "gone.jpg", "--json"]).exits(1).json();
    let expected = json!([
        { "key": "originals/x/bad.jpg", "outcome": "failed", "reason": reason },
        { "key": "originals/gone.jpg", "outcome": "gone", "reason": null },
    ]);
    assert_eq!(again["originals"], expected);
    uploaded_unheard(&pipeline, &[("originals/x/bad.jpg", &jpeg(640, 480))]).await;
    let text = pipeline.imgprep(&["retry", "--all"]).exits(0);
    assert_eq!(text.stdout, "  made     originals/x/bad.jpg\n");
    let variant = pipeline.object("800x600/x/bad.jpg").await.unwrap();
    assert_eq!(dimensions(&variant.bytes), (800, 600));
    assert_eq!(images(&pipeline)["failures"], 0);
    let text = pipeline.imgprep(&["retry", "--all"]).exits(0);
    assert_eq!(text.stdout, "nothing to retry\n");
    pipeline.imgprep(&["retry"]).exits(2);
}

pub(crate) async fn what_belongs_to_nothing_is_listed_and_then_deleted() {
    let pipeline = Pipeline::new("pruned").await.that_makes_images();
    pipeline.up();
    for path in ["a.jpg", "b.jpg"] {
        processed(&pipeline, path).await;
    }
    pipeline.upload("800x600/by-hand.jpg", b"theirs").await;
    for key in ["originals/bad.jpg", "originals/worse.jpg"] {
        pipeline.upload(key, b"notes").await;
    }
    arrived(&pipeline, "failed/bad.jpg.json").await;
    arrived(&pipeline, "failed/worse.jpg.json").await;
    for key in ["originals/a.jpg", "originals/bad.jpg"] {
        delete(&pipeline, key).await;
    }
    assert_eq!(images(&pipeline)["orphans"], 3);
    pipeline.proxy.take_calls();
    let all = pipeline.keys().await;
    let shown = pipeline.imgprep(&["prune", "--json"]).exits(0).json();
    assert_eq!(shown["orphans"], json!({ "800x600": 1, "400x300": 1 }));
    assert_eq!((&shown["foreign"], &shown["deleted"]), (&json!(1), &json!(false)));
    assert_eq!(shown["records"], 1);
    let keys = json!(["800x600/a.jpg", "400x300/a.jpg", "failed/bad.jpg.json"]);
    assert_eq!(shown["keys"], keys);
    assert_eq!((pipeline.keys().await, pipeline.proxy.take_mutating()), (all, vec![]));
    pipeline.edit("\n\n[[variants]]\nsize = \"400x300\"", "");
    pipeline.up();
    let pruned = pipeline.imgprep(&["prune", "--yes"]).exits(0);
    for line in ["  - 800x600/a.jpg\n", "  - 400x300/       2 objects", "deleted: 1 variant "] {
        assert!(pruned.stdout.contains(line), "{line}: {pruned}");
    }
    let left = [
        "800x600/",
        "800x600/b.jpg",
        "800x600/by-hand.jpg",
        "failed/worse.jpg.json",
        "originals/",
        "originals/b.jpg",
        "originals/worse.jpg",
    ];
    assert_eq!(pipeline.keys().await.unwrap(), left);
    let status = pipeline.status(0);
    assert_eq!(resource(&status, "folders")["state"], "ok");
    let again = pipeline.imgprep(&["prune", "--yes"]).exits(0);
    assert!(again.stdout.ends_with("nothing to prune\n"), "{again}");
}

pub(crate) async fn a_backfill_that_is_interrupted_or_refused_goes_on_from_what_the_bucket_holds() {
    let pipeline = Pipeline::new("interrupted").await.that_makes_images();
    pipeline.up();
    let photo = jpeg(640, 480);
    uploaded_unheard(&pipeline, &[("originals/a.jpg", &photo), ("originals/b.jpg", &photo)]).await;
    let backfill = ["backfill", "--yes", "--json"];
    let is_publish = |call: &Call| call.to_string() == "sns:PublishBatch";
    let denied = Refusal {
        status: 403,
        code: "AuthorizationError",
        message: "User: u is not authorized to perform: SNS:Publish on resource: t",
    };
    pipeline.proxy.refuse("sns:PublishBatch", denied, 1);
    let refused = pipeline.run(&backfill).await.exits(1).error();
    assert!(refused.message.starts_with("cannot publish on the topic"), "{refused:?}");
    let hint = "grant `sns:Publish` to whoever runs imgprep; run the same command again to \
                continue";
    assert_eq!(refused.hint, hint);
    // SNS takes the messages, and they never arrive.
    let lost = Arc::new(AtomicBool::new(false));
    let is_lost = Arc::clone(&lost);
    pipeline.proxy.add_rule(Box::new(move |call| {
        is_publish(call).then(|| {
            is_lost.store(true, Ordering::SeqCst);
            taken_by_sns()
        })
    }));
    let child = pipeline.start(&backfill, Stdio::piped);
    let has_published = async || lost.load(Ordering::SeqCst).then_some(());
    wait_for("the events are published", has_published).await;
    let process = Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
    kill_process(process, Signal::INT).unwrap();
    let stopped = ended(child, &backfill).await.exits(130).error();
    assert_eq!(stopped.code, "Interrupted");
    assert_eq!(stopped.hint, "run `imgprep backfill` again to continue");
    pipeline.proxy.clear_rules();
    let done = pipeline.run(&backfill).await.exits(0).json();
    assert_eq!((&done["published"], &done["made"]), (&json!(2), &json!(2)));
}

fn taken_by_sns() -> WholeResponse {
    let body = "<PublishBatchResponse><PublishBatchResult/></PublishBatchResponse>";
    Response::builder().header("content-type", "text/xml").body(body.into()).unwrap()
}

pub(crate) async fn without_a_stack_every_command_says_so() {
    let pipeline = Pipeline::new("unmade").await;
    for arguments in [&["backfill", "--yes"][..], &["failures"], &["retry", "a"], &["prune"]] {
        let arguments = [arguments, &["--json"]].concat();
        assert_eq!(pipeline.imgprep(&arguments).exits(1).error().code, "NoStack", "{arguments:?}");
    }
    let status = pipeline.imgprep(&["status", "--images", "--json"]).exits(4).json();
    assert_eq!(status.get("images"), None);
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
}
