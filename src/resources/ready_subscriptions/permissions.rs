//! What whoever runs imgprep must be allowed for the subscriptions.

use crate::permissions::{Group, Row, Scope, on};

const READY: Scope = Scope::new(Group::Stack, |_, names| {
    names.ready.iter().map(|topic| topic.arn.clone()).collect()
});

pub(super) const ROWS: &[Row] =
    &[on(READY).read(&["sns:ListSubscriptionsByTopic"]).up(&["sns:Subscribe"])];
