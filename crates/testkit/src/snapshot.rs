//! Everything that an account holds of the kinds that a stack is made of, attribute by attribute, as
//! one value that compares between accounts.
//!
//! What AWS numbers itself is left out or given a name, and so are the names of the test.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use aws_sdk_cloudfront::types::{CachePolicyType, DistributionList, OriginAccessControlList};
use aws_sdk_iam::types::PolicyScopeType;
use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::types::{LastUpdateStatus, State};
use aws_sdk_sqs::types::QueueAttributeName;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::clients::Clients;
use crate::{Pipeline, wait_for};

/// Attributes that AWS counts or dates itself.
const COUNTED: [&str; 9] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "SubscriptionArn",
    "SubscriptionsConfirmed",
    "SubscriptionsDeleted",
    "SubscriptionsPending",
];

impl Pipeline {
    /// What the pipeline's account holds.
    pub async fn snapshot(&self) -> Value {
        let aws = &self.aws;
        let mut names = self.given_names();
        let mut value = json!({
            "topics": topics(aws).await,
            "subscriptions": subscriptions(aws).await,
            "buckets": buckets(aws).await,
            "policies": policies(aws).await,
            "roles": roles(aws, &mut names).await,
            "log groups": log_groups(aws).await,
            "queues": queues(aws).await,
            "functions": functions(aws).await,
            "distributions": distributions(aws, &mut names).await,
            "access controls": access_controls(aws, &mut names).await,
        });
        // A stack has several of them or none.
        let alarms = alarms(aws).await;
        if !alarms.is_empty() {
            value["alarms"] = alarms.into();
        }
        renamed(&value, names)
    }

    /// The names of the test, and what stands for them.
    fn given_names(&self) -> Vec<(String, &'static str)> {
        vec![
            (format!("127.0.0.1:{}", self.proxy.port), "PROXY"),
            (format!("localhost:{}", self.proxy.port), "PROXY"),
            (self.role(), "ROLE"),
            (self.policy(), "POLICY"),
            (self.bucket.clone(), "BUCKET"),
            (self.topic.clone(), "TOPIC"),
            (self.function.clone(), "FUNCTION"),
            (self.stack.clone(), "STACK"),
            (self.account.clone(), "ACCOUNT"),
        ]
    }
}

/// Each thing that a stack has one of, which is there more than once or not at all.
pub fn not_one(snapshot: &Value) -> Vec<String> {
    let kinds = snapshot.as_object().unwrap().iter();
    let counted = kinds.map(|(kind, things)| (kind, things.as_array().unwrap().len()));
    counted
        .filter(|(_, count)| *count != 1)
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect()
}

/// The lines that only one of two values has, marked as in a diff.
pub fn difference(expected: &Value, found: &Value) -> String {
    let lines = |value| format!("{value:#}").lines().map(ToOwned::to_owned).collect::<Vec<_>>();
    let (expected, found) = (lines(expected), lines(found));
    let missing = expected.iter().filter(|line| !found.contains(line));
    let missing = missing.map(|line| format!("- {}", line.trim()));
    let extra = found.iter().filter(|line| !expected.contains(line));
    let extra = extra.map(|line| format!("+ {}", line.trim()));
    let differing: Vec<_> = missing.chain(extra).collect();
    if differing.is_empty() {
        "lines in another order or number".to_owned()
    } else {
        differing.join("\n")
    }
}

/// The longest names first, as some are parts of others.
fn renamed(value: &Value, names: Vec<(String, &'static str)>) -> Value {
    let mut names = names;
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    let text =
        names.iter().fold(value.to_string(), |text, (name, stands)| text.replace(name, stands));
    serde_json::from_str(&text).unwrap()
}

/// Every attribute of an SDK's value, also those that nobody thought of.
fn shown(value: &impl Debug) -> Value {
    format!("{value:#?}").lines().collect()
}

/// A policy or another document as a value; all else, numbers too, as text.
fn parsed(text: &str) -> Value {
    let value = serde_json::from_str(text).ok().filter(Value::is_object);
    value.unwrap_or_else(|| text.into())
}

/// Attributes by name without those that AWS counts; documents as values.
fn attributes<'a>(all: impl IntoIterator<Item = (&'a str, &'a str)>) -> Value {
    let kept = all.into_iter().filter(|(name, _)| !COUNTED.contains(name));
    kept.map(|(name, value)| (name.to_owned(), parsed(value)))
        .collect::<BTreeMap<_, _>>()
        .into_iter()
        .collect()
}

fn pairs(all: Option<&HashMap<String, String>>) -> Value {
    let all = all.into_iter().flatten();
    attributes(all.map(|(key, value)| (key.as_str(), value.as_str())))
}

fn sorted(mut values: Vec<Value>) -> Value {
    values.sort_by_cached_key(ToString::to_string);
    values.into()
}

/// Without what CloudWatch says of their states.
async fn alarms(aws: &Clients) -> Vec<Value> {
    let mut all = Vec::new();
    for mut alarm in aws.cloudwatch.describe_alarms().send().await.unwrap().metric_alarms.unwrap() {
        let arn = alarm.alarm_arn.clone().unwrap();
        let tags = aws.cloudwatch.list_tags_for_resource().resource_arn(arn).send().await.unwrap();
        let tags = tags.tags().iter().map(|tag| (tag.key().unwrap(), tag.value().unwrap()));
        let tags: BTreeMap<&str, &str> = tags.collect();
        alarm.alarm_configuration_updated_timestamp = None;
        alarm.state_updated_timestamp = None;
        alarm.state_transitioned_timestamp = None;
        alarm.state_value = None;
        alarm.state_reason = None;
        all.push(json!({ "alarm": shown(&alarm), "tags": tags }));
    }
    all
}

async fn topics(aws: &Clients) -> Value {
    let mut found = Vec::new();
    for topic in aws.sns.list_topics().send().await.unwrap().topics() {
        let arn = topic.topic_arn().unwrap();
        let get = aws.sns.get_topic_attributes().topic_arn(arn).send().await.unwrap();
        let list = aws.sns.list_tags_for_resource().resource_arn(arn).send().await.unwrap();
        let tagged = list.tags().iter().map(|tag| (tag.key(), tag.value()));
        found.push(json!({ "attributes": pairs(get.attributes()), "tags": attributes(tagged) }));
    }
    sorted(found)
}

async fn subscriptions(aws: &Clients) -> Value {
    let mut found = Vec::new();
    for subscription in aws.sns.list_subscriptions().send().await.unwrap().subscriptions() {
        let arn = subscription.subscription_arn().unwrap();
        let get = aws.sns.get_subscription_attributes().subscription_arn(arn).send().await.unwrap();
        found.push(pairs(get.attributes()));
    }
    sorted(found)
}

async fn buckets(aws: &Clients) -> Value {
    let mut found = Vec::new();
    for bucket in aws.s3.list_buckets().send().await.unwrap().buckets() {
        found.push(self::bucket(&aws.s3, bucket.name().unwrap()).await);
    }
    sorted(found)
}

async fn bucket(s3: &aws_sdk_s3::Client, name: &str) -> Value {
    let policy = s3.get_bucket_policy().bucket(name).send().await.ok();
    let tagging = s3.get_bucket_tagging().bucket(name).send().await.ok();
    let tagged = tagging.map(|answer| answer.tag_set).unwrap_or_default();
    let tagged = tagged.iter().map(|tag| (tag.key(), tag.value()));
    let notification = s3.get_bucket_notification_configuration().bucket(name);
    let notification = notification.send().await.unwrap();
    let topics = notification.topic_configurations();
    let queues = notification.queue_configurations();
    let functions = notification.lambda_function_configurations();
    let encryption = s3.get_bucket_encryption().bucket(name).send().await.ok();
    let ownership = s3.get_bucket_ownership_controls().bucket(name).send().await.ok();
    let access = s3.get_public_access_block().bucket(name).send().await.ok();
    let cors = s3.get_bucket_cors().bucket(name).send().await.ok();
    let lifecycle = s3.get_bucket_lifecycle_configuration().bucket(name).send().await.ok();
    let versioning = s3.get_bucket_versioning().bucket(name).send().await.unwrap();
    let objects = s3.list_objects_v2().bucket(name).send().await.unwrap();
    let keys = objects.contents().iter().map(|object| json!([object.key(), object.size()]));
    json!({
        "name": name,
        "policy": policy.and_then(|answer| answer.policy).map(|text| parsed(&text)),
        "tags": attributes(tagged),
        "notification": [shown(&topics), shown(&queues), shown(&functions)],
        "encryption": shown(&encryption.and_then(|it| it.server_side_encryption_configuration)),
        "ownership": shown(&ownership.and_then(|it| it.ownership_controls)),
        "access": shown(&access.and_then(|it| it.public_access_block_configuration)),
        "cors": shown(&cors.and_then(|it| it.cors_rules)),
        "lifecycle": shown(&lifecycle.and_then(|it| it.rules)),
        "versioning": shown(&versioning.status()),
        "keys": keys.collect::<Vec<_>>(),
    })
}

fn decoded(document: Option<&str>) -> Value {
    parsed(&percent_decode_str(document.unwrap_or_default()).decode_utf8().unwrap())
}

async fn policies(aws: &Clients) -> Value {
    let mut found = Vec::new();
    let list = aws.iam.list_policies().scope(PolicyScopeType::Local).send().await.unwrap();
    for policy in list.policies() {
        let arn = policy.arn().unwrap();
        let get = aws.iam.get_policy().policy_arn(arn).send().await.unwrap().policy.unwrap();
        let version = aws.iam.get_policy_version().policy_arn(arn);
        let version = version.set_version_id(get.default_version_id.clone()).send().await.unwrap();
        let version = version.policy_version.unwrap();
        let tagged = get.tags().iter().map(|tag| (tag.key(), tag.value()));
        found.push(json!({
            "arn": arn,
            "description": get.description(),
            "attached": get.attachment_count(),
            "document": decoded(version.document()),
            "tags": attributes(tagged),
        }));
    }
    sorted(found)
}

/// Their identifiers go to `names`: the function's tag remembers that of its role.
async fn roles(aws: &Clients, names: &mut Vec<(String, &'static str)>) -> Value {
    let mut found = Vec::new();
    for role in aws.iam.list_roles().send().await.unwrap().roles() {
        let name = role.role_name();
        let get = aws.iam.get_role().role_name(name).send().await.unwrap().role.unwrap();
        let attached = aws.iam.list_attached_role_policies().role_name(name).send().await.unwrap();
        let attached = attached.attached_policies().iter().map(|policy| policy.policy_arn());
        names.push((get.role_id.clone(), "ROLE_ID"));
        let inline = aws.iam.list_role_policies().role_name(name).send().await.unwrap();
        let tagged = get.tags().iter().map(|tag| (tag.key(), tag.value()));
        found.push(json!({
            "arn": get.arn(),
            "description": get.description(),
            "trust": decoded(get.assume_role_policy_document()),
            "attached": attached.collect::<Vec<_>>(),
            "inline": inline.policy_names(),
            "tags": attributes(tagged),
        }));
    }
    sorted(found)
}

async fn log_groups(aws: &Clients) -> Value {
    let mut found = Vec::new();
    for group in aws.logs.describe_log_groups().send().await.unwrap().log_groups() {
        let arn = group.arn().unwrap().trim_end_matches(":*");
        let list = aws.logs.list_tags_for_resource().resource_arn(arn).send().await.unwrap();
        found.push(json!({
            "arn": arn,
            "retention": group.retention_in_days(),
            "tags": pairs(list.tags()),
        }));
    }
    sorted(found)
}

async fn queues(aws: &Clients) -> Value {
    let mut found = Vec::new();
    for url in aws.sqs.list_queues().send().await.unwrap().queue_urls() {
        let get = aws.sqs.get_queue_attributes().queue_url(url);
        let get = get.attribute_names(QueueAttributeName::All).send().await.unwrap();
        let all = get.attributes().into_iter().flatten();
        let all = all.map(|(name, value)| (name.as_str(), value.as_str()));
        let list = aws.sqs.list_queue_tags().queue_url(url).send().await.unwrap();
        found.push(json!({ "attributes": attributes(all), "tags": pairs(list.tags()) }));
    }
    sorted(found)
}

async fn functions(aws: &Clients) -> Value {
    let mut found = Vec::new();
    for function in aws.lambda.list_functions().send().await.unwrap().functions() {
        let name = function.function_name().unwrap();
        let get = settled(aws, name).await;
        let mut configuration = get.configuration.clone().unwrap();
        let environment = configuration.environment.take().and_then(|all| all.variables);
        configuration.last_modified = None;
        configuration.revision_id = None;
        let events = aws.lambda.get_function_event_invoke_config().function_name(name).send().await;
        let events = events.ok();
        let policy = aws.lambda.get_policy().function_name(name).send().await.ok();
        found.push(json!({
            "configuration": shown(&configuration),
            "environment": pairs(environment.as_ref()),
            "concurrency": shown(&get.concurrency()),
            "events": events.map(|all| shown(&(all.maximum_retry_attempts, all.destination_config))),
            "policy": policy.and_then(|answer| answer.policy).map(|text| parsed(&text)),
            "tags": pairs(get.tags()),
        }));
    }
    sorted(found)
}

/// A function once Lambda has finished with it.
async fn settled(aws: &Clients, name: &str) -> GetFunctionOutput {
    wait_for("the end of the function's update", async || {
        let get = aws.lambda.get_function().function_name(name).send().await.unwrap();
        let now = get.configuration()?;
        let is_ready = now.state() == Some(&State::Active)
            && now.last_update_status() == Some(&LastUpdateStatus::Successful);
        is_ready.then_some(get)
    })
    .await
}

/// Their identifiers and domains go to `names`.
async fn distributions(aws: &Clients, names: &mut Vec<(String, &'static str)>) -> Value {
    let mut found = Vec::new();
    let policies = cache_policies(aws, names).await;
    let list = aws.cloudfront.list_distributions().send().await.unwrap().distribution_list;
    for distribution in list.iter().flat_map(DistributionList::items) {
        names.push((distribution.id().to_owned(), "DISTRIBUTION"));
        let domain = distribution.domain_name();
        let label = domain.split('.').next().unwrap_or(domain);
        names.extend([(domain.to_owned(), "DOMAIN"), (label.to_owned(), "LABEL")]);
        let get = aws.cloudfront.get_distribution_config().id(distribution.id());
        let mut config = get.send().await.unwrap().distribution_config.unwrap();
        // It only tells one making of a distribution from another.
        config.caller_reference.clear();
        let list = aws.cloudfront.list_tags_for_resource().resource(distribution.arn());
        let list = list.send().await.unwrap().tags.unwrap();
        let tagged = list.items().iter().map(|tag| (tag.key(), tag.value().unwrap_or_default()));
        found.push(json!({
            "comment": distribution.comment(),
            "config": shown(&config),
            "tags": attributes(tagged),
            "cache policies": policies,
        }));
    }
    sorted(found)
}

/// Those of the account's own, of which a stack has one or none. Their identifiers go to `names`.
async fn cache_policies(aws: &Clients, names: &mut Vec<(String, &'static str)>) -> Value {
    let list = aws.cloudfront.list_cache_policies().r#type(CachePolicyType::Custom);
    let list = list.send().await.unwrap().cache_policy_list.and_then(|list| list.items);
    let all = list.into_iter().flatten().filter_map(|summary| summary.cache_policy);
    let found = all.map(|policy| {
        names.push((policy.id().to_owned(), "CACHE_POLICY"));
        shown(&policy.cache_policy_config())
    });
    sorted(found.collect())
}

/// Their identifiers go to `names`.
async fn access_controls(aws: &Clients, names: &mut Vec<(String, &'static str)>) -> Value {
    let list = aws.cloudfront.list_origin_access_controls().send().await.unwrap();
    let list = list.origin_access_control_list;
    let items = list.iter().flat_map(OriginAccessControlList::items);
    let found = items.map(|control| {
        names.push((control.id().to_owned(), "ACCESS_CONTROL"));
        shown(control)
    });
    sorted(found.collect())
}
