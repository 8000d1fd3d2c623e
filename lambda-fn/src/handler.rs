//! An event to work, and what every way of failing means.
//!
//! What is wrong with an image, or keeps it alone from being read, is recorded and done with; what is
//! wrong with the world is an error, so that Lambda tries again. Originals are only ever read.
//!
//! Events come twice, late and out of order, so an event is only a hint: whatever it says, the
//! variants are made to agree with the original as it is now, see `original`.

use std::{
    fmt,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, SystemTime},
};

use contract::{
    event::{self, Work},
    failure,
    log::{self, Level, Metrics},
    settings::Settings,
};
use futures_util::{FutureExt, future::join_all};
use imaging::{limits::Limits, watermark::Watermarks};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use self::{
    run::Run,
    verdict::{Setback, Verdict},
};
use crate::{capacity::Capacity, log::Log, patience::Patient, store::Store};

mod batch;
mod original;
mod publishing;
mod removal;
mod rendering;
mod report;
mod run;
mod telling;
mod verdict;

/// The function, apart from its runtime.
#[derive(Debug)]
pub struct Handler<S, L> {
    pub store: S,
    pub log: L,
    pub settings: Settings,
    pub limits: Limits,
    /// The logos that variants may have.
    pub watermarks: Arc<Watermarks>,
    /// What the images under way may take, in this invocation and those before.
    pub capacity: Capacity,
    /// The name of the function, by which its metrics are counted.
    pub function: String,
}

/// Which call of the function this is.
#[derive(Clone, Copy, Debug)]
pub struct Invocation<'a> {
    pub request_id: &'a str,
    /// When it must have answered, see [`crate::patience::deadline`].
    pub deadline: Instant,
}

/// What an invocation came to, which is its answer too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Originals whose variants are all there.
    pub processed: Vec<String>,
    /// Originals that cannot be processed as they are; each has its record in the bucket.
    pub failed: Vec<String>,
    /// Originals that are gone, and their variants with them.
    pub removed: Vec<String>,
    /// Parts of the event that asked for nothing.
    pub ignored: usize,
}

/// Originals that could not be processed this time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Unprocessed {
    /// Each with the reason.
    pub originals: Vec<(String, Setback)>,
    /// How many originals the event named.
    pub of: usize,
}

/// How many originals are named: Lambda puts the text beside the event into the dead-letter queue,
/// whose messages are limited. The log has all of them.
const NAMED_MAX: usize = 10;

impl fmt::Display for Unprocessed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} originals not processed", self.originals.len(), self.of)?;
        for (key, reason) in self.originals.iter().take(NAMED_MAX) {
            write!(f, "; {key}: {reason}")?;
        }
        match self.originals.len().saturating_sub(NAMED_MAX) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl<S: Store, L: Log> Handler<S, L> {
    /// Does what an event asks for. Every original is tried, whatever became of the others, as many
    /// at once as there is room for.
    pub async fn handle(
        &self,
        event: &Value,
        invocation: Invocation<'_>,
    ) -> Result<Outcome, Unprocessed> {
        let request = event::read(event, &self.settings);
        let run = self.run(invocation);
        let mut outcome = Outcome { ignored: request.ignored.len(), ..Outcome::default() };
        for ignored in &request.ignored {
            run.log_ignored(ignored.key.as_deref(), &ignored.reason);
        }
        let endings =
            join_all(request.work.iter().map(|work| run.attend(work, &self.function))).await;
        let mut setbacks = Vec::new();
        for (Work { key, .. }, ended) in request.work.iter().zip(endings) {
            match ended {
                Ok(Verdict::Made(..) | Verdict::Unchanged(..)) => {
                    outcome.processed.push(key.clone());
                }
                Ok(Verdict::Refused(..)) => outcome.failed.push(key.clone()),
                Ok(Verdict::Removed(_)) => outcome.removed.push(key.clone()),
                Ok(Verdict::Gone) => outcome.ignored += 1,
                Err(setback) => setbacks.push((key.clone(), setback)),
            }
        }
        if setbacks.is_empty() {
            return Ok(outcome);
        }
        Err(Unprocessed { originals: setbacks, of: request.work.len() })
    }
}

impl<S: Store, L: Log> Handler<S, L> {
    fn run<'a>(&'a self, invocation: Invocation<'a>) -> Run<'a, S, L> {
        Run {
            store: Patient { store: &self.store, deadline: invocation.deadline },
            log: &self.log,
            settings: &self.settings,
            limits: self.limits,
            watermarks: &self.watermarks,
            capacity: &self.capacity,
            request_id: invocation.request_id,
            fresh_since: failure::utc(SystemTime::now() - FRESH_FOR),
        }
    }
}

/// How old an event may be that is taken for the first of its kind. They come within seconds, but
/// Lambda waits a minute before it tries again: "How Lambda handles errors and retries with
/// asynchronous invocation" in the AWS Lambda Developer Guide.
const FRESH_FOR: Duration = Duration::from_secs(30);

impl<S: Store, L: Log> Run<'_, S, L> {
    /// Sees one original to its end, in time, and logs it.
    async fn attend(&self, work: &Work, function: &str) -> Result<Verdict, Setback> {
        let started = Instant::now();
        // Nothing but the answer outlives a panic, so nothing half-changed can be seen.
        let settled = AssertUnwindSafe(self.settle(work)).catch_unwind();
        let ended = match timeout_at(self.store.deadline, settled).await {
            Ok(Ok(settled)) => settled,
            Ok(Err(payload)) => Err(Setback::panicked(payload.as_ref())),
            Err(_) => Err(Setback::OutOfTime),
        };
        self.log_ended((&work.key, &ended), function, started.elapsed());
        ended
    }

    fn log_ignored(&self, key: Option<&str>, reason: &str) {
        let mut line = log::line(Level::Info, "ignored", self.request_id);
        line.insert("key".to_owned(), json!(key));
        line.insert("reason".to_owned(), json!(reason));
        self.log.line(&Value::Object(line));
    }

    fn log_ended(
        &self,
        (key, ended): (&str, &Result<Verdict, Setback>),
        function: &str,
        duration: Duration,
    ) {
        let (level, message, reason) = match ended {
            Ok(Verdict::Made(report, _)) => (report.level(), "processed", None),
            Ok(Verdict::Refused(_, refusal)) => (Level::Error, "failed", Some(refusal.to_string())),
            Ok(Verdict::Unchanged(..)) => {
                (Level::Info, "unchanged", Some("all variants already exist".to_owned()))
            }
            Ok(Verdict::Removed(_)) => (Level::Info, "removed", None),
            Ok(Verdict::Gone) => return self.log_ignored(Some(key), GONE),
            Err(setback) => (Level::Error, "to be retried", Some(setback.to_string())),
        };
        let mut line = log::line(level, message, self.request_id);
        line.insert("key".to_owned(), json!(key));
        if let Some(reason) = reason {
            line.insert("reason".to_owned(), json!(reason));
        }
        match ended {
            Ok(Verdict::Made(report, _) | Verdict::Refused(report, _)) => {
                report.tell(&mut line);
                let processed = u8::from(matches!(ended, Ok(Verdict::Made(..))));
                // A setback is counted by Lambda itself, as an error of the function.
                Metrics { processed, failed: 1 - processed, duration }.embed(
                    &mut line,
                    function,
                    SystemTime::now(),
                );
            }
            Ok(Verdict::Unchanged(etag, _)) => {
                line.insert("etag".to_owned(), json!(etag));
            }
            Ok(Verdict::Removed(objects)) => {
                line.insert("objects".to_owned(), json!(objects));
            }
            Ok(Verdict::Gone) | Err(_) => {}
        }
        self.log.line(&Value::Object(line));
    }
}

const GONE: &str = "it has been deleted";

#[cfg(test)]
mod tests;
