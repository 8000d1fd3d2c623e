//! A plain GET, for what a distribution serves to everybody.

use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use super::call::innermost;

/// What an address answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The time at which it answered, as its `Date` header has it.
    pub(crate) date: Option<String>,
    body: SdkBody,
}

impl Answer {
    /// All of it.
    pub(crate) async fn bytes(self) -> Result<Vec<u8>, String> {
        let body = ByteStream::new(self.body).collect().await;
        Ok(body.map_err(|error| innermost(&error))?.to_vec())
    }
}

/// Gets an address, unsigned. The error is a text that says why there was no answer.
pub(crate) async fn get(connector: &impl HttpConnector, url: &str) -> Result<Answer, String> {
    let mut request = HttpRequest::new(SdkBody::empty());
    request.set_method("GET").map_err(|error| error.to_string())?;
    request.set_uri(url).map_err(|error| error.to_string())?;
    let answer = connector.call(request).await.map_err(|error| innermost(&error))?;
    let status = answer.status().as_u16();
    let date = answer.headers().get("date").map(ToOwned::to_owned);
    Ok(Answer { status, date, body: answer.into_body() })
}
