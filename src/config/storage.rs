//! What `[bucket]` says of storage: where originals are moved to, when they expire, and whether the
//! bucket keeps versions.

use super::problem::Fault;
use super::table::{Table, Words};
use super::{Move, Storage, StorageClass, limit_rules};

const CLASSES: &Words<StorageClass> = &[
    (StorageClass::IntelligentTiering.word(), StorageClass::IntelligentTiering),
    (StorageClass::GlacierInstant.word(), StorageClass::GlacierInstant),
];

pub(super) fn storage(table: &Table<'_>) -> Storage {
    let class = table.word("originals_storage", CLASSES);
    let after_days = table.number("originals_storage_days", limit_rules::days_until_moved);
    let expire_originals_days = table.number("expire_originals_days", limit_rules::days_kept);
    let versioning = table.flag("versioning").unwrap_or_default();
    let has = |key: &str| table.key_span(key).is_some();
    if has("originals_storage_days") && !has("originals_storage") {
        let help = "add `originals_storage`: `intelligent-tiering` or `glacier-instant`";
        let fault = Fault::new("has no storage class to move originals to").help(help);
        table.report_key("originals_storage_days", fault);
    }
    let originals =
        class.map(|class| Move { class, after_days: after_days.unwrap_or(class.default_days()) });
    if let (Some(Move { after_days, .. }), Some(kept)) = (originals, expire_originals_days)
        && kept <= after_days
    {
        let fault = Fault::new(format!("is {kept}, but originals are moved after {after_days}"))
            .label("must be more days than `originals_storage_days`")
            .help("what expires that early need not be moved: remove `originals_storage`");
        table.report_key("expire_originals_days", fault);
    }
    Storage { originals, expire_originals_days, versioning }
}
