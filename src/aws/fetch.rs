//! A plain GET, for what a distribution serves to everybody.

use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

/// What an address answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The time at which it answered, as its `Date` header has it.
    pub(crate) date: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// Gets an address, unsigned. The error is a text that says why there was no answer.
pub(crate) async fn get(connector: &impl HttpConnector, url: &str) -> Result<Answer, String> {
    let mut request = HttpRequest::new(SdkBody::empty());
    request.set_method("GET").map_err(|error| error.to_string())?;
    request.set_uri(url).map_err(|error| error.to_string())?;
    let answer = connector.call(request).await.map_err(|error| error.to_string())?;
    let status = answer.status().as_u16();
    let date = answer.headers().get("date").map(ToOwned::to_owned);
    let body = ByteStream::new(answer.into_body()).collect().await;
    Ok(Answer { status, date, body: body.map_err(|error| error.to_string())?.to_vec() })
}
