//! Events that come again: what is there already is not made twice.

use super::*;

const LONG_AGO: &str = "1999-12-31T23:59:59.999Z";
/// No clock of a test is this far.
const JUST_NOW: &str = "9999-12-31T23:59:59.999Z";

fn again(key: &str) -> Value {
    records(&[record("ObjectCreated:Put", key, Some(LONG_AGO))])
}

/// A bucket with an original whose variants were made.
fn processed() -> Tested {
    let tested = tested();
    tested.store.upload("originals/a", photo());
    tested.created(&["originals/a"]).unwrap();
    tested.store.bucket().calls.clear();
    tested
}

fn calls(tested: &Tested) -> Vec<String> {
    let mut calls = tested.store.bucket().calls.clone();
    calls.sort();
    calls
}

#[test]
fn the_first_event_looks_for_no_variant() {
    for time in [None, Some(JUST_NOW)] {
        let tested = tested();
        tested.store.upload("originals/a", photo());
        let event = records(&[record("ObjectCreated:Put", "originals/a", time)]);
        tested.handled(&event).unwrap();
        let expected = [
            "get originals/a",
            "head failed/a.json",
            "head originals/a",
            "put 20x15/a",
            "put 40x30/a",
        ];
        assert_eq!(calls(&tested), expected);
    }
}

#[test]
fn what_is_there_already_is_neither_fetched_nor_made() {
    let tested = processed();
    assert_eq!(tested.handled(&again("originals/a")).unwrap().processed, ["originals/a"]);
    let bucket = tested.store.bucket();
    assert_eq!((bucket.count("get"), bucket.count("put")), (0, 0));
    drop(bucket);
    let line = tested.lines().pop().unwrap();
    assert_eq!((&line["message"], &line["etag"]), (&json!("unchanged"), &json!("v1")));
    assert!(line.get("Processed").is_none(), "it was counted before");
}

#[test]
fn only_what_is_missing_is_made() {
    let tested = processed();
    tested.store.bucket().objects.remove("20x15/a");
    tested.handled(&again("originals/a")).unwrap();
    assert_eq!(calls(&tested).iter().filter(|call| call.starts_with("put")).count(), 1);
    assert!(tested.store.keys().contains(&"20x15/a".to_owned()));
    let line = tested.lines().pop().unwrap();
    assert_eq!(line["variants"].as_object().unwrap().len(), 1);
}

#[test]
fn a_variant_of_other_settings_is_made_anew() {
    let mut tested = processed();
    tested.settings.variants[0].quality = 50;
    tested.handled(&again("originals/a")).unwrap();
    assert_eq!(tested.store.bucket().count("put 40x30/a"), 1);
    assert_eq!(tested.store.bucket().count("put 20x15/a"), 0);
}

#[test]
fn what_is_not_meant_is_left_as_it_is() {
    let mut tested = processed();
    tested.settings.variants[0].quality = 50;
    tested.store.bucket().objects.remove("20x15/a");
    let mut record = record("ObjectCreated:Put", "originals/a", Some(LONG_AGO));
    record[event::FOLDERS_MEMBER] = json!(["20x15"]);
    tested.handled(&records(&[record])).unwrap();
    let calls = calls(&tested);
    assert!(calls.contains(&"put 20x15/a".to_owned()), "{calls:?}");
    assert!(!calls.iter().any(|call| call.ends_with("40x30/a")), "{calls:?}");
}

#[test]
fn variants_of_an_older_version_are_made_anew() {
    let tested = processed();
    tested.store.upload("originals/a", fixtures::jpeg_with(&quarters(60, 80), 1, &[]));
    tested.handled(&again("originals/a")).unwrap();
    assert_eq!(tested.store.bucket().count("put"), 2);
}

#[test]
fn a_version_that_comes_after_the_look_gets_every_variant() {
    let tested = processed();
    tested.store.bucket().objects.remove("20x15/a");
    tested.store.after("head 20x15/a", |bucket| bucket.upload("originals/a", photo()));
    tested.handled(&again("originals/a")).unwrap();
    let bucket = tested.store.bucket();
    let newest = bucket.objects["originals/a"].etag.clone();
    for key in ["20x15/a", "40x30/a"] {
        assert_eq!(bucket.objects[key].origin.as_ref().unwrap().source, newest, "{key}");
    }
}

#[test]
fn a_variant_that_cannot_be_seen_is_made() {
    let tested = processed();
    tested.store.bucket().failing.push("head 40x30/a".to_owned());
    assert_eq!(tested.handled(&again("originals/a")).unwrap().processed, ["originals/a"]);
    assert_eq!(tested.store.bucket().count("put 40x30/a"), 1);
    assert_eq!(tested.store.bucket().count("put 20x15/a"), 0);
}

#[test]
fn one_setback_among_several_makes_the_others_cheap_on_retry() {
    let tested = tested();
    let keys = ["originals/a", "originals/b", "originals/c"];
    for key in keys {
        tested.store.upload(key, photo());
    }
    tested.store.fail("get originals/b", vec![memory::lasting("s3:GetObject")]);
    let event = records(&keys.map(|key| record("ObjectCreated:Put", key, Some(LONG_AGO))));
    assert_eq!(tested.handled(&event).unwrap_err().originals.len(), 1);
    tested.store.bucket().calls.clear();
    assert_eq!(tested.handled(&event).unwrap().processed, keys);
    let bucket = tested.store.bucket();
    assert_eq!((bucket.count("get"), bucket.count("put")), (1, 2));
}

#[test]
fn a_record_left_by_an_interrupted_success_is_taken_back() {
    let tested = processed();
    tested.store.upload("failed/a.json", b"{}".to_vec());
    tested.handled(&again("originals/a")).unwrap();
    assert!(!tested.store.keys().contains(&"failed/a.json".to_owned()));
}
