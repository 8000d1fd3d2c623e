//! What a pipeline costs a month, by a table of prices and a few measured figures; and what the same
//! work costs on a server that is always on.
//!
//! Pure: deliberately absent are AWS, the clock, and how the estimate looks.

mod backfill;
mod effort;
mod prices;
mod server;
#[cfg(test)]
mod tests;

use contract::settings::{Effort, Format, Variant};
use serde::Serialize;

pub(crate) use self::backfill::{BackfillEstimate, BackfillLoad};
pub(crate) use self::effort::SizeEffort;
use self::prices::Price;
pub(crate) use self::server::Server;
use crate::config::{Arch, Config};

/// Processor time for each megapixel of an original, on one full processor, until its variants can be
/// encoded: what `bench/run` measures for JPEG photos of 10 megapixels.
const READING_MS_PER_MEGAPIXEL: f64 = 2.7;
/// The memory at which a function has one whole processor (AWS Lambda Developer Guide, "Configure
/// Lambda function memory").
const MB_PER_PROCESSOR: f64 = 1769.0;
/// How long an invocation waits for S3, which is billed as well: an assumption.
const S3_WAIT_MS: f64 = 100.0;
/// What `effort = "size"` takes more for each megapixel of a variant, and what it leaves of the bytes:
/// `bench/run --effort`, at quality 80.
const SIZE_EFFORT_MS_PER_MEGAPIXEL: f64 = 26.7;
const SIZE_EFFORT_BYTES: f64 = 0.83;
/// Bytes per pixel of an original as cameras and phones write JPEG: an assumption.
const ORIGINAL_BYTES_PER_PIXEL: f64 = 0.3;
/// What one invocation writes to the log, with what Lambda adds and with CloudWatch's overhead.
const LOG_BYTES_PER_IMAGE: f64 = 1300.0;
/// `Processed`, `Failed` and `Duration`.
const METRICS: f64 = 3.0;
/// How many originals end in the dead-letter queue: an assumption.
const DEAD_LETTER_SHARE: f64 = 0.001;
/// A dead letter is sent, received and deleted.
const REQUESTS_PER_DEAD_LETTER: f64 = 3.0;
/// What the function reads per original: it fetches it, looks for a record of an earlier failure,
/// and looks whether the original is still the same.
const READS_PER_IMAGE: f64 = 3.0;
/// How many views CloudFront answers without asking S3: an assumption.
const CDN_HIT_SHARE: f64 = 0.9;
/// As AWS counts a month.
const HOURS_PER_MONTH: f64 = 730.0;
const DAYS_PER_MONTH: f64 = 30.0;
const GIGABYTE: f64 = 1e9;

/// What the estimate does not hold.
const LEAVES_OUT: [&str; 8] = [
    "taxes and support plans",
    "free tiers, which have a column of their own, and credits of new accounts",
    "discounts for large volumes, savings plans, and CloudFront's flat-rate plans",
    "other regions, whose prices differ, and viewers outside of North America and Europe",
    "data transfer between regions, and of uploads through an application",
    "cold starts, repeated attempts, and calls for images that are deleted or looked for",
    "other storage classes, versions of objects, and KMS",
    "originals of other formats than JPEG, whose bytes and time differ",
];

/// What a pipeline has to do in a month.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Load {
    pub(crate) images: u32,
    pub(crate) megapixels: f64,
    pub(crate) views: u32,
    /// `None`: what a camera makes of the megapixels.
    pub(crate) original_bytes: Option<u32>,
    /// How many months of images are kept.
    pub(crate) months: u32,
}

/// The cost of a month, service by service.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Estimate {
    pub(crate) assumptions: Assumptions,
    pub(crate) services: Vec<Service>,
    pub(crate) total_usd: f64,
    /// The total less what the free tier covers, if nothing else in the account uses it.
    pub(crate) total_after_free_tier_usd: f64,
    pub(crate) server: Server,
    /// What smaller files would change; nothing where all variants are made so.
    pub(crate) size_effort: Option<SizeEffort>,
    pub(crate) leaves_out: [&'static str; 8],
}

/// What the figures rest on.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Assumptions {
    pub(crate) prices_as_of: &'static str,
    pub(crate) prices_of_region: &'static str,
    pub(crate) price_sources: [&'static str; 9],
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

/// What one service costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Service {
    #[serde(rename = "service")]
    pub(crate) name: &'static str,
    pub(crate) monthly_usd: f64,
    /// How much of it the free tier covers that every account has without an end.
    pub(crate) free_tier_usd: f64,
    pub(crate) detail: String,
}

impl Service {
    fn new(name: &'static str, parts: &[(Price, f64)], detail: String) -> Self {
        let sum = |of: fn(&Price, f64) -> f64| parts.iter().map(|(price, it)| of(price, *it)).sum();
        Self {
            name,
            monthly_usd: rounded(sum(Price::of)),
            free_tier_usd: rounded(sum(Price::free_of)),
            detail,
        }
    }
}

/// What this pipeline costs under this load.
pub(crate) fn estimate(config: &Config, load: &Load) -> Estimate {
    let usage = Usage::new(config, load);
    let mut services = vec![
        usage.s3_storage(),
        usage.s3_requests(),
        usage.sns(),
        usage.lambda(),
        usage.cloudwatch(),
        usage.sqs(),
    ];
    services.push(if usage.has_cdn { usage.cloudfront() } else { usage.s3_transfer() });
    let total: f64 = services.iter().map(|service| service.monthly_usd).sum();
    let free: f64 = services.iter().map(|service| service.free_tier_usd).sum();
    Estimate {
        assumptions: usage.assumptions(load),
        services,
        total_usd: rounded(total),
        total_after_free_tier_usd: rounded(total - free),
        server: server::estimate(&usage),
        size_effort: effort::estimate(config, load, &usage),
        leaves_out: LEAVES_OUT,
    }
}

/// What a month takes of each service.
struct Usage {
    images: f64,
    views: f64,
    months: f64,
    variants: usize,
    original_bytes: f64,
    variant_bytes: f64,
    has_cdn: bool,
    memory_mb: u32,
    arch: Arch,
    cpu_ms: f64,
    billed_ms: f64,
    log_retention_days: u32,
}

impl Usage {
    fn new(config: &Config, load: &Load) -> Self {
        let pixels = load.megapixels * 1e6;
        let cpu_ms = cpu_ms(load.megapixels, &config.variants);
        let bytes =
            |variant: &Variant| variant_megapixels(variant) * 1e6 * bytes_per_pixel(variant);
        let memory_mb = config.function.memory;
        Self {
            images: load.images.into(),
            views: load.views.into(),
            months: load.months.into(),
            variants: config.variants.len(),
            original_bytes: load
                .original_bytes
                .map_or_else(|| (pixels * ORIGINAL_BYTES_PER_PIXEL).round(), f64::from),
            variant_bytes: config.variants.iter().map(bytes).sum(),
            has_cdn: config.cdn.enabled,
            memory_mb,
            arch: config.function.arch,
            cpu_ms,
            billed_ms: billed_ms(cpu_ms, memory_mb),
            log_retention_days: config.function.log_retention_days,
        }
    }

    fn assumptions(&self, load: &Load) -> Assumptions {
        Assumptions {
            prices_as_of: prices::AS_OF,
            prices_of_region: prices::REGION,
            price_sources: prices::SOURCES,
            images: load.images,
            megapixels: load.megapixels,
            views: load.views,
            months_kept: load.months,
            variants: self.variants,
            original_bytes: self.original_bytes,
            variant_bytes: self.variant_bytes.round(),
            memory_mb: self.memory_mb,
            arch: match self.arch {
                Arch::X86_64 => "x86_64",
                Arch::Arm64 => "arm64",
            },
            cpu_ms: rounded(self.cpu_ms),
            s3_wait_ms: S3_WAIT_MS,
            billed_ms: self.billed_ms,
            cdn_hit_share: CDN_HIT_SHARE,
            dead_letter_share: DEAD_LETTER_SHARE,
        }
    }

    fn variants(&self) -> f64 {
        u32::try_from(self.variants).unwrap_or(u32::MAX).into()
    }

    /// Gigabytes of originals and variants in the bucket.
    fn stored_gigabytes(&self) -> f64 {
        self.images * self.months * (self.original_bytes + self.variant_bytes) / GIGABYTE
    }

    /// Objects that are written: originals by whoever uploads, variants by the function.
    fn writes(&self) -> f64 {
        self.images * (1.0 + self.variants())
    }

    /// Gigabytes of variants that go to viewers, as if each variant were looked at equally often.
    fn viewed_gigabytes(&self) -> f64 {
        self.gigabytes_of(self.views)
    }

    fn gigabytes_of(&self, views: f64) -> f64 {
        views * self.variant_bytes / self.variants() / GIGABYTE
    }

    /// What Lambda bills for so many originals.
    fn gigabyte_seconds_of(&self, images: f64) -> f64 {
        images * self.billed_ms / 1000.0 * f64::from(self.memory_mb) / 1024.0
    }

    fn s3_storage(&self) -> Service {
        let stored = self.stored_gigabytes();
        let detail = format!(
            "{} GB: the originals and variants of {} months",
            number(stored),
            number(self.months)
        );
        Service::new("S3 storage", &[(prices::STORAGE, stored)], detail)
    }

    fn s3_requests(&self) -> Service {
        // Without a CDN every view is a request; of the views through one, those that it misses.
        let missed = if self.has_cdn { 1.0 - CDN_HIT_SHARE } else { 1.0 };
        let (writes, reads) = (self.writes(), self.images * READS_PER_IMAGE + self.views * missed);
        let detail = format!("{} writes and {} reads", number(writes), number(reads));
        Service::new(
            "S3 requests",
            &[(prices::S3_WRITES, writes), (prices::S3_READS, reads)],
            detail,
        )
    }

    fn sns(&self) -> Service {
        let detail = format!("{} messages", number(self.images));
        Service::new("SNS", &[(prices::MESSAGES, self.images)], detail)
    }

    fn lambda(&self) -> Service {
        let gigabyte_seconds = self.gigabyte_seconds_of(self.images);
        let detail = format!(
            "{} calls of {} ms at {} MB: {} GB-seconds",
            number(self.images),
            number(self.billed_ms),
            self.memory_mb,
            number(gigabyte_seconds)
        );
        Service::new(
            "Lambda",
            &[(prices::INVOCATIONS, self.images), (lambda_time(self.arch), gigabyte_seconds)],
            detail,
        )
    }

    fn cloudwatch(&self) -> Service {
        let logged = self.images * LOG_BYTES_PER_IMAGE / GIGABYTE;
        let kept = logged * f64::from(self.log_retention_days) / DAYS_PER_MONTH;
        // A metric is billed for the hours in which it has values; here an hour for each image.
        let metrics = METRICS * (self.images / HOURS_PER_MONTH).min(1.0);
        let detail = format!("{} GB of log, and {METRICS} metrics", number(logged));
        Service::new(
            "CloudWatch",
            &[(prices::LOGS, logged), (prices::LOG_STORAGE, kept), (prices::METRICS, metrics)],
            detail,
        )
    }

    fn sqs(&self) -> Service {
        let dead_letters = self.images * DEAD_LETTER_SHARE;
        let detail = format!("{} dead letters", number(dead_letters));
        let requests = dead_letters * REQUESTS_PER_DEAD_LETTER;
        Service::new("SQS", &[(prices::QUEUE, requests)], detail)
    }

    fn cloudfront(&self) -> Service {
        let viewed = self.viewed_gigabytes();
        let detail = format!("{} requests and {} GB", number(self.views), number(viewed));
        Service::new(
            "CloudFront",
            &[(prices::CDN_REQUESTS, self.views), (prices::CDN_TRANSFER, viewed)],
            detail,
        )
    }

    /// Without a CDN the variants come from the bucket itself.
    fn s3_transfer(&self) -> Service {
        let viewed = self.viewed_gigabytes();
        let detail = format!("{} GB to the Internet, as there is no CDN", number(viewed));
        Service::new("S3 transfer", &[(prices::TRANSFER, viewed)], detail)
    }
}

/// Processor time for one original and its variants, on one full processor, in milliseconds.
fn cpu_ms(megapixels: f64, variants: &[Variant]) -> f64 {
    let encoding = variants.iter().map(|it| variant_megapixels(it) * encoding_ms_per_megapixel(it));
    megapixels * READING_MS_PER_MEGAPIXEL + encoding.sum::<f64>()
}

fn variant_megapixels(variant: &Variant) -> f64 {
    f64::from(variant.width) * f64::from(variant.height) / 1e6
}

/// As `bench/run --formats` measures it for photos at 800x600. The originals are taken for JPEG, so that
/// what keeps their format is one, too.
fn encoding_ms_per_megapixel(variant: &Variant) -> f64 {
    match (variant.format, variant.effort) {
        (Format::Keep | Format::Jpeg, Effort::Speed) => 12.0,
        (Format::Keep | Format::Jpeg, Effort::Size) => 12.0 + SIZE_EFFORT_MS_PER_MEGAPIXEL,
        (Format::Png, _) => 360.0,
        (Format::Webp, _) => 320.0,
        (Format::Avif, _) => 1770.0,
    }
}

/// As `bench/run --formats` measures it, at quality 80: as JPEG 71 kB for 800x600 and 400x300 together.
fn bytes_per_pixel(variant: &Variant) -> f64 {
    match (variant.format, variant.effort) {
        (Format::Keep | Format::Jpeg, Effort::Speed) => 0.12,
        (Format::Keep | Format::Jpeg, Effort::Size) => 0.12 * SIZE_EFFORT_BYTES,
        (Format::Png, _) => 1.39,
        (Format::Webp, _) => 0.061,
        (Format::Avif, _) => 0.081,
    }
}

/// What Lambda bills for one original that takes this much processor time, in milliseconds.
fn billed_ms(cpu_ms: f64, memory_mb: u32) -> f64 {
    // One image is worked on by one processor, however many the function has.
    let processors = (f64::from(memory_mb) / MB_PER_PROCESSOR).min(1.0);
    (cpu_ms / processors + S3_WAIT_MS).ceil()
}

/// The price of a gigabyte-second.
fn lambda_time(arch: Arch) -> Price {
    match arch {
        Arch::X86_64 => prices::X86_TIME,
        Arch::Arm64 => prices::ARM_TIME,
    }
}

/// US dollars to a hundredth of a cent, so that what is shown adds up.
fn rounded(usd: f64) -> f64 {
    (usd * 1e4).round() / 1e4
}

/// A number as people write it: with commas from 1,000 on, and below with a few decimals.
pub(crate) fn number(value: f64) -> String {
    let decimals = if value >= 1000.0 {
        0
    } else if value >= 100.0 {
        1
    } else if value >= 1.0 {
        2
    } else {
        4
    };
    let text = format!("{value:.decimals$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { grouped } else { format!("{grouped}.{fraction}") }
}
