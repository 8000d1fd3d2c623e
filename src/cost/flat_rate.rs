//! CloudFront's flat-rate plans as an alternative to what the CDN costs by use.

use serde::Serialize;

use crate::config::Config;
use crate::pricing::prices::FLAT_RATES;
use crate::pricing::{Usage, prices, rounded};

/// The plan with which the CDN would cost less.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct FlatRate {
    pub(crate) plan: &'static str,
    pub(crate) monthly_usd: f64,
    /// What the CDN costs by use, less what the free tier covers.
    pub(crate) by_use_usd: f64,
    /// What the plan holds in a month.
    pub(crate) requests: f64,
    pub(crate) gigabytes: f64,
    /// Whether the distribution may have a cache policy of its own, which `versions` is.
    pub(crate) has_own_policies: bool,
}

/// The cheapest plan that holds this load, if it costs less than the load does by use.
pub(super) fn estimate(config: &Config, usage: &Usage) -> Option<FlatRate> {
    let viewed = usage.viewed_gigabytes();
    let parts = [(prices::CDN_REQUESTS, usage.views), (prices::CDN_TRANSFER, viewed)];
    let by_use = parts.iter().map(|(price, it)| price.of(*it) - price.free_of(*it)).sum();
    let holds = |plan: &&prices::FlatRate| {
        usage.views <= plan.requests
            && viewed <= plan.gigabytes
            && (plan.has_own_policies || !config.cdn.versions)
    };
    let plan = FLAT_RATES.iter().filter(|_| usage.has_cdn).find(holds)?;
    (plan.usd < by_use).then(|| FlatRate {
        plan: plan.name,
        monthly_usd: plan.usd,
        by_use_usd: rounded(by_use),
        requests: plan.requests,
        gigabytes: plan.gigabytes,
        has_own_policies: plan.has_own_policies,
    })
}
