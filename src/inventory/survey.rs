//! Originals with their variants and the records of their failures, a row at a time.
//!
//! Records and manifests do not line up with the rest: they are called after the original with `.json`
//! at the end, and `a` sorts before `a.b`, but `a.json` after `a.b.json`. Only a path that another one
//! begins with is affected, so it is held back until the others that go first have passed. What is
//! held are prefixes of one path: no more of them than a key has bytes.

use std::collections::VecDeque;

use contract::keys::ImagePath;
use contract::settings::Variant;

use super::Range;
use super::backfill::Need;
use super::listing::{Listed, Pages};
use super::merge::{Cursor, Merge, Row};
use crate::aws::AwsError;

/// An original with what has become of it, or variants whose original is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) original: Option<Listed>,
    /// In the order of the file; then the manifest, if the stack has any.
    pub(crate) variants: Vec<Option<Listed>>,
    /// Variants that are there although they are not for the original's folder, by their places.
    pub(crate) strays: Vec<(usize, Listed)>,
    /// The places of the variants that are not for its folder.
    pub(crate) unwanted: Vec<usize>,
    /// When it was recorded that it cannot be processed.
    pub(crate) record: Option<i64>,
}

impl Seen {
    /// The places of the variants that are still to be made.
    pub(crate) fn lacking(&self, need: Need) -> impl Iterator<Item = usize> {
        let original = self.original.as_ref().map(|original| original.modified);
        let variants = self.variants.iter().enumerate();
        let wanted = variants.filter(|(place, _)| !self.unwanted.contains(place));
        wanted.filter_map(move |(place, variant)| {
            let is_made = match (original, variant) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(original), Some(variant)) => need.is_met(original, variant.modified),
            };
            (!is_made).then_some(place)
        })
    }

    /// Leaves out the variants that are not made of originals in its folder.
    pub(crate) fn sort_out(&mut self, variants: &[Variant]) {
        let path = ImagePath(&self.path);
        for (place, _) in variants.iter().enumerate().filter(|(_, it)| !it.takes(path)) {
            self.unwanted.push(place);
            self.strays.extend(self.variants[place].take().map(|listed| (place, listed)));
        }
        if self.unwanted.len() == variants.len() {
            // Nothing is told of an original without variants.
            self.unwanted.extend(variants.len()..self.variants.len());
        }
    }

    /// Whether it is on record that this version cannot be processed.
    ///
    /// The record names the version, but reading each would be a call; its time says as much, but
    /// for an upload within the same second.
    pub(crate) fn is_failed(&self, need: Need) -> bool {
        match (&self.original, self.record) {
            (Some(original), Some(record)) => need.is_met(original.modified, record),
            _ => false,
        }
    }

    /// Whether nothing can be made of it until somebody restores it from an archive.
    pub(crate) fn is_archived(&self) -> bool {
        self.original.as_ref().is_some_and(|original| original.is_archived)
    }

    /// Whether it has a variant that is older than itself: then the whole of it is another version.
    pub(crate) fn is_replaced(&self) -> bool {
        let Some(original) = &self.original else { return false };
        self.variants.iter().flatten().any(|variant| variant.modified < original.modified)
    }
}

/// The rows of a range, with their records.
pub(crate) struct Survey<P> {
    merge: Merge<P>,
    records: Cursor<P>,
    manifests: Option<Cursor<P>>,
    range: Range,
    /// Each begins with the one before.
    held: Vec<Row>,
    /// In the order of the records.
    ready: VecDeque<Row>,
}

impl<P: Pages> Survey<P> {
    pub(crate) fn new(
        merge: Merge<P>,
        (records, manifests): (Cursor<P>, Option<Cursor<P>>),
        range: Range,
    ) -> Self {
        Self { merge, records, manifests, range, held: Vec::new(), ready: VecDeque::new() }
    }

    /// The next row, in the order of the records' names; rows without an original come as they are.
    pub(crate) async fn next(&mut self) -> Result<Option<Seen>, AwsError> {
        loop {
            if let Some(row) = self.ready.pop_front() {
                let record = named_after(&mut self.records, &row.path).await?;
                let mut seen = seen(row, record.map(|record| record.modified));
                if let Some(manifests) = &mut self.manifests {
                    seen.variants.push(named_after(manifests, &seen.path).await?);
                }
                return Ok(Some(seen));
            }
            match self.row().await? {
                Some(row) if row.original.is_none() => {
                    let mut seen = seen(row, None);
                    seen.variants.extend(self.manifests.as_ref().map(|_| None));
                    return Ok(Some(seen));
                }
                Some(row) => self.hold(row),
                None if self.held.is_empty() => return Ok(None),
                None => self.ready.extend(self.held.drain(..).rev()),
            }
        }
    }

    /// The next row within the range.
    async fn row(&mut self) -> Result<Option<Row>, AwsError> {
        let Range { first, last, .. } = &self.range;
        while let Some(row) = self.merge.next().await? {
            if last.as_ref().is_some_and(|last| row.path > *last) {
                return Ok(None);
            }
            if row.path >= *first {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    fn hold(&mut self, row: Row) {
        while let Some(top) = self.held.pop() {
            if goes_first(&row.path, &top.path) {
                self.held.push(top);
                break;
            }
            self.ready.push_back(top);
        }
        self.held.push(row);
    }
}

/// The record or manifest of a path; paths come in the order of their names.
async fn named_after<P: Pages>(
    cursor: &mut Cursor<P>,
    path: &str,
) -> Result<Option<Listed>, AwsError> {
    let name = ImagePath(path).record_name();
    loop {
        cursor.fill().await?;
        match cursor.head() {
            Some(head) if head.path < name => drop(cursor.take()),
            Some(head) if head.path == name => return Ok(cursor.take()),
            _ => return Ok(None),
        }
    }
}

/// Whether the record of `path` comes before that of `held`, which is before `path`.
fn goes_first(path: &str, held: &str) -> bool {
    let [record, held_record] = [path, held].map(|path| ImagePath(path).record_name());
    record < held_record
}

fn seen(row: Row, record: Option<i64>) -> Seen {
    let Row { path, original, variants } = row;
    Seen { path, original, variants, strays: Vec::new(), unwanted: Vec::new(), record }
}
