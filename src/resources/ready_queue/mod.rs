//! The SQS queue through which an application hears of images that are ready, if it polls.

mod permissions;

use crate::engine::resource::{Id, Kind};
use crate::names::{Named, Names};
use crate::permissions::Row;
pub(crate) use crate::resources::sqs_queue::URL_DETAIL;
use crate::resources::sqs_queue::{Purpose, SqsQueue};

pub(crate) const ID: Id = Id(&Kind {
    loses: Some("the messages in it are lost"),
    ..Kind::new("ready-queue", "AWS::SQS::Queue")
});

pub(crate) type ReadyQueue = SqsQueue<Heard>;

/// Messages for an application that polls.
pub(crate) enum Heard {}

impl Purpose for Heard {
    const ID: Id = ID;

    const IN_TEMPLATES: (&'static str, &'static str) = ("ReadyQueue", "ready");

    const PERMISSIONS: &'static [Row] = permissions::ROWS;

    #[cfg(test)]
    const MEMBERS: &'static str = r"
name
  ReadyQueue/QueueName
  aws_sqs_queue/ready/name
tags
  ReadyQueue/Tags
  aws_sqs_queue/ready/tags
retention_seconds
  ReadyQueue/MessageRetentionPeriod = 1209600
  aws_sqs_queue/ready/message_retention_seconds = 1209600
policy
  ReadyQueuePolicy/PolicyDocument
  ready_policy
";

    fn queue(names: &Names) -> Option<&Named> {
        names.ready_queue.as_ref()
    }

    fn source(names: &Names) -> &str {
        names.ready.as_ref().map(|topic| topic.arn.as_str()).unwrap_or_default()
    }
}
