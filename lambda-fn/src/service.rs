//! Calls to services whose SDK crates take longer to compile than all the rest of the function
//! together, made by hand: each is one request, and most stacks never make it.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::{
    config::Credentials,
    primitives::{AggregatedBytes, ByteStream, SdkBody},
};
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use aws_smithy_http_client::{
    Connector,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::{
    client::{http::HttpConnector, identity::Identity, orchestrator::HttpRequest},
    http::Headers,
};

use crate::{
    causes::with_causes,
    store::{Outlook, StoreError},
};

const ANSWER_TIME_MAX: Duration = Duration::from_secs(3);

/// A service of AWS, and how requests to it are signed.
#[derive(Debug)]
pub(crate) struct Service {
    connector: Connector,
    credentials: Credentials,
    endpoint: String,
    /// The service as signatures name it.
    name: &'static str,
    region: String,
    /// The one call that is made, by the name of its permission.
    call: &'static str,
}

impl Service {
    /// Prepares a call of a service, such as `sns:Publish`, at an endpoint.
    pub(crate) fn new(
        call: &'static str,
        (name, region): (&'static str, &str),
        endpoint: &str,
        credentials: Credentials,
    ) -> Self {
        let connector =
            Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).build();
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        Self { connector, credentials, endpoint, name, region: region.to_owned(), call }
    }

    /// Sends a request to a path, which begins with a slash.
    pub(crate) async fn post(
        &self,
        path: &str,
        content_type: &'static str,
        body: &str,
    ) -> Result<(), StoreError> {
        let request = self.signed(path, content_type, body)?;
        let call = tokio::time::timeout(ANSWER_TIME_MAX, self.connector.call(request));
        let answer = call.await.map_err(|_| self.passing("timeout", "no response"))?;
        let mut answer =
            answer.map_err(|error| self.passing("no connection", &with_causes(&error)))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let body = ByteStream::new(answer.take_body()).collect().await;
        let body = body.map(AggregatedBytes::into_bytes).unwrap_or_default();
        let body = String::from_utf8_lossy(&body);
        let code =
            element(&body, "Code").map_or_else(|| status.as_u16().to_string(), str::to_owned);
        let message = element(&body, "Message").unwrap_or("AWS gave no reason");
        // `TooManyInvalidationsInProgress` may take minutes to pass.
        if status.is_server_error() || code.contains("Throttl") {
            return Err(self.passing(&code, message));
        }
        Err(self.lasting(&code, message))
    }

    fn signed(
        &self,
        path: &str,
        content_type: &'static str,
        body: &str,
    ) -> Result<HttpRequest, StoreError> {
        let invalid =
            |error: &dyn std::error::Error| self.lasting("invalid request", &error.to_string());
        let uri = format!("{}{path}", self.endpoint);
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method("POST").map_err(|error| invalid(&error))?;
        request.set_uri(uri.as_str()).map_err(|error| invalid(&error))?;
        request.headers_mut().insert("content-type", content_type);

        let identity: Identity = self.credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.name)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| invalid(&error))?
            .into();
        let headers = request.headers().iter();
        let signable =
            SignableRequest::new("POST", &uri, headers, SignableBody::Bytes(body.as_bytes()))
                .map_err(|error| invalid(&error))?;
        let (instructions, _) =
            sign(signable, &parameters).map_err(|error| invalid(&error))?.into_parts();
        add(request.headers_mut(), instructions.headers());
        Ok(request)
    }

    fn passing(&self, code: &str, message: &str) -> StoreError {
        self.error(code, message, Outlook::Passing)
    }

    fn lasting(&self, code: &str, message: &str) -> StoreError {
        self.error(code, message, Outlook::Lasting)
    }

    fn error(&self, code: &str, message: &str, outlook: Outlook) -> StoreError {
        let (code, message) = (code.to_owned(), message.to_owned());
        StoreError { call: self.call, code, message, outlook }
    }
}

fn add<'a>(headers: &mut Headers, signed: impl Iterator<Item = (&'a str, &'a str)>) {
    for (name, value) in signed {
        headers.insert(name.to_owned(), value.to_owned());
    }
}

/// The content of the first such element: an error has one of each.
fn element<'xml>(xml: &'xml str, name: &str) -> Option<&'xml str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(content, _)| content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_read_from_their_elements() {
        let xml = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>\
            <Message>not authorized</Message></Error></ErrorResponse>";
        assert_eq!(element(xml, "Code"), Some("AccessDenied"));
        assert_eq!(element(xml, "Message"), Some("not authorized"));
        assert_eq!(element("<Code>", "Code"), None);
    }

    #[test]
    fn requests_are_signed_for_the_service_and_its_region() {
        let credentials = Credentials::new("AKID", "secret", None, None, "test");
        let scope = ("sns", "eu-central-1");
        let endpoint = "https://sns.eu-central-1.amazonaws.com/";
        let service = Service::new("sns:Publish", scope, endpoint, credentials);
        let Ok(request) = service.signed("/", "text/plain", "x") else { panic!("not signed") };
        assert_eq!(request.uri(), endpoint);
        let authorization = request.headers().get("authorization").unwrap();
        assert!(authorization.contains("/eu-central-1/sns/aws4_request"), "{authorization}");
        assert!(!authorization.contains("secret"));
    }
}
