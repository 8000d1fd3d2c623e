//! What the messages of a month cost.

use crate::pricing::{Service, Usage, number, prices};

pub(super) fn costs(usage: &Usage) -> Vec<Service> {
    let detail = format!("{} messages", number(usage.images));
    vec![Service::new("SNS", &[(prices::MESSAGES, usage.images)], detail)]
}
