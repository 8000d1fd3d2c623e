//! The stack as a Terraform module, in Terraform's JSON syntax (`.tf.json`).
//!
//! JSON and not HCL, for Terraform reads both alike, and a writer of HCL of our own would be one
//! more place in which a quote can go wrong. Resources are called as imgprep calls them.

use serde_json::{Map, Value, json};

use super::{Blueprint, MARK, Part, Piece, pieces, rewritten};
use crate::aws::marker::{CONTENT_TYPE, STACK_METADATA};
use crate::resource::Id;
use crate::resources::cdn::{ORIGIN, SSL_SUPPORT, TLS_MIN};

/// The first version of the provider that knows the events, tags and attributes used here. It says
/// itself which versions of Terraform it takes; `required_version` would keep checkov from reading the
/// file, for its parser takes every member of `terraform` for a block.
const PROVIDER_VERSION: &str = ">= 5.31";

pub(super) fn template(blueprint: &Blueprint<'_>) -> Value {
    let mut resources = Resources::default();
    resources.topic(blueprint);
    resources.bucket(blueprint);
    resources.notification(blueprint);
    resources.identity(blueprint);
    resources.dead_letters(blueprint);
    resources.function(blueprint);
    resources.trigger(blueprint);
    if let Some(cdn) = blueprint.cdn() {
        resources.cdn(cdn);
    }
    let template = json!({
        "//": format!("The image pipeline {}, as `imgprep up` makes it", blueprint.stack()),
        "terraform": {
            "required_providers": {
                "aws": { "source": "hashicorp/aws", "version": PROVIDER_VERSION },
            },
        },
        "provider": { "aws": { "region": value_of("var.region") } },
        "variable": variables(blueprint),
        "data": {
            "aws_caller_identity": { "current": {} },
            "aws_partition": { "current": {} },
        },
        "locals": locals(blueprint),
        "resource": resources.0,
        "output": outputs(blueprint),
    });
    rewritten(&template, &|plain| text(plain).into())
}

/// A text in which references are what Terraform fills in.
pub(super) fn text(plain: &str) -> String {
    let text = pieces(plain).map(|piece| match piece {
        Piece::Plain(plain) => plain.replace("${", "$${").replace("%{", "%%{"),
        Piece::Reference(name) => format!("${{{}}}", expression(name)),
    });
    text.collect()
}

fn expression(name: &str) -> &str {
    match name {
        "account" => "data.aws_caller_identity.current.account_id",
        "partition" => "data.aws_partition.current.partition",
        "dns-suffix" => "data.aws_partition.current.dns_suffix",
        "region" => "var.region",
        "distribution" => "aws_cloudfront_distribution.cdn.id",
        other => other,
    }
}

/// The value of an expression.
fn value_of(expression: &str) -> String {
    format!("{MARK}{expression}{MARK}")
}

/// A policy of `locals`, where it stands as JSON for people to read, as the text that AWS takes.
fn policy(name: &str) -> String {
    value_of(&format!("jsonencode(local.{name})"))
}

fn variables(blueprint: &Blueprint<'_>) -> Value {
    let variable = |description: &str, default: Option<&str>| json!({ "type": "string", "description": description, "default": default });
    let region = variable("The region of the pipeline", blueprint.request.region);
    match blueprint.request.code {
        Some(code) => json!({
            "region": region,
            "code_bucket": variable("The bucket with the function's zip", Some(&code.bucket)),
            "code_key": variable("The key of the function's zip in that bucket", Some(&code.key)),
        }),
        None => json!({
            "region": region,
            "function_zip": variable(
                "The file with the function's zip",
                Some(blueprint.request.zip.unwrap_or("function.zip")),
            ),
        }),
    }
}

fn locals(blueprint: &Blueprint<'_>) -> Value {
    let folders = blueprint.part(Id::Folders).fields.iter().map(|(key, _)| key);
    json!({
        "folders": folders.collect::<Vec<_>>(),
        "topic_policy": blueprint.part(Id::Topic).document(),
        "bucket_policy": blueprint.bucket_policy(),
        "function_policy": blueprint.part(Id::Policy).document(),
        "role_policy": blueprint.part(Id::Role).document(),
        "dead_letters_policy": blueprint.part(Id::DeadLetters).document(),
    })
}

fn outputs(blueprint: &Blueprint<'_>) -> Value {
    let originals = &blueprint.request.config.bucket.originals;
    let bucket = &blueprint.part(Id::Bucket).name;
    let output = |expression: &str| json!({ "value": value_of(expression) });
    json!({
        "upload_to": { "value": format!("s3://{bucket}/{originals}/") },
        "topic_arn": output("aws_sns_topic.topic.arn"),
        "function_arn": output("aws_lambda_function.function.arn"),
        "cdn_domain": blueprint.cdn().map(|_| output("aws_cloudfront_distribution.cdn.domain_name")),
    })
}

fn tags(part: &Part) -> Value {
    part.below("tags.").into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// The resources by type and name.
#[derive(Default)]
struct Resources(Map<String, Value>);

impl Resources {
    fn add(&mut self, kind: &str, name: &str, arguments: Value) {
        let named = self.0.entry(kind).or_insert_with(|| json!({}));
        named[name] = arguments;
    }

    fn topic(&mut self, blueprint: &Blueprint<'_>) {
        let topic = blueprint.part(Id::Topic);
        self.add("aws_sns_topic", "topic", json!({ "name": topic.name, "tags": tags(topic) }));
        let arn = value_of("aws_sns_topic.topic.arn");
        let policy = json!({ "arn": arn, "policy": policy("topic_policy") });
        self.add("aws_sns_topic_policy", "topic", policy);
    }

    /// The bucket with its settings, each a resource of its own here, and its folders.
    fn bucket(&mut self, blueprint: &Blueprint<'_>) {
        let bucket = blueprint.part(Id::Bucket);
        let name = value_of("aws_s3_bucket.bucket.id");
        self.add("aws_s3_bucket", "bucket", json!({ "bucket": bucket.name, "tags": tags(bucket) }));
        let mut access: Map<String, Value> = bucket
            .below("public_access_block.")
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        access.insert("bucket".to_owned(), name.clone().into());
        self.add("aws_s3_bucket_public_access_block", "bucket", access.into());
        let rule = json!({ "object_ownership": bucket.get("ownership") });
        let ownership = json!({ "bucket": name, "rule": rule });
        self.add("aws_s3_bucket_ownership_controls", "bucket", ownership);
        let rule = json!({ "apply_server_side_encryption_by_default": {
            "sse_algorithm": bucket.get("encryption"),
        } });
        let encryption = json!({ "bucket": name, "rule": rule });
        self.add("aws_s3_bucket_server_side_encryption_configuration", "bucket", encryption);
        let statements = json!({
            "bucket": name,
            "policy": policy("bucket_policy"),
            // S3 refuses two changes of one bucket at once.
            "depends_on": ["aws_s3_bucket_public_access_block.bucket"],
        });
        self.add("aws_s3_bucket_policy", "bucket", statements);
        let marker = json!({
            "for_each": value_of("toset(local.folders)"),
            "bucket": name,
            "key": value_of("each.value"),
            "content_type": CONTENT_TYPE,
            "metadata": { STACK_METADATA: blueprint.stack() },
        });
        self.add("aws_s3_object", "folders", marker);
    }

    fn notification(&mut self, blueprint: &Blueprint<'_>) {
        let notification = blueprint.part(Id::Notification);
        let topic = json!({
            "id": notification.get("id"),
            "topic_arn": value_of("aws_sns_topic.topic.arn"),
            "events": notification.get("events"),
            "filter_prefix": notification.get("prefix"),
        });
        let arguments = json!({
            "bucket": value_of("aws_s3_bucket.bucket.id"),
            "topic": topic,
            // S3 checks the topic's policy when a notification is attached; and nothing may be
            // published before somebody listens.
            "depends_on": ["aws_sns_topic_policy.topic", "aws_sns_topic_subscription.trigger"],
        });
        self.add("aws_s3_bucket_notification", "notification", arguments);
    }

    /// The role, its policy, and the log group that the policy names.
    fn identity(&mut self, blueprint: &Blueprint<'_>) {
        let (role, allowed) = (blueprint.part(Id::Role), blueprint.part(Id::Policy));
        let made = json!({
            "name": role.name,
            "path": role.get("path"),
            "description": role.description,
            "assume_role_policy": policy("role_policy"),
            "permissions_boundary": role.get("permissions_boundary"),
            "tags": tags(role),
        });
        self.add("aws_iam_role", "role", made);
        let document = json!({
            "name": allowed.name,
            "path": role.get("path"),
            "description": allowed.description,
            "policy": policy("function_policy"),
            "tags": tags(allowed),
        });
        self.add("aws_iam_policy", "policy", document);
        let attachment = json!({
            "role": value_of("aws_iam_role.role.name"),
            "policy_arn": value_of("aws_iam_policy.policy.arn"),
        });
        self.add("aws_iam_role_policy_attachment", "policy", attachment);
        let logs = blueprint.part(Id::Logs);
        let log_group = json!({
            "name": logs.name,
            "retention_in_days": logs.get("retention_days"),
            "tags": tags(logs),
        });
        self.add("aws_cloudwatch_log_group", "logs", log_group);
    }

    fn dead_letters(&mut self, blueprint: &Blueprint<'_>) {
        let queue = blueprint.part(Id::DeadLetters);
        let made = json!({
            "name": queue.name,
            "message_retention_seconds": queue.number("retention_seconds"),
            "tags": tags(queue),
        });
        self.add("aws_sqs_queue", "dead_letters", made);
        let url = value_of("aws_sqs_queue.dead_letters.id");
        let policy = json!({ "queue_url": url, "policy": policy("dead_letters_policy") });
        self.add("aws_sqs_queue_policy", "dead_letters", policy);
    }

    /// The function, and what becomes of its failures.
    fn function(&mut self, blueprint: &Blueprint<'_>) {
        let function = blueprint.part(Id::Function);
        let variables: Map<String, Value> = blueprint
            .variables()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let mut arguments = json!({
            "function_name": function.name,
            "description": function.description,
            "package_type": function.get("package_type"),
            "runtime": function.get("runtime"),
            "handler": function.get("handler"),
            "architectures": [function.get("architecture")],
            "memory_size": function.get("memory"),
            "timeout": function.get("timeout"),
            "reserved_concurrent_executions": function.get("concurrency"),
            "role": value_of("aws_iam_role.role.arn"),
            "environment": { "variables": variables },
            "tags": tags(function),
            // A function that runs before its log group exists could log nothing.
            "depends_on": ["aws_cloudwatch_log_group.logs", "aws_iam_role_policy_attachment.policy"],
        });
        if blueprint.request.code.is_some() {
            arguments["s3_bucket"] = value_of("var.code_bucket").into();
            arguments["s3_key"] = value_of("var.code_key").into();
        } else {
            arguments["filename"] = value_of("var.function_zip").into();
            arguments["source_code_hash"] = value_of("filebase64sha256(var.function_zip)").into();
        }
        self.add("aws_lambda_function", "function", arguments);
        let queue = value_of("aws_sqs_queue.dead_letters.arn");
        let events = json!({
            "function_name": value_of("aws_lambda_function.function.function_name"),
            "maximum_retry_attempts": function.get("retries"),
            "destination_config": { "on_failure": { "destination": queue } },
        });
        self.add("aws_lambda_function_event_invoke_config", "function", events);
    }

    fn trigger(&mut self, blueprint: &Blueprint<'_>) {
        let statement = blueprint.part(Id::Trigger).statement();
        let permission = json!({
            "statement_id": statement["Sid"],
            "function_name": value_of("aws_lambda_function.function.function_name"),
            "action": statement["Action"],
            "principal": statement["Principal"]["Service"],
            "source_arn": value_of("aws_sns_topic.topic.arn"),
        });
        self.add("aws_lambda_permission", "trigger", permission);
        let redrive = "jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters.arn })";
        let subscription = json!({
            "topic_arn": value_of("aws_sns_topic.topic.arn"),
            "protocol": "lambda",
            "endpoint": value_of("aws_lambda_function.function.arn"),
            "redrive_policy": value_of(redrive),
            "depends_on": ["aws_lambda_permission.trigger", "aws_sqs_queue_policy.dead_letters"],
        });
        self.add("aws_sns_topic_subscription", "trigger", subscription);
    }

    fn cdn(&mut self, cdn: &Part) {
        let access_control = json!({
            "name": cdn.get("origin.access_control"),
            "description": cdn.description,
            "origin_access_control_origin_type": cdn.get("access_control.origin_type"),
            "signing_behavior": cdn.get("access_control.signing_behavior"),
            "signing_protocol": cdn.get("access_control.signing_protocol"),
        });
        self.add("aws_cloudfront_origin_access_control", "cdn", access_control);
        self.add("aws_cloudfront_distribution", "cdn", distribution(cdn));
    }
}

fn distribution(cdn: &Part) -> Value {
    let errors = cdn.below("errors_cached_seconds[").into_iter().map(|(code, seconds)| {
        let code = code.parse::<i64>().unwrap_or_default();
        json!({ "error_code": code, "error_caching_min_ttl": seconds })
    });
    let aliases: Vec<&str> = cdn.below("aliases[").into_iter().map(|(domain, _)| domain).collect();
    let certificate = match cdn.get("certificate") {
        Value::Null => json!({ "cloudfront_default_certificate": true }),
        arn => json!({
            "acm_certificate_arn": arn,
            "ssl_support_method": SSL_SUPPORT.as_str(),
            "minimum_protocol_version": TLS_MIN.as_str(),
        }),
    };
    json!({
        "comment": cdn.get("comment"),
        "enabled": cdn.get("enabled"),
        "http_version": cdn.get("http_version"),
        "is_ipv6_enabled": cdn.get("ipv6"),
        "price_class": cdn.get("price_class"),
        "aliases": if aliases.is_empty() { Value::Null } else { aliases.into() },
        "origin": {
            "origin_id": ORIGIN,
            "domain_name": cdn.get("origin.domain"),
            "origin_access_control_id": value_of("aws_cloudfront_origin_access_control.cdn.id"),
        },
        "default_cache_behavior": {
            "target_origin_id": cdn.get("target_origin"),
            "viewer_protocol_policy": cdn.get("viewer_protocol"),
            "allowed_methods": cdn.get("methods"),
            "cached_methods": cdn.get("methods"),
            "compress": cdn.get("compress"),
            "cache_policy_id": cdn.get("cache_policy"),
            "response_headers_policy_id": cdn.get("headers_policy"),
        },
        "custom_error_response": errors.collect::<Vec<_>>(),
        "restrictions": { "geo_restriction": { "restriction_type": "none" } },
        "viewer_certificate": certificate,
        // Uploads are processed long before the last edge knows of the distribution.
        "wait_for_deployment": false,
        "tags": tags(cdn),
    })
}
