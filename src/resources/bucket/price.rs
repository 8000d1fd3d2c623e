//! What a month of images and requests costs.

use crate::pricing::{CDN_HIT_SHARE, READS_PER_IMAGE, Service, Usage, number, originals, prices};

pub(super) fn costs(usage: &Usage) -> Vec<Service> {
    let mut services = vec![storage(usage), requests(usage)];
    if !usage.has_cdn {
        services.push(transfer(usage));
    }
    services
}

fn storage(usage: &Usage) -> Service {
    let stored = usage.stored_gigabytes();
    let [size, months, originals_months] =
        [stored, usage.months, usage.original_months()].map(number);
    let kept = if originals_months == months {
        format!("the originals and variants of {months} months")
    } else {
        format!("the originals of {originals_months} months and the variants of {months}")
    };
    let class = usage.storage.originals.map(|moved| format!("; {}", moved.class.word()));
    let detail = format!("{size} GB: {kept}{}", class.unwrap_or_default());
    let mut parts = originals::parts(usage, usage.storage.originals);
    parts.push((prices::STORAGE, usage.variant_gigabytes()));
    Service::new("S3 storage", &parts, detail)
}

fn requests(usage: &Usage) -> Service {
    // Without a CDN every view is a request; of the views through one, those that it misses.
    let missed = if usage.has_cdn { 1.0 - CDN_HIT_SHARE } else { 1.0 };
    let reads = usage.images * READS_PER_IMAGE + usage.views * missed;
    let writes = usage.writes();
    let detail = format!("{} writes and {} reads", number(writes), number(reads));
    let parts = [(prices::S3_WRITES, writes), (prices::S3_READS, reads)];
    Service::new("S3 requests", &parts, detail)
}

/// Without a CDN the variants come from the bucket itself.
fn transfer(usage: &Usage) -> Service {
    let viewed = usage.viewed_gigabytes();
    let detail = format!("{} GB to the Internet (no CDN)", number(viewed));
    Service::new("S3 transfer", &[(prices::TRANSFER, viewed)], detail)
}
