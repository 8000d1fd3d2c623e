//! What a survey comes to, in numbers.

use super::backfill::Need;
use super::survey::Seen;

/// Counts over originals and their variants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) originals: u64,
    /// Variants of originals, in the order of the file.
    pub(crate) variants: Vec<u64>,
    /// Variants to be made, in the order of the file.
    pub(crate) missing: Vec<u64>,
    /// Originals of which a variant is to be made.
    pub(crate) lacking: u64,
    pub(crate) failures: u64,
    /// Originals of which a variant is to be made, and that are archived.
    pub(crate) archived: u64,
    /// Variants without an original, or of one that they are not for.
    pub(crate) orphans: u64,
    /// When the newest of all was written.
    pub(crate) newest: i64,
}

impl Tally {
    pub(crate) fn new(folders: usize) -> Self {
        Self {
            originals: 0,
            variants: vec![0; folders],
            missing: vec![0; folders],
            lacking: 0,
            failures: 0,
            archived: 0,
            orphans: 0,
            newest: 0,
        }
    }

    pub(crate) fn add(&mut self, seen: &Seen, need: Need) {
        let there = seen.variants.iter().flatten();
        let moments = there.clone().chain(&seen.original).map(|listed| listed.modified);
        self.newest = moments.chain(seen.record).fold(self.newest, i64::max);
        if seen.original.is_none() {
            self.orphans += there.map(|_| 1).sum::<u64>();
            return;
        }
        self.originals += 1;
        self.orphans += seen.strays.len() as u64;
        for (count, variant) in self.variants.iter_mut().zip(&seen.variants) {
            *count += u64::from(variant.is_some());
        }
        if seen.is_failed(need) {
            self.failures += 1;
            return;
        }
        if seen.is_archived() {
            self.archived += u64::from(seen.lacking(need).next().is_some());
            return;
        }
        let mut is_lacking = false;
        for place in seen.lacking(need) {
            self.missing[place] += 1;
            is_lacking = true;
        }
        self.lacking += u64::from(is_lacking);
    }
}
