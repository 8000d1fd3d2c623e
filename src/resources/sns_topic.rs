//! An SNS topic: all that the stack's topics have in common. What each is for is in its own folder.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_sns::types::Tag;
use futures_util::try_join;
use serde_json::{Value, json};

use super::sns_mails::{self, Mails};
use super::{Blueprint, Member, Trace, whole};
use crate::aws::policy;
use crate::aws::subscribers::Subscriber;
use crate::aws::wait::retry_while;
use crate::aws::{Aws, AwsError, Calling};
use crate::config::Config;
use crate::engine::edits::{self, Edits};
use crate::engine::fields::{Keyed, Statements, Tags, Unwanted, Values, difference};
use crate::engine::resource::{Context, Details, Erased, Id, Observed, Owner, Removal, Resource};
use crate::names::{self, Named, Names};
use crate::permissions::Row;
use crate::pricing::{Service, Usage};
use crate::template::Export;
use crate::template::cloudformation::{self, CloudFormation, this};
use crate::template::terraform::{self, Terraform, value_of};

/// What one topic is for.
pub(crate) trait Purpose: Send + Sync + 'static {
    const ID: Id;

    /// Whether it carries a tag with its id: all do but the first there was.
    const IS_MARKED: bool = true;

    /// What it, and the output with its ARN, is called in templates of `CloudFormation` and
    /// of Terraform.
    const IN_TEMPLATES: (&'static str, &'static str);

    const PERMISSIONS: &'static [Row];

    const COSTS: fn(&Usage) -> Vec<Service> = |_| Vec::new();

    /// Where its members are in templates, for the tests of all templates.
    #[cfg(test)]
    const MEMBERS: &'static str;

    /// The topic of the file; `None` where the file has none.
    fn topic(names: &Names) -> Option<&Named>;

    /// Who gets its messages by mail, where the file may say so.
    fn email(_config: &Config) -> Option<&[String]> {
        None
    }

    /// The statement of its policy that is ours, with its Sid, if there is to be one.
    fn statement(_names: &Names) -> Option<(&'static str, Value)> {
        None
    }
}

/// The attributes of a topic that we look at (Amazon SNS API Reference, `SetTopicAttributes`).
const POLICY: &str = "Policy";
const KEY: &str = "KmsMasterKeyId";

/// How long SNS may go on refusing a name or tag of a topic that was just deleted.
const RELEASE_SECS_MAX: u64 = 120;

fields! {
    pub(crate) struct Fields {
        tags: Tags,
        policy: Statements,
        /// The key that the topic is encrypted with. There is to be none: who publishes here
        /// could not, under a key whose policy does not know it, and S3 says so to nobody.
        kms_key: Unwanted<String>,
        /// Who gets its messages by mail, by the address.
        email: Option<Keyed<&'static str>>,
    }
}

/// A topic for one purpose.
pub(crate) struct SnsTopic<P> {
    names: Arc<Names>,
    topic: Named,
    mails: Option<Mails>,
    purpose: PhantomData<fn() -> P>,
}

impl<P: Purpose> SnsTopic<P> {
    fn new(names: Arc<Names>, topic: Named, email: Option<&[String]>) -> Self {
        let mails = email.map(|addresses| Mails::new(addresses, &topic.arn));
        Self { names, topic, mails, purpose: PhantomData }
    }

    fn tags(&self) -> Tags {
        if P::IS_MARKED { self.names.tags_of(P::ID.as_str()) } else { self.names.tags.clone() }
    }

    fn statements(&self) -> Statements {
        match P::statement(&self.names) {
            Some((sid, statement)) => Statements::one(sid, Some(policy::canonical(&statement))),
            None => Statements::default(),
        }
    }

    async fn attributes(&self, aws: &Aws) -> Result<Option<HashMap<String, String>>, AwsError> {
        let topic = aws.sns.get_topic_attributes().topic_arn(&self.topic.arn);
        let topic = topic.send().await.found("sns:GetTopicAttributes")?;
        Ok(topic.map(|topic| topic.attributes.unwrap_or_default()))
    }

    /// Who subscribed to it; nobody where that is not the file's to say.
    async fn subscribers(&self, aws: &Aws) -> Result<Vec<Subscriber>, AwsError> {
        match self.mails {
            Some(_) => Ok(Subscriber::of_topic(aws, &self.topic.arn).await?.unwrap_or_default()),
            None => Ok(Vec::new()),
        }
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
                let put = context.aws.sns.set_topic_attributes().topic_arn(&self.topic.arn);
                put.attribute_name(name).attribute_value(value).send().await.calling(CALL)
            },
        )
        .await?;
        Ok(())
    }

    /// Adds or repairs our statement and keeps all others, the owner's default one included.
    async fn put_statement(&self, context: &Context<'_>) -> Result<(), AwsError> {
        let Some((sid, ours)) = P::statement(&self.names) else { return Ok(()) };
        let present = self.attributes(context.aws).await?.unwrap_or_default().remove(POLICY);
        let statements = policy::statements(present.as_deref());
        let now = policy::statement(&statements, sid).map(policy::canonical);
        if now == Some(policy::canonical(&ours)) {
            return Ok(());
        }
        let merged = policy::with_statement(present.as_deref(), &ours);
        self.put_attribute(context, (POLICY, &merged.to_string())).await
    }

    async fn put_tags(&self, context: &Context<'_>, tags: &Tags) -> Result<(), AwsError> {
        const CALL: &str = "sns:TagResource";
        let wait = context.wait(CALL, "SNS to finish an earlier change", RELEASE_SECS_MAX);
        retry_while(&wait, is_settling, || async {
            let put = context.aws.sns.tag_resource().resource_arn(&self.topic.arn);
            put.set_tags(Some(sns_tags(tags, CALL)?)).send().await.calling(CALL)
        })
        .await?;
        Ok(())
    }
}

#[async_trait]
impl<P: Purpose> Resource for SnsTopic<P> {
    type Fields = Fields;

    const ID: Id = P::ID;

    fn name(&self) -> String {
        self.topic.name.clone()
    }

    fn arn(&self) -> Option<String> {
        Some(self.topic.arn.clone())
    }

    fn fields(&self) -> Fields {
        Fields {
            tags: self.tags(),
            policy: self.statements(),
            kms_key: Unwanted(None),
            email: self.mails.as_ref().map(Mails::wanted),
        }
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed<Fields>>, AwsError> {
        let tags = || async {
            let list = aws.sns.list_tags_for_resource().resource_arn(&self.topic.arn);
            list.send().await.found("sns:ListTagsForResource")
        };
        let (attributes, found, subscribers) =
            try_join!(self.attributes(aws), tags(), self.subscribers(aws))?;
        let Some(attributes) = attributes else { return Ok(None) };
        // Another run may have made it between the two reads.
        let tags = if found.is_some() { found } else { tags().await? };
        let tags = tags.and_then(|answer| answer.tags).unwrap_or_default();
        let tags = names::tags(tags.into_iter().map(|tag: Tag| (tag.key, tag.value)));
        let owner = self.names.owner(&tags);
        let document = attributes.get(POLICY).map(String::as_str);
        let ours = P::statement(&self.names)
            .map(|(sid, _)| Statements::one(sid, policy::canonical_statement(document, sid)));
        let key = attributes.get(KEY).filter(|key| !key.is_empty()).cloned();
        let email = self.mails.as_ref().map(|mails| mails.subscribed(&subscribers));
        let policy = ours.unwrap_or_default();
        let fields = Fields { tags, policy, kms_key: Unwanted(key), email };
        let mut observed = Observed::new(fields, owner);
        if let Some(mails) = &self.mails {
            observed.details = mails.details(&subscribers);
            observed.note = mails.note(&subscribers);
        }
        Ok(Some(observed))
    }

    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError> {
        const CALL: &str = "sns:CreateTopic";
        let wait = context.wait(CALL, "SNS to release the deleted topic's name", RELEASE_SECS_MAX);
        let created = retry_while(&wait, is_settling, || async {
            let create = context.aws.sns.create_topic().name(&self.topic.name);
            let create = create.set_tags(Some(sns_tags(&self.tags(), CALL)?));
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
        match &self.mails {
            Some(mails) => mails.subscribe(context, mails.addresses(), created).await,
            None => Ok(created),
        }
    }

    async fn update(
        &self,
        context: &Context<'_>,
        observed: &Observed,
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
        let missing = edits.within(Fields::email);
        let Some(mails) = self.mails.as_ref().filter(|_| !missing.is_empty()) else {
            return Ok(Details::new());
        };
        let is_missing = |address: &&str| {
            let path = format!("{}[{address}]", Fields::email.as_str());
            missing.iter().any(|edit| edit.path == path)
        };
        let missing = mails.addresses().filter(is_missing);
        mails.subscribe(context, missing, observed.details.clone()).await
    }

    async fn delete(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
    ) -> Result<Removal, AwsError> {
        const CALL: &str = "sns:DeleteTopic";
        let wait = context.wait(CALL, "SNS to finish an earlier change", RELEASE_SECS_MAX);
        retry_while(&wait, is_settling, || async {
            let delete = context.aws.sns.delete_topic().topic_arn(&self.topic.arn);
            delete.send().await.found(CALL)
        })
        .await?;
        Ok(Removal::Gone)
    }
}

impl<P: Purpose> Member for SnsTopic<P> {
    const PERMISSIONS: &'static [Row] = P::PERMISSIONS;

    const TRACES: &'static [Trace] = &[Trace::Tag {
        resource_type: "sns",
        resource: if P::IS_MARKED { Some(P::ID.0.name) } else { None },
        name: whole,
    }];

    const COSTS: fn(&Usage) -> Vec<Service> = P::COSTS;

    fn wanted(blueprint: &Blueprint<'_>) -> Option<Self> {
        let topic = P::topic(blueprint.names)?.clone();
        Some(Self::new(blueprint.names(), topic, P::email(blueprint.config)))
    }

    fn known_as(names: &Names) -> Option<&str> {
        P::topic(names).map(|topic| topic.name.as_str())
    }

    fn left(blueprint: &Blueprint<'_>, name: &str) -> Erased {
        let topic = blueprint.names.named("sns", name);
        Box::new(Self::new(blueprint.names(), topic, None))
    }
}

impl<P: Purpose> Export for SnsTopic<P> {
    fn cloudformation(&self, template: &mut CloudFormation<'_>) {
        let (logical, _) = P::IN_TEMPLATES;
        let tags = cloudformation::tags(&self.fields().tags);
        let topic = json!({ "TopicName": self.name(), "Tags": tags });
        template.add(logical, "AWS::SNS::Topic", topic);
        if let Some((_, statement)) = P::statement(&self.names) {
            let document = policy::document(&[statement]);
            let policy = json!({ "Topics": [this(logical)], "PolicyDocument": document });
            template.add(&format!("{logical}Policy"), "AWS::SNS::TopicPolicy", policy);
        }
        for (number, address) in (1..).zip(self.mails.iter().flat_map(Mails::addresses)) {
            let subscriber = json!({
                "TopicArn": this(logical), "Protocol": sns_mails::PROTOCOL, "Endpoint": address,
            });
            let name = format!("{logical}Subscriber{number}");
            template.add(&name, "AWS::SNS::Subscription", subscriber);
        }
        template.output(&format!("{logical}Arn"), this(logical));
    }

    fn terraform(&self, module: &mut Terraform<'_>) {
        let (_, local) = P::IN_TEMPLATES;
        let arguments = json!({ "name": self.name(), "tags": self.fields().tags });
        module.add("aws_sns_topic", local, arguments);
        let arn = format!("aws_sns_topic.{local}.arn");
        if let Some((_, statement)) = P::statement(&self.names) {
            let document = format!("{local}_policy");
            *module.local(&document) = policy::document(&[statement]);
            let policy = json!({ "arn": value_of(&arn), "policy": terraform::policy(&document) });
            module.add("aws_sns_topic_policy", local, policy);
        }
        for (number, address) in (1..).zip(self.mails.iter().flat_map(Mails::addresses)) {
            let subscriber = json!({
                "topic_arn": value_of(&arn), "protocol": sns_mails::PROTOCOL, "endpoint": address,
            });
            let name = format!("{local}_subscriber_{number}");
            module.add("aws_sns_topic_subscription", &name, subscriber);
        }
        module.output(&format!("{local}_arn"), &arn);
    }

    #[cfg(test)]
    fn members(&self) -> &'static str {
        P::MEMBERS
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
