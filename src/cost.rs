//! What a pipeline costs a month, by a table of prices and a few measured figures; and what the same
//! work costs on a server that is always on.
//!
//! Pure: no AWS and no clock. Each resource has its lines of the estimate in its own folder.

mod backfill;
mod effort;
mod flat_rate;
mod server;
mod storage;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub(crate) use self::backfill::{BackfillEstimate, BackfillLoad};
pub(crate) use self::effort::SizeEffort;
pub(crate) use self::flat_rate::FlatRate;
pub(crate) use self::server::Server;
pub(crate) use self::storage::{InClass, OriginalsStorage};
use crate::config::{Arch, Config};
use crate::pricing::{
    CDN_HIT_SHARE, DEAD_LETTER_SHARE, Load, S3_WAIT_MS, Service, Usage, prices, rounded,
};
use crate::stack;

/// What the estimate does not hold.
const LEAVES_OUT: [&str; 8] = [
    "taxes and support plans",
    "free tiers (shown in their own column) and credits for new accounts",
    "volume discounts and savings plans",
    "other regions, whose prices differ, and viewers outside North America and Europe",
    "data transfer between regions, and uploads through your application",
    "cold starts, retries, and calls to delete or look up images",
    "versions of objects, and KMS",
    "originals that are not JPEG, which differ in bytes and time",
];

/// The cost of a month, service by service.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Estimate {
    pub(crate) assumptions: Assumptions,
    pub(crate) services: Vec<Service>,
    pub(crate) total_usd: f64,
    /// The total less what the free tier covers, if nothing else in the account uses it.
    pub(crate) total_after_free_tier_usd: f64,
    /// What the originals would cost in each storage class.
    pub(crate) originals_storage: OriginalsStorage,
    pub(crate) server: Server,
    /// What smaller files would change; nothing where all variants are made so.
    pub(crate) size_effort: Option<SizeEffort>,
    /// The plan of CloudFront's that would be cheaper, if one would.
    pub(crate) flat_rate: Option<FlatRate>,
    pub(crate) leaves_out: [&'static str; 8],
}

/// What the figures rest on.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Assumptions {
    pub(crate) prices_as_of: &'static str,
    pub(crate) prices_of_region: &'static str,
    pub(crate) flat_rates_as_of: &'static str,
    pub(crate) price_sources: [&'static str; 10],
    pub(crate) images: u32,
    pub(crate) megapixels: f64,
    pub(crate) views: u32,
    pub(crate) months_kept: u32,
    pub(crate) variants: usize,
    pub(crate) original_bytes: f64,
    /// Of all variants of an original together.
    pub(crate) variant_bytes: f64,
    pub(crate) memory_mb: u32,
    pub(crate) arch: &'static str,
    /// On one full processor.
    pub(crate) cpu_ms: f64,
    pub(crate) s3_wait_ms: f64,
    pub(crate) billed_ms: f64,
    pub(crate) cdn_hit_share: f64,
    pub(crate) dead_letter_share: f64,
}

/// What this pipeline costs under this load.
pub(crate) fn estimate(config: &Config, load: &Load) -> Estimate {
    let usage = Usage::new(config, load);
    let services = stack::costs(&usage);
    let total: f64 = services.iter().map(|service| service.monthly_usd).sum();
    let free: f64 = services.iter().map(|service| service.free_tier_usd).sum();
    Estimate {
        assumptions: Assumptions::of(&usage, load),
        services,
        total_usd: rounded(total),
        total_after_free_tier_usd: rounded(total - free),
        originals_storage: storage::estimate(&usage),
        server: server::estimate(&usage),
        size_effort: effort::estimate(config, load, &usage),
        flat_rate: flat_rate::estimate(config, &usage),
        leaves_out: LEAVES_OUT,
    }
}

impl Assumptions {
    fn of(usage: &Usage, load: &Load) -> Self {
        Self {
            prices_as_of: prices::AS_OF,
            prices_of_region: prices::REGION,
            flat_rates_as_of: prices::FLAT_RATES_AS_OF,
            price_sources: prices::SOURCES,
            images: load.images,
            megapixels: load.megapixels,
            views: load.views,
            months_kept: load.months,
            variants: usage.variants,
            original_bytes: usage.original_bytes,
            variant_bytes: usage.variant_bytes.round(),
            memory_mb: usage.memory_mb,
            arch: match usage.arch {
                Arch::X86_64 => "x86_64",
                Arch::Arm64 => "arm64",
            },
            cpu_ms: rounded(usage.cpu_ms),
            s3_wait_ms: S3_WAIT_MS,
            billed_ms: usage.billed_ms,
            cdn_hit_share: CDN_HIT_SHARE,
            dead_letter_share: DEAD_LETTER_SHARE,
        }
    }
}
