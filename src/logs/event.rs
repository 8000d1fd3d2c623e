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

/// The level of the function's lines about what failed (`Level` in `lambda-fn`'s `log`). Lambda's own
/// runtimes write it in capitals.
const ERROR: &str = "error";

/// The status of an invocation that ended well; `error`, `failure` and `timeout` are the others.
const SUCCESS: &str = "success";

/// What stands in a line of text about an invocation that broke: Lambda's words for one that ran out
/// of time or whose process ended (AWS Lambda Developer Guide, "Troubleshoot execution issues"), and
/// Rust's for a panic.
const BREAKDOWNS: [&str; 3] = ["Task timed out after ", "Runtime exited", " panicked at "];

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
            Said::Line(line) => text(line, "key"),
            Said::Text(_) => None,
        }
    }

    /// Whether it is the function's own word that something failed.
    pub(crate) fn is_error(&self) -> bool {
        match &self.said {
            Said::Line(line) => {
                text(line, "level").is_some_and(|level| level.eq_ignore_ascii_case(ERROR))
            }
            Said::Text(_) => false,
        }
    }

    /// Whether it says that a whole invocation broke, whatever that was about.
    pub(crate) fn is_breakdown(&self) -> bool {
        match &self.said {
            Said::Line(line) => {
                let status = platform_status(line);
                self.is_error() && self.key().is_none() || status.is_some_and(|it| it != SUCCESS)
            }
            Said::Text(text) => BREAKDOWNS.iter().any(|words| text.contains(words)),
        }
    }

    /// What it says, in one line.
    pub(crate) fn brief(&self) -> String {
        match &self.said {
            Said::Line(line) => match (text(line, "message"), text(line, "reason")) {
                (Some(message), Some(reason)) => format!("{message}: {reason}"),
                (Some(message), None) => message.to_owned(),
                (None, _) => Value::Object(line.clone()).to_string(),
            },
            Said::Text(text) => text.clone(),
        }
    }

    /// When it was, in UTC: `2026-01-31T23:59:59Z`.
    pub(crate) fn utc(&self) -> String {
        let since = Duration::from_millis(u64::try_from(self.time).unwrap_or_default());
        contract::failure::utc(UNIX_EPOCH + since)
    }

    /// Whether it is what Lambda says of every invocation. One that ran out of time or ended
    /// otherwise too early is no routine.
    pub(super) fn is_routine(&self) -> bool {
        match &self.said {
            Said::Line(line) => is_platform(line) && !self.is_breakdown(),
            Said::Text(text) => {
                text.is_empty()
                    || PLATFORM.iter().any(|start| text.starts_with(start))
                        && !text.contains("Status: ")
            }
        }
    }
}

/// A member of a line that is text.
fn text<'a>(line: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    line.get(name)?.as_str()
}

/// Whether Lambda itself wrote the line, as JSON: its `type` is that of an event of the platform, such
/// as `platform.report` ("Lambda Telemetry API Event schema reference").
fn is_platform(line: &Map<String, Value>) -> bool {
    text(line, "type").is_some_and(|kind| kind.starts_with("platform."))
}

/// How the invocation ended that an event of the platform reports.
fn platform_status(line: &Map<String, Value>) -> Option<&str> {
    line.get("record").filter(|_| is_platform(line))?.get("status")?.as_str()
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
    fn an_error_is_known_by_its_level_and_by_nothing_else() {
        let is_error = |message| Event::new(0, message).is_error();
        assert!(is_error(r#"{"level": "error", "message": "failed", "key": "originals/a.jpg"}"#));
        assert!(is_error(r#"{"level": "ERROR", "message": "x"}"#));
        assert!(!is_error(r#"{"level": "info", "key": "originals/error.jpg"}"#));
        assert!(!is_error(r#"{"level": "warn", "reason": "an error; timed out; panic"}"#));
        assert!(!is_error("Task timed out after 10.00 seconds"));
    }

    #[test]
    fn a_breakdown_is_of_an_invocation_and_not_of_an_image() {
        let breakdowns = [
            "2026-02-01T00:00:00.000Z 1-2 Task timed out after 10.00 seconds\n",
            "RequestId: 1-2 Error: Runtime exited with error: signal: killed\nRuntime.ExitError",
            "RequestId: 1-2 Error: Runtime exited without providing a reason",
            "thread 'main' panicked at src/main.rs:1:2:\nout of range",
            r#"{"level": "error", "message": "cannot start", "request_id": "", "reason": "x"}"#,
            r#"{"level": "error", "message": "panicked", "key": null, "reason": "x"}"#,
            r#"{"type": "platform.report", "record": {"requestId": "1", "status": "timeout"}}"#,
            r#"{"type": "platform.initReport", "record": {"status": "error"}}"#,
        ];
        for message in breakdowns {
            let event = Event::new(0, message);
            assert!(event.is_breakdown() && !event.is_routine(), "{message}");
        }
        let others = [
            r#"{"level": "error", "message": "failed", "key": "originals/a.jpg"}"#,
            r#"{"level": "info", "message": "processed", "key": "Task timed out after .jpg"}"#,
            r#"{"type": "platform.report", "record": {"requestId": "1", "status": "success"}}"#,
            r#"{"type": "platform.start", "record": {"requestId": "1"}}"#,
            "REPORT RequestId: 1\tDuration: 12 ms\tBilled Duration: 13 ms\n",
        ];
        for message in others {
            assert!(!Event::new(0, message).is_breakdown(), "{message}");
        }
        assert!(Event::new(0, others[2]).is_routine() && Event::new(0, others[3]).is_routine());
    }

    #[test]
    fn an_event_in_brief_is_its_message_and_its_reason() {
        let brief = |message| Event::new(0, message).brief();
        assert_eq!(
            brief(r#"{"level": "error", "message": "to be retried", "reason": "S3 is busy"}"#),
            "to be retried: S3 is busy"
        );
        assert_eq!(brief(r#"{"message": "cannot start"}"#), "cannot start");
        assert_eq!(brief(r#"{"type": "platform.report"}"#), r#"{"type":"platform.report"}"#);
        assert_eq!(brief("Task timed out after 1 s\n"), "Task timed out after 1 s");
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
