//! SNS and CloudWatch Logs.

use imgprep_testkit::clients::without;
use imgprep_testkit::{Pipeline, lives, resource};
use serde_json::json;

use super::{ALWAYS, Fault, answer_once, count, refuse, refuse_once};

const UNKNOWN_TOPIC: Fault = ("sns:GetTopicAttributes", 404, "NotFound", "Topic does not exist");
const OTHER_TAGS: Fault = (
    "sns:CreateTopic",
    400,
    "InvalidParameter",
    "Invalid parameter: Tags Reason: Topic already exists with different tags",
);

pub(crate) async fn row_22_a_topic_that_another_run_made_first_is_gone_on_with_if_it_is_ours() {
    let pipeline = Pipeline::new("row-22").await;
    pipeline.aws.sns.create_topic().name(&pipeline.topic).send().await.unwrap();
    refuse_once(&pipeline, &[UNKNOWN_TOPIC, OTHER_TAGS]);
    let error = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
    assert_eq!((error.resource.as_str(), error.code.as_str()), ("topic", OTHER_TAGS.2));
    let calls = ["sns:TagResource", "sns:SetTopicAttributes"];
    assert_eq!(count(&pipeline, calls), [0, 0], "what is not ours is left as it is");

    let tag = aws_sdk_sns::types::Tag::builder().key("imgprep:stack").value(&pipeline.stack);
    let put = pipeline.aws.sns.tag_resource().resource_arn(pipeline.topic_arn());
    put.tags(tag.build().unwrap()).send().await.unwrap();
    refuse_once(&pipeline, &[UNKNOWN_TOPIC, OTHER_TAGS]);
    pipeline.up();
    assert_eq!(count(&pipeline, calls), [1, 1], "what is ours is put right");
    pipeline.assert_whole();
}

type Run = fn(&Pipeline);

/// SNS still knows the tags of a topic that is gone, or is at another change.
pub(crate) async fn row_23_a_topic_that_sns_is_busy_with_is_tried_again() {
    const STALE: &str = "A tag has been added to a resource with the same ARN as a deleted \
                         resource. Wait a short while and then retry your operation.";
    let pipeline = Pipeline::new("row-23").await;
    let rounds: [(&str, Run); 3] = [
        ("sns:CreateTopic", |pipeline| drop(pipeline.up())),
        ("sns:TagResource", |pipeline| drop(pipeline.up())),
        ("sns:DeleteTopic", |pipeline| drop(pipeline.down())),
    ];
    for (operation, run) in rounds {
        if operation == "sns:TagResource" {
            let untag = pipeline.aws.sns.untag_resource().resource_arn(pipeline.topic_arn());
            untag.tag_keys("team").send().await.unwrap();
        }
        pipeline.proxy.take_calls();
        refuse_once(&pipeline, &[(operation, 400, "StaleTag", STALE)]);
        refuse_once(&pipeline, &[(operation, 400, "ConcurrentAccess", "Concurrent access")]);
        run(&pipeline);
        assert_eq!(count(&pipeline, [operation]), [3], "{operation}");
    }
}

pub(crate) async fn row_24_a_principal_that_sns_does_not_know_yet_is_tried_again() {
    let pipeline = Pipeline::new("row-24").await;
    let message = "Invalid parameter: Policy Error: PrincipalNotFound";
    refuse(&pipeline, ("sns:SetTopicAttributes", 400, "InvalidParameter", message), 2);
    pipeline.up();
    assert_eq!(count(&pipeline, ["sns:SetTopicAttributes"]), [3]);
    pipeline.assert_whole();
}

/// Anything else that is wrong with a policy stays wrong.
pub(crate) async fn row_24_a_policy_that_sns_refuses_is_told_at_once() {
    let pipeline = Pipeline::new("row-24b").await;
    let message = "Invalid parameter: Policy statement action out of service scope!";
    refuse(&pipeline, ("sns:SetTopicAttributes", 400, "InvalidParameter", message), ALWAYS);
    let error = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
    assert!(error.message.contains("out of service scope"), "{error:?}");
    assert_eq!(count(&pipeline, ["sns:SetTopicAttributes"]), [1]);
}

/// A topic is born with a statement for its owner, which other services live on.
pub(crate) async fn row_25_the_owners_statement_stays() {
    let pipeline = Pipeline::new("row-25").await;
    pipeline.aws.sns.create_topic().name(&pipeline.topic).send().await.unwrap();
    let born = pipeline.topic_statements().await;
    assert_eq!(born.len(), 1, "the emulator gives a topic the owner's statement");
    pipeline.imgprep(&["up", "--yes", "--adopt"]).exits(0);
    let now = pipeline.topic_statements().await;
    assert_eq!(now.len(), 2);
    assert_eq!(without(&now, "ALLOW_S3_BUCKET_AS_PUBLISHER"), born);
}

/// SNS lists subscriptions by the hundred; the emulator lists them all.
pub(crate) async fn row_28_a_subscription_on_the_second_page_is_found() {
    let pipeline = Pipeline::new("row-28").await;
    pipeline.up();
    let page = format!(
        "<ListSubscriptionsByTopicResponse><ListSubscriptionsByTopicResult><Subscriptions><member>\
         <SubscriptionArn>{topic}:1</SubscriptionArn><Owner>{account}</Owner>\
         <TopicArn>{topic}</TopicArn><Protocol>sqs</Protocol><Endpoint>theirs</Endpoint></member>\
         </Subscriptions><NextToken>2</NextToken></ListSubscriptionsByTopicResult>\
         </ListSubscriptionsByTopicResponse>",
        topic = pipeline.topic_arn(),
        account = pipeline.account,
    );
    pipeline.proxy.take_calls();
    answer_once(&pipeline, "sns:ListSubscriptionsByTopic", "text/xml", &page);
    pipeline.status(0);
    assert_eq!(count(&pipeline, ["sns:ListSubscriptionsByTopic"]), [2]);
}

/// A function that runs early makes its own log group; CloudWatch Logs may be busy.
pub(crate) async fn row_45_a_log_group_that_is_there_first_is_made_ours() {
    let pipeline = Pipeline::new("row-45").await;
    let create = pipeline.aws.logs.create_log_group().log_group_name(pipeline.log_group());
    create.send().await.unwrap();
    let none = json!({ "logGroups": [] }).to_string();
    answer_once(&pipeline, "logs:DescribeLogGroups", "application/x-amz-json-1.1", &none);
    let busy = "A conflicting operation is currently in progress against this resource. Please \
                try again.";
    let calls = ["logs:CreateLogGroup", "logs:PutRetentionPolicy"];
    refuse_once(&pipeline, &calls.map(|call| (call, 400, "OperationAbortedException", busy)));
    pipeline.up();
    assert_eq!(count(&pipeline, calls), [2, 2]);
    pipeline.assert_whole();

    refuse_once(&pipeline, &[("logs:DeleteLogGroup", 400, "OperationAbortedException", busy)]);
    pipeline.down();
    assert_eq!(count(&pipeline, ["logs:DeleteLogGroup"]), [2]);
}

/// A run that was killed just before it deleted the queue, or just after: SQS shows the queue as if
/// nothing had happened, but for the tag.
pub(crate) async fn row_57_a_queue_that_is_being_deleted_is_not_taken_for_whole() {
    let pipeline = lives::pipeline("row-57").await;
    pipeline.up();
    let tag = pipeline.aws.sqs.tag_queue().queue_url(pipeline.queue_url().await);
    tag.tags("imgprep:deleting", "true").send().await.unwrap();
    let status = pipeline.status(4);
    let queue = resource(&status, "dead-letters");
    assert_eq!((&queue["state"], &queue["action"]), (&json!("drifted"), &json!("replace")));
    pipeline.proxy.take_calls();
    pipeline.up();
    let calls = ["sqs:TagQueue", "sqs:DeleteQueue", "sqs:CreateQueue"];
    assert_eq!(count(&pipeline, calls), [0, 1, 1]);
    pipeline.assert_whole();
    pipeline.proxy.take_calls();
    pipeline.down();
    assert_eq!(count(&pipeline, calls), [1, 1, 0]);
}
