//! The stack as a `CloudFormation` template, in JSON, which every tool around it takes.
//!
//! `CloudFormation` makes no objects, so the folder markers are left out; nothing needs them but
//! people who look into the empty bucket. Names of resources are the same as with `imgprep up`, so
//! that ARNs are known beforehand and the bucket can wait for the topic's policy without a circle.

use serde_json::{Map, Value, json};

use super::{Blueprint, Part, Piece, pieces, rewritten};
use crate::resource::Id;
use crate::resources::cdn::{ORIGIN, SSL_SUPPORT, TLS_MIN};

pub(super) fn template(blueprint: &Blueprint<'_>) -> Value {
    let mut resources: Map<String, Value> = Map::new();
    let mut add = |made: Vec<(&str, Value)>| {
        resources.extend(made.into_iter().map(|(name, resource)| (name.to_owned(), resource)));
    };
    add(topic(blueprint));
    add(bucket(blueprint));
    add(identity(blueprint));
    add(dead_letters(blueprint));
    add(function(blueprint));
    add(trigger());
    add(blueprint.cdn().map(cdn).unwrap_or_default());
    let template = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": format!(
            "The image pipeline {}, as `imgprep up` makes it, but for the empty objects that make \
             the folders of the bucket show up before there are images in them",
            blueprint.stack()
        ),
        "Parameters": parameters(blueprint),
        "Resources": resources,
        "Outputs": outputs(blueprint),
    });
    rewritten(&template, &text)
}

/// A text in which references are what `CloudFormation` fills in.
pub(super) fn text(plain: &str) -> Value {
    let all: Vec<Piece<'_>> = pieces(plain).collect();
    match all.as_slice() {
        [Piece::Reference(name)] => json!({ "Ref": reference(name) }),
        all if all.iter().any(|piece| matches!(piece, Piece::Reference(_))) => {
            let text = all.iter().map(|piece| match piece {
                Piece::Plain(plain) => plain.replace("${", "${!"),
                Piece::Reference(name) => format!("${{{}}}", reference(name)),
            });
            json!({ "Fn::Sub": text.collect::<String>() })
        }
        _ => plain.into(),
    }
}

fn reference(name: &str) -> &str {
    match name {
        "account" => "AWS::AccountId",
        "partition" => "AWS::Partition",
        "region" => "AWS::Region",
        "dns-suffix" => "AWS::URLSuffix",
        "distribution" => "Cdn",
        other => other,
    }
}

fn parameters(blueprint: &Blueprint<'_>) -> Value {
    let code = blueprint.request.code;
    json!({
        "CodeBucket": {
            "Type": "String",
            "Description": "The bucket with the function's zip, in the region of this stack",
            "Default": code.map(|code| &code.bucket),
        },
        "CodeKey": {
            "Type": "String",
            "Description": "The key of the function's zip in that bucket",
            "Default": code.map(|code| &code.key),
        },
    })
}

fn outputs(blueprint: &Blueprint<'_>) -> Value {
    let originals = &blueprint.request.config.bucket.originals;
    let bucket = &blueprint.part(Id::Bucket).name;
    let domain = blueprint.cdn().map(|_| json!({ "Value": attribute("Cdn", "DomainName") }));
    json!({
        "UploadTo": { "Value": format!("s3://{bucket}/{originals}/") },
        "TopicArn": { "Value": this("Topic") },
        "FunctionArn": { "Value": attribute("Function", "Arn") },
        "CdnDomain": domain,
    })
}

#[expect(clippy::needless_pass_by_value, reason = "all callers make it on the spot")]
fn resource(kind: &str, properties: Value) -> Value {
    json!({ "Type": kind, "Properties": properties })
}

/// A resource that waits for others which it does not mention.
#[expect(clippy::needless_pass_by_value, reason = "all callers make it on the spot")]
fn after(others: &[&str], kind: &str, properties: Value) -> Value {
    json!({ "Type": kind, "DependsOn": others, "Properties": properties })
}

fn this(resource: &str) -> Value {
    json!({ "Ref": resource })
}

fn attribute(resource: &str, name: &str) -> Value {
    json!({ "Fn::GetAtt": [resource, name] })
}

fn tags(part: &Part) -> Value {
    let tags = part.below("tags.").into_iter();
    tags.map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

fn topic(blueprint: &Blueprint<'_>) -> Vec<(&'static str, Value)> {
    let topic = blueprint.part(Id::Topic);
    let made = json!({ "TopicName": topic.name, "Tags": tags(topic) });
    let policy = json!({ "Topics": [this("Topic")], "PolicyDocument": topic.document() });
    vec![
        ("Topic", resource("AWS::SNS::Topic", made)),
        ("TopicPolicy", resource("AWS::SNS::TopicPolicy", policy)),
    ]
}

/// The bucket, which holds its notification, and its policy.
fn bucket(blueprint: &Blueprint<'_>) -> Vec<(&'static str, Value)> {
    let bucket = blueprint.part(Id::Bucket);
    let access = |name: &str| bucket.get(&format!("public_access_block.{name}"));
    let properties = json!({
        "BucketName": bucket.name,
        "OwnershipControls": { "Rules": [{ "ObjectOwnership": bucket.get("ownership") }] },
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": access("block_public_acls"),
            "BlockPublicPolicy": access("block_public_policy"),
            "IgnorePublicAcls": access("ignore_public_acls"),
            "RestrictPublicBuckets": access("restrict_public_buckets"),
        },
        "BucketEncryption": { "ServerSideEncryptionConfiguration": [
            { "ServerSideEncryptionByDefault": { "SSEAlgorithm": bucket.get("encryption") } },
        ] },
        "NotificationConfiguration": { "TopicConfigurations": notifications(blueprint) },
        "Tags": tags(bucket),
    });
    // S3 checks the topic's policy when a notification is attached; and nothing may be published
    // before somebody listens.
    let mut made = after(&["TopicPolicy", "Trigger"], "AWS::S3::Bucket", properties);
    // Images are never lost with the stack; a bucket that could not be made holds none.
    made["DeletionPolicy"] = "RetainExceptOnCreate".into();
    made["UpdateReplacePolicy"] = "Retain".into();
    let policy = json!({ "Bucket": this("Bucket"), "PolicyDocument": blueprint.bucket_policy() });
    vec![("Bucket", made), ("BucketPolicy", resource("AWS::S3::BucketPolicy", policy))]
}

/// `CloudFormation` takes one event in each entry, and gives entries no identifiers.
fn notifications(blueprint: &Blueprint<'_>) -> Value {
    let notification = blueprint.part(Id::Notification);
    let events = notification.get("events");
    let entries = events.as_array().into_iter().flatten().map(|event| {
        let rule = json!({ "Name": "prefix", "Value": notification.get("prefix") });
        json!({
            "Event": event,
            "Topic": this("Topic"),
            "Filter": { "S3Key": { "Rules": [rule] } },
        })
    });
    entries.collect()
}

/// The role, its policy, and the log group that the policy names.
fn identity(blueprint: &Blueprint<'_>) -> Vec<(&'static str, Value)> {
    let (role, policy) = (blueprint.part(Id::Role), blueprint.part(Id::Policy));
    let logs = blueprint.part(Id::Logs);
    let made = json!({
        "RoleName": role.name,
        "Path": role.get("path"),
        "Description": role.description,
        "AssumeRolePolicyDocument": role.document(),
        "PermissionsBoundary": role.get("permissions_boundary"),
        "Tags": tags(role),
    });
    let allowed = json!({
        "ManagedPolicyName": policy.name,
        "Path": role.get("path"),
        "Description": policy.description,
        "PolicyDocument": policy.document(),
        "Roles": [this("Role")],
    });
    let log_group = json!({
        "LogGroupName": logs.name,
        "RetentionInDays": logs.get("retention_days"),
        "Tags": tags(logs),
    });
    vec![
        ("Role", resource("AWS::IAM::Role", made)),
        ("Policy", resource("AWS::IAM::ManagedPolicy", allowed)),
        ("Logs", resource("AWS::Logs::LogGroup", log_group)),
    ]
}

fn dead_letters(blueprint: &Blueprint<'_>) -> Vec<(&'static str, Value)> {
    let queue = blueprint.part(Id::DeadLetters);
    let made = json!({
        "QueueName": queue.name,
        "MessageRetentionPeriod": queue.number("retention_seconds"),
        "Tags": tags(queue),
    });
    let policy = json!({ "Queues": [this("DeadLetters")], "PolicyDocument": queue.document() });
    vec![
        ("DeadLetters", resource("AWS::SQS::Queue", made)),
        ("DeadLettersPolicy", resource("AWS::SQS::QueuePolicy", policy)),
    ]
}

/// The function, what becomes of its failures, and the topic's permission to call it.
fn function(blueprint: &Blueprint<'_>) -> Vec<(&'static str, Value)> {
    let function = blueprint.part(Id::Function);
    let variables: Map<String, Value> =
        blueprint.variables().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let properties = json!({
        "FunctionName": function.name,
        "Description": function.description,
        "PackageType": function.get("package_type"),
        "Runtime": function.get("runtime"),
        "Handler": function.get("handler"),
        "Architectures": [function.get("architecture")],
        "MemorySize": function.get("memory"),
        "Timeout": function.get("timeout"),
        "ReservedConcurrentExecutions": function.get("concurrency"),
        "Role": attribute("Role", "Arn"),
        "Environment": { "Variables": variables },
        "Code": { "S3Bucket": this("CodeBucket"), "S3Key": this("CodeKey") },
        "Tags": tags(function),
    });
    let events = json!({
        "FunctionName": this("Function"),
        "Qualifier": "$LATEST",
        "MaximumRetryAttempts": function.get("retries"),
        "DestinationConfig": { "OnFailure": { "Destination": attribute("DeadLetters", "Arn") } },
    });
    let permission = blueprint.part(Id::Trigger).statement();
    let permission = json!({
        "FunctionName": this("Function"),
        "Action": permission["Action"],
        "Principal": permission["Principal"]["Service"],
        "SourceArn": this("Topic"),
    });
    vec![
        // A function that runs before its log group exists could log nothing.
        ("Function", after(&["Policy", "Logs"], "AWS::Lambda::Function", properties)),
        ("FunctionEvents", resource("AWS::Lambda::EventInvokeConfig", events)),
        ("TriggerPermission", resource("AWS::Lambda::Permission", permission)),
    ]
}

fn trigger() -> Vec<(&'static str, Value)> {
    let properties = json!({
        "TopicArn": this("Topic"),
        "Protocol": "lambda",
        "Endpoint": attribute("Function", "Arn"),
        "RedrivePolicy": { "deadLetterTargetArn": attribute("DeadLetters", "Arn") },
    });
    let needs = ["TriggerPermission", "DeadLettersPolicy"];
    vec![("Trigger", after(&needs, "AWS::SNS::Subscription", properties))]
}

fn cdn(cdn: &Part) -> Vec<(&'static str, Value)> {
    let access_control = json!({ "OriginAccessControlConfig": {
        "Name": cdn.get("origin.access_control"),
        "Description": cdn.description,
        "OriginAccessControlOriginType": cdn.get("access_control.origin_type"),
        "SigningBehavior": cdn.get("access_control.signing_behavior"),
        "SigningProtocol": cdn.get("access_control.signing_protocol"),
    } });
    let distribution = json!({ "DistributionConfig": distribution(cdn), "Tags": tags(cdn) });
    let kind = "AWS::CloudFront::OriginAccessControl";
    vec![
        ("CdnAccessControl", resource(kind, access_control)),
        ("Cdn", resource("AWS::CloudFront::Distribution", distribution)),
    ]
}

fn distribution(cdn: &Part) -> Value {
    let errors = cdn.below("errors_cached_seconds[").into_iter().map(|(code, seconds)| {
        let code = code.parse::<i64>().unwrap_or_default();
        json!({ "ErrorCode": code, "ErrorCachingMinTTL": seconds })
    });
    let aliases: Vec<&str> = cdn.below("aliases[").into_iter().map(|(domain, _)| domain).collect();
    let certificate = cdn.get("certificate");
    let certificate = (!certificate.is_null()).then(|| {
        json!({
            "AcmCertificateArn": certificate,
            "SslSupportMethod": SSL_SUPPORT.as_str(),
            "MinimumProtocolVersion": TLS_MIN.as_str(),
        })
    });
    json!({
        "Comment": cdn.get("comment"),
        "Enabled": cdn.get("enabled"),
        "HttpVersion": cdn.get("http_version"),
        "IPV6Enabled": cdn.get("ipv6"),
        "PriceClass": cdn.get("price_class"),
        "Origins": [{
            "Id": ORIGIN,
            "DomainName": cdn.get("origin.domain"),
            "OriginAccessControlId": attribute("CdnAccessControl", "Id"),
            // The old access identity must be there, and empty, beside an origin access control.
            "S3OriginConfig": { "OriginAccessIdentity": cdn.get("origin.access_identity") },
        }],
        "DefaultCacheBehavior": {
            "TargetOriginId": cdn.get("target_origin"),
            "ViewerProtocolPolicy": cdn.get("viewer_protocol"),
            "AllowedMethods": cdn.get("methods"),
            "CachedMethods": cdn.get("methods"),
            "Compress": cdn.get("compress"),
            "CachePolicyId": cdn.get("cache_policy"),
            "ResponseHeadersPolicyId": cdn.get("headers_policy"),
        },
        "CustomErrorResponses": errors.collect::<Vec<_>>(),
        "Aliases": if aliases.is_empty() { Value::Null } else { aliases.into() },
        "ViewerCertificate": certificate,
    })
}
