//! What the mails of a month cost.

use crate::amounts::counted;
use crate::pricing::{DEAD_LETTER_SHARE, Service, Usage, number, prices};

/// As if each dead letter set off an alarm of its own, and nothing else did.
pub(super) fn costs(usage: &Usage) -> Vec<Service> {
    let Some(alarms) = &usage.alarms else { return Vec::new() };
    let addresses = u32::try_from(alarms.email.len()).unwrap_or(u32::MAX);
    let mails = usage.images * DEAD_LETTER_SHARE * f64::from(addresses);
    let detail = format!("{} mails to {}", number(mails), counted(addresses.into(), "subscriber"));
    vec![Service::new("SNS (alarms)", &[(prices::MAILS, mails)], detail)]
}
