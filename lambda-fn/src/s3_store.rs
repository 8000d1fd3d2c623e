//! The [`Store`] on AWS. It translates and decides nothing.
//!
//! Lambda hands over credentials, region and everything else in the environment, so there are no
//! profiles to read and no metadata service to ask: the clients are ready in a millisecond.

use std::{collections::HashMap, env, error::Error, time::Duration};

use aws_sdk_s3::{
    config::{
        BehaviorVersion, Credentials, Region, SharedHttpClient, retry::RetryConfig,
        timeout::TimeoutConfig,
    },
    error::{ProvideErrorMetadata, SdkError},
    operation::{get_object::GetObjectError, head_object::HeadObjectOutput},
    primitives::ByteStream,
    types::{IntelligentTieringAccessTier, ObjectCannedAcl, StorageClass},
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use contract::address::bare_etag;
use contract::framing::{Framing, Senseless};
use contract::message::Message;
use contract::settings::{SETTINGS_METADATA, SIZE_METADATA, SOURCE_METADATA, Settings};

use crate::{
    announcement::Announcer,
    causes::with_causes,
    invalidation::Invalidator,
    store::{
        Fetched, Head, KeyDenial, Object, Origin, Original, Outlook, Store, StoreError, Withheld,
    },
};

/// A function has seconds, not minutes: what does not answer is asked again soon.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(2);
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

/// Codes of answers that blame the request and yet are gone a moment later, beside those with a
/// status of 5xx or 429: "List of error codes" in the Amazon S3 API Reference.
const PASSING_CODES: [&str; 6] = [
    "ConditionalRequestConflict",
    "OperationAborted",
    "RequestTimeTooSkewed",
    "RequestTimeout",
    "SlowDown",
    "Throttling",
];

/// The bucket of the stack and, if variants are invalidated, the CDN.
#[derive(Debug)]
pub struct S3Store {
    s3: aws_sdk_s3::Client,
    /// Made only where they are used: reading the trusted certificates takes time.
    invalidator: Option<Invalidator>,
    announcer: Option<Announcer>,
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
        let announcer = settings.notify.is_some().then(|| {
            let endpoint = endpoint("AWS_ENDPOINT_URL_SNS");
            Announcer::new(&region, endpoint.as_deref(), credentials.clone())
        });
        let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let invalidator = settings.invalidate.is_some().then(|| {
            let endpoint = endpoint("AWS_ENDPOINT_URL_CLOUDFRONT");
            Invalidator::new(&region, endpoint.as_deref(), credentials.clone())
        });
        let endpoint = endpoint("AWS_ENDPOINT_URL_S3");
        let s3 = s3_client(Region::new(region), credentials, http, endpoint);
        Ok(Self { s3, invalidator, announcer, bucket: settings.bucket.clone() })
    }
}

fn s3_client(
    region: Region,
    credentials: Credentials,
    http: SharedHttpClient,
    endpoint: Option<String>,
) -> aws_sdk_s3::Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIME_MAX)
        .read_timeout(ANSWER_TIME_MAX)
        .build();
    let mut config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region)
        .credentials_provider(credentials)
        .http_client(http)
        // `patience` tries again: it knows how much time is left.
        .retry_config(RetryConfig::disabled())
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
            Err(error) => {
                let withheld = withheld(&error).map(Fetched::Withheld);
                return withheld.ok_or_else(|| self.failed(CALL, key, &error));
            }
        };
        let etag = object.e_tag.as_deref().map(bare_etag).map(ToOwned::to_owned);
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
                message: with_causes(&error),
                outlook: Outlook::Passing,
            })?;
            bytes.extend_from_slice(&chunk);
        }
        let (framing, senseless) = framing(object.metadata.as_ref());
        let content_type = object.content_type;
        Ok(Fetched::Original(Original { bytes, etag, content_type, framing, senseless }))
    }

    async fn head(&self, key: &str) -> Result<Option<Head>, StoreError> {
        match self.s3.head_object().bucket(&self.bucket).key(key).send().await {
            Ok(head) => Ok(Some(Head {
                etag: head.e_tag.as_deref().map(bare_etag).unwrap_or_default().to_owned(),
                size: head.content_length.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
                origin: origin(&head),
                framing: framing(head.metadata()).0,
            })),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(self.failed("s3:GetObject", key, &error)),
        }
    }

    async fn put(&self, object: &Object) -> Result<String, StoreError> {
        let put = self.s3.put_object().bucket(&self.bucket).key(&object.key);
        let put = put.content_type(object.content_type);
        let put = put.set_cache_control(object.cache_control.clone());
        let put = match &object.origin {
            Some(Origin { source, settings }) => {
                put.metadata(SOURCE_METADATA, source).metadata(SETTINGS_METADATA, settings)
            }
            None => put,
        };
        let put = match object.size {
            Some((width, height)) => put.metadata(SIZE_METADATA, format!("{width}x{height}")),
            None => put,
        };
        // Buckets with ACLs disabled, which is the rule, refuse any other request for one.
        let acl = object.public.then_some(ObjectCannedAcl::PublicRead);
        let body = ByteStream::from(object.bytes.clone());
        let answer = put.set_acl(acl).body(body).send().await;
        let answer = answer.map_err(|error| self.failed("s3:PutObject", &object.key, &error))?;
        Ok(answer.e_tag.as_deref().map(bare_etag).unwrap_or_default().to_owned())
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let answer = self.s3.delete_object().bucket(&self.bucket).key(key).send().await;
        answer.map(drop).map_err(|error| self.failed("s3:DeleteObject", key, &error))
    }

    async fn announce(&self, topic: &str, message: &Message) -> Result<(), StoreError> {
        match &self.announcer {
            Some(announcer) => announcer.announce(topic, message).await,
            // Settings without a topic never get here.
            None => Ok(()),
        }
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

/// A missing key answers `NoSuchKey` to GET; HEAD has no body to say so and is just not found.
fn is_missing<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    matches!(code, Some("NoSuchKey" | "NotFound"))
}

/// Whether S3 has an object and does not hand it out: "Errors" of `GetObject` in the Amazon S3 API
/// Reference. HEAD is answered all the same.
fn withheld(error: &SdkError<GetObjectError>) -> Option<Withheld> {
    match error.as_service_error()? {
        GetObjectError::InvalidObjectState(state) => {
            let class = state.storage_class().map(StorageClass::as_str);
            let tier = state.access_tier().map(IntelligentTieringAccessTier::as_str);
            let named = [class, tier].into_iter().flatten().map(str::to_owned);
            Some(Withheld::Archived(named.collect()))
        }
        denied if denied.code() == Some("AccessDenied") => {
            denied.message().and_then(KeyDenial::read).map(Withheld::Encrypted)
        }
        _ => None,
    }
}

/// What a variant says of where it comes from, if it was written by a function that says so.
fn origin(head: &HeadObjectOutput) -> Option<Origin> {
    let metadata = head.metadata()?;
    let text = |name| metadata.get(name).cloned();
    Some(Origin { source: text(SOURCE_METADATA)?, settings: text(SETTINGS_METADATA)? })
}

/// What the uploader said of an original's composition, and what of that makes no sense.
fn framing(metadata: Option<&HashMap<String, String>>) -> (Framing, Vec<Senseless>) {
    Framing::read(|name| metadata?.get(name).map(String::as_str))
}

impl S3Store {
    fn failed<E>(&self, call: &'static str, key: &str, error: &SdkError<E>) -> StoreError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let service = error.as_service_error();
        let code = service.and_then(ProvideErrorMetadata::code).map(str::to_owned);
        let message = service.and_then(ProvideErrorMetadata::message).map(str::to_owned);
        let message = message.unwrap_or_else(|| with_causes(error));
        let is_denied =
            code.as_deref().map_or(status == Some(403), |code| code.starts_with("AccessDenied"));
        let message = if is_denied { self.denied(call, key, &message) } else { message };
        let outlook = outlook(status, code.as_deref());
        let code = code.or_else(|| status.map(|status| format!("HTTP {status}")));
        let code = code.unwrap_or_else(|| match error {
            SdkError::TimeoutError(_) => "timeout".to_owned(),
            SdkError::DispatchFailure(_) => "no connection".to_owned(),
            _ => "no answer".to_owned(),
        });
        StoreError { call, code, message, outlook }
    }

    /// Says which permission is missing where; `imgprep up` gives the function all that it needs, but
    /// for the keys of others.
    fn denied(&self, call: &str, key: &str, message: &str) -> String {
        if let Some(denial) = KeyDenial::read(message) {
            return denial.to_string();
        }
        let bucket = &self.bucket;
        // S3 says so of a missing key as well where the listing of its folder is not allowed.
        let listing = match call {
            "s3:GetObject" => {
                format!(", or `s3:ListBucket` on `{bucket}` if there is no such object")
            }
            _ => String::new(),
        };
        format!(
            "{message}; the function's role lacks `{call}` on `{bucket}/{key}`{listing}, or a \
             policy denies it: `imgprep up` repairs the role"
        )
    }
}

/// What an answer, or its absence, lets expect.
fn outlook(status: Option<u16>, code: Option<&str>) -> Outlook {
    let is_passing = match (status, code) {
        (None | Some(429 | 500..), _) => true,
        (_, Some(code)) => PASSING_CODES.iter().any(|passing| code.starts_with(passing)),
        (_, None) => false,
    };
    if is_passing { Outlook::Passing } else { Outlook::Lasting }
}

#[cfg(test)]
mod tests;
