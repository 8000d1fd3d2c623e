//! The queue in other tools' templates.

use serde_json::json;

use super::{DeadLetters, RETENTION_SECS};
use crate::aws::policy::document;
use crate::engine::resource::Resource;
use crate::template::Export;
use crate::template::cloudformation::{self, CloudFormation, this};
use crate::template::terraform::{Terraform, policy, value_of};

impl Export for DeadLetters {
    fn cloudformation(&self, template: &mut CloudFormation<'_>) {
        let properties = json!({
            "QueueName": self.name(),
            "MessageRetentionPeriod": RETENTION_SECS,
            "Tags": cloudformation::tags(&self.fields().tags),
        });
        template.add("DeadLetters", "AWS::SQS::Queue", properties);
        let document = document(&[self.statement()]);
        let policy = json!({ "Queues": [this("DeadLetters")], "PolicyDocument": document });
        template.add("DeadLettersPolicy", "AWS::SQS::QueuePolicy", policy);
    }

    fn terraform(&self, module: &mut Terraform<'_>) {
        let arguments = json!({
            "name": self.name(),
            "message_retention_seconds": RETENTION_SECS,
            "tags": self.fields().tags,
        });
        module.add("aws_sqs_queue", "dead_letters", arguments);
        *module.local("dead_letters_policy") = document(&[self.statement()]);
        let url = value_of("aws_sqs_queue.dead_letters.id");
        let policy = json!({ "queue_url": url, "policy": policy("dead_letters_policy") });
        module.add("aws_sqs_queue_policy", "dead_letters", policy);
    }

    #[cfg(test)]
    fn members(&self) -> &'static str {
        MEMBERS
    }
}

#[cfg(test)]
const MEMBERS: &str = r"
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
