//! What whoever runs imgprep must be allowed for the topic, beside what it takes to look at any.

use crate::permissions::{Group, Row, Scope, on};

const ALARM_TOPIC: Scope = Scope::new(Group::Stack, |_, names| {
    names.alarm_topic.iter().map(|topic| topic.arn.clone()).collect()
});

pub(super) const ROWS: &[Row] = &[on(ALARM_TOPIC)
    .read(&["sns:ListSubscriptionsByTopic"])
    .up(&["sns:CreateTopic", "sns:SetTopicAttributes", "sns:Subscribe", "sns:TagResource"])
    .down(&["sns:DeleteTopic"])];
