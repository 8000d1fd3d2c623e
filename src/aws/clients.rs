//! The clients of one run: one account, one region, one HTTPS client under all services.

use std::collections::BTreeMap;
use std::env;
use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use tokio::sync::Mutex;

use super::call::{Cause, THROTTLING_STATUSES};
use super::endpoint::Endpoints;
use super::transport::{CA_BUNDLE, Transport};
use super::{AwsError, Calling, settings};
use crate::local::{self, REGION, ROOT_KEY, Running};

/// AWS throttles new accounts hard; the SDKs' own guides advise up to this many attempts for tools
/// (SDKs and Tools Reference Guide, "Retry behavior").
const ATTEMPTS_MAX: u32 = 8;
/// For what should be answered, or not, within seconds: as the first call, which finds out whether
/// there is an AWS at all.
const FEW_ATTEMPTS_MAX: u32 = 3;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long AWS may take to answer, which includes the time to send the request.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_mins(1);

/// Which AWS to talk to, as far as the command line decides it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connection {
    pub(crate) profile: Option<String>,
    pub(crate) region: Option<String>,
    /// The local AWS, where it is asked and not the real one.
    pub(crate) local: Option<Running>,
}

/// Where a certificate must be for CloudFront to take it (Amazon CloudFront Developer Guide,
/// "Requirements for using SSL/TLS certificates with CloudFront").
pub(crate) const CERTIFICATES_REGION: &str = "us-east-1";

/// One service's client.
macro_rules! client {
    ($service:ident, $config:expr) => {
        $service::Client::from_conf(
            $service::config::Builder::from($config).retry_classifier(ThrottlingStatus).build(),
        )
    };
}

/// One account in one region, and the clients to talk to it.
#[derive(Debug)]
pub(crate) struct Aws {
    pub(crate) account: String,
    /// The ARN of whose credentials these are.
    pub(crate) caller: String,
    pub(crate) partition: &'static str,
    pub(crate) region: String,
    pub(crate) endpoints: Endpoints,
    /// For what is signed here and not by a client.
    pub(crate) credentials: Option<SharedCredentialsProvider>,
    /// For addresses that are not AWS's own, such as a distribution's.
    pub(crate) web: SharedHttpConnector,
    /// In the one region whose certificates CloudFront takes.
    pub(crate) acm: aws_sdk_acm::Client,
    pub(crate) cloudfront: aws_sdk_cloudfront::Client,
    pub(crate) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) lambda: aws_sdk_lambda::Client,
    pub(crate) logs: aws_sdk_cloudwatchlogs::Client,
    pub(crate) route53: aws_sdk_route53::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    /// S3's API for whole accounts. It is asked for what is good to know only, and not for long.
    pub(crate) s3control: aws_sdk_s3control::Client,
    pub(crate) sns: aws_sdk_sns::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) tagging: aws_sdk_resourcegroupstagging::Client,
    /// Where `acm` is: the index of tags is one for each region.
    pub(crate) tagging_in_us_east_1: aws_sdk_resourcegroupstagging::Client,
    /// S3 refuses overlapping changes to one bucket's configuration with `OperationAborted`, so
    /// they take turns.
    pub(crate) bucket_configuration: Mutex<()>,
    /// Held from the reading of a bucket's policy to the writing of what was made of it, for more
    /// than one resource has a statement in it.
    pub(crate) bucket_policy: Mutex<()>,
    /// The identifiers of the roles that this run made, by name: IAM may take a while to show them.
    pub(crate) made_roles: Mutex<BTreeMap<String, String>>,
    /// The ARNs of the certificates that this run made, by what they are for: the index of tags may
    /// take a while to show them.
    pub(crate) made_certificates: Mutex<BTreeMap<String, String>>,
}

impl Aws {
    /// Loads credentials and region as every AWS tool does, and asks whose account it is.
    pub(crate) async fn connect(connection: &Connection) -> Result<Self, AwsError> {
        let (transport, config, region) = way(connection).await?;
        let endpoint = |service| settings::endpoint(&config, service);
        let is_gate = connection.local.is_some() || is_local(endpoint("CloudFront")).await;
        let endpoints = Endpoints::new(endpoint("S3"), endpoint("CloudFront"));
        let endpoints = endpoints.with_sns(endpoint("SNS")).behind_gate(is_gate);
        let endpoints = endpoints.with_s3_control(endpoint("S3 Control"));
        let caller = caller(&config).await;
        let caller = caller.map_err(|error| settings::of_unknown_region(&region, error));
        let (account, caller) = caller.map_err(|error| settings::of_profile(connection, error))?;
        let s3 = aws_sdk_s3::config::Builder::from(&config)
            .force_path_style(endpoints.wants_path_style())
            .retry_classifier(ThrottlingStatus)
            .build();
        let acm = aws_sdk_acm::config::Builder::from(&config)
            .region(aws_sdk_acm::config::Region::from_static(CERTIFICATES_REGION))
            .retry_classifier(ThrottlingStatus)
            .build();
        let tagging_in_us_east_1 = aws_sdk_resourcegroupstagging::config::Builder::from(&config)
            .region(Region::from_static(CERTIFICATES_REGION))
            .retry_classifier(ThrottlingStatus)
            .build();
        let s3control = aws_sdk_s3control::config::Builder::from(&config)
            .retry_config(RetryConfig::standard().with_max_attempts(FEW_ATTEMPTS_MAX))
            .build();
        Ok(Self {
            account,
            caller,
            partition: partition(&region),
            region,
            endpoints,
            credentials: config.credentials_provider(),
            web: transport.web(),
            acm: aws_sdk_acm::Client::from_conf(acm),
            cloudfront: client!(aws_sdk_cloudfront, &config),
            cloudwatch: client!(aws_sdk_cloudwatch, &config),
            iam: client!(aws_sdk_iam, &config),
            lambda: client!(aws_sdk_lambda, &config),
            logs: client!(aws_sdk_cloudwatchlogs, &config),
            route53: client!(aws_sdk_route53, &config),
            s3: aws_sdk_s3::Client::from_conf(s3),
            s3control: aws_sdk_s3control::Client::from_conf(s3control),
            sns: client!(aws_sdk_sns, &config),
            sqs: client!(aws_sdk_sqs, &config),
            tagging: client!(aws_sdk_resourcegroupstagging, &config),
            tagging_in_us_east_1: aws_sdk_resourcegroupstagging::Client::from_conf(
                tagging_in_us_east_1,
            ),
            bucket_configuration: Mutex::new(()),
            bucket_policy: Mutex::new(()),
            made_roles: Mutex::default(),
            made_certificates: Mutex::default(),
        })
    }
}

impl Aws {
    /// The domain under which AWS's services of this partition live.
    pub(crate) fn dns_suffix(&self) -> &'static str {
        dns_suffix(self.partition)
    }
}

/// Knows throttling by the status alone. The SDK knows it by error codes, and of statuses only those
/// of servers in trouble, but a gateway in between may answer with a status and no code.
#[derive(Debug)]
struct ThrottlingStatus;

impl ClassifyRetry for ThrottlingStatus {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response().map(|response| response.status().as_u16()) {
            Some(status) if THROTTLING_STATUSES.contains(&status) => {
                RetryAction::throttling_error()
            }
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "throttling by status"
    }
}

/// The way to AWS, with what is set for it, and the region.
pub(super) async fn way(
    connection: &Connection,
) -> Result<(Transport, SdkConfig, String), AwsError> {
    if connection.local.is_none() {
        settings::check_profile(connection.profile.as_deref()).await?;
    }
    let transport = transport(connection).await?;
    let config = load(connection, transport.clone()).await;
    let region = config.region().map(ToString::to_string).ok_or_else(no_region)?;
    settings::check_region(&region)?;
    settings::check_endpoints(&config)?;
    Ok((transport, config, region))
}

/// The way to AWS that the environment and the profile ask for. Nothing of them is between this
/// machine and the local AWS.
async fn transport(connection: &Connection) -> Result<Transport, AwsError> {
    if connection.local.is_some() {
        return Ok(Transport::direct());
    }
    let ca_bundle = ca_bundle(connection).await;
    let transport = Transport::new(&|name| env::var(name).ok(), ca_bundle.as_deref());
    transport.map_err(|unusable| AwsError { call: FIRST_CALL, cause: Cause::Unusable(unusable) })
}

/// The file of certificates to trust. It must be known before anything is sent, so that the profile is
/// read once more for it, without a look for credentials or a region.
async fn ca_bundle(connection: &Connection) -> Option<String> {
    let loader = aws_config::defaults(BehaviorVersion::latest());
    let mut loader = loader.no_credentials().region(Region::from_static(REGION));
    if let Some(profile) = &connection.profile {
        loader = loader.profile_name(profile);
    }
    settings::of_service(&loader.load().await, "S3", CA_BUNDLE)
}

async fn load(connection: &Connection, http: Transport) -> SdkConfig {
    let retries = RetryConfig::adaptive()
        .with_max_attempts(ATTEMPTS_MAX)
        .with_initial_backoff(Duration::from_millis(200));
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .build();
    if let Some(Running { endpoint, secret, .. }) = &connection.local {
        // Nothing of the user's own AWS settings may reach, or be reached from, the local AWS.
        let region = connection.region.clone().unwrap_or_else(|| REGION.to_owned());
        let key = Credentials::new(ROOT_KEY, secret.expose(), None, None, "imgprep --local");
        return SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http)
            .retry_config(retries)
            .timeout_config(timeouts)
            .endpoint_url(endpoint)
            .region(Region::new(region))
            .credentials_provider(SharedCredentialsProvider::new(key))
            .build();
    }
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http.clone())
        .retry_config(retries)
        .timeout_config(timeouts);
    if let Some(region) = &connection.region {
        loader = loader.region(Region::new(region.clone()));
    }
    let Some(profile) = &connection.profile else { return loader.load().await };
    let config = loader.profile_name(profile).load().await;
    let credentials = credentials_of(profile, config.region().cloned(), http);
    let credentials = SharedCredentialsProvider::new(credentials);
    config.into_builder().credentials_provider(credentials).build()
}

/// The credentials of a profile that was asked for; without any in it, those of the container or the
/// instance. By themselves the SDKs prefer those of the environment, which may be another account's; the
/// AWS CLI does not (AWS CLI User Guide, "Authentication and access credentials", precedence).
fn credentials_of(
    profile: &str,
    region: Option<Region>,
    http: Transport,
) -> CredentialsProviderChain {
    let config = ProviderConfig::without_region().with_region(region).with_http_client(http);
    let named = ProfileFileCredentialsProvider::builder().profile_name(profile);
    let container = EcsCredentialsProvider::builder().configure(&config).build();
    let instance = ImdsCredentialsProvider::builder().configure(&config).build();
    CredentialsProviderChain::first_try("Profile", named.configure(&config).build())
        .or_else("EcsContainer", container)
        .or_else("Ec2InstanceMetadata", instance)
}

/// Whether an endpoint of the environment is the local AWS, as `imgprep local env` has it.
async fn is_local(endpoint: Option<String>) -> bool {
    let Some(url) = endpoint else { return false };
    tokio::task::spawn_blocking(move || local::is_at(&url)).await.unwrap_or(false)
}

/// The call that finds out whose account it is, before all others.
pub(super) const FIRST_CALL: &str = "sts:GetCallerIdentity";

async fn caller(config: &SdkConfig) -> Result<(String, String), AwsError> {
    let sts = aws_sdk_sts::config::Builder::from(config)
        .retry_config(RetryConfig::standard().with_max_attempts(FEW_ATTEMPTS_MAX))
        .build();
    let identity = aws_sdk_sts::Client::from_conf(sts)
        .get_caller_identity()
        .send()
        .await
        .calling(FIRST_CALL)?;
    let account = identity
        .account
        .ok_or_else(|| AwsError::request(FIRST_CALL, "AWS did not return an account ID"))?;
    Ok((account, identity.arn.unwrap_or_default()))
}

fn no_region() -> AwsError {
    AwsError::request(FIRST_CALL, NO_REGION)
}

/// The message of the error for a missing region.
pub(crate) const NO_REGION: &str = "no AWS region is set";

/// How the regions of each partition but `aws` begin, and the domain of its services: the list that
/// every SDK carries (`partitions.json`, "Amazon Resource Names (ARNs)" in the IAM User Guide).
const PARTITIONS: [(&str, &str, &str); 7] = [
    ("cn-", "aws-cn", "amazonaws.com.cn"),
    ("eusc-", "aws-eusc", "amazonaws.eu"),
    ("us-gov-", "aws-us-gov", DNS_SUFFIX),
    ("us-iso-", "aws-iso", "c2s.ic.gov"),
    ("us-isob-", "aws-iso-b", "sc2s.sgov.gov"),
    ("eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"),
    ("us-isof-", "aws-iso-f", "csp.hci.ic.gov"),
];
const DNS_SUFFIX: &str = "amazonaws.com";

/// The partition of a region. One that nobody knows yet is of `aws`, where AWS opens most.
pub(crate) fn partition(region: &str) -> &'static str {
    let found = PARTITIONS.iter().find(|(prefix, ..)| region.starts_with(prefix));
    found.map_or("aws", |(_, partition, _)| partition)
}

/// Whether there is a CloudFront in a partition (AWS General Reference, "Amazon CloudFront endpoints
/// and quotas").
pub(crate) fn has_cloudfront(partition: &str) -> bool {
    matches!(partition, "aws" | "aws-cn")
}

pub(super) fn dns_suffix(partition: &str) -> &'static str {
    let found = PARTITIONS.iter().find(|(_, name, _)| *name == partition);
    found.map_or(DNS_SUFFIX, |(.., suffix)| suffix)
}

#[cfg(test)]
pub(super) mod tests {
    use aws_sdk_s3::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};

    use super::*;

    /// A client of Lambda as every run has it, but for its read timeout, that talks to a port of this
    /// machine.
    pub(crate) async fn lambda(port: u16, read_timeout: Duration) -> aws_sdk_lambda::Client {
        let local = Running {
            endpoint: format!("http://127.0.0.1:{port}"),
            secret: "secret".to_owned().into(),
            pid: 0,
            version: String::new(),
        };
        let connection = Connection { local: Some(local), ..Connection::default() };
        let config = load(&connection, Transport::direct()).await.into_builder();
        let timeouts = TimeoutConfig::builder().read_timeout(read_timeout).build();
        client!(aws_sdk_lambda, &config.timeout_config(timeouts).build())
    }

    /// S3's certificate covers one label before `s3`, so that virtual hosts would be of no use to us
    /// for a bucket with dots.
    #[tokio::test]
    async fn the_sdk_puts_a_bucket_with_dots_into_the_path() {
        let address = async |bucket: &str| {
            let parameters = Params::builder().region("eu-central-1").bucket(bucket).build();
            let endpoint = DefaultResolver::new().resolve_endpoint(&parameters.unwrap()).await;
            endpoint.unwrap().url().to_owned()
        };
        let dotted = address("my.photos.example.com").await;
        assert_eq!(dotted, "https://s3.eu-central-1.amazonaws.com/my.photos.example.com");
        assert_eq!(address("my-photos").await, "https://my-photos.s3.eu-central-1.amazonaws.com");
    }

    #[test]
    fn partition_and_domain_follow_from_the_region() {
        let cases = [
            ("us-east-1", "aws", "amazonaws.com"),
            ("us-west-2", "aws", "amazonaws.com"),
            ("eu-central-1", "aws", "amazonaws.com"),
            ("mx-central-1", "aws", "amazonaws.com"),
            ("xx-new-1", "aws", "amazonaws.com"),
            ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
            ("cn-northwest-1", "aws-cn", "amazonaws.com.cn"),
            ("us-gov-east-1", "aws-us-gov", "amazonaws.com"),
            ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
            ("us-iso-east-1", "aws-iso", "c2s.ic.gov"),
            ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
            ("eu-isoe-west-1", "aws-iso-e", "cloud.adc-e.uk"),
            ("us-isof-south-1", "aws-iso-f", "csp.hci.ic.gov"),
            ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
        ];
        for (region, name, suffix) in cases {
            assert_eq!((partition(region), dns_suffix(name)), (name, suffix), "{region}");
        }
    }
}
