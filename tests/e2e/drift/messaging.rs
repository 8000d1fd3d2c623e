//! Rows of topic, queue, log group and trigger.

use aws_sdk_sqs::types::QueueAttributeName;
use imgprep_testkit::Pipeline;
use imgprep_testkit::clients::{document, without};
use serde_json::json;

use super::{Row, check, row, tag_rows};

const PUBLISHER: &str = "ALLOW_S3_BUCKET_AS_PUBLISHER";
const FOURTEEN_DAYS_SECS: &str = "1209600";

pub(crate) async fn every_change_by_hand_to_messaging_is_shown_and_repaired() {
    let pipeline = Pipeline::new("drift-msg").await;
    let mut rows = topic_rows();
    rows.extend(log_rows());
    rows.extend(queue_rows());
    rows.extend(trigger_rows(&pipeline));
    check(&pipeline, rows).await;
}

fn topic_rows() -> Vec<Row> {
    const STATEMENT: &str = "policy.Statement[ALLOW_S3_BUCKET_AS_PUBLISHER]";
    const PUT: &[&str] = &["sns:SetTopicAttributes"];
    let mut rows = vec![
        row("topic: statement removed", |p| Box::pin(topic_statement_removed(p)), PUT)
            .lacks("topic", STATEMENT),
        row("topic: statement widened", |p| Box::pin(topic_statement_widened(p)), PUT)
            .has_other("topic", STATEMENT),
        row("topic: encrypted with a key", |p| Box::pin(topic_encrypted(p)), PUT).shows(
            "topic",
            "kms_key",
            ("alias/theirs", json!(null)),
        ),
    ];
    let tags: [super::Change; 2] =
        [|p| Box::pin(topic_tag(p, None)), |p| Box::pin(topic_tag(p, Some("others")))];
    rows.extend(tag_rows("topic", tags, "sns:TagResource"));
    rows
}

fn log_rows() -> Vec<Row> {
    const PUT: &[&str] = &["logs:PutRetentionPolicy"];
    let mut rows = vec![
        row("logs: retention changed", |p| Box::pin(log_retention(p, Some(30))), PUT).shows(
            "logs",
            "retention_days",
            (30, 14),
        ),
        row("logs: retention removed", |p| Box::pin(log_retention(p, None)), PUT).shows(
            "logs",
            "retention_days",
            (json!(null), 14),
        ),
    ];
    let tags: [super::Change; 2] =
        [|p| Box::pin(log_tag(p, None)), |p| Box::pin(log_tag(p, Some("others")))];
    rows.extend(tag_rows("logs", tags, "logs:TagResource"));
    rows
}

fn queue_rows() -> Vec<Row> {
    const STATEMENT: &str = "policy.Statement[ImgprepAllowTopic]";
    const PUT: &[&str] = &["sqs:SetQueueAttributes"];
    let mut rows = vec![
        row("dead-letters: retention", |p| Box::pin(queue_retention(p)), PUT).shows(
            "dead-letters",
            "retention_seconds",
            ("3600", FOURTEEN_DAYS_SECS),
        ),
        row("dead-letters: policy removed", |p| Box::pin(queue_policy_removed(p)), PUT)
            .lacks("dead-letters", STATEMENT),
        row("dead-letters: statement widened", |p| Box::pin(queue_policy_widened(p)), PUT)
            .has_other("dead-letters", STATEMENT),
    ];
    let tags: [super::Change; 2] =
        [|p| Box::pin(queue_tag(p, None)), |p| Box::pin(queue_tag(p, Some("others")))];
    rows.extend(tag_rows("dead-letters", tags, "sqs:TagQueue"));
    rows
}

fn trigger_rows(pipeline: &Pipeline) -> Vec<Row> {
    let permission = format!("permission.Statement[imgprep-{}]", pipeline.stack);
    let redrive = json!({ "deadLetterTargetArn": pipeline.arn("sqs", &pipeline.queue()) });
    vec![
        row(
            "trigger: permission removed",
            |p| Box::pin(permission_removed(p)),
            &["lambda:AddPermission"],
        )
        .lacks("trigger", &permission)
        // Without a subscription there would be no trigger at all.
        .alone(),
        row(
            "trigger: permission for another topic",
            |p| Box::pin(permission_changed(p)),
            // Lambda refuses a second statement of one name, so the wrong one goes first.
            &["lambda:AddPermission", "lambda:AddPermission", "lambda:RemovePermission"],
        )
        .has_other("trigger", &permission),
        row(
            "trigger: subscription deleted",
            |p| Box::pin(subscription_deleted(p)),
            &["sns:Subscribe"],
        )
        .shows("trigger", "subscription", (json!(null), pipeline.function_arn()))
        .shows("trigger", "subscription.redrive", (json!(null), redrive.clone())),
        row(
            "trigger: redrive removed",
            |p| Box::pin(redrive_policy(p, json!({}))),
            &["sns:SetSubscriptionAttributes"],
        )
        .shows("trigger", "subscription.redrive", (json!({}), redrive.clone())),
        row(
            "trigger: redrive to another queue",
            |p| Box::pin(redrive_to_another_queue(p)),
            &["sns:SetSubscriptionAttributes"],
        )
        .shows(
            "trigger",
            "subscription.redrive",
            (json!({ "deadLetterTargetArn": pipeline.arn("sqs", "others") }), redrive),
        ),
    ]
}

async fn topic_encrypted(pipeline: &Pipeline) {
    let put = pipeline.aws.sns.set_topic_attributes().topic_arn(pipeline.topic_arn());
    let put = put.attribute_name("KmsMasterKeyId").attribute_value("alias/theirs");
    put.send().await.unwrap();
}

async fn topic_statement_removed(pipeline: &Pipeline) {
    let statements = pipeline.topic_statements().await;
    let mut others = without(&statements, PUBLISHER);
    assert_ne!(others, statements);
    // SNS takes no policy without a statement.
    others.push(json!({
        "Sid": "Theirs", "Effect": "Allow", "Principal": { "AWS": pipeline.account },
        "Action": "sns:Publish", "Resource": pipeline.topic_arn(),
    }));
    pipeline.put_topic_statements(&others).await;
}

async fn topic_statement_widened(pipeline: &Pipeline) {
    let mut statements = pipeline.topic_statements().await;
    let ours = statements.iter_mut().find(|one| one["Sid"] == PUBLISHER);
    ours.unwrap()["Condition"] = json!({});
    pipeline.put_topic_statements(&statements).await;
}

/// Sets the user's tag, or takes it off.
async fn topic_tag(pipeline: &Pipeline, value: Option<&str>) {
    let (sns, arn) = (&pipeline.aws.sns, pipeline.topic_arn());
    let Some(value) = value else {
        sns.untag_resource().resource_arn(arn).tag_keys("team").send().await.unwrap();
        return;
    };
    let tag = aws_sdk_sns::types::Tag::builder().key("team").value(value).build().unwrap();
    sns.tag_resource().resource_arn(arn).tags(tag).send().await.unwrap();
}

async fn log_retention(pipeline: &Pipeline, days: Option<i32>) {
    let (logs, name) = (&pipeline.aws.logs, pipeline.log_group());
    let Some(days) = days else {
        logs.delete_retention_policy().log_group_name(name).send().await.unwrap();
        return;
    };
    let put = logs.put_retention_policy().log_group_name(name).retention_in_days(days);
    put.send().await.unwrap();
}

async fn log_tag(pipeline: &Pipeline, value: Option<&str>) {
    let (logs, arn) = (&pipeline.aws.logs, pipeline.log_group_arn());
    let Some(value) = value else {
        logs.untag_resource().resource_arn(arn).tag_keys("team").send().await.unwrap();
        return;
    };
    logs.tag_resource().resource_arn(arn).tags("team", value).send().await.unwrap();
}

async fn queue_retention(pipeline: &Pipeline) {
    put_queue_attribute(pipeline, QueueAttributeName::MessageRetentionPeriod, "3600").await;
}

async fn queue_policy_removed(pipeline: &Pipeline) {
    put_queue_attribute(pipeline, QueueAttributeName::Policy, "").await;
}

async fn queue_policy_widened(pipeline: &Pipeline) {
    let everybody = json!({
        "Sid": "ImgprepAllowTopic", "Effect": "Allow", "Principal": "*",
        "Action": "sqs:*", "Resource": pipeline.arn("sqs", &pipeline.queue()),
    });
    put_queue_attribute(pipeline, QueueAttributeName::Policy, &document(&[everybody])).await;
}

async fn put_queue_attribute(pipeline: &Pipeline, name: QueueAttributeName, value: &str) {
    let put = pipeline.aws.sqs.set_queue_attributes().queue_url(pipeline.queue_url().await);
    put.attributes(name, value).send().await.unwrap();
}

async fn queue_tag(pipeline: &Pipeline, value: Option<&str>) {
    let (sqs, url) = (&pipeline.aws.sqs, pipeline.queue_url().await);
    let Some(value) = value else {
        sqs.untag_queue().queue_url(url).tag_keys("team").send().await.unwrap();
        return;
    };
    sqs.tag_queue().queue_url(url).tags("team", value).send().await.unwrap();
}

async fn permission_removed(pipeline: &Pipeline) {
    let remove = pipeline.aws.lambda.remove_permission().function_name(&pipeline.function);
    let remove = remove.statement_id(format!("imgprep-{}", pipeline.stack));
    remove.send().await.unwrap();
}

async fn permission_changed(pipeline: &Pipeline) {
    permission_removed(pipeline).await;
    let add = pipeline.aws.lambda.add_permission().function_name(&pipeline.function);
    let add = add
        .statement_id(format!("imgprep-{}", pipeline.stack))
        .action("lambda:InvokeFunction")
        .principal("sns.amazonaws.com")
        .source_arn(pipeline.arn("sns", "others"));
    add.send().await.unwrap();
}

async fn subscription_arn(pipeline: &Pipeline) -> String {
    let list = pipeline.aws.sns.list_subscriptions_by_topic().topic_arn(pipeline.topic_arn());
    let subscriptions = list.send().await.unwrap().subscriptions.unwrap();
    assert_eq!(subscriptions.len(), 1);
    subscriptions[0].subscription_arn.clone().unwrap()
}

async fn subscription_deleted(pipeline: &Pipeline) {
    let delete = pipeline.aws.sns.unsubscribe().subscription_arn(subscription_arn(pipeline).await);
    delete.send().await.unwrap();
}

async fn redrive_policy(pipeline: &Pipeline, policy: serde_json::Value) {
    let put = pipeline.aws.sns.set_subscription_attributes();
    let put = put.subscription_arn(subscription_arn(pipeline).await);
    let put = put.attribute_name("RedrivePolicy").attribute_value(policy.to_string());
    put.send().await.unwrap();
}

async fn redrive_to_another_queue(pipeline: &Pipeline) {
    let other = json!({ "deadLetterTargetArn": pipeline.arn("sqs", "others") });
    redrive_policy(pipeline, other).await;
}
