//! What an invocation asks for: the originals named in it, and why the rest of it is none.
//!
//! S3 reports through SNS, so its event is a text inside another event. The bare S3 event is read
//! too: that is what the `imgprep` tool sends to make variants of older originals.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};

use crate::settings::{OnDelete, Settings};

/// An original to be looked after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// Its key in the bucket, decoded.
    pub key: String,
    /// What was done to it, which need not be the last that was.
    pub change: Change,
    /// When that was, as S3 writes it: `2026-01-31T23:59:59.999Z`.
    pub time: Option<String>,
    /// How many bytes it had then.
    pub size: Option<u64>,
    /// The folders of the variants that are meant, where not all are.
    pub folders: Option<Vec<String>>,
}

/// What an event tells of an original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// There is a new version.
    Created,
    /// A version, or the marker of a deletion, is gone, or such a marker is new: in a bucket with
    /// versions the original may be there nevertheless, even as another version than before.
    Removed,
}

/// A part of an event that asks for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// The key it names, if any, decoded.
    pub key: Option<String>,
    /// Why nothing is done about it.
    pub reason: String,
}

/// An invocation, understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// What is to be done, in the order of the event.
    pub work: Vec<Work>,
    /// What is not.
    pub ignored: Vec<Ignored>,
}

/// Reads an event. It cannot fail: what makes no sense now makes none when it is sent again.
pub fn read(event: &Value, settings: &Settings) -> Request {
    let mut request = Request::default();
    match event["Records"].as_array() {
        None => request.ignore(None, describe_recordless(event)),
        Some(records) => {
            for record in records {
                request.read_record(record, settings);
            }
        }
    }
    request
}

/// The member of an event's record that names the folders of the variants that are meant.
pub const FOLDERS_MEMBER: &str = "imgprepFolders";

/// A time before all others: the function takes the event for one that comes again, and looks at the
/// variants that are meant before it makes them.
pub const LONG_AGO: &str = "1970-01-01T00:00:00.000Z";

/// The event that asks for these originals, as S3 would send it.
pub fn for_keys<'key>(bucket: &str, keys: impl IntoIterator<Item = &'key str>) -> Value {
    let record = |key| {
        json!({
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": bucket}, "object": {"key": encode_key(key)}},
        })
    };
    json!({"Records": keys.into_iter().map(record).collect::<Vec<_>>()})
}

/// A key as it stands in an event: `a b+ü.jpg` is `a+b%2B%C3%BC.jpg`.
pub fn encode_key(key: &str) -> String {
    const ESCAPED: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'*');
    utf8_percent_encode(key, ESCAPED).to_string().replace("%20", "+")
}

/// The key that stands encoded in an event, or nothing if it is not UTF-8.
pub fn decode_key(encoded: &str) -> Option<String> {
    // A plus is a space only before decoding: `%2B` is a real plus.
    let spaced = encoded.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(Cow::into_owned)
}

impl Request {
    fn ignore(&mut self, key: Option<String>, reason: impl Into<String>) {
        self.ignored.push(Ignored { key, reason: reason.into() });
    }

    fn read_record(&mut self, record: &Value, settings: &Settings) {
        let Some(message) = record["Sns"]["Message"].as_str() else {
            return self.read_s3_record(record, settings);
        };
        let Ok(message) = serde_json::from_str::<Value>(message) else {
            return self.ignore(None, "the message is not JSON");
        };
        match message["Records"].as_array() {
            None => self.ignore(None, describe_recordless(&message)),
            Some(records) => {
                for record in records {
                    self.read_s3_record(record, settings);
                }
            }
        }
    }

    fn read_s3_record(&mut self, record: &Value, settings: &Settings) {
        let object = &record["s3"];
        let Some(encoded) = object["object"]["key"].as_str() else {
            return self.ignore(None, "the record is not from S3");
        };
        let Some(key) = decode_key(encoded) else {
            return self.ignore(Some(encoded.to_owned()), "the key is not UTF-8");
        };
        match change(record, &key, settings) {
            Err(reason) => self.ignore(Some(key), reason),
            Ok(change) => self.add(Work {
                key,
                change,
                time: record["eventTime"].as_str().map(str::to_owned),
                size: object["object"]["size"].as_u64(),
                folders: folders(record),
            }),
        }
    }

    /// A message may name an original twice; once is enough, for what counts is how it is now.
    fn add(&mut self, work: Work) {
        match self.work.iter_mut().find(|other| other.key == work.key) {
            None => self.work.push(work),
            Some(other) => {
                if work.change == Change::Removed {
                    other.change = Change::Removed;
                }
                other.time = other.time.take().into_iter().chain(work.time).min();
                other.size = other.size.max(work.size);
                let both = other.folders.take().zip(work.folders);
                other.folders = both.map(|(folders, more)| [folders, more].concat());
            }
        }
    }
}

/// The folders that the `imgprep` tool asks for. S3 knows no such member.
fn folders(record: &Value) -> Option<Vec<String>> {
    let folders = record[FOLDERS_MEMBER].as_array()?;
    Some(folders.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// What happened to an original, or why nothing is done about it.
fn change(record: &Value, key: &str, settings: &Settings) -> Result<Change, String> {
    let name = record["eventName"].as_str().unwrap_or("an unnamed event");
    // Older notifications carry the prefix that the configuration has, `s3:`.
    let change = match name.trim_start_matches("s3:").split_once(':') {
        Some(("ObjectCreated", _)) => Change::Created,
        Some(("ObjectRemoved", _)) if settings.on_delete == OnDelete::Remove => Change::Removed,
        _ => return Err(format!("{name} does not create an object")),
    };
    object(record["s3"]["bucket"]["name"].as_str(), key, change, settings)?;
    Ok(change)
}

/// Why nothing is done about an object, if so.
pub(crate) fn object(
    bucket: Option<&str>,
    key: &str,
    change: Change,
    settings: &Settings,
) -> Result<(), String> {
    if bucket != Some(settings.bucket.as_str()) {
        return Err("it is in another bucket".to_owned());
    }
    // The prefix filter of the notification should have kept it away. Were it processed, its
    // variants would be reported too, and so on without end.
    let Some(path) = settings.path_of(key) else {
        return Err(format!("it is not in {}/", settings.originals));
    };
    if path.0.ends_with('/') {
        return Err("it is a folder marker".to_owned());
    }
    // What is removed may have had variants when the settings were others.
    if change == Change::Created && settings.variants_of(path).next().is_none() {
        return Err("no variant is made of originals in its folder".to_owned());
    }
    Ok(())
}

fn describe_recordless(message: &Value) -> String {
    // S3 sends one whenever the notification is configured.
    match message["Event"].as_str() {
        Some("s3:TestEvent") => "S3 test event".to_owned(),
        Some(event) => format!("{event} has no records"),
        None => "no records".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::settings;
    use proptest::prelude::*;
    use std::slice;

    fn s3(name: &str, bucket: &str, key: &str) -> Value {
        json!({"eventName": name, "s3": {"bucket": {"name": bucket}, "object": {"key": key}}})
    }

    fn created(key: &str) -> Value {
        s3("ObjectCreated:Put", "photos", key)
    }

    fn through_sns(message: &str) -> Value {
        json!({"EventSource": "aws:sns", "Sns": {"Type": "Notification", "Message": message}})
    }

    fn keys(request: &Request) -> Vec<&str> {
        request.work.iter().map(|work| work.key.as_str()).collect()
    }

    fn reasons(request: &Request) -> Vec<&str> {
        request.ignored.iter().map(|ignored| ignored.reason.as_str()).collect()
    }

    #[track_caller]
    fn check_ignored(event: &Value, reason: &str) {
        let request = read(event, &settings());
        assert_eq!(keys(&request), Vec::<&str>::new());
        assert_eq!(reasons(&request), [reason]);
    }

    #[test]
    fn records_are_read_directly_and_through_sns() {
        let direct = json!({"Records": [created("originals/a.jpg")]});
        assert_eq!(keys(&read(&direct, &settings())), ["originals/a.jpg"]);
        let wrapped = json!({"Records": [through_sns(&direct.to_string())]});
        assert_eq!(read(&wrapped, &settings()), read(&direct, &settings()));
    }

    #[test]
    fn several_messages_with_several_records_keep_their_order() {
        let message = |keys: &[&str]| {
            let records: Vec<_> = keys.iter().map(|key| created(key)).collect();
            through_sns(&json!({"Records": records}).to_string())
        };
        let event = json!({"Records": [
            message(&["originals/b", "originals/a"]),
            message(&["originals/c", "originals/b"]),
        ]});
        let request = read(&event, &settings());
        assert_eq!(keys(&request), ["originals/b", "originals/a", "originals/c"]);
    }

    #[test]
    fn keys_are_decoded_exactly_once() {
        for (encoded, decoded) in [
            ("originals/a+file.jpg", "originals/a file.jpg"),
            ("originals/A+file%2Bname.jpg", "originals/A file+name.jpg"),
            ("originals/100%25+%2525.jpg", "originals/100% %25.jpg"),
            ("originals/caf%C3%A9+%28%F0%9F%8C%85%29.png", "originals/café (🌅).png"),
            ("originals/2026/x/y.jpg", "originals/2026/x/y.jpg"),
            ("originals/100%.jpg", "originals/100%.jpg"),
            ("originals%2Fa.jpg", "originals/a.jpg"),
            ("originals/caf\u{e9}.jpg", "originals/café.jpg"),
        ] {
            let event = json!({"Records": [created(encoded)]});
            assert_eq!(keys(&read(&event, &settings())), [decoded]);
        }
    }

    #[test]
    fn test_events_and_messages_without_records_ask_for_nothing() {
        let test = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "photos"});
        check_ignored(&test, "S3 test event");
        let wrapped = json!({"Records": [through_sns(&test.to_string())]});
        check_ignored(&wrapped, "S3 test event");
        check_ignored(&json!({}), "no records");
        check_ignored(&json!(null), "no records");
        check_ignored(&json!({"Records": "many"}), "no records");
        check_ignored(&json!({"Records": [through_sns("{}")]}), "no records");
        check_ignored(&json!({"Records": [through_sns("gar{bage")]}), "the message is not JSON");
        check_ignored(&json!({"Records": [17]}), "the record is not from S3");
        assert_eq!(read(&json!({"Records": []}), &settings()), Request::default());
    }

    #[test]
    fn what_is_no_new_original_is_ignored() {
        for (record, reason) in [
            (created("originals/"), "it is not in originals/"),
            (created("originals/2026/"), "it is a folder marker"),
            (created("800x600/a.jpg"), "it is not in originals/"),
            (created("failed/a.jpg.json"), "it is not in originals/"),
            (created("originals-old/a.jpg"), "it is not in originals/"),
            (created("originals/%FF.jpg"), "the key is not UTF-8"),
            (
                s3("ObjectRemoved:Delete", "photos", "originals/a"),
                "ObjectRemoved:Delete does not create an object",
            ),
            (s3("ObjectCreated:Put", "other", "originals/a"), "it is in another bucket"),
        ] {
            check_ignored(&json!({"Records": [record]}), reason);
        }
    }

    fn removing() -> Settings {
        Settings { on_delete: OnDelete::Remove, ..settings() }
    }

    #[test]
    fn removals_count_only_where_variants_follow_their_original() {
        for name in ["ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated"] {
            for name in [name.to_owned(), format!("s3:{name}")] {
                let event = json!({"Records": [s3(&name, "photos", "originals/a")]});
                check_ignored(&event, &format!("{name} does not create an object"));
                let request = read(&event, &removing());
                let changes: Vec<_> = request.work.iter().map(|work| work.change).collect();
                assert_eq!((keys(&request), changes), (vec!["originals/a"], vec![Change::Removed]));
            }
        }
        for (name, key, reason) in [
            ("ObjectRemoved:Delete", "originals/a/", "it is a folder marker"),
            ("ObjectRemoved:Delete", "800x600/a", "it is not in originals/"),
            (
                "LifecycleExpiration:Delete",
                "originals/a",
                "LifecycleExpiration:Delete does not create an object",
            ),
            ("ObjectTagging:Put", "originals/a", "ObjectTagging:Put does not create an object"),
        ] {
            let request = read(&json!({"Records": [s3(name, "photos", key)]}), &removing());
            assert_eq!((reasons(&request), request.work.len()), (vec![reason], 0));
        }
    }

    #[test]
    fn what_is_named_twice_is_one_piece_of_work() {
        let record = |name, time, size: Option<u64>| {
            let mut record = s3(name, "photos", "originals/a");
            record["eventTime"] = json!(time);
            record["s3"]["object"]["size"] = json!(size);
            record
        };
        let (early, late) = ("2026-01-31T23:59:58.999Z", "2026-01-31T23:59:59.001Z");
        let records = [
            record("ObjectCreated:Put", Some(late), Some(7)),
            record("ObjectRemoved:Delete", Some(early), None),
            record("ObjectCreated:Copy", None, Some(5)),
        ];
        let request = read(&json!({"Records": records}), &removing());
        let expected = Work {
            key: "originals/a".to_owned(),
            change: Change::Removed,
            time: Some(early.to_owned()),
            size: Some(7),
            folders: None,
        };
        assert_eq!(request.work, [expected]);
    }

    #[test]
    fn an_event_of_ours_may_name_the_variants_that_are_meant() {
        let record = |folders: &Value| {
            let mut record = s3("ObjectCreated:Put", "photos", "originals/a");
            record[FOLDERS_MEMBER] = folders.clone();
            record
        };
        let folders = |records: &[Value]| {
            let event = json!({"Records": records});
            read(&event, &settings()).work.remove(0).folders
        };
        let (one, other, all) =
            (record(&json!(["1x1"])), record(&json!(["2x2"])), record(&json!(null)));
        assert_eq!(folders(slice::from_ref(&one)), Some(vec!["1x1".to_owned()]));
        assert_eq!(folders(&[one.clone(), other]), Some(vec!["1x1".to_owned(), "2x2".to_owned()]));
        assert_eq!(folders(&[one, all]), None);
    }

    #[test]
    fn one_bad_record_does_not_hide_the_next() {
        let event = json!({"Records": [17, through_sns("?"), created("originals/a.jpg")]});
        let request = read(&event, &settings());
        assert_eq!(keys(&request), ["originals/a.jpg"]);
        assert_eq!(request.ignored.len(), 2);
    }

    #[test]
    fn keys_are_encoded_as_s3_does() {
        assert_eq!(encode_key("originals/A file+name.jpg"), "originals/A+file%2Bname.jpg");
        assert_eq!(encode_key("originals/ü(1).jpg"), "originals/%C3%BC%281%29.jpg");
    }

    proptest! {
        #[test]
        fn any_key_survives_an_event(path in "\\PC{1,40}") {
            prop_assume!(!path.ends_with('/'));
            let key = format!("originals/{path}");
            let request = read(&for_keys("photos", [key.as_str()]), &settings());
            prop_assert_eq!(keys(&request), [key.as_str()]);
        }
    }
}
