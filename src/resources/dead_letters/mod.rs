//! The SQS queue that catches what neither SNS nor Lambda could deliver.

mod permissions;
mod price;

use crate::engine::resource::{Id, Kind};
use crate::names::{Named, Names};
use crate::permissions::Row;
use crate::pricing::{Service, Usage};
use crate::resources::sqs_queue::{Purpose, SqsQueue};

pub(crate) const ID: Id = Id(&Kind {
    loses: Some("the messages in it are lost"),
    ..Kind::new("dead-letters", "AWS::SQS::Queue")
});

pub(crate) type DeadLetters = SqsQueue<Undelivered>;

/// Events of originals that were given up.
pub(crate) enum Undelivered {}

impl Purpose for Undelivered {
    const ID: Id = ID;

    const IS_MARKED: bool = false;

    const IN_TEMPLATES: (&'static str, &'static str) = ("DeadLetters", "dead_letters");

    const PERMISSIONS: &'static [Row] = permissions::ROWS;

    const COSTS: fn(&Usage) -> Vec<Service> = price::costs;

    #[cfg(test)]
    const MEMBERS: &'static str = r"
name
  DeadLetters/QueueName
  aws_sqs_queue/dead_letters/name
tags
  DeadLetters/Tags
  aws_sqs_queue/dead_letters/tags
retention_seconds
  DeadLetters/MessageRetentionPeriod = 1209600
  aws_sqs_queue/dead_letters/message_retention_seconds = 1209600
policy
  DeadLettersPolicy/PolicyDocument
  dead_letters_policy
";

    fn queue(names: &Names) -> Option<&Named> {
        Some(&names.dead_letters)
    }

    fn source(names: &Names) -> &str {
        &names.topic.arn
    }
}
