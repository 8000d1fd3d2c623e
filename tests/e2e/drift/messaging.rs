//! Rows of topic, queue, log group, role, policy, function and trigger.

use std::collections::HashMap;
use std::io::{Cursor, Write};

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::Environment;
use aws_sdk_sqs::types::QueueAttributeName;
use lambda_fn::settings::SETTINGS_VARIABLE;
use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{Row, row};
use crate::clients::{document, without};
use crate::harness::Pipeline;

const STATEMENT: &str = "policy.Statement[ALLOW_S3_BUCKET_AS_PUBLISHER]";

pub(super) fn rows(pipeline: &Pipeline) -> Vec<Row> {
    let mut rows = message_rows();
    rows.extend(code_rows(pipeline));
    rows
}

fn message_rows() -> Vec<Row> {
    vec![
        row(
            "topic statement removed",
            |p| Box::pin(topic_statement_removed(p)),
            "topic",
            &[STATEMENT],
        ),
        row(
            "topic statement widened",
            |p| Box::pin(topic_statement_widened(p)),
            "topic",
            &[STATEMENT],
        ),
        row("topic tag removed", |p| Box::pin(topic_tag_removed(p)), "topic", &["tags.team"]),
        row(
            "log retention changed",
            |p| Box::pin(log_retention(p, Some(30))),
            "logs",
            &["retention_days"],
        ),
        row(
            "log retention removed",
            |p| Box::pin(log_retention(p, None)),
            "logs",
            &["retention_days"],
        ),
        row(
            "queue retention",
            |p| Box::pin(queue_retention(p)),
            "dead-letters",
            &["retention_seconds"],
        ),
        row(
            "queue policy removed",
            |p| Box::pin(queue_policy(p)),
            "dead-letters",
            &["policy.Statement[ImgprepAllowTopic]"],
        ),
    ]
}

fn code_rows(pipeline: &Pipeline) -> Vec<Row> {
    let attachment = format!("policies[{}]", pipeline.policy());
    let permission = format!("permission.Statement[imgprep-{}]", pipeline.stack);
    let variable = format!("environment.{SETTINGS_VARIABLE}");
    let subscription = ["subscription", "subscription.redrive"];
    vec![
        row(
            "memory and timeout",
            |p| Box::pin(memory_and_timeout(p)),
            "function",
            &["memory", "timeout"],
        ),
        row("function variable", |p| Box::pin(function_variable(p)), "function", &[&variable]),
        row("function retries", |p| Box::pin(function_retries(p)), "function", &["retries"]),
        row(
            "failure destination",
            |p| Box::pin(failure_destination(p)),
            "function",
            &["on_failure", "retries"],
        ),
        row("function code", |p| Box::pin(function_code(p)), "function", &["code"]),
        row("policy detached", |p| Box::pin(policy_detached(p)), "role", &[&attachment]),
        row("role trust", |p| Box::pin(role_trust(p)), "role", &["trust"]),
        row(
            "policy document",
            |p| Box::pin(policy_document(p)),
            "policy",
            &[
                "document.Statement[ListFolders]",
                "document.Statement[ReadOriginals]",
                "document.Statement[RecordFailures]",
                "document.Statement[SendDeadLetters]",
                "document.Statement[WriteLogs]",
                "document.Statement[WriteVariants]",
                "document.others",
            ],
        ),
        row(
            "subscription deleted",
            |p| Box::pin(subscription_deleted(p)),
            "trigger",
            &subscription,
        ),
        row(
            "redrive removed",
            |p| Box::pin(redrive_removed(p)),
            "trigger",
            &["subscription.redrive"],
        ),
        row("permission removed", |p| Box::pin(permission_removed(p)), "trigger", &[&permission]),
    ]
}

async fn topic_statement_removed(pipeline: &Pipeline) {
    let statements = pipeline.topic_statements().await;
    let mut others = without(&statements, "ALLOW_S3_BUCKET_AS_PUBLISHER");
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
    let ours = statements.iter_mut().find(|one| one["Sid"] == "ALLOW_S3_BUCKET_AS_PUBLISHER");
    ours.unwrap()["Condition"] = json!({});
    pipeline.put_topic_statements(&statements).await;
}

async fn topic_tag_removed(pipeline: &Pipeline) {
    let untag = pipeline.aws.sns.untag_resource().resource_arn(pipeline.topic_arn());
    untag.tag_keys("team").send().await.unwrap();
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

async fn queue_retention(pipeline: &Pipeline) {
    put_queue_attribute(pipeline, QueueAttributeName::MessageRetentionPeriod, "3600").await;
}

async fn queue_policy(pipeline: &Pipeline) {
    put_queue_attribute(pipeline, QueueAttributeName::Policy, "").await;
}

async fn put_queue_attribute(pipeline: &Pipeline, name: QueueAttributeName, value: &str) {
    let put = pipeline.aws.sqs.set_queue_attributes().queue_url(pipeline.queue_url().await);
    put.attributes(name, value).send().await.unwrap();
}

async fn memory_and_timeout(pipeline: &Pipeline) {
    let put = pipeline.aws.lambda.update_function_configuration().memory_size(1024).timeout(3);
    put.function_name(&pipeline.function).send().await.unwrap();
}

async fn function_variable(pipeline: &Pipeline) {
    let wrong = HashMap::from([(SETTINGS_VARIABLE.to_owned(), "{}".to_owned())]);
    let environment = Environment::builder().set_variables(Some(wrong)).build();
    let put = pipeline.aws.lambda.update_function_configuration().environment(environment);
    put.function_name(&pipeline.function).send().await.unwrap();
}

async fn function_retries(pipeline: &Pipeline) {
    use aws_sdk_lambda::types::{DestinationConfig, OnFailure};
    let queue = OnFailure::builder().destination(pipeline.arn("sqs", &pipeline.queue())).build();
    let destination = DestinationConfig::builder().on_failure(queue).build();
    let put = pipeline.aws.lambda.put_function_event_invoke_config().maximum_retry_attempts(0);
    let put = put.function_name(&pipeline.function).destination_config(destination);
    put.send().await.unwrap();
}

async fn failure_destination(pipeline: &Pipeline) {
    let delete = pipeline.aws.lambda.delete_function_event_invoke_config();
    delete.function_name(&pipeline.function).send().await.unwrap();
}

async fn function_code(pipeline: &Pipeline) {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("bootstrap", SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
    zip.write_all(b"#!/bin/sh\nexit 1\n").unwrap();
    let zip = zip.finish().unwrap().into_inner();
    let put = pipeline.aws.lambda.update_function_code().zip_file(Blob::new(zip));
    put.function_name(&pipeline.function).send().await.unwrap();
}

async fn policy_detached(pipeline: &Pipeline) {
    let detach = pipeline.aws.iam.detach_role_policy().role_name(pipeline.role());
    detach.policy_arn(pipeline.policy_arn()).send().await.unwrap();
}

async fn role_trust(pipeline: &Pipeline) {
    let trust = json!({
        "Effect": "Allow", "Principal": { "Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"] },
        "Action": "sts:AssumeRole",
    });
    let put = pipeline.aws.iam.update_assume_role_policy().role_name(pipeline.role());
    put.policy_document(document(&[trust])).send().await.unwrap();
}

async fn policy_document(pipeline: &Pipeline) {
    let everything = json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" });
    let put = pipeline.aws.iam.create_policy_version().policy_arn(pipeline.policy_arn());
    let put = put.policy_document(document(&[everything])).set_as_default(true);
    put.send().await.unwrap();
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

async fn redrive_removed(pipeline: &Pipeline) {
    let put = pipeline.aws.sns.set_subscription_attributes();
    let put = put.subscription_arn(subscription_arn(pipeline).await);
    let put = put.attribute_name("RedrivePolicy").attribute_value("{}");
    put.send().await.unwrap();
}

async fn permission_removed(pipeline: &Pipeline) {
    let remove = pipeline.aws.lambda.remove_permission().function_name(&pipeline.function);
    let remove = remove.statement_id(format!("imgprep-{}", pipeline.stack));
    remove.send().await.unwrap();
}
