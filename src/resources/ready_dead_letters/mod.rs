//! The SQS queue that catches what could not be delivered to who wants to hear of images that are
//! ready.

mod permissions;

use crate::engine::resource::{Id, Kind};
use crate::names::{Named, Names};
use crate::permissions::Row;
use crate::resources::sqs_queue::{Purpose, SqsQueue};

pub(crate) const ID: Id = Id(&Kind {
    loses: Some("the messages in it are lost"),
    ..Kind::new("ready-dead-letters", "AWS::SQS::Queue")
});

pub(crate) type ReadyDeadLetters = SqsQueue<Unheard>;

/// Messages that no subscriber took.
pub(crate) enum Unheard {}

impl Purpose for Unheard {
    const ID: Id = ID;

    const IN_TEMPLATES: (&'static str, &'static str) = ("ReadyDeadLetters", "ready_dead_letters");

    const PERMISSIONS: &'static [Row] = permissions::ROWS;

    #[cfg(test)]
    const MEMBERS: &'static str = r"
name
  ReadyDeadLetters/QueueName
  aws_sqs_queue/ready_dead_letters/name
tags
  ReadyDeadLetters/Tags
  aws_sqs_queue/ready_dead_letters/tags
retention_seconds
  ReadyDeadLetters/MessageRetentionPeriod = 1209600
  aws_sqs_queue/ready_dead_letters/message_retention_seconds = 1209600
policy
  ReadyDeadLettersPolicy/PolicyDocument
  ready_dead_letters_policy
";

    fn queue(names: &Names) -> Option<&Named> {
        names.ready_dead_letters.as_ref()
    }

    fn source(names: &Names) -> &str {
        names.ready.as_ref().map(|topic| topic.arn.as_str()).unwrap_or_default()
    }
}
