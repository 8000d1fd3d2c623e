//! What other people and tools put on our resources: never touched.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_s3::operation::get_bucket_notification_configuration::GetBucketNotificationConfigurationOutput;
use aws_sdk_s3::types::{
    Event, FilterRule, FilterRuleName, NotificationConfiguration, NotificationConfigurationFilter,
    QueueConfiguration, S3KeyFilter, TopicConfiguration,
};
use aws_sdk_sqs::types::QueueAttributeName;
use imgprep_testkit::Pipeline;
use imgprep_testkit::clients::{document, without};
use serde_json::{Value, json};

const DENY_PLAIN_HTTP: &str = "ImgprepDenyPlainHttp";
const ALLOW_CLOUDFRONT: &str = "ImgprepAllowCloudFront";
const ALLOW_BUCKET: &str = "ALLOW_S3_BUCKET_AS_PUBLISHER";

/// Everything foreign on a stack's resources, in a form that compares whole.
#[derive(Debug, PartialEq)]
struct Foreign {
    notifications: Notifications,
    topic_statements: Vec<Value>,
    bucket_statements: Vec<Value>,
    tags: BTreeMap<&'static str, Vec<(String, String)>>,
}

type Notifications = (Vec<TopicConfiguration>, Vec<QueueConfiguration>);

pub(crate) async fn what_others_put_on_our_resources_survives_every_command() {
    let pipeline = Pipeline::new("foreign").await;
    pipeline.up();
    let topic = put_foreign(&pipeline).await;
    let before = foreign(&pipeline).await;
    assert_is_whole(&before);
    pipeline.proxy.take_calls();
    pipeline.up();
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
    assert_eq!(foreign(&pipeline).await, before);
    remove_ours(&pipeline).await;
    pipeline.up();
    assert!(!pipeline.proxy.take_mutating().is_empty(), "something was repaired");
    pipeline.assert_whole();
    assert_eq!(foreign(&pipeline).await, before);
    pipeline.down();
    let kept = [format!("queue {}", foreign_queue_url(&pipeline).await), format!("topic {topic}")];
    assert_eq!(pipeline.aws.inventory().await, kept, "what is theirs alone is theirs still");
}

pub(crate) async fn a_bucket_with_foreign_objects_keeps_what_others_put_on_it() {
    let pipeline = Pipeline::new("kept").await;
    pipeline.up();
    put_foreign(&pipeline).await;
    pipeline.upload("theirs/report.pdf", b"a report").await;
    let before = foreign(&pipeline).await;
    assert_is_whole(&before);
    let down = pipeline.down();
    assert!(down.stdout.contains("it holds 1 object"), "{down}");
    assert_eq!(notifications(&pipeline).await, before.notifications);
    assert_eq!(pipeline.bucket_tags().await, before.tags["bucket"]);
    let statements = pipeline.bucket_statements().await;
    assert_eq!(without(&statements, DENY_PLAIN_HTTP), before.bucket_statements);
    assert_eq!(pipeline.object("theirs/report.pdf").await.unwrap().bytes, b"a report");
}

fn assert_is_whole(foreign: &Foreign) {
    assert_eq!((foreign.notifications.0.len(), foreign.notifications.1.len()), (1, 1));
    assert_eq!(foreign.bucket_statements.len(), 1);
    assert!(foreign.topic_statements.iter().any(|statement| statement["Sid"] == "Theirs"));
    for (kind, tags) in &foreign.tags {
        assert!(tags.contains(&("theirs".to_owned(), "yes".to_owned())), "{kind}: {tags:?}");
    }
}

/// Puts a notification, statements and tags on our resources. Answers with a topic beside them.
async fn put_foreign(pipeline: &Pipeline) -> String {
    let topic = pipeline.aws.sns.create_topic().name(format!("{}-others", pipeline.topic));
    let topic = topic.send().await.unwrap().topic_arn.unwrap();
    put_notifications(pipeline, &topic).await;
    let mut statements = pipeline.topic_statements().await;
    statements.push(json!({
        "Sid": "Theirs", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::999999999999:root" },
        "Action": ["sns:Subscribe"], "Resource": pipeline.topic_arn(),
    }));
    pipeline.put_topic_statements(&statements).await;
    let mut statements = pipeline.bucket_statements().await;
    statements.insert(0, json!({
        "Sid": "Theirs", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::999999999999:root" },
        "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{}/shared/*", pipeline.bucket),
    }));
    pipeline.put_bucket_statements(&statements).await;
    put_tags(pipeline).await;
    topic
}

async fn put_notifications(pipeline: &Pipeline, topic: &str) {
    let (queue, queue_arn) =
        (foreign_queue(pipeline), pipeline.arn("sqs", &foreign_queue(pipeline)));
    let allow = json!({
        "Effect": "Allow", "Principal": { "Service": "s3.amazonaws.com" },
        "Action": "sqs:SendMessage", "Resource": queue_arn,
    });
    let create = pipeline.aws.sqs.create_queue().queue_name(queue);
    let create = create.attributes(QueueAttributeName::Policy, document(&[allow]));
    create.send().await.unwrap();
    let to_topic = TopicConfiguration::builder()
        .id("theirs-to-topic")
        .topic_arn(topic)
        .events(Event::S3ObjectRemovedDelete)
        .events(Event::S3ObjectCreatedPut)
        .filter(filter("documents/", ".pdf"))
        .build();
    let to_queue = QueueConfiguration::builder()
        .id("theirs-to-queue")
        .queue_arn(&queue_arn)
        .events(Event::S3ObjectCreated)
        .filter(filter("queued/", ""))
        .build();
    let ours = get_notifications(pipeline).await;
    let all = NotificationConfiguration::builder()
        .set_topic_configurations(ours.topic_configurations)
        .topic_configurations(to_topic.unwrap())
        .queue_configurations(to_queue.unwrap())
        .build();
    let put = pipeline.aws.s3.put_bucket_notification_configuration().bucket(&pipeline.bucket);
    put.notification_configuration(all).send().await.unwrap();
}

fn filter(prefix: &str, suffix: &str) -> NotificationConfigurationFilter {
    let rule = |name, value: &str| FilterRule::builder().name(name).value(value).build();
    let mut key = S3KeyFilter::builder().filter_rules(rule(FilterRuleName::Prefix, prefix));
    if !suffix.is_empty() {
        key = key.filter_rules(rule(FilterRuleName::Suffix, suffix));
    }
    NotificationConfigurationFilter::builder().key(key.build()).build()
}

async fn put_tags(pipeline: &Pipeline) {
    let aws = &pipeline.aws;
    let (key, value) = ("theirs", "yes");
    let tag = aws_sdk_sns::types::Tag::builder().key(key).value(value).build().unwrap();
    aws.sns.tag_resource().resource_arn(pipeline.topic_arn()).tags(tag).send().await.unwrap();
    let tag = aws_sdk_iam::types::Tag::builder().key(key).value(value).build().unwrap();
    aws.iam.tag_role().role_name(pipeline.role()).tags(tag).send().await.unwrap();
    aws.sqs
        .tag_queue()
        .queue_url(pipeline.queue_url().await)
        .tags(key, value)
        .send()
        .await
        .unwrap();
    let tag = aws.lambda.tag_resource().resource(pipeline.function_arn()).tags(key, value);
    tag.send().await.unwrap();
    let tag = aws.logs.tag_resource().resource_arn(pipeline.log_group_arn()).tags(key, value);
    tag.send().await.unwrap();
    let mut tags = pipeline.bucket_tags().await;
    tags.push((key.to_owned(), value.to_owned()));
    pipeline.put_bucket_tags(&tags).await;
}

/// Takes away what is ours, so that the next `up` writes every document that it shares.
async fn remove_ours(pipeline: &Pipeline) {
    let statements = without(&pipeline.topic_statements().await, ALLOW_BUCKET);
    pipeline.put_topic_statements(&statements).await;
    let statements = without(&pipeline.bucket_statements().await, DENY_PLAIN_HTTP);
    pipeline.put_bucket_statements(&without(&statements, ALLOW_CLOUDFRONT)).await;
    let (topics, queues) = notifications(pipeline).await;
    let theirs = NotificationConfiguration::builder()
        .set_topic_configurations(Some(topics))
        .set_queue_configurations(Some(queues))
        .build();
    let put = pipeline.aws.s3.put_bucket_notification_configuration().bucket(&pipeline.bucket);
    put.notification_configuration(theirs).send().await.unwrap();
    let tags = pipeline.bucket_tags().await.into_iter().filter(|(key, _)| key != "team");
    pipeline.put_bucket_tags(&tags.collect::<Vec<_>>()).await;
    let untag = pipeline.aws.iam.untag_role().role_name(pipeline.role()).tag_keys("team");
    untag.send().await.unwrap();
    let untag = pipeline.aws.sqs.untag_queue().queue_url(pipeline.queue_url().await);
    untag.tag_keys("team").send().await.unwrap();
    let untag = pipeline.aws.sns.untag_resource().resource_arn(pipeline.topic_arn());
    untag.tag_keys("team").send().await.unwrap();
}

async fn foreign(pipeline: &Pipeline) -> Foreign {
    let bucket_statements = without(&pipeline.bucket_statements().await, DENY_PLAIN_HTTP);
    Foreign {
        notifications: notifications(pipeline).await,
        topic_statements: without(&pipeline.topic_statements().await, ALLOW_BUCKET),
        bucket_statements: without(&bucket_statements, ALLOW_CLOUDFRONT),
        tags: tags(pipeline).await,
    }
}

async fn get_notifications(pipeline: &Pipeline) -> GetBucketNotificationConfigurationOutput {
    let get = pipeline.aws.s3.get_bucket_notification_configuration().bucket(&pipeline.bucket);
    get.send().await.unwrap()
}

async fn notifications(pipeline: &Pipeline) -> Notifications {
    let all = get_notifications(pipeline).await;
    let mut topics = all.topic_configurations.unwrap_or_default();
    topics.retain(|topic| topic.id() == Some("theirs-to-topic"));
    (topics, all.queue_configurations.unwrap_or_default())
}

async fn tags(pipeline: &Pipeline) -> BTreeMap<&'static str, Vec<(String, String)>> {
    let aws = &pipeline.aws;
    let topic = aws.sns.list_tags_for_resource().resource_arn(pipeline.topic_arn());
    let topic = topic.send().await.unwrap().tags.unwrap();
    let role = aws.iam.list_role_tags().role_name(pipeline.role()).send().await.unwrap().tags;
    let queue = aws.sqs.list_queue_tags().queue_url(pipeline.queue_url().await);
    let queue = queue.send().await.unwrap().tags;
    let function = aws.lambda.list_tags().resource(pipeline.function_arn());
    let function = function.send().await.unwrap().tags;
    let logs = aws.logs.list_tags_for_resource().resource_arn(pipeline.log_group_arn());
    let logs = logs.send().await.unwrap().tags;
    BTreeMap::from([
        ("topic", sorted(topic.into_iter().map(|tag| (tag.key, tag.value)))),
        ("role", sorted(role.into_iter().map(|tag| (tag.key, tag.value)))),
        ("queue", sorted_map(queue)),
        ("function", sorted_map(function)),
        ("logs", sorted_map(logs)),
        ("bucket", pipeline.bucket_tags().await),
    ])
}

fn sorted_map(tags: Option<HashMap<String, String>>) -> Vec<(String, String)> {
    sorted(tags.unwrap_or_default())
}

fn sorted(tags: impl IntoIterator<Item = (String, String)>) -> Vec<(String, String)> {
    let mut tags: Vec<_> = tags.into_iter().collect();
    tags.sort();
    tags
}

fn foreign_queue(pipeline: &Pipeline) -> String {
    format!("{}-others", pipeline.stack)
}

async fn foreign_queue_url(pipeline: &Pipeline) -> String {
    let get = pipeline.aws.sqs.get_queue_url().queue_name(foreign_queue(pipeline));
    get.send().await.unwrap().queue_url.unwrap()
}
