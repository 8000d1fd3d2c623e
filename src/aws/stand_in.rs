//! An AWS for unit tests, which refuses every call at once and without a network.

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use tokio::sync::Mutex;

use super::Aws;
use super::endpoint::Endpoints;

/// Answers every call with a status for which no SDK tries again.
#[derive(Debug)]
struct Refusing;

impl HttpConnector for Refusing {
    fn call(&self, _request: HttpRequest) -> HttpConnectorFuture {
        let status = 400.try_into().expect("it is a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::empty())))
    }
}

fn refusing() -> SharedHttpClient {
    http_client_fn(|_, _| SharedHttpConnector::new(Refusing))
}

impl Aws {
    /// The account 123456789012 in us-east-1.
    pub(crate) fn stand_in() -> Self {
        let key = Credentials::new("key", "secret", None, None, "a unit test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(refusing())
            .retry_config(RetryConfig::disabled())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(key))
            .build();
        Self {
            account: "123456789012".to_owned(),
            caller: "arn:aws:iam::123456789012:user/tester".to_owned(),
            partition: "aws",
            region: "us-east-1".to_owned(),
            endpoints: Endpoints::default(),
            credentials: config.credentials_provider(),
            web: SharedHttpConnector::new(Refusing),
            acm: aws_sdk_acm::Client::new(&config),
            cloudfront: aws_sdk_cloudfront::Client::new(&config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            iam: aws_sdk_iam::Client::new(&config),
            lambda: aws_sdk_lambda::Client::new(&config),
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            route53: aws_sdk_route53::Client::new(&config),
            s3: aws_sdk_s3::Client::new(&config),
            s3control: aws_sdk_s3control::Client::new(&config),
            sns: aws_sdk_sns::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
            tagging: aws_sdk_resourcegroupstagging::Client::new(&config),
            tagging_in_us_east_1: aws_sdk_resourcegroupstagging::Client::new(&config),
            bucket_configuration: Mutex::new(()),
            bucket_policy: Mutex::new(()),
            made_roles: Mutex::default(),
            made_certificates: Mutex::default(),
        }
    }
}
