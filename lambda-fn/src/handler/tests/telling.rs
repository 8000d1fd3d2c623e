//! What the application hears of each original, and what is beside its variants.

use contract::{
    message::{Event, Made, Manifest, Message},
    settings::{Colour, Notify},
};

use super::*;

const LONG_AGO: &str = "1999-12-31T23:59:59.999Z";
const MANIFEST: &str = "manifests/a/b.jpg.json";

/// A stack whose application is told.
fn telling() -> Tested {
    let mut tested = tested();
    tested.settings.notify = Some(Notify {
        stack: "shop".to_owned(),
        topic: "ready".to_owned(),
        manifest: true,
        thumbhash: true,
        cdn: Some("https://img.example.com".to_owned()),
        versions: false,
    });
    tested.store.upload(ORIGINAL, photo());
    tested
}

const ORIGINAL: &str = "originals/a/b.jpg";

fn again() -> Value {
    records(&[record("ObjectCreated:Put", ORIGINAL, Some(LONG_AGO))])
}

fn messages(tested: &Tested) -> Vec<Message> {
    tested.store.bucket().messages.clone()
}

fn manifest(tested: &Tested) -> Manifest {
    serde_json::from_slice(&tested.store.bucket().objects[MANIFEST].bytes).unwrap()
}

#[test]
fn an_upload_that_nothing_disturbs_is_told_once_when_everything_is_there() {
    let tested = telling();
    tested.created(&[ORIGINAL]).unwrap();
    let message = messages(&tested).pop().unwrap();
    assert_eq!(messages(&tested).len(), 1);
    let bucket = tested.store.bucket();
    let made = |folder: &str, width, height| {
        let key = format!("{folder}/a/b.jpg");
        let kept = &bucket.objects[&key];
        Made {
            folder: folder.to_owned(),
            url: Some(format!("https://img.example.com/{key}")),
            width,
            height,
            bytes: kept.bytes.len() as u64,
            content_type: "image/jpeg".to_owned(),
            etag: kept.etag.clone(),
            key,
        }
    };
    let expected = Message {
        manifest: Manifest {
            version: 1,
            event: Event::Ready,
            stack: "shop".to_owned(),
            bucket: "photos".to_owned(),
            key: ORIGINAL.to_owned(),
            name: "a/b.jpg".to_owned(),
            etag: Some("v1".to_owned()),
            width: Some(80),
            height: Some(60),
            format: Some("JPEG".to_owned()),
            thumbhash: message.manifest.thumbhash.clone(),
            colour: message.manifest.colour,
            variants: vec![made("40x30", 40, 30), made("20x15", 20, 15)],
            warnings: vec![],
        },
        reason: None,
    };
    assert_eq!(message, expected);
    assert!(message.manifest.thumbhash.is_some_and(|it| it.len() >= 24), "a ThumbHash in base64");
    assert!(message.manifest.colour.is_some_and(|it| it != Colour([0; 3])));
    let kept = &bucket.objects[MANIFEST];
    assert_eq!(kept.content_type, "application/json");
    assert_eq!(kept.cache_control.as_deref(), Some("no-cache"));
    let last: Vec<&String> = bucket.calls.iter().rev().take(3).collect();
    assert_eq!(last[0], "announce ready", "{last:?}");
    drop(bucket);
    assert_eq!(manifest(&tested), expected.manifest);
}

#[test]
fn a_repetition_says_the_same() {
    for has_manifests in [true, false] {
        let mut tested = telling();
        tested.settings.notify.as_mut().unwrap().manifest = has_manifests;
        tested.created(&[ORIGINAL]).unwrap();
        assert_eq!(tested.store.bucket().objects.contains_key(MANIFEST), has_manifests);
        tested.handled(&again()).unwrap();
        let [first, second] = messages(&tested).try_into().unwrap();
        let without_versions = |mut message: Message| {
            for made in &mut message.manifest.variants {
                // The bucket of the tests numbers whatever is written.
                made.etag.clear();
            }
            message
        };
        assert_eq!(without_versions(first), without_versions(second));
        let puts = tested.store.bucket().count("put");
        assert_eq!(puts, if has_manifests { 3 } else { 4 }, "with a manifest nothing is made anew");
    }
}

#[test]
fn a_variant_that_is_made_later_joins_those_of_before() {
    let mut tested = telling();
    let small = tested.settings.variants.pop().unwrap();
    tested.created(&[ORIGINAL]).unwrap();
    let before = manifest(&tested);
    tested.settings.variants.insert(0, small);
    tested.handled(&again()).unwrap();
    let after = messages(&tested).pop().unwrap().manifest;
    let folders: Vec<&str> = after.variants.iter().map(|made| made.folder.as_str()).collect();
    assert_eq!(folders, ["20x15", "40x30"]);
    assert_eq!(after.variants[1], before.variants[0]);
    assert_eq!(after, manifest(&tested));
    assert_eq!(tested.store.bucket().count("put 40x30"), 1);
    // The other way round the hash is that of before, for the smallest variant is.
    let large = Variant::of_size(60, 45);
    tested.settings.variants.push(large);
    tested.handled(&again()).unwrap();
    let last = messages(&tested).pop().unwrap().manifest;
    assert_eq!((last.thumbhash, last.colour), (after.thumbhash, after.colour));
    assert_eq!(last.variants.len(), 3);
}

#[test]
fn a_variant_that_left_the_settings_leaves_the_manifest() {
    let mut tested = telling();
    tested.created(&[ORIGINAL]).unwrap();
    tested.settings.variants.remove(0);
    tested.settings.notify.as_mut().unwrap().cdn = None;
    tested.handled(&again()).unwrap();
    let told = messages(&tested).pop().unwrap().manifest;
    assert_eq!(told.variants.len(), 1);
    assert_eq!(told.variants[0].url, None);
    assert_eq!(told, manifest(&tested));
}

#[test]
fn an_address_names_the_version_where_the_cdn_tells_versions_apart() {
    let mut tested = telling();
    tested.settings.notify.as_mut().unwrap().versions = true;
    tested.created(&[ORIGINAL]).unwrap();
    let told = messages(&tested).pop().unwrap().manifest;
    for made in &told.variants {
        let address = format!("https://img.example.com/{}?v={}", made.key, made.etag);
        assert_eq!(made.url.as_ref(), Some(&address));
    }
    // A manifest from before the key was in the file is written again.
    tested.settings.notify.as_mut().unwrap().versions = false;
    tested.handled(&again()).unwrap();
    let told = messages(&tested).pop().unwrap().manifest;
    assert_eq!(told.variants[0].url.as_deref(), Some("https://img.example.com/40x30/a/b.jpg"));
    assert_eq!(told, manifest(&tested));
}

#[test]
fn a_variant_that_somebody_replaced_is_made_anew() {
    let tested = telling();
    tested.created(&[ORIGINAL]).unwrap();
    let origin = tested.store.bucket().objects["40x30/a/b.jpg"].origin.clone();
    tested.store.upload("40x30/a/b.jpg", b"other".to_vec());
    tested.store.bucket().objects.get_mut("40x30/a/b.jpg").unwrap().origin = origin;
    tested.handled(&again()).unwrap();
    let told = messages(&tested).pop().unwrap().manifest;
    assert_eq!(told.variants[0].etag, tested.store.bucket().objects["40x30/a/b.jpg"].etag);
    assert_eq!(tested.store.bucket().count("put 20x15"), 1);
}

#[test]
fn a_failure_is_told_with_its_reason_and_leaves_no_manifest() {
    let tested = telling();
    tested.created(&[ORIGINAL]).unwrap();
    tested.store.upload(ORIGINAL, b"not an image".to_vec());
    tested.created(&[ORIGINAL]).unwrap();
    let Message { manifest, reason } = messages(&tested).pop().unwrap();
    assert_eq!(manifest.event, Event::Failed);
    assert_eq!(reason, Some(tested.failure("failed/a/b.jpg.json").reason));
    assert_eq!((manifest.variants, manifest.width), (vec![], None));
    assert!(!tested.store.bucket().objects.contains_key(MANIFEST));
}

#[test]
fn a_removal_is_told_where_variants_go_with_their_original() {
    for (on_delete, told) in [(OnDelete::Remove, 2), (OnDelete::Keep, 1)] {
        let mut tested = telling();
        tested.settings.on_delete = on_delete;
        tested.created(&[ORIGINAL]).unwrap();
        tested.store.bucket().objects.remove(ORIGINAL);
        tested.handled(&records(&[record("ObjectRemoved:Delete", ORIGINAL, None)])).unwrap();
        assert_eq!(messages(&tested).len(), told, "{on_delete:?}");
        assert_eq!(tested.store.bucket().objects.contains_key(MANIFEST), told == 1);
        if told == 2 {
            let removed = messages(&tested).pop().unwrap();
            assert_eq!((removed.manifest.event, removed.reason), (Event::Removed, None));
        }
    }
}

#[test]
fn a_message_that_can_not_be_sent_is_tried_again() {
    let tested = telling();
    tested.store.fail("announce ready", vec![passing("sns:Publish"), passing("sns:Publish")]);
    tested.created(&[ORIGINAL]).unwrap();
    assert_eq!((messages(&tested).len(), tested.store.bucket().count("announce")), (1, 3));
    // What lasts is for Lambda to try again, and in the end a dead letter.
    tested.store.fail("announce ready", vec![memory::lasting("sns:Publish")]);
    let error = tested.created(&[ORIGINAL]).unwrap_err().to_string();
    assert!(error.contains("sns:Publish: AccessDenied"), "{error}");
}

#[test]
fn the_newest_version_has_the_last_word() {
    let tested = telling();
    tested.store.after("put 20x15/a/b.jpg", |bucket| {
        bucket.upload(ORIGINAL, fixtures::jpeg_with(&quarters(160, 120), 1, &[]));
    });
    tested.created(&[ORIGINAL]).unwrap();
    let told = messages(&tested);
    assert_eq!(told.len(), 1, "nothing is told of a version that is gone");
    assert_eq!(told[0].manifest.width, Some(160));
    assert_eq!(manifest(&tested), told[0].manifest);
}

#[test]
fn warnings_and_focus_are_told() {
    let tested = telling();
    let metadata = [("imgprep-focus".to_owned(), "7,7".to_owned())];
    tested.store.bucket().metadata.insert(ORIGINAL.to_owned(), metadata.into());
    tested.created(&[ORIGINAL]).unwrap();
    let warnings = messages(&tested).pop().unwrap().manifest.warnings;
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].starts_with("x-amz-meta-imgprep-focus is ignored"), "{warnings:?}");
}
