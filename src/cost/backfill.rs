//! How long a backfill takes, and what it costs: an order of magnitude to decide by.

use contract::settings::Variant;
use serde::Serialize;

use crate::config::Arch;
use crate::pricing::{
    READS_PER_IMAGE, S3_WAIT_MS, billed_ms, cpu_ms, lambda_time, prices, rounded,
};

/// An original as phones take them: an assumption, for a listing shows no dimensions.
const MEGAPIXELS: f64 = 12.0;
/// An event that is older than a first one makes the function look at the original before it begins.
const LOOKS_BEFOREHAND: f64 = 1.0;
/// Keys that one page of a listing shows at most (Amazon S3 API Reference, "`ListObjectsV2`").
const KEYS_PER_PAGE: f64 = 1000.0;
/// How long a page takes, from a machine that is not in the bucket's region.
const PAGE_SECS: f64 = 0.1;
/// How long a run may be before the machine that it is on had better be spared.
const LONG_SECS: u64 = 3600;

/// What decides how long a backfill takes and what it costs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BackfillLoad<'a> {
    pub(crate) originals: u64,
    /// Variants to be made.
    pub(crate) variants: u64,
    /// All originals there are, with those that have their variants.
    pub(crate) all: u64,
    /// Objects in the folders of originals and variants.
    pub(crate) objects: u64,
    /// Objects that are listed to find them, and to watch them come.
    pub(crate) listed: u64,
    /// What is made of each.
    pub(crate) made: &'a [Variant],
    pub(crate) memory_mb: u32,
    pub(crate) arch: Arch,
    /// How many originals are worked on at once.
    pub(crate) concurrency: u32,
}

/// What a backfill is expected to take.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct BackfillEstimate {
    pub(crate) seconds: u64,
    pub(crate) usd: f64,
    /// How many originals are worked on at once.
    pub(crate) concurrency: u32,
    pub(crate) prices_as_of: &'static str,
}

impl BackfillEstimate {
    /// Whether it takes so long that AWS had better do it alone.
    pub(crate) fn is_long(&self) -> bool {
        self.seconds >= LONG_SECS
    }
}

impl BackfillLoad<'_> {
    /// From this machine, at list prices of us-east-1, without free tiers.
    #[expect(clippy::cast_precision_loss, reason = "an estimate needs no more than 52 bits")]
    pub(crate) fn estimate(self) -> BackfillEstimate {
        let (originals, variants) = (self.originals as f64, self.variants as f64);
        let pages = self.listed as f64 / KEYS_PER_PAGE;
        let reads = originals * (LOOKS_BEFOREHAND + READS_PER_IMAGE) + variants;
        let usd = prices::MESSAGES.of(originals)
            + prices::INVOCATIONS.of(originals)
            + self.lambda_usd(originals * self.secs())
            + prices::S3_READS.of(reads)
            + prices::S3_WRITES.of(variants + pages);
        // The folders are listed side by side.
        let listing = pages * PAGE_SECS / (self.made.len() + 1) as f64;
        self.estimated(originals * self.secs(), listing, usd)
    }

    /// With `--on-aws`: a job calls the function for every original there is.
    #[expect(clippy::cast_precision_loss, reason = "an estimate needs no more than 52 bits")]
    pub(crate) fn on_aws(self) -> BackfillEstimate {
        let (originals, variants) = (self.originals as f64, self.variants as f64);
        let (all, made) = (self.all as f64, self.made.len() as f64);
        let looks = all * (LOOKS_BEFOREHAND + made);
        let busy = originals * self.secs() + (all - originals).max(0.0) * S3_WAIT_MS / 1000.0;
        let usd = prices::JOBS.of(1.0)
            + prices::JOB_OBJECTS.of(all)
            + prices::JOB_LISTING.of(self.objects as f64)
            + prices::INVOCATIONS.of(all)
            + self.lambda_usd(busy)
            + prices::S3_READS.of(looks + originals * READS_PER_IMAGE)
            + prices::S3_WRITES.of(variants);
        self.estimated(busy, 0.0, usd)
    }

    /// How long the function takes over an original.
    fn secs(self) -> f64 {
        billed_ms(cpu_ms(MEGAPIXELS, self.made), self.memory_mb) / 1000.0
    }

    fn lambda_usd(self, secs: f64) -> f64 {
        lambda_time(self.arch).of(secs * f64::from(self.memory_mb) / 1024.0)
    }

    /// Of a function that is at work this long in all.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is positive")]
    fn estimated(self, busy: f64, listing: f64, usd: f64) -> BackfillEstimate {
        let seconds = listing + busy / f64::from(self.concurrency.max(1));
        BackfillEstimate {
            seconds: seconds.ceil() as u64,
            usd: rounded(usd),
            concurrency: self.concurrency,
            prices_as_of: prices::AS_OF,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the pages say of when a machine had better be spared: with two sizes of which all are
    /// missing.
    #[test]
    fn an_hour_is_some_millions_of_originals_or_a_hundred_thousand_in_a_new_account() {
        let made = [Variant::of_size(800, 600), Variant::of_size(400, 300)];
        let load = |originals: u64, concurrency| BackfillLoad {
            originals,
            variants: 2 * originals,
            all: originals,
            objects: originals,
            listed: 4 * 3 * originals,
            made: &made,
            memory_mb: 256,
            arch: Arch::X86_64,
            concurrency,
        };
        let is_long = |originals, concurrency| load(originals, concurrency).estimate().is_long();
        assert!(!is_long(4_500_000, 1000) && is_long(5_000_000, 1000));
        assert!(!is_long(90_000, 10) && is_long(100_000, 10));
        let more = load(1_000_000, 1000).on_aws().usd - load(1_000_000, 1000).estimate().usd;
        assert!((0.7..0.8).contains(&more), "{more}");
    }

    #[test]
    fn a_million_photos_cost_some_dollars_and_take_as_long_as_the_function_may() {
        let load = BackfillLoad {
            originals: 1_000_000,
            variants: 2_000_000,
            all: 1_000_000,
            objects: 1_000_000,
            listed: 3_000_000,
            made: &[Variant::of_size(800, 600), Variant::of_size(400, 300)],
            memory_mb: 256,
            arch: Arch::X86_64,
            concurrency: 100,
        };
        let expected = BackfillEstimate {
            // 374 ms each, as for the default load of `imgprep cost`, a hundred at once; and 3,000 pages, a
            // third of them one after the other.
            seconds: 3840,
            // Messages 0.50, calls 0.20, 93,500 GB-seconds 1.55834, 6,000,000 reads 2.40, 2,003,000
            // writes 10.015.
            usd: 14.6733,
            concurrency: 100,
            prices_as_of: prices::AS_OF,
        };
        assert_eq!(load.estimate(), expected);
        let none = BackfillLoad { originals: 0, variants: 0, listed: 0, ..load };
        assert_eq!(none.estimate(), BackfillEstimate { seconds: 0, usd: 0.0, ..expected });
        // A job 0.25, its objects 1.00, their listing 0.015, calls 0.20, 93,500 GB-seconds 1.55834,
        // 6,000,000 reads 2.40, 2,000,000 writes 10.
        let on_aws = BackfillEstimate { seconds: 3740, usd: 15.4233, ..expected };
        assert_eq!(load.on_aws(), on_aws);
        // What has its variants is looked at: 25,000 GB-seconds 0.41667, 3,000,000 reads 1.20.
        assert_eq!(none.on_aws(), BackfillEstimate { seconds: 1000, usd: 3.0817, ..expected });
    }
}
