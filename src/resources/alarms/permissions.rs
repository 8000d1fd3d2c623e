//! What whoever runs imgprep must be allowed for the alarms. Reading them is granted for any name, for
//! CloudWatch asks for no less where several are described at once.

use crate::permissions::{Group, Row, Scope, on};

const ANY_NAME: Scope =
    Scope::new(Group::AnyName, |_, names| vec![names.alarm("*")]).also_retired();
const TAGGED: Scope = Scope::new(Group::Tagged, |_, names| vec![names.alarm("*")]).also_retired();
const ALARMS: Scope = Scope::new(Group::Stack, |_, names| {
    names.alarm_topic.iter().map(|topic| names.alarm(&format!("{}-*", topic.name))).collect()
});

pub(super) const ROWS: &[Row] = &[
    on(ANY_NAME).read(&["cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"]),
    on(TAGGED).down(&["cloudwatch:DeleteAlarms"]),
    // What is made with tags needs the right to tag as well, and what the file asks for no more goes.
    on(ALARMS)
        .up(&["cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource"])
        .down(&["cloudwatch:DeleteAlarms"]),
];
