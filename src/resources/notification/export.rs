//! The bucket's notification in other tools' templates.

use serde_json::{Value, json};

use super::Notification;
use crate::engine::resource::Resource;
use crate::template::Export;
use crate::template::cloudformation::{CloudFormation, this};
use crate::template::terraform::{Terraform, value_of};

impl Export for Notification {
    /// It is a property of the bucket, with one event in each entry and no identifiers.
    fn cloudformation(&self, template: &mut CloudFormation<'_>) {
        let fields = self.fields();
        let rule = json!({ "Name": "prefix", "Value": fields.prefix });
        let entry = |event: &String| {
            json!({
                "Event": event,
                "Topic": this("Topic"),
                "Filter": { "S3Key": { "Rules": [rule] } },
            })
        };
        let entries: Vec<Value> = fields.events.iter().map(entry).collect();
        template.properties("Bucket")["NotificationConfiguration"] =
            json!({ "TopicConfigurations": entries });
        // S3 checks the topic's policy when a notification is attached; and nothing may be published
        // before somebody listens.
        template.after("Bucket", &["TopicPolicy", "Trigger"]);
    }

    fn terraform(&self, module: &mut Terraform<'_>) {
        let fields = self.fields();
        let topic = json!({
            "id": fields.id,
            "topic_arn": value_of("aws_sns_topic.topic.arn"),
            "events": fields.events,
            "filter_prefix": fields.prefix,
        });
        let arguments = json!({
            "bucket": value_of("aws_s3_bucket.bucket.id"),
            "topic": topic,
            // As in a stack of `imgprep up`.
            "depends_on": ["aws_sns_topic_policy.topic", "aws_sns_topic_subscription.trigger"],
        });
        module.add("aws_s3_bucket_notification", "notification", arguments);
    }

    #[cfg(test)]
    fn members(&self) -> &'static str {
        MEMBERS
    }
}

#[cfg(test)]
const MEMBERS: &str = r#"
events
  Bucket/NotificationConfiguration/TopicConfigurations/*/Event
  aws_s3_bucket_notification/notification/topic/events
id
  -
  aws_s3_bucket_notification/notification/topic/id
prefix
  Bucket/NotificationConfiguration/TopicConfigurations/0/Filter/S3Key/Rules = [{"Name": "prefix", "Value": "originals/"}]
  aws_s3_bucket_notification/notification/topic/filter_prefix
suffix
  -
  -
topic
  Bucket/NotificationConfiguration/TopicConfigurations/*/Topic = [{"Ref": "Topic"}, {"Ref": "Topic"}]
  aws_s3_bucket_notification/notification/topic/topic_arn = "${aws_sns_topic.topic.arn}"
"#;
