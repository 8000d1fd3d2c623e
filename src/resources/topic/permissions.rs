//! What whoever runs imgprep must be allowed for the topic.

use crate::permissions::{Group, Row, Scope, Set, When, on};

pub(crate) const TOPIC: Scope = Scope::new(Group::Stack, |_, names| vec![names.topic.arn.clone()]);
const ANY_NAME: Scope =
    Scope::new(Group::AnyName, |_, names| vec![names.regional("sns", "*")]).also_retired();
const TAGGED: Scope =
    Scope::new(Group::Tagged, |_, names| vec![names.regional("sns", "*")]).also_retired();

pub(super) const ROWS: &[Row] = &[
    on(ANY_NAME).read(&["sns:GetTopicAttributes", "sns:ListTagsForResource"]),
    on(TAGGED).down(&["sns:DeleteTopic"]),
    // What is made with tags needs the right to tag as well.
    on(TOPIC)
        .up(&["sns:CreateTopic", "sns:SetTopicAttributes", "sns:TagResource"])
        .down(&["sns:DeleteTopic"]),
    on(TOPIC).when(When::Publish).of(&[Set::Backfill, Set::Retry], &["sns:Publish"]),
];
