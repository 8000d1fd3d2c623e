//! What telling an application of a month's images costs.

use std::fmt::Write as _;

use crate::pricing::{Service, Usage, number, prices};

pub(super) fn costs(usage: &Usage) -> Vec<Service> {
    let Some(notify) = &usage.notify else { return Vec::new() };
    let told = u32::try_from(notify.https.len()).unwrap_or(u32::MAX);
    let posts = usage.images * f64::from(told);
    let mut detail = format!("{} messages", number(usage.images));
    if posts > 0.0 {
        let _ = write!(detail, ", {} posts", number(posts));
    }
    let parts = [(prices::FURTHER_MESSAGES, usage.images), (prices::POSTS, posts)];
    vec![Service::new("SNS (notify)", &parts, detail)]
}
