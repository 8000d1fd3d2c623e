//! The SNS topic that hears of every new original, and the policy that lets S3 publish on it.

mod export;
pub(crate) mod permissions;
mod price;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_sns::types::Tag;
use futures_util::try_join;
use serde_json::{Value, json};

use super::{Blueprint, Member, Trace, whole};
use crate::aws::policy;
use crate::aws::wait::retry_while;
use crate::aws::{Aws, AwsError, Calling};
use crate::engine::edits::{self, Edits};
use crate::engine::fields::{Statements, Tags, Unwanted, Values, difference};
use crate::engine::resource::{
    Context, Details, Erased, Id, Kind, Observed, Owner, Removal, Resource,
};
use crate::names::{self, Names};
use crate::permissions::Row;
use crate::pricing::{Service, Usage};

pub(crate) const ID: Id = Id(&Kind::new("topic", "AWS::SNS::Topic"));

/// The one statement of the topic's policy that is ours.
const SID: &str = "ALLOW_S3_BUCKET_AS_PUBLISHER";

/// The attributes of a topic that we look at (Amazon SNS API Reference, `SetTopicAttributes`).
const POLICY: &str = "Policy";
const KEY: &str = "KmsMasterKeyId";

/// How long SNS may go on refusing a name or tag of a topic that was just deleted.
const RELEASE_SECS_MAX: u64 = 120;

fields! {
    pub(crate) struct Fields {
        tags: Tags,
        policy: Statements,
        /// The key that the topic is encrypted with. There is to be none: S3 cannot publish to a topic
        /// under a key whose policy does not know S3, and says so to nobody.
        kms_key: Unwanted<String>,
    }
}

pub(crate) struct Topic {
    names: Arc<Names>,
}

impl Topic {
    fn new(names: Arc<Names>) -> Self {
        Self { names }
    }

    /// Lets our bucket, and only ours, publish (Amazon S3 User Guide, "Granting permissions to
    /// publish event notification messages to a destination").
    fn statement(&self) -> Value {
        json!({
            "Sid": SID,
            "Effect": "Allow",
            "Principal": { "Service": "s3.amazonaws.com" },
            "Action": "sns:Publish",
            "Resource": self.names.topic_arn,
            "Condition": {
                "ArnEquals": { "aws:SourceArn": self.names.bucket_arn },
                "StringEquals": { "aws:SourceAccount": self.names.account },
            },
        })
    }

    async fn attributes(&self, aws: &Aws) -> Result<Option<HashMap<String, String>>, AwsError> {
        let topic = aws.sns.get_topic_attributes().topic_arn(&self.names.topic_arn);
        let topic = topic.send().await.found("sns:GetTopicAttributes")?;
        Ok(topic.map(|topic| topic.attributes.unwrap_or_default()))
    }

    async fn put_attribute(
        &self,
        context: &Context<'_>,
        (name, value): (&str, &str),
    ) -> Result<(), AwsError> {
        const CALL: &str = "sns:SetTopicAttributes";
        let wait = context.wait(CALL, "SNS to know the policy's principal", RELEASE_SECS_MAX);
        retry_while(
            &wait,
            |error| error.says("PrincipalNotFound"),
            || async {
                let put = context.aws.sns.set_topic_attributes().topic_arn(&self.names.topic_arn);
                put.attribute_name(name).attribute_value(value).send().await.calling(CALL)
            },
        )
        .await?;
        Ok(())
    }

    /// Adds or repairs our statement and keeps all others, the owner's default one included.
    async fn put_statement(&self, context: &Context<'_>) -> Result<(), AwsError> {
        let present = self.attributes(context.aws).await?.unwrap_or_default().remove(POLICY);
        let statements = policy::statements(present.as_deref());
        let now = policy::statement(&statements, SID).map(policy::canonical);
        if now == Some(policy::canonical(&self.statement())) {
            return Ok(());
        }
        let merged = policy::with_statement(present.as_deref(), &self.statement());
        self.put_attribute(context, (POLICY, &merged.to_string())).await
    }

    async fn put_tags(&self, context: &Context<'_>, tags: &Tags) -> Result<(), AwsError> {
        const CALL: &str = "sns:TagResource";
        let wait = context.wait(CALL, "SNS to finish an earlier change", RELEASE_SECS_MAX);
        retry_while(&wait, is_settling, || async {
            let put = context.aws.sns.tag_resource().resource_arn(&self.names.topic_arn);
            put.set_tags(Some(sns_tags(tags, CALL)?)).send().await.calling(CALL)
        })
        .await?;
        Ok(())
    }
}

#[async_trait]
impl Resource for Topic {
    type Fields = Fields;

    const ID: Id = ID;

    fn name(&self) -> String {
        self.names.topic.clone()
    }

    fn arn(&self) -> Option<String> {
        Some(self.names.topic_arn.clone())
    }

    fn fields(&self) -> Fields {
        Fields {
            tags: self.names.tags.clone(),
            policy: Statements::one(SID, Some(policy::canonical(&self.statement()))),
            kms_key: Unwanted(None),
        }
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed<Fields>>, AwsError> {
        let tags = async {
            let list = aws.sns.list_tags_for_resource().resource_arn(&self.names.topic_arn);
            list.send().await.found("sns:ListTagsForResource")
        };
        let (attributes, tags) = try_join!(self.attributes(aws), tags)?;
        let Some(attributes) = attributes else { return Ok(None) };
        let tags = tags.and_then(|answer| answer.tags).unwrap_or_default();
        let tags = names::tags(tags.into_iter().map(|tag: Tag| (tag.key, tag.value)));
        let owner = self.names.owner(&tags);
        let document = attributes.get(POLICY).map(String::as_str);
        let ours = policy::canonical_statement(document, SID);
        let key = attributes.get(KEY).filter(|key| !key.is_empty()).cloned();
        let fields = Fields { tags, policy: Statements::one(SID, ours), kms_key: Unwanted(key) };
        Ok(Some(Observed::new(fields, owner)))
    }

    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError> {
        const CALL: &str = "sns:CreateTopic";
        let wait = context.wait(CALL, "SNS to release the deleted topic's name", RELEASE_SECS_MAX);
        let created = retry_while(&wait, is_settling, || async {
            let create = context.aws.sns.create_topic().name(&self.names.topic);
            let create = create.set_tags(Some(sns_tags(&self.names.tags, CALL)?));
            create.send().await.calling(CALL)
        })
        .await;
        match created {
            // Somebody was faster; what they made is put right only if it is ours.
            Err(error) if error.says("Topic already exists with different") => {
                let now = self.read(context.aws).await?;
                let Some(now) = now.filter(|now| !matches!(now.owner, Owner::Foreign(_))) else {
                    return Err(error);
                };
                let now = now.by_path();
                let edits = difference(&Values::of(&self.fields()), &now.fields);
                return edits::apply(self, context, &now, edits).await;
            }
            other => drop(other?),
        }
        Ok(Details::new())
    }

    async fn complete(&self, context: &Context<'_>, created: Details) -> Result<Details, AwsError> {
        self.put_statement(context).await?;
        Ok(created)
    }

    async fn update(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
        edits: &Edits<Fields>,
    ) -> Result<Details, AwsError> {
        if edits.touch(Fields::policy) {
            self.put_statement(context).await?;
        }
        if edits.touch(Fields::kms_key) {
            self.put_attribute(context, (KEY, "")).await?;
        }
        if edits.touch(Fields::tags) {
            self.put_tags(context, &edits.tags(Fields::tags)).await?;
        }
        Ok(Details::new())
    }

    async fn delete(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
    ) -> Result<Removal, AwsError> {
        const CALL: &str = "sns:DeleteTopic";
        let wait = context.wait(CALL, "SNS to finish an earlier change", RELEASE_SECS_MAX);
        retry_while(&wait, is_settling, || async {
            let delete = context.aws.sns.delete_topic().topic_arn(&self.names.topic_arn);
            delete.send().await.found(CALL)
        })
        .await?;
        Ok(Removal::Gone)
    }
}

impl Member for Topic {
    const PERMISSIONS: &'static [Row] = permissions::ROWS;

    const TRACES: &'static [Trace] = &[Trace::Tag { resource_type: "sns", name: whole }];

    const COSTS: fn(&Usage) -> Vec<Service> = price::costs;

    fn wanted(blueprint: &Blueprint<'_>) -> Option<Self> {
        Some(Self::new(blueprint.names()))
    }

    fn known_as(names: &Names) -> Option<&str> {
        Some(&names.topic)
    }

    fn left(blueprint: &Blueprint<'_>, name: &str) -> Erased {
        Box::new(Self::new(blueprint.names.with_topic(name).into()))
    }
}

/// What SNS answers while it still knows the tags of a topic of this name that is gone, or is at
/// another change of it.
fn is_settling(error: &AwsError) -> bool {
    matches!(
        error.code(),
        "StaleTag" | "StaleTagException" | "ConcurrentAccess" | "ConcurrentAccessException"
    )
}

fn sns_tags(tags: &Tags, call: &'static str) -> Result<Vec<Tag>, AwsError> {
    tags.iter()
        .map(|(key, value)| {
            let tag = Tag::builder().key(key).value(value).build();
            tag.map_err(|error| AwsError::request(call, error.to_string()))
        })
        .collect()
}
