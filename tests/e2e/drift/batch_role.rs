//! Rows of the role that S3 runs jobs as, which a backfill on AWS has made.

use imgprep_testkit::Pipeline;
use imgprep_testkit::clients::document;
use imgprep_testkit::jobs::Jobs;
use serde_json::{Value, json};

use super::{Change, check, row, tag_rows};

const PUT: &[&str] = &["iam:PutRolePolicy"];

pub(crate) async fn every_change_by_hand_to_the_role_of_jobs_is_shown_and_repaired() {
    let pipeline = Pipeline::new("drift-batch").await;
    pipeline.up();
    let jobs = Jobs::start().await;
    jobs.imgprep(&pipeline, &["backfill", "--on-aws", "--yes"]).exits(0);
    let trust = |services: Value| {
        json!([{ "Action": ["sts:assumerole"], "Effect": "Allow",
            "Principal": { "Service": services } }])
    };
    let (both, ours) = (
        trust(json!(["batchoperations.s3.amazonaws.com", "ec2.amazonaws.com"])),
        trust(json!(["batchoperations.s3.amazonaws.com"])),
    );
    let mut rows =
        vec![
            row("batch-role: trust", |p| Box::pin(trusted(p)), &["iam:UpdateAssumeRolePolicy"])
                .shows("batch-role", "trust", (both, ours)),
            row("batch-role: policy widened", |p| Box::pin(widened(p)), PUT)
                .has_other("batch-role", "policy"),
            row("batch-role: policy removed", |p| Box::pin(removed(p)), PUT)
                .lacks("batch-role", "policy"),
        ];
    let tags: [Change; 2] = [|p| Box::pin(tag(p, None)), |p| Box::pin(tag(p, Some("others")))];
    rows.extend(tag_rows("batch-role", tags, "iam:TagRole"));
    check(&pipeline, rows).await;
}

fn role(pipeline: &Pipeline) -> String {
    pipeline.role().replace("LambdaS3", "BatchS3")
}

async fn trusted(pipeline: &Pipeline) {
    let statement = json!({
        "Effect": "Allow",
        "Principal": { "Service": ["batchoperations.s3.amazonaws.com", "ec2.amazonaws.com"] },
        "Action": "sts:AssumeRole",
    });
    let update = pipeline.aws.iam.update_assume_role_policy().role_name(role(pipeline));
    update.policy_document(document(&[statement])).send().await.unwrap();
}

async fn widened(pipeline: &Pipeline) {
    let all = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
    let put = pipeline.aws.iam.put_role_policy().role_name(role(pipeline));
    put.policy_name("imgprep").policy_document(document(&[all])).send().await.unwrap();
}

async fn removed(pipeline: &Pipeline) {
    let delete = pipeline.aws.iam.delete_role_policy().role_name(role(pipeline));
    delete.policy_name("imgprep").send().await.unwrap();
}

async fn tag(pipeline: &Pipeline, value: Option<&str>) {
    let (iam, role) = (&pipeline.aws.iam, role(pipeline));
    let Some(value) = value else {
        iam.untag_role().role_name(role).tag_keys("team").send().await.unwrap();
        return;
    };
    let tag = aws_sdk_iam::types::Tag::builder().key("team").value(value).build().unwrap();
    iam.tag_role().role_name(role).tags(tag).send().await.unwrap();
}
