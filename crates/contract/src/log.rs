//! The lines of the function's log: one of JSON per image.
//!
//! The line of an image carries its CloudWatch metrics in the embedded format, so that counting
//! takes neither a call nor a permission. See
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::{Map, Value, json};

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Info,
    Warn,
    /// An image has no variants, for good or for now.
    Error,
}

/// The beginning of every line.
pub fn line(level: Level, message: &str, request_id: &str) -> Map<String, Value> {
    let Value::Object(line) = json!({"level": level, "message": message, "request_id": request_id})
    else {
        return Map::new();
    };
    line
}

/// What one image adds to the counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metrics {
    pub processed: u8,
    pub failed: u8,
    pub duration: Duration,
}

impl Metrics {
    /// Adds the metrics to a line, counted per function.
    pub fn embed(&self, line: &mut Map<String, Value>, function: &str, now: SystemTime) {
        let metric = |name: &str, unit: &str| json!({"Name": name, "Unit": unit});
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        line.insert("Function".to_owned(), json!(function));
        line.insert("Processed".to_owned(), json!(self.processed));
        line.insert("Failed".to_owned(), json!(self.failed));
        line.insert("Duration".to_owned(), json!(milliseconds(self.duration)));
        line.insert(
            "_aws".to_owned(),
            json!({
                "Timestamp": milliseconds(since_epoch),
                "CloudWatchMetrics": [{
                    "Namespace": "imgprep",
                    "Dimensions": [["Function"]],
                    "Metrics": [
                        metric("Processed", "Count"),
                        metric("Failed", "Count"),
                        metric("Duration", "Milliseconds"),
                    ],
                }],
            }),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_carries_its_metrics() {
        let mut fields = line(Level::Error, "failed", "1-2");
        let metrics = Metrics { processed: 0, failed: 1, duration: Duration::from_micros(7900) };
        metrics.embed(&mut fields, "ImageResize", UNIX_EPOCH + Duration::from_secs(5));
        let expected = json!({
            "level": "error", "message": "failed", "request_id": "1-2",
            "Function": "ImageResize", "Processed": 0, "Failed": 1, "Duration": 7,
            "_aws": {"Timestamp": 5000, "CloudWatchMetrics": [{
                "Namespace": "imgprep", "Dimensions": [["Function"]],
                "Metrics": [
                    {"Name": "Processed", "Unit": "Count"},
                    {"Name": "Failed", "Unit": "Count"},
                    {"Name": "Duration", "Unit": "Milliseconds"},
                ],
            }]},
        });
        assert_eq!(Value::Object(fields), expected);
    }
}
