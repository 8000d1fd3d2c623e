//! What a month of alarms costs.

use crate::amounts::counted;
use crate::pricing::{Service, Usage, prices};

/// Those that every stack with alarms has: dead letters, errors, throttles, the oldest event.
const ALWAYS: u64 = 4;

pub(super) fn costs(usage: &Usage) -> Vec<Service> {
    let Some(alarms) = &usage.alarms else { return Vec::new() };
    let more = [usage.notify.is_some(), alarms.failed_images.is_some()];
    let count = more.into_iter().filter(|is_there| *is_there).fold(ALWAYS, |count, _| count + 1);
    let amount = u32::try_from(count).unwrap_or(u32::MAX);
    let parts = [(prices::ALARMS, f64::from(amount))];
    vec![Service::new("CloudWatch (alarms)", &parts, counted(count, "alarm"))]
}
