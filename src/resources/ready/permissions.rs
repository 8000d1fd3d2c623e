//! What whoever runs imgprep must be allowed for the topic, beside what it takes to look at any.

use crate::permissions::{Group, Row, Scope, on};

const READY: Scope = Scope::new(Group::Stack, |_, names| {
    names.ready.iter().map(|topic| topic.arn.clone()).collect()
});

pub(super) const ROWS: &[Row] = &[on(READY)
    .up(&["sns:CreateTopic", "sns:SetTopicAttributes", "sns:TagResource"])
    .down(&["sns:DeleteTopic"])];
