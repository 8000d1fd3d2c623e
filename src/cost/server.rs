//! The same load on an application server that is always on: it makes the variants with the same
//! code and serves them; images are in S3 as well, so that only the work differs.

use serde::Serialize;

use crate::config::Arch;
use crate::pricing::prices::{self, Price};
use crate::pricing::{HOURS_PER_MONTH, Usage, number, rounded};

/// The processors that a small burstable instance may use without an end: 20 % of each of its two
/// (Amazon EC2 User Guide, "Key concepts for burstable performance instances").
const BASELINE_PROCESSORS: f64 = 0.4;
/// The disk of the system, in GB.
const DISK_GIGABYTES: f64 = 20.0;
const SECONDS_PER_HOUR: f64 = 3600.0;

/// What a server costs that does the same.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Server {
    pub(crate) instance: &'static str,
    pub(crate) count: u32,
    pub(crate) monthly_usd: f64,
    /// Of the transfer, the first 100 GB.
    pub(crate) free_tier_usd: f64,
    /// The instances with their disks and addresses.
    pub(crate) instances_usd: f64,
    pub(crate) images_in_s3_usd: f64,
    pub(crate) transfer_usd: f64,
    /// How much of a month the processors that are paid for have something to do.
    pub(crate) busy_share: f64,
    pub(crate) detail: String,
}

pub(super) fn estimate(usage: &Usage) -> Server {
    let (instance, hour): (_, Price) = match usage.arch {
        Arch::X86_64 => ("t3.small", prices::T3_SMALL),
        Arch::Arm64 => ("t4g.small", prices::T4G_SMALL),
    };
    let busy_seconds = usage.images * usage.cpu_ms / 1000.0;
    let seconds_each = BASELINE_PROCESSORS * HOURS_PER_MONTH * SECONDS_PER_HOUR;
    let count = (busy_seconds / seconds_each).ceil().max(1.0);
    let each = hour.of(HOURS_PER_MONTH)
        + prices::ADDRESS.of(HOURS_PER_MONTH)
        + prices::DISK.of(DISK_GIGABYTES);
    let instances = rounded(count * each);
    let images_in_s3 = rounded(
        prices::STORAGE.of(usage.stored_gigabytes())
            + prices::S3_WRITES.of(usage.writes())
            + prices::S3_READS.of(usage.views),
    );
    let transfer = rounded(prices::TRANSFER.of(usage.viewed_gigabytes()));
    let count = whole(count);
    Server {
        instance,
        count,
        monthly_usd: rounded(instances + images_in_s3 + transfer),
        free_tier_usd: rounded(prices::TRANSFER.free_of(usage.viewed_gigabytes())),
        instances_usd: instances,
        images_in_s3_usd: images_in_s3,
        transfer_usd: transfer,
        busy_share: rounded(busy_seconds / (seconds_each * f64::from(count))),
        detail: format!(
            "{count} {instance} with a {} GB disk and a public address, images in S3, {} GB to the \
             Internet; no CDN, no load balancer, no standby server",
            number(DISK_GIGABYTES),
            number(usage.viewed_gigabytes())
        ),
    }
}

/// A count of servers: images are 32-bit numbers and each takes seconds at most, so it fits.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is whole, at least 1, and far below the largest"
)]
fn whole(count: f64) -> u32 {
    count as u32
}
