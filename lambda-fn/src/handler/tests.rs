//! Events over a bucket in memory that can be told to fail.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use futures_util::FutureExt;

use super::*;
use crate::{
    fixtures::{self, quarters},
    settings::Variant,
};

/// An object as the bucket keeps it.
#[derive(Clone, Debug, PartialEq)]
struct Kept {
    bytes: Vec<u8>,
    etag: String,
    content_type: &'static str,
    cache_control: Option<String>,
    public: bool,
}

#[derive(Debug, Default)]
struct Bucket {
    objects: BTreeMap<String, Kept>,
    calls: Vec<String>,
    invalidated: Vec<String>,
    /// Calls such as `put 800x600/a.jpg` that do not succeed.
    failing: Vec<String>,
    /// Contents that replace an original right after it is fetched, one at a time.
    replacements: Vec<Vec<u8>>,
    versions: usize,
}

impl Bucket {
    fn keep(&mut self, object: Object) {
        self.versions += 1;
        let Object { key, bytes, content_type, cache_control, public } = object;
        let etag = format!("v{}", self.versions);
        self.objects.insert(key, Kept { bytes, etag, content_type, cache_control, public });
    }

    fn call(&mut self, call: &'static str, what: &str) -> Result<(), StoreError> {
        let made = format!("{call} {what}");
        let fails = self.failing.contains(&made);
        self.calls.push(made);
        if fails {
            let (code, message) = ("SlowDown".to_owned(), "reduce your rate".to_owned());
            return Err(StoreError { call, code, message });
        }
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Memory(Mutex<Bucket>);

impl Memory {
    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.0.lock().unwrap()
    }

    fn upload(&self, key: &str, bytes: Vec<u8>) {
        let key = key.to_owned();
        let content_type = "application/octet-stream";
        self.bucket().keep(Object { key, bytes, content_type, cache_control: None, public: false });
    }

    fn keys(&self) -> Vec<String> {
        self.bucket().objects.keys().cloned().collect()
    }
}

impl Store for Memory {
    async fn get(&self, key: &str, bytes_max: u64) -> Result<Fetched, StoreError> {
        let mut bucket = self.bucket();
        bucket.call("get", key)?;
        let Some(kept) = bucket.objects.get(key).cloned() else { return Ok(Fetched::Missing) };
        if let Some(bytes) = bucket.replacements.pop() {
            let (key, content_type) = (key.to_owned(), "");
            bucket.keep(Object { key, bytes, content_type, cache_control: None, public: false });
        }
        let (size, etag) = (kept.bytes.len() as u64, Some(kept.etag));
        if size > bytes_max {
            return Ok(Fetched::TooLarge { size, etag });
        }
        let content_type = Some(kept.content_type.to_owned());
        Ok(Fetched::Original(Original { bytes: kept.bytes, etag, content_type }))
    }

    async fn etag(&self, key: &str) -> Result<Option<String>, StoreError> {
        let mut bucket = self.bucket();
        bucket.call("head", key)?;
        Ok(bucket.objects.get(key).map(|kept| kept.etag.clone()))
    }

    async fn put(&self, object: Object) -> Result<(), StoreError> {
        let mut bucket = self.bucket();
        bucket.call("put", &object.key)?;
        bucket.keep(object);
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let mut bucket = self.bucket();
        bucket.call("delete", key)?;
        bucket.objects.remove(key);
        Ok(())
    }

    async fn invalidate(&self, id: &str, keys: &[String], _: &str) -> Result<(), StoreError> {
        let mut bucket = self.bucket();
        bucket.call("invalidate", id)?;
        bucket.invalidated.extend_from_slice(keys);
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Lines(Mutex<Vec<Value>>);

impl Log for Lines {
    fn line(&self, line: &Value) {
        self.0.lock().unwrap().push(line.clone());
    }
}

type Tested = Handler<Memory, Lines>;

fn tested() -> Tested {
    let settings = Settings {
        bucket: "photos".to_owned(),
        originals: "originals".to_owned(),
        public_acl: false,
        invalidate: None,
        variants: [(40, 30), (20, 15)].map(|(w, h)| Variant::of_size(w, h)).into(),
    };
    Handler {
        store: Memory::default(),
        log: Lines::default(),
        settings,
        limits: Limits::for_memory(256),
        function: "ImageResize".to_owned(),
    }
}

impl Tested {
    /// Everything in memory is ready at once, so no runtime is needed.
    fn created(&self, keys: &[&str]) -> Result<Outcome, Unprocessed> {
        let event = event::for_keys("photos", keys.iter().copied());
        self.handle(&event, "request-1").now_or_never().unwrap()
    }

    fn lines(&self) -> Vec<Value> {
        self.log.0.lock().unwrap().clone()
    }

    fn failure(&self, key: &str) -> FailureRecord {
        serde_json::from_slice(&self.store.bucket().objects[key].bytes).unwrap()
    }
}

fn photo() -> Vec<u8> {
    fixtures::jpeg_with(&quarters(80, 60), 1, &[])
}

const KEY: &str = "originals/a b/ü+1.jpg";

#[test]
fn an_original_gets_every_variant_at_its_own_path() {
    let tested = tested();
    tested.store.upload(KEY, photo());
    let outcome = tested.created(&[KEY]).unwrap();
    assert_eq!(outcome.processed, [KEY]);
    assert_eq!(tested.store.keys(), ["20x15/a b/ü+1.jpg", "40x30/a b/ü+1.jpg", KEY]);
    let bucket = tested.store.bucket();
    for (key, size) in [("40x30/a b/ü+1.jpg", (40, 30)), ("20x15/a b/ü+1.jpg", (20, 15))] {
        let kept = &bucket.objects[key];
        assert_eq!(crate::decode::dimensions(&kept.bytes), Ok(size));
        assert_eq!(kept.content_type, "image/jpeg");
        assert_eq!(kept.cache_control.as_deref(), Some("public, max-age=86400"));
        assert!(!kept.public);
    }
    assert_eq!(bucket.objects[KEY].bytes, photo(), "the original is untouched");
}

#[test]
fn content_decides_where_the_name_is_wrong() {
    let tested = tested();
    tested.store.upload("originals/a.png", photo());
    tested.created(&["originals/a.png"]).unwrap();
    assert_eq!(tested.store.bucket().objects["40x30/a.png"].content_type, "image/jpeg");
}

#[test]
fn variants_are_public_only_where_the_stack_says_so() {
    let mut tested = tested();
    tested.settings.public_acl = true;
    tested.store.upload(KEY, photo());
    tested.store.upload("originals/bad", b"hello".to_vec());
    tested.created(&[KEY, "originals/bad"]).unwrap();
    let bucket = tested.store.bucket();
    assert!(bucket.objects["40x30/a b/ü+1.jpg"].public);
    assert!(!bucket.objects["failed/bad.json"].public);
}

#[test]
fn its_own_variants_are_never_processed_again() {
    let tested = tested();
    tested.store.upload("40x30/a.jpg", photo());
    let outcome = tested.created(&["40x30/a.jpg", "failed/a.jpg.json", "originals/"]).unwrap();
    assert_eq!(outcome, Outcome { ignored: 3, ..Outcome::default() });
    assert_eq!(tested.store.bucket().calls, Vec::<String>::new());
}

#[test]
fn a_bad_image_is_recorded_and_done_with() {
    let tested = tested();
    tested.store.upload("originals/x.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec());
    let outcome = tested.created(&["originals/x.heic"]).unwrap();
    assert_eq!(outcome.failed, ["originals/x.heic"]);
    let record = tested.failure("failed/x.heic.json");
    assert_eq!(record.reason, "HEIC is not supported");
    assert_eq!(record.key, "originals/x.heic");
    assert_eq!(record.etag.as_deref(), Some("v1"));
    assert_eq!(record.size, Some(24));
    assert_eq!(record.request_id, "request-1");
    assert_eq!(record.time.len(), "2026-01-31T23:59:59Z".len());
    let kept = tested.store.bucket().objects["failed/x.heic.json"].clone();
    assert_eq!((kept.content_type, kept.cache_control), ("application/json", None));
}

#[test]
fn a_file_over_the_limit_is_recorded_without_being_decoded() {
    let mut tested = tested();
    tested.limits.max_bytes = 100;
    tested.store.upload(KEY, photo());
    assert_eq!(tested.created(&[KEY]).unwrap().failed, [KEY]);
    let record = tested.failure("failed/a b/ü+1.jpg.json");
    let size = photo().len() as u64;
    assert_eq!(record.reason, format!("the file has {size} bytes, the limit is 100"));
    assert_eq!(record.size, Some(size));
}

#[test]
fn a_deleted_original_is_passed_over() {
    let tested = tested();
    let outcome = tested.created(&[KEY]).unwrap();
    assert_eq!(outcome, Outcome { ignored: 1, ..Outcome::default() });
    assert_eq!(tested.lines()[0]["reason"], "it has been deleted");
}

#[test]
fn trouble_with_the_bucket_is_an_error_that_names_the_key() {
    for call in [format!("get {KEY}"), format!("head {KEY}"), "put 20x15/a b/ü+1.jpg".to_owned()] {
        let tested = tested();
        tested.store.upload(KEY, photo());
        tested.store.bucket().failing.push(call.clone());
        let error = tested.created(&[KEY]).unwrap_err().to_string();
        let verb = call.split(' ').next().unwrap();
        let reason = format!("{verb}: SlowDown: reduce your rate");
        assert_eq!(error, format!("1 of 1 originals not processed; {KEY}: {reason}"));
        let line = &tested.lines()[0];
        assert_eq!(line["level"], "error");
        assert_eq!(line["message"], "to be retried");
        assert_eq!(line["reason"], reason);
        assert!(line.get("Failed").is_none(), "a retry is not a failed image");
    }
}

#[test]
fn a_failure_that_cannot_be_recorded_is_tried_again() {
    let tested = tested();
    tested.store.upload("originals/bad", b"hello".to_vec());
    tested.store.bucket().failing.push("put failed/bad.json".to_owned());
    assert!(tested.created(&["originals/bad"]).is_err());
}

#[test]
fn one_setback_does_not_stop_the_others() {
    let tested = tested();
    tested.store.upload("originals/a", photo());
    tested.store.upload("originals/b", b"hello".to_vec());
    tested.store.upload("originals/c", photo());
    tested.store.bucket().failing.push("get originals/a".to_owned());
    let error = tested.created(&["originals/a", "originals/b", "originals/c"]).unwrap_err();
    let keys: Vec<_> = error.originals.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!((keys, error.of), (vec!["originals/a"], 3));
    let keys = tested.store.keys();
    assert!(keys.contains(&"failed/b.json".to_owned()) && keys.contains(&"40x30/c".to_owned()));
}

#[test]
fn doing_it_twice_changes_nothing() {
    let tested = tested();
    tested.store.upload(KEY, photo());
    tested.created(&[KEY]).unwrap();
    let bytes = |tested: &Tested| {
        let objects = &tested.store.bucket().objects;
        objects.iter().map(|(key, kept)| (key.clone(), kept.bytes.clone())).collect::<Vec<_>>()
    };
    let once = bytes(&tested);
    tested.created(&[KEY]).unwrap();
    assert_eq!(bytes(&tested), once);
}

#[test]
fn success_takes_back_an_earlier_failure() {
    let tested = tested();
    tested.store.upload("originals/a.jpg", b"hello".to_vec());
    tested.created(&["originals/a.jpg"]).unwrap();
    assert!(tested.store.keys().contains(&"failed/a.jpg.json".to_owned()));
    tested.store.upload("originals/a.jpg", photo());
    tested.created(&["originals/a.jpg"]).unwrap();
    assert_eq!(tested.store.keys(), ["20x15/a.jpg", "40x30/a.jpg", "originals/a.jpg"]);
}

#[test]
fn nothing_is_deleted_where_nothing_failed() {
    let tested = tested();
    tested.store.upload(KEY, photo());
    tested.created(&[KEY]).unwrap();
    assert!(!tested.store.bucket().calls.iter().any(|call| call.starts_with("delete")));
}

#[test]
fn a_failure_that_cannot_be_taken_back_is_only_a_warning() {
    let tested = tested();
    tested.store.upload("originals/a", photo());
    tested.store.bucket().failing.push("head failed/a.json".to_owned());
    assert_eq!(tested.created(&["originals/a"]).unwrap().processed, ["originals/a"]);
    assert_eq!(tested.lines()[0]["level"], "warn");
}

#[test]
fn only_overwritten_variants_are_invalidated() {
    let mut tested = tested();
    tested.settings.invalidate = Some("E123".to_owned());
    tested.store.upload("originals/a", photo());
    tested.store.upload("20x15/a", b"older".to_vec());
    tested.created(&["originals/a"]).unwrap();
    assert_eq!(tested.store.bucket().invalidated, ["20x15/a"]);
    tested.created(&["originals/a"]).unwrap();
    assert_eq!(tested.store.bucket().invalidated, ["20x15/a", "40x30/a", "20x15/a"]);
}

#[test]
fn nothing_is_invalidated_unless_asked_for_or_needed() {
    let mut tested = tested();
    tested.store.upload("originals/a", photo());
    tested.created(&["originals/a"]).unwrap();
    tested.created(&["originals/a"]).unwrap();
    tested.settings.invalidate = Some("E123".to_owned());
    tested.store.upload("originals/new", photo());
    tested.created(&["originals/new"]).unwrap();
    assert!(!tested.store.bucket().calls.iter().any(|call| call.starts_with("invalidate")));
}

#[test]
fn an_image_does_not_fail_for_want_of_an_invalidation() {
    let mut tested = tested();
    tested.settings.invalidate = Some("E123".to_owned());
    tested.store.upload("originals/a", photo());
    tested.store.bucket().failing.extend(["invalidate E123", "head 40x30/a"].map(str::to_owned));
    assert_eq!(tested.created(&["originals/a"]).unwrap().processed, ["originals/a"]);
    assert_eq!(tested.lines()[0]["reason"], "invalidate: SlowDown: reduce your rate");
}

#[test]
fn an_original_replaced_meanwhile_is_processed_again() {
    let tested = tested();
    tested.store.upload("originals/a", b"hello".to_vec());
    tested.store.bucket().replacements.push(photo());
    assert_eq!(tested.created(&["originals/a"]).unwrap().processed, ["originals/a"]);
    assert_eq!(tested.store.keys(), ["20x15/a", "40x30/a", "originals/a"]);
}

#[test]
fn an_original_that_never_settles_is_left_to_a_retry() {
    let tested = tested();
    tested.store.upload("originals/a", photo());
    tested.store.bucket().replacements.extend(vec![photo(); 5]);
    let error = tested.created(&["originals/a"]).unwrap_err();
    assert_eq!(error.originals, [("originals/a".to_owned(), Setback::Changing)]);
}

#[test]
fn each_image_leaves_one_line_with_its_facts() {
    let tested = tested();
    tested.store.upload("originals/a", photo());
    tested.store.upload("originals/b", b"hello".to_vec());
    tested.created(&["originals/a", "originals/b"]).unwrap();
    let [processed, failed] = tested.lines().try_into().unwrap();
    let bucket = tested.store.bucket();
    for (field, expected) in [
        ("level", json!("info")),
        ("message", json!("processed")),
        ("request_id", json!("request-1")),
        ("key", json!("originals/a")),
        ("etag", json!("v1")),
        ("format", json!("JPEG")),
        ("width", json!(80)),
        ("height", json!(60)),
        ("bytes", json!(photo().len())),
        ("Function", json!("ImageResize")),
        ("Processed", json!(1)),
        ("Failed", json!(0)),
    ] {
        assert_eq!(processed[field], expected, "{field}");
    }
    let size = |key: &str| bucket.objects[key].bytes.len();
    assert_eq!(processed["variants"], json!({"20x15": size("20x15/a"), "40x30": size("40x30/a")}));
    let stages: Vec<_> = processed["ms"].as_object().unwrap().keys().collect();
    assert_eq!(stages, ["decode", "encode", "get", "put", "resize"]);
    assert_eq!(failed["level"], "error");
    assert_eq!(failed["reason"], "not an image");
    assert_eq!((&failed["Processed"], &failed["Failed"]), (&json!(0), &json!(1)));
}
