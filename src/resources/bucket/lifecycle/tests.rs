//! Which rules a file asks for, how they stand beside others', and what people are told of them.

use aws_sdk_s3::types::{Transition, TransitionStorageClass};
use serde_json::json;

use super::*;
use crate::config::{Move, Storage};
use crate::engine::fields::{Values, difference};
use crate::engine::resource::Resource;
use crate::names::Names;

fn bucket(storage: Storage) -> Bucket {
    Bucket {
        names: Names::stand_in().into(),
        public_acl: false,
        origins: Vec::new(),
        storage,
        originals: "in/photos".to_owned(),
        remade_folders: vec!["small".to_owned(), "failed".to_owned()],
        plain_http: false,
        images: None,
    }
}

const NOTHING: Storage =
    Storage { originals: None, expire_originals_days: None, versioning: false };

fn moved(class: StorageClass) -> Storage {
    let after_days = class.default_days();
    Storage { originals: Some(Move { class, after_days }), ..NOTHING }
}

fn names(storage: Storage) -> Vec<String> {
    let rules = bucket(storage).lifecycle_rules().into_iter();
    rules.map(|rule| format!("{} {}", rule.name, rule.prefix)).collect()
}

#[test]
fn rules_are_for_what_the_file_asks_and_for_nothing_else() {
    assert_eq!(names(NOTHING), [""; 0]);
    let uploads = "uploads in/photos/";
    let tiered = moved(StorageClass::IntelligentTiering);
    assert_eq!(names(tiered), ["storage in/photos/", uploads]);
    let expiring = Storage { expire_originals_days: Some(9), ..NOTHING };
    assert_eq!(names(expiring), ["expiry in/photos/", uploads]);
    let versioned = Storage { versioning: true, ..NOTHING };
    assert_eq!(names(versioned), ["small/ small/", "failed/ failed/", uploads]);
}

fn theirs(id: &str, prefix: &str) -> LifecycleRule {
    let expiration = LifecycleExpiration::builder().days(3).build();
    let filter = aws_sdk_s3::types::LifecycleRuleFilter::builder().prefix(prefix).build();
    let rule = LifecycleRule::builder().id(id).filter(filter).expiration(expiration);
    rule.status(ExpirationStatus::Enabled).build().unwrap()
}

fn document(rules: Vec<LifecycleRule>) -> Document {
    Document::builder().set_rules(Some(rules)).build()
}

/// The rules of a stack whose name begins with that of ours are not ours.
#[test]
fn others_stay_as_they_are_and_ours_are_replaced() {
    let bucket = bucket(moved(StorageClass::GlacierInstant));
    let others = vec![theirs("theirs", "logs/"), theirs("imgprep-s-2:storage", "in/photos/")];
    let old = [theirs("imgprep-s:expiry", "elsewhere/"), theirs("imgprep-s:large/", "large/")];
    let present = || document([others.clone(), old.to_vec()].concat());
    let merged = bucket.merged(present(), &bucket.ours().unwrap()).unwrap();
    let ids: Vec<&str> = merged.iter().filter_map(LifecycleRule::id).collect();
    let expected = ["theirs", "imgprep-s-2:storage", "imgprep-s:storage", "imgprep-s:uploads"];
    assert_eq!(ids, expected);
    assert_eq!(merged[..2], others);
    assert_eq!(bucket.merged(present(), &[]).unwrap(), others);
}

#[test]
#[expect(deprecated, reason = "S3 still hands out what was written so")]
fn rules_of_the_old_form_are_written_in_ours() {
    let bucket = bucket(moved(StorageClass::GlacierInstant));
    let mut old = theirs("theirs", "logs/");
    (old.filter, old.prefix) = (None, Some("logs/".to_owned()));
    let present = || document(vec![old.clone()]);
    let merged = bucket.merged(present(), &bucket.ours().unwrap()).unwrap();
    assert!(merged.iter().all(|rule| rule.prefix().is_none() && rule.filter().is_some()));
    assert_eq!(shown(&merged[0]), shown(&old));
    // Nothing is gained where ours go.
    assert_eq!(bucket.merged(present(), &[]).unwrap(), [old]);
}

#[test]
fn more_rules_than_s3_keeps_are_refused_with_both_numbers() {
    let bucket = bucket(moved(StorageClass::GlacierInstant));
    let others = |count: usize| {
        document((0..count).map(|number| theirs(&number.to_string(), "logs/")).collect())
    };
    let ours = bucket.ours().unwrap();
    assert_eq!(bucket.merged(others(998), &ours).unwrap().len(), 1000);
    let error = bucket.merged(others(999), &ours).unwrap_err();
    assert_eq!(
        error.to_string(),
        "s3:PutLifecycleConfiguration: the bucket has 999 lifecycle rules of others, and S3 takes \
         no more than 1000 with the 2 of imgprep; remove some of them"
    );
}

#[test]
fn somebody_elses_rule_about_originals_is_named() {
    let both = moved(StorageClass::GlacierInstant);
    let mut moving = theirs("theirs", "in/photos/2024/");
    let deep = Transition::builder().days(1).storage_class(TransitionStorageClass::DeepArchive);
    (moving.expiration, moving.transitions) = (None, Some(vec![deep.build()]));
    let mut off = theirs("off", "");
    off.status = ExpirationStatus::Disabled;
    let expiring = Storage { expire_originals_days: Some(9), ..NOTHING };
    let named =
        |storage: Storage, rule: &LifecycleRule| bucket(storage).rival(std::slice::from_ref(rule));
    assert_eq!(
        named(both, &moving).unwrap(),
        "the lifecycle rule `theirs`, which is not imgprep's, also moves `in/photos/2024/`: S3 \
         does whatever is due first; remove that rule or the keys in the file"
    );
    let whole = named(expiring, &theirs("theirs", "")).unwrap();
    assert!(
        whole.contains("`theirs`, which is not imgprep's, also expires all objects:"),
        "{whole}"
    );
    assert_eq!(named(expiring, &moving), None, "what is moved expires all the same");
    assert_eq!(named(both, &off), None);
    assert_eq!(named(both, &theirs("theirs", "small/")), None);
    assert_eq!(named(NOTHING, &theirs("theirs", "")), None);
    assert_eq!(named(both, &theirs("imgprep-s:expiry", "in/photos/")), None, "it is ours");
}

fn remark(have: Storage, want: Storage) -> Option<String> {
    let [have, want] = [have, want].map(|storage| Values::of(&Resource::fields(&bucket(storage))));
    Fields::remark(&difference(&want, &have))
}

#[test]
fn a_plan_says_what_a_move_costs_and_what_is_lost() {
    let tiered = moved(StorageClass::IntelligentTiering);
    let glacier = moved(StorageClass::GlacierInstant);
    assert_eq!(
        remark(NOTHING, tiered).unwrap(),
        "S3 charges for each object that it moves, those already there included: $0.01 per 1,000 \
         at us-east-1 prices"
    );
    assert!(remark(tiered, glacier).unwrap().contains("$0.02 per 1,000"));
    let expiring = Storage { expire_originals_days: Some(9), ..NOTHING };
    assert_eq!(
        remark(NOTHING, expiring).unwrap(),
        "S3 will delete originals 9 days after their upload, those already there included"
    );
    let all = Storage { expire_originals_days: Some(99), versioning: true, ..tiered };
    assert!(remark(NOTHING, all).unwrap().contains("prices; S3 will delete originals 99 days"));
    assert_eq!(
        remark(all, Storage { versioning: false, ..all }).unwrap(),
        "S3 can suspend versioning, not switch it off: older versions stay, and are paid for, \
         until somebody deletes them"
    );
    for (have, want) in [(all, all), (tiered, NOTHING), (NOTHING, NOTHING)] {
        assert_eq!(remark(have, want), None);
    }
    let versioned = Storage { versioning: true, ..NOTHING };
    assert_eq!(remark(NOTHING, versioned), None);
}

#[test]
fn what_is_lost_is_told_as_such() {
    let edits = |have: Storage, want: Storage| {
        let of = |storage| Values::of(&Resource::fields(&bucket(storage)));
        difference(&of(want), &of(have))
    };
    let expiring = |days| Storage { expire_originals_days: Some(days), ..NOTHING };
    let versioned = Storage { versioning: true, ..NOTHING };
    assert!(remark(expiring(9), expiring(1)).unwrap().contains("originals 1 day after"));
    for (have, want, is_lost) in [
        (NOTHING, expiring(9), true),
        (expiring(9), expiring(1), true),
        (expiring(9), NOTHING, false),
        (NOTHING, moved(StorageClass::GlacierInstant), false),
        // There are no versions yet.
        (NOTHING, versioned, false),
    ] {
        assert_eq!(Fields::lost(&edits(have, want)).is_some(), is_lost, "{have:?} {want:?}");
    }
    // A bucket that had versions before the rules about them.
    let mut edits = edits(NOTHING, versioned);
    edits.retain(|edit| edit.path == Fields::lifecycle.as_str());
    assert!(Fields::lost(&edits).is_some());
    assert_eq!(
        Fields::remark(&edits).unwrap(),
        "S3 will delete versions 7 days after they were replaced, those already there included"
    );
}

#[test]
fn rules_are_shown_by_their_names() {
    let shown = bucket(moved(StorageClass::IntelligentTiering)).lifecycle().unwrap();
    assert_eq!(
        shown,
        json!({
            "storage": {
                "status": "Enabled", "prefix": "in/photos/",
                "transitions": [{ "days": 0, "storage_class": "INTELLIGENT_TIERING" }],
            },
            "uploads": { "status": "Enabled", "prefix": "in/photos/", "abort_uploads_days": 7 },
        })
    );
}
