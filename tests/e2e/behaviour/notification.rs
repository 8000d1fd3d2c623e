//! S3: the bucket's notifications.

use aws_sdk_s3::types::{
    Event, FilterRule, FilterRuleName, NotificationConfiguration, NotificationConfigurationFilter,
    S3KeyFilter, TopicConfiguration,
};
use imgprep_testkit::Pipeline;
use imgprep_testkit::clients::{document, without};

use serde_json::{Value, json};

use super::{ALWAYS, Fault, answer_once, count, refuse};

const PUT: &str = "s3:PutBucketNotificationConfiguration";
const UNVALIDATED: Fault =
    (PUT, 400, "InvalidArgument", "Unable to validate the following destination configurations");

/// S3 does not say which of the preconditions is false; imgprep looks, once it has waited for S3 to
/// see what was just written.
pub(crate) async fn row_12_the_false_precondition_of_a_notification_is_named() {
    let pipeline = Pipeline::new("row-12").await;
    pipeline.up();
    put(&pipeline, NotificationConfiguration::builder().build()).await;
    refuse(&pipeline, UNVALIDATED, ALWAYS);
    // The plan sees our statement; by the time S3 looks, somebody has taken it away.
    let statements = pipeline.topic_statements().await;
    let mut theirs = without(&statements, "ALLOW_S3_BUCKET_AS_PUBLISHER");
    theirs.push(json!({
        "Sid": "Theirs", "Effect": "Allow", "Principal": { "AWS": pipeline.account },
        "Action": "sns:Publish", "Resource": pipeline.topic_arn(),
    }));
    pipeline.put_topic_statements(&theirs).await;
    let attributes = topic_attributes(&pipeline, &statements);
    answer_once(&pipeline, "sns:GetTopicAttributes", "text/xml", &attributes);
    let error = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
    assert_eq!(error.resource, "notification");
    assert!(error.message.contains("ALLOW_S3_BUCKET_AS_PUBLISHER"), "{error:?}");
    assert!(count(&pipeline, [PUT])[0] > 5, "it was tried for a while");
}

fn topic_attributes(pipeline: &Pipeline, statements: &[Value]) -> String {
    let policy = document(statements).replace('"', "&quot;");
    format!(
        "<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes>\
         <entry><key>TopicArn</key><value>{}</value></entry>\
         <entry><key>Policy</key><value>{policy}</value></entry>\
         </Attributes></GetTopicAttributesResult></GetTopicAttributesResponse>",
        pipeline.topic_arn()
    )
}

/// S3 says only that two overlap; imgprep says which, and asks S3 for nothing.
pub(crate) async fn row_13_a_notification_in_the_way_is_named_and_left() {
    let pipeline = Pipeline::new("row-13").await;
    pipeline.up();
    let others = format!("{}-others", pipeline.topic);
    pipeline.aws.sns.create_topic().name(&others).send().await.unwrap();
    for prefix in ["", "orig", "originals/", "originals/a/"] {
        put(&pipeline, theirs(&pipeline.arn("sns", &others), prefix)).await;
        pipeline.proxy.take_calls();
        let error = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
        assert_eq!(error.resource, "notification", "{prefix}");
        assert!(error.message.contains("`theirs`"), "{prefix}: {error:?}");
        assert!(error.message.contains(&format!("`{prefix}`")), "{prefix}: {error:?}");
        assert_eq!(count(&pipeline, [PUT]), [0], "{prefix}");
    }
    put(&pipeline, theirs(&pipeline.arn("sns", &others), "elsewhere/")).await;
    pipeline.up();
    pipeline.assert_whole();
    // S3 checks every destination at each write, so theirs goes before its topic.
    pipeline.down();
    pipeline.aws.sns.delete_topic().topic_arn(pipeline.arn("sns", &others)).send().await.unwrap();
}

/// S3 returns the names of filter rules in either case.
pub(crate) async fn row_15_filter_rules_are_known_in_any_case() {
    let pipeline = Pipeline::new("row-15").await;
    pipeline.up();
    for name in ["prefix", "Prefix", "PREFIX"] {
        let answer = format!(
            "<NotificationConfiguration><TopicConfiguration><Id>imgprep-{}</Id><Topic>{}</Topic>\
             <Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule><Name>{name}</Name>\
             <Value>originals/</Value></FilterRule></S3Key></Filter></TopicConfiguration>\
             </NotificationConfiguration>",
            pipeline.stack,
            pipeline.topic_arn(),
        );
        let get = "s3:GetBucketNotificationConfiguration";
        pipeline.proxy.take_calls();
        answer_once(&pipeline, get, "application/xml", &answer);
        pipeline.status(0);
        assert_eq!(count(&pipeline, [get]), [1], "{name}");
    }
}

async fn put(pipeline: &Pipeline, all: NotificationConfiguration) {
    let put = pipeline.aws.s3.put_bucket_notification_configuration().bucket(&pipeline.bucket);
    put.notification_configuration(all).send().await.unwrap();
}

fn theirs(topic: &str, prefix: &str) -> NotificationConfiguration {
    let rule = FilterRule::builder().name(FilterRuleName::Prefix).value(prefix).build();
    let key = S3KeyFilter::builder().filter_rules(rule).build();
    let entry = TopicConfiguration::builder()
        .id("theirs")
        .topic_arn(topic)
        .events(Event::from("s3:ObjectCreated:Put"))
        .filter(NotificationConfigurationFilter::builder().key(key).build())
        .build()
        .unwrap();
    NotificationConfiguration::builder().topic_configurations(entry).build()
}
