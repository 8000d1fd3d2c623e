//! Single originals sent through the pipeline again, each with what came of it.

use std::time::Duration;

use contract::address::bare_etag;
use contract::keys::ImagePath;
use contract::settings::SOURCE_METADATA;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;

use super::publish::Work;
use super::records::FoundFailure;
use super::{Hindrance, Inventory};
use crate::aws::wait::{PAUSE_MIN, Patience, Pauses, Probe, Stop, watch};

/// How many originals are sent before their outcomes are waited for.
const TOGETHER_MAX: usize = 500;
/// How many of them are looked at at once.
const PARALLEL_LOOKS: usize = 16;

/// How to send originals again.
pub(crate) struct Retry<'a> {
    pub(crate) inventory: Inventory<'a>,
    pub(crate) stop: &'a Stop,
    /// How long to wait while nothing arrives.
    pub(crate) patience: Duration,
}

/// What came of an original.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RetryOutcome {
    /// Every variant is there.
    Made,
    /// It is on record again.
    Failed,
    /// There is no such original.
    Gone,
    /// Nothing was heard of it.
    Pending,
}

/// An original that was sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Retried {
    pub(crate) key: String,
    pub(crate) outcome: RetryOutcome,
    /// Why it cannot be processed.
    pub(crate) reason: Option<String>,
}

/// An original on its way.
struct Sent {
    path: String,
    /// Its `ETag`, without quotes; `None`: it is gone.
    etag: Option<String>,
    bytes: Option<u64>,
    /// Its record so far, if it has one.
    record: Option<FoundFailure>,
    outcome: RetryOutcome,
    reason: Option<String>,
}

impl Retry<'_> {
    /// Sends originals and waits for what comes of each. `tell` hears how many are done.
    pub(crate) async fn run(
        &self,
        keys: &[String],
        tell: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Vec<Retried>, Hindrance> {
        let mut all = Vec::new();
        for keys in keys.chunks(TOGETHER_MAX) {
            let looks = keys.iter().map(|key| self.look(self.inventory.path(key)));
            let mut sent: Vec<Sent> =
                stream::iter(looks).buffered(PARALLEL_LOOKS).try_collect().await?;
            let work: Vec<Work> = sent.iter().filter_map(work).collect();
            self.inventory.publish(&work.iter().collect::<Vec<_>>(), self.stop).await?;
            self.watch(&mut sent, tell).await?;
            all.extend(sent.into_iter().map(|sent| Retried {
                key: self.inventory.original_key(&sent.path),
                outcome: sent.outcome,
                reason: sent.reason,
            }));
            if self.stop.is_asked() {
                break;
            }
        }
        Ok(all)
    }

    /// How an original is before it is sent.
    async fn look(&self, path: &str) -> Result<Sent, Hindrance> {
        let key = self.inventory.original_key(path);
        let head = self.inventory.bucket().head(&key).await.map_err(Hindrance::listing)?;
        let record = self.inventory.failure_of(path).await?;
        let etag =
            head.as_ref().and_then(|head| head.e_tag()).map(|etag| bare_etag(etag).to_owned());
        let outcome = if head.is_some() { RetryOutcome::Pending } else { RetryOutcome::Gone };
        let bytes = head.and_then(|head| u64::try_from(head.content_length?).ok());
        Ok(Sent { path: path.to_owned(), etag, bytes, record, outcome, reason: None })
    }

    /// Looks until something has come of every original; however that ends, each knows what.
    async fn watch(
        &self,
        sent: &mut [Sent],
        tell: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<(), Hindrance> {
        let pauses = Pauses::Growing(PAUSE_MIN);
        let patience = Patience { limit: self.patience, pauses, stop: self.stop };
        let total = sent.len();
        let look = async || {
            let waiting = sent.iter_mut().filter(|sent| sent.outcome == RetryOutcome::Pending);
            let looks = waiting.map(|sent| self.see(sent));
            let ended: Vec<bool> =
                stream::iter(looks).buffered(PARALLEL_LOOKS).try_collect().await?;
            let left = ended.iter().filter(|ended| !**ended).count();
            tell(&format!("{} of {total} done", total - left));
            Ok(match left {
                0 => Probe::Done(()),
                _ if left < ended.len() => Probe::Nearer(()),
                _ => Probe::Pending(()),
            })
        };
        watch(&patience, look).await?;
        Ok(())
    }

    /// Whether something has come of an original.
    async fn see(&self, sent: &mut Sent) -> Result<bool, Hindrance> {
        match self.inventory.failure_of(&sent.path).await? {
            // Each invocation writes its own.
            Some(record) if sent.record.as_ref() != Some(&record) => {
                sent.outcome = RetryOutcome::Failed;
                sent.reason = Some(record.reason);
            }
            None if self.has_every_variant(sent).await? => sent.outcome = RetryOutcome::Made,
            Some(_) | None => return Ok(false),
        }
        Ok(true)
    }

    /// Whether every variant is there and was made of the version that was sent.
    async fn has_every_variant(&self, sent: &Sent) -> Result<bool, Hindrance> {
        let path = ImagePath(&sent.path);
        for variant in self.inventory.config.variants_of(path) {
            let key = path.key_in(&variant.folder);
            let head = self.inventory.bucket().head(&key).await.map_err(Hindrance::listing)?;
            let source = head.and_then(|head| head.metadata?.remove(SOURCE_METADATA));
            if source.is_none() || source != sent.etag {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn work(sent: &Sent) -> Option<Work> {
    let is_there = sent.outcome == RetryOutcome::Pending;
    is_there.then(|| Work { path: sent.path.clone(), bytes: sent.bytes, folders: None })
}
