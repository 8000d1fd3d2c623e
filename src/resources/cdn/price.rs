//! What a month of views through the CDN costs.

use crate::pricing::{Service, Usage, number, prices};

pub(super) fn costs(usage: &Usage) -> Vec<Service> {
    if !usage.has_cdn {
        return Vec::new();
    }
    let viewed = usage.viewed_gigabytes();
    let detail = format!("{} requests and {} GB", number(usage.views), number(viewed));
    let parts = [(prices::CDN_REQUESTS, usage.views), (prices::CDN_TRANSFER, viewed)];
    vec![Service::new("CloudFront", &parts, detail)]
}
