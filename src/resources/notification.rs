//! The bucket's notification: every new object under the originals is told to the topic.
//!
//! S3 keeps all notifications of a bucket in one document that each write replaces, so ours is
//! merged in and taken out, and everybody else's is written back as it was.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_s3::operation::get_bucket_notification_configuration::GetBucketNotificationConfigurationOutput;
use aws_sdk_s3::types::{
    Event, FilterRule, FilterRuleName, NotificationConfiguration, NotificationConfigurationFilter,
    S3KeyFilter, TopicConfiguration,
};
use serde_json::{Value, json};

use crate::aws::bucket::Bucket;
use crate::aws::wait::retry_while;
use crate::aws::{Aws, AwsError, Calling};
use crate::names::Names;
use crate::resource::{Context, Details, Edit, Fields, Id, Observed, Owner, Removal, Resource};

const GET: &str = "s3:GetBucketNotification";
const PUT: &str = "s3:PutBucketNotification";
const EVENTS: &str = "s3:ObjectCreated:*";

/// How long S3 may not see a topic policy that was just written.
const POLICY_SECS_MAX: u64 = 90;

pub(crate) struct Notification {
    names: Arc<Names>,
    /// The watched folder, without slashes at its ends.
    originals: String,
}

impl Notification {
    pub(crate) fn new(names: Arc<Names>, originals: String) -> Self {
        Self { names, originals }
    }

    fn id_at_s3(&self) -> String {
        format!("imgprep-{}", self.names.stack)
    }

    fn path(&self) -> String {
        format!("TopicConfiguration[{}]", self.id_at_s3())
    }

    fn prefix(&self) -> String {
        format!("{}/", self.originals)
    }

    fn configuration(&self) -> Result<TopicConfiguration, AwsError> {
        let rule = FilterRule::builder().name(FilterRuleName::Prefix).value(self.prefix()).build();
        let filter = NotificationConfigurationFilter::builder()
            .key(S3KeyFilter::builder().filter_rules(rule).build())
            .build();
        TopicConfiguration::builder()
            .id(self.id_at_s3())
            .topic_arn(&self.names.topic_arn)
            .events(Event::from(EVENTS))
            .filter(filter)
            .build()
            .map_err(|error| AwsError::request(PUT, error.to_string()))
    }

    fn bucket<'a>(&'a self, aws: &'a Aws) -> Bucket<'a> {
        Bucket { aws, name: &self.names.bucket, account: &self.names.account }
    }

    async fn get(
        &self,
        aws: &Aws,
    ) -> Result<Option<GetBucketNotificationConfigurationOutput>, AwsError> {
        let get = aws.s3.get_bucket_notification_configuration().bucket(&self.names.bucket);
        get.expected_bucket_owner(&self.names.account).send().await.found(GET)
    }

    async fn put(
        &self,
        context: &Context<'_>,
        present: GetBucketNotificationConfigurationOutput,
        ours: Option<TopicConfiguration>,
    ) -> Result<(), AwsError> {
        let id = self.id_at_s3();
        let mut topics = present.topic_configurations.unwrap_or_default();
        topics.retain(|topic| topic.id() != Some(id.as_str()));
        topics.extend(ours);
        let merged = NotificationConfiguration::builder()
            .set_topic_configurations(Some(topics))
            .set_queue_configurations(present.queue_configurations)
            .set_lambda_function_configurations(present.lambda_function_configurations)
            .set_event_bridge_configuration(present.event_bridge_configuration)
            .build();
        let put = context.aws.s3.put_bucket_notification_configuration();
        let put = put.bucket(&self.names.bucket).expected_bucket_owner(&self.names.account);
        put.notification_configuration(merged).send().await.calling(PUT)?;
        Ok(())
    }

    /// Puts our entry in, and proves by reading that it and all others are there.
    async fn merge(&self, context: &Context<'_>) -> Result<(), AwsError> {
        let bucket = self.bucket(context.aws);
        let wait = context.wait(PUT, "S3 to see the new topic policy", POLICY_SECS_MAX);
        let before = retry_while(&wait, is_unvalidated, || async {
            bucket
                .configure(&wait, || async {
                    let present = self.get(context.aws).await?.unwrap_or_else(empty);
                    self.refuse_overlap(&present)?;
                    let ids = ids(&present);
                    self.put(context, present, Some(self.configuration()?)).await?;
                    Ok(ids)
                })
                .await
        })
        .await?;
        let after = self.get(context.aws).await?.map(|present| ids(&present)).unwrap_or_default();
        let ours = self.id_at_s3();
        match before.iter().chain([&ours]).find(|id| !after.contains(id)) {
            None => Ok(()),
            Some(lost) => Err(AwsError::request(
                PUT,
                format!("the entry `{lost}` is gone after the write; another writer was at work"),
            )),
        }
    }

    /// S3 refuses two entries for one event under overlapping prefixes, in words that name neither.
    fn refuse_overlap(
        &self,
        present: &GetBucketNotificationConfigurationOutput,
    ) -> Result<(), AwsError> {
        let ours = (self.id_at_s3(), self.prefix());
        let clash = entries(present).into_iter().find(|entry| {
            entry.id != ours.0 && entry.is_for_creation && overlaps(&entry.prefix, &ours.1)
        });
        match clash {
            None => Ok(()),
            Some(entry) => Err(AwsError::request(
                PUT,
                format!(
                    "the bucket's notification `{}` already takes new objects under `{}`, \
                     and S3 sends each event to one destination only; \
                     remove it, or watch another folder with `originals`",
                    entry.id, entry.prefix
                ),
            )),
        }
    }
}

#[async_trait]
impl Resource for Notification {
    fn id(&self) -> Id {
        Id::Notification
    }

    fn name(&self) -> String {
        self.id_at_s3()
    }

    fn arn(&self) -> Option<String> {
        None
    }

    fn fields(&self) -> Fields {
        let entry = json!({
            "events": [EVENTS],
            "prefix": self.prefix(),
            "suffix": "",
            "topic": self.names.topic_arn,
        });
        Fields::default().with(self.path(), entry)
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed>, AwsError> {
        let Some(present) = self.get(aws).await? else { return Ok(None) };
        let id = self.id_at_s3();
        let ours = present.topic_configurations().iter().find(|topic| topic.id() == Some(&id));
        Ok(ours.map(|topic| {
            let mut events: Vec<&str> = topic.events().iter().map(Event::as_str).collect();
            events.sort_unstable();
            let entry: Value = json!({
                "events": events,
                "prefix": filter_value(topic.filter(), "prefix"),
                "suffix": filter_value(topic.filter(), "suffix"),
                "topic": topic.topic_arn(),
            });
            Observed::new(Fields::default().with(self.path(), entry), Owner::Ours)
        }))
    }

    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError> {
        self.merge(context).await?;
        Ok(Details::new())
    }

    async fn update(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
        _edits: &[Edit],
    ) -> Result<Details, AwsError> {
        self.merge(context).await?;
        Ok(Details::new())
    }

    async fn delete(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
    ) -> Result<Removal, AwsError> {
        let bucket = self.bucket(context.aws);
        let wait = context.bucket_wait(PUT);
        bucket
            .configure(&wait, || async {
                let Some(present) = self.get(context.aws).await? else { return Ok(()) };
                self.put(context, present, None).await
            })
            .await?;
        Ok(Removal::Gone)
    }
}

/// S3 answers so while it does not yet see the topic's new policy.
fn is_unvalidated(error: &AwsError) -> bool {
    error.says("Unable to validate the following destination configurations")
}

fn empty() -> GetBucketNotificationConfigurationOutput {
    GetBucketNotificationConfigurationOutput::builder().build()
}

/// One notification of a bucket, whatever its destination.
struct Entry {
    id: String,
    prefix: String,
    is_for_creation: bool,
}

fn entries(present: &GetBucketNotificationConfigurationOutput) -> Vec<Entry> {
    let entry = |id: Option<&str>, events: &[Event], filter| Entry {
        id: id.unwrap_or_default().to_owned(),
        prefix: filter_value(filter, "prefix"),
        is_for_creation: events.iter().any(|event| event.as_str().starts_with("s3:ObjectCreated:")),
    };
    let topics = present.topic_configurations().iter();
    let queues = present.queue_configurations().iter();
    let functions = present.lambda_function_configurations().iter();
    topics
        .map(|topic| entry(topic.id(), topic.events(), topic.filter()))
        .chain(queues.map(|queue| entry(queue.id(), queue.events(), queue.filter())))
        .chain(functions.map(|function| entry(function.id(), function.events(), function.filter())))
        .collect()
}

fn ids(present: &GetBucketNotificationConfigurationOutput) -> Vec<String> {
    entries(present).into_iter().map(|entry| entry.id).collect()
}

/// The value of a filter rule, whose name S3 returns in either case.
fn filter_value(filter: Option<&NotificationConfigurationFilter>, name: &str) -> String {
    let rules =
        filter.and_then(NotificationConfigurationFilter::key).map(S3KeyFilter::filter_rules);
    let mut rules = rules.unwrap_or_default().iter();
    let rule = rules
        .find(|rule| rule.name().is_some_and(|found| found.as_str().eq_ignore_ascii_case(name)));
    rule.and_then(FilterRule::value).unwrap_or_default().to_owned()
}

fn overlaps(a: &str, b: &str) -> bool {
    a.starts_with(b) || b.starts_with(a)
}
