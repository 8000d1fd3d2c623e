//! The order of calls, where AWS loses messages or brings things back in any other, and the calls
//! that no run makes.

use imgprep_testkit::Pipeline;

use super::names;

/// Nothing is published before it can be delivered: SNS drops what it may not deliver.
pub(crate) async fn row_26_the_notification_comes_last() {
    let pipeline = Pipeline::new("row-26").await;
    pipeline.up();
    let calls = names(&pipeline);
    let earlier = [
        "sns:SetTopicAttributes",
        "sqs:CreateQueue",
        "logs:PutRetentionPolicy",
        "iam:AttachRolePolicy",
        "lambda:CreateFunction",
        "lambda:PutFunctionEventInvokeConfig",
        "lambda:AddPermission",
        "sns:Subscribe",
    ];
    for call in earlier {
        assert_before(&calls, call, "s3:PutBucketNotificationConfiguration");
    }
}

/// What sends goes before what receives, and the log group after the last that can write it.
pub(crate) async fn rows_27_and_43_what_sends_is_removed_before_what_receives() {
    let pipeline = Pipeline::new("row-27").await;
    pipeline.up();
    names(&pipeline);
    pipeline.down();
    let calls = names(&pipeline);
    let pairs = [
        ("s3:PutBucketNotificationConfiguration", "sns:DeleteTopic"),
        ("sns:Unsubscribe", "sns:DeleteTopic"),
        ("sns:Unsubscribe", "lambda:DeleteFunction"),
        ("lambda:DeleteFunction", "logs:DeleteLogGroup"),
        ("lambda:DeleteFunction", "sqs:DeleteQueue"),
        ("lambda:DeleteFunction", "iam:DeleteRole"),
        ("iam:DetachRolePolicy", "iam:DeletePolicy"),
        ("cloudfront:DeleteDistribution", "cloudfront:DeleteOriginAccessControl"),
    ];
    for (earlier, later) in pairs {
        assert_before(&calls, earlier, later);
    }
}

/// Every call that came with the first of these names came before the first of the other.
#[track_caller]
fn assert_before(calls: &[String], earlier: &str, later: &str) {
    let last = calls.iter().rposition(|call| call == earlier);
    let first = calls.iter().position(|call| call == later);
    let (Some(last), Some(first)) = (last, first) else {
        panic!("{earlier} and {later} are not both in {calls:#?}");
    };
    assert!(last < first, "{earlier} does not come before {later} in {calls:#?}");
}

/// Lists of all topics and functions are long and slow, and a name is enough to find ours.
pub(crate) async fn row_28_nothing_is_found_by_listing_an_account() {
    const LISTS: [&str; 6] = [
        "sns:ListTopics",
        "sns:ListSubscriptions",
        "sqs:ListQueues",
        "lambda:ListFunctions",
        "lambda:GET /2015-03-31/functions",
        "s3:ListBuckets",
    ];
    let pipeline = Pipeline::new("row-28b").await;
    pipeline.up();
    pipeline.status(0);
    pipeline.imgprep(&["plan"]).exits(0);
    pipeline.imgprep(&["up", "--yes"]).exits(0);
    pipeline.down();
    let calls = names(&pipeline);
    assert!(calls.len() > 50, "{} calls make a whole life", calls.len());
    let listing: Vec<&String> = calls
        .iter()
        .filter(|call| {
            LISTS
                .iter()
                .any(|list| call.as_str() == *list || call.starts_with(&format!("{list}/?")))
        })
        .collect();
    assert!(listing.is_empty(), "{listing:?}");
}
