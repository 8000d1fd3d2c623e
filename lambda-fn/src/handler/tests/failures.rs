//! Errors, final and passing, and what each of them leaves behind.

use contract::failure::Remedy;
use contract::keys::{FAILED_FOLDER, KEY_BYTES_MAX};
use imaging::error::RenderError;

use super::{
    memory::{lasting, passing},
    *,
};
use crate::store::{KeyDenial, Withheld};

#[test]
fn what_passes_is_tried_again_within_the_invocation() {
    for call in ["get originals/a", "head originals/a", "put 40x30/a"] {
        let tested = tested();
        tested.store.upload("originals/a", photo());
        tested.store.fail(call, vec![passing("s3:Any"), passing("s3:Any"), passing("s3:Any")]);
        assert_eq!(tested.created(&["originals/a"]).unwrap().processed, ["originals/a"]);
        let bucket = tested.store.bucket();
        assert_eq!(bucket.count(call), 4, "{call}");
        assert_eq!(bucket.count("get"), if call.starts_with("get") { 4 } else { 1 }, "{call}");
        assert_eq!(bucket.count("put 20x15/a"), 1, "{call}");
    }
}

#[test]
fn what_lasts_is_left_to_lambda_at_once() {
    let tested = tested();
    tested.store.upload("originals/a", photo());
    tested.store.fail("put 40x30/a", vec![lasting("s3:PutObject")]);
    let error = tested.created(&["originals/a"]).unwrap_err().to_string();
    let reason = "s3:PutObject: AccessDenied: no";
    assert_eq!(error, format!("1 of 1 originals not processed; originals/a: {reason}"));
    assert_eq!(tested.store.bucket().count("put 40x30/a"), 1);
    assert_eq!(tested.store.bucket().count("put failed"), 0, "the image itself is not at fault");
}

#[test]
fn what_was_done_in_part_is_completed_by_the_retry() {
    let tested = tested();
    tested.store.upload("originals/a", photo());
    tested.store.fail("put 20x15/a", vec![lasting("s3:PutObject")]);
    let event = records(&[record("ObjectCreated:Put", "originals/a", Some(LONG_AGO))]);
    assert!(tested.handled(&event).is_err());
    tested.store.bucket().calls.clear();
    assert_eq!(tested.handled(&event).unwrap().processed, ["originals/a"]);
    assert_eq!(tested.store.keys(), ["20x15/a", "40x30/a", "originals/a"]);
    assert_eq!(tested.store.bucket().count("put 20x15/a"), 1);
}

/// When the retry comes, as S3 writes it.
const LONG_AGO: &str = "1999-12-31T23:59:59.999Z";

#[test]
fn a_name_too_long_for_a_variant_is_recorded_and_done_with() {
    let mut tested = tested();
    tested.settings.variants[1].folder = "a-folder-with-a-long-name".to_owned();
    let key = format!("originals/{}", "x".repeat(KEY_BYTES_MAX - "originals/".len()));
    tested.store.upload(&key, photo());
    assert_eq!(tested.created(&[&key]).unwrap().failed, std::slice::from_ref(&key));
    let failure_key = tested.settings.path_of(&key).unwrap().record_key();
    assert_eq!(failure_key.len(), KEY_BYTES_MAX);
    assert_eq!(tested.store.keys(), [failure_key.clone(), key.clone()]);
    let record = tested.failure(&failure_key);
    let reason = "its key in a-folder-with-a-long-name/ would have 1040 bytes; S3 allows 1024";
    assert_eq!((record.reason.as_str(), record.key), (reason, key));
    assert_eq!((record.etag.as_deref(), record.size), (Some("v1"), Some(photo().len() as u64)));
    assert_eq!(tested.lines()[0]["reason"], reason);
}

#[test]
fn a_bad_image_with_the_longest_name_is_recorded_under_a_shorter_one() {
    let tested = tested();
    let key = format!("originals/{}", "x".repeat(KEY_BYTES_MAX - "originals/".len()));
    tested.store.upload(&key, b"hello".to_vec());
    assert_eq!(tested.created(&[&key]).unwrap().failed, std::slice::from_ref(&key));
    let keys = tested.store.keys();
    assert!(keys.iter().all(|key| key.len() <= KEY_BYTES_MAX));
    let record = keys.iter().find(|key| key.starts_with(FAILED_FOLDER)).unwrap();
    assert_eq!(tested.failure(record).key, key);
    tested.store.upload(&key, photo());
    tested.created(&[&key]).unwrap();
    assert!(!tested.store.keys().contains(record), "success takes it back");
}

/// What S3 keeps from the function because of this one object is no matter for Lambda's retries, and
/// no image is lost: the record goes as soon as the object can be read.
#[test]
fn what_is_withheld_is_recorded_once_and_made_when_it_can_be_read() {
    let denial = "User: F is not authorized to perform: kms:Decrypt on resource: arn:key/b9";
    let denial = KeyDenial::read(denial).unwrap();
    for why in [Withheld::Archived(vec!["GLACIER".to_owned()]), Withheld::Encrypted(denial)] {
        let tested = tested();
        tested.store.upload("originals/a", photo());
        tested.store.bucket().withheld.insert("originals/a".to_owned(), why.clone());
        assert_eq!(tested.created(&["originals/a"]).unwrap().failed, ["originals/a"]);
        assert_eq!(tested.store.bucket().count("get originals/a"), 1);
        assert_eq!(tested.store.keys(), ["failed/a.json", "originals/a"]);
        let record = tested.failure("failed/a.json");
        assert_eq!(record.reason, why.to_string());
        assert_eq!((record.etag.as_deref(), record.size), (Some("v1"), Some(photo().len() as u64)));
        let line = &tested.lines()[0];
        assert_eq!((&line["message"], &line["Failed"]), (&json!("failed"), &json!(1)));
        tested.store.bucket().withheld.clear();
        assert_eq!(tested.created(&["originals/a"]).unwrap().processed, ["originals/a"]);
        assert_eq!(tested.store.keys(), ["20x15/a", "40x30/a", "originals/a"]);
    }
}

#[test]
fn what_is_withheld_and_then_deleted_is_passed_over() {
    let tested = tested();
    tested.store.upload("originals/a", photo());
    let archived = Withheld::Archived(Vec::new());
    tested.store.bucket().withheld.insert("originals/a".to_owned(), archived);
    tested.store.after("get originals/a", |bucket| drop(bucket.objects.remove("originals/a")));
    assert_eq!(tested.created(&["originals/a"]).unwrap().ignored, 1);
    assert_eq!(tested.store.keys(), Vec::<String>::new());
}

#[test]
fn variants_that_are_finished_stay_when_a_later_one_cannot_be_made() {
    let mut tested = tested();
    // A JPEG is at most 65535 pixels wide.
    tested.settings.variants[1].width = 65_536;
    tested.settings.variants[1].height = 1;
    tested.store.upload("originals/a", photo());
    assert_eq!(tested.created(&["originals/a"]).unwrap().failed, ["originals/a"]);
    assert_eq!(tested.store.keys(), ["40x30/a", "failed/a.json", "originals/a"]);
    assert!(tested.failure("failed/a.json").reason.starts_with("cannot encode 20x15: "));
}

/// A log whose lines cannot be written: some bug outside of the image path.
struct Broken;

impl Log for Broken {
    fn line(&self, line: &Value) {
        assert_ne!(line["message"], "incomplete", "this log is broken");
    }
}

#[test]
fn a_panic_outside_of_the_image_path_is_a_setback_of_one_image() {
    let Handler { store, settings, limits, watermarks, capacity, function, .. } = tested();
    let tested = Handler { store, log: Broken, settings, limits, watermarks, capacity, function };
    tested.store.upload("originals/a", photo());
    tested.store.upload("originals/b", photo());
    tested.store.fail("head failed/a.json", vec![lasting("s3:GetObject")]);
    let event = event::for_keys("photos", ["originals/a", "originals/b"]);
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    let ended = runtime.unwrap().block_on(async {
        let deadline = Instant::now() + TIME;
        tested.handle(&event, Invocation { request_id: "request-1", deadline }).await
    });
    let error = ended.unwrap_err();
    assert_eq!((error.originals.len(), error.of), (1, 2));
    let (key, setback) = &error.originals[0];
    assert_eq!(key, "originals/a");
    assert!(matches!(setback, Setback::Panicked(text) if text.contains("this log is broken")));
}

#[test]
fn the_error_of_many_originals_stays_short() {
    let tested = tested();
    let keys: Vec<String> = (0..12).map(|number| format!("originals/{number}")).collect();
    for key in &keys {
        tested.store.upload(key, photo());
        tested.store.fail(&format!("get {key}"), vec![lasting("s3:GetObject")]);
    }
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let text = tested.created(&keys).unwrap_err().to_string();
    assert!(text.starts_with("12 of 12 originals not processed; originals/0: "), "{text}");
    assert!(text.ends_with("; originals/9: s3:GetObject: AccessDenied: no; and 2 more"), "{text}");
    assert_eq!(tested.lines().len(), 12, "the log has each of them");
}

#[test]
fn every_reason_has_its_remedy() {
    let remedy = |error: RenderError| Remedy::of(&error.to_string());
    let (width, height, size) = (20_000, 10_000, 1 << 30);
    for (error, expected) in [
        (RenderError::NotAnImage, Remedy::Replace),
        (RenderError::Unsupported("HEIC".to_owned()), Remedy::Replace),
        (RenderError::TooManyPixels { width, height, limit: 9 }, Remedy::Replace),
        (RenderError::Panicked("overflow".to_owned()), Remedy::Replace),
        (RenderError::TooManyBytes { size, limit: 9 }, Remedy::Memory),
        (RenderError::TooMuchMemory { width, height, needed: 9, limit: 1 }, Remedy::Memory),
    ] {
        assert_eq!(remedy(error.clone()), expected, "{error}");
    }
    let archived = Withheld::Archived(vec!["GLACIER".to_owned()]).to_string();
    assert_eq!(Remedy::of(&archived), Remedy::Access);
    let long = "its key in thumbnails/ would have 1025 bytes; S3 allows 1024";
    assert_eq!(Remedy::of(long), Remedy::Rename);
}
