//! What whoever runs imgprep must be allowed for the log group.

use crate::names::Names;
use crate::permissions::{ACCOUNT, Group, Row, Scope, Set, on};

fn any(names: &Names) -> Vec<String> {
    vec![names.regional("logs", "log-group:/aws/lambda/*")]
}

// Tags are put on the one, everything else is done to the other (Amazon CloudWatch Logs API Reference,
// `LogGroup`).
const LOGS: Scope = Scope::new(Group::Stack, |_, names| {
    vec![names.log_group_arn.clone(), format!("{}:*", names.log_group_arn)]
});
const ANY_NAME: Scope = Scope::new(Group::AnyName, |_, names| any(names)).also_retired();
const TAGGED: Scope = Scope::new(Group::Tagged, |_, names| any(names)).also_retired();

pub(super) const ROWS: &[Row] = &[
    on(ACCOUNT).read(&["logs:DescribeLogGroups"]),
    on(ANY_NAME).read(&["logs:ListTagsForResource"]),
    on(TAGGED).down(&["logs:DeleteLogGroup"]),
    on(LOGS)
        .up(&["logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:TagResource"])
        .down(&["logs:DeleteLogGroup"]),
    on(LOGS).of(&[Set::Logs, Set::Try], &["logs:FilterLogEvents"]),
];
