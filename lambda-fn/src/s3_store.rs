//! The [`Store`] on AWS. It translates and decides nothing.
//!
//! Lambda hands over credentials, region and everything else in the environment, so there are no
//! profiles to read and no metadata service to ask: the clients are ready in a millisecond.

use std::{env, time::Duration};

use aws_sdk_s3::{
    config::{
        BehaviorVersion, Credentials, Region, SharedHttpClient, retry::RetryConfig,
        timeout::TimeoutConfig,
    },
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
    primitives::ByteStream,
    types::ObjectCannedAcl,
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};

use crate::{
    invalidation::Invalidator,
    settings::Settings,
    store::{Fetched, Object, Original, Store, StoreError},
};

/// A function has seconds, not minutes: what does not answer is asked again soon.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(2);
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);
const ATTEMPTS_MAX: u32 = 3;

/// The bucket of the stack and, if variants are invalidated, the CDN.
#[derive(Debug)]
pub struct S3Store {
    s3: aws_sdk_s3::Client,
    /// Made only where it is used: reading the trusted certificates takes time.
    invalidator: Option<Invalidator>,
    bucket: String,
}

/// A variable that Lambda always sets is missing.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not set")]
pub struct MissingVariable(&'static str);

impl S3Store {
    /// Makes the clients from what the environment says.
    pub fn from_environment(settings: &Settings) -> Result<Self, MissingVariable> {
        let variable = |name| env::var(name).map_err(|_| MissingVariable(name));
        let region = variable("AWS_REGION")?;
        let credentials = Credentials::new(
            variable("AWS_ACCESS_KEY_ID")?,
            variable("AWS_SECRET_ACCESS_KEY")?,
            env::var("AWS_SESSION_TOKEN").ok(),
            None,
            "lambda",
        );
        let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let invalidator = settings.invalidate.is_some().then(|| {
            let endpoint = endpoint("AWS_ENDPOINT_URL_CLOUDFRONT");
            Invalidator::new(&region, endpoint, credentials.clone())
        });
        let s3 = s3_client(Region::new(region), credentials, http);
        Ok(Self { s3, invalidator, bucket: settings.bucket.clone() })
    }
}

fn s3_client(
    region: Region,
    credentials: Credentials,
    http: SharedHttpClient,
) -> aws_sdk_s3::Client {
    let endpoint = endpoint("AWS_ENDPOINT_URL_S3");
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIME_MAX)
        .read_timeout(ANSWER_TIME_MAX)
        .build();
    let mut config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region)
        .credentials_provider(credentials)
        .http_client(http)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX))
        .timeout_config(timeouts)
        // Emulators and proxies have no host name for every bucket.
        .force_path_style(endpoint.is_some());
    config.set_endpoint_url(endpoint);
    aws_sdk_s3::Client::from_conf(config.build())
}

/// The endpoint of one service, or the one of all.
fn endpoint(service_variable: &str) -> Option<String> {
    let set = |name| env::var(name).ok().filter(|url| !url.is_empty());
    set(service_variable).or_else(|| set("AWS_ENDPOINT_URL"))
}

impl Store for S3Store {
    async fn get(&self, key: &str, bytes_max: u64) -> Result<Fetched, StoreError> {
        const CALL: &str = "s3:GetObject";
        let answer = self.s3.get_object().bucket(&self.bucket).key(key).send().await;
        let mut object = match answer {
            Ok(object) => object,
            Err(error) if is_missing(&error) => return Ok(Fetched::Missing),
            Err(error) => return Err(failed(CALL, &error)),
        };
        let etag = object.e_tag.as_deref().map(bare_etag);
        let size = object.content_length.and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
        if size > bytes_max {
            // Leaving it here closes the connection instead of downloading the rest.
            return Ok(Fetched::TooLarge { size, etag });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        while let Some(chunk) = object.body.next().await {
            let chunk = chunk.map_err(|error| StoreError {
                call: CALL,
                code: "incomplete body".to_owned(),
                message: DisplayErrorContext(&error).to_string(),
            })?;
            bytes.extend_from_slice(&chunk);
        }
        Ok(Fetched::Original(Original { bytes, etag, content_type: object.content_type }))
    }

    async fn etag(&self, key: &str) -> Result<Option<String>, StoreError> {
        match self.s3.head_object().bucket(&self.bucket).key(key).send().await {
            Ok(head) => Ok(Some(head.e_tag.as_deref().map(bare_etag).unwrap_or_default())),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(failed("s3:GetObject (HEAD)", &error)),
        }
    }

    async fn put(&self, object: Object) -> Result<(), StoreError> {
        let put = self.s3.put_object().bucket(&self.bucket).key(object.key);
        let put = put.content_type(object.content_type).set_cache_control(object.cache_control);
        // Buckets with ACLs disabled, which is the rule, refuse any other request for one.
        let acl = object.public.then_some(ObjectCannedAcl::PublicRead);
        let answer = put.set_acl(acl).body(ByteStream::from(object.bytes)).send().await;
        answer.map(drop).map_err(|error| failed("s3:PutObject", &error))
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let answer = self.s3.delete_object().bucket(&self.bucket).key(key).send().await;
        answer.map(drop).map_err(|error| failed("s3:DeleteObject", &error))
    }

    async fn invalidate(
        &self,
        distribution: &str,
        keys: &[String],
        reference: &str,
    ) -> Result<(), StoreError> {
        match &self.invalidator {
            Some(invalidator) => invalidator.invalidate(distribution, keys, reference).await,
            // Settings without a distribution never get here.
            None => Ok(()),
        }
    }
}

/// Without its quotes, as events have it.
fn bare_etag(etag: &str) -> String {
    etag.trim_matches('"').to_owned()
}

/// A missing key answers `NoSuchKey` to GET; HEAD has no body to say so and is just not found.
fn is_missing<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    matches!(code, Some("NoSuchKey" | "NotFound"))
}

fn failed<E>(call: &'static str, error: &SdkError<E>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let service = error.as_service_error();
    let code = service.and_then(ProvideErrorMetadata::code).map(str::to_owned);
    let message = service.and_then(ProvideErrorMetadata::message).map(str::to_owned);
    StoreError {
        call,
        code: code.or_else(|| status.map(|status| format!("HTTP {status}"))).unwrap_or_else(|| {
            match error {
                SdkError::TimeoutError(_) => "timeout".to_owned(),
                SdkError::DispatchFailure(_) => "no connection".to_owned(),
                _ => "no answer".to_owned(),
            }
        }),
        // The error's own text is only "service error"; its sources say more.
        message: message.unwrap_or_else(|| DisplayErrorContext(error).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etags_lose_their_quotes() {
        assert_eq!(bare_etag("\"0a1b\""), "0a1b");
    }
}
