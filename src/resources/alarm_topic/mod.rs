//! The SNS topic for the stack's alarms, and the policy that lets CloudWatch publish there.

mod permissions;
mod price;

use serde_json::{Value, json};

use crate::config::Config;
use crate::engine::resource::{Id, Kind};
use crate::names::{Named, Names};
use crate::permissions::Row;
use crate::pricing::{Service, Usage};
use crate::resources::sns_topic::{Purpose, SnsTopic};

pub(crate) const ID: Id = Id(&Kind {
    loses: Some("every address must confirm again"),
    ..Kind::new("alarm-topic", "AWS::SNS::Topic")
});

pub(crate) type AlarmTopic = SnsTopic<Trouble>;

/// Alarms that go off, for whoever looks after the stack.
pub(crate) enum Trouble {}

impl Purpose for Trouble {
    const ID: Id = ID;

    const IN_TEMPLATES: (&'static str, &'static str) = ("AlarmTopic", "alarm_topic");

    const PERMISSIONS: &'static [Row] = permissions::ROWS;

    const COSTS: fn(&Usage) -> Vec<Service> = price::costs;

    #[cfg(test)]
    const MEMBERS: &'static str = r#"
name
  AlarmTopic/TopicName
  aws_sns_topic/alarm_topic/name
tags
  AlarmTopic/Tags
  aws_sns_topic/alarm_topic/tags
kms_key
  -
  -
policy
  AlarmTopicPolicy/PolicyDocument
  alarm_topic_policy
email[ops@example.com]
  AlarmTopicSubscriber1/Endpoint = "ops@example.com"
  aws_sns_topic_subscription/alarm_topic_subscriber_1/endpoint = "ops@example.com"
"#;

    fn topic(names: &Names) -> Option<&Named> {
        names.alarm_topic.as_ref()
    }

    fn email(config: &Config) -> Option<&[String]> {
        Some(&config.alarms.as_ref()?.email)
    }

    /// Lets our alarms, and no others, publish (Amazon CloudWatch User Guide, "Notifying users on
    /// alarm changes").
    fn statement(names: &Names) -> Option<(&'static str, Value)> {
        const SID: &str = "ImgprepAllowAlarms";
        let topic = names.alarm_topic.as_ref()?;
        let statement = json!({
            "Sid": SID,
            "Effect": "Allow",
            "Principal": { "Service": "cloudwatch.amazonaws.com" },
            "Action": "sns:Publish",
            "Resource": topic.arn,
            "Condition": {
                "ArnLike": { "aws:SourceArn": names.alarm(&format!("{}-*", topic.name)) },
                "StringEquals": { "aws:SourceAccount": names.account },
            },
        });
        Some((SID, statement))
    }
}
