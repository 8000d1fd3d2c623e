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
    assert_snapshot!(verdicts(wrong, file), @"");
}

#[test]
fn an_expiry_before_the_move_is_shown_where_it_is() {
    let lines = "bucket.originals_storage = 'glacier-instant'\nbucket.expire_originals_days = 7\n";
    assert_snapshot!(refused_lines(lines), @"");
}
