//! An SQS queue that subscriptions of a topic send to: all that the stack's queues have in common.
//! What each is for is in its own folder.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_sqs::types::QueueAttributeName;
use futures_util::try_join;
use serde_json::{Value, json};

use super::{Blueprint, Member, Trace, whole};
use crate::aws::policy;
use crate::aws::wait::retry_while;
use crate::aws::{Aws, AwsError, Calling};
use crate::engine::edits::Edits;
use crate::engine::fields::{Statements, Tags};
use crate::engine::resource::{Context, Details, Erased, Id, Observed, Removal, Resource};
use crate::names::{self, Named, Names};
use crate::permissions::Row;
use crate::pricing::{Service, Usage};
use crate::template::Export;
use crate::template::cloudformation::{self, CloudFormation, this};
use crate::template::terraform::{self, Terraform, value_of};

/// What one queue is for.
pub(crate) trait Purpose: Send + Sync + 'static {
    const ID: Id;

    /// Whether it carries a tag with its id: all do but the first there was.
    const IS_MARKED: bool = true;

    /// What it is called in templates of `CloudFormation` and of Terraform.
    const IN_TEMPLATES: (&'static str, &'static str);

    const PERMISSIONS: &'static [Row];

    const COSTS: fn(&Usage) -> Vec<Service> = |_| Vec::new();

    /// Where its members are in templates, for the tests of all templates.
    #[cfg(test)]
    const MEMBERS: &'static str;

    /// The queue of the file; `None` where the file has none.
    fn queue(names: &Names) -> Option<&Named>;

    /// The ARN of the topic whose subscriptions may send to it.
    fn source(names: &Names) -> &str;
}

const SID: &str = "ImgprepAllowTopic";

/// The detail under which the queue's address is remembered, which SQS chooses.
pub(crate) const URL_DETAIL: &str = "url";

/// Fourteen days, the longest SQS keeps a message (Amazon SQS API, `SetQueueAttributes`).
const RETENTION_SECS: u32 = 14 * 24 * 60 * 60;
/// SQS takes up to a minute to delete a queue, and holds its name back as long (Amazon SQS API,
/// `DeleteQueue`).
const RELEASE_SECS_MAX: u64 = 90;
/// The tag of a queue that is being deleted. SQS may go on showing it as if nothing had happened.
const DELETING_TAG: &str = "imgprep:deleting";

fields! {
    pub(crate) struct Fields {
        tags: Tags,
        policy: Statements,
        /// A number, which SQS takes and answers as text.
        retention_seconds: Option<String>,
    }
}

/// A queue for one purpose.
pub(crate) struct SqsQueue<P> {
    names: Arc<Names>,
    queue: Named,
    /// The ARN of the topic whose subscriptions may send to it.
    source: String,
    purpose: PhantomData<fn() -> P>,
}

impl<P: Purpose> SqsQueue<P> {
    fn new(names: Arc<Names>, queue: Named) -> Self {
        let source = P::source(&names).to_owned();
        Self { names, queue, source, purpose: PhantomData }
    }

    fn tags(&self) -> Tags {
        if P::IS_MARKED { self.names.tags_of(P::ID.as_str()) } else { self.names.tags.clone() }
    }

    /// Lets subscriptions of the topic, and nobody else, send here. The function needs no statement:
    /// its role allows it.
    fn statement(&self) -> Value {
        json!({
            "Sid": SID,
            "Effect": "Allow",
            "Principal": { "Service": "sns.amazonaws.com" },
            "Action": "sqs:SendMessage",
            "Resource": self.queue.arn,
            "Condition": { "ArnEquals": { "aws:SourceArn": self.source } },
        })
    }

    async fn url(&self, aws: &Aws) -> Result<Option<String>, AwsError> {
        let get = aws.sqs.get_queue_url().queue_name(&self.queue.name).send().await;
        Ok(get.found("sqs:GetQueueUrl")?.and_then(|answer| answer.queue_url))
    }

    async fn required_url(&self, aws: &Aws) -> Result<String, AwsError> {
        self.url(aws).await?.ok_or_else(|| {
            AwsError::vanished("sqs:GetQueueUrl", "the queue was deleted during the run")
        })
    }

    async fn put_attribute(
        &self,
        context: &Context<'_>,
        url: &str,
        attribute: (QueueAttributeName, String),
    ) -> Result<(), AwsError> {
        let put = context.aws.sqs.set_queue_attributes().queue_url(url);
        let put = put.attributes(attribute.0, attribute.1);
        put.send().await.calling("sqs:SetQueueAttributes")?;
        Ok(())
    }

    async fn attributes(
        &self,
        aws: &Aws,
        url: &str,
    ) -> Result<Option<HashMap<QueueAttributeName, String>>, AwsError> {
        let get = aws.sqs.get_queue_attributes().queue_url(url);
        let get = get.attribute_names(QueueAttributeName::All).send().await;
        let answer = get.found("sqs:GetQueueAttributes")?;
        Ok(answer.map(|answer| answer.attributes.unwrap_or_default()))
    }
}

#[async_trait]
impl<P: Purpose> Resource for SqsQueue<P> {
    type Fields = Fields;

    const ID: Id = P::ID;

    fn name(&self) -> String {
        self.queue.name.clone()
    }

    fn arn(&self) -> Option<String> {
        Some(self.queue.arn.clone())
    }

    fn fields(&self) -> Fields {
        Fields {
            tags: self.tags(),
            policy: Statements::one(SID, Some(policy::canonical(&self.statement()))),
            retention_seconds: Some(RETENTION_SECS.to_string()),
        }
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed<Fields>>, AwsError> {
        let Some(url) = self.url(aws).await? else { return Ok(None) };
        let tags = async {
            aws.sqs.list_queue_tags().queue_url(&url).send().await.found("sqs:ListQueueTags")
        };
        let (attributes, tags) = try_join!(self.attributes(aws, &url), tags)?;
        let Some(attributes) = attributes else { return Ok(None) };
        let tags = names::tags(tags.and_then(|answer| answer.tags).unwrap_or_default());
        let (owner, is_going) = (self.names.owner(&tags), tags.contains_key(DELETING_TAG));
        let document = attributes.get(&QueueAttributeName::Policy).map(String::as_str);
        let ours = policy::canonical_statement(document, SID);
        let retention = attributes.get(&QueueAttributeName::MessageRetentionPeriod);
        let policy = Statements::one(SID, ours);
        let fields = Fields { tags, policy, retention_seconds: retention.cloned() };
        let mut observed = Observed::new(fields, owner);
        observed.details.insert(URL_DETAIL, url);
        if is_going {
            observed.beyond_repair = Some("SQS is still deleting the previous queue".to_owned());
        }
        Ok(Some(observed))
    }

    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError> {
        const CALL: &str = "sqs:CreateQueue";
        let wait = context.wait(CALL, "SQS to release the deleted queue's name", RELEASE_SECS_MAX);
        let document = policy::document(&[self.statement()]).to_string();
        retry_while(
            &wait,
            |error| error.code().contains("QueueDeletedRecently"),
            || async {
                let create = context.aws.sqs.create_queue().queue_name(&self.queue.name);
                let create = create
                    .attributes(
                        QueueAttributeName::MessageRetentionPeriod,
                        RETENTION_SECS.to_string(),
                    )
                    .attributes(QueueAttributeName::Policy, &document)
                    .set_tags(Some(self.tags().into_iter().collect()));
                create.send().await.calling(CALL)
            },
        )
        .await?;
        Ok(Details::new())
    }

    async fn update(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
        edits: &Edits<Fields>,
    ) -> Result<Details, AwsError> {
        let retention = edits.touch(Fields::retention_seconds);
        let statement = edits.touch(Fields::policy);
        let tags = edits.tags(Fields::tags);
        let url = self.required_url(context.aws).await?;
        if retention {
            let retention =
                (QueueAttributeName::MessageRetentionPeriod, RETENTION_SECS.to_string());
            self.put_attribute(context, &url, retention).await?;
        }
        if statement {
            let present = self.attributes(context.aws, &url).await?.unwrap_or_default();
            let present = present.get(&QueueAttributeName::Policy).map(String::as_str);
            let merged = policy::with_statement(present, &self.statement()).to_string();
            self.put_attribute(context, &url, (QueueAttributeName::Policy, merged)).await?;
        }
        if !tags.is_empty() {
            let tag = context.aws.sqs.tag_queue().queue_url(&url);
            let tag = tag.set_tags(Some(tags.into_iter().collect()));
            tag.send().await.calling("sqs:TagQueue")?;
        }
        Ok(Details::new())
    }

    async fn delete(
        &self,
        context: &Context<'_>,
        observed: &Observed,
    ) -> Result<Removal, AwsError> {
        let Some(url) = observed.details.get(URL_DETAIL) else { return Ok(Removal::Gone) };
        if observed.beyond_repair.is_none() {
            // A run that is cut off here must not leave a queue behind that looks whole.
            let tag = context.aws.sqs.tag_queue().queue_url(url).tags(DELETING_TAG, "true");
            tag.send().await.found("sqs:TagQueue")?;
        }
        let delete = context.aws.sqs.delete_queue().queue_url(url);
        delete.send().await.found("sqs:DeleteQueue")?;
        Ok(Removal::Gone)
    }
}

impl<P: Purpose> Member for SqsQueue<P> {
    const PERMISSIONS: &'static [Row] = P::PERMISSIONS;

    const TRACES: &'static [Trace] = &[Trace::Tag {
        resource_type: "sqs",
        resource: if P::IS_MARKED { Some(P::ID.0.name) } else { None },
        name: whole,
    }];

    const COSTS: fn(&Usage) -> Vec<Service> = P::COSTS;

    fn wanted(blueprint: &Blueprint<'_>) -> Option<Self> {
        let queue = P::queue(blueprint.names)?.clone();
        Some(Self::new(blueprint.names(), queue))
    }

    fn known_as(names: &Names) -> Option<&str> {
        P::queue(names).map(|queue| queue.name.as_str())
    }

    fn left(blueprint: &Blueprint<'_>, name: &str) -> Erased {
        let queue = blueprint.names.named("sqs", name);
        Box::new(Self::new(blueprint.names(), queue))
    }
}

impl<P: Purpose> Export for SqsQueue<P> {
    fn cloudformation(&self, template: &mut CloudFormation<'_>) {
        let (logical, _) = P::IN_TEMPLATES;
        let properties = json!({
            "QueueName": self.name(),
            "MessageRetentionPeriod": RETENTION_SECS,
            "Tags": cloudformation::tags(&self.fields().tags),
        });
        template.add(logical, "AWS::SQS::Queue", properties);
        let document = policy::document(&[self.statement()]);
        let policy = json!({ "Queues": [this(logical)], "PolicyDocument": document });
        template.add(&format!("{logical}Policy"), "AWS::SQS::QueuePolicy", policy);
    }

    fn terraform(&self, module: &mut Terraform<'_>) {
        let (_, local) = P::IN_TEMPLATES;
        let arguments = json!({
            "name": self.name(),
            "message_retention_seconds": RETENTION_SECS,
            "tags": self.fields().tags,
        });
        module.add("aws_sqs_queue", local, arguments);
        let document = format!("{local}_policy");
        *module.local(&document) = policy::document(&[self.statement()]);
        let url = value_of(&format!("aws_sqs_queue.{local}.id"));
        let policy = json!({ "queue_url": url, "policy": terraform::policy(&document) });
        module.add("aws_sqs_queue_policy", local, policy);
    }

    #[cfg(test)]
    fn members(&self) -> &'static str {
        P::MEMBERS
    }
}
