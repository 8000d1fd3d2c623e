//! The subscriptions in other tools' templates.

use serde_json::json;

use super::ReadySubscriptions;
use crate::template::Export;
use crate::template::cloudformation::{CloudFormation, attribute, this};
use crate::template::terraform::{Terraform, value_of};

impl Export for ReadySubscriptions {
    fn cloudformation(&self, template: &mut CloudFormation<'_>) {
        let redrive = json!({ "deadLetterTargetArn": attribute("ReadyDeadLetters", "Arn") });
        let subscription = |protocol: &str, endpoint| {
            json!({
                "TopicArn": this("Ready"),
                "Protocol": protocol,
                "Endpoint": endpoint,
                "RedrivePolicy": redrive,
            })
        };
        for (number, endpoint) in (1..).zip(&self.https) {
            let name = format!("ReadySubscriber{number}");
            let subscriber = subscription(self.protocol(endpoint), json!(endpoint));
            template.add(&name, "AWS::SNS::Subscription", subscriber);
            template.after(&name, &["ReadyDeadLettersPolicy"]);
        }
        if self.has_queue {
            let mut queue = subscription("sqs", attribute("ReadyQueue", "Arn"));
            queue["RawMessageDelivery"] = true.into();
            template.add("ReadySubscription", "AWS::SNS::Subscription", queue);
            template.after("ReadySubscription", &["ReadyQueuePolicy", "ReadyDeadLettersPolicy"]);
        }
    }

    fn terraform(&self, module: &mut Terraform<'_>) {
        let redrive = "jsonencode({ deadLetterTargetArn = aws_sqs_queue.ready_dead_letters.arn })";
        let subscription = |protocol: &str, endpoint| {
            json!({
                "topic_arn": value_of("aws_sns_topic.ready.arn"),
                "protocol": protocol,
                "endpoint": endpoint,
                "redrive_policy": value_of(redrive),
                "depends_on": ["aws_sqs_queue_policy.ready_dead_letters"],
            })
        };
        for (number, endpoint) in (1..).zip(&self.https) {
            let subscriber = subscription(self.protocol(endpoint), json!(endpoint));
            let name = format!("ready_subscriber_{number}");
            module.add("aws_sns_topic_subscription", &name, subscriber);
        }
        if self.has_queue {
            let queue = json!(value_of("aws_sqs_queue.ready.arn"));
            let mut queue = subscription("sqs", queue);
            queue["raw_message_delivery"] = true.into();
            if let Some(after) = queue["depends_on"].as_array_mut() {
                after.push("aws_sqs_queue_policy.ready".into());
            }
            module.add("aws_sns_topic_subscription", "ready", queue);
        }
    }

    #[cfg(test)]
    fn members(&self) -> &'static str {
        MEMBERS
    }
}

#[cfg(test)]
const MEMBERS: &str = r#"
https[https://app.example.com/hooks]
  ReadySubscriber1/Endpoint
  aws_sns_topic_subscription/ready_subscriber_1/endpoint
https[https://app.example.com/hooks].raw
  -
  -
https[https://app.example.com/hooks].redrive
  ReadySubscriber1/RedrivePolicy = {"deadLetterTargetArn": {"Fn::GetAtt": ["ReadyDeadLetters", "Arn"]}}
  aws_sns_topic_subscription/ready_subscriber_1/redrive_policy = "${jsonencode({ deadLetterTargetArn = aws_sqs_queue.ready_dead_letters.arn })}"
queue
  ReadySubscription/Endpoint = {"Fn::GetAtt": ["ReadyQueue", "Arn"]}
  aws_sns_topic_subscription/ready/endpoint = "${aws_sqs_queue.ready.arn}"
queue.raw
  ReadySubscription/RawMessageDelivery
  aws_sns_topic_subscription/ready/raw_message_delivery
queue.redrive
  ReadySubscription/RedrivePolicy = {"deadLetterTargetArn": {"Fn::GetAtt": ["ReadyDeadLetters", "Arn"]}}
  aws_sns_topic_subscription/ready/redrive_policy = "${jsonencode({ deadLetterTargetArn = aws_sqs_queue.ready_dead_letters.arn })}"
"#;
