//! How long a backfill takes, and what it costs: an order of magnitude to decide by.

use contract::settings::Variant;
use serde::Serialize;

use crate::config::Arch;
use crate::pricing::{READS_PER_IMAGE, billed_ms, cpu_ms, lambda_time, prices, rounded};

/// An original as phones take them: an assumption, for a listing shows no dimensions.
const MEGAPIXELS: f64 = 12.0;
/// An event that is older than a first one makes the function look at the original before it begins.
const LOOKS_BEFOREHAND: f64 = 1.0;
/// Keys that one page of a listing shows at most (Amazon S3 API Reference, "`ListObjectsV2`").
const KEYS_PER_PAGE: f64 = 1000.0;

/// What decides how long a backfill takes and what it costs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BackfillLoad<'a> {
    pub(crate) originals: u64,
    /// Variants to be made.
    pub(crate) variants: u64,
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

impl BackfillLoad<'_> {
    /// At list prices of us-east-1, without free tiers.
    #[expect(clippy::cast_precision_loss, reason = "an estimate needs no more than 52 bits")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is positive")]
    pub(crate) fn estimate(self) -> BackfillEstimate {
        let (originals, variants) = (self.originals as f64, self.variants as f64);
        let secs = billed_ms(cpu_ms(MEGAPIXELS, self.made), self.memory_mb) / 1000.0;
        let gigabyte_seconds = originals * secs * f64::from(self.memory_mb) / 1024.0;
        let reads = originals * (LOOKS_BEFOREHAND + READS_PER_IMAGE) + variants;
        let writes = variants + self.listed as f64 / KEYS_PER_PAGE;
        let usd = prices::MESSAGES.of(originals)
            + prices::INVOCATIONS.of(originals)
            + lambda_time(self.arch).of(gigabyte_seconds)
            + prices::S3_READS.of(reads)
            + prices::S3_WRITES.of(writes);
        BackfillEstimate {
            seconds: (originals * secs / f64::from(self.concurrency.max(1))).ceil() as u64,
            usd: rounded(usd),
            concurrency: self.concurrency,
            prices_as_of: prices::AS_OF,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_photos_cost_some_dollars_and_take_as_long_as_the_function_may() {
        let load = BackfillLoad {
            originals: 1_000_000,
            variants: 2_000_000,
            listed: 3_000_000,
            made: &[Variant::of_size(800, 600), Variant::of_size(400, 300)],
            memory_mb: 256,
            arch: Arch::X86_64,
            concurrency: 100,
        };
        let expected = BackfillEstimate {
            // 374 ms each, as for the default load of `imgprep cost`, a hundred at once.
            seconds: 3740,
            // Messages 0.50, calls 0.20, 93,500 GB-seconds 1.55834, 6,000,000 reads 2.40, 2,003,000
            // writes 10.015.
            usd: 14.6733,
            concurrency: 100,
            prices_as_of: prices::AS_OF,
        };
        assert_eq!(load.estimate(), expected);
        let none = BackfillLoad { originals: 0, variants: 0, listed: 0, ..load }.estimate();
        assert_eq!(none, BackfillEstimate { seconds: 0, usd: 0.0, ..expected });
    }
}
