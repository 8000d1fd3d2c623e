//! Who is told of images that are ready: the addresses of the file, and the queue if it asks for one.
//!
//! Whoever else subscribed to the topic is left alone, and mentioned if it is an address, for it may
//! be one that has left the file.

mod export;
mod permissions;

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::future::{try_join, try_join_all};
use serde_json::{Value, json};

use super::{Blueprint, Member};
use crate::aws::subscribers::Subscriber;
use crate::aws::{Aws, AwsError, Calling};
use crate::engine::edits::Edits;
use crate::engine::fields::{Field, Keyed, Values, below};
use crate::engine::resource::{
    Context, Details, Erased, Id, Kind, NOTE, Observed, Owner, Removal, Resource,
};
use crate::names::{Named, Names};
use crate::permissions::Row;

pub(crate) const ID: Id = Id(&Kind::new("ready-subscriptions", "AWS::SNS::Subscription"));

/// The attributes of a subscription that we look at (Amazon SNS API Reference,
/// `SetSubscriptionAttributes`).
const RAW: &str = "RawMessageDelivery";
const REDRIVE: &str = "RedrivePolicy";

/// The attribute of a subscription that was not confirmed (Amazon SNS API Reference,
/// `GetSubscriptionAttributes`).
const PENDING: &str = "PendingConfirmation";

fields! {
    pub(crate) struct Fields {
        /// By the address.
        https: Keyed<Delivery>,
        queue: Queue,
    }
}

/// How a subscriber gets its messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Delivery {
    endpoint: String,
    /// Without SNS's envelope.
    raw: bool,
    /// Where what cannot be delivered goes.
    redrive: Option<Value>,
}

/// The subscription of the stack's queue; there is to be none where the file has no queue.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queue(Option<Delivery>);

impl Field for Delivery {
    fn list(&self, path: &str, values: &mut Values) {
        values.set(path, self.endpoint.as_str());
        values.set(below(path, "raw"), self.raw);
        self.redrive.list(&below(path, "redrive"), values);
    }
}

impl Field for Queue {
    fn list(&self, path: &str, values: &mut Values) {
        match &self.0 {
            Some(delivery) => delivery.list(path, values),
            None => values.set(path, Value::Null),
        }
    }
}

pub(crate) struct ReadySubscriptions {
    topic: Named,
    /// The ARN of the queue that the stack has, or had.
    queue_arn: String,
    dead_letters_arn: String,
    has_queue: bool,
    https: Vec<String>,
}

impl ReadySubscriptions {
    fn redrive(&self) -> Value {
        json!({ "deadLetterTargetArn": self.dead_letters_arn })
    }

    fn delivery(&self, endpoint: &str) -> Delivery {
        let raw = endpoint == self.queue_arn;
        Delivery { endpoint: endpoint.to_owned(), raw, redrive: Some(self.redrive()) }
    }

    /// The protocol of an endpoint that the file names.
    fn protocol(&self, endpoint: &str) -> &'static str {
        match endpoint {
            _ if endpoint == self.queue_arn => "sqs",
            _ if endpoint.starts_with("http:") => "http",
            _ => "https",
        }
    }

    fn is_ours(&self, found: &Subscriber) -> bool {
        found.endpoint == self.queue_arn || self.https.contains(&found.endpoint)
    }

    /// How a subscriber gets its messages, and whether it has confirmed that it wants them. What is not
    /// confirmed was asked for as it should be.
    async fn read_delivery(
        &self,
        aws: &Aws,
        found: &Subscriber,
    ) -> Result<(Delivery, bool), AwsError> {
        let Some(arn) = &found.arn else { return Ok((self.delivery(&found.endpoint), false)) };
        let attributes = Subscriber::attributes(aws, arn).await?;
        let redrive = attributes.get(REDRIVE).filter(|text| !text.is_empty());
        let is_true = |name| attributes.get(name).is_some_and(|value| value == "true");
        let delivery = Delivery {
            endpoint: found.endpoint.clone(),
            raw: is_true(RAW),
            redrive: redrive.and_then(|text| serde_json::from_str(text).ok()),
        };
        Ok((delivery, !is_true(PENDING)))
    }

    async fn subscribe(&self, context: &Context<'_>, endpoint: &str) -> Result<(), AwsError> {
        let Delivery { raw, .. } = self.delivery(endpoint);
        let subscribe = context.aws.sns.subscribe().topic_arn(&self.topic.arn);
        let subscribe = subscribe.protocol(self.protocol(endpoint)).endpoint(endpoint);
        let subscribe = subscribe.attributes(REDRIVE, self.redrive().to_string());
        let subscribe = if raw { subscribe.attributes(RAW, "true") } else { subscribe };
        let subscribed = subscribe.send().await.calling("sns:Subscribe");
        subscribed.map(drop).map_err(|error| {
            if error.says("Unreachable") || error.says("Invalid parameter: Endpoint") {
                return error.explained("SNS must be able to reach the address from the internet");
            }
            error
        })
    }

    /// Puts one subscriber right, whatever is wrong with it.
    async fn repair(
        &self,
        context: &Context<'_>,
        endpoint: &str,
        all: &[Subscriber],
    ) -> Result<(), AwsError> {
        const CALL: &str = "sns:SetSubscriptionAttributes";
        let Some(found) = all.iter().find(|found| found.endpoint == endpoint) else {
            return self.subscribe(context, endpoint).await;
        };
        let Some(arn) = &found.arn else { return Ok(()) };
        let Delivery { raw, .. } = self.delivery(endpoint);
        for (name, value) in [(RAW, raw.to_string()), (REDRIVE, self.redrive().to_string())] {
            let put = context.aws.sns.set_subscription_attributes().subscription_arn(arn);
            put.attribute_name(name).attribute_value(value).send().await.calling(CALL)?;
        }
        Ok(())
    }

    /// What people should know once the addresses that were not among these subscribers are asked.
    fn details(&self, before: &[Subscriber]) -> Details {
        let is_confirmed = |address: &&String| {
            before.iter().any(|found| found.endpoint == **address && found.arn.is_some())
        };
        let pending = self.https.iter().filter(|address| !is_confirmed(address));
        let others = before.iter().filter(|found| !self.is_ours(found));
        let note = note(pending.map(String::as_str), others);
        note.map(|note| (NOTE, note)).into_iter().collect()
    }

    /// The endpoints of the file.
    fn wanted_endpoints(&self) -> impl Iterator<Item = &str> {
        let queue = self.has_queue.then_some(self.queue_arn.as_str());
        self.https.iter().map(String::as_str).chain(queue)
    }
}

/// What people should know of subscribers that have not confirmed, and of addresses that are not in
/// the file.
fn note<'a>(
    pending: impl Iterator<Item = &'a str>,
    others: impl Iterator<Item = &'a Subscriber>,
) -> Option<String> {
    let others = others.filter(|found| found.protocol.starts_with("http"));
    let told = [
        (
            pending.collect::<Vec<_>>().join(", "),
            "not confirmed yet: open the `SubscribeURL` in the message that SNS sent there",
        ),
        (
            others.map(|found| found.endpoint.as_str()).collect::<Vec<_>>().join(", "),
            "subscribed but not in the file: unsubscribe it with `aws sns unsubscribe` if you no longer want \
             it; SNS itself forgets within 2 days what was never confirmed",
        ),
    ];
    let told = told.into_iter().filter(|(endpoints, _)| !endpoints.is_empty());
    let told: Vec<String> = told.map(|(endpoints, what)| format!("{endpoints}: {what}")).collect();
    (!told.is_empty()).then(|| told.join("; "))
}

#[async_trait]
impl Resource for ReadySubscriptions {
    type Fields = Fields;

    const ID: Id = ID;

    fn name(&self) -> String {
        let count = self.wanted_endpoints().count();
        let subscribers = crate::amounts::counted(count as u64, "subscriber");
        format!("{} -> {subscribers}", self.topic.name)
    }

    fn arn(&self) -> Option<String> {
        None
    }

    fn fields(&self) -> Fields {
        let https = self.https.iter();
        Fields {
            https: Keyed(https.map(|it| (it.clone(), self.delivery(it))).collect()),
            queue: Queue(self.has_queue.then(|| self.delivery(&self.queue_arn))),
        }
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed<Fields>>, AwsError> {
        let Some(all) = Subscriber::of_topic(aws, &self.topic.arn).await? else { return Ok(None) };
        let (ours, others): (Vec<&Subscriber>, Vec<&Subscriber>) =
            all.iter().partition(|found| self.is_ours(found));
        let read = try_join_all(ours.iter().map(|found| self.read_delivery(aws, found))).await?;
        let pending = ours.iter().zip(&read).filter(|(_, (_, is_confirmed))| !is_confirmed);
        let note = note(pending.map(|(found, _)| found.endpoint.as_str()), others.into_iter());
        let mut deliveries: BTreeMap<String, Delivery> =
            read.into_iter().map(|(delivery, _)| (delivery.endpoint.clone(), delivery)).collect();
        let queue = Queue(deliveries.remove(&self.queue_arn));
        let is_wanted = self.wanted_endpoints().next().is_some();
        if deliveries.is_empty() && queue.0.is_none() && is_wanted {
            return Ok(None);
        }
        let fields = Fields { https: Keyed(deliveries), queue };
        Ok(Some(Observed { note, ..Observed::new(fields, Owner::Ours) }))
    }

    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError> {
        let all = self.wanted_endpoints().map(|endpoint| self.subscribe(context, endpoint));
        try_join_all(all).await?;
        Ok(self.details(&[]))
    }

    async fn update(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
        edits: &Edits<Fields>,
    ) -> Result<Details, AwsError> {
        let all = Subscriber::of_topic(context.aws, &self.topic.arn).await?.unwrap_or_default();
        let https = edits.within(Fields::https);
        let is_edited = |endpoint: &&String| {
            let path = format!("{}[{endpoint}]", Fields::https.as_str());
            https.iter().any(|edit| edit.path.starts_with(&path))
        };
        let https = self.https.iter().filter(is_edited);
        let https = https.map(|endpoint| self.repair(context, endpoint, &all));
        let queue_is_edited = edits.touch(Fields::queue);
        let queue = async {
            let former = all.iter().find(|found| found.endpoint == self.queue_arn);
            match former {
                _ if !queue_is_edited => Ok(()),
                _ if self.has_queue => self.repair(context, &self.queue_arn, &all).await,
                Some(former) => former.unsubscribe(context.aws).await,
                None => Ok(()),
            }
        };
        try_join(try_join_all(https), queue).await?;
        Ok(self.details(&all))
    }

    async fn delete(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
    ) -> Result<Removal, AwsError> {
        let all = Subscriber::of_topic(context.aws, &self.topic.arn).await?.unwrap_or_default();
        let ours = all.iter().filter(|found| self.is_ours(found));
        try_join_all(ours.map(|found| found.unsubscribe(context.aws))).await?;
        Ok(Removal::Gone)
    }
}

impl Member for ReadySubscriptions {
    const PERMISSIONS: &'static [Row] = permissions::ROWS;

    fn wanted(blueprint: &Blueprint<'_>) -> Option<Self> {
        let notify = blueprint.config.notify.as_ref()?;
        let Names { ready, ready_dead_letters, stack, .. } = &**blueprint.names;
        Some(Self {
            topic: ready.clone()?,
            queue_arn: blueprint.names.regional("sqs", &format!("{stack}-ready")),
            dead_letters_arn: ready_dead_letters.clone()?.arn,
            has_queue: notify.queue,
            https: notify.https.clone(),
        })
    }

    /// Subscriptions go with their topic, so that none is ever looked for alone.
    fn left(blueprint: &Blueprint<'_>, name: &str) -> Erased {
        Box::new(Self {
            topic: blueprint.names.named("sns", name),
            queue_arn: String::new(),
            dead_letters_arn: String::new(),
            has_queue: false,
            https: Vec::new(),
        })
    }
}
