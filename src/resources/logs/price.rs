//! What a month of logs and metrics costs.

use crate::pricing::{GIGABYTE, HOURS_PER_MONTH, Service, Usage, number, prices};

/// What one invocation writes to the log, with what Lambda adds and with CloudWatch's overhead.
const LOG_BYTES_PER_IMAGE: f64 = 1300.0;
/// `Processed`, `Failed` and `Duration`.
const METRICS: f64 = 3.0;
const DAYS_PER_MONTH: f64 = 30.0;

pub(super) fn costs(usage: &Usage) -> Vec<Service> {
    let logged = usage.images * LOG_BYTES_PER_IMAGE / GIGABYTE;
    let kept = logged * f64::from(usage.log_retention_days) / DAYS_PER_MONTH;
    // A metric is billed for the hours in which it has values; here an hour for each image.
    let metrics = METRICS * (usage.images / HOURS_PER_MONTH).min(1.0);
    let detail = format!("{} GB of log, and {METRICS} metrics", number(logged));
    let parts = [(prices::LOGS, logged), (prices::LOG_STORAGE, kept), (prices::METRICS, metrics)];
    vec![Service::new("CloudWatch", &parts, detail)]
}
