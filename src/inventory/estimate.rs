//! How long a backfill takes, and what it costs: an order of magnitude to decide by.

use serde::Serialize;

/// List prices of us-east-1 in US dollars, without the free tier, of 2025, from
/// <https://aws.amazon.com/sns/pricing/>, <https://aws.amazon.com/lambda/pricing/> and
/// <https://aws.amazon.com/s3/pricing/>. Other regions differ by up to a half.
mod prices {
    /// An SNS message of up to 64 KB; its delivery to Lambda is free.
    pub(super) const PUBLISH: f64 = 0.50 / 1e6;
    pub(super) const INVOCATION: f64 = 0.20 / 1e6;
    pub(super) const GB_SECOND_X86: f64 = 0.000_016_666_7;
    pub(super) const GB_SECOND_ARM: f64 = 0.000_013_333_4;
    /// PUT and LIST.
    pub(super) const WRITE: f64 = 0.005 / 1e3;
    /// GET and HEAD.
    pub(super) const READ: f64 = 0.000_4 / 1e3;
}

/// A photo of twelve megapixels and two variants of it, on a whole processor.
const CPU_SECS_PER_IMAGE: f64 = 0.12;
/// What an invocation waits for S3.
const WAIT_SECS_PER_IMAGE: f64 = 0.15;
/// Lambda gives a function a whole processor at this memory, and less in proportion (AWS Lambda
/// Developer Guide, "Configure Lambda function memory").
const MEGABYTES_PER_PROCESSOR: f64 = 1769.0;
/// GETs and HEADs of the function for one original, beside one for each variant.
const READS_PER_IMAGE: f64 = 4.0;

/// What decides how long a backfill takes and what it costs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    pub(super) originals: u64,
    /// Variants to be made.
    pub(super) variants: u64,
    /// Objects that are listed to find them, and to watch them come.
    pub(super) listed: u64,
    /// Of the function, in MB.
    pub(super) memory: u32,
    pub(super) is_arm: bool,
    /// How many invocations may run at once.
    pub(super) concurrency: u32,
}

/// What a backfill is expected to take.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Estimate {
    pub(crate) seconds: u64,
    pub(crate) usd: f64,
    /// How many images are worked on at once.
    pub(crate) concurrency: u32,
}

impl Load {
    #[expect(clippy::cast_precision_loss, reason = "an estimate needs no more than 52 bits")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is positive")]
    pub(super) fn estimate(self) -> Estimate {
        let (originals, variants) = (self.originals as f64, self.variants as f64);
        let memory = f64::from(self.memory);
        let share = (memory / MEGABYTES_PER_PROCESSOR).min(1.0);
        let secs = CPU_SECS_PER_IMAGE / share + WAIT_SECS_PER_IMAGE;
        let at_once = f64::from(self.concurrency.max(1)).min(super::backfill::WINDOW_MAX as f64);
        let per_gb_second = if self.is_arm { prices::GB_SECOND_ARM } else { prices::GB_SECOND_X86 };
        let function = prices::INVOCATION + secs * memory / 1024.0 * per_gb_second;
        let reads = originals * READS_PER_IMAGE + variants;
        let writes = variants + self.listed as f64 / 1000.0;
        let usd = originals * (prices::PUBLISH + function)
            + reads * prices::READ
            + writes * prices::WRITE;
        Estimate {
            seconds: (originals * secs / at_once).ceil() as u64,
            usd: (usd * 1e4).round() / 1e4,
            concurrency: self.concurrency,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_photos_cost_some_dollars_and_take_as_long_as_the_function_may() {
        let load = Load {
            originals: 1_000_000,
            variants: 2_000_000,
            listed: 3_000_000,
            memory: 256,
            is_arm: false,
            concurrency: 100,
        };
        let expected = Estimate { seconds: 9793, usd: 17.1951, concurrency: 100 };
        assert_eq!(load.estimate(), expected);
        let small = Load { originals: 0, variants: 0, listed: 0, ..load }.estimate();
        assert_eq!(small, Estimate { seconds: 0, usd: 0.0, concurrency: 100 });
    }
}
