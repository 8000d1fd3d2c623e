//! The way from the gate to MiniStack: a Unix socket, over which bodies stream.

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderMap, HeaderName,
    HeaderValue, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use hyper::http::request::Parts;
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use sha2::{Digest, Sha256};
use tokio::net::UnixStream;
use tower_service::Service;

pub(super) type Error = Box<dyn std::error::Error + Send + Sync>;
pub(super) type AnyBody = UnsyncBoxBody<Bytes, Error>;

/// What the gate tells MiniStack, and nobody else may.
const OWN_HEADERS: &str = "x-imgprep-";
const PURPOSE: HeaderName = HeaderName::from_static("x-imgprep-purpose");
const LABEL: HeaderName = HeaderName::from_static("x-imgprep-label");
const KEY: HeaderName = HeaderName::from_static("x-imgprep-key");
/// What holds between two ends only (RFC 9110, section 7.6.1), and what hyper has answered itself.
const NOT_PASSED: [HeaderName; 6] = [CONNECTION, EXPECT, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];
/// Shorter than MiniStack keeps a connection, so that none is used that it closes.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// MiniStack, as the gate reaches it.
pub(super) struct Upstream(Client<Socket, AnyBody>);

impl Upstream {
    pub(super) fn new(socket: PathBuf) -> Self {
        let mut builder = Client::builder(TokioExecutor::new());
        Self(builder.pool_idle_timeout(IDLE_MAX).build(Socket(socket)))
    }

    /// Sends a request on as it is.
    pub(super) async fn pass(&self, request: Request<AnyBody>) -> Result<Response<AnyBody>, Error> {
        let (mut parts, body) = request.into_parts();
        clean(&mut parts.headers);
        self.send(Request::from_parts(parts, body)).await
    }

    /// Reads what a distribution shows to everybody.
    pub(super) async fn view(
        &self,
        parts: Parts,
        label: &str,
        path: &str,
    ) -> Result<Response<AnyBody>, Error> {
        let mut request = anonymous(parts);
        *request.uri_mut() = path.parse()?;
        request.headers_mut().insert(LABEL, label.parse()?);
        self.send_for("cdn", request).await
    }

    /// Reads an object, as far as everybody may.
    pub(super) async fn show(&self, parts: Parts) -> Result<Response<AnyBody>, Error> {
        self.send_for("object", anonymous(parts)).await
    }

    /// Opens the link with which SNS has a subscription confirmed; MiniStack compares its token.
    pub(super) async fn confirm(&self, parts: Parts) -> Result<Response<AnyBody>, Error> {
        self.send(anonymous(parts)).await
    }

    /// Sends a form on whose signature MiniStack can read as well.
    pub(super) async fn post(
        &self,
        parts: Parts,
        content_type: &str,
        form: Bytes,
    ) -> Result<Response<AnyBody>, Error> {
        let mut request = anonymous(parts).map(|_| boxed(Full::new(form)));
        request.headers_mut().insert(CONTENT_TYPE, content_type.parse()?);
        self.send(request).await
    }

    /// Asks whether a bucket lets a page of another origin send a request.
    pub(super) async fn preflight(&self, parts: Parts) -> Result<Response<AnyBody>, Error> {
        self.send_for("preflight", anonymous(parts)).await
    }

    /// The secret of a key that MiniStack made; `None` if it made no such key.
    pub(super) async fn secret(&self, access_key: &str) -> Result<Option<String>, Error> {
        let mut request = Request::new(empty());
        request.headers_mut().insert(KEY, access_key.parse()?);
        let response = self.send_for("secret", request).await?;
        let body = response.into_body().collect().await?;
        Ok(serde_json::from_slice(&body.to_bytes())?)
    }

    /// Whether MiniStack answers.
    pub(super) async fn is_up(&self) -> bool {
        self.secret("none").await.is_ok()
    }

    async fn send_for(
        &self,
        purpose: &'static str,
        mut request: Request<AnyBody>,
    ) -> Result<Response<AnyBody>, Error> {
        request.headers_mut().insert(PURPOSE, HeaderValue::from_static(purpose));
        self.send(request).await
    }

    async fn send(&self, mut request: Request<AnyBody>) -> Result<Response<AnyBody>, Error> {
        let path = request.uri().path_and_query().map_or("/", |it| it.as_str());
        *request.uri_mut() = format!("http://ministack{path}").parse()?;
        *request.version_mut() = hyper::Version::HTTP_11;
        let mut response = self.0.request(request).await?;
        for name in &NOT_PASSED {
            response.headers_mut().remove(name);
        }
        Ok(response.map(boxed))
    }
}

/// A body of any kind as one of the gate's.
pub(super) fn boxed<B>(body: B) -> AnyBody
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    body.map_err(|error| -> Error { Box::new(error) }).boxed_unsync()
}

/// A body without bytes.
fn empty() -> AnyBody {
    boxed(Empty::new())
}

/// The request without anything that could make it one of somebody: it has no body, and says nothing
/// of one.
fn anonymous(mut parts: Parts) -> Request<AnyBody> {
    clean(&mut parts.headers);
    let is_kept = |name: &HeaderName| {
        *name != AUTHORIZATION && *name != CONTENT_LENGTH && !name.as_str().starts_with("x-amz-")
    };
    let gone: Vec<HeaderName> = parts.headers.keys().filter(|it| !is_kept(it)).cloned().collect();
    for name in gone {
        parts.headers.remove(name);
    }
    Request::from_parts(parts, empty())
}

/// Takes out of a request what is not for MiniStack.
fn clean(headers: &mut HeaderMap) {
    for name in &NOT_PASSED {
        headers.remove(name);
    }
    let own: Vec<HeaderName> =
        headers.keys().filter(|name| name.as_str().starts_with(OWN_HEADERS)).cloned().collect();
    for name in own {
        headers.remove(name);
    }
}

/// Connects to the socket, whatever the address.
#[derive(Clone)]
struct Socket(PathBuf);

impl Service<Uri> for Socket {
    type Response = TokioIo<UnixStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let path = self.0.clone();
        Box::pin(async move { UnixStream::connect(path).await.map(TokioIo::new) })
    }
}

/// A body that was signed by its hash, hashed as it streams. Its last bytes are kept back until the
/// hash is known, so that MiniStack never has the whole of a wrong one.
pub(super) struct Checked {
    inner: Incoming,
    hash: Sha256,
    expected: Vec<u8>,
    kept_back: Option<Bytes>,
    is_at_end: bool,
    is_wrong: Arc<AtomicBool>,
}

impl Checked {
    /// With what tells whether the body turned out to be another one.
    pub(super) fn new(inner: Incoming, expected: Vec<u8>) -> (Self, Arc<AtomicBool>) {
        let is_wrong = Arc::new(AtomicBool::new(false));
        let (hash, told) = (Sha256::new(), Arc::clone(&is_wrong));
        let checked = Self { inner, hash, expected, kept_back: None, is_at_end: false, is_wrong };
        (checked, told)
    }
}

impl Body for Checked {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        while !self.is_at_end {
            match ready!(Pin::new(&mut self.inner).poll_frame(context)) {
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                Some(Ok(frame)) => {
                    // Trailers are not part of what is hashed, and no SDK sends any beside a hash.
                    let Ok(data) = frame.into_data() else { continue };
                    self.hash.update(&data);
                    if let Some(before) = self.kept_back.replace(data) {
                        return Poll::Ready(Some(Ok(Frame::data(before))));
                    }
                }
                None => {
                    self.is_at_end = true;
                    if self.hash.clone().finalize()[..] != self.expected[..] {
                        self.is_wrong.store(true, Relaxed);
                        return Poll::Ready(Some(Err(
                            "the body is not the one that is signed".into()
                        )));
                    }
                }
            }
        }
        Poll::Ready(self.kept_back.take().map(|last| Ok(Frame::data(last))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_at_end && self.kept_back.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let kept = self.kept_back.as_ref().map_or(0, |data| data.len() as u64);
        let inner = self.inner.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + kept);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + kept);
        }
        hint
    }
}
