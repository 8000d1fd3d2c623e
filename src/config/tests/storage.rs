//! Where originals are kept, and how long.

use insta::assert_snapshot;

use super::super::{Move, Storage, StorageClass};
use super::{LEAST, accepted, refused_lines, verdicts};

fn file(keys: &str) -> String {
    format!("[bucket]\nname = 'photos'\n{keys}\n[[variants]]\nsize = '400x300'\n")
}

#[test]
fn each_class_has_its_days() {
    use StorageClass::{GlacierInstant, IntelligentTiering};
    let moved = |keys: &str| accepted(&file(keys)).bucket.storage.originals;
    for (keys, class, after_days) in [
        ("originals_storage = 'intelligent-tiering'", IntelligentTiering, 0),
        ("originals_storage = 'glacier-instant'", GlacierInstant, 30),
        ("originals_storage = 'glacier-instant'\noriginals_storage_days = 0", GlacierInstant, 0),
    ] {
        assert_eq!(moved(keys), Some(Move { class, after_days }), "{keys}");
    }
    assert_eq!(accepted(LEAST).bucket.storage, Storage::default());
    assert_eq!(accepted(&file("versioning = false")).bucket.storage, Storage::default());
}

#[test]
fn what_makes_no_sense_is_refused() {
    let wrong = [
        "originals_storage = 'glacier'",
        "originals_storage = true",
        "originals_storage_days = 30",
        "originals_storage = 'glacier-instant'\noriginals_storage_days = -1",
        "expire_originals_days = 0",
        "expire_originals_days = 36501",
        "expire_originals_days = '1'",
        "originals_storage = 'glacier-instant'\nexpire_originals_days = 30",
        "originals_storage = 'glacier-instant'\nexpire_originals_days = 31",
        "originals_storage = 'intelligent-tiering'\nexpire_originals_days = 1",
        "versioning = 'on'",
    ];
    assert_snapshot!(verdicts(wrong, file), @r"
    originals_storage = 'glacier' => `bucket.originals_storage` is `glacier`: did you mean `glacier-instant`?
    originals_storage = true => `bucket.originals_storage` is a boolean, not a string: `originals_storage` is `intelligent-tiering` or `glacier-instant`
    originals_storage_days = 30 => `bucket.originals_storage_days` has no storage class to move originals to: add `originals_storage`: `intelligent-tiering` or `glacier-instant`
    originals_storage = 'glacier-instant'
    originals_storage_days = -1 => `bucket.originals_storage_days` is -1: must be 0–36500 days
    expire_originals_days = 0 => `bucket.expire_originals_days` is 0: must be 1–36500 days
    expire_originals_days = 36501 => `bucket.expire_originals_days` is 36501: must be 1–36500 days
    expire_originals_days = '1' => `bucket.expire_originals_days` is a string, not an integer: write it without quotes: `1`
    originals_storage = 'glacier-instant'
    expire_originals_days = 30 => `bucket.expire_originals_days` is 30, but originals are moved after 30: must be more days than `originals_storage_days`
    originals_storage = 'glacier-instant'
    expire_originals_days = 31 => accepted
    originals_storage = 'intelligent-tiering'
    expire_originals_days = 1 => accepted
    versioning = 'on' => `bucket.versioning` is a string, not a boolean: write `true` or `false`
    ");
}

#[test]
fn an_expiry_before_the_move_is_shown_where_it_is() {
    let lines = "bucket.originals_storage = 'glacier-instant'\nbucket.expire_originals_days = 7\n";
    assert_snapshot!(refused_lines(lines), @"
    error: `bucket.expire_originals_days` is 7, but originals are moved after 30
     --> pipeline.toml:4:8
      |
    4 | bucket.expire_originals_days = 7
      |        ^^^^^^^^^^^^^^^^^^^^^ must be more days than `originals_storage_days`
      |
      = help: what expires that early need not be moved: remove `originals_storage`
    ");
}
