//! The alarms that go off when images get stuck, all of a stack together.
//!
//! CloudWatch takes an alarm's tags only when it makes the alarm, and takes any later change of it as a
//! whole.

mod alarm;
mod export;
mod permissions;
mod price;
mod standing;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_cloudwatch::types::{AlarmType, MetricAlarm, Tag};
use futures_util::future::{try_join, try_join_all};
use serde_json::Value;

use self::alarm::{ALL, Alarm};
pub(crate) use self::standing::Standing;
use super::{Blueprint, Member, Trace, alarm_topic};
use crate::aws::{Aws, AwsError, Calling};
use crate::engine::edits::Edits;
use crate::engine::fields::{Keyed, Tags};
use crate::engine::resource::{
    Context, Details, Erased, Id, Kind, Observed, Owner, Removal, Resource,
};
use crate::names::{self, Names};
use crate::permissions::Row;
use crate::pricing::{Service, Usage};

pub(crate) const ID: Id = Id(&Kind::new("alarms", "AWS::CloudWatch::Alarm"));

const PUT: &str = "cloudwatch:PutMetricAlarm";
const TAG: &str = "cloudwatch:TagResource";

fields! {
    pub(crate) struct Fields {
        /// What all of them carry.
        tags: Tags,
        /// By the end of its name. One that the file does not ask for is wanted as null.
        alarm: Keyed<Value>,
    }
}

pub(crate) struct Alarms {
    names: Arc<Names>,
    /// The topic that they publish on; their names begin with its name.
    topic: String,
    wanted: BTreeMap<&'static str, Alarm>,
    /// Whether they are to be there; else they are read only to be removed.
    stays: bool,
}

/// An alarm of our name that is there.
struct Present {
    label: &'static str,
    alarm: MetricAlarm,
    tags: Tags,
}

impl Alarms {
    fn alarm_name(&self, label: &str) -> String {
        format!("{}-{label}", self.topic)
    }

    fn alarm_arn(&self, label: &str) -> String {
        self.names.alarm(&self.alarm_name(label))
    }

    fn topic_arn(&self) -> String {
        self.names.named("sns", &self.topic).arn
    }

    /// Whether the file has none, so that all that there are go.
    fn is_left(&self) -> bool {
        self.wanted.is_empty()
    }

    fn tags(&self) -> Tags {
        self.names.tags_of(ID.as_str())
    }

    /// Every alarm that could be of this stack by its name.
    async fn present(&self, aws: &Aws) -> Result<Vec<Present>, AwsError> {
        let describe = aws.cloudwatch.describe_alarms().alarm_types(AlarmType::MetricAlarm);
        let names = ALL.iter().map(|label| self.alarm_name(label)).collect();
        let describe = describe.set_alarm_names(Some(names));
        let alarms = async { describe.send().await.calling("cloudwatch:DescribeAlarms") };
        let tags = try_join_all(ALL.iter().map(|label| self.alarm_tags(aws, label)));
        let (alarms, tags) = try_join(alarms, tags).await?;
        let alarms = alarms.metric_alarms.unwrap_or_default();
        let mut present = Vec::new();
        for (label, mut tags) in ALL.into_iter().zip(tags) {
            let name = self.alarm_name(label);
            let Some(alarm) = alarms.iter().find(|it| it.alarm_name() == Some(&name)) else {
                continue;
            };
            if tags.is_empty() {
                // Another run may have made it between the two reads.
                tags = self.alarm_tags(aws, label).await?;
            }
            present.push(Present { label, alarm: alarm.clone(), tags });
        }
        Ok(present)
    }

    async fn alarm_tags(&self, aws: &Aws, label: &str) -> Result<Tags, AwsError> {
        let list = aws.cloudwatch.list_tags_for_resource().resource_arn(self.alarm_arn(label));
        let tags = list.send().await.found("cloudwatch:ListTagsForResource")?;
        let tags = tags.and_then(|answer| answer.tags).unwrap_or_default();
        let pairs = tags.into_iter().filter_map(|tag| Some((tag.key?, tag.value?)));
        Ok(names::tags(pairs))
    }

    /// Whose they are. One of others under a name that the file has no use for is not in the way.
    fn owner(&self, present: &[Present]) -> Owner {
        let in_use = present.iter().filter(|it| self.wanted.contains_key(it.label));
        let owners = in_use.map(|it| (it.label, self.names.owner(&it.tags)));
        owners.fold(Owner::Ours, |all, (label, owner)| match (all, owner) {
            (Owner::Foreign(why), _) => Owner::Foreign(why),
            (_, Owner::Foreign(why)) => {
                Owner::Foreign(format!("`{}`: {why}", self.alarm_name(label)))
            }
            (Owner::Adopted, _) | (_, Owner::Adopted) => Owner::Adopted,
            (all, _) => all,
        })
    }

    /// Those that are ours, or in the place of one that the file asks for.
    fn of_stack(&self, present: Vec<Present>) -> Vec<Present> {
        let is_ours = |it: &Present| !matches!(self.names.owner(&it.tags), Owner::Foreign(_));
        let is_meant = |it: &Present| self.stays && self.wanted.contains_key(it.label);
        present.into_iter().filter(|it| is_ours(it) || is_meant(it)).collect()
    }

    async fn put(
        &self,
        context: &Context<'_>,
        label: &str,
        present: Option<&MetricAlarm>,
    ) -> Result<(), AwsError> {
        let Some(alarm) = self.wanted.get(label) else { return Ok(()) };
        let put = context.aws.cloudwatch.put_metric_alarm().alarm_name(self.alarm_name(label));
        // Tags of one that is there are none of this call's business: CloudWatch would not read them.
        let tags = present.is_none().then(|| cloudwatch_tags(&self.tags()));
        alarm.put(put, present).set_tags(tags).send().await.calling(PUT).map(drop)
    }

    async fn tag(&self, context: &Context<'_>, label: &str, tags: &Tags) -> Result<(), AwsError> {
        let tag = context.aws.cloudwatch.tag_resource().resource_arn(self.alarm_arn(label));
        tag.set_tags(Some(cloudwatch_tags(tags))).send().await.calling(TAG).map(drop)
    }

    async fn remove(&self, context: &Context<'_>, labels: &[&str]) -> Result<(), AwsError> {
        if labels.is_empty() {
            return Ok(());
        }
        let names = labels.iter().map(|label| self.alarm_name(label)).collect();
        let delete = context.aws.cloudwatch.delete_alarms().set_alarm_names(Some(names));
        delete.send().await.found("cloudwatch:DeleteAlarms").map(drop)
    }
}

#[async_trait]
impl Resource for Alarms {
    type Fields = Fields;

    const ID: Id = ID;

    fn name(&self) -> String {
        format!("{}-*", self.topic)
    }

    fn arn(&self) -> Option<String> {
        None
    }

    fn fields(&self) -> Fields {
        let value = |label: &str| self.wanted.get(label).map_or(Value::Null, as_value);
        let alarm = ALL.map(|label| (label.to_owned(), value(label)));
        Fields { tags: self.tags(), alarm: Keyed(alarm.into()) }
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed<Fields>>, AwsError> {
        let present = match self.present(aws).await {
            Err(error) if self.is_left() && is_unknown(&error) => return Ok(None),
            // They are looked for only as they may have left the file, which fails no command.
            Err(error) if self.is_left() && error.is_denied() => {
                let kept = Some(format!("cannot be looked at: {} is denied", error.call));
                let observed = Observed::new(Fields::default(), Owner::Ours);
                return Ok(Some(Observed { kept, ..observed }));
            }
            other => self.of_stack(other?),
        };
        let Some((first, others)) = present.split_first() else { return Ok(None) };
        let mut tags = first.tags.clone();
        tags.retain(|key, value| others.iter().all(|it| it.tags.get(key) == Some(value)));
        let topic_arn = self.topic_arn();
        let alarm = present
            .iter()
            .map(|it| (it.label.to_owned(), as_value(&Alarm::observed(&it.alarm, &topic_arn))));
        let fields = Fields { tags, alarm: Keyed(alarm.collect()) };
        let standing = |it: &Present| (it.label, Standing::of(it.label, &it.alarm).to_detail());
        let owner = if self.stays { self.owner(&present) } else { Owner::Ours };
        let details = present.iter().map(standing).collect();
        Ok(Some(Observed { details, ..Observed::new(fields, owner) }))
    }

    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError> {
        try_join_all(self.wanted.keys().map(|label| self.put(context, label, None))).await?;
        Ok(Details::new())
    }

    async fn update(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
        edits: &Edits<Fields>,
    ) -> Result<Details, AwsError> {
        let (edited, tags) = (edits.within(Fields::alarm), edits.tags(Fields::tags));
        let is_edited = |label: &&str| {
            let path = format!("{}[{label}]", Fields::alarm.as_str());
            edited.iter().any(|edit| edit.path == path)
        };
        let present = self.of_stack(self.present(context.aws).await?);
        let there = |label: &str| present.iter().find(|it| it.label == label).map(|it| &it.alarm);
        let (wanted, gone): (Vec<&str>, Vec<&str>) =
            ALL.into_iter().filter(is_edited).partition(|label| self.wanted.contains_key(label));
        let put = try_join_all(wanted.iter().map(|label| self.put(context, label, there(label))));
        try_join(put, self.remove(context, &gone)).await?;
        let tagged = present.iter().filter(|it| self.wanted.contains_key(it.label));
        let tagged = tagged.filter(|_| !tags.is_empty());
        try_join_all(tagged.map(|it| self.tag(context, it.label, &tags))).await?;
        Ok(Details::new())
    }

    async fn delete(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
    ) -> Result<Removal, AwsError> {
        let present = self.of_stack(self.present(context.aws).await?);
        let labels: Vec<&str> = present.iter().map(|it| it.label).collect();
        self.remove(context, &labels).await?;
        Ok(Removal::Gone)
    }
}

impl Member for Alarms {
    const PERMISSIONS: &'static [Row] = permissions::ROWS;

    const TRACES: &'static [Trace] = &[
        // They publish on the topic, so they leave the file with it; their own tags show those
        // whose topic somebody deleted.
        Trace::Beside(alarm_topic::ID),
        Trace::Tag {
            resource_type: "cloudwatch:alarm",
            resource: Some(ID.0.name),
            name: topic_of_alarm,
        },
    ];

    const COSTS: fn(&Usage) -> Vec<Service> = price::costs;

    fn wanted(blueprint: &Blueprint<'_>) -> Option<Self> {
        let topic = blueprint.names.alarm_topic.as_ref()?.name.clone();
        let (wanted, stays) = (alarm::of_file(blueprint), !blueprint.is_to_go());
        Some(Self { names: blueprint.names(), topic, wanted, stays })
    }

    fn known_as(names: &Names) -> Option<&str> {
        names.alarm_topic.as_ref().map(|topic| topic.name.as_str())
    }

    fn left(blueprint: &Blueprint<'_>, topic: &str) -> Erased {
        let (names, topic, wanted) = (blueprint.names(), topic.to_owned(), BTreeMap::new());
        Box::new(Self { names, topic, wanted, stays: false })
    }
}

/// The topic that an alarm is named after, from the last part of its ARN.
fn topic_of_alarm(resource: &str) -> Option<&str> {
    let name = resource.strip_prefix("alarm:")?;
    // The longest first, for some end as others do.
    let is_longer = |one: &&&str, other: &&&str| one.len().cmp(&other.len());
    let ends = ALL.iter().filter(|label| name.ends_with(**label));
    name.strip_suffix(*ends.max_by(is_longer)?)?.strip_suffix('-')
}

/// What an emulator without alarms answers.
fn is_unknown(error: &AwsError) -> bool {
    matches!(error.code(), "InvalidAction" | "NotImplemented" | "UnknownOperationException")
        || error.status() == 501
}

fn as_value(alarm: &Alarm) -> Value {
    serde_json::to_value(alarm).unwrap_or_default()
}

fn cloudwatch_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_leads_to_the_topic_that_it_is_named_after() {
        for label in ALL {
            let alarm = format!("alarm:photos-alarms-{label}");
            assert_eq!(topic_of_alarm(&alarm), Some("photos-alarms"), "{label}");
        }
        for other in ["alarm:photos", "insight-rule/errors", "alarm:errors", ""] {
            assert_eq!(topic_of_alarm(other), None, "{other}");
        }
    }
}
