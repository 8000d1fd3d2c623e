//! The price table: what AWS asks in us-east-1, each price with the page that it is from.
//!
//! Only the first step of each price is here; large volumes cost less. To bring the table up to
//! date, go through the pages and set [`AS_OF`].

use crate::config::StorageClass;

/// When the prices were those of the pages.
pub(crate) const AS_OF: &str = "2025-11";
pub(crate) const REGION: &str = "us-east-1";

const CLOUDFRONT: &str = "https://aws.amazon.com/cloudfront/pricing/pay-as-you-go/";
const CLOUDFRONT_PLANS: &str = "https://aws.amazon.com/cloudfront/pricing/";
const CLOUDWATCH: &str = "https://aws.amazon.com/cloudwatch/pricing/";
const EBS: &str = "https://aws.amazon.com/ebs/pricing/";
const EC2: &str = "https://aws.amazon.com/ec2/pricing/on-demand/";
const LAMBDA: &str = "https://aws.amazon.com/lambda/pricing/";
const S3: &str = "https://aws.amazon.com/s3/pricing/";
const SNS: &str = "https://aws.amazon.com/sns/pricing/";
const SQS: &str = "https://aws.amazon.com/sqs/pricing/";
const VPC: &str = "https://aws.amazon.com/vpc/pricing/";

/// What AWS asks for one thing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Price {
    /// US dollars for each of `per`.
    usd: f64,
    per: f64,
    /// How much of it is free each month, for every account and without an end.
    free: f64,
    source: &'static str,
}

impl Price {
    const fn new(usd: f64, per: f64, source: &'static str) -> Self {
        Self { usd, per, free: 0.0, source }
    }

    const fn with_free(self, free: f64) -> Self {
        Self { free, ..self }
    }

    /// What this much costs.
    pub(crate) fn of(&self, amount: f64) -> f64 {
        amount * self.usd / self.per
    }

    /// Which of the pages it is from.
    pub(super) fn page(&self) -> usize {
        SOURCES.iter().position(|page| *page == self.source).unwrap_or(SOURCES.len())
    }

    /// What of it the free tier covers.
    pub(crate) fn free_of(&self, amount: f64) -> f64 {
        self.of(amount.min(self.free))
    }
}

const THOUSAND: f64 = 1e3;
const MILLION: f64 = 1e6;

/// S3 Standard, a gigabyte for a month.
pub(crate) const STORAGE: Price = Price::new(0.023, 1.0, S3);
/// S3 Intelligent-Tiering for what was not read for 30 days, a gigabyte for a month; before that it
/// costs what Standard does.
pub(crate) const INFREQUENT_TIER: Price = Price::new(0.0125, 1.0, S3);
/// The same for what was not read for 90 days.
pub(crate) const ARCHIVE_INSTANT_TIER: Price = Price::new(0.004, 1.0, S3);
/// Objects of S3 Intelligent-Tiering that are watched for a month.
pub(crate) const MONITORING: Price = Price::new(0.0025, THOUSAND, S3);
/// S3 Glacier Instant Retrieval, a gigabyte for a month.
pub(crate) const GLACIER_INSTANT: Price = Price::new(0.004, 1.0, S3);
/// A gigabyte that is read from S3 Glacier Instant Retrieval.
pub(crate) const GLACIER_RETRIEVAL: Price = Price::new(0.03, 1.0, S3);
/// GET from S3 Glacier Instant Retrieval.
pub(crate) const GLACIER_READS: Price = Price::new(0.01, THOUSAND, S3);

/// Objects that a lifecycle rule moves to a class.
pub(crate) const fn moving(class: StorageClass) -> Price {
    match class {
        StorageClass::IntelligentTiering => Price::new(0.01, THOUSAND, S3),
        StorageClass::GlacierInstant => Price::new(0.02, THOUSAND, S3),
    }
}

/// PUT, COPY, POST and LIST.
pub(crate) const S3_WRITES: Price = Price::new(0.005, THOUSAND, S3);
/// GET, HEAD and all others.
pub(crate) const S3_READS: Price = Price::new(0.0004, THOUSAND, S3);
/// A job of S3 Batch Operations.
pub(crate) const JOBS: Price = Price::new(0.25, 1.0, S3);
/// Objects that a job works on.
pub(crate) const JOB_OBJECTS: Price = Price::new(1.00, MILLION, S3);
/// Objects of the bucket that S3 lists for a job.
pub(crate) const JOB_LISTING: Price = Price::new(0.015, MILLION, S3);
/// From S3 or EC2 to the Internet, a gigabyte. To CloudFront it is free.
pub(crate) const TRANSFER: Price = Price::new(0.09, 1.0, EC2).with_free(100.0);
/// Messages that are published; to hand them to Lambda is free.
pub(crate) const MESSAGES: Price = Price::new(0.50, MILLION, SNS).with_free(MILLION);
/// Messages beyond those that are free in [`MESSAGES`].
pub(crate) const FURTHER_MESSAGES: Price = Price::new(0.50, MILLION, SNS);
/// Messages that are posted to an address.
pub(crate) const POSTS: Price = Price::new(0.60, MILLION, SNS).with_free(100_000.0);
/// Messages that are mailed to an address.
pub(crate) const MAILS: Price = Price::new(2.0, 100.0 * THOUSAND, SNS).with_free(THOUSAND);
pub(crate) const INVOCATIONS: Price = Price::new(0.20, MILLION, LAMBDA).with_free(MILLION);
/// Gigabyte-seconds on `x86_64`.
pub(crate) const X86_TIME: Price = Price::new(0.000_016_666_7, 1.0, LAMBDA).with_free(400_000.0);
/// Gigabyte-seconds on `arm64`.
pub(crate) const ARM_TIME: Price = Price::new(0.000_013_333_4, 1.0, LAMBDA).with_free(400_000.0);
/// A gigabyte of log taken in.
pub(crate) const LOGS: Price = Price::new(0.50, 1.0, CLOUDWATCH).with_free(5.0);
/// A gigabyte of log kept for a month.
pub(crate) const LOG_STORAGE: Price = Price::new(0.03, 1.0, CLOUDWATCH);
/// A metric for a month, by the hours in which it has values.
pub(crate) const METRICS: Price = Price::new(0.30, 1.0, CLOUDWATCH).with_free(10.0);
/// An alarm on one metric for a month, at the standard resolution.
pub(crate) const ALARMS: Price = Price::new(0.10, 1.0, CLOUDWATCH).with_free(10.0);
/// Requests to a standard queue.
pub(crate) const QUEUE: Price = Price::new(0.40, MILLION, SQS).with_free(MILLION);
/// A gigabyte from CloudFront to North America or Europe.
pub(crate) const CDN_TRANSFER: Price = Price::new(0.085, 1.0, CLOUDFRONT).with_free(1000.0);
/// HTTPS requests from North America; those from Europe cost a fifth more.
pub(crate) const CDN_REQUESTS: Price =
    Price::new(0.0100, 10.0 * THOUSAND, CLOUDFRONT).with_free(10.0 * MILLION);

/// An hour of a `t3.small`, Linux, on demand.
pub(crate) const T3_SMALL: Price = Price::new(0.0208, 1.0, EC2);
/// An hour of a `t4g.small`, Linux, on demand.
pub(crate) const T4G_SMALL: Price = Price::new(0.0168, 1.0, EC2);
/// A gigabyte of `gp3` for a month.
pub(crate) const DISK: Price = Price::new(0.08, 1.0, EBS);
/// An hour of a public IPv4 address.
pub(crate) const ADDRESS: Price = Price::new(0.005, 1.0, VPC);

/// What one distribution costs in a month, whatever its viewers take up to a limit.
pub(crate) struct FlatRate {
    pub(crate) name: &'static str,
    pub(crate) usd: f64,
    pub(crate) requests: f64,
    pub(crate) gigabytes: f64,
    /// Whether the distribution may have a cache policy of its own.
    pub(crate) has_own_policies: bool,
}

impl FlatRate {
    const fn new(name: &'static str, usd: f64, requests: f64, terabytes: f64) -> Self {
        let (gigabytes, has_own_policies) = (terabytes * THOUSAND, usd >= 200.0);
        Self { name, usd, requests, gigabytes, has_own_policies }
    }
}

/// When the flat rates were those of the page, and their limits those of "CloudFront flat-rate pricing
/// plans" in the Amazon CloudFront Developer Guide.
pub(crate) const FLAT_RATES_AS_OF: &str = "2026-09";
/// CloudFront's flat-rate plans, the cheapest first.
pub(crate) const FLAT_RATES: [FlatRate; 9] = [
    FlatRate::new("Free", 0.0, MILLION, 0.1),
    FlatRate::new("Pro", 15.0, 10.0 * MILLION, 50.0),
    FlatRate::new("Business", 200.0, 125.0 * MILLION, 50.0),
    FlatRate::new("Premium", 1_000.0, 500.0 * MILLION, 50.0),
    FlatRate::new("Premium", 1_450.0, 750.0 * MILLION, 75.0),
    FlatRate::new("Premium", 2_250.0, 1_250.0 * MILLION, 125.0),
    FlatRate::new("Premium", 3_500.0, 2_000.0 * MILLION, 200.0),
    FlatRate::new("Premium", 6_000.0, 3_500.0 * MILLION, 350.0),
    FlatRate::new("Premium", 10_000.0, 6_000.0 * MILLION, 600.0),
];

/// The pages, in the order of their services.
pub(crate) const SOURCES: [&str; 10] =
    [S3, SNS, LAMBDA, CLOUDWATCH, SQS, CLOUDFRONT, CLOUDFRONT_PLANS, EC2, EBS, VPC];
