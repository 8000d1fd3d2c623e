//! One original: its variants are made to agree with it, whatever happens to it meanwhile.

use std::{mem, sync::Arc, time::Duration};

use contract::{
    event::{Change, Work},
    framing::Framing,
    keys::{ImagePath, KEY_BYTES_MAX},
    message::Manifest,
    settings::{OnDelete, Variant},
};
use futures_util::future::{join, join_all};
use imaging::error::RenderError;
use tokio::time::Instant;

use super::{
    rendering::{Finished, Job},
    report::Report,
    run::Run,
    telling::Told,
    verdict::{ROUNDS_MAX, Refusal, Setback, Verdict},
};
use crate::{
    capacity::Reservation,
    log::Log,
    store::{Fetched, Head, Origin, Store},
};

/// What is set aside for an original of unknown size; a larger one is asked for twice.
const UNKNOWN_BYTES: u64 = 8 << 20;

/// What a look at the bucket says of an original's variants.
struct Look {
    /// The original that they were compared with, and what its uploader said of it.
    etag: String,
    framing: Framing,
    /// Those that are missing, or of another version or other settings.
    missing: Vec<Variant>,
    /// What was told of the others, where anything is told.
    told: Option<Manifest>,
}

/// What became of one attempt to make an original's variants.
enum Attempt {
    Ended(Verdict),
    /// This much memory would be needed at once.
    NeedsRoom(u64),
}

impl<S: Store, L: Log> Run<'_, S, L> {
    /// Processes an original until what is there belongs to the version that is there.
    ///
    /// Two invocations may hold two versions of one original, and the slower may hold the older; or
    /// one removes what the other has just made. As each looks after its last write, the last to
    /// write notices.
    ///
    /// The first event of a new original goes straight to work. A look at its variants beforehand
    /// would be a call for each of them, to no end but for the few that are repetitions. Those
    /// that Lambda sends again are older than any first one, so age tells them apart for free; of
    /// them, only what is missing is made. One that comes twice within seconds is made twice, which
    /// is harmless.
    pub(super) async fn settle(&self, work: &Work) -> Result<Verdict, Setback> {
        let is_repeated = work.time.as_ref().is_some_and(|time| *time < self.fresh_since);
        let mut is_to_be_looked_at = is_repeated || work.change == Change::Removed;
        for _ in 0..ROUNDS_MAX {
            let verdict = if mem::take(&mut is_to_be_looked_at) {
                self.complete(work).await?
            } else {
                self.make(work, None).await?
            };
            let verdict = match (verdict, self.settings.on_delete) {
                (Verdict::Gone, OnDelete::Keep) => return Ok(Verdict::Gone),
                (Verdict::Gone, OnDelete::Remove) => self.remove(&work.key).await?,
                (verdict, _) => verdict,
            };
            let now = self.store.head(&work.key).await?.map(|head| head.etag);
            let may_be_gone = now.is_none() && self.settings.on_delete == OnDelete::Keep;
            if now.as_deref() == verdict.source() || may_be_gone {
                self.tell(work, &verdict).await?;
                return Ok(verdict);
            }
        }
        Err(Setback::Changing)
    }

    /// Makes what is missing.
    ///
    /// Where the application is told, and what it was told is not known, everything is made once more:
    /// so it is told the same.
    async fn complete(&self, work: &Work) -> Result<Verdict, Setback> {
        let Some(original) = self.store.head(&work.key).await? else { return Ok(Verdict::Gone) };
        let Some(path) = self.settings.path_of(&work.key) else { return Ok(Verdict::Gone) };
        let told = match &self.settings.notify {
            None => None,
            Some(_) => match self.told(path, &original).await? {
                None => return self.make(work, None).await,
                told => told,
            },
        };
        let missing = self.missing_variants(work, (path, &original), told.as_ref()).await;
        if missing.is_empty() {
            self.forget_failure(&work.key).await;
            let told = match told {
                Some(told) => Some(Box::new(self.still_ready(path, &original, told).await?)),
                None => None,
            };
            return Ok(Verdict::Unchanged(original.etag, told));
        }
        let Head { etag, framing, .. } = original;
        let told = told.map(|told| told.manifest);
        self.make(work, Some(Look { etag, framing, missing, told })).await
    }

    /// Those that are meant and missing, of another version or other settings, or otherwise than they
    /// were told of. What is told names every variant, so that all are meant then.
    async fn missing_variants(
        &self,
        work: &Work,
        (path, original): (ImagePath<'_>, &Head),
        told: Option<&Told>,
    ) -> Vec<Variant> {
        let store = &self.store.hurried();
        let is_meant = |variant: &&Variant| {
            let folders = work.folders.as_ref().filter(|_| told.is_none());
            folders.is_none_or(|folders| folders.contains(&variant.folder))
        };
        let meant = self.settings.variants_of(path).filter(is_meant);
        let look = meant.map(|variant| async move {
            let source = original.etag.clone();
            let expected = Origin { source, settings: variant.fingerprint(&original.framing) };
            let variant_key = path.key_in(&variant.folder);
            // What cannot be seen is made once more.
            let head = store.in_time(store.head(&variant_key)).await.ok().flatten();
            let is_current = head.is_some_and(|head| {
                let is_as_told = |told: &Told| {
                    let mut variants = told.manifest.variants.iter();
                    variants.any(|made| made.key == variant_key && made.etag == head.etag)
                };
                head.origin == Some(expected) && told.is_none_or(is_as_told)
            });
            (!is_current).then(|| variant.clone())
        });
        join_all(look).await.into_iter().flatten().collect()
    }

    /// Makes variants: all, or those that were looked for and are missing.
    async fn make(&self, work: &Work, look: Option<Look>) -> Result<Verdict, Setback> {
        if let Some(refusal) = self.refuse_key(&work.key) {
            return self.refuse_unread(&work.key, refusal).await;
        }
        let _place = self.capacity.place().await;
        let mut room = work.size.unwrap_or(UNKNOWN_BYTES).min(self.limits.max_bytes);
        loop {
            let reservation = self.capacity.reserve(room).await;
            match self.attempt(&work.key, reservation, look.as_ref()).await? {
                Attempt::Ended(verdict) => return Ok(verdict),
                Attempt::NeedsRoom(bytes) => room = bytes,
            }
        }
    }

    /// Why no variant of this name can be written, if one cannot: S3 would refuse it every time.
    fn refuse_key(&self, key: &str) -> Option<Refusal> {
        let path = self.settings.path_of(key)?;
        self.settings.variants_of(path).find_map(|variant| {
            let bytes = path.key_in(&variant.folder).len();
            let folder = variant.folder.clone();
            (bytes > KEY_BYTES_MAX).then_some(Refusal::KeyTooLong { folder, bytes })
        })
    }

    /// Records the failure of an original that was not fetched.
    async fn refuse_unread(&self, key: &str, refusal: Refusal) -> Result<Verdict, Setback> {
        let Some(original) = self.store.head(key).await? else { return Ok(Verdict::Gone) };
        let report = Report::new(Some(original.etag), original.size, Duration::ZERO);
        Ok(self.record(key, report, refusal).await?)
    }

    /// Every variant that is made of an original.
    fn variants_of(&self, key: &str) -> Vec<Variant> {
        let path = self.settings.path_of(key);
        path.map(|path| self.settings.variants_of(path).cloned().collect()).unwrap_or_default()
    }

    async fn attempt(
        &self,
        key: &str,
        reservation: Reservation,
        look: Option<&Look>,
    ) -> Result<Attempt, Setback> {
        let started = Instant::now();
        let bytes_max = self.limits.max_bytes;
        let fetched = self.store.get(key, bytes_max.min(reservation.bytes())).await?;
        let original = match fetched {
            Fetched::Original(original) => original,
            Fetched::Missing => return Ok(Attempt::Ended(Verdict::Gone)),
            Fetched::Withheld(why) => {
                return Ok(Attempt::Ended(self.refuse_unread(key, why.into()).await?));
            }
            Fetched::TooLarge { size, .. } if size <= bytes_max => {
                return Ok(Attempt::NeedsRoom(size));
            }
            Fetched::TooLarge { size, etag } => {
                let report = Report::new(etag, size, started.elapsed());
                let error = RenderError::TooManyBytes { size, limit: bytes_max };
                return Ok(Attempt::Ended(self.record(key, report, error.into()).await?));
            }
        };
        let report = Report {
            content_type: original.content_type.clone(),
            framing: original.framing,
            senseless: original.senseless,
            ..Report::new(original.etag.clone(), original.bytes.len() as u64, started.elapsed())
        };
        let (wanted, told) = match look {
            Some(Look { etag, framing, missing, told })
                if *etag == report.etag && *framing == report.framing =>
            {
                (missing.clone(), told.clone())
            }
            _ => (self.variants_of(key), None),
        };
        let report = Report { told, ..report };
        let job = Job {
            key: key.to_owned(),
            request_id: self.request_id.to_owned(),
            original: original.bytes,
            wanted,
            framing: report.framing,
            placeholder: self.settings.notify.as_ref().is_some_and(|notify| notify.thumbhash),
            limits: self.limits,
            watermarks: Arc::clone(self.watermarks),
            reservation,
        };
        self.publish(key, job, report).await
    }

    /// Renders, uploads meanwhile, and tidies up.
    async fn publish(&self, key: &str, job: Job, mut report: Report) -> Result<Attempt, Setback> {
        let (finished, published) = self.render_and_upload(&report, key, job).await?;
        report.made = published.made;
        report.put = published.duration;
        let verdict = match finished {
            Finished::NeedsRoom(bytes) => return Ok(Attempt::NeedsRoom(bytes)),
            Finished::Refused(error) => self.record(key, report, error.into()).await?,
            Finished::Rendered(rendering) => {
                report.rendering = Some(rendering);
                let manifest = self.ready(key, &report);
                let told = async {
                    match (&manifest, self.settings.path_of(key)) {
                        (Some(manifest), Some(path)) => {
                            self.put_manifest(path, manifest, &report.framing).await
                        }
                        _ => Ok(()),
                    }
                };
                let ((), told) = join(self.forget_failure(key), told).await;
                told?;
                Verdict::Made(Box::new(report), manifest.map(Box::new))
            }
        };
        self.invalidate(key, &published.overwritten).await;
        Ok(Attempt::Ended(verdict))
    }
}
