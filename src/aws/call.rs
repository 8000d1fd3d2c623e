//! The outcome of one AWS call, reduced to what decisions and messages need.
//!
//! `SdkError`'s own text is only "service error", so nothing here or elsewhere shows or compares
//! it: the code and the message that AWS sent are taken out once.

use std::fmt;
use std::time::SystemTime;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::clock::{self, Skew};
use super::denial::Denial;

/// "Too many requests", and "bandwidth limit exceeded".
pub(crate) const THROTTLING_STATUSES: [u16; 2] = [429, 509];

/// One AWS call that did not succeed.
#[derive(Clone, Debug)]
pub(crate) struct AwsError {
    /// The call as IAM names it, such as `sns:CreateTopic`: also the permission to ask for.
    pub(crate) call: &'static str,
    pub(crate) cause: Cause,
}

/// Why an AWS call did not succeed.
#[derive(Clone, Debug)]
pub(crate) enum Cause {
    /// AWS answered with an error.
    Answer { code: String, message: String, status: u16 },
    /// The call never reached AWS, or its answer never came back.
    Connection(String),
    /// No call could be made: there are no usable credentials, or a value AWS cannot take.
    Request(String),
    /// A bounded wait ended without the state that was waited for.
    Wait(String),
    /// The user asked to stop before the end of a wait.
    Interrupted,
    /// What the call was for is gone, though it was there when the plan was made.
    Vanished(String),
    /// No call was made for an edit of the plan, which is a fault of imgprep's own.
    Unapplied(String),
    /// AWS refused the time at which a request was signed, whatever its code says.
    Clock { code: String, skew: Skew },
    /// No call could be made as a setting of the environment asks for.
    Unusable(Unusable),
}

/// A setting that no use can be made of.
#[derive(Clone, Debug)]
pub(crate) struct Unusable {
    /// What it is called: a variable, an option, a key of a profile.
    pub(crate) setting: &'static str,
    pub(crate) why: String,
    /// What to do about it.
    pub(crate) hint: String,
}

impl AwsError {
    pub(crate) fn wait(call: &'static str, message: impl Into<String>) -> Self {
        Self { call, cause: Cause::Wait(message.into()) }
    }

    pub(crate) fn interrupted(call: &'static str) -> Self {
        Self { call, cause: Cause::Interrupted }
    }

    pub(crate) fn request(call: &'static str, message: impl Into<String>) -> Self {
        Self { call, cause: Cause::Request(message.into()) }
    }

    pub(crate) fn connection(call: &'static str, message: impl Into<String>) -> Self {
        Self { call, cause: Cause::Connection(message.into()) }
    }

    pub(crate) fn vanished(call: &'static str, message: impl Into<String>) -> Self {
        Self { call, cause: Cause::Vanished(message.into()) }
    }

    /// What AWS answered to one part of a call that succeeded for the rest.
    pub(crate) fn answer(call: &'static str, code: &str, message: &str) -> Self {
        let (code, message) = (code.to_owned(), message.to_owned());
        Self { call, cause: Cause::Answer { code, message, status: 200 } }
    }

    /// Edits of a plan that no call was made for, by their paths.
    pub(crate) fn unapplied(paths: &[&str]) -> Self {
        let paths: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
        let message = format!("not applied: {}", paths.join(", "));
        Self { call: "imgprep", cause: Cause::Unapplied(message) }
    }

    /// The error code that AWS sent, or "" where it sent none.
    pub(crate) fn code(&self) -> &str {
        match &self.cause {
            Cause::Answer { code, .. } | Cause::Clock { code, .. } => code,
            _ => "",
        }
    }

    pub(crate) fn message(&self) -> &str {
        match &self.cause {
            Cause::Answer { message, .. }
            | Cause::Connection(message)
            | Cause::Request(message)
            | Cause::Wait(message)
            | Cause::Vanished(message)
            | Cause::Unapplied(message)
            | Cause::Unusable(Unusable { why: message, .. }) => message,
            Cause::Clock { .. } | Cause::Interrupted => "",
        }
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        matches!(self.cause, Cause::Interrupted)
    }

    pub(crate) fn status(&self) -> u16 {
        match &self.cause {
            Cause::Answer { status, .. } => *status,
            _ => 0,
        }
    }

    /// Whether AWS said that the thing asked for is not there.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(
            self.code(),
            "NotFound"
                | "NotFoundException"
                | "404"
                | "ResourceNotFound"
                | "NoSuchBucket"
                | "NoSuchKey"
                | "NoSuchEntity"
                | "NoSuchEntityException"
                | "ResourceNotFoundException"
                | "QueueDoesNotExist"
                | "AWS.SimpleQueueService.NonExistentQueue"
                | "NoSuchCachePolicy"
                | "NoSuchDistribution"
                | "NoSuchHostedZone"
                | "NoSuchOriginAccessControl"
                | "NoSuchResource"
                | "NoSuchBucketPolicy"
                | "NoSuchCORSConfiguration"
                | "NoSuchLifecycleConfiguration"
                | "NoSuchTagSet"
                | "NoSuchTagSetError"
                | "NoSuchPublicAccessBlockConfiguration"
                | "OwnershipControlsNotFoundError"
                | "ServerSideEncryptionConfigurationNotFoundError"
        ) || (self.code().is_empty() && self.status() == 404)
    }

    /// Whether the caller lacks a permission.
    pub(crate) fn is_denied(&self) -> bool {
        if self.is_wrong_clock() {
            return false;
        }
        matches!(
            self.code(),
            "AccessDenied"
                | "AccessDeniedException"
                | "AuthorizationError"
                | "AuthorizationErrorException"
                | "UnauthorizedOperation"
                | "Forbidden"
        ) || self.status() == 403 && !self.is_bad_credentials()
    }

    /// The permission that the caller lacks. AWS often names it, and it need not be the call's own:
    /// to make a function takes `iam:PassRole`, say.
    pub(crate) fn missing_permission(&self) -> String {
        let named = self.message().split("not authorized to perform: ").nth(1);
        let named = named.and_then(|rest| rest.split_whitespace().next());
        match named.and_then(|action| action.trim_end_matches(['.', ',']).split_once(':')) {
            Some((service, action)) => format!("{}:{action}", service.to_lowercase()),
            None => self.call.to_owned(),
        }
    }

    /// How the caller was denied it.
    pub(crate) fn denial(&self) -> Denial {
        Denial::of(self.message())
    }

    /// Whether this machine's clock is the reason.
    pub(crate) fn is_wrong_clock(&self) -> bool {
        matches!(self.cause, Cause::Clock { .. }) || clock::is_about_time(self.code())
    }

    /// Whether AWS wants fewer calls, also after the SDK's own retries.
    pub(crate) fn is_throttled(&self) -> bool {
        let code = self.code();
        code.contains("Throttl")
            || code.starts_with("TooManyRequests")
            || matches!(
                code,
                "BandwidthLimitExceeded"
                    | "PriorRequestNotComplete"
                    | "RequestLimitExceeded"
                    | "ServiceUnavailable"
                    | "SlowDown"
            )
            || THROTTLING_STATUSES.contains(&self.status())
    }

    /// The same error with what was found out about it.
    #[must_use]
    pub(crate) fn explained(mut self, why: &str) -> Self {
        if let Cause::Answer { message, .. } = &mut self.cause {
            *message = format!("{}; {why}", message.trim_end_matches('.'));
        }
        self
    }

    /// Whether AWS refused the credentials themselves.
    pub(crate) fn is_bad_credentials(&self) -> bool {
        if self.is_wrong_clock() {
            return false;
        }
        matches!(
            self.code(),
            "ExpiredToken"
                | "ExpiredTokenException"
                | "InvalidClientTokenId"
                | "InvalidAccessKeyId"
                | "UnrecognizedClientException"
                | "SignatureDoesNotMatch"
                | "InvalidSignatureException"
                | "AuthFailure"
                | "InvalidToken"
        )
    }

    /// Whether AWS's message contains `fragment`, in any case of letters.
    pub(crate) fn says(&self, fragment: &str) -> bool {
        self.message().to_lowercase().contains(&fragment.to_lowercase())
    }
}

impl fmt::Display for AwsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", self.call)?;
        match &self.cause {
            Cause::Answer { code, message, status } => match (code.as_str(), message.as_str()) {
                ("", "") if (200..300).contains(status) => {
                    write!(formatter, "AWS's answer (status {status}) cannot be read")
                }
                ("", "") => write!(formatter, "AWS answered with status {status}"),
                (code, "") => formatter.write_str(code),
                ("", message) => formatter.write_str(message),
                (code, message) => write!(formatter, "{code}: {message}"),
            },
            Cause::Connection(message)
            | Cause::Request(message)
            | Cause::Wait(message)
            | Cause::Vanished(message)
            | Cause::Unapplied(message)
            | Cause::Unusable(Unusable { why: message, .. }) => formatter.write_str(message),
            Cause::Interrupted => formatter.write_str("interrupted"),
            Cause::Clock { code, skew } if code.is_empty() => write!(formatter, "{skew}"),
            Cause::Clock { code, skew } => write!(formatter, "{code}: {skew}"),
        }
    }
}

impl std::error::Error for AwsError {}

/// Names the call in its error: `.send().await.calling("sns:CreateTopic")?`.
pub(crate) trait Calling<T>: Sized {
    fn calling(self, call: &'static str) -> Result<T, AwsError>;

    /// As `calling`, with "not there" as an answer and not an error.
    fn found(self, call: &'static str) -> Result<Option<T>, AwsError> {
        match self.calling(call) {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl<T, E> Calling<T> for Result<T, SdkError<E, HttpResponse>>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fn calling(self, call: &'static str) -> Result<T, AwsError> {
        self.map_err(|error| AwsError { call, cause: cause(&error) })
    }
}

fn cause<E>(error: &SdkError<E, HttpResponse>) -> Cause
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match error {
        SdkError::ServiceError(context) => {
            let code = context.err().code().unwrap_or_default().to_owned();
            let message = context.err().message().unwrap_or_default().to_owned();
            refusal(code, message, context.raw())
        }
        SdkError::TimeoutError(_) => Cause::Connection("no response in time".to_owned()),
        SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
            Some(connector) if failure.is_io() || failure.is_timeout() => {
                Cause::Connection(innermost(connector))
            }
            Some(connector) => Cause::Request(innermost(connector)),
            None => Cause::Connection(innermost(error)),
        },
        SdkError::ResponseError(context) => Cause::Answer {
            code: String::new(),
            message: String::new(),
            status: context.raw().status().as_u16(),
        },
        _ => Cause::Request(innermost(error)),
    }
}

fn refusal(code: String, message: String, answer: &HttpResponse) -> Cause {
    let status = answer.status().as_u16();
    let date = answer.headers().get("date");
    let skew = date.and_then(|date| Skew::measure(date, SystemTime::now()));
    match skew.filter(|skew| skew.explains(&code, &message, status)) {
        Some(skew) => Cause::Clock { code, skew },
        None => Cause::Answer { code, message, status },
    }
}

/// The last text of a chain of errors: the one that says what happened.
pub(super) fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    let text = last.to_string();
    // The list of places without credentials is long and says only that they have none.
    let text = text.split(" in chain. Attempted").next().unwrap_or_default().to_owned();
    if text.is_empty() { DisplayErrorContext(error).to_string() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(message: &str) -> AwsError {
        let (code, message) = ("AccessDenied".to_owned(), message.to_owned());
        AwsError {
            call: "lambda:CreateFunction",
            cause: Cause::Answer { code, message, status: 403 },
        }
    }

    #[test]
    fn the_missing_permission_is_the_one_that_aws_names() {
        let passing = denied("User: u is not authorized to perform: iam:PassRole on resource: r");
        assert_eq!(passing.missing_permission(), "iam:PassRole");
        let shouted = denied("User: u is not authorized to perform: SNS:CreateTopic.");
        assert_eq!(shouted.missing_permission(), "sns:CreateTopic");
        assert_eq!(denied("Access Denied").missing_permission(), "lambda:CreateFunction");
    }
}
