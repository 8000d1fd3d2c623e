//! Rows of the function.

use std::io::{Cursor, Write};

use aws_sdk_lambda::operation::update_function_configuration::builders::UpdateFunctionConfigurationFluentBuilder as Configuration;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Architecture, DestinationConfig, Environment, OnFailure, Runtime};
use contract::settings::{DISTRIBUTION_VARIABLE, SETTINGS_VARIABLE};
use imgprep_testkit::Pipeline;
use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{Change, Row, check, row, tag_rows};

pub(crate) async fn every_change_by_hand_to_the_function_is_shown_and_repaired() {
    let pipeline = Pipeline::new("drift-fn").await;
    let mut rows = configuration_rows(&pipeline);
    rows.extend(event_rows(&pipeline));
    rows.extend(code_rows());
    let tags: [Change; 2] =
        [|p| Box::pin(function_tag(p, None)), |p| Box::pin(function_tag(p, Some("others")))];
    rows.extend(tag_rows("function", tags, "lambda:TagResource"));
    check(&pipeline, rows).await;
}

// A function cannot change its package type: see `replaced`.
fn configuration_rows(pipeline: &Pipeline) -> Vec<Row> {
    const PUT: &[&str] = &["lambda:UpdateFunctionConfiguration"];
    let other_role = format!("arn:aws:iam::{}:role/others", pipeline.account);
    vec![
        row("function: memory", |p| Box::pin(put(p, |put| put.memory_size(1024))), PUT).shows(
            "function",
            "memory",
            (1024, 256),
        ),
        row("function: timeout", |p| Box::pin(put(p, |put| put.timeout(3))), PUT).shows(
            "function",
            "timeout",
            (3, 10),
        ),
        row(
            "function: runtime",
            |p| Box::pin(put(p, |put| put.runtime(Runtime::Providedal2))),
            PUT,
        )
        .shows("function", "runtime", ("provided.al2", "provided.al2023")),
        row("function: handler", |p| Box::pin(put(p, |put| put.handler("index.main"))), PUT).shows(
            "function",
            "handler",
            ("index.main", "bootstrap"),
        ),
        row("function: role", |p| Box::pin(other_role_set(p)), PUT).shows(
            "function",
            "role",
            (other_role, pipeline.role_arn()),
        ),
        row(
            "function: settings changed",
            |p| Box::pin(variable(p, SETTINGS_VARIABLE, Some("{}"))),
            PUT,
        )
        .has_other("function", format!("environment.{SETTINGS_VARIABLE}")),
        row("function: settings removed", |p| Box::pin(variable(p, SETTINGS_VARIABLE, None)), PUT)
            .lacks("function", format!("environment.{SETTINGS_VARIABLE}")),
        row(
            "function: a distribution that nobody asked for",
            |p| Box::pin(variable(p, DISTRIBUTION_VARIABLE, Some("E123"))),
            PUT,
        )
        .shows(
            "function",
            format!("environment.{DISTRIBUTION_VARIABLE}"),
            ("E123", json!(null)),
        ),
    ]
}

fn event_rows(pipeline: &Pipeline) -> Vec<Row> {
    const PUT: &[&str] = &["lambda:PutFunctionEventInvokeConfig"];
    let queue = pipeline.arn("sqs", &pipeline.queue());
    vec![
        row("function: retries", |p| Box::pin(retries(p)), PUT).shows(
            "function",
            "retries",
            (0, 2),
        ),
        row("function: another failure destination", |p| Box::pin(other_destination(p)), PUT)
            .shows("function", "on_failure", (pipeline.arn("sqs", "others"), queue.clone())),
        row("function: event handling removed", |p| Box::pin(no_event_handling(p)), PUT)
            .shows("function", "retries", (json!(null), 2))
            .shows("function", "on_failure", (json!(null), queue)),
    ]
}

fn code_rows() -> Vec<Row> {
    const PUT: &[&str] = &["lambda:TagResource", "lambda:UpdateFunctionCode"];
    vec![
        row("function: code", |p| Box::pin(other_code(p, Architecture::X8664)), PUT)
            .has_other("function", "code"),
        row("function: architecture", |p| Box::pin(other_code(p, Architecture::Arm64)), PUT)
            .has_other("function", "code")
            .shows("function", "architecture", ("arm64", "x86_64")),
    ]
}

async fn put(pipeline: &Pipeline, change: impl FnOnce(Configuration) -> Configuration) {
    let put = pipeline.aws.lambda.update_function_configuration();
    change(put.function_name(&pipeline.function)).send().await.unwrap();
}

async fn other_role_set(pipeline: &Pipeline) {
    let role = format!("arn:aws:iam::{}:role/others", pipeline.account);
    put(pipeline, |put| put.role(role)).await;
}

/// Sets one variable, or takes it away, and keeps the others.
pub(super) async fn variable(pipeline: &Pipeline, name: &str, value: Option<&str>) {
    let get = pipeline.aws.lambda.get_function_configuration().function_name(&pipeline.function);
    let mut all = get.send().await.unwrap().environment.unwrap().variables.unwrap();
    all.remove(name);
    all.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    let environment = Environment::builder().set_variables(Some(all)).build();
    put(pipeline, |put| put.environment(environment)).await;
}

async fn retries(pipeline: &Pipeline) {
    put_event_handling(pipeline, 0, pipeline.arn("sqs", &pipeline.queue())).await;
}

async fn other_destination(pipeline: &Pipeline) {
    put_event_handling(pipeline, 2, pipeline.arn("sqs", "others")).await;
}

async fn put_event_handling(pipeline: &Pipeline, retries: i32, queue: String) {
    let queue = OnFailure::builder().destination(queue).build();
    let destination = DestinationConfig::builder().on_failure(queue).build();
    let put = pipeline.aws.lambda.put_function_event_invoke_config();
    let put = put.maximum_retry_attempts(retries).function_name(&pipeline.function);
    put.destination_config(destination).send().await.unwrap();
}

async fn no_event_handling(pipeline: &Pipeline) {
    let delete = pipeline.aws.lambda.delete_function_event_invoke_config();
    delete.function_name(&pipeline.function).send().await.unwrap();
}

async fn other_code(pipeline: &Pipeline, architecture: Architecture) {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("bootstrap", SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
    zip.write_all(b"#!/bin/sh\nexit 1\n").unwrap();
    let zip = zip.finish().unwrap().into_inner();
    let put = pipeline.aws.lambda.update_function_code().zip_file(Blob::new(zip));
    let put = put.architectures(architecture).function_name(&pipeline.function);
    put.send().await.unwrap();
}

async fn function_tag(pipeline: &Pipeline, value: Option<&str>) {
    let (lambda, arn) = (&pipeline.aws.lambda, pipeline.function_arn());
    let Some(value) = value else {
        lambda.untag_resource().resource(arn).tag_keys("team").send().await.unwrap();
        return;
    };
    lambda.tag_resource().resource(arn).tags("team", value).send().await.unwrap();
}
