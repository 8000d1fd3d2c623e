//! `fallback` of `[cdn]`: the picture that is shown for a variant that is not there.

use contract::settings::Variant;

use super::folder_rules::{Overlap, beside_reserved, path};
use super::problem::Fault;
use super::table::Table;

/// The key of the picture, if the file names one.
pub(super) fn fallback(table: &Table<'_>, originals: &str, variants: &[Variant]) -> Option<String> {
    let key = table.text("fallback", key)?;
    if let Err(fault) = beside_folders(&key.value, originals, variants) {
        table.report("fallback", &key, fault);
    }
    Some(key.value)
}

/// A key of the bucket whose path CloudFront takes ("Path pattern" in the Amazon CloudFront Developer
/// Guide) and that means nothing but itself in a policy.
fn key(name: &str) -> Result<(), Fault> {
    let rule = "a fallback is the key of an image in the bucket, such as `fallback.png`: 1 to 200 \
                letters, digits and any of `-_.@`, with `/` between folders";
    path(name, "-_.@/", rule)
}

/// Refuses a key among what else is in the bucket.
fn beside_folders(key: &str, originals: &str, variants: &[Variant]) -> Result<(), Fault> {
    const INSTEAD: &str = "name another key, such as `fallback.png`";
    let in_the_way = |overlap: Overlap, folder: &str, why: &str| {
        Err(Fault::new(format!("{} `{folder}`", overlap.verb())).label(INSTEAD).help(why))
    };
    if let Some(overlap) = Overlap::of(key, originals) {
        let why = "the function would make variants of it, and originals are never public";
        return in_the_way(overlap, originals, why);
    }
    for variant in variants {
        if let Some(overlap) = Overlap::of(key, &variant.folder) {
            let why = "`imgprep prune` would delete it there, as a variant without an original";
            return in_the_way(overlap, &variant.folder, why);
        }
    }
    beside_reserved(key).map_err(|fault| fault.label(INSTEAD))
}
