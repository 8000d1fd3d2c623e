//! What whoever runs imgprep must be allowed for the queue, beside what it takes to look at any.

use crate::permissions::{Group, Row, Scope, on};

const QUEUE: Scope = Scope::new(Group::Stack, |_, names| {
    names.ready_queue.iter().map(|queue| queue.arn.clone()).collect()
});

pub(super) const ROWS: &[Row] = &[on(QUEUE)
    .up(&["sqs:CreateQueue", "sqs:SetQueueAttributes", "sqs:TagQueue"])
    .down(&["sqs:DeleteQueue", "sqs:TagQueue"])];
