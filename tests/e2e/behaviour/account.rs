//! Block Public Access of the whole account, which overrules what a bucket's own leaves open.

use std::process::Command;

use imgprep_testkit::{Output, Pipeline, resource, run};
use serde_json::{Value, json};

use super::{ALWAYS, answer_once, count, refuse};
use crate::trial::log_of_the_trial;

const ASK: &str = "s3control:GetPublicAccessBlock";
const UNKNOWN: &str = "cannot tell whether the account's Block Public Access allows public \
                       variants: s3:GetAccountPublicAccessBlock: ";
const REFUSED: &str = "S3 refuses every variant: the account's Block Public Access has \
                       BlockPublicAcls on; turn it off for the account, or set `access = \"cdn\"`";

async fn public(label: &str) -> Pipeline {
    let pipeline = Pipeline::new(label).await;
    pipeline.edit("\n[topic]", "access = \"public-acl\"\n\n[topic]");
    pipeline.edit("[tags]", "[cdn]\nenabled = false\n\n[tags]");
    pipeline
}

/// imgprep where the account's own host leads to the proxy as well: `<account>.localhost`.
fn imgprep(pipeline: &Pipeline, arguments: &[&str]) -> Output {
    run(command(pipeline).args(arguments))
}

fn command(pipeline: &Pipeline) -> Command {
    let mut command = pipeline.command();
    let endpoint = format!("http://localhost:{}", pipeline.proxy.port);
    command.env("AWS_ENDPOINT_URL_S3_CONTROL", endpoint);
    command
}

fn answer(pipeline: &Pipeline, block: bool, ignore: bool) {
    let body = format!(
        "<PublicAccessBlockConfiguration xmlns=\"http://awss3control.amazonaws.com/doc/2018-08-20/\">\
         <BlockPublicAcls>{block}</BlockPublicAcls><IgnorePublicAcls>{ignore}</IgnorePublicAcls>\
         <BlockPublicPolicy>true</BlockPublicPolicy>\
         <RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>"
    );
    answer_once(pipeline, ASK, "application/xml", &body);
}

fn note(document: &Value) -> &str {
    resource(document, "bucket")["note"].as_str().unwrap_or_default()
}

pub(crate) async fn row_73_an_account_that_blocks_public_acls_is_named() {
    let pipeline = public("row-73").await;
    answer(&pipeline, true, true);
    let plan = imgprep(&pipeline, &["plan", "--json"]).exits(0).json();
    assert_eq!((note(&plan), &resource(&plan, "bucket")["action"]), (REFUSED, &"create".into()));
    assert_eq!(count(&pipeline, [ASK]), [1]);
    pipeline.up();
    answer(&pipeline, true, true);
    let status = imgprep(&pipeline, &["status", "--json"]).exits(0).json();
    assert_eq!((note(&status), &resource(&status, "bucket")["state"]), (REFUSED, &"ok".into()));

    answer(&pipeline, false, true);
    let status = imgprep(&pipeline, &["status", "--json"]).exits(0).json();
    assert!(note(&status).starts_with("nobody can read the variants: "), "{status:#}");
    answer(&pipeline, false, false);
    let status = imgprep(&pipeline, &["status", "--json"]).exits(0).json();
    assert_eq!(note(&status), "");
}

/// The function's own calls don't come past the proxy, so that its log line is AWS's as well.
pub(crate) async fn row_73_a_variant_that_was_refused_is_explained() {
    let pipeline = public("row-73b").await;
    pipeline.up();
    answer(&pipeline, true, false);
    refuse(&pipeline, ("s3:HeadObject", 404, "NotFound", "Not Found"), ALWAYS);
    let reason = "s3:PutObject of `800x600/a.jpg`: AccessDenied: Access Denied";
    let line = |key: &str| json!({"level": "error", "message": "to be retried", "key": key, "reason": reason});
    let mut command = command(&pipeline);
    command.args(["try", "--timeout", "3", "--json"]);
    let tried = tokio::task::spawn_blocking(move || run(&mut command));
    log_of_the_trial(&pipeline, |key| vec![line(key).to_string()]).await;
    let error = tried.await.unwrap().exits(1).error();
    assert_eq!(error.message, format!("the function failed: to be retried: {reason}"));
    assert_eq!(error.hint, REFUSED);
}

/// What cannot be known is a note; what is not set is no block.
pub(crate) async fn row_73_an_account_that_cannot_be_asked_is_a_note() {
    let pipeline = public("row-73c").await;
    pipeline.up();
    let absent = "The public access block configuration was not found";
    refuse(&pipeline, (ASK, 404, "NoSuchPublicAccessBlockConfiguration", absent), 1);
    let status = imgprep(&pipeline, &["status", "--json"]).exits(0).json();
    assert_eq!(note(&status), "");

    refuse(&pipeline, (ASK, 403, "AccessDenied", "Access Denied"), ALWAYS);
    let status = imgprep(&pipeline, &["status", "--json"]).exits(0).json();
    assert_eq!(note(&status), format!("{UNKNOWN}AccessDenied: Access Denied"));
    imgprep(&pipeline, &["up", "--yes"]).exits(0);

    // Below an address of numbers there is no host for an account.
    let status = pipeline.imgprep(&["status", "--json"]).exits(0);
    assert!(note(&status.json()).starts_with(UNKNOWN), "{status}");
    assert!(status.took.as_secs() < 10, "{status}");
}

pub(crate) async fn row_73_a_private_bucket_asks_nothing_of_the_account() {
    const ACTION: &str = "s3:GetAccountPublicAccessBlock";
    let pipeline = Pipeline::new("row-73d").await;
    imgprep(&pipeline, &["plan"]).exits(0);
    assert_eq!(count(&pipeline, [ASK]), [0]);
    let grants =
        |command: &str| pipeline.imgprep(&["iam-policy", command]).exits(0).stdout.contains(ACTION);
    assert_eq!(["plan", "up", "down"].map(grants), [false, false, false]);
    pipeline.edit("\n[topic]", "access = \"public-acl\"\n\n[topic]");
    assert_eq!(["plan", "up", "down"].map(grants), [true, true, false]);
}
