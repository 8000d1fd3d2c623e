//! What the invocations of a month cost.

use crate::pricing::{Service, Usage, lambda_time, number, prices};

pub(super) fn costs(usage: &Usage) -> Vec<Service> {
    let gigabyte_seconds = usage.gigabyte_seconds_of(usage.images);
    let detail = format!(
        "{} calls of {} ms at {} MB: {} GB-seconds",
        number(usage.images),
        number(usage.billed_ms),
        usage.memory_mb,
        number(gigabyte_seconds)
    );
    let time = (lambda_time(usage.arch), gigabyte_seconds);
    vec![Service::new("Lambda", &[(prices::INVOCATIONS, usage.images), time], detail)]
}
