//! A reverse proxy between imgprep and the emulator: it remembers every call, and may answer some
//! of them itself.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use crate::calls::Call;
use crate::http::{self, WholeResponse};

/// Answers a call in AWS's place, or lets it pass.
pub(crate) type Rule = Box<dyn Fn(&Call) -> Option<WholeResponse> + Send + Sync>;

/// A running proxy; dropping it closes its port.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

struct Shared {
    upstream: u16,
    calls: Mutex<Vec<Call>>,
    rules: Mutex<Vec<Rule>>,
}

/// An error as AWS sends it.
#[derive(Clone, Copy)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: &'static str,
}

impl Proxy {
    /// Listens on a free port and passes everything on to `upstream`.
    pub(crate) async fn start(upstream: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared =
            Arc::new(Shared { upstream, calls: Mutex::default(), rules: Mutex::default() });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared))).abort_handle();
        Self { port, shared, accepting }
    }

    pub(crate) fn add_rule(&self, rule: Rule) {
        self.shared.rules.lock().unwrap().push(rule);
    }

    /// Answers the next `times` calls of one operation, such as `sns:CreateTopic`, with an error.
    pub(crate) fn refuse(&self, operation: &'static str, refusal: Refusal, times: usize) {
        let left = Mutex::new(times);
        self.add_rule(Box::new(move |call| {
            let mut left = left.lock().unwrap();
            if call.to_string() != operation || *left == 0 {
                return None;
            }
            *left -= 1;
            Some(refusal.answer(&call.service))
        }));
    }

    /// Lets everything pass again.
    pub(crate) fn clear_rules(&self) {
        self.shared.rules.lock().unwrap().clear();
    }

    /// Every call since the last time, in the order in which they came.
    pub(crate) fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.shared.calls.lock().unwrap())
    }

    /// The calls since the last time that were to change something, sorted.
    pub(crate) fn take_mutating(&self) -> Vec<String> {
        let calls = self.take_calls();
        assert!(!calls.is_empty(), "no call came past the proxy at all");
        let mutating = calls.iter().filter(|call| call.is_mutating());
        let mut names: Vec<String> = mutating.map(ToString::to_string).collect();
        names.sort();
        names
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        tokio::spawn(serve(stream, Arc::clone(&shared)));
    }
}

/// Serves one connection until imgprep closes it, which is no error whenever it comes.
async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(|request| answer(request, &shared));
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: Request<Incoming>, shared: &Shared) -> Result<WholeResponse, Infallible> {
    let (mut parts, body) = request.into_parts();
    // The whole body is here before it goes on, so nobody need wait for leave to send it.
    parts.headers.remove("expect");
    let Ok(body) = body.collect().await else { return Ok(bad_gateway("a broken request")) };
    let body = body.to_bytes();
    let call = Call::of(&parts, &body);
    shared.calls.lock().unwrap().push(call.clone());
    let own = shared.rules.lock().unwrap().iter().find_map(|rule| rule(&call));
    if let Some(own) = own {
        return Ok(own);
    }
    let passed = http::send(shared.upstream, Request::from_parts(parts, Full::new(body))).await;
    Ok(passed.unwrap_or_else(|error| bad_gateway(&error.to_string())))
}

fn bad_gateway(why: &str) -> WholeResponse {
    let mut response = Response::new(Full::new(Bytes::from(why.to_owned())));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}

impl Refusal {
    /// The error in the words of a service's protocol.
    pub(crate) fn answer(&self, service: &str) -> WholeResponse {
        let Self { status, code, message } = self;
        let error = format!("<Code>{code}</Code><Message>{message}</Message>");
        let (content_type, body) = match service {
            "sqs" | "logs" | "lambda" => (
                "application/x-amz-json-1.0",
                json!({ "__type": code, "message": message, "Type": "User" }).to_string(),
            ),
            "s3" => ("application/xml", format!("<Error>{error}</Error>")),
            _ => (
                "text/xml",
                format!(
                    "<ErrorResponse><Error><Type>Sender</Type>{error}</Error>\
                     <RequestId>0</RequestId></ErrorResponse>"
                ),
            ),
        };
        let response = Response::builder().status(*status).header("content-type", content_type);
        let response = response.header("x-amzn-errortype", *code);
        response.body(Full::new(Bytes::from(body))).unwrap()
    }
}
