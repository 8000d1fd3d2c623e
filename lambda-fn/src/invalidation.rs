//! The one call to CloudFront, made by hand.
//!
//! Its SDK crate takes longer to compile than all the rest of the function together, and most
//! stacks never make the call.

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
use contract::address;

use crate::{
    causes::with_causes,
    store::{Outlook, StoreError},
};

const CALL: &str = "cloudfront:CreateInvalidation";
const ANSWER_TIME_MAX: Duration = Duration::from_secs(3);

/// The CDN, as the little that the function wants of it.
#[derive(Debug)]
pub struct Invalidator {
    connector: Connector,
    credentials: Credentials,
    endpoint: String,
    /// CloudFront is one service for all regions of a partition, with a home in one of them.
    signing_region: &'static str,
}

impl Invalidator {
    /// Prepares calls to the CDN of the partition this region is in, or to another endpoint.
    pub fn new(region: &str, endpoint: Option<String>, credentials: Credentials) -> Self {
        let (home, signing_region) = if region.starts_with("cn-") {
            ("https://cloudfront.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1")
        } else {
            ("https://cloudfront.amazonaws.com", "us-east-1")
        };
        let connector =
            Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).build();
        let endpoint = endpoint.unwrap_or_else(|| home.to_owned());
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        Self { connector, credentials, endpoint, signing_region }
    }

    /// Has a distribution forget what it holds of these keys.
    pub async fn invalidate(
        &self,
        distribution: &str,
        keys: &[String],
        reference: &str,
    ) -> Result<(), StoreError> {
        let uri = format!("{}/2020-05-31/distribution/{distribution}/invalidation", self.endpoint);
        let request = self.signed(&uri, &batch(keys, reference))?;
        let call = tokio::time::timeout(ANSWER_TIME_MAX, self.connector.call(request));
        let answer = call.await.map_err(|_| passing("timeout", "no response from CloudFront"))?;
        let mut answer = answer.map_err(|error| passing("no connection", &with_causes(&error)))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let body = ByteStream::new(answer.take_body()).collect().await;
        let body = body.map(AggregatedBytes::into_bytes).unwrap_or_default();
        let body = String::from_utf8_lossy(&body);
        let code =
            element(&body, "Code").map_or_else(|| status.as_u16().to_string(), str::to_owned);
        let message = element(&body, "Message").unwrap_or("CloudFront gave no reason");
        // `TooManyInvalidationsInProgress` may take minutes to pass.
        if status.is_server_error() || code.contains("Throttl") {
            return Err(passing(&code, message));
        }
        Err(lasting(&code, message))
    }

    fn signed(&self, uri: &str, body: &str) -> Result<HttpRequest, StoreError> {
        let invalid =
            |error: &dyn std::error::Error| lasting("invalid request", &error.to_string());
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method("POST").map_err(|error| invalid(&error))?;
        request.set_uri(uri).map_err(|error| invalid(&error))?;
        request.headers_mut().insert("content-type", "application/xml");

        let identity: Identity = self.credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.signing_region)
            .name("cloudfront")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| invalid(&error))?
            .into();
        let headers = request.headers().iter();
        let signable =
            SignableRequest::new("POST", uri, headers, SignableBody::Bytes(body.as_bytes()))
                .map_err(|error| invalid(&error))?;
        let (instructions, _) =
            sign(signable, &parameters).map_err(|error| invalid(&error))?.into_parts();
        add(request.headers_mut(), instructions.headers());
        Ok(request)
    }
}

fn add<'a>(headers: &mut Headers, signed: impl Iterator<Item = (&'a str, &'a str)>) {
    for (name, value) in signed {
        headers.insert(name.to_owned(), value.to_owned());
    }
}

fn passing(code: &str, message: &str) -> StoreError {
    error(code, message, Outlook::Passing)
}

fn lasting(code: &str, message: &str) -> StoreError {
    error(code, message, Outlook::Lasting)
}

fn error(code: &str, message: &str, outlook: Outlook) -> StoreError {
    StoreError { call: CALL, code: code.to_owned(), message: message.to_owned(), outlook }
}

/// The body of the call.
fn batch(keys: &[String], reference: &str) -> String {
    let paths: Vec<String> = keys.iter().flat_map(|key| address::invalidated(key)).collect();
    let items = paths.iter().map(|path| format!("<Path>/{}</Path>", text(path)));
    let items = items.collect::<Vec<_>>().concat();
    format!(
        "<InvalidationBatch xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">\
         <Paths><Quantity>{}</Quantity><Items>{items}</Items></Paths>\
         <CallerReference>{}</CallerReference></InvalidationBatch>",
        paths.len(),
        text(reference),
    )
}

/// A text as it stands in an element (XML 1.0, section 2.4).
fn text(plain: &str) -> String {
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&apos;")
}

/// The content of the first such element: an error of CloudFront has one of each.
fn element<'xml>(xml: &'xml str, name: &str) -> Option<&'xml str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(content, _)| content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_names_each_path_and_is_xml() {
        let keys = ["800x600/a b+ü.jpg", "400x300/<&>'\"~*"].map(str::to_owned);
        let expected = "<InvalidationBatch xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">\
            <Paths><Quantity>3</Quantity><Items>\
            <Path>/800x600/a%20b%2B%C3%BC.jpg</Path><Path>/800x600/a%20b+%C3%BC.jpg</Path>\
            <Path>/400x300/%3C&amp;%3E&apos;%22%7E%2A</Path>\
            </Items></Paths><CallerReference>request-&lt;1&gt;-5</CallerReference>\
            </InvalidationBatch>";
        assert_eq!(batch(&keys, "request-<1>-5"), expected);
    }

    #[test]
    fn errors_are_read_from_their_elements() {
        let xml = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>\
            <Message>not authorized</Message></Error></ErrorResponse>";
        assert_eq!(element(xml, "Code"), Some("AccessDenied"));
        assert_eq!(element(xml, "Message"), Some("not authorized"));
        assert_eq!(element("<Code>", "Code"), None);
    }

    #[test]
    fn requests_are_signed_for_the_home_of_the_partition() {
        let credentials = || Credentials::new("AKID", "secret", None, None, "test");
        for (region, host, home) in [
            ("eu-central-1", "https://cloudfront.amazonaws.com/", "/us-east-1/cloudfront/"),
            (
                "cn-north-1",
                "https://cloudfront.cn-northwest-1.amazonaws.com.cn/",
                "/cn-northwest-1/cloudfront/",
            ),
        ] {
            let invalidator = Invalidator::new(region, None, credentials());
            assert!(format!("{}/", invalidator.endpoint) == host);
            let Ok(request) = invalidator.signed(&format!("{host}x"), "<a/>") else {
                panic!("not signed")
            };
            let authorization = request.headers().get("authorization").unwrap();
            assert!(authorization.contains(home), "{authorization}");
            assert!(!authorization.contains("secret"));
        }
    }
}
