//! The alarms in other tools' templates.

use serde_json::{Value, json};

use super::Alarms;
use crate::template::Export;
use crate::template::cloudformation::{self, CloudFormation, this};
use crate::template::terraform::{Terraform, value_of};

impl Export for Alarms {
    fn cloudformation(&self, template: &mut CloudFormation<'_>) {
        let tags = cloudformation::tags(&self.tags());
        for (label, alarm) in &self.wanted {
            let mut properties = super::as_value(alarm);
            properties["AlarmName"] = self.alarm_name(label).into();
            properties["AlarmActions"] = json!([this("AlarmTopic")]);
            properties["Dimensions"] = named(&properties["Dimensions"]);
            properties["Tags"] = tags.clone();
            let name = format!("Alarm{}", camel_case(label));
            template.add(&name, "AWS::CloudWatch::Alarm", properties);
            template.after(&name, &["AlarmTopicPolicy"]);
        }
    }

    fn terraform(&self, module: &mut Terraform<'_>) {
        for (label, alarm) in &self.wanted {
            let alarm = super::as_value(alarm);
            let arguments = json!({
                "alarm_name": self.alarm_name(label),
                "alarm_description": alarm["AlarmDescription"],
                "namespace": alarm["Namespace"],
                "metric_name": alarm["MetricName"],
                "dimensions": alarm["Dimensions"],
                "statistic": alarm["Statistic"],
                "period": alarm["Period"],
                "evaluation_periods": alarm["EvaluationPeriods"],
                "datapoints_to_alarm": alarm["DatapointsToAlarm"],
                "threshold": alarm["Threshold"],
                "comparison_operator": alarm["ComparisonOperator"],
                "treat_missing_data": alarm["TreatMissingData"],
                "actions_enabled": alarm["ActionsEnabled"],
                "alarm_actions": [value_of("aws_sns_topic.alarm_topic.arn")],
                "tags": self.tags(),
                "depends_on": ["aws_sns_topic_policy.alarm_topic"],
            });
            module.add("aws_cloudwatch_metric_alarm", &label.replace('-', "_"), arguments);
        }
    }

    /// The members of an alarm have a test of their own.
    #[cfg(test)]
    fn members(&self) -> &'static str {
        MEMBERS
    }
}

#[cfg(test)]
const MEMBERS: &str = r"
tags
  AlarmErrors/Tags
  aws_cloudwatch_metric_alarm/errors/tags
alarm
  -
  -
";

/// `{"QueueName": "q"}` as `[{"Name": "QueueName", "Value": "q"}]`.
fn named(dimensions: &Value) -> Value {
    let all = dimensions.as_object().into_iter().flatten();
    all.map(|(name, value)| json!({ "Name": name, "Value": value })).collect()
}

/// `dead-letters` as `DeadLetters`.
fn camel_case(label: &str) -> String {
    let words = label.split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        format!("{}{rest}", first.to_uppercase())
    });
    words.collect()
}
