//! The numbers that AWS and the encoders take.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use contract::settings::{SETTINGS_VARIABLE, Settings};

use super::problem::Fault;

/// "Lambda quotas": all environment variables of a function together, in bytes.
pub(super) const ENVIRONMENT_BYTES_MAX: usize = 4096;

/// "`PutRetentionPolicy`" in the CloudWatch Logs API reference.
const RETENTION_DAYS: [i64; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// The largest integer of AWS's APIs, for numbers that have no other limit.
const INTEGER_MAX: u32 = i32::MAX.unsigned_abs();

/// Megabytes: "Configure Lambda function memory".
pub(super) fn memory(value: i64) -> Result<u32, Fault> {
    within(value, 128..=10240, "must be 128–10240 MB")
}

/// Seconds: "Configure Lambda function timeout".
pub(super) fn timeout(value: i64) -> Result<u32, Fault> {
    within(value, 1..=900, "must be 1–900 seconds")
}

/// "Configuring reserved concurrency for a function", where 0 stops the function.
pub(super) fn concurrency(value: i64) -> Result<u32, Fault> {
    at_least(1, value, "must be 1 or more; 0 would stop the function")
}

/// 0 switches the alarm off.
pub(super) fn failed_images(value: i64) -> Result<u32, Fault> {
    at_least(0, value, "must be 0 or more; 0 switches this alarm off")
}

/// A hundred years, which is far less than S3 takes.
const DAYS_MAX: u32 = 36_500;

/// Days until a lifecycle rule moves an object.
pub(super) fn days_until_moved(value: i64) -> Result<u32, Fault> {
    within(value, 0..=DAYS_MAX, "must be 0–36500 days")
}

/// Days until a lifecycle rule deletes an object.
pub(super) fn days_kept(value: i64) -> Result<u32, Fault> {
    within(value, 1..=DAYS_MAX, "must be 1–36500 days")
}

pub(super) fn quality(value: i64) -> Result<u32, Fault> {
    within(value, 1..=100, "must be 1–100")
}

pub(super) fn log_retention_days(value: i64) -> Result<u32, Fault> {
    if !RETENTION_DAYS.contains(&value) {
        let nearest = RETENTION_DAYS.into_iter().min_by_key(|days| days.abs_diff(value));
        let label =
            nearest.map(|days| format!("the nearest allowed value is {days}")).unwrap_or_default();
        let days = RETENTION_DAYS.map(|days| days.to_string()).join(", ");
        return Err(outside(value)
            .label(label)
            .help(format!("CloudWatch Logs allows {days} days")));
    }
    within(value, 1..=3653, "CloudWatch Logs allows 1 to 3653 days")
}

/// What `settings` take of [`ENVIRONMENT_BYTES_MAX`]: Lambda measures the variables as one JSON
/// object, in which the quotes of a value that is JSON itself count twice.
pub(super) fn environment_bytes(settings: &Settings) -> usize {
    let json = |value: Result<String, serde_json::Error>| value.unwrap_or_default();
    let value = json(serde_json::to_string(settings));
    json(serde_json::to_string(&BTreeMap::from([(SETTINGS_VARIABLE, value)]))).len()
}

fn within(value: i64, limits: RangeInclusive<u32>, label: &str) -> Result<u32, Fault> {
    match u32::try_from(value) {
        Ok(value) if limits.contains(&value) => Ok(value),
        _ => Err(outside(value).label(label)),
    }
}

/// A number without an upper limit of its own; `label` is for one that is too small.
fn at_least(least: u32, value: i64, label: &str) -> Result<u32, Fault> {
    let too_large = format!("must be at most {INTEGER_MAX}");
    let label = if value > i64::from(INTEGER_MAX) { &too_large } else { label };
    within(value, least..=INTEGER_MAX, label)
}

fn outside(value: i64) -> Fault {
    Fault::new(format!("is {value}"))
}
