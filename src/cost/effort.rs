//! What variants in fewer bytes take of Lambda, and what they save.

use contract::settings::{Effort, Format};
use serde::Serialize;

use crate::config::Config;
use crate::pricing::{Load, Usage, lambda_time, prices, rounded};

/// What `effort = "size"` for all variants would change in a month.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct SizeEffort {
    /// For Lambda.
    pub(crate) more_usd: f64,
    /// For what is stored and sent to viewers.
    pub(crate) less_usd: f64,
    /// From how many views of an original's variants on, all together, what is sent to viewers alone
    /// pays for it.
    pub(crate) pays_from_views: f64,
}

/// Whether the format has more than one way to write it.
fn has_efforts(format: Format) -> bool {
    format != Format::Png
}

/// What becomes of the usage if all variants are made in fewer bytes.
pub(super) fn estimate(config: &Config, load: &Load, usage: &Usage) -> Option<SizeEffort> {
    let mut smaller = config.clone();
    let others = smaller.variants.iter_mut().filter(|variant| has_efforts(variant.format));
    others.for_each(|variant| variant.effort = Effort::Size);
    if smaller.variants == config.variants {
        return None;
    }
    let smaller = Usage::new(&smaller, load);
    let kept = |usage: &Usage| prices::STORAGE.of(usage.stored_gigabytes());
    let sent = |usage: &Usage, views: f64| {
        let price = if usage.has_cdn { prices::CDN_TRANSFER } else { prices::TRANSFER };
        price.of(usage.gigabytes_of(views))
    };
    let time =
        |usage: &Usage, images: f64| lambda_time(usage.arch).of(usage.gigabyte_seconds_of(images));
    let less = |of: &dyn Fn(&Usage) -> f64| of(usage) - of(&smaller);
    Some(SizeEffort {
        more_usd: rounded(-less(&|usage| time(usage, usage.images))),
        less_usd: rounded(less(&|usage| kept(usage) + sent(usage, usage.views))),
        pays_from_views: (-less(&|usage| time(usage, 1.0)) / less(&|usage| sent(usage, 1.0)))
            .ceil(),
    })
}
