//! What is not there: each service says so in words of its own, and in each partition under other
//! names.

use imgprep_testkit::{Pipeline, each};

use super::{ALWAYS, Fault, refuse};

/// What each read answers for what does not exist.
const NOTHING: [Fault; 17] = [
    ("sns:GetTopicAttributes", 404, "NotFound", "Topic does not exist"),
    ("sns:ListTagsForResource", 404, "ResourceNotFound", "Resource does not exist"),
    ("sns:ListSubscriptionsByTopic", 404, "NotFound", "Topic does not exist"),
    ("s3:HeadBucket", 404, "", ""),
    ("s3:HeadObject", 404, "", ""),
    ("s3:GetBucketNotificationConfiguration", 404, "NoSuchBucket", "It does not exist"),
    ("s3:GetBucketPolicy", 404, "NoSuchBucket", "It does not exist"),
    ("iam:GetPolicy", 404, "NoSuchEntity", "It was not found"),
    ("iam:GetRole", 404, "NoSuchEntity", "It cannot be found"),
    ("iam:ListAttachedRolePolicies", 404, "NoSuchEntity", "It cannot be found"),
    ("iam:ListEntitiesForPolicy", 404, "NoSuchEntity", "It was not found"),
    ("logs:ListTagsForResource", 400, "ResourceNotFoundException", "It does not exist"),
    ("sqs:GetQueueUrl", 400, "AWS.SimpleQueueService.NonExistentQueue", "It does not exist"),
    ("lambda:GetFunction", 404, "ResourceNotFoundException", "Function not found"),
    ("lambda:GetFunctionConfiguration", 404, "ResourceNotFoundException", "Function not found"),
    ("lambda:GetFunctionEventInvokeConfig", 404, "ResourceNotFoundException", "No config"),
    ("lambda:GetPolicy", 404, "ResourceNotFoundException", "No policy is associated"),
];

fn with_nothing(pipeline: &Pipeline) {
    for fault in NOTHING {
        refuse(pipeline, fault, ALWAYS);
    }
}

pub(crate) async fn each_services_word_for_what_is_not_there_is_no_error() {
    let pipeline = Pipeline::new("nothing").await;
    with_nothing(&pipeline);
    let plan = pipeline.imgprep(&["plan", "--json"]).exits(0).json();
    assert_eq!(plan["state"], "absent");
    assert_eq!(each(&plan, "action"), ["create"; 11]);
}

/// In China and for governments every ARN is another, and there is no CDN. The emulator knows
/// neither, so it is not asked.
pub(crate) async fn row_54_every_arn_is_in_the_partition_of_its_region() {
    let partitions = [
        ("cn-north-1", "arn:aws-cn:"),
        ("us-gov-west-1", "arn:aws-us-gov:"),
        ("eu-central-1", "arn:aws:"),
    ];
    for (region, arn) in partitions {
        let pipeline = Pipeline::new("row-54").await;
        with_nothing(&pipeline);
        let plan = pipeline.imgprep(&["plan", "--json", "--region", region]).exits(0);
        let arns = plan.stdout.matches("arn:").count();
        assert!(arns > 10, "{plan}");
        assert_eq!(plan.stdout.matches(arn).count(), arns, "{plan}");
        let domain = format!("\"{}.s3.{region}.amazonaws.com\"", pipeline.bucket);
        let has_cdn = region == "eu-central-1";
        assert_eq!(plan.stdout.contains(&domain), has_cdn, "{domain}: {plan}");
        let warning = format!("warning: no CDN in {region}: ");
        assert_eq!(plan.stderr.contains(&warning), !has_cdn, "{plan}");
    }
}
