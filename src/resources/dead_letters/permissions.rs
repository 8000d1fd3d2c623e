//! What whoever runs imgprep must be allowed for the queue.

use crate::permissions::{Group, Row, Scope, on};

const QUEUE: Scope = Scope::new(Group::Stack, |_, names| vec![names.dead_letters.arn.clone()]);
const ANY_NAME: Scope =
    Scope::new(Group::AnyName, |_, names| vec![names.regional("sqs", "*")]).also_retired();
const TAGGED: Scope =
    Scope::new(Group::Tagged, |_, names| vec![names.regional("sqs", "*")]).also_retired();

pub(super) const ROWS: &[Row] = &[
    on(ANY_NAME).read(&["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags"]),
    on(TAGGED).down(&["sqs:DeleteQueue", "sqs:TagQueue"]),
    on(QUEUE)
        .up(&["sqs:CreateQueue", "sqs:SetQueueAttributes", "sqs:TagQueue"])
        .down(&["sqs:DeleteQueue", "sqs:TagQueue"]),
];
