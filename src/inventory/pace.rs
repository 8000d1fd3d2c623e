//! How fast a survey goes, and about how long it still takes.

use std::fmt::Write as _;
use std::time::{Duration, Instant, SystemTime};

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Statistic};
use tokio::task::JoinSet;

use super::survey::Seen;
use super::{Inventory, Range};
use crate::amounts::span;
use crate::aws::Calling;

/// How many originals, or variants without one, are passed between two words about it.
const TOLD_EVERY: u64 = 100;
/// How many are passed before it is asked how many objects there are: fewer are soon done.
const ASKED_AFTER: u64 = 1000;
/// A rate means nothing before.
const RATED_AFTER: Duration = Duration::from_secs(2);

/// S3 counts a bucket's objects once a day and tells hours later (Amazon S3 User Guide, "Metrics and
/// dimensions").
const DAY_SECS: i32 = 24 * 60 * 60;
const DAYS_LOOKED_BACK: i64 = 3;

/// A survey on its way.
pub(super) struct Pace<'a> {
    inventory: Inventory<'a>,
    tell: &'a (dyn Fn(&str) + Send + Sync),
    start: Instant,
    /// Whether everything is passed: not a part of the originals, nor with variants of expired ones left
    /// out.
    is_whole: bool,
    rows: u64,
    passed: Passed,
    /// How many objects there are, once the answer has come.
    coming: JoinSet<Option<f64>>,
    known: Option<f64>,
}

/// What a survey has passed.
#[derive(Clone, Copy, Default)]
struct Passed {
    originals: u64,
    /// Of all folders.
    objects: u64,
}

impl<'a> Pace<'a> {
    pub(super) fn new(
        inventory: &Inventory<'a>,
        range: &Range,
        tell: &'a (dyn Fn(&str) + Send + Sync),
    ) -> Self {
        Self {
            inventory: *inventory,
            tell,
            start: Instant::now(),
            is_whole: range.prefix.is_empty() && !inventory.originals_expire(),
            rows: 0,
            passed: Passed::default(),
            coming: JoinSet::new(),
            known: None,
        }
    }

    pub(super) fn add(&mut self, seen: &Seen) {
        self.rows += 1;
        self.passed.add(seen);
        if !self.rows.is_multiple_of(TOLD_EVERY) {
            return;
        }
        if self.rows == ASKED_AFTER && self.is_whole {
            self.ask();
        }
        if let Some(Ok(known)) = self.coming.try_join_next() {
            self.known = known;
        }
        (self.tell)(&self.passed.line(self.start.elapsed(), self.known));
    }

    fn ask(&mut self) {
        let Inventory { aws, names, .. } = self.inventory;
        self.coming.spawn(objects(aws.cloudwatch.clone(), names.bucket.clone()));
    }
}

impl Passed {
    fn add(&mut self, seen: &Seen) {
        let variants = seen.variants.iter().flatten().count() + seen.strays.len();
        let others = usize::from(seen.original.is_some()) + usize::from(seen.record.is_some());
        self.originals += u64::from(seen.original.is_some());
        self.objects += (variants + others) as u64;
    }

    /// What there is to say after this time. `known` is how many objects the bucket holds; there
    /// may be others among them than those that are listed.
    #[expect(clippy::cast_precision_loss, reason = "an estimate needs no more than 52 bits")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is positive")]
    fn line(self, elapsed: Duration, known: Option<f64>) -> String {
        let mut line = format!("originals checked: {}", self.originals);
        if elapsed < RATED_AFTER {
            return line;
        }
        let elapsed = elapsed.as_secs_f64();
        let rate = (self.originals as f64 / elapsed).round() as u64;
        let _ = write!(line, ", {rate} a second");
        let objects = self.objects as f64;
        if let Some(left) = known.map(|known| known - objects).filter(|left| *left > 0.0) {
            let secs = (left * elapsed / objects).ceil() as u64;
            let _ = write!(line, ", about {} left", span(secs));
        }
        line
    }
}

/// How many objects a bucket held when S3 counted them last; nothing where S3 has not counted yet, or
/// where nobody may ask.
async fn objects(cloudwatch: aws_sdk_cloudwatch::Client, bucket: String) -> Option<f64> {
    let now = DateTime::from(SystemTime::now());
    let back = DateTime::from_secs(now.secs() - DAYS_LOOKED_BACK * i64::from(DAY_SECS));
    let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
    let get = cloudwatch
        .get_metric_statistics()
        .namespace("AWS/S3")
        .metric_name("NumberOfObjects")
        .dimensions(dimension("BucketName", &bucket))
        .dimensions(dimension("StorageType", "AllStorageTypes"))
        .start_time(back)
        .end_time(now)
        .period(DAY_SECS)
        .statistics(Statistic::Average);
    let answer = get.send().await.calling("cloudwatch:GetMetricStatistics").ok()?;
    let counted = answer.datapoints.unwrap_or_default();
    counted.iter().max_by_key(|point| point.timestamp)?.average
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_and_an_end_are_told_once_they_are_known() {
        let passed = Passed { originals: 50_000, objects: 200_000 };
        let line = |secs, known| passed.line(Duration::from_secs(secs), known);
        assert_eq!(line(1, Some(4e6)), "originals checked: 50000");
        assert_eq!(line(10, None), "originals checked: 50000, 5000 a second");
        let told = "originals checked: 50000, 5000 a second, about 4 min left";
        assert_eq!(line(10, Some(4e6)), told);
        // The metric is a day old.
        assert_eq!(line(10, Some(1e5)), "originals checked: 50000, 5000 a second");
        let slow = Passed { originals: 2, objects: 8 }.line(Duration::from_secs(10), Some(4e6));
        assert_eq!(slow, "originals checked: 2, 0 a second, about 1389 h left");
    }
}
