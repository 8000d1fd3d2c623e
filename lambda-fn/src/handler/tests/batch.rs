//! Tasks of a job of S3 Batch Operations, and what S3 is answered.

use super::{
    memory::{lasting, passing},
    *,
};

/// What each of these originals ended as, and why, in either schema.
fn ended(tested: &Tested, key: &str) -> (String, String) {
    let answer = answered(tested, &event(key, &json!(null)));
    assert_eq!(answer["invocationSchemaVersion"], "2.0");
    assert_eq!(answer["invocationId"], "call");
    assert_eq!(answer["treatMissingKeysAs"], "PermanentFailure");
    let result = &answer["results"][0];
    assert_eq!(result["taskId"], "task");
    let text = |member: &str| result[member].as_str().unwrap().to_owned();
    (text("resultCode"), text("resultString"))
}

fn event(key: &str, arguments: &Value) -> Value {
    let key = event::encode_key(key);
    json!({
        "invocationSchemaVersion": "2.0",
        "invocationId": "call",
        "job": { "id": "job", "userArguments": arguments },
        "tasks": [{ "taskId": "task", "s3Key": key, "s3VersionId": null, "s3Bucket": "photos" }],
    })
}

fn answered(tested: &Tested, event: &Value) -> Value {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let deadline = Instant::now() + TIME;
        tested.answer(event, Invocation { request_id: "request-1", deadline }).await.unwrap()
    })
}

fn result(code: &str, text: &str) -> (String, String) {
    (code.to_owned(), text.to_owned())
}

#[test]
fn what_is_missing_is_made_and_what_is_there_stays() {
    let tested = tested();
    tested.store.upload(KEY, photo());
    assert_eq!(ended(&tested, KEY), result("Succeeded", "variants made"));
    assert_eq!(tested.store.keys(), ["20x15/a b/ü+1.jpg", "40x30/a b/ü+1.jpg", KEY]);
    assert_eq!(ended(&tested, KEY), result("Succeeded", "all variants already exist"));
    assert_eq!(tested.store.bucket().count("put"), 2);
    answered(&tested, &event(KEY, &json!({ "imgprep": "all" })));
    assert_eq!(tested.store.bucket().count("put"), 4, "all were asked for");
    assert_eq!(ended(&tested, "originals/gone"), result("Succeeded", "it has been deleted"));
}

#[test]
fn an_image_that_cannot_be_read_fails_for_the_reason_on_record() {
    let tested = tested();
    tested.store.upload("originals/bad", b"hello".to_vec());
    let (code, reason) = ended(&tested, "originals/bad");
    assert_eq!(code, "PermanentFailure");
    assert_eq!(tested.failure("failed/bad.json").reason, reason);
}

#[test]
fn s3_tries_again_what_may_pass() {
    let tested = tested();
    tested.store.upload("originals/a", photo());
    tested.store.bucket().failing.push("put 40x30/a".to_owned());
    let expected = result("TemporaryFailure", &passing("put").to_string());
    assert_eq!(ended(&tested, "originals/a"), expected);
    tested.store.bucket().failing.clear();
    tested.store.gate("get originals/a");
    let expected = result("TemporaryFailure", "the invocation ran out of time");
    assert_eq!(ended(&tested, "originals/a"), expected);
}

#[test]
fn what_somebody_has_to_change_first_has_failed() {
    let tested = tested();
    tested.store.upload("originals/a", photo());
    tested.store.fail("put 40x30/a", vec![lasting("s3:PutObject")]);
    let expected = result("PermanentFailure", "s3:PutObject: AccessDenied: no");
    assert_eq!(ended(&tested, "originals/a"), expected);
}

/// A task for each original is S3's way; more in one call are answered one by one all the same.
#[test]
fn the_older_schema_and_several_tasks_are_answered_in_kind() {
    let tested = tested();
    tested.store.upload("originals/a", photo());
    let task = |id: &str, key: &str| json!({ "taskId": id, "s3Key": key, "s3BucketArn": "arn:aws:s3:::photos" });
    let event = json!({
        "invocationSchemaVersion": "1.0",
        "invocationId": "call",
        "job": { "id": "job" },
        "tasks": [task("1", "800x600/a"), task("2", "originals/a"), task("3", "originals/")],
    });
    let answer = answered(&tested, &event);
    assert_eq!(answer["invocationSchemaVersion"], "1.0");
    let results = answer["results"].as_array().unwrap().iter();
    let results: Vec<_> = results.map(|it| (&it["taskId"], &it["resultCode"])).collect();
    assert_eq!(
        results,
        [
            (&json!("1"), &json!("PermanentFailure")),
            (&json!("2"), &json!("Succeeded")),
            (&json!("3"), &json!("Succeeded")),
        ]
    );
}

#[test]
fn other_events_are_answered_as_ever() {
    let tested = tested();
    tested.store.upload("originals/a", photo());
    let answer = answered(&tested, &event::for_keys("photos", ["originals/a"]));
    assert_eq!(answer["processed"], json!(["originals/a"]));
}
