//! The subscription, and the permission to invoke, in other tools' templates.

use serde_json::json;

use super::Trigger;
use crate::template::Export;
use crate::template::cloudformation::{CloudFormation, attribute, this};
use crate::template::terraform::{Terraform, value_of};

impl Export for Trigger {
    fn cloudformation(&self, template: &mut CloudFormation<'_>) {
        let permission = self.permission();
        let permission = json!({
            "FunctionName": this("Function"),
            "Action": permission["Action"],
            "Principal": permission["Principal"]["Service"],
            "SourceArn": this("Topic"),
        });
        template.add("TriggerPermission", "AWS::Lambda::Permission", permission);
        let subscription = json!({
            "TopicArn": this("Topic"),
            "Protocol": "lambda",
            "Endpoint": attribute("Function", "Arn"),
            "RedrivePolicy": { "deadLetterTargetArn": attribute("DeadLetters", "Arn") },
        });
        template.add("Trigger", "AWS::SNS::Subscription", subscription);
        template.after("Trigger", &["TriggerPermission", "DeadLettersPolicy"]);
    }

    fn terraform(&self, module: &mut Terraform<'_>) {
        let permission = self.permission();
        let permission = json!({
            "statement_id": permission["Sid"],
            "function_name": value_of("aws_lambda_function.function.function_name"),
            "action": permission["Action"],
            "principal": permission["Principal"]["Service"],
            "source_arn": value_of("aws_sns_topic.topic.arn"),
        });
        module.add("aws_lambda_permission", "trigger", permission);
        let redrive = "jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters.arn })";
        let subscription = json!({
            "topic_arn": value_of("aws_sns_topic.topic.arn"),
            "protocol": "lambda",
            "endpoint": value_of("aws_lambda_function.function.arn"),
            "redrive_policy": value_of(redrive),
            "depends_on": ["aws_lambda_permission.trigger", "aws_sqs_queue_policy.dead_letters"],
        });
        module.add("aws_sns_topic_subscription", "trigger", subscription);
    }

    #[cfg(test)]
    fn members(&self) -> &'static str {
        MEMBERS
    }
}

#[cfg(test)]
const MEMBERS: &str = r#"
permission.Statement[imgprep-photos]
  TriggerPermission = {"FunctionName": {"Ref": "Function"}, "Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com", "SourceArn": {"Ref": "Topic"}}
  aws_lambda_permission/trigger = {"statement_id": "imgprep-photos", "action": "lambda:InvokeFunction", "function_name": "${aws_lambda_function.function.function_name}", "principal": "sns.amazonaws.com", "source_arn": "${aws_sns_topic.topic.arn}"}
subscription
  Trigger/Endpoint = {"Fn::GetAtt": ["Function", "Arn"]}
  aws_sns_topic_subscription/trigger/endpoint = "${aws_lambda_function.function.arn}"
subscription.redrive
  Trigger/RedrivePolicy = {"deadLetterTargetArn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}
  aws_sns_topic_subscription/trigger/redrive_policy = "${jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters.arn })}"
"#;
