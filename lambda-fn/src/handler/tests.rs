//! Events over a bucket in memory that can be told to fail.

use std::sync::Mutex;

use contract::{
    failure::FailureRecord,
    framing::Framing,
    settings::{OnDelete, Variant},
};
use fixtures::quarters;
use memory::{Memory, passing};
use tokio::runtime::Builder;

use super::*;

mod batch;
mod concurrency;
mod deadline;
mod failures;
mod framing;
mod memory;
mod removal;
mod repetition;
mod telling;

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
        on_delete: OnDelete::Keep,
        notify: None,
        variants: [(40, 30), (20, 15)].map(|(w, h)| Variant::of_size(w, h)).into(),
    };
    let limits = Limits::for_memory(256);
    Handler {
        store: Memory::default(),
        log: Lines::default(),
        settings,
        limits,
        watermarks: Arc::default(),
        capacity: Capacity::new(limits.max_memory, 2),
        function: "ImageResize".to_owned(),
    }
}

/// How long an invocation of the tests may work, on a clock that stands still while it does.
const TIME: Duration = Duration::from_secs(9);

impl Tested {
    /// Handles an event on a clock that jumps ahead whenever everything waits for it.
    fn handled(&self, event: &Value) -> Result<Outcome, Unprocessed> {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.unwrap().block_on(self.handled_now(event))
    }

    /// As `handled`, on the clock of the caller.
    async fn handled_now(&self, event: &Value) -> Result<Outcome, Unprocessed> {
        let deadline = Instant::now() + TIME;
        self.handle(event, Invocation { request_id: "request-1", deadline }).await
    }

    fn created(&self, keys: &[&str]) -> Result<Outcome, Unprocessed> {
        self.handled(&event::for_keys("photos", keys.iter().copied()))
    }

    fn lines(&self) -> Vec<Value> {
        self.log.0.lock().unwrap().clone()
    }

    fn failure(&self, key: &str) -> FailureRecord {
        serde_json::from_slice(&self.store.bucket().objects[key].bytes).unwrap()
    }
}

/// One record of S3, sent at this time.
fn record(name: &str, key: &str, time: Option<&str>) -> Value {
    let object = json!({"key": event::encode_key(key)});
    json!({
        "eventName": name, "eventTime": time,
        "s3": {"bucket": {"name": "photos"}, "object": object},
    })
}

fn records(records: &[Value]) -> Value {
    json!({"Records": records})
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
        assert_eq!(imaging::decode::dimensions(&kept.bytes), Ok(size));
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
    tested.store.upload("originals/x.avif", b"\0\0\0\x18ftypavif\0\0\0\0mif1avif".to_vec());
    let outcome = tested.created(&["originals/x.avif"]).unwrap();
    assert_eq!(outcome.failed, ["originals/x.avif"]);
    let record = tested.failure("failed/x.avif.json");
    assert_eq!(record.reason, "AVIF is not supported");
    assert_eq!(record.key, "originals/x.avif");
    assert_eq!(record.etag.as_deref(), Some("v1"));
    assert_eq!(record.size, Some(24));
    assert_eq!(record.request_id, "request-1");
    assert_eq!(record.time.len(), "2026-01-31T23:59:59Z".len());
    let kept = tested.store.bucket().objects["failed/x.avif.json"].clone();
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
    assert_eq!(record.reason, format!("the file has {size} bytes; the limit is 100"));
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
    tested.store.after("get originals/a", |bucket| bucket.upload("originals/a", photo()));
    assert_eq!(tested.created(&["originals/a"]).unwrap().processed, ["originals/a"]);
    assert_eq!(tested.store.keys(), ["20x15/a", "40x30/a", "originals/a"]);
}

#[test]
fn an_original_that_never_settles_is_left_to_a_retry() {
    let tested = tested();
    tested.store.upload("originals/a", photo());
    for _ in 0..5 {
        tested.store.after("get originals/a", |bucket| bucket.upload("originals/a", photo()));
    }
    let error = tested.created(&["originals/a"]).unwrap_err();
    assert_eq!(error.originals, [("originals/a".to_owned(), Setback::Changing)]);
    assert_eq!(tested.store.bucket().count("get originals/a"), 3);
}

#[test]
fn an_original_deleted_meanwhile_leaves_its_variants() {
    let tested = tested();
    tested.store.upload("originals/a", photo());
    tested.store.after("put 20x15/a", |bucket| drop(bucket.objects.remove("originals/a")));
    assert_eq!(tested.created(&["originals/a"]).unwrap().processed, ["originals/a"]);
    assert_eq!(tested.store.keys(), ["20x15/a", "40x30/a"]);
}

#[test]
fn an_old_event_of_an_original_makes_its_newest_version() {
    let tested = tested();
    tested.store.upload("originals/a", b"the first".to_vec());
    tested.store.upload("originals/a", photo());
    let mut late = record("ObjectCreated:Put", "originals/a", None);
    late["s3"]["object"]["eTag"] = json!("v1");
    let twice = records(&[record("ObjectCreated:Put", "originals/a", None), late]);
    assert_eq!(tested.handled(&twice).unwrap().processed, ["originals/a"]);
    let bucket = tested.store.bucket();
    assert_eq!(bucket.count("get"), 1);
    let origin = bucket.objects["40x30/a"].origin.clone().unwrap();
    assert_eq!(origin.source, "v2");
    assert_eq!(origin.settings, tested.settings.variants[0].fingerprint(&Framing::default()));
}

#[test]
fn keys_of_every_kind_keep_their_path() {
    let tested = tested();
    let keys = [
        "originals/100% + 2%20.jpg",
        "originals/a/../b//c",
        "originals/\"'<&>\\#?;:@=,$!*()[]{}^`|~",
        "originals/\u{1f305} caf\u{e9} cafe\u{301}",
        "originals/ ",
        "originals/a\tb\nc\u{7f}",
    ];
    for key in keys {
        tested.store.upload(key, photo());
    }
    assert_eq!(tested.created(&keys).unwrap().processed, keys);
    for key in keys {
        let path = key.strip_prefix("originals/").unwrap();
        for folder in ["20x15", "40x30"] {
            assert!(tested.store.keys().contains(&format!("{folder}/{path}")), "{path}");
        }
    }
}

#[test]
fn each_image_leaves_one_line_with_its_facts() {
    let tested = tested();
    tested.store.upload("originals/a", photo());
    tested.store.upload("originals/b", b"hello".to_vec());
    tested.created(&["originals/a", "originals/b"]).unwrap();
    let mut lines = tested.lines();
    lines.sort_by_key(|line| line["key"].to_string());
    let [processed, failed] = lines.try_into().unwrap();
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

#[test]
fn an_animation_is_warned_of() {
    let tested = tested();
    let mut file = Vec::new();
    let frame = || image::Frame::new(image::RgbaImage::new(8, 8));
    let mut encoder = image::codecs::gif::GifEncoder::new(&mut file);
    encoder.encode_frames([frame(), frame()]).unwrap();
    drop(encoder);
    tested.store.upload("originals/a.gif", file);
    tested.created(&["originals/a.gif"]).unwrap();
    let line = &tested.lines()[0];
    assert_eq!((&line["level"], &line["message"]), (&json!("warn"), &json!("processed")));
    assert_eq!(line["warnings"], json!(["animated: only the first frame is shown"]));
}

#[test]
fn an_original_that_was_cut_off_is_processed_and_warned_of() {
    let tested = tested();
    let whole = photo();
    tested.store.upload("originals/a.jpg", whole[..whole.len() - 45].to_vec());
    tested.created(&["originals/a.jpg"]).unwrap();
    let line = &tested.lines()[0];
    assert_eq!((&line["level"], &line["message"]), (&json!("warn"), &json!("processed")));
    assert_eq!(line["warnings"], json!(["the file ends early: 48 of 60 rows are intact"]));
    assert_eq!((&line["Processed"], &line["Failed"]), (&json!(1), &json!(0)));
}

/// Embedded metrics are counted from the line itself.
#[test]
fn each_image_is_counted() {
    let tested = tested();
    tested.store.upload("originals/a", photo());
    tested.store.upload("originals/b", b"hello".to_vec());
    tested.created(&["originals/a", "originals/b", "originals/gone"]).unwrap();
    let counts: Vec<_> =
        tested.lines().iter().map(|line| json!([line["Processed"], line["Failed"]])).collect();
    let mut sorted: Vec<_> = counts.iter().map(ToString::to_string).collect();
    sorted.sort();
    assert_eq!(sorted, ["[0,1]", "[1,0]", "[null,null]"]);
}
