//! AWS's own delays, all at once: every command waits them out, says for what, and waits for nothing
//! that it does not need.

use std::sync::Arc;

use futures_util::future::join;
use imgprep_testkit::proxy::Behaviour;
use imgprep_testkit::real_aws::RealAws;
use imgprep_testkit::{Output, Pipeline, changed, lives, resource};

pub(crate) async fn a_stack_is_made_changed_and_removed_in_spite_of_them() {
    let (pipeline, aws) = slow("slow").await;
    let up = pipeline.run(&["up", "--yes"]).await.exits(0);
    says(&up, "function: waiting for the new role to be assumable by Lambda");
    says(&up, "function: waiting for Lambda to finish its update");
    assert_does_not_wait_for_the_cdn(&up, &aws);
    is_deploying(&pipeline);
    changed::file_and_aws(&pipeline).await;
    let up = pipeline.run(&["up", "--yes"]).await.exits(0);
    says(&up, "function: waiting for Lambda to finish its update");
    assert_does_not_wait_for_the_cdn(&up, &aws);
    is_deploying(&pipeline);
    // With nothing slower beside it, the notification comes before the policy is seen.
    changed::link_of_bucket_and_topic(&pipeline).await;
    let up = pipeline.run(&["up", "--yes"]).await.exits(0);
    says(&up, "notification: waiting for S3 to see the new topic policy");
    assert_does_not_wait_for_the_cdn(&up, &aws);
    let up = waits_for_the_cdn(&pipeline, &aws, &["up", "--yes", "--wait"]).await;
    says(&up, "cdn: waiting for CloudFront to deploy it to its edges");
    assert_eq!(pipeline.status(0)["state"], "ready");
    let down = waits_for_the_cdn(&pipeline, &aws, &["down", "--yes"]).await;
    says(&down, "cdn: waiting for CloudFront to disable it everywhere");
    says(&down, "cdn: waiting for CloudFront to release the access control");
    leaves_nothing(&pipeline).await;
}

pub(crate) async fn what_was_just_removed_is_made_again_in_spite_of_them() {
    let (pipeline, aws) = slow("again").await;
    pipeline.run(&["up", "--yes"]).await.exits(0);
    let down = pipeline.run(&["down", "--yes", "--no-wait"]).await.exits(0);
    says(&down, "down: waiting for AWS to finish deleting");
    let up = pipeline.run(&["up", "--yes"]).await.exits(0);
    says(&up, "topic: waiting for SNS to release the deleted topic's name");
    says(&up, "bucket: waiting for S3 to release the deleted bucket's name");
    says(&up, "dead-letters: waiting for SQS to release the deleted queue's name");
    assert_does_not_wait_for_the_cdn(&up, &aws);
    pipeline.assert_whole();
    let down = pipeline.run(&["down", "--yes", "--no-wait"]).await.exits(0);
    assert!(aws.is_deploying(), "the edges are waited for: {down}");
    let left = pipeline.aws.inventory().await;
    let cdn = pipeline.cdn();
    let expected = [format!("distribution {cdn}"), format!("origin access control {cdn}")];
    assert_eq!(left, expected);
    let down = waits_for_the_cdn(&pipeline, &aws, &["down", "--yes"]).await;
    says(&down, "cdn: waiting for CloudFront to disable it everywhere");
    leaves_nothing(&pipeline).await;
    // The distribution is gone, but the reference that it was made with is not free.
    pipeline.run(&["up", "--yes"]).await.exits(0);
    pipeline.assert_whole();
    waits_for_the_cdn(&pipeline, &aws, &["down", "--yes"]).await;
    leaves_nothing(&pipeline).await;
}

async fn slow(label: &str) -> (Pipeline, Arc<RealAws>) {
    let (pipeline, aws) = (lives::pipeline(label).await, Arc::new(RealAws::slow()));
    pipeline.proxy.behave(Arc::clone(&aws) as Arc<dyn Behaviour>);
    (pipeline, aws)
}

/// A run that ends only because it has waited until the edges are reached.
async fn waits_for_the_cdn(pipeline: &Pipeline, aws: &RealAws, arguments: &[&str]) -> Output {
    /// The first says that there is something to wait for, and the others come of the wait.
    const LOOKS: usize = 3;
    let (output, ()) = join(pipeline.run(arguments), aws.deploy_after(LOOKS)).await;
    output.exits(0)
}

#[track_caller]
fn says(output: &Output, line: &str) {
    assert!(output.stderr.lines().any(|said| said == line), "no line `{line}`: {output}");
}

#[track_caller]
fn assert_does_not_wait_for_the_cdn(up: &Output, aws: &RealAws) {
    assert!(aws.is_deploying(), "the edges are waited for: {up}");
    assert!(!up.stderr.contains("cdn: waiting"), "{up}");
    assert!(up.stdout.contains("CloudFront needs a few minutes"), "{up}");
}

#[track_caller]
fn is_deploying(pipeline: &Pipeline) {
    let status = pipeline.status(0);
    assert_eq!(status["state"], "deploying", "{status:#}");
    assert_eq!(resource(&status, "cdn")["state"], "deploying", "{status:#}");
    pipeline.assert_whole();
}

async fn leaves_nothing(pipeline: &Pipeline) {
    assert_eq!(pipeline.aws.inventory().await, Vec::<String>::new());
}
