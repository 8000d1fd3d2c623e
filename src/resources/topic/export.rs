//! The topic in other tools' templates.

use serde_json::json;

use super::Topic;
use crate::aws::policy::document;
use crate::engine::resource::Resource;
use crate::template::Export;
use crate::template::cloudformation::{self, CloudFormation, this};
use crate::template::terraform::{Terraform, policy, value_of};

impl Export for Topic {
    fn cloudformation(&self, template: &mut CloudFormation<'_>) {
        let tags = cloudformation::tags(&self.fields().tags);
        template.add("Topic", "AWS::SNS::Topic", json!({ "TopicName": self.name(), "Tags": tags }));
        let document = document(&[self.statement()]);
        let policy = json!({ "Topics": [this("Topic")], "PolicyDocument": document });
        template.add("TopicPolicy", "AWS::SNS::TopicPolicy", policy);
        template.output("TopicArn", this("Topic"));
    }

    fn terraform(&self, module: &mut Terraform<'_>) {
        let arguments = json!({ "name": self.name(), "tags": self.fields().tags });
        module.add("aws_sns_topic", "topic", arguments);
        *module.local("topic_policy") = document(&[self.statement()]);
        let arn = value_of("aws_sns_topic.topic.arn");
        let policy = json!({ "arn": arn, "policy": policy("topic_policy") });
        module.add("aws_sns_topic_policy", "topic", policy);
        module.output("topic_arn", "aws_sns_topic.topic.arn");
    }

    #[cfg(test)]
    fn members(&self) -> &'static str {
        MEMBERS
    }
}

#[cfg(test)]
const MEMBERS: &str = r"
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
