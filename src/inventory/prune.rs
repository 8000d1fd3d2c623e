//! What belongs to nothing any more: variants whose original or size is gone, or which are not for
//! its folder, and records of failures whose original is gone.
//!
//! Only what the function made is deleted, which its metadata tells, and only if the original, where
//! it was gone, is still gone at that moment.

use std::collections::BTreeMap;

use contract::keys::{ImagePath, MANIFESTS_FOLDER};
use contract::message::Manifest;
use contract::settings::SOURCE_METADATA;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;

use super::listing::{Folder, Listed};
use super::merge::Cursor;
use super::pace::Pace;
use super::survey::Seen;
use super::{Hindrance, Inventory, Range};
use crate::amounts;
use crate::aws::wait::{Stop, Wait, retry_while};
use crate::aws::{AwsError, objects};

/// How many objects are deleted at once, and looked at before.
const BATCH_MAX: usize = 1000;
const PARALLEL_LOOKS: usize = 32;
/// How many keys are named one by one.
const NAMED_MAX: usize = 100;

/// Whether anything is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deletion {
    Shown,
    Done,
}

/// What belongs to nothing, and whether it is gone now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Pruned {
    pub(crate) deleted: bool,
    /// Variants whose original is gone, or in a folder that they are not for, by their folder.
    pub(crate) orphans: BTreeMap<String, u64>,
    pub(crate) orphan_bytes: u64,
    /// Records of failures whose original is gone.
    pub(crate) records: u64,
    /// The first variants and records by their keys.
    pub(crate) keys: Vec<String>,
    /// Objects in the folders of variants that the function did not make; they stay.
    pub(crate) foreign: u64,
    /// Folders of sizes that are no longer in the file.
    pub(crate) folders: Vec<RetiredFolder>,
}

/// The folder of a size that is no longer in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct RetiredFolder {
    pub(crate) folder: String,
    pub(crate) objects: u64,
    pub(crate) bytes: u64,
}

/// A variant that belongs to nothing.
struct Orphan {
    folder: String,
    key: String,
    bytes: u64,
    /// The key of the original that must be gone; nothing if the variant is not for its folder.
    original: Option<String>,
}

/// What is to be deleted.
struct Doomed {
    key: String,
    /// The key of the original that must be gone, if it must.
    original: Option<String>,
}

/// What a look at an orphan says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ours,
    Foreign,
    /// It is gone, or its original is back.
    Not,
}

impl Pruned {
    pub(crate) fn orphans_count(&self) -> u64 {
        self.orphans.values().sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.orphans_count() + self.records == 0 && self.folders.is_empty()
    }
}

impl Inventory<'_> {
    /// Finds what belongs to nothing, and deletes it if told so. `retired` are the folders of sizes
    /// that are no longer in the file, without a final slash.
    pub(crate) async fn prune(
        &self,
        retired: &[String],
        deletion: Deletion,
        (stop, tell): (&Stop, &(dyn Fn(&str) + Send + Sync)),
    ) -> Result<Pruned, Hindrance> {
        let mut pruned = Pruned {
            deleted: deletion == Deletion::Done,
            orphans: BTreeMap::new(),
            orphan_bytes: 0,
            records: 0,
            keys: Vec::new(),
            foreign: 0,
            folders: Vec::new(),
        };
        let tell_wait = |what: &str| tell(&format!("waiting for {what}"));
        let wait = objects::deletion_wait(stop, &tell_wait);
        let mut survey = self.survey(&Range::default());
        let mut pace = Pace::new(self, &Range::default(), tell);
        let mut batch = Vec::new();
        while let Some(seen) = self.next(&mut survey).await? {
            pace.add(&seen);
            batch.extend(self.orphans(&seen));
            if batch.len() + self.config.variants.len() > BATCH_MAX {
                self.prune_batch(&mut pruned, std::mem::take(&mut batch), &wait).await?;
                let orphans = amounts::counted(pruned.orphans_count(), "variant");
                tell(&format!("{orphans} that belong to nothing"));
            }
            if stop.is_asked() {
                return Ok(pruned);
            }
        }
        self.prune_batch(&mut pruned, batch, &wait).await?;
        self.prune_records(&mut pruned, &wait).await?;
        self.prune_manifests(&mut pruned, &wait).await?;
        for folder in retired {
            if stop.is_asked() {
                break;
            }
            let counted = self.prune_folder(folder, deletion, &wait).await?;
            pruned.folders.push(counted);
        }
        Ok(pruned)
    }

    fn orphans(&self, Seen { path, original, variants, strays, .. }: &Seen) -> Vec<Orphan> {
        let orphan = |place: usize, variant: &Listed, original| {
            let folder = self.config.variants[place].folder.clone();
            let key = ImagePath(path).key_in(&folder);
            Orphan { folder, key, bytes: variant.bytes, original }
        };
        let strays = strays.iter().map(|(place, variant)| orphan(*place, variant, None));
        if original.is_some() {
            return strays.collect();
        }
        // Without an original a row has no manifest: those are looked for by themselves.
        let there = variants.iter().enumerate();
        let there = there.filter_map(|(place, variant)| Some((place, variant.as_ref()?)));
        let original = || Some(self.original_key(path));
        there.map(|(place, variant)| orphan(place, variant, original())).collect()
    }

    async fn prune_batch(
        &self,
        pruned: &mut Pruned,
        batch: Vec<Orphan>,
        wait: &Wait<'_>,
    ) -> Result<(), Hindrance> {
        let looks = batch.into_iter().map(|orphan| async {
            let verdict = self.verdict(&orphan).await?;
            Ok::<_, AwsError>((orphan, verdict))
        });
        let looks = stream::iter(looks).buffered(PARALLEL_LOOKS).try_collect::<Vec<_>>();
        let mut doomed = Vec::new();
        let mut counted = Vec::new();
        for (orphan, verdict) in looks.await.map_err(Hindrance::listing)? {
            match verdict {
                Verdict::Ours => {
                    doomed.push(Doomed { key: orphan.key, original: orphan.original });
                    counted.push((orphan.folder, orphan.bytes));
                }
                Verdict::Foreign => pruned.foreign += 1,
                Verdict::Not => {}
            }
        }
        self.prune_all(pruned, &doomed, wait).await?;
        for (folder, bytes) in counted {
            *pruned.orphans.entry(folder).or_default() += 1;
            pruned.orphan_bytes += bytes;
        }
        Ok(())
    }

    /// Records that the function left of originals that are gone. What cannot be read as a record
    /// was not left by it.
    async fn prune_records(&self, pruned: &mut Pruned, wait: &Wait<'_>) -> Result<(), Hindrance> {
        let records = self.failures("").await?;
        let records = records.into_iter().filter(|record| record.time.is_some());
        let looks = records.map(|record| async move {
            let is_gone = self.bucket().head(&record.key).await?.is_none();
            let doomed = Doomed { key: record.record, original: Some(record.key) };
            Ok::<_, AwsError>(is_gone.then_some(doomed))
        });
        let looks = stream::iter(looks).buffered(PARALLEL_LOOKS).try_collect::<Vec<_>>();
        let gone = looks.await.map_err(Hindrance::listing)?.into_iter().flatten();
        let gone: Vec<Doomed> = gone.collect();
        pruned.records = gone.len() as u64;
        for records in gone.chunks(BATCH_MAX) {
            self.prune_all(pruned, records, wait).await?;
        }
        Ok(())
    }

    /// Manifests of originals that are gone, batch by batch.
    async fn prune_manifests(&self, pruned: &mut Pruned, wait: &Wait<'_>) -> Result<(), Hindrance> {
        if !self.config.has_manifests() || self.originals_expire() {
            return Ok(());
        }
        let mut listing = Cursor::new(Folder::new(self, MANIFESTS_FOLDER, ""), String::new());
        let mut batch = Vec::new();
        loop {
            listing.fill().await.map_err(Hindrance::listing)?;
            let listed = listing.take();
            let is_last = listed.is_none();
            if let Some(Listed { path, bytes, .. }) = listed {
                let key = ImagePath(&path).key_in(MANIFESTS_FOLDER);
                let original = self.original_of_manifest(&key).await.map_err(Hindrance::listing)?;
                batch.extend(original.map(|original| {
                    let folder = MANIFESTS_FOLDER.to_owned();
                    Orphan { folder, key, bytes, original: Some(original) }
                }));
            }
            if is_last || batch.len() == BATCH_MAX {
                self.prune_batch(pruned, std::mem::take(&mut batch), wait).await?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// The key of the original that a manifest is about, which stands in the document itself where
    /// the manifest's own key may have been cut.
    async fn original_of_manifest(&self, key: &str) -> Result<Option<String>, AwsError> {
        if !ImagePath::may_be_cut(key) {
            return Ok(ImagePath::of_manifest(key).map(|path| self.original_key(path.0)));
        }
        let document = self.bucket().get(key).await?;
        let manifest = document.and_then(|object| serde_json::from_slice(&object.bytes).ok());
        Ok(manifest.map(|Manifest { key, .. }| key))
    }

    /// Deletes what is doomed if anything is to be deleted, and names the first ones.
    async fn prune_all(
        &self,
        pruned: &mut Pruned,
        all: &[Doomed],
        wait: &Wait<'_>,
    ) -> Result<(), Hindrance> {
        let keys = || all.iter().map(|doomed| doomed.key.clone());
        let unnamed = NAMED_MAX - pruned.keys.len();
        pruned.keys.extend(keys().take(unnamed));
        if !pruned.deleted {
            return Ok(());
        }
        let deletion = match objects::delete_keys(&self.bucket(), keys().collect()).await {
            Err(error) if objects::is_busy(&error) => {
                retry_while(wait, objects::is_busy, || self.prune_rest(all)).await
            }
            ended => ended,
        };
        deletion.map_err(Hindrance::deleting)
    }

    /// Deletes what is left of them, unless its original has come back.
    async fn prune_rest(&self, all: &[Doomed]) -> Result<(), AwsError> {
        let looks = all.iter().map(|Doomed { key, original }| async move {
            let is_doomed = self.is_gone(original.as_deref()).await?
                && self.bucket().head(key).await?.is_some();
            Ok::<_, AwsError>(is_doomed.then(|| key.clone()))
        });
        let looks = stream::iter(looks).buffered(PARALLEL_LOOKS).try_collect::<Vec<_>>();
        objects::delete_keys(&self.bucket(), looks.await?.into_iter().flatten().collect()).await
    }

    /// Whether an original is gone, if that matters.
    async fn is_gone(&self, original: Option<&str>) -> Result<bool, AwsError> {
        let Some(original) = original else { return Ok(true) };
        Ok(self.bucket().head(original).await?.is_none())
    }

    async fn verdict(&self, orphan: &Orphan) -> Result<Verdict, AwsError> {
        if !self.is_gone(orphan.original.as_deref()).await? {
            return Ok(Verdict::Not);
        }
        let Some(variant) = self.bucket().head(&orphan.key).await? else { return Ok(Verdict::Not) };
        let is_ours = variant.metadata().is_some_and(|all| all.contains_key(SOURCE_METADATA));
        Ok(if is_ours { Verdict::Ours } else { Verdict::Foreign })
    }

    async fn prune_folder(
        &self,
        folder: &str,
        deletion: Deletion,
        wait: &Wait<'_>,
    ) -> Result<RetiredFolder, Hindrance> {
        let mut listing = Cursor::new(Folder::new(self, folder, ""), String::new());
        let (mut objects, mut bytes) = (0, 0);
        loop {
            listing.fill().await.map_err(Hindrance::listing)?;
            let Some(listed) = listing.take() else { break };
            objects += 1;
            bytes += listed.bytes;
        }
        if deletion == Deletion::Done {
            let gone = objects::delete_folder(&self.bucket(), &format!("{folder}/"), wait).await;
            gone.map_err(Hindrance::deleting)?;
        }
        Ok(RetiredFolder { folder: folder.to_owned(), objects, bytes })
    }
}
