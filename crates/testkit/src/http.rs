//! One plain HTTP request to a port of this machine, as the proxy and the tests of the CDN send it.

use futures_util::FutureExt;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use crate::emulator::Emulator;

pub type WholeRequest = Request<Full<Bytes>>;
pub type WholeResponse = Response<Full<Bytes>>;
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// On a request that was changed after it was signed: it goes to MiniStack past the gate, which would
/// refuse it.
pub const PAST_THE_GATE: &str = "x-tests-past-the-gate";

/// Sends a request with its headers as they are, and reads the whole answer.
pub async fn send(port: u16, mut request: WholeRequest) -> Result<WholeResponse, Error> {
    if let Some(emulator) = Emulator::at(port)
        && request.headers_mut().remove(PAST_THE_GATE).is_some()
    {
        return send_over(UnixStream::connect(emulator.socket()).await?, request).await;
    }
    send_over(TcpStream::connect(("127.0.0.1", port)).await?, request).await
}

async fn send_over(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: WholeRequest,
) -> Result<WholeResponse, Error> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let (parts, body) = sender.send_request(request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    connection.abort();
    Ok(Response::from_parts(parts, Full::new(body)))
}

/// The body of a response as text.
pub fn text(response: &WholeResponse) -> String {
    // It is all here, so that nothing is waited for.
    let body = response.body().clone().collect().now_or_never().unwrap().unwrap().to_bytes();
    String::from_utf8_lossy(&body).into_owned()
}

/// The response with another body.
pub fn edited(response: WholeResponse, edit: impl FnOnce(&str) -> String) -> WholeResponse {
    let body = edit(&text(&response));
    let (mut parts, _) = response.into_parts();
    parts.headers.remove("content-length");
    Response::from_parts(parts, Full::new(Bytes::from(body)))
}

/// What an address of this machine answered to a browser.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    pub content_type: String,
    pub cache_control: String,
    pub body: Vec<u8>,
}

/// Gets `path` from a port of this machine under the name of `host`, which need not resolve.
pub async fn get(port: u16, host: &str, path: &str) -> Page {
    let request = Request::get(path).header("host", host).body(Full::default()).unwrap();
    let (parts, body) = send(port, request).await.unwrap().into_parts();
    let header = |name| {
        let value = parts.headers.get(name).map(|value| value.to_str().unwrap());
        value.unwrap_or_default().to_owned()
    };
    Page {
        status: parts.status.as_u16(),
        content_type: header("content-type"),
        cache_control: header("cache-control"),
        body: body.collect().await.unwrap().to_bytes().to_vec(),
    }
}
