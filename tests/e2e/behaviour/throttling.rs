//! Throttling: every code and status with which AWS asks for fewer calls is waited out.

use imgprep_testkit::Pipeline;

use super::{count, refuse};

/// The codes that AWS's own tools know, each with a status that it comes with, and the statuses that
/// may come without any code.
const THROTTLES: [(u16, &str); 16] = [
    (400, "Throttling"),
    (400, "ThrottlingException"),
    (400, "ThrottledException"),
    (400, "RequestThrottled"),
    (400, "RequestThrottledException"),
    (400, "RequestLimitExceeded"),
    (429, "TooManyRequestsException"),
    (503, "SlowDown"),
    (400, "PriorRequestNotComplete"),
    (509, "BandwidthLimitExceeded"),
    (503, "EC2ThrottledException"),
    (503, "ServiceUnavailable"),
    (500, "InternalFailure"),
    (429, ""),
    (503, ""),
    (509, ""),
];

pub(crate) async fn row_55_every_throttled_read_is_tried_again() {
    let pipeline = Pipeline::new("row-55").await;
    pipeline.up();
    let reads = [
        "s3:GetBucketPolicy",
        "sns:GetTopicAttributes",
        "sqs:GetQueueUrl",
        "iam:GetRole",
        "logs:DescribeLogGroups",
        "lambda:GetFunction",
        "cloudfront:ListDistributions",
    ];
    pipeline.proxy.take_calls();
    pipeline.status(0);
    let once = count(&pipeline, reads);
    for (index, (status, code)) in THROTTLES.into_iter().enumerate() {
        // Each code by another service in turn.
        let read = reads[index % reads.len()];
        refuse(&pipeline, (read, status, code, "Rate exceeded"), 1);
        pipeline.status(0);
        let calls = count(&pipeline, reads)[index % reads.len()];
        assert_eq!(calls, once[index % reads.len()] + 1, "{read}: {status} {code}");
    }
}

pub(crate) async fn row_55_every_throttled_write_is_tried_again() {
    let pipeline = Pipeline::new("row-55b").await;
    let writes = [
        "sns:CreateTopic",
        "sns:SetTopicAttributes",
        "sns:Subscribe",
        "sqs:CreateQueue",
        "s3:CreateBucket",
        "s3:PutObject",
        "s3:PutBucketPolicy",
        "s3:PutBucketNotificationConfiguration",
        "iam:CreatePolicy",
        "iam:CreateRole",
        "iam:AttachRolePolicy",
        "logs:CreateLogGroup",
        "logs:PutRetentionPolicy",
        "lambda:CreateFunction",
        "lambda:AddPermission",
        "cloudfront:CreateDistribution",
    ];
    for (write, (status, code)) in writes.into_iter().zip(THROTTLES) {
        refuse(&pipeline, (write, status, code, "Rate exceeded"), 1);
    }
    pipeline.up();
    for (write, calls) in writes.into_iter().zip(count(&pipeline, writes)) {
        assert!(calls >= 2, "{write} came {calls} times");
    }
    pipeline.assert_whole();
}

/// Where AWS goes on throttling, that is what the error says.
pub(crate) async fn row_55_throttling_without_end_is_told_as_such() {
    let pipeline = Pipeline::new("row-55c").await;
    refuse(&pipeline, ("sts:GetCallerIdentity", 400, "Throttling", "Rate exceeded"), 3);
    let error = pipeline.imgprep(&["status", "--json"]).exits(1).error();
    assert_eq!(error.code, "Throttling");
    assert!(error.hint.contains("AWS is throttling this account"), "{error:?}");
}
