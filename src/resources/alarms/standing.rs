//! How an alarm stands: on or off, since when and why, as CloudWatch says.

use aws_sdk_cloudwatch::types::{MetricAlarm, StateValue};
use aws_smithy_types::date_time::Format;
use serde::{Deserialize, Serialize};

/// An alarm's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    /// The end of its name.
    pub(crate) alarm: String,
    pub(crate) name: String,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub(crate) state: String,
    /// In UTC, as RFC 3339 writes it.
    pub(crate) since: Option<String>,
    pub(crate) reason: Option<String>,
}

impl Standing {
    pub(super) fn of(label: &str, alarm: &MetricAlarm) -> Self {
        let changed = alarm.state_transitioned_timestamp().or(alarm.state_updated_timestamp());
        let seconds = changed.map(|time| aws_smithy_types::DateTime::from_secs(time.secs()));
        let state = alarm.state_value().map_or("", StateValue::as_str);
        Self {
            alarm: label.to_owned(),
            name: alarm.alarm_name().unwrap_or_default().to_owned(),
            state: state.to_owned(),
            since: seconds.and_then(|time| time.fmt(Format::DateTime).ok()),
            reason: alarm.state_reason().map(str::to_owned),
        }
    }

    /// As the detail of a resource.
    pub(super) fn to_detail(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(crate) fn from_detail(detail: &str) -> Option<Self> {
        serde_json::from_str(detail).ok()
    }
}
