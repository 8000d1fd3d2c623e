//! Permissions that are missing, and things that vanish: told within seconds, with what to do.

use std::collections::BTreeSet;
use std::time::Duration;

use imgprep_testkit::{Output, Pipeline};

use super::{ALWAYS, refuse};
use crate::storage::add_keys;
use crate::uploads::add_section;

/// No wait and no retry is spent on an error that stays.
const SECONDS: Duration = Duration::from_secs(30);

/// Each read with the permission that it needs and the resource that needs it. `GetBucketPolicy` is
/// read by two, of which the bucket tells.
const READS: [(&str, &str, &str); 26] = [
    ("sns:GetTopicAttributes", "sns:GetTopicAttributes", "topic"),
    ("sns:ListTagsForResource", "sns:ListTagsForResource", "topic"),
    ("s3:GetBucketTagging", "s3:GetBucketTagging", "bucket"),
    ("s3:GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock", "bucket"),
    ("s3:GetBucketOwnershipControls", "s3:GetBucketOwnershipControls", "bucket"),
    ("s3:GetBucketEncryption", "s3:GetEncryptionConfiguration", "bucket"),
    ("s3:GetBucketPolicy", "s3:GetBucketPolicy", "bucket"),
    ("s3:GetBucketCors", "s3:GetBucketCORS", "bucket"),
    ("s3:GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration", "bucket"),
    ("s3:GetBucketVersioning", "s3:GetBucketVersioning", "bucket"),
    ("s3:GetBucketNotificationConfiguration", "s3:GetBucketNotification", "notification"),
    ("iam:GetPolicy", "iam:GetPolicy", "policy"),
    ("iam:GetPolicyVersion", "iam:GetPolicyVersion", "policy"),
    ("iam:GetRole", "iam:GetRole", "role"),
    ("logs:DescribeLogGroups", "logs:DescribeLogGroups", "logs"),
    ("logs:ListTagsForResource", "logs:ListTagsForResource", "logs"),
    ("sqs:GetQueueUrl", "sqs:GetQueueUrl", "dead-letters"),
    ("sqs:GetQueueAttributes", "sqs:GetQueueAttributes", "dead-letters"),
    ("sqs:ListQueueTags", "sqs:ListQueueTags", "dead-letters"),
    ("lambda:GetFunction", "lambda:GetFunction", "function"),
    ("lambda:GetFunctionEventInvokeConfig", "lambda:GetFunctionEventInvokeConfig", "function"),
    ("lambda:GetPolicy", "lambda:GetPolicy", "trigger"),
    ("sns:ListSubscriptionsByTopic", "sns:ListSubscriptionsByTopic", "trigger"),
    ("sns:GetSubscriptionAttributes", "sns:GetSubscriptionAttributes", "trigger"),
    ("cloudfront:ListDistributions", "cloudfront:ListDistributions", "cdn"),
    ("cloudfront:ListTagsForResource", "cloudfront:ListTagsForResource", "cdn"),
];

pub(crate) async fn every_read_that_is_denied_is_named_with_its_permission() {
    let pipeline = Pipeline::new("denied-read").await;
    add_section(&pipeline);
    add_keys(&pipeline, "versioning = true\n");
    pipeline.up();
    for (operation, permission, id) in READS {
        refuse(&pipeline, (operation, 403, "AccessDenied", "Access Denied"), ALWAYS);
        let output = pipeline.imgprep(&["status", "--json"]);
        pipeline.proxy.clear_rules();
        assert!(output.took < SECONDS, "{operation}: {output}");
        let error = output.exits(1).error();
        assert_eq!((error.resource.as_str(), error.code.as_str()), (id, "AccessDenied"));
        assert_eq!(
            error.message,
            format!("cannot read {id}: {permission}: AccessDenied: Access Denied")
        );
        assert_eq!(error.hint, format!("grant `{permission}` to whoever runs imgprep"));
    }
}

/// Every call of a first run that changes something, with the permission that it needs.
const CHANGES: [(&str, &str); 18] = [
    ("cloudfront:CreateDistribution", "cloudfront:CreateDistribution"),
    ("cloudfront:CreateOriginAccessControl", "cloudfront:CreateOriginAccessControl"),
    ("iam:AttachRolePolicy", "iam:AttachRolePolicy"),
    ("iam:CreatePolicy", "iam:CreatePolicy"),
    ("iam:CreateRole", "iam:CreateRole"),
    ("lambda:AddPermission", "lambda:AddPermission"),
    ("lambda:CreateFunction", "lambda:CreateFunction"),
    ("lambda:PutFunctionEventInvokeConfig", "lambda:PutFunctionEventInvokeConfig"),
    ("logs:CreateLogGroup", "logs:CreateLogGroup"),
    ("logs:PutRetentionPolicy", "logs:PutRetentionPolicy"),
    ("s3:CreateBucket", "s3:CreateBucket"),
    ("s3:PutBucketNotificationConfiguration", "s3:PutBucketNotification"),
    ("s3:PutBucketPolicy", "s3:PutBucketPolicy"),
    ("s3:PutObject", "s3:PutObject"),
    ("sns:CreateTopic", "sns:CreateTopic"),
    ("sns:SetTopicAttributes", "sns:SetTopicAttributes"),
    ("sns:Subscribe", "sns:Subscribe"),
    ("sqs:CreateQueue", "sqs:CreateQueue"),
];

/// Nothing is allowed at first, and then whatever a run asks for. Each run asks for all that it
/// misses at once, so that nobody has to find the permissions one run at a time.
pub(crate) async fn every_change_that_is_denied_is_named_with_its_permission() {
    let pipeline = Pipeline::new("denied-write").await;
    let mut asked = BTreeSet::new();
    let mut called = BTreeSet::new();
    loop {
        pipeline.proxy.clear_rules();
        for (operation, permission) in CHANGES {
            if !asked.contains(permission) {
                refuse(&pipeline, (operation, 403, "AccessDenied", "Access Denied"), ALWAYS);
            }
        }
        let output = pipeline.imgprep(&["up", "--yes"]);
        called.extend(pipeline.proxy.take_mutating());
        if output.code == 0 {
            break;
        }
        assert!(output.took < SECONDS, "{output}");
        let output = output.exits(1);
        let missing = denied(&output);
        assert!(!missing.is_empty() && asked.is_disjoint(&missing), "{missing:?}: {output}");
        let list: Vec<String> = missing.iter().map(|one| format!("`{one}`")).collect();
        let hint = format!("hint: grant {} to whoever runs imgprep;", list.join(", "));
        assert!(output.told().contains(&hint), "{hint}: {output}");
        asked.extend(missing);
    }
    assert_eq!(called, CHANGES.map(|(operation, _)| operation.to_owned()).into());
    assert_eq!(asked, CHANGES.map(|(_, permission)| permission.to_owned()).into());
    pipeline.assert_whole();
}

/// The permissions of the denied calls that a run reports at its end.
fn denied(output: &Output) -> BTreeSet<String> {
    let report = output.stderr.split_once("error: ").unwrap().1;
    let calls =
        report.lines().filter_map(|line| line.strip_suffix(": AccessDenied: Access Denied"));
    calls.map(|call| call.trim().to_owned()).collect()
}

/// A permission that AWS asks for on the way is named in AWS's words, and not by the call's own.
pub(crate) async fn a_permission_behind_a_call_is_the_one_that_is_named() {
    let pipeline = Pipeline::new("denied-pass").await;
    let message = "User: u is not authorized to perform: iam:PassRole on resource: r because no \
                   identity-based policy allows the iam:PassRole action";
    refuse(&pipeline, ("lambda:CreateFunction", 403, "AccessDeniedException", message), ALWAYS);
    let output = pipeline.imgprep(&["up", "--yes"]).exits(1);
    assert!(output.took < SECONDS, "{output}");
    let hint = "hint: grant `iam:PassRole` to whoever runs imgprep;";
    assert!(output.told().contains(hint), "{output}");
}

/// What the plan saw and a change no longer finds was taken away by somebody.
pub(crate) async fn what_vanishes_during_a_run_points_to_another_run() {
    let pipeline = Pipeline::new("vanished").await;
    pipeline.up();
    let untag = pipeline.aws.sns.untag_resource().resource_arn(pipeline.topic_arn());
    untag.tag_keys("team").send().await.unwrap();
    refuse(&pipeline, ("sns:TagResource", 404, "ResourceNotFound", "Resource does not exist"), 1);
    let error = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
    assert_eq!((error.resource.as_str(), error.code.as_str()), ("topic", "ResourceNotFound"));
    assert!(error.hint.contains("another run or person"), "{error:?}");

    let untag = pipeline.aws.sqs.untag_queue().queue_url(pipeline.queue_url().await);
    untag.tag_keys("team").send().await.unwrap();
    let code = "AWS.SimpleQueueService.NonExistentQueue";
    refuse(&pipeline, ("sqs:TagQueue", 400, code, "The specified queue does not exist"), 1);
    let error = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
    assert_eq!(error.resource, "dead-letters");
    assert!(error.hint.contains("another run or person"), "{error:?}");
    pipeline.up();
    pipeline.assert_whole();
}

/// No permission outweighs a denial, so that to allow more is no advice; what else is missing is told
/// beside it.
pub(crate) async fn row_64_a_denial_names_its_policy_and_who_can_change_it() {
    let pipeline = Pipeline::new("row-64").await;
    let message = "User: arn:aws:iam::1:user/a is not authorized to perform: iam:CreateRole on \
                   resource: r with an explicit deny in a service control policy: \
                   arn:aws:organizations::2:policy/o-1/service_control_policy/p-1";
    refuse(&pipeline, ("iam:CreateRole", 403, "AccessDenied", message), ALWAYS);
    refuse(&pipeline, ("sns:CreateTopic", 403, "AuthorizationError", "not authorized"), ALWAYS);
    let output = pipeline.imgprep(&["up", "--yes"]).exits(1);
    assert!(output.took < SECONDS, "{output}");
    let hint = " hint: grant `sns:CreateTopic` to whoever runs imgprep; a service control policy \
                denies `iam:CreateRole`: the administrator of your AWS organisation can change \
                that;";
    assert!(output.told().contains(hint), "{output}");

    pipeline.proxy.clear_rules();
    let message = "User: u is not authorized to perform: s3:GetBucketPolicy on resource: r with an \
                   explicit deny in a resource-based policy";
    refuse(&pipeline, ("s3:GetBucketPolicy", 403, "AccessDenied", message), ALWAYS);
    let error = pipeline.imgprep(&["status", "--json"]).exits(1).error();
    assert_eq!(error.code, "AccessDenied");
    assert_eq!(
        error.hint,
        "a resource-based policy denies `s3:GetBucketPolicy`: the owner of the resource can change \
         that"
    );
}
