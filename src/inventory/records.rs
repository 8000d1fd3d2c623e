//! The function's records of what it cannot process, under `failed/`.

use contract::failure::{FailureRecord, Remedy};
use contract::keys::{FAILED_FOLDER, ImagePath};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;

use super::listing::Folder;
use super::merge::Cursor;
use super::{Hindrance, Inventory};

/// How many records are read at once.
const PARALLEL_READS: usize = 16;

/// A record as it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FoundFailure {
    /// The original.
    pub(crate) key: String,
    pub(crate) reason: String,
    pub(crate) time: Option<String>,
    pub(crate) etag: Option<String>,
    pub(crate) size: Option<u64>,
    /// The invocation, as it stands in the log.
    pub(crate) request_id: Option<String>,
    /// What helps.
    pub(crate) remedy: Remedy,
    /// Where the record itself is.
    pub(crate) record: String,
}

impl Inventory<'_> {
    /// Every record of originals whose path begins so, in the order of their names.
    pub(crate) async fn failures(&self, prefix: &str) -> Result<Vec<FoundFailure>, Hindrance> {
        let mut records = Cursor::new(Folder::new(self, FAILED_FOLDER, prefix), String::new());
        let mut names = Vec::new();
        loop {
            records.fill().await.map_err(Hindrance::listing)?;
            let Some(listed) = records.take() else { break };
            names.push(listed.path);
        }
        let records = names.iter().map(|name| ImagePath(name).key_in(FAILED_FOLDER));
        let records = records.filter(|key| ImagePath::of_record(key).is_some());
        let reads = records.map(|key| self.failure_at(key));
        let found: Vec<Option<FoundFailure>> =
            stream::iter(reads).buffered(PARALLEL_READS).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// The record of an original, if there is one.
    pub(crate) async fn failure_of(&self, path: &str) -> Result<Option<FoundFailure>, Hindrance> {
        self.failure_at(ImagePath(path).record_key()).await
    }

    async fn failure_at(&self, key: String) -> Result<Option<FoundFailure>, Hindrance> {
        let object = self.bucket().get(&key).await.map_err(Hindrance::listing)?;
        Ok(object.map(|object| found(self, key, &object.bytes)))
    }
}

fn found(inventory: &Inventory<'_>, record: String, bytes: &[u8]) -> FoundFailure {
    match serde_json::from_slice::<FailureRecord>(bytes) {
        Ok(read) => FoundFailure {
            key: read.key,
            remedy: Remedy::of(&read.reason),
            reason: read.reason,
            time: Some(read.time),
            etag: read.etag,
            size: read.size,
            request_id: Some(read.request_id),
            record,
        },
        Err(error) => {
            let path = ImagePath::of_record(&record).map_or(record.as_str(), |path| path.0);
            FoundFailure {
                key: inventory.original_key(path),
                reason: format!("its record cannot be read: {error}"),
                time: None,
                etag: None,
                size: None,
                request_id: None,
                remedy: Remedy::Replace,
                record,
            }
        }
    }
}
