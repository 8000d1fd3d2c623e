//! The statements of the function's policy.

use contract::keys::{FAILED_FOLDER, MANIFESTS_FOLDER};
use serde_json::{Value, json};

use crate::names::Names;
use crate::resources::Blueprint;

/// What the function may do, and nothing else.
pub(super) fn of(blueprint: &Blueprint<'_>) -> Vec<Value> {
    let names = blueprint.names;
    let config = blueprint.config;
    let originals = &config.bucket.originals;
    let variants: Vec<&str> = config.variants.iter().map(|it| it.folder.as_str()).collect();
    // A manifest, like the record of a failure, goes when it is no longer true.
    let manifests = config.has_manifests().then_some(MANIFESTS_FOLDER);
    let documents = [FAILED_FOLDER].into_iter().chain(manifests);
    let documents: Vec<&str> = documents.collect();
    let allow = |sid: &str, actions: Value, resources: Value| json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources });
    // Read, to see whether an event that comes again is done with. In one statement, for the
    // list of folders is long and IAM's space for a policy is not.
    let mut write = vec!["s3:GetObject", "s3:PutObject"];
    if blueprint.is_public_acl() {
        write.push("s3:PutObjectAcl");
    }
    if blueprint.removes() {
        write.push("s3:DeleteObject");
    }
    let in_variants: Vec<String> = variants.iter().map(|folder| names.inside(folder)).collect();
    let mut list = allow("ListFolders", json!("s3:ListBucket"), json!(names.bucket_arn));
    // Without it S3 answers 403 for a key that is not there.
    let folders = variants.iter().copied().chain([originals.as_str()]);
    let folders = folders.chain(documents.iter().copied());
    let prefixes: Vec<String> = folders.map(|folder| format!("{folder}/*")).collect();
    list["Condition"] = json!({ "StringLike": { "s3:prefix": prefixes } });
    let mut statements = vec![
        allow("ReadOriginals", json!("s3:GetObject"), json!(names.inside(originals))),
        allow("WriteVariants", json!(write), json!(in_variants)),
        allow(
            "RecordFailures",
            json!(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]),
            inside(names, &documents),
        ),
        list,
        allow(
            "WriteLogs",
            json!(["logs:CreateLogStream", "logs:PutLogEvents"]),
            json!(format!("{}:*", names.log_group_arn)),
        ),
        allow("SendDeadLetters", json!("sqs:SendMessage"), json!(names.dead_letters.arn)),
    ];
    if config.cdn.invalidate {
        statements.push(invalidation(names));
    }
    if let Some(topic) = &names.ready {
        statements.push(allow("TellApplication", json!("sns:Publish"), json!(topic.arn)));
    }
    statements
}

/// What is in some folders, as IAM writes it.
fn inside(names: &Names, folders: &[&str]) -> Value {
    match folders {
        [folder] => json!(names.inside(folder)),
        _ => folders.iter().map(|folder| names.inside(folder)).collect(),
    }
}

/// The distribution's identifier is not known beforehand; its tag is.
fn invalidation(names: &Names) -> Value {
    json!({
        "Sid": "InvalidateVariants",
        "Effect": "Allow",
        "Action": "cloudfront:CreateInvalidation",
        "Resource": names.global("cloudfront", "distribution/*"),
        "Condition": { "StringEquals": { "aws:ResourceTag/imgprep:stack": names.stack } },
    })
}
