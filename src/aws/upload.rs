//! Uploads: requests with a large body, which get the time that a slow network needs for them.
//!
//! The SDK's read timeout runs from the start of a request, its body included (aws-smithy-http-client,
//! `HttpReadTimeout`), so that what suits all other calls cuts an upload off, and the SDK would then
//! send the whole body again. An attempt to upload has a limit of its own instead, and one that ran
//! into it is not repeated: the next would take as long, and the first may still have arrived.

use std::time::Duration;

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::timeout::TimeoutConfig;

use super::call::{AwsError, Calling, Cause};
use super::clients::READ_TIMEOUT;

/// How fast a network must be at least, and how long AWS may take besides.
#[derive(Clone, Copy, Debug)]
struct Pace {
    bytes_per_second: u32,
    answer: Duration,
}

/// 50,000 bytes a second are 0.4 Mbit/s: a zip of 5 MB, 6.7 MB in base64, is given three minutes.
const PACE: Pace = Pace { bytes_per_second: 50_000, answer: READ_TIMEOUT };

/// A request with this much of a body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Upload {
    bytes: usize,
    pace: Pace,
}

/// The configuration of one such request to a service.
macro_rules! patient {
    ($service:ident, $upload:expr) => {
        $service::config::Builder::new()
            .timeout_config($upload.timeouts())
            // A slow network is no stalled one: what it has buffered may take long to leave.
            .stalled_stream_protection(
                StalledStreamProtectionConfig::enabled().upload_enabled(false).build(),
            )
            .retry_classifier(OnceInTime)
    };
}

impl Upload {
    /// Of a body that is sent as it is.
    pub(crate) fn plain(body: &[u8]) -> Self {
        Self { bytes: body.len(), pace: PACE }
    }

    /// Of a body that is sent in base64, as Lambda's API takes a zip.
    pub(crate) fn base64(body: &[u8]) -> Self {
        Self { bytes: body.len().div_ceil(3) * 4, pace: PACE }
    }

    pub(crate) fn to_lambda(self) -> aws_sdk_lambda::config::Builder {
        patient!(aws_sdk_lambda, self)
    }

    pub(crate) fn to_s3(self) -> aws_sdk_s3::config::Builder {
        patient!(aws_sdk_s3, self)
    }

    /// Names the call in its error, and in one that took too long what was to be sent.
    pub(crate) fn calling<T, E>(
        self,
        call: &'static str,
        sent: Result<T, SdkError<E, HttpResponse>>,
    ) -> Result<T, AwsError>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        match sent {
            Err(SdkError::TimeoutError(_)) => {
                Err(AwsError { call, cause: Cause::Connection(self.too_slow()) })
            }
            other => other.calling(call),
        }
    }

    /// How long one attempt may take.
    fn patience(self) -> Duration {
        let millis = self.bytes as u64 * 1000 / u64::from(self.pace.bytes_per_second);
        self.pace.answer + Duration::from_millis(millis)
    }

    fn timeouts(self) -> TimeoutConfig {
        let limit = self.patience();
        TimeoutConfig::builder().disable_read_timeout().operation_attempt_timeout(limit).build()
    }

    #[expect(clippy::cast_precision_loss, reason = "one place is shown")]
    fn too_slow(self) -> String {
        format!(
            "the upload of {:.1} MB did not finish within {} s, which needs only {:.1} Mbit/s",
            self.bytes as f64 / 1e6,
            self.patience().as_secs(),
            f64::from(self.pace.bytes_per_second) * 8.0 / 1e6
        )
    }
}

/// Repeats no attempt that took too long. All else is repeated as ever: what breaks off, also before
/// there is a connection, and what AWS asks to repeat.
#[derive(Debug)]
struct OnceInTime;

impl ClassifyRetry for OnceInTime {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.output_or_error() {
            Some(Err(error)) if error.is_timeout_error() => RetryAction::RetryForbidden,
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "uploads once in time"
    }
}

#[cfg(test)]
mod tests;
