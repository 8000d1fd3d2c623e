//! The SNS topic that hears of every new original, and the policy that lets S3 publish on it.

pub(crate) mod permissions;
mod price;

use serde_json::{Value, json};

use crate::engine::resource::{Id, Kind};
use crate::names::{Named, Names};
use crate::permissions::Row;
use crate::pricing::{Service, Usage};
use crate::resources::sns_topic::{Purpose, SnsTopic};

pub(crate) const ID: Id = Id(&Kind::new("topic", "AWS::SNS::Topic"));

pub(crate) type Topic = SnsTopic<Announcements>;

/// Events of originals, for the function.
pub(crate) enum Announcements {}

impl Purpose for Announcements {
    const ID: Id = ID;

    const IS_MARKED: bool = false;

    const IN_TEMPLATES: (&'static str, &'static str) = ("Topic", "topic");

    const PERMISSIONS: &'static [Row] = permissions::ROWS;

    const COSTS: fn(&Usage) -> Vec<Service> = price::costs;

    #[cfg(test)]
    const MEMBERS: &'static str = r"
name
  Topic/TopicName
  aws_sns_topic/topic/name
tags
  Topic/Tags
  aws_sns_topic/topic/tags
kms_key
  -
  -
policy
  TopicPolicy/PolicyDocument
  topic_policy
";

    fn topic(names: &Names) -> Option<&Named> {
        Some(&names.topic)
    }

    /// Lets our bucket, and only ours, publish (Amazon S3 User Guide, "Granting permissions to
    /// publish event notification messages to a destination").
    fn statement(names: &Names) -> Option<(&'static str, Value)> {
        const SID: &str = "ALLOW_S3_BUCKET_AS_PUBLISHER";
        let statement = json!({
            "Sid": SID,
            "Effect": "Allow",
            "Principal": { "Service": "s3.amazonaws.com" },
            "Action": "sns:Publish",
            "Resource": names.topic.arn,
            "Condition": {
                "ArnEquals": { "aws:SourceArn": names.bucket_arn },
                "StringEquals": { "aws:SourceAccount": names.account },
            },
        });
        Some((SID, statement))
    }
}
