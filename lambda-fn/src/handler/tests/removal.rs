//! Deleted originals, in every order in which events and uploads may come.

use super::*;

/// A bucket whose variants follow their originals, with one original that was processed.
fn removing() -> Tested {
    let mut tested = tested();
    tested.settings.on_delete = OnDelete::Remove;
    tested.store.upload("originals/a", photo());
    tested.created(&["originals/a"]).unwrap();
    tested.store.bucket().calls.clear();
    tested
}

const DELETED: &str = "ObjectRemoved:Delete";
const MARKED: &str = "ObjectRemoved:DeleteMarkerCreated";

fn removed(tested: &Tested, name: &str) -> Result<Outcome, Unprocessed> {
    tested.handled(&records(&[record(name, "originals/a", None)]))
}

fn delete(tested: &Tested, key: &str) {
    tested.store.bucket().objects.remove(key);
}

#[test]
fn variants_go_with_their_original() {
    for name in [DELETED, MARKED] {
        let tested = removing();
        delete(&tested, "originals/a");
        assert_eq!(removed(&tested, name).unwrap().removed, ["originals/a"]);
        assert_eq!(tested.store.keys(), Vec::<String>::new());
        let line = tested.lines().pop().unwrap();
        assert_eq!((&line["message"], &line["key"]), (&json!("removed"), &json!("originals/a")));
        assert_eq!(line["objects"], json!(["40x30/a", "20x15/a"]));
    }
}

#[test]
fn the_record_of_a_failure_goes_as_well() {
    let tested = removing();
    tested.store.upload("originals/a", b"hello".to_vec());
    tested.created(&["originals/a"]).unwrap();
    delete(&tested, "originals/a");
    removed(&tested, DELETED).unwrap();
    assert_eq!(tested.store.keys(), Vec::<String>::new());
}

#[test]
fn nothing_goes_unless_the_stack_says_so() {
    let mut tested = removing();
    tested.settings.on_delete = OnDelete::Keep;
    delete(&tested, "originals/a");
    assert_eq!(removed(&tested, DELETED).unwrap(), Outcome { ignored: 1, ..Outcome::default() });
    assert_eq!(tested.store.bucket().calls, Vec::<String>::new());
    assert_eq!(tested.store.keys(), ["20x15/a", "40x30/a"]);
}

/// The event of a deletion comes after the next upload; or a version was deleted that is not the
/// last one.
#[test]
fn an_original_that_is_there_keeps_its_variants() {
    let tested = removing();
    assert_eq!(removed(&tested, DELETED).unwrap().processed, ["originals/a"]);
    let bucket = tested.store.bucket();
    assert_eq!((bucket.count("delete"), bucket.count("get"), bucket.count("put")), (0, 0, 0));
}

/// In a bucket with versions, S3 reports the deletion of the newest one, or of the marker that hid
/// it, and no creation of the one that is back.
#[test]
fn an_older_version_that_is_back_gets_its_variants() {
    let tested = removing();
    tested.store.upload("originals/a", fixtures::jpeg_with(&quarters(60, 80), 1, &[]));
    assert_eq!(removed(&tested, DELETED).unwrap().processed, ["originals/a"]);
    let bucket = tested.store.bucket();
    let source = |key: &str| bucket.objects[key].origin.clone().unwrap().source;
    let now = bucket.objects["originals/a"].etag.clone();
    assert_eq!((source("20x15/a"), source("40x30/a")), (now.clone(), now));
}

#[test]
fn an_upload_during_the_removal_ends_with_variants() {
    for call in ["head originals/a", "head 40x30/a", "delete 20x15/a", "delete 40x30/a"] {
        let tested = removing();
        delete(&tested, "originals/a");
        // Whoever processed the upload was faster than we are.
        let old = tested.store.bucket().objects.clone();
        tested.store.after(call, move |bucket| {
            bucket.upload("originals/a", photo());
            bucket.objects.extend(old);
        });
        assert_eq!(removed(&tested, DELETED).unwrap().processed, ["originals/a"], "{call}");
        let bucket = tested.store.bucket();
        let now = bucket.objects["originals/a"].etag.clone();
        for key in ["20x15/a", "40x30/a"] {
            assert_eq!(bucket.objects[key].origin.as_ref().unwrap().source, now, "{call} {key}");
        }
    }
}

#[test]
fn a_deletion_during_the_processing_ends_without_variants() {
    for call in ["get originals/a", "put 20x15/a", "head failed/a.json"] {
        let tested = removing();
        tested.store.after(call, |bucket| drop(bucket.objects.remove("originals/a")));
        assert_eq!(tested.created(&["originals/a"]).unwrap().removed, ["originals/a"], "{call}");
        assert_eq!(tested.store.keys(), Vec::<String>::new(), "{call}");
    }
}

#[test]
fn a_late_creation_of_what_is_gone_brings_nothing_back() {
    let tested = removing();
    delete(&tested, "originals/a");
    assert_eq!(tested.created(&["originals/a"]).unwrap().removed, ["originals/a"]);
    assert_eq!(tested.store.keys(), Vec::<String>::new());
}

#[test]
fn creation_and_removal_in_one_event_end_as_the_bucket_is() {
    for is_there in [true, false] {
        let tested = removing();
        if !is_there {
            delete(&tested, "originals/a");
        }
        let event = records(&[
            record("ObjectCreated:Put", "originals/a", None),
            record(MARKED, "originals/a", None),
        ]);
        let outcome = tested.handled(&event).unwrap();
        assert_eq!(
            (outcome.processed.len(), outcome.removed.len()),
            if is_there { (1, 0) } else { (0, 1) }
        );
        let variants = if is_there { 2 } else { 0 };
        assert_eq!(
            tested.store.keys().iter().filter(|key| !key.starts_with('o')).count(),
            variants
        );
    }
}

#[test]
fn an_original_that_comes_and_goes_is_left_to_a_retry() {
    let tested = removing();
    delete(&tested, "originals/a");
    for _ in 0..5 {
        tested.store.after("head failed/a.json", |bucket| {
            if bucket.objects.remove("originals/a").is_none() {
                bucket.upload("originals/a", photo());
            }
        });
    }
    let error = removed(&tested, DELETED).unwrap_err();
    assert_eq!(error.originals, [("originals/a".to_owned(), Setback::Changing)]);
}

#[test]
fn nothing_is_deleted_where_nothing_is() {
    let tested = removing();
    delete(&tested, "originals/a");
    removed(&tested, DELETED).unwrap();
    tested.store.bucket().calls.clear();
    assert_eq!(removed(&tested, DELETED).unwrap().removed, ["originals/a"]);
    // In a bucket with versions each deletion would leave a marker.
    assert_eq!(tested.store.bucket().count("delete"), 0);
}

#[test]
fn a_removal_that_does_not_succeed_is_tried_again() {
    let tested = removing();
    delete(&tested, "originals/a");
    tested.store.fail("delete 40x30/a", vec![memory::lasting("s3:DeleteObject")]);
    assert!(removed(&tested, DELETED).is_err());
    assert!(tested.store.keys().contains(&"40x30/a".to_owned()));
    removed(&tested, DELETED).unwrap();
    assert_eq!(tested.store.keys(), Vec::<String>::new());
}

#[test]
fn doubt_about_the_original_deletes_nothing() {
    let tested = removing();
    delete(&tested, "originals/a");
    tested.store.fail("head originals/a", vec![memory::lasting("s3:GetObject")]);
    assert!(removed(&tested, DELETED).is_err());
    assert_eq!(tested.store.keys(), ["20x15/a", "40x30/a"]);
}

#[test]
fn the_cdn_forgets_what_was_removed() {
    let mut tested = removing();
    tested.settings.invalidate = Some("E123".to_owned());
    tested.store.upload("failed/a.json", b"{}".to_vec());
    delete(&tested, "originals/a");
    removed(&tested, DELETED).unwrap();
    assert_eq!(tested.store.bucket().invalidated, ["40x30/a", "20x15/a"]);
}
