//! An event to work, and what every way of failing means.
//!
//! What is wrong with an image is recorded and done with; what is wrong with the world is an error,
//! so that Lambda tries again. Originals are only ever read.

use std::{
    fmt, mem,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use futures_util::future::{join, join_all, try_join_all};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    error::RenderError,
    event,
    failure::{self, FailureRecord},
    limits::Limits,
    log::{self, Level, Log, Metrics},
    settings::Settings,
    store::{Fetched, Object, Original, Store, StoreError},
    variants::{self, Rendered, Rendering},
};

/// How often an original that changes under our hands is started over within one invocation.
const ROUNDS_MAX: u32 = 3;

/// The function, apart from its runtime.
#[derive(Debug)]
pub struct Handler<S, L> {
    pub store: S,
    pub log: L,
    pub settings: Settings,
    pub limits: Limits,
    /// The name of the function, by which its metrics are counted.
    pub function: String,
}

/// What an invocation came to, which is its answer too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Originals whose variants are all there.
    pub processed: Vec<String>,
    /// Originals that can never be processed; each has its record in the bucket.
    pub failed: Vec<String>,
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

impl fmt::Display for Unprocessed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} originals not processed", self.originals.len(), self.of)?;
        for (key, reason) in &self.originals {
            write!(f, "; {key}: {reason}")?;
        }
        Ok(())
    }
}

/// Why an original could not be processed this time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Setback {
    /// A call to AWS did not succeed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was replaced while it was processed, again and again.
    #[error("the original changed {ROUNDS_MAX} times while it was processed")]
    Changing,
}

/// How an original ended.
enum Verdict {
    Processed(Box<Report>),
    Failed(Box<Report>, RenderError),
    /// It was deleted before it could be fetched.
    Gone,
}

/// The facts about one original that its log line tells.
struct Report {
    etag: Option<String>,
    content_type: Option<String>,
    bytes: u64,
    get: Duration,
    put: Duration,
    /// What is known once it is rendered. Its variants have moved on to the bucket.
    rendering: Option<Rendering>,
    /// The folder of each variant and its bytes.
    sizes: Vec<(String, usize)>,
}

impl<S: Store, L: Log> Handler<S, L> {
    /// Does what an event asks for. Every original is tried, whatever became of the one before.
    pub async fn handle(&self, event: &Value, request_id: &str) -> Result<Outcome, Unprocessed> {
        let request = event::read(event, &self.settings);
        let mut outcome = Outcome { ignored: request.ignored.len(), ..Outcome::default() };
        for ignored in &request.ignored {
            self.log_ignored(ignored.key.as_deref(), &ignored.reason, request_id);
        }
        let mut setbacks = Vec::new();
        for work in &request.work {
            let started = Instant::now();
            let ended = self.process(&work.key, request_id).await;
            self.log_ended(&work.key, &ended, started.elapsed(), request_id);
            match ended {
                Ok(Verdict::Processed(_)) => outcome.processed.push(work.key.clone()),
                Ok(Verdict::Failed(..)) => outcome.failed.push(work.key.clone()),
                Ok(Verdict::Gone) => outcome.ignored += 1,
                Err(setback) => setbacks.push((work.key.clone(), setback)),
            }
        }
        if setbacks.is_empty() {
            return Ok(outcome);
        }
        Err(Unprocessed { originals: setbacks, of: request.work.len() })
    }

    /// Processes an original until what was written belongs to the version that is there.
    ///
    /// Two invocations may hold two versions of one original, and the slower may hold the older.
    /// As each looks after its last write, the last to write notices.
    async fn process(&self, key: &str, request_id: &str) -> Result<Verdict, Setback> {
        for _ in 0..ROUNDS_MAX {
            let verdict = self.process_once(key, request_id).await?;
            let etag = match &verdict {
                Verdict::Processed(report) | Verdict::Failed(report, _) => report.etag.as_ref(),
                Verdict::Gone => return Ok(verdict),
            };
            let now = self.store.etag(key).await?;
            let replaced = now.is_some() && now.as_ref() != etag;
            if !replaced {
                return Ok(verdict);
            }
        }
        Err(Setback::Changing)
    }

    async fn process_once(&self, key: &str, request_id: &str) -> Result<Verdict, StoreError> {
        let started = Instant::now();
        let fetched = self.store.get(key, self.limits.max_bytes).await?;
        let (original, get) = match fetched {
            Fetched::Original(original) => (original, started.elapsed()),
            Fetched::Missing => return Ok(Verdict::Gone),
            Fetched::TooLarge { size, etag } => {
                let report = Report::new(etag, size, started.elapsed());
                let error = RenderError::TooManyBytes { size, limit: self.limits.max_bytes };
                return self.record(key, report, error, request_id).await;
            }
        };
        let Original { bytes, etag, content_type } = original;
        let mut report = Report { content_type, ..Report::new(etag, bytes.len() as u64, get) };
        match variants::render_measured(&bytes, &self.settings.variants, &self.limits) {
            Err(error) => self.record(key, report, error, request_id).await,
            Ok(mut rendering) => {
                drop(bytes);
                let started = Instant::now();
                let variants = mem::take(&mut rendering.variants);
                report.sizes = variants.iter().map(|v| (v.folder.clone(), v.bytes.len())).collect();
                report.rendering = Some(rendering);
                self.publish(key, variants, request_id).await?;
                report.put = started.elapsed();
                Ok(Verdict::Processed(Box::new(report)))
            }
        }
    }

    /// Writes the record of a final failure.
    async fn record(
        &self,
        key: &str,
        report: Report,
        error: RenderError,
        request_id: &str,
    ) -> Result<Verdict, StoreError> {
        let record = FailureRecord {
            reason: error.to_string(),
            key: key.to_owned(),
            etag: report.etag.clone(),
            size: Some(report.bytes),
            request_id: request_id.to_owned(),
            time: failure::utc(SystemTime::now()),
        };
        if let Some(failure_key) = self.settings.failure_key(key) {
            let object = Object {
                key: failure_key,
                bytes: record.to_json(),
                content_type: failure::CONTENT_TYPE,
                cache_control: None,
                public: false,
            };
            self.store.put(object).await?;
        }
        Ok(Verdict::Failed(Box::new(report), error))
    }

    /// Writes all variants at once, and takes back what is no longer true of the original.
    async fn publish(
        &self,
        key: &str,
        variants: Vec<Rendered>,
        request_id: &str,
    ) -> Result<(), StoreError> {
        let objects = self.objects(key, variants);
        let overwritten = self.overwritten(&objects).await;
        let puts = try_join_all(objects.into_iter().map(|object| self.store.put(object)));
        let (put, ()) = join(puts, self.forget_failure(key, request_id)).await;
        put?;
        if let Some(distribution) = &self.settings.invalidate
            && !overwritten.is_empty()
        {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let reference = format!("{request_id}-{}", now.as_nanos());
            let invalidated = self.store.invalidate(distribution, &overwritten, &reference).await;
            self.warn_of(invalidated.err(), key, request_id);
        }
        Ok(())
    }

    fn objects(&self, key: &str, variants: Vec<Rendered>) -> Vec<Object> {
        let both = self.settings.variants.iter().zip(variants);
        both.filter_map(|(variant, rendered)| {
            Some(Object {
                key: self.settings.variant_key(variant, key)?,
                bytes: rendered.bytes,
                content_type: rendered.content_type,
                cache_control: Some(variant.cache_control.clone()),
                public: self.settings.public_acl,
            })
        })
        .collect()
    }

    /// The variants that the CDN may hold already. Only asked if anything follows from it.
    async fn overwritten(&self, objects: &[Object]) -> Vec<String> {
        if self.settings.invalidate.is_none() {
            return Vec::new();
        }
        let look = objects.iter().map(|object| async {
            // Where it cannot be told, a needless invalidation is better than a stale image.
            let existed = self.store.etag(&object.key).await.map_or(true, |etag| etag.is_some());
            existed.then(|| object.key.clone())
        });
        join_all(look).await.into_iter().flatten().collect()
    }

    /// Deletes the record of an earlier failure: the image has just been decoded.
    ///
    /// It looks before it deletes, because in a versioned bucket a deletion of nothing leaves a
    /// marker behind. A record that stays is a nuisance but loses no image.
    async fn forget_failure(&self, key: &str, request_id: &str) {
        let Some(failure_key) = self.settings.failure_key(key) else { return };
        let forgotten = match self.store.etag(&failure_key).await {
            Ok(None) => Ok(()),
            Ok(Some(_)) => self.store.delete(&failure_key).await,
            Err(error) => Err(error),
        };
        self.warn_of(forgotten.err(), key, request_id);
    }

    fn warn_of(&self, error: Option<StoreError>, key: &str, request_id: &str) {
        let Some(error) = error else { return };
        let mut line = log::line(Level::Warn, "incomplete", request_id);
        line.insert("key".to_owned(), json!(key));
        line.insert("reason".to_owned(), json!(error.to_string()));
        self.log.line(&Value::Object(line));
    }

    fn log_ignored(&self, key: Option<&str>, reason: &str, request_id: &str) {
        let mut line = log::line(Level::Info, "ignored", request_id);
        line.insert("key".to_owned(), json!(key));
        line.insert("reason".to_owned(), json!(reason));
        self.log.line(&Value::Object(line));
    }

    fn log_ended(
        &self,
        key: &str,
        ended: &Result<Verdict, Setback>,
        duration: Duration,
        request_id: &str,
    ) {
        let (level, message, reason) = match ended {
            Ok(Verdict::Processed(_)) => (Level::Info, "processed", None),
            Ok(Verdict::Failed(_, error)) => (Level::Error, "failed", Some(error.to_string())),
            Ok(Verdict::Gone) => return self.log_ignored(Some(key), GONE, request_id),
            Err(setback) => (Level::Error, "to be retried", Some(setback.to_string())),
        };
        let mut line = log::line(level, message, request_id);
        line.insert("key".to_owned(), json!(key));
        if let Some(reason) = reason {
            line.insert("reason".to_owned(), json!(reason));
        }
        if let Ok(Verdict::Processed(report) | Verdict::Failed(report, _)) = ended {
            report.tell(&mut line);
            let processed = u8::from(report.rendering.is_some());
            // A setback is counted by Lambda itself, as an error of the function.
            Metrics { processed, failed: 1 - processed, duration }.embed(
                &mut line,
                &self.function,
                SystemTime::now(),
            );
        }
        self.log.line(&Value::Object(line));
    }
}

const GONE: &str = "it has been deleted";

impl Report {
    fn new(etag: Option<String>, bytes: u64, get: Duration) -> Self {
        Self {
            etag,
            content_type: None,
            bytes,
            get,
            put: Duration::ZERO,
            rendering: None,
            sizes: Vec::new(),
        }
    }

    /// Adds the facts to a log line.
    fn tell(&self, line: &mut Map<String, Value>) {
        let milliseconds = |time: Duration| json!((time.as_secs_f64() * 1e4).round() / 10.0);
        line.insert("etag".to_owned(), json!(self.etag));
        line.insert("content_type".to_owned(), json!(self.content_type));
        line.insert("bytes".to_owned(), json!(self.bytes));
        let mut stages = Map::new();
        stages.insert("get".to_owned(), milliseconds(self.get));
        if let Some(rendering) = &self.rendering {
            line.insert("format".to_owned(), json!(rendering.format.to_string()));
            line.insert("width".to_owned(), json!(rendering.width));
            line.insert("height".to_owned(), json!(rendering.height));
            if rendering.animated {
                line.insert("note".to_owned(), json!("only the first frame is shown"));
            }
            let sizes = self.sizes.iter();
            let sizes: Map<_, _> =
                sizes.map(|(folder, size)| (folder.clone(), json!(size))).collect();
            line.insert("variants".to_owned(), Value::Object(sizes));
            stages.insert("decode".to_owned(), milliseconds(rendering.decode));
            stages.insert("resize".to_owned(), milliseconds(rendering.resize));
            stages.insert("encode".to_owned(), milliseconds(rendering.encode));
            stages.insert("put".to_owned(), milliseconds(self.put));
        }
        line.insert("ms".to_owned(), Value::Object(stages));
    }
}

#[cfg(test)]
mod tests;
