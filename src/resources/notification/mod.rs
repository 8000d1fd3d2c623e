//! The bucket's notification: every new object under the originals is told to the topic, and every
//! removed one where the variants are to follow.
//!
//! S3 keeps all notifications of a bucket in one document that each write replaces, so ours is
//! merged in and taken out, and everybody else's is written back as it was.

mod export;
mod permissions;

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_s3::operation::get_bucket_notification_configuration::GetBucketNotificationConfigurationOutput;
use aws_sdk_s3::types::{
    Event, FilterRule, FilterRuleName, NotificationConfiguration, NotificationConfigurationFilter,
    S3KeyFilter, TopicConfiguration,
};

use super::{Blueprint, Member, Trace, bucket, cdn};
use crate::aws::bucket::Bucket;
use crate::aws::wait::retry_while;
use crate::aws::{Aws, AwsError, Calling, policy};
use crate::engine::edits::Edits;
use crate::engine::resource::{
    Context, Details, Erased, Id, Kind, Observed, Owner, Removal, Resource,
};
use crate::names::Names;
use crate::permissions::Row;

pub(crate) const ID: Id = Id(&Kind {
    inside: Some(bucket::ID),
    ..Kind::new("notification", "AWS::S3::BucketNotification")
});

const GET: &str = "s3:GetBucketNotification";
const PUT: &str = "s3:PutBucketNotification";
/// How the names of the events begin, and what they tell.
const CREATED: (&str, &str) = ("s3:ObjectCreated:", "new objects");
const REMOVED: (&str, &str) = ("s3:ObjectRemoved:", "removed objects");

/// The statement of the topic's policy that lets S3 publish.
const PUBLISHER_SID: &str = "ALLOW_S3_BUCKET_AS_PUBLISHER";
/// How long S3 may not see a topic policy that was just written.
const POLICY_SECS_MAX: u64 = 90;

fields! {
    /// One entry of the bucket's notification.
    pub(crate) struct Fields {
        id: Option<String>,
        /// Sorted.
        events: Vec<String>,
        prefix: String,
        suffix: String,
        topic: String,
    }
}

pub(crate) struct Notification {
    names: Arc<Names>,
    /// The watched folder, without slashes at its ends.
    originals: String,
    /// What is told of it, sorted.
    kinds: Vec<(&'static str, &'static str)>,
}

impl Notification {
    /// New originals are always told, removed ones only if somebody does something about it.
    fn new(names: Arc<Names>, blueprint: &Blueprint<'_>) -> Self {
        let kinds = if blueprint.removes() { vec![CREATED, REMOVED] } else { vec![CREATED] };
        Self { names, originals: blueprint.config.bucket.originals.clone(), kinds }
    }

    /// Of removals both kinds: a bucket with versions keeps what is deleted, under a marker. What
    /// lifecycle rules expire is told by events of another name, for whoever lets originals expire
    /// to save storage wants to keep the variants.
    fn events(&self) -> Vec<String> {
        self.kinds.iter().map(|(prefix, _)| format!("{prefix}*")).collect()
    }

    fn id_at_s3(&self) -> String {
        format!("imgprep-{}", self.names.stack)
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
            .topic_arn(&self.names.topic.arn)
            .set_events(Some(self.events().iter().map(|name| Event::from(name.as_str())).collect()))
            .filter(filter)
            .build()
            .map_err(|error| AwsError::request(PUT, error.to_string()))
    }

    fn bucket<'a>(&'a self, aws: &'a Aws) -> Bucket<'a> {
        Bucket { aws, name: &self.names.bucket, account: &self.names.account }
    }

    /// Whether an entry is ours: by its Id, or because it tells our topic of our folder under an Id
    /// that somebody gave it.
    fn is_ours(&self, entry: &TopicConfiguration) -> bool {
        let is_same = entry.topic_arn() == self.names.topic.arn
            && overlaps(&filter_value(entry.filter(), "prefix"), &self.prefix());
        entry.id() == Some(self.id_at_s3().as_str()) || is_same
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
        let mut topics = present.topic_configurations.unwrap_or_default();
        topics.retain(|topic| !self.is_ours(topic));
        let is_removal = ours.is_none();
        topics.extend(ours);
        let merged = NotificationConfiguration::builder()
            .set_topic_configurations(Some(topics))
            .set_queue_configurations(present.queue_configurations)
            .set_lambda_function_configurations(present.lambda_function_configurations)
            .set_event_bridge_configuration(present.event_bridge_configuration)
            .build();
        let put = context.aws.s3.put_bucket_notification_configuration();
        let put = put.bucket(&self.names.bucket).expected_bucket_owner(&self.names.account);
        // S3 checks every destination at each write. Where ours only goes, a foreign one that is
        // gone is none of our business.
        let put = put.skip_destination_validation(is_removal);
        let bucket = self.bucket(context.aws);
        let _turn = bucket.turn().await;
        put.notification_configuration(merged).send().await.calling(PUT)?;
        Ok(())
    }

    /// Puts our entry in, and proves by reading that it and all others are there.
    async fn merge(&self, context: &Context<'_>) -> Result<(), AwsError> {
        let bucket = self.bucket(context.aws);
        let wait = context.wait(PUT, "S3 to see the new topic policy", POLICY_SECS_MAX);
        let merged = retry_while(&wait, is_unvalidated, || async {
            bucket
                .configure(&wait, || async {
                    let present = self.get(context.aws).await?.unwrap_or_else(empty);
                    self.refuse_overlap(&present)?;
                    let others = self.others(&present);
                    self.put(context, present, Some(self.configuration()?)).await?;
                    Ok(others)
                })
                .await
        })
        .await;
        let before = match merged {
            Err(error) if is_unvalidated(&error) => {
                return Err(self.explain(context.aws, error).await);
            }
            other => other?,
        };
        let after = self.get(context.aws).await?.unwrap_or_else(empty);
        let after: Vec<String> = entries(&after).into_iter().map(|entry| entry.id).collect();
        let ours = self.id_at_s3();
        match before.iter().chain([&ours]).find(|id| !after.contains(id)) {
            None => Ok(()),
            Some(lost) => Err(AwsError::request(
                PUT,
                format!(
                    "the entry `{lost}` disappeared after it was written; somebody else changed \
                     it"
                ),
            )),
        }
    }

    /// S3 does not say which of its conditions is not met, so they are looked at one by one.
    async fn explain(&self, aws: &Aws, error: AwsError) -> AwsError {
        let get = aws.sns.get_topic_attributes().topic_arn(&self.names.topic.arn).send().await;
        let attributes = match get.found("sns:GetTopicAttributes") {
            Ok(Some(topic)) => topic.attributes.unwrap_or_default(),
            Ok(None) => {
                return error.explained(&format!("the topic `{}` is gone", self.names.topic.name));
            }
            Err(_) => return error,
        };
        let statements = policy::statements(attributes.get("Policy").map(String::as_str));
        if policy::statement(&statements, PUBLISHER_SID).is_none() {
            let why = format!("the topic's policy lacks the statement `{PUBLISHER_SID}`");
            error.explained(&why)
        } else if attributes.contains_key("KmsMasterKeyId") {
            error.explained("the topic is encrypted with a key that S3 may not use")
        } else {
            error
        }
    }

    /// The Ids of everybody else's entries.
    fn others(&self, present: &GetBucketNotificationConfigurationOutput) -> Vec<String> {
        let topics = present.topic_configurations().iter().filter(|topic| self.is_ours(topic));
        let ours: Vec<&str> = topics.filter_map(TopicConfiguration::id).collect();
        let all = entries(present).into_iter().map(|entry| entry.id);
        all.filter(|id| !ours.contains(&id.as_str())).collect()
    }

    /// S3 refuses two entries for one event under overlapping prefixes, in words that name neither.
    fn refuse_overlap(
        &self,
        present: &GetBucketNotificationConfigurationOutput,
    ) -> Result<(), AwsError> {
        let others = self.others(present);
        let entries = entries(present).into_iter();
        let clash = entries
            .filter(|entry| others.contains(&entry.id) && overlaps(&entry.prefix, &self.prefix()))
            .find_map(|entry| {
                let told = |(prefix, _): &&(&str, &str)| entry.tells(prefix);
                let (_, what) = self.kinds.iter().find(told)?;
                Some((entry, what))
            });
        match clash {
            None => Ok(()),
            Some((entry, what)) => Err(AwsError::request(
                PUT,
                format!(
                    "the bucket's notification `{}` already covers {what} under `{}`, and S3 sends \
                     each event to only one destination; remove it, or watch another folder with \
                     `originals`",
                    entry.id, entry.prefix
                ),
            )),
        }
    }
}

#[async_trait]
impl Resource for Notification {
    type Fields = Fields;

    const ID: Id = ID;

    fn name(&self) -> String {
        self.id_at_s3()
    }

    fn arn(&self) -> Option<String> {
        None
    }

    fn fields(&self) -> Fields {
        Fields {
            id: Some(self.id_at_s3()),
            events: self.events(),
            prefix: self.prefix(),
            suffix: String::new(),
            topic: self.names.topic.arn.clone(),
        }
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed<Fields>>, AwsError> {
        let Some(present) = self.get(aws).await? else { return Ok(None) };
        let id = self.id_at_s3();
        let mut topics = present.topic_configurations().iter();
        let by_id = topics.clone().find(|topic| topic.id() == Some(&id));
        let Some(ours) = by_id.or_else(|| topics.find(|topic| self.is_ours(topic))) else {
            return Ok(None);
        };
        let mut events: Vec<String> =
            ours.events().iter().map(|event| event.as_str().to_owned()).collect();
        events.sort_unstable();
        let fields = Fields {
            id: ours.id().map(ToOwned::to_owned),
            events,
            prefix: filter_value(ours.filter(), "prefix"),
            suffix: filter_value(ours.filter(), "suffix"),
            topic: ours.topic_arn().to_owned(),
        };
        Ok(Some(Observed::new(fields, Owner::Ours)))
    }

    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError> {
        self.merge(context).await?;
        Ok(Details::new())
    }

    async fn update(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
        edits: &Edits<Fields>,
    ) -> Result<Details, AwsError> {
        edits.whole();
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

impl Member for Notification {
    const PERMISSIONS: &'static [Row] = permissions::ROWS;

    const TRACES: &'static [Trace] = &[Trace::Beside(bucket::ID)];

    fn wanted(blueprint: &Blueprint<'_>) -> Option<Self> {
        Some(Self::new(blueprint.names(), blueprint))
    }

    fn known_as(names: &Names) -> Option<&str> {
        Some(&names.bucket)
    }

    /// Messages are to have the addresses of the CDN from the first image on.
    fn follows_too(blueprint: &Blueprint<'_>) -> &'static [Id] {
        let config = blueprint.config;
        if config.notify.is_some() && config.cdn.enabled { &[cdn::ID] } else { &[] }
    }

    fn left(blueprint: &Blueprint<'_>, bucket: &str) -> Erased {
        Box::new(Self::new(blueprint.names.with_bucket(bucket).into(), blueprint))
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
    events: Vec<Event>,
}

impl Entry {
    /// Whether some of its events have names that begin so.
    fn tells(&self, prefix: &str) -> bool {
        self.events.iter().any(|event| event.as_str().starts_with(prefix))
    }
}

fn entries(present: &GetBucketNotificationConfigurationOutput) -> Vec<Entry> {
    let entry = |id: Option<&str>, events: &[Event], filter| Entry {
        id: id.unwrap_or_default().to_owned(),
        prefix: filter_value(filter, "prefix"),
        events: events.to_vec(),
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

#[cfg(test)]
mod tests;
