//! Rows of the alarms, and of the topic on which they are told.

use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder as Put;
use aws_sdk_cloudwatch::types::{Dimension, StandardUnit, Tag};
use imgprep_testkit::Pipeline;
use imgprep_testkit::clients::{document, without};
use serde_json::{Value, json};

use super::{Change, Row, check, row, tag_rows};
use crate::alarms::{alarm_name, alarm_topic, alarms};

const ADDRESS: &str = "ops@example.com";
/// What others have the alarm do, which each repair must leave.
const PAGER: &str = "arn:aws:sns:us-east-1:123456789012:pager";

pub(crate) async fn every_change_by_hand_to_alarms_is_shown_and_repaired() {
    let pipeline = Pipeline::new("drift-alarms").await;
    alarms(&pipeline, &format!("email = [\"{ADDRESS}\"]"));
    let mut rows = topic_rows();
    rows.extend(alarm_rows());
    check(&pipeline, rows).await;
    let found = described(&pipeline).await;
    assert_eq!(found.alarm_actions(), [alarm_topic(&pipeline), PAGER.to_owned()]);
    assert_eq!(found.ok_actions(), [PAGER]);
}

fn topic_rows() -> Vec<Row> {
    const STATEMENT: &str = "policy.Statement[ImgprepAllowAlarms]";
    const PUT: &[&str] = &["sns:SetTopicAttributes"];
    let mut rows =
        vec![
            row("alarm-topic: statement removed", |p| Box::pin(statement(p, None)), PUT)
                .lacks("alarm-topic", STATEMENT),
            row("alarm-topic: statement widened", |p| Box::pin(statement(p, Some("*"))), PUT)
                .has_other("alarm-topic", STATEMENT),
            row("alarm-topic: encrypted with a key", |p| Box::pin(encrypted(p)), PUT).shows(
                "alarm-topic",
                "kms_key",
                ("alias/theirs", json!(null)),
            ),
            row("alarm-topic: unsubscribed", |p| Box::pin(unsubscribed(p)), &["sns:Subscribe"])
                .shows("alarm-topic", format!("email[{ADDRESS}]"), (json!(null), "subscribed")),
        ];
    let tags: [Change; 2] =
        [|p| Box::pin(topic_tag(p, None)), |p| Box::pin(topic_tag(p, Some("others")))];
    rows.extend(tag_rows("alarm-topic", tags, "sns:TagResource"));
    rows
}

/// A tag of one alarm is put on all, for all carry the same.
const TAG: &[&str] = &["cloudwatch:TagResource"; 5];

/// Each member of an alarm, set to something else.
fn alarm_rows() -> Vec<Row> {
    const PUT: &[&str] = &["cloudwatch:PutMetricAlarm"];
    const PATH: &str = "alarm[errors]";
    let changes: [(&str, Change); 14] = [
        ("description", |p| Box::pin(put(p, |it| it.alarm_description("theirs")))),
        ("namespace", |p| Box::pin(put(p, |it| it.namespace("theirs")))),
        ("metric", |p| Box::pin(put(p, |it| it.metric_name("Invocations")))),
        ("dimension", |p| Box::pin(put(p, |it| it.set_dimensions(Some(vec![dimension()]))))),
        ("statistic", |p| Box::pin(put(p, |it| it.statistic("Average".into())))),
        ("unit", |p| Box::pin(put(p, |it| it.unit(StandardUnit::Count)))),
        ("period", |p| Box::pin(put(p, |it| it.period(60)))),
        ("evaluation periods", |p| Box::pin(put(p, |it| it.evaluation_periods(5)))),
        ("datapoints", |p| Box::pin(put(p, |it| it.datapoints_to_alarm(1)))),
        ("threshold", |p| Box::pin(put(p, |it| it.threshold(1.0)))),
        ("comparison", |p| {
            Box::pin(put(p, |it| it.comparison_operator("LessThanThreshold".into())))
        }),
        ("missing data", |p| Box::pin(put(p, |it| it.treat_missing_data("breaching")))),
        ("switched off", |p| Box::pin(put(p, |it| it.actions_enabled(false)))),
        ("not told", |p| Box::pin(put(p, |it| it.set_alarm_actions(Some(vec![PAGER.to_owned()]))))),
    ];
    // First, for what others have it do goes with it.
    let mut rows =
        vec![row("alarms: deleted", |p| Box::pin(deleted(p)), PUT).lacks("alarms", PATH).alone()];
    let changes = changes.into_iter().map(|(what, change)| {
        row(format!("alarms: {what}"), change, PUT).has_other("alarms", PATH)
    });
    rows.extend(changes);
    rows.push(row("alarms: tag removed", |p| Box::pin(tag(p, None)), TAG).shows(
        "alarms",
        "tags.team",
        (json!(null), "tests"),
    ));
    rows.push(row("alarms: tag changed", |p| Box::pin(tag(p, Some("others"))), TAG).shows(
        "alarms",
        "tags.team",
        (json!(null), "tests"),
    ));
    rows
}

fn dimension() -> Dimension {
    Dimension::builder().name("FunctionName").value("theirs").build()
}

async fn described(pipeline: &Pipeline) -> aws_sdk_cloudwatch::types::MetricAlarm {
    let describe = pipeline.aws.cloudwatch.describe_alarms();
    let describe = describe.alarm_names(alarm_name(pipeline, "errors"));
    describe.send().await.unwrap().metric_alarms.unwrap().remove(0)
}

/// The alarm as it is, but for one change and an action of others.
async fn put(pipeline: &Pipeline, change: impl FnOnce(Put) -> Put) {
    let now = described(pipeline).await;
    let mut actions = now.alarm_actions.unwrap_or_default();
    actions.retain(|action| action != PAGER);
    actions.push(PAGER.to_owned());
    let put = pipeline.aws.cloudwatch.put_metric_alarm().set_alarm_name(now.alarm_name);
    let put = put
        .set_alarm_description(now.alarm_description)
        .set_namespace(now.namespace)
        .set_metric_name(now.metric_name)
        .set_dimensions(now.dimensions)
        .set_statistic(now.statistic)
        .set_period(now.period)
        .set_evaluation_periods(now.evaluation_periods)
        .set_datapoints_to_alarm(now.datapoints_to_alarm)
        .set_threshold(now.threshold)
        .set_comparison_operator(now.comparison_operator)
        .set_treat_missing_data(now.treat_missing_data)
        .set_alarm_actions(Some(actions))
        .ok_actions(PAGER);
    change(put).send().await.unwrap();
}

async fn deleted(pipeline: &Pipeline) {
    let delete = pipeline.aws.cloudwatch.delete_alarms();
    delete.alarm_names(alarm_name(pipeline, "errors")).send().await.unwrap();
}

async fn tag(pipeline: &Pipeline, value: Option<&str>) {
    let cloudwatch = &pipeline.aws.cloudwatch;
    let arn = pipeline.arn("cloudwatch", &format!("alarm:{}", alarm_name(pipeline, "errors")));
    let Some(value) = value else {
        let untag = cloudwatch.untag_resource().resource_arn(arn).tag_keys("team");
        untag.send().await.unwrap();
        return;
    };
    let tag = Tag::builder().key("team").value(value).build();
    cloudwatch.tag_resource().resource_arn(arn).tags(tag).send().await.unwrap();
}

/// Sets the source of our statement, or takes the statement away.
async fn statement(pipeline: &Pipeline, source: Option<&str>) {
    const SID: &str = "ImgprepAllowAlarms";
    let (sns, topic) = (&pipeline.aws.sns, alarm_topic(pipeline));
    let attributes = sns.get_topic_attributes().topic_arn(&topic).send().await.unwrap();
    let policy: Value = serde_json::from_str(&attributes.attributes.unwrap()["Policy"]).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let mut changed = without(statements, SID);
    assert_ne!(changed, *statements);
    match source {
        Some(source) => {
            let ours = statements.iter().find(|one| one["Sid"] == SID).unwrap();
            let mut ours = ours.clone();
            ours["Condition"]["ArnLike"]["aws:SourceArn"] = source.into();
            changed.push(ours);
        }
        // SNS takes no policy without a statement.
        None => changed.push(json!({
            "Sid": "Theirs", "Effect": "Allow", "Principal": { "AWS": pipeline.account },
            "Action": "sns:Publish", "Resource": topic,
        })),
    }
    put_attribute(pipeline, "Policy", &document(&changed)).await;
}

async fn encrypted(pipeline: &Pipeline) {
    put_attribute(pipeline, "KmsMasterKeyId", "alias/theirs").await;
}

async fn put_attribute(pipeline: &Pipeline, name: &str, value: &str) {
    let put = pipeline.aws.sns.set_topic_attributes().topic_arn(alarm_topic(pipeline));
    put.attribute_name(name).attribute_value(value).send().await.unwrap();
}

async fn unsubscribed(pipeline: &Pipeline) {
    let sns = &pipeline.aws.sns;
    let list = sns.list_subscriptions_by_topic().topic_arn(alarm_topic(pipeline));
    let found = list.send().await.unwrap().subscriptions.unwrap().remove(0);
    sns.unsubscribe().set_subscription_arn(found.subscription_arn).send().await.unwrap();
}

/// Sets the user's tag, or takes it off.
async fn topic_tag(pipeline: &Pipeline, value: Option<&str>) {
    let (sns, arn) = (&pipeline.aws.sns, alarm_topic(pipeline));
    let Some(value) = value else {
        sns.untag_resource().resource_arn(arn).tag_keys("team").send().await.unwrap();
        return;
    };
    let tag = aws_sdk_sns::types::Tag::builder().key("team").value(value).build().unwrap();
    sns.tag_resource().resource_arn(arn).tags(tag).send().await.unwrap();
}
