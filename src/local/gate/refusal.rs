//! How the gate says no: in the words and in the format that the SDK of the service expects.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::json;

/// Why a request does not pass, by AWS's own code (AWS IAM User Guide, "Common errors").
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    pub(super) code: &'static str,
    message: String,
}

impl Refusal {
    /// To a request of a page or a program that has no key, or does not show it.
    pub(super) fn unsigned() -> Self {
        let message = "the local AWS answers only signed requests; `imgprep local env` prints the \
                       key";
        Self::new(StatusCode::FORBIDDEN, "MissingAuthenticationToken", message)
    }

    pub(super) fn wrong_signature() -> Self {
        let message = "the signature does not match the local AWS's key; `imgprep local env` \
                       prints the key";
        Self::new(StatusCode::FORBIDDEN, "SignatureDoesNotMatch", message)
    }

    pub(super) fn unknown_key() -> Self {
        let message = "the local AWS does not know this key; `imgprep local env` prints a valid \
                       one";
        Self::new(StatusCode::FORBIDDEN, "InvalidClientTokenId", message)
    }

    /// To a signature that is not all there; `what` ends a sentence about the request.
    pub(super) fn incomplete(what: &str) -> Self {
        let message = format!("the request is not signed as AWS requires: {what}");
        Self::new(StatusCode::BAD_REQUEST, "IncompleteSignature", &message)
    }

    pub(super) fn unsupported() -> Self {
        let message = "the local AWS accepts only Signature Version 4 (AWS4-HMAC-SHA256); in \
                       boto3, set `signature_version=\"s3v4\"`";
        Self::new(StatusCode::BAD_REQUEST, "UnsupportedSignature", message)
    }

    pub(super) fn skewed() -> Self {
        let message = "the request's time is more than 15 minutes off";
        Self::new(StatusCode::FORBIDDEN, "RequestTimeTooSkewed", message)
    }

    pub(super) fn expired() -> Self {
        let message = "the signed URL or form has expired";
        Self::new(StatusCode::FORBIDDEN, "AccessDenied", message)
    }

    /// To a form that cannot be read; `what` ends a sentence about it.
    pub(super) fn malformed_form(what: &str) -> Self {
        let message = format!("the form cannot be read: {what}");
        Self::new(StatusCode::BAD_REQUEST, "MalformedPOSTRequest", &message)
    }

    /// To a name that may lead here by a trick (DNS rebinding).
    pub(super) fn foreign_host() -> Self {
        let message = "the local AWS answers only to 127.0.0.1 and localhost";
        Self::new(StatusCode::MISDIRECTED_REQUEST, "InvalidHost", message)
    }

    pub(super) fn wrong_body() -> Self {
        let message = "the body is not the one whose SHA-256 was signed";
        Self::new(StatusCode::BAD_REQUEST, "XAmzContentSHA256Mismatch", message)
    }

    pub(super) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLarge", "the request is too large")
    }

    /// MiniStack itself does not answer.
    pub(super) fn unavailable(reason: &str) -> Self {
        let message = format!("MiniStack does not respond: {reason}");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", &message)
    }

    fn new(status: StatusCode, code: &'static str, message: &str) -> Self {
        Self { status, code, message: message.to_owned() }
    }

    /// The answer, as clients of a service read errors; without a service as S3's do, which browsers
    /// show as well.
    pub(super) fn answer(&self, service: Option<&str>) -> Response<Full<Bytes>> {
        let Self { status, code, message } = self;
        // The only characters of our messages that XML would not take as they are.
        let text = message.replace('&', "&amp;").replace('<', "&lt;");
        let error = format!("<Code>{code}</Code><Message>{text}</Message>");
        let (kind, body) = match service {
            Some("cloudfront" | "iam" | "sns" | "sts") => (
                "text/xml",
                format!("<ErrorResponse><Error><Type>Sender</Type>{error}</Error></ErrorResponse>"),
            ),
            Some("s3") | None => ("application/xml", format!("<Error>{error}</Error>")),
            Some(_) => {
                ("application/json", json!({ "__type": code, "message": message }).to_string())
            }
        };
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = *status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert("x-amzn-errortype", HeaderValue::from_static(code));
        response
    }
}
