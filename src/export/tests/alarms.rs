//! The alarms in both templates, member by member.

use super::*;

/// What both have of the alarm on failed images, in the words of each.
fn failed_images(format: Format) -> Value {
    let template = exported(FULL, format);
    match format {
        Format::CloudFormation => template["Resources"]["AlarmFailedImages"].clone(),
        Format::Terraform => {
            template["resource"]["aws_cloudwatch_metric_alarm"]["failed_images"].clone()
        }
    }
}

const DESCRIPTION: &str = "Stack photos: 25 originals or more could not be processed within 5 \
                           minutes. `imgprep failures` lists them with their reasons.";

#[test]
fn an_alarm_for_cloudformation() {
    let expected = json!({
        "Type": "AWS::CloudWatch::Alarm",
        "DependsOn": ["AlarmTopicPolicy"],
        "Properties": {
            "AlarmName": "photos-alarms-failed-images",
            "AlarmDescription": DESCRIPTION,
            "Namespace": "imgprep",
            "MetricName": "Failed",
            "Dimensions": [{ "Name": "Function", "Value": "Resize" }],
            "Statistic": "Sum",
            "Period": 300,
            "EvaluationPeriods": 1,
            "DatapointsToAlarm": 1,
            "Threshold": 25.0,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
            "ActionsEnabled": true,
            "AlarmActions": [{ "Ref": "AlarmTopic" }],
            "Tags": [
                { "Key": "imgprep:resource", "Value": "alarms" },
                { "Key": "imgprep:stack", "Value": "photos" },
                { "Key": "team", "Value": "marketplace" },
            ],
        },
    });
    assert_eq!(failed_images(Format::CloudFormation), expected);
}

#[test]
fn an_alarm_for_terraform() {
    let expected = json!({
        "alarm_name": "photos-alarms-failed-images",
        "alarm_description": DESCRIPTION,
        "namespace": "imgprep",
        "metric_name": "Failed",
        "dimensions": { "Function": "Resize" },
        "statistic": "Sum",
        "period": 300,
        "evaluation_periods": 1,
        "datapoints_to_alarm": 1,
        "threshold": 25.0,
        "comparison_operator": "GreaterThanOrEqualToThreshold",
        "treat_missing_data": "notBreaching",
        "actions_enabled": true,
        "alarm_actions": ["${aws_sns_topic.alarm_topic.arn}"],
        "depends_on": ["aws_sns_topic_policy.alarm_topic"],
        "tags": { "imgprep:resource": "alarms", "imgprep:stack": "photos", "team": "marketplace" },
    });
    assert_eq!(failed_images(Format::Terraform), expected);
}

#[test]
fn each_alarm_watches_what_it_is_called_after() {
    let template = exported(FULL, Format::Terraform);
    let alarms = template["resource"]["aws_cloudwatch_metric_alarm"].as_object().unwrap();
    let watched: Vec<String> = alarms
        .iter()
        .map(|(name, alarm)| {
            let text = |member: &str| alarm[member].as_str().unwrap().to_owned();
            let number = |member: &str| alarm[member].to_string();
            format!(
                "{name}: {} of {} {} {} {} {} in {} of {}",
                text("statistic"),
                text("namespace"),
                text("metric_name"),
                alarm["dimensions"],
                text("comparison_operator"),
                number("threshold"),
                number("datapoints_to_alarm"),
                number("evaluation_periods"),
            )
        })
        .collect();
    assert_snapshot!(watched.join("\n"), @r#"
    dead_letters: Maximum of AWS/SQS ApproximateNumberOfMessagesVisible {"QueueName":"photos-dead-letters"} GreaterThanThreshold 0.0 in 1 of 1
    errors: Sum of AWS/Lambda Errors {"FunctionName":"Resize"} GreaterThanThreshold 0.0 in 2 of 3
    failed_images: Sum of imgprep Failed {"Function":"Resize"} GreaterThanOrEqualToThreshold 25.0 in 1 of 1
    oldest_event: Maximum of AWS/Lambda AsyncEventAge {"FunctionName":"Resize"} GreaterThanThreshold 900000.0 in 1 of 1
    ready_dead_letters: Maximum of AWS/SQS ApproximateNumberOfMessagesVisible {"QueueName":"photos-ready-dead-letters"} GreaterThanThreshold 0.0 in 1 of 1
    throttles: Sum of AWS/Lambda Throttles {"FunctionName":"Resize"} GreaterThanThreshold 0.0 in 3 of 3
    "#);
}
