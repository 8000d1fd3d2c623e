//! AWS by hand: the clients with which tests look at the emulator and change things in it.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_cloudfront::types::{
    CachePolicyConfig, CachePolicyType, DistributionList, OriginAccessControlList,
};
use aws_sdk_route53::types::RrType;
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_s3::primitives::ByteStream;
use serde_json::{Value, json};

use crate::emulator::Emulator;
use crate::{Pipeline, REGION};

/// One account, straight at the emulator.
pub struct Clients {
    pub acm: aws_sdk_acm::Client,
    pub cloudfront: aws_sdk_cloudfront::Client,
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    pub iam: aws_sdk_iam::Client,
    pub lambda: aws_sdk_lambda::Client,
    pub logs: aws_sdk_cloudwatchlogs::Client,
    pub route53: aws_sdk_route53::Client,
    pub s3: aws_sdk_s3::Client,
    pub sns: aws_sdk_sns::Client,
    pub sqs: aws_sdk_sqs::Client,
}

impl Clients {
    /// As the root of the account that a key of the emulator stands for.
    pub fn new(emulator: &Emulator, access_key: &str) -> Self {
        Self::at(emulator.port(), (access_key, emulator.secret()))
    }

    /// With a key and its secret, at an emulator on a port of this machine.
    pub fn at(port: u16, (access_key, secret): (&str, &str)) -> Self {
        let credentials = Credentials::new(access_key, secret, None, None, "tests");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(format!("http://127.0.0.1:{port}"))
            .region(Region::new(REGION))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        let s3 = aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build();
        Self {
            acm: aws_sdk_acm::Client::new(&config),
            cloudfront: aws_sdk_cloudfront::Client::new(&config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            iam: aws_sdk_iam::Client::new(&config),
            lambda: aws_sdk_lambda::Client::new(&config),
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            route53: aws_sdk_route53::Client::new(&config),
            s3: aws_sdk_s3::Client::from_conf(s3),
            sns: aws_sdk_sns::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
        }
    }

    /// Everything that the account holds of the kinds that a stack is made of.
    pub async fn inventory(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut add = |kind: &str, name: Option<&str>| {
            found.push(format!("{kind} {}", name.unwrap_or_default()));
        };
        for topic in self.sns.list_topics().send().await.unwrap().topics() {
            add("topic", topic.topic_arn());
        }
        for subscription in self.sns.list_subscriptions().send().await.unwrap().subscriptions() {
            add("subscription", subscription.subscription_arn());
        }
        for queue in self.sqs.list_queues().send().await.unwrap().queue_urls() {
            add("queue", Some(queue));
        }
        for group in self.logs.describe_log_groups().send().await.unwrap().log_groups() {
            add("log group", group.log_group_name());
        }
        for role in self.iam.list_roles().send().await.unwrap().roles() {
            add("role", Some(role.role_name()));
        }
        let scope = aws_sdk_iam::types::PolicyScopeType::Local;
        for policy in self.iam.list_policies().scope(scope).send().await.unwrap().policies() {
            add("policy", policy.policy_name());
        }
        for function in self.lambda.list_functions().send().await.unwrap().functions() {
            add("function", function.function_name());
        }
        let list = self.cloudfront.list_distributions().send().await.unwrap();
        for distribution in list.distribution_list().into_iter().flat_map(DistributionList::items) {
            add("distribution", Some(distribution.comment()));
        }
        let list = self.cloudfront.list_origin_access_controls().send().await.unwrap();
        let list = list.origin_access_control_list();
        for access_control in list.into_iter().flat_map(OriginAccessControlList::items) {
            add("origin access control", Some(access_control.name()));
        }
        let list = self.cloudfront.list_cache_policies().r#type(CachePolicyType::Custom);
        let list = list.send().await.unwrap().cache_policy_list.and_then(|list| list.items);
        for policy in list.into_iter().flatten().filter_map(|summary| summary.cache_policy) {
            add("cache policy", policy.cache_policy_config().map(CachePolicyConfig::name));
        }
        for alarm in self.cloudwatch.describe_alarms().send().await.unwrap().metric_alarms() {
            add("alarm", alarm.alarm_name());
        }
        for certificate in
            self.acm.list_certificates().send().await.unwrap().certificate_summary_list()
        {
            add("certificate", certificate.domain_name());
        }
        for zone in self.route53.list_hosted_zones_by_name().send().await.unwrap().hosted_zones() {
            let list = self.route53.list_resource_record_sets().hosted_zone_id(zone.id());
            for set in list.send().await.unwrap().resource_record_sets() {
                if !matches!(set.r#type(), RrType::Ns | RrType::Soa) {
                    add("record", Some(set.name()));
                }
            }
        }
        for bucket in self.s3.list_buckets().send().await.unwrap().buckets() {
            add("bucket", bucket.name());
        }
        found.sort();
        found
    }
}

/// An object as S3 holds it.
pub struct Object {
    pub bytes: Vec<u8>,
    pub content_type: String,
    pub cache_control: String,
}

impl Pipeline {
    pub async fn upload(&self, key: &str, bytes: &[u8]) {
        let put = self.aws.s3.put_object().bucket(&self.bucket).key(key);
        let put = put.content_type("image/jpeg").body(ByteStream::from(bytes.to_vec()));
        put.send().await.unwrap();
    }

    pub async fn object(&self, key: &str) -> Option<Object> {
        let get = self.aws.s3.get_object().bucket(&self.bucket).key(key).send().await.ok()?;
        Some(Object {
            content_type: get.content_type().unwrap_or_default().to_owned(),
            cache_control: get.cache_control().unwrap_or_default().to_owned(),
            bytes: get.body.collect().await.unwrap().to_vec(),
        })
    }

    /// Every key of the bucket, sorted; `None` without a bucket.
    pub async fn keys(&self) -> Option<Vec<String>> {
        let list = self.aws.s3.list_objects_v2().bucket(&self.bucket).send().await.ok()?;
        Some(list.contents().iter().filter_map(|object| object.key.clone()).collect())
    }

    /// The statements of the bucket's policy; none without a policy.
    pub async fn bucket_statements(&self) -> Vec<Value> {
        let get = self.aws.s3.get_bucket_policy().bucket(&self.bucket).send().await;
        statements(get.ok().and_then(|answer| answer.policy).as_deref())
    }

    pub async fn put_bucket_statements(&self, statements: &[Value]) {
        let put = self.aws.s3.put_bucket_policy().bucket(&self.bucket);
        put.policy(document(statements)).send().await.unwrap();
    }

    pub async fn topic_statements(&self) -> Vec<Value> {
        let get = self.aws.sns.get_topic_attributes().topic_arn(self.topic_arn());
        let attributes = get.send().await.unwrap().attributes.unwrap();
        statements(attributes.get("Policy").map(String::as_str))
    }

    pub async fn put_topic_statements(&self, statements: &[Value]) {
        let put = self.aws.sns.set_topic_attributes().topic_arn(self.topic_arn());
        let put = put.attribute_name("Policy").attribute_value(document(statements));
        put.send().await.unwrap();
    }

    /// The bucket's tags, sorted by key; none without a bucket.
    pub async fn bucket_tags(&self) -> Vec<(String, String)> {
        let get = self.aws.s3.get_bucket_tagging().bucket(&self.bucket).send().await;
        let tags = get.map(|answer| answer.tag_set).unwrap_or_default();
        let mut tags: Vec<_> = tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
        tags.sort();
        tags
    }

    pub async fn put_bucket_tags(&self, tags: &[(String, String)]) {
        use aws_sdk_s3::types::{Tag, Tagging};
        let tags = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
        let tags: Vec<Tag> = tags.map(Result::unwrap).collect();
        let tagging = Tagging::builder().set_tag_set(Some(tags)).build().unwrap();
        let put = self.aws.s3.put_bucket_tagging().bucket(&self.bucket).tagging(tagging);
        put.send().await.unwrap();
    }

    pub async fn queue_url(&self) -> String {
        let get = self.aws.sqs.get_queue_url().queue_name(self.queue()).send().await;
        get.unwrap().queue_url.unwrap()
    }
}

/// A policy document with these statements.
pub fn document(statements: &[Value]) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

/// The statements of a policy document.
pub fn statements(document: Option<&str>) -> Vec<Value> {
    let document: Option<Value> = document.map(|text| serde_json::from_str(text).unwrap());
    match document.map(|document| document["Statement"].clone()) {
        Some(Value::Array(statements)) => statements,
        Some(Value::Null) | None => Vec::new(),
        Some(single) => vec![single],
    }
}

/// The statements without the one with this Sid.
pub fn without(statements: &[Value], sid: &str) -> Vec<Value> {
    let others = statements.iter().filter(|statement| statement["Sid"] != sid);
    others.cloned().collect()
}
