//! Rows of what only some files ask for: public variants, a domain, reserved concurrency, the other
//! architecture, invalidation, variants that follow their original.

use aws_sdk_cloudfront::types::{Aliases, DistributionConfig};
use aws_sdk_s3::types::{
    BucketVersioningStatus, CorsRule, Event, ExpirationStatus, LifecycleExpiration, LifecycleRule,
    LifecycleRuleFilter, ObjectOwnership, TopicConfiguration,
};
use contract::settings::{DISTRIBUTION_VARIABLE, SETTINGS_VARIABLE};
use imgprep_testkit::Pipeline;
use imgprep_testkit::clients::document;
use serde_json::json;

use super::cdn::distribution;
use super::code::variable;
use super::storage::{FLAGS, PUT_ACCESS, entry, put_access_block, put_ownership};
use super::{Change, Row, check, row};
use crate::storage::{put_rules, put_versioning, rules};
use crate::uploads::put_rules as put_cors_rules;

const DOMAIN: &str = "img.example.com";
const CERTIFICATE: &str = "arn:aws:acm:us-east-1:123456789012:certificate/ours";
const OTHER_CERTIFICATE: &str = "arn:aws:acm:us-east-1:123456789012:certificate/others";

pub(crate) async fn every_change_by_hand_to_a_public_bucket_is_shown_and_repaired() {
    let pipeline = Pipeline::new("drift-acl").await;
    let bucket = format!("[bucket]\nname = \"{}\"\n", pipeline.bucket);
    pipeline.edit(&bucket, &format!("{bucket}access = \"public-acl\"\n"));
    check(&pipeline, public_rows()).await;
}

fn public_rows() -> Vec<Row> {
    // What the file wants is: no, no, yes, yes.
    let changes: [Change; 4] = [
        |p| Box::pin(put_access_block(p, [true, false, true, true])),
        |p| Box::pin(put_access_block(p, [false, true, true, true])),
        |p| Box::pin(put_access_block(p, [false, false, false, true])),
        |p| Box::pin(put_access_block(p, [false, false, true, false])),
    ];
    let flags = FLAGS.into_iter().zip(changes).zip([false, false, true, true]);
    let mut rows: Vec<Row> = flags
        .map(|((flag, change), wanted)| {
            row(format!("public bucket: {flag}"), change, PUT_ACCESS).shows(
                "bucket",
                flag,
                (!wanted, wanted),
            )
        })
        .collect();
    rows.push(
        row(
            "public bucket: ownership",
            |p| Box::pin(put_ownership(p, ObjectOwnership::BucketOwnerEnforced)),
            &["s3:PutBucketOwnershipControls"],
        )
        .shows("bucket", "ownership", ("BucketOwnerEnforced", "BucketOwnerPreferred")),
    );
    rows
}

pub(crate) async fn every_change_by_hand_to_what_is_optional_is_shown_and_repaired() {
    let pipeline = Pipeline::new("drift-more").await;
    let bucket = format!("[bucket]\nname = \"{}\"\n", pipeline.bucket);
    let storage = "originals_storage = \"intelligent-tiering\"\nexpire_originals_days = 365\n\
                   versioning = true\n";
    pipeline.edit(&bucket, &format!("{bucket}on_delete = \"remove\"\n{storage}"));
    let function = format!("[function]\nname = \"{}\"\n", pipeline.function);
    pipeline.edit(&function, &format!("{function}concurrency = 5\n"));
    pipeline.edit(
        "[tags]",
        &format!(
            "[cdn]\ninvalidate = true\ndomains = [\"{DOMAIN}\"]\n\
             certificate_arn = \"{CERTIFICATE}\"\n\n\
             [uploads]\norigins = [\"https://app.example.com\"]\n\n[tags]"
        ),
    );
    let mut rows = cdn_rows();
    rows.extend(function_rows());
    rows.extend(policy_rows());
    rows.extend(cors_rows());
    rows.extend(storage_rows());
    rows.push(
        row(
            "notification: removals are not told",
            |p| Box::pin(entry(p, no_removals)),
            &["s3:PutBucketNotificationConfiguration"],
        )
        .shows(
            "notification",
            "events",
            (json!([CREATED]), json!([CREATED, "s3:ObjectRemoved:*"])),
        ),
    );
    check(&pipeline, rows).await;
}

/// What others have there stays, whatever becomes of ours.
fn cors_rows() -> Vec<Row> {
    const PUT: &[&str] = &["s3:PutBucketCors"];
    vec![
        row("bucket: cors removed", |p| Box::pin(cors(p, None)), PUT).lacks("bucket", "cors"),
        row("bucket: cors of other origins", |p| Box::pin(cors(p, Some("*"))), PUT)
            .has_other("bucket", "cors"),
    ]
}

fn storage_rows() -> Vec<Row> {
    const PUT: &[&str] = &["s3:PutBucketLifecycleConfiguration"];
    let changes: [(&str, Change); 3] = [
        ("one removed", |p| Box::pin(lifecycle(p, |rules| drop(rules.pop())))),
        ("one off", |p| {
            Box::pin(lifecycle(p, |rules| rules[0].status = ExpirationStatus::Disabled))
        }),
        ("one of other days", |p| Box::pin(lifecycle(p, |rules| other_days(rules)))),
    ];
    let rows = changes.into_iter().map(|(what, change)| {
        row(format!("bucket: lifecycle rules, {what}"), change, PUT)
            .has_other("bucket", "lifecycle")
    });
    let gone = row("bucket: lifecycle rules removed", |p| Box::pin(lifecycle(p, Vec::clear)), PUT);
    let suspended = row(
        "bucket: versioning suspended",
        |p| Box::pin(put_versioning(p, BucketVersioningStatus::Suspended)),
        &["s3:PutBucketVersioning"],
    );
    let suspended = suspended.shows("bucket", "versioning", ("Suspended", "Enabled"));
    rows.chain([gone.lacks("bucket", "lifecycle"), suspended]).collect()
}

fn other_days(rules: &mut [LifecycleRule]) {
    for rule in rules {
        if let Some(versions) = &mut rule.noncurrent_version_expiration {
            versions.noncurrent_days = Some(1);
        }
    }
}

/// Changes our rules beside one of others.
async fn lifecycle(pipeline: &Pipeline, change: fn(&mut Vec<LifecycleRule>)) {
    let ours = rules(pipeline).await.into_values().filter(|rule| rule.id() != Some("theirs"));
    let mut ours: Vec<LifecycleRule> = ours.collect();
    change(&mut ours);
    let theirs = LifecycleRule::builder().id("theirs").status(ExpirationStatus::Enabled);
    let theirs = theirs.filter(LifecycleRuleFilter::builder().prefix("logs/").build());
    let theirs = theirs.expiration(LifecycleExpiration::builder().days(9).build());
    ours.push(theirs.build().unwrap());
    put_rules(pipeline, ours).await;
}

/// Our rule with another origin, or none, beside one of others.
async fn cors(pipeline: &Pipeline, origin: Option<&str>) {
    let rule = |id: &str, origin: &str| {
        let rule = CorsRule::builder().id(id).allowed_methods("POST").allowed_origins(origin);
        rule.build().unwrap()
    };
    let ours = format!("imgprep-{}", pipeline.stack);
    let ours = origin.map(|origin| rule(&ours, origin));
    let rules = [Some(rule("theirs", "https://other.example.com")), ours];
    put_cors_rules(pipeline, rules.into_iter().flatten().collect()).await;
}

const CREATED: &str = "s3:ObjectCreated:*";

fn no_removals(_: &Pipeline, entry: &mut TopicConfiguration) {
    entry.events = vec![Event::from(CREATED)];
}

fn cdn_rows() -> Vec<Row> {
    const PUT: &[&str] = &["cloudfront:UpdateDistribution"];
    let alias = format!("aliases[{DOMAIN}]");
    let put_variable: &[&str] = &["lambda:UpdateFunctionConfiguration"];
    vec![
        row("cdn: alias removed", |p| Box::pin(distribution(p, no_alias)), PUT).shows(
            "cdn",
            alias,
            (json!(null), true),
        ),
        row("cdn: other certificate", |p| Box::pin(distribution(p, other_certificate)), PUT).shows(
            "cdn",
            "certificate",
            (OTHER_CERTIFICATE, CERTIFICATE),
        ),
        row(
            "cdn: the function is told of another distribution",
            |p| Box::pin(variable(p, DISTRIBUTION_VARIABLE, Some("E123"))),
            put_variable,
        )
        .shows("cdn", "function.environment", ("E123", "this distribution")),
        row(
            "cdn: the function is told of no distribution",
            |p| Box::pin(variable(p, DISTRIBUTION_VARIABLE, None)),
            put_variable,
        )
        .shows("cdn", "function.environment", (json!(null), "this distribution")),
    ]
}

fn function_rows() -> Vec<Row> {
    const PUT: &[&str] = &["lambda:PutFunctionConcurrency"];
    let name = format!("environment.{SETTINGS_VARIABLE}");
    vec![
        row("function: concurrency", |p| Box::pin(concurrency(p, Some(3))), PUT).shows(
            "function",
            "concurrency",
            (3, 5),
        ),
        row("function: no concurrency", |p| Box::pin(concurrency(p, None)), PUT).shows(
            "function",
            "concurrency",
            (json!(null), 5),
        ),
        row(
            "function: settings beside the distribution",
            |p| Box::pin(variable(p, SETTINGS_VARIABLE, Some("{}"))),
            &["lambda:UpdateFunctionConfiguration"],
        )
        .has_other("function", name),
    ]
}

fn policy_rows() -> Vec<Row> {
    let missing = row(
        "policy: nothing of ours",
        |p| Box::pin(policy_replaced(p)),
        &["iam:CreatePolicyVersion"],
    )
    .shows(
        "policy",
        "document.others",
        (json!([{ "Effect": "Allow", "Action": ["s3:*"], "Resource": ["*"] }]), json!([])),
    );
    let ours = [
        "InvalidateVariants",
        "ListFolders",
        "ReadOriginals",
        "RecordFailures",
        "SendDeadLetters",
        "WriteLogs",
        "WriteVariants",
    ];
    let lacks = |row: Row, sid| row.lacks("policy", format!("document.Statement[{sid}]"));
    vec![ours.into_iter().fold(missing, lacks)]
}

fn no_alias(config: &mut DistributionConfig) {
    config.aliases = Some(Aliases::builder().quantity(0).build().unwrap());
}

fn other_certificate(config: &mut DistributionConfig) {
    let certificate = config.viewer_certificate.as_mut().unwrap();
    certificate.acm_certificate_arn = Some(OTHER_CERTIFICATE.to_owned());
}

async fn concurrency(pipeline: &Pipeline, reserved: Option<i32>) {
    let (lambda, function) = (&pipeline.aws.lambda, &pipeline.function);
    let Some(reserved) = reserved else {
        lambda.delete_function_concurrency().function_name(function).send().await.unwrap();
        return;
    };
    let put = lambda.put_function_concurrency().function_name(function);
    put.reserved_concurrent_executions(reserved).send().await.unwrap();
}

async fn policy_replaced(pipeline: &Pipeline) {
    let everything = json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" });
    let put = pipeline.aws.iam.create_policy_version().policy_arn(pipeline.policy_arn());
    let put = put.policy_document(document(&[everything])).set_as_default(true);
    put.send().await.unwrap();
}
