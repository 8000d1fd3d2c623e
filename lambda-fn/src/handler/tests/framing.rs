//! What the uploader says of an original, and variants of some originals only.

use contract::{
    framing::{CROP_METADATA, FOCUS_METADATA, Focus, Share},
    settings::{Gravity, Watermark},
};

use super::*;

/// An original with this metadata, processed.
fn processed(metadata: &[(&str, &str)]) -> Tested {
    let tested = tested();
    tested.store.upload("originals/a", photo());
    let metadata = metadata.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    tested.store.bucket().metadata.insert("originals/a".to_owned(), metadata.collect());
    tested.created(&["originals/a"]).unwrap();
    tested
}

#[test]
fn a_variant_knows_the_framing_it_was_made_by() {
    let tested = processed(&[(FOCUS_METADATA, "0.2,0.3")]);
    let framing = Framing { focus: Focus::parse("0.2,0.3"), crop: None };
    let expected = tested.settings.variants[0].fingerprint(&framing);
    let bucket = tested.store.bucket();
    assert_eq!(bucket.objects["40x30/a"].origin.as_ref().unwrap().settings, expected);
    drop(bucket);
    assert!(tested.lines().pop().unwrap().get("warnings").is_none());
}

#[test]
fn another_framing_of_the_same_bytes_makes_the_variants_anew() {
    let tested = processed(&[(FOCUS_METADATA, "0.2,0.3")]);
    let again =
        records(&[record("ObjectCreated:Copy", "originals/a", Some("1999-12-31T23:59:59.999Z"))]);
    let puts = || tested.store.bucket().count("put");
    tested.handled(&again).unwrap();
    assert_eq!(puts(), 2, "nothing has changed");
    let focus = [(FOCUS_METADATA.to_owned(), "0.9,0.3".to_owned())];
    tested.store.bucket().metadata.insert("originals/a".to_owned(), focus.into());
    tested.handled(&again).unwrap();
    assert_eq!(puts(), 4);
}

#[test]
fn metadata_that_makes_no_sense_is_a_warning() {
    let tested = processed(&[(FOCUS_METADATA, "2,2"), (CROP_METADATA, "0,0,0,0")]);
    let line = tested.lines().pop().unwrap();
    let expected = json!([
        "x-amz-meta-imgprep-focus is ignored: `2,2` is not two numbers from 0 to 1, such as \
         `0.31,0.62`",
        "x-amz-meta-imgprep-crop is ignored: `0,0,0,0` is not a part of the image: left, top, width \
         and height from 0 to 1, such as `0.1,0.1,0.8,0.5`",
    ]);
    assert_eq!((&line["level"], &line["warnings"]), (&json!("warn"), &expected));
    assert_eq!(tested.store.keys(), ["20x15/a", "40x30/a", "originals/a"]);
}

#[test]
fn a_variant_is_made_of_originals_in_its_folders_only() {
    let mut tested = tested();
    tested.settings.variants[0].only = vec!["products/".to_owned()];
    for key in ["originals/products/a", "originals/b"] {
        tested.store.upload(key, photo());
    }
    tested.created(&["originals/products/a", "originals/b"]).unwrap();
    let expected =
        ["20x15/b", "20x15/products/a", "40x30/products/a", "originals/b", "originals/products/a"];
    assert_eq!(tested.store.keys(), expected);
}

#[test]
fn an_original_that_no_variant_is_for_is_left_alone() {
    let mut tested = tested();
    for variant in &mut tested.settings.variants {
        variant.only = vec!["products/".to_owned()];
    }
    tested.store.upload("originals/b", photo());
    let outcome = tested.created(&["originals/b"]).unwrap();
    assert_eq!(outcome, Outcome { ignored: 1, ..Outcome::default() });
    assert_eq!(tested.store.bucket().calls, [""; 0]);
    let reason = json!("no variant is made of originals in its folder");
    assert_eq!(tested.lines().pop().unwrap()["reason"], reason);
}

#[test]
fn a_watermark_is_drawn_and_one_that_is_not_there_is_a_failure() {
    let mut tested = tested();
    tested.settings.variants[0].watermark = Some(Watermark {
        image: "logo".to_owned(),
        gravity: Gravity::Center,
        scale: Share::parse("1").unwrap(),
        opacity: Share::parse("1").unwrap(),
        margin: Share::parse("0").unwrap(),
    });
    tested.store.upload("originals/a", photo());
    assert_eq!(tested.created(&["originals/a"]).unwrap().failed, ["originals/a"]);
    let reason = tested.failure("failed/a.json").reason;
    assert!(reason.contains("logo"), "{reason}");
    let mut watermarks = Watermarks::default();
    let logo = fixtures::encoded(&quarters(80, 60), image::ImageFormat::Png);
    watermarks.add("logo", &logo, &tested.limits).unwrap();
    tested.watermarks = Arc::new(watermarks);
    assert_eq!(tested.created(&["originals/a"]).unwrap().processed, ["originals/a"]);
    assert_eq!(tested.store.keys(), ["20x15/a", "40x30/a", "originals/a"]);
}
