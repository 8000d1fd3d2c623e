//! What a month takes of AWS and what one thing costs: what the resources' own lines of an estimate
//! are worked out from.

pub(crate) mod originals;
pub(crate) mod prices;

use contract::settings::{Effort, Fit, Format, Variant};
use serde::Serialize;

use self::prices::Price;
use crate::config::{Alarms, Arch, Config, Notify, Storage};

/// Processor time for each megapixel of an original, on one full processor, until its variants can be
/// encoded: what `bench/run` measures for JPEG photos of 10 megapixels.
pub(crate) const READING_MS_PER_MEGAPIXEL: f64 = 2.7;
/// The memory at which a function has one whole processor (AWS Lambda Developer Guide, "Configure
/// Lambda function memory").
pub(crate) const MB_PER_PROCESSOR: u32 = 1769;
/// How long an invocation waits for S3, which is billed as well: an assumption.
pub(crate) const S3_WAIT_MS: f64 = 100.0;
/// What `effort = "size"` takes more for each megapixel of a variant, and what it leaves of the bytes:
/// `bench/run --effort`, at quality 80.
pub(crate) const SIZE_EFFORT_MS_PER_MEGAPIXEL: f64 = 26.7;
pub(crate) const SIZE_EFFORT_BYTES: f64 = 0.83;
/// Bytes per pixel of an original as cameras and phones write JPEG: an assumption.
pub(crate) const ORIGINAL_BYTES_PER_PIXEL: f64 = 0.3;
/// How many originals end in the dead-letter queue: an assumption.
pub(crate) const DEAD_LETTER_SHARE: f64 = 0.001;
/// What the function reads per original: it fetches it, looks for a record of an earlier failure,
/// and looks whether the original is still the same.
pub(crate) const READS_PER_IMAGE: f64 = 3.0;
/// How many views CloudFront answers without asking S3: an assumption.
pub(crate) const CDN_HIT_SHARE: f64 = 0.9;
/// As AWS counts a month.
pub(crate) const HOURS_PER_MONTH: f64 = 730.0;
pub(crate) const GIGABYTE: f64 = 1e9;

/// Days as a part of a month, as AWS counts one.
pub(crate) fn months(days: u32) -> f64 {
    f64::from(days) * 24.0 / HOURS_PER_MONTH
}

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

/// What one service costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Service {
    #[serde(rename = "service")]
    pub(crate) name: &'static str,
    /// The page of its first price, by which services are sorted.
    #[serde(skip)]
    pub(crate) page: usize,
    pub(crate) monthly_usd: f64,
    /// How much of it the free tier covers that every account has without an end.
    pub(crate) free_tier_usd: f64,
    pub(crate) detail: String,
}

impl Service {
    pub(crate) fn new(name: &'static str, parts: &[(Price, f64)], detail: String) -> Self {
        let sum = |of: fn(&Price, f64) -> f64| parts.iter().map(|(price, it)| of(price, *it)).sum();
        Self {
            name,
            page: parts.first().map_or(usize::MAX, |(price, _)| price.page()),
            monthly_usd: rounded(sum(Price::of)),
            free_tier_usd: rounded(sum(Price::free_of)),
            detail,
        }
    }
}

/// What a month takes of each service.
pub(crate) struct Usage {
    pub(crate) images: f64,
    pub(crate) views: f64,
    /// How many months of variants are kept.
    pub(crate) months: f64,
    pub(crate) storage: Storage,
    pub(crate) variants: usize,
    pub(crate) original_bytes: f64,
    pub(crate) variant_bytes: f64,
    pub(crate) has_cdn: bool,
    pub(crate) memory_mb: u32,
    pub(crate) arch: Arch,
    pub(crate) cpu_ms: f64,
    pub(crate) billed_ms: f64,
    pub(crate) log_retention_days: u32,
    /// Whom an application has told of images that are ready.
    pub(crate) notify: Option<Notify>,
    /// Who gets mail about trouble.
    pub(crate) alarms: Option<Alarms>,
}

impl Usage {
    pub(crate) fn new(config: &Config, load: &Load) -> Self {
        let pixels = load.megapixels * 1e6;
        let cpu_ms = cpu_ms(load.megapixels, &config.variants);
        let bytes =
            |variant: &Variant| variant_megapixels(variant) * 1e6 * bytes_per_pixel(variant);
        let memory_mb = config.function.memory;
        Self {
            images: load.images.into(),
            views: load.views.into(),
            months: load.months.into(),
            storage: config.bucket.storage,
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
            notify: config.notify.clone(),
            alarms: config.alarms.clone(),
        }
    }

    pub(crate) fn variants(&self) -> f64 {
        u32::try_from(self.variants).unwrap_or(u32::MAX).into()
    }

    /// Gigabytes of originals and variants in the bucket.
    pub(crate) fn stored_gigabytes(&self) -> f64 {
        self.original_gigabytes() * self.original_months() + self.variant_gigabytes()
    }

    /// Gigabytes of originals that come in.
    pub(crate) fn original_gigabytes(&self) -> f64 {
        self.images * self.original_bytes / GIGABYTE
    }

    /// Gigabytes of variants in the bucket.
    pub(crate) fn variant_gigabytes(&self) -> f64 {
        self.images * self.months * self.variant_bytes / GIGABYTE
    }

    /// How many months of originals are kept.
    pub(crate) fn original_months(&self) -> f64 {
        let until_expiry = self.storage.expire_originals_days.map(months);
        until_expiry.map_or(self.months, |expiry| self.months.min(expiry))
    }

    /// Objects that are written: originals by whoever uploads, variants and manifests by the
    /// function.
    pub(crate) fn writes(&self) -> f64 {
        let has_manifests = self.notify.as_ref().is_some_and(|notify| notify.manifest);
        self.images * (1.0 + self.variants() + f64::from(u8::from(has_manifests)))
    }

    /// Gigabytes of variants that go to viewers, as if each variant were looked at equally often.
    pub(crate) fn viewed_gigabytes(&self) -> f64 {
        self.gigabytes_of(self.views)
    }

    pub(crate) fn gigabytes_of(&self, views: f64) -> f64 {
        views * self.variant_bytes / self.variants() / GIGABYTE
    }

    /// What Lambda bills for so many originals.
    pub(crate) fn gigabyte_seconds_of(&self, images: f64) -> f64 {
        images * self.billed_ms / 1000.0 * f64::from(self.memory_mb) / 1024.0
    }
}

/// Processor time for one original and its variants, on one full processor, in milliseconds.
pub(crate) fn cpu_ms(megapixels: f64, variants: &[Variant]) -> f64 {
    let encoding = variants.iter().map(|it| variant_megapixels(it) * encoding_ms_per_megapixel(it));
    megapixels * READING_MS_PER_MEGAPIXEL + encoding.sum::<f64>()
}

/// Of one with an open side, what is made of a photo of 4:3.
pub(crate) fn variant_megapixels(variant: &Variant) -> f64 {
    const SHAPE: f64 = 4.0 / 3.0;
    let (width, height) = (f64::from(variant.width), f64::from(variant.height));
    let drawn = match variant.fit {
        Fit::Contain => (width.min(height * SHAPE), height.min(width / SHAPE)),
        Fit::Cover | Fit::Pad => (width, height),
    };
    drawn.0 * drawn.1 / 1e6
}

/// As `bench/run --formats` measures it for photos at 800x600, in proportion to JPEG. The originals are
/// taken for JPEG, so that what keeps their format is one, too.
pub(crate) fn encoding_ms_per_megapixel(variant: &Variant) -> f64 {
    match (variant.format, variant.effort) {
        (Format::Keep | Format::Jpeg, Effort::Speed) => 12.0,
        (Format::Keep | Format::Jpeg, Effort::Size) => 12.0 + SIZE_EFFORT_MS_PER_MEGAPIXEL,
        (Format::Png, _) => 360.0,
        (Format::Webp, Effort::Speed) => 85.0,
        (Format::Webp, Effort::Size) => 270.0,
        (Format::Avif, Effort::Speed) => 850.0,
        (Format::Avif, Effort::Size) => 1850.0,
    }
}

/// As `bench/run --formats` measures it, at quality 80, in proportion to JPEG: 71 kB for 800x600 and
/// 400x300 together.
pub(crate) fn bytes_per_pixel(variant: &Variant) -> f64 {
    match (variant.format, variant.effort) {
        (Format::Keep | Format::Jpeg | Format::Webp, Effort::Speed) => 0.12,
        (Format::Keep | Format::Jpeg, Effort::Size) => 0.12 * SIZE_EFFORT_BYTES,
        (Format::Png, _) => 1.39,
        (Format::Webp, Effort::Size) => 0.108,
        (Format::Avif, Effort::Speed) => 0.094,
        (Format::Avif, Effort::Size) => 0.083,
    }
}

/// What Lambda bills for one original that takes this much processor time, in milliseconds.
pub(crate) fn billed_ms(cpu_ms: f64, memory_mb: u32) -> f64 {
    // One image is worked on by one processor, however many the function has.
    let processors = (f64::from(memory_mb) / f64::from(MB_PER_PROCESSOR)).min(1.0);
    (cpu_ms / processors + S3_WAIT_MS).ceil()
}

/// The price of a gigabyte-second.
pub(crate) fn lambda_time(arch: Arch) -> Price {
    match arch {
        Arch::X86_64 => prices::X86_TIME,
        Arch::Arm64 => prices::ARM_TIME,
    }
}

/// US dollars to a hundredth of a cent, so that what is shown adds up.
pub(crate) fn rounded(usd: f64) -> f64 {
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
