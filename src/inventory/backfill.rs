//! Originals that lack a variant are sent through the pipeline again, window by window.
//!
//! S3 is the only record of how far it is: what has its variants is done, so a run that was stopped
//! at any moment is gone on with by the next. A window is published, and the next one only when
//! nearly all of it has arrived: so a function that is broken or slow is never flooded, events do
//! not grow old in Lambda's queue, and uploads of users wait behind one window at most.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::concurrency::AT_ONCE_MAX;
use super::listing::Folder;
use super::pace::Pace;
use super::publish::Work;
use super::survey::{Seen, Survey};
use super::tally::Tally;
use super::{Hindrance, Inventory, Range};
use crate::aws::wait::{Ended, PAUSE_MIN, Patience, Pauses, Probe, Stop, watch};
use crate::cost::{BackfillEstimate, BackfillLoad};

/// How many originals are under way at once.
const WINDOW_MAX: usize = AT_ONCE_MAX as usize;
/// How many originals a window reaches over, so that to watch it is a few pages of each listing.
const WINDOW_SPAN_MAX: usize = 10 * WINDOW_MAX;
/// How many originals are looked at together.
const BATCH: usize = 100;
/// The part of a window that may be left when the next one is published. What Lambda tries again
/// comes minutes later.
const STRAGGLERS: u64 = 10;
/// Which variants count as made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Those that are not older than their original.
    ///
    /// S3 dates a multipart upload by its beginning ("Uploading and copying objects using multipart
    /// upload", Amazon S3 User Guide), so one that took long may look older than it is; its own
    /// event has brought it new variants then.
    Missing,
    /// Those that were written after this moment.
    Since(i64),
}

impl Need {
    /// Whether what was made at one moment will do for an original of another.
    pub(super) fn is_met(self, original: i64, made: i64) -> bool {
        match self {
            Self::Missing => made >= original,
            Self::Since(moment) => made > moment,
        }
    }
}

/// Which variants are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Those that are missing, or older than their original.
    Missing,
    /// Those that are missing or were made otherwise, which each variant is asked for.
    Outdated,
    All,
}

/// What a backfill is for.
pub(crate) struct Backfill<'a> {
    pub(crate) inventory: Inventory<'a>,
    /// Of the paths below the originals' folder.
    pub(crate) prefix: String,
    pub(crate) scope: Scope,
    pub(crate) stop: &'a Stop,
    /// How long to wait while nothing arrives.
    pub(crate) patience: Duration,
}

/// What a backfill would do.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct BackfillPlan {
    pub(crate) originals: u64,
    /// Variants to be made, by their folder.
    pub(crate) missing: BTreeMap<String, u64>,
    /// Originals to be sent through the pipeline.
    pub(crate) to_process: u64,
    /// Originals that are left out, for they are known to be impossible.
    pub(crate) failures: u64,
    /// Originals that are left out, for S3 hands them out only once they are restored.
    pub(crate) archived: u64,
    pub(crate) estimate: BackfillEstimate,
    /// The same with `--on-aws`.
    pub(crate) on_aws: BackfillEstimate,
    #[serde(skip)]
    need: Need,
    /// Later uploads see to themselves.
    #[serde(skip)]
    as_of: i64,
}

/// What a backfill came to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct BackfillResult {
    #[serde(flatten)]
    pub(crate) plan: BackfillPlan,
    pub(crate) dry_run: bool,
    pub(crate) published: u64,
    /// Originals that have all their variants now.
    pub(crate) made: u64,
    /// Originals that turned out to be impossible.
    pub(crate) failed: u64,
    /// Originals of which nothing was heard.
    pub(crate) pending: u64,
}

/// Originals that are published together, by their paths.
#[derive(Default)]
struct Window {
    work: BTreeMap<String, Work>,
    is_last: bool,
}

impl BackfillPlan {
    /// As the result of a run that changes nothing.
    pub(crate) fn unchanged(self, dry_run: bool) -> BackfillResult {
        let pending = self.to_process;
        BackfillResult { plan: self, dry_run, published: 0, made: 0, failed: 0, pending }
    }
}

impl Backfill<'_> {
    /// Looks for what is to be done.
    pub(crate) async fn plan(
        &self,
        tell: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<BackfillPlan, Hindrance> {
        let need = match self.scope {
            Scope::Missing | Scope::Outdated => Need::Missing,
            Scope::All => Need::Since(i64::MAX),
        };
        let mut tally = Tally::new(self.inventory.made_folders().len());
        let mut survey = self.inventory.survey(&self.range());
        let mut pace = Pace::new(&self.inventory, &self.range(), tell);
        while let Some(batch) = self.batch(&mut survey, |_| true).await? {
            for seen in &batch {
                tally.add(seen, need);
                pace.add(seen);
            }
        }
        let config = self.inventory.config;
        let made: u64 = tally.missing.iter().sum();
        let objects = tally.originals + tally.variants.iter().sum::<u64>();
        let load = BackfillLoad {
            originals: tally.lacking,
            variants: made,
            all: tally.originals,
            objects,
            // Once to count, once to publish, and some more to watch.
            listed: 4 * (objects + made),
            made: &config.variants,
            memory_mb: config.function.memory,
            arch: config.function.arch,
            concurrency: self.inventory.concurrency().await,
        };
        Ok(BackfillPlan {
            originals: tally.originals,
            missing: self.inventory.by_folder(&tally.missing),
            to_process: tally.lacking,
            failures: tally.failures,
            archived: tally.archived,
            estimate: load.estimate(),
            on_aws: load.on_aws(),
            need: if need == Need::Missing { need } else { Need::Since(tally.newest) },
            as_of: tally.newest,
        })
    }

    /// Publishes what the plan found and watches it arrive; nothing if the user stopped it.
    /// `arrived` is told how many originals are done.
    pub(crate) async fn run(
        &self,
        plan: BackfillPlan,
        arrived: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Option<BackfillResult>, Hindrance> {
        let mut survey = self.inventory.survey(&self.range());
        let (mut published, mut behind) = (0, 0);
        loop {
            let window = self.window(&mut survey, &plan).await?;
            if self.stop.is_asked() {
                return Ok(None);
            }
            let work: Vec<&Work> = window.work.values().collect();
            self.inventory.publish(&work, self.stop).await?;
            published += work.len() as u64;
            let done = |left: u64| arrived(published.saturating_sub(behind + left));
            match self.watch(&plan, Some(&window), &done).await? {
                Ended::Done(left) => behind += left,
                Ended::Late(()) => break,
                Ended::Stopped => return Ok(None),
            }
            if window.is_last {
                let done = |left: u64| arrived(published.saturating_sub(left));
                if self.watch(&plan, None, &done).await? == Ended::Stopped {
                    return Ok(None);
                }
                break;
            }
        }
        let left = self.tally_of(&plan, &self.range(), None).await?;
        let failed = left.failures.saturating_sub(plan.failures);
        let made = plan.to_process.saturating_sub(left.lacking + failed);
        let pending = left.lacking;
        Ok(Some(BackfillResult { plan, dry_run: false, published, made, failed, pending }))
    }

    fn range(&self) -> Range {
        Range::of_prefix(&self.prefix)
    }

    /// The next originals to be published.
    async fn window(
        &self,
        survey: &mut Survey<Folder>,
        plan: &BackfillPlan,
    ) -> Result<Window, Hindrance> {
        let mut window = Window::default();
        let mut span = 0;
        while span < WINDOW_SPAN_MAX && window.work.len() + BATCH <= WINDOW_MAX {
            let Some(batch) = self.batch(survey, |_| true).await? else {
                window.is_last = true;
                break;
            };
            span += batch.len();
            for seen in batch {
                if let Some(work) = self.work(&seen, plan) {
                    window.work.insert(seen.path, work);
                }
            }
        }
        Ok(window)
    }

    /// What is to be done for an original, if anything.
    fn work(&self, seen: &Seen, plan: &BackfillPlan) -> Option<Work> {
        let lacking: Vec<usize> = seen.lacking(plan.need).collect();
        let is_hopeless = seen.is_failed(plan.need) || seen.is_archived();
        if lacking.is_empty() || is_hopeless || !was_there(seen, plan) {
            return None;
        }
        // The function tells versions apart by their content. The same bytes uploaded once more leave
        // the variants as they are unless all are asked for.
        let is_whole = plan.need != Need::Missing || seen.is_replaced();
        let all = self.inventory.made_folders();
        let folders = lacking.iter().map(|place| all[*place].clone());
        Some(Work {
            path: seen.path.clone(),
            bytes: seen.original.as_ref().map(|original| original.bytes),
            folders: (!is_whole).then(|| folders.collect()),
        })
    }

    /// The next originals of a survey that are meant; nothing at its end.
    async fn batch(
        &self,
        survey: &mut Survey<Folder>,
        is_meant: impl Fn(&Seen) -> bool,
    ) -> Result<Option<Vec<Seen>>, Hindrance> {
        let mut batch = Vec::with_capacity(BATCH);
        for _ in 0..BATCH {
            match self.inventory.next(survey).await? {
                Some(seen) if is_meant(&seen) => batch.push(seen),
                Some(_) => {}
                None if batch.is_empty() => return Ok(None),
                None => break,
            }
        }
        match self.scope {
            Scope::Outdated => Ok(Some(self.inventory.without_outdated(batch).await?)),
            Scope::Missing | Scope::All => Ok(Some(batch)),
        }
    }

    /// Looks until enough of a window is there, or all of everything without one; answers with how
    /// many originals are left then.
    async fn watch(
        &self,
        plan: &BackfillPlan,
        window: Option<&Window>,
        done: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Ended<u64, ()>, Hindrance> {
        let enough = window.map_or(0, |window| window.work.len() as u64 / STRAGGLERS);
        let pauses = Pauses::Growing(PAUSE_MIN);
        let patience = Patience { limit: self.patience, pauses, stop: self.stop };
        let mut least = u64::MAX;
        let look = async || {
            let left = self.left(plan, window).await?;
            done(left);
            let is_nearer = left < least;
            least = least.min(left);
            Ok(match is_nearer {
                _ if left <= enough => Probe::Done(left),
                true => Probe::Nearer(()),
                false => Probe::Pending(()),
            })
        };
        watch(&patience, look).await
    }

    /// How many originals of a window, or of everything, are neither done nor impossible.
    async fn left(&self, plan: &BackfillPlan, window: Option<&Window>) -> Result<u64, Hindrance> {
        let Some(window) = window else {
            return Ok(self.tally_of(plan, &self.range(), None).await?.lacking);
        };
        let (Some(first), Some(last)) =
            (window.work.first_key_value(), window.work.last_key_value())
        else {
            return Ok(0);
        };
        let range = Range {
            prefix: self.prefix.clone(),
            first: first.0.clone(),
            last: Some(last.0.clone()),
        };
        Ok(self.tally_of(plan, &range, Some(window)).await?.lacking)
    }

    /// Counts what was there when the plan was made.
    async fn tally_of(
        &self,
        plan: &BackfillPlan,
        range: &Range,
        window: Option<&Window>,
    ) -> Result<Tally, Hindrance> {
        let mut tally = Tally::new(self.inventory.made_folders().len());
        let mut survey = self.inventory.survey(range);
        let is_meant = |seen: &Seen| {
            let is_in_window = window.is_none_or(|window| window.work.contains_key(&seen.path));
            is_in_window && was_there(seen, plan)
        };
        while let Some(batch) = self.batch(&mut survey, is_meant).await? {
            for seen in &batch {
                tally.add(seen, plan.need);
            }
        }
        Ok(tally)
    }
}

fn was_there(seen: &Seen, plan: &BackfillPlan) -> bool {
    seen.original.as_ref().is_some_and(|original| original.modified <= plan.as_of)
}
