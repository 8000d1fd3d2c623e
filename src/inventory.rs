//! The images of a stack as its bucket holds them: which original has which variants, and why some
//! have none.
//!
//! There is no index beside the bucket: everything here follows from sorted listings that are read
//! side by side, two pages of each at most, so that a million images take no more memory than a few
//! thousand. Deliberately absent: the stack itself, asking, and printing.

mod backfill;
mod behind;
mod concurrency;
mod listing;
mod merge;
mod origin;
mod pace;
mod prune;
mod publish;
mod records;
mod retry;
mod survey;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use aws_sdk_sqs::types::QueueAttributeName;
use contract::keys::{FAILED_FOLDER, ImagePath, MANIFESTS_FOLDER};
use serde::Serialize;

use self::backfill::Need;
use self::listing::{Folder, Listed, Pages};
use self::merge::{Cursor, Merge};
use self::pace::Pace;
use self::survey::{Seen, Survey};
use self::tally::Tally;
use crate::aws::bucket::Bucket;
use crate::aws::{Aws, AwsError, Calling};
use crate::config::Config;
use crate::engine::resource::Id;
use crate::names::Names;
use crate::resources::{bucket, dead_letters, topic};

pub(crate) use self::backfill::{Backfill, BackfillPlan, BackfillResult, Scope};
pub(crate) use self::behind::Behind;
pub(crate) use self::prune::{Deletion, Pruned};
pub(crate) use self::records::FoundFailure;
pub(crate) use self::retry::{Retried, Retry, RetryOutcome};

/// Where the images of a stack are.
#[derive(Clone, Copy)]
pub(crate) struct Inventory<'a> {
    pub(crate) config: &'a Config,
    pub(crate) aws: &'a Aws,
    pub(crate) names: &'a Names,
}

/// What was being done with the images when AWS refused.
#[derive(Clone, Debug)]
pub(crate) struct Hindrance {
    /// Reads on after "cannot ".
    pub(crate) doing: &'static str,
    pub(crate) resource: Id,
    pub(crate) error: AwsError,
    /// Whether the same command goes on from where it stopped.
    pub(crate) is_resumable: bool,
}

impl Hindrance {
    fn listing(error: AwsError) -> Self {
        let doing = "list the images";
        Self { doing, resource: bucket::ID, error, is_resumable: false }
    }

    fn publishing(error: AwsError) -> Self {
        let doing = "publish on the topic";
        Self { doing, resource: topic::ID, error, is_resumable: true }
    }

    fn deleting(error: AwsError) -> Self {
        let doing = "delete variants";
        Self { doing, resource: bucket::ID, error, is_resumable: true }
    }

    fn counting_dead_letters(error: AwsError) -> Self {
        let doing = "count the dead letters";
        Self { doing, resource: dead_letters::ID, error, is_resumable: false }
    }
}

/// A part of the originals, by their paths below their folder.
#[derive(Clone, Debug, Default)]
pub(crate) struct Range {
    /// What every path begins with.
    pub(crate) prefix: String,
    /// The first path; "" begins with the first there is.
    pub(crate) first: String,
    /// The last path; `None` ends with the last there is.
    pub(crate) last: Option<String>,
}

impl Range {
    pub(crate) fn of_prefix(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), ..Self::default() }
    }
}

/// Everything `imgprep status --images` says beside the stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ImageCounts {
    pub(crate) originals: u64,
    /// By the folder of each size.
    pub(crate) variants: BTreeMap<String, u64>,
    /// Variants that are not there, or older than their original, and for no recorded reason.
    pub(crate) missing: BTreeMap<String, u64>,
    /// Originals that cannot be processed.
    pub(crate) failures: u64,
    /// Originals that lack a variant and must be restored from an archive first.
    pub(crate) archived: u64,
    /// Variants whose original is gone, or in a folder that they are not for.
    pub(crate) orphans: u64,
    /// Messages that neither SNS nor Lambda could deliver; `None` without a queue.
    pub(crate) dead_letters: Option<u64>,
}

impl<'a> Inventory<'a> {
    fn bucket(&self) -> Bucket<'a> {
        Bucket { aws: self.aws, name: &self.names.bucket, account: &self.names.account }
    }

    /// Reads originals, variants and records of a range side by side.
    fn survey(&self, range: &Range) -> Survey<Folder> {
        let after = before(&range.first);
        let cursor = |folder: &str| {
            let pages = Folder::new(self, folder, &range.prefix);
            Cursor::new(pages, after.clone())
        };
        let lined_up = |folder: &str| cursor(folder).until(range.last.clone());
        let originals = lined_up(&self.config.bucket.originals);
        let folders = self.config.variants.iter().map(|variant| lined_up(&variant.folder));
        let merge = Merge::new(originals, folders.collect());
        let manifests = self.config.has_manifests().then(|| cursor(MANIFESTS_FOLDER));
        Survey::new(merge, (cursor(FAILED_FOLDER), manifests), range.clone())
    }

    /// The next original of a survey, or the next variants without one that are left over.
    async fn next(&self, survey: &mut Survey<Folder>) -> Result<Option<Seen>, Hindrance> {
        let mut seen = loop {
            match survey.next().await.map_err(Hindrance::listing)? {
                None => return Ok(None),
                Some(seen) if seen.original.is_none() && self.originals_expire() => {}
                Some(seen) => break seen,
            }
        };
        if seen.original.is_some() {
            seen.sort_out(&self.config.variants);
        }
        let record = ImagePath(&seen.path).record_key();
        // A record or manifest whose name is cut off to fit is not where the survey looks for it. Such
        // paths are rare enough to be asked for one by one.
        let is_cut = ImagePath::of_record(&record) != Some(ImagePath(&seen.path));
        if seen.original.is_some() && is_cut {
            let record = self.listed(FAILED_FOLDER, &record).await.map_err(Hindrance::listing)?;
            seen.record = record.map(|record| record.modified);
            if self.config.has_manifests() {
                let key = ImagePath(&seen.path).manifest_key();
                let manifest = self.listed(MANIFESTS_FOLDER, &key).await;
                seen.variants.pop();
                seen.variants.push(manifest.map_err(Hindrance::listing)?);
            }
        }
        Ok(Some(seen))
    }

    /// Whether originals go and their variants stay, which are then all there is of an image.
    fn originals_expire(&self) -> bool {
        self.config.bucket.storage.expire_originals_days.is_some()
    }

    /// A record or manifest, if it is there: as listings tell it, for of the moment it was written a
    /// HEAD tells only the second.
    async fn listed(&self, folder: &str, key: &str) -> Result<Option<Listed>, AwsError> {
        let name = ImagePath::below(folder, key).map_or(key, |name| name.0);
        let page = Folder::new(self, folder, name).after("").await?;
        Ok(page.listed.into_iter().find(|listed| listed.path == name))
    }

    /// Counts everything.
    pub(crate) async fn count(
        &self,
        tell: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<ImageCounts, Hindrance> {
        let mut tally = Tally::new(self.made_folders().len());
        let mut survey = self.survey(&Range::default());
        let mut pace = Pace::new(self, &Range::default(), tell);
        while let Some(seen) = self.next(&mut survey).await? {
            tally.add(&seen, Need::Missing);
            pace.add(&seen);
        }
        let by_folder = |counts: &[u64]| self.by_folder(counts);
        Ok(ImageCounts {
            originals: tally.originals,
            variants: by_folder(&tally.variants),
            missing: by_folder(&tally.missing),
            failures: tally.failures,
            archived: tally.archived,
            orphans: tally.orphans,
            dead_letters: self.dead_letters().await.map_err(Hindrance::counting_dead_letters)?,
        })
    }

    async fn dead_letters(&self) -> Result<Option<u64>, AwsError> {
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let url =
            self.aws.sqs.get_queue_url().queue_name(&self.names.dead_letters.name).send().await;
        let url = url.found("sqs:GetQueueUrl")?.and_then(|answer| answer.queue_url);
        let Some(url) = url else { return Ok(None) };
        let get = self.aws.sqs.get_queue_attributes().queue_url(url);
        let get = get.attribute_names(name.clone()).send().await;
        let answer = get.found("sqs:GetQueueAttributes")?;
        let count = answer.and_then(|answer| answer.attributes?.remove(&name));
        Ok(count.and_then(|count| count.parse().ok()))
    }

    fn by_folder(&self, counts: &[u64]) -> BTreeMap<String, u64> {
        self.made_folders().into_iter().zip(counts.iter().copied()).collect()
    }

    /// The folders of what is made of an original, in the order in which a survey has it.
    fn made_folders(&self) -> Vec<String> {
        self.config.made_folders()
    }

    fn original_key(&self, path: &str) -> String {
        ImagePath(path).key_in(&self.config.bucket.originals)
    }

    /// A path or a key as people type it, as a path.
    pub(crate) fn path<'key>(&self, key: &'key str) -> &'key str {
        ImagePath::below(&self.config.bucket.originals, key).map_or(key, |path| path.0)
    }
}

/// A text that sorts before a path, with as little as possible in between: listings begin after a
/// key, and a range begins with one.
fn before(path: &str) -> String {
    let mut text = path.to_owned();
    text.pop();
    text
}
