//! One event of the log: a line of JSON about an image, or a line of text.

use std::time::{Duration, UNIX_EPOCH};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::redaction::redacted;

/// What only CloudWatch reads, of its embedded metric format.
const METRICS: [&str; 4] = ["_aws", "Function", "Processed", "Failed"];

/// How the lines begin that Lambda adds to each invocation (AWS Lambda Developer Guide, "Sending
/// function logs to CloudWatch Logs").
const PLATFORM: [&str; 4] =
    ["INIT_START ", "START RequestId: ", "END RequestId: ", "REPORT RequestId: "];

/// An event of the log.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    /// Milliseconds since 1970.
    pub(crate) time: i64,
    pub(crate) said: Said,
}

/// What an event says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    /// The members of a line of JSON, without those for CloudWatch.
    Line(Map<String, Value>),
    Text(String),
}

impl Event {
    pub(super) fn new(time: i64, message: &str) -> Self {
        let message = redacted(message.trim_end());
        let said = match serde_json::from_str(&message) {
            Ok(Value::Object(line)) => Said::Line(for_people(line)),
            _ => Said::Text(message),
        };
        Self { time, said }
    }

    /// The original that it is about.
    pub(crate) fn key(&self) -> Option<&str> {
        match &self.said {
            Said::Line(line) => line.get("key")?.as_str(),
            Said::Text(_) => None,
        }
    }

    /// When it was, in UTC: `2026-01-31T23:59:59Z`.
    pub(crate) fn utc(&self) -> String {
        let since = Duration::from_millis(u64::try_from(self.time).unwrap_or_default());
        lambda_fn::failure::utc(UNIX_EPOCH + since)
    }

    /// Whether it is what Lambda says of every invocation. One that ran out of time or ended
    /// otherwise too early is no routine.
    pub(super) fn is_routine(&self) -> bool {
        match &self.said {
            Said::Text(text) => {
                text.is_empty()
                    || PLATFORM.iter().any(|start| text.starts_with(start))
                        && !text.contains("Status: ")
            }
            Said::Line(_) => false,
        }
    }
}

/// The line without what it carries for CloudWatch's metrics, but the time that all of it took.
fn for_people(mut line: Map<String, Value>) -> Map<String, Value> {
    let carries_metrics = METRICS.iter().filter(|name| line.remove(**name).is_some()).count() > 0;
    if carries_metrics && let Some(duration) = line.remove("Duration") {
        line.insert("duration_ms".to_owned(), duration);
    }
    line
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("time", &self.utc_with_milliseconds())?;
        match &self.said {
            Said::Line(line) => {
                // A line of somebody else's function may have a time of its own.
                for (name, value) in line.iter().filter(|(name, _)| *name != "time") {
                    map.serialize_entry(name, value)?;
                }
            }
            Said::Text(text) => map.serialize_entry("text", text)?,
        }
        map.end()
    }
}

impl Event {
    fn utc_with_milliseconds(&self) -> String {
        let utc = self.utc();
        format!("{}.{:03}Z", utc.trim_end_matches('Z'), self.time.rem_euclid(1000))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(message: &str, expected: &Value) {
        let event = Event::new(1_769_904_000_123, message);
        assert_eq!(serde_json::to_value(event).unwrap(), *expected);
    }

    #[test]
    fn a_line_of_json_is_told_without_what_cloudwatch_counts() {
        check(
            r#"{"level": "info", "message": "processed", "key": "originals/a.jpg", "bytes": 7,
                "Duration": 51, "Function": "f", "Processed": 1, "Failed": 0, "_aws": {}}"#,
            &json!({
                "time": "2026-02-01T00:00:00.123Z", "level": "info", "message": "processed",
                "key": "originals/a.jpg", "bytes": 7, "duration_ms": 51,
            }),
        );
    }

    #[test]
    fn any_other_line_is_text() {
        let time = "2026-02-01T00:00:00.123Z";
        check("out of memory\n", &json!({"time": time, "text": "out of memory"}));
        check("[1, 2]", &json!({"time": time, "text": "[1, 2]"}));
        check(r#"{"a": 1, "time": 2}"#, &json!({"time": time, "a": 1}));
    }

    #[test]
    fn an_invocation_that_ended_badly_is_no_routine() {
        let is_routine = |message| Event::new(0, message).is_routine();
        assert!(is_routine("REPORT RequestId: 1\tDuration: 12 ms\tBilled Duration: 13 ms\n"));
        assert!(is_routine("INIT_START Runtime Version: provided:al2023.v1"));
        assert!(!is_routine("REPORT RequestId: 1\tDuration: 10000 ms\tStatus: timeout\n"));
        assert!(!is_routine("2026-02-01T00:00:00.000Z 1 Task timed out after 10.00 seconds"));
        assert!(!is_routine("thread 'main' panicked"));
    }
}
