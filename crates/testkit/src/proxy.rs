//! A reverse proxy between imgprep and the emulator: it remembers every call, and may answer some
//! of them itself, hold them, lose them, or change what is answered.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::calls::Call;
use crate::emulator::Emulator;
use crate::faults::{Deed, Spot};
use crate::http::{self, PAST_THE_GATE, WholeResponse};

/// Answers a call in AWS's place, or lets it pass.
pub type Rule = Box<dyn Fn(&Call) -> Option<WholeResponse> + Send + Sync>;

/// What is done with a call, if anything.
pub type Script = Box<dyn Fn(&Call) -> Option<Deed> + Send + Sync>;

/// How AWS behaves where the emulator does not: sees every call that passes, and its answer.
pub trait Behaviour: Send + Sync {
    /// Answers a call in AWS's place, or lets it pass.
    fn answer(&self, call: &Call, body: &Bytes) -> Option<WholeResponse>;

    /// Changes what the emulator answered.
    fn change(&self, call: &Call, response: WholeResponse) -> WholeResponse;
}

/// Is shown every request of this process as it came.
pub static WATCHER: OnceLock<fn(&Call, &Parts, &Bytes)> = OnceLock::new();

/// A running proxy; dropping it closes its port.
pub struct Proxy {
    pub port: u16,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

struct Shared {
    upstream: &'static Emulator,
    calls: Mutex<Vec<Timed>>,
    scripts: Mutex<Vec<Script>>,
    behaviour: Mutex<Option<Arc<dyn Behaviour>>>,
    is_past_the_gate: AtomicBool,
    /// How many calls are with the emulator now.
    passing: watch::Sender<usize>,
}

/// A call, and how long it took.
#[derive(Clone, Debug)]
pub struct Timed {
    pub call: Call,
    pub start: Instant,
    /// `None` for a call without an answer.
    pub end: Option<Instant>,
}

/// An error as AWS sends it.
#[derive(Clone, Copy)]
pub struct Refusal {
    pub status: u16,
    pub code: &'static str,
    pub message: &'static str,
}

impl Proxy {
    /// Listens on a free port and passes everything on to an emulator.
    pub async fn start(upstream: &'static Emulator) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            upstream,
            calls: Mutex::default(),
            scripts: Mutex::default(),
            behaviour: Mutex::default(),
            is_past_the_gate: AtomicBool::default(),
            passing: watch::Sender::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared))).abort_handle();
        Self { port, shared, accepting }
    }

    pub fn add_rule(&self, rule: Rule) {
        self.add_script(Box::new(move |call| rule(call).map(Deed::Answer)));
    }

    /// The first script that has something to do with a call decides.
    pub fn add_script(&self, script: Script) {
        self.shared.scripts.lock().unwrap().push(script);
    }

    /// Answers the next `times` calls of one operation, such as `sns:CreateTopic`, with an error.
    pub fn refuse(&self, operation: &'static str, refusal: Refusal, times: usize) {
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

    /// Does something with one call, counted from now. Answers with whether that call has come.
    pub fn strike(&self, spot: &Spot, deed: Deed) -> Arc<AtomicBool> {
        let has_come = Arc::new(AtomicBool::new(false));
        let (spot, state, has_come_here) =
            (spot.clone(), Mutex::new((0, Some(deed))), Arc::clone(&has_come));
        self.add_script(Box::new(move |call| {
            if *call != spot.call {
                return None;
            }
            let mut state = state.lock().unwrap();
            state.0 += 1;
            if state.0 != spot.nth {
                return None;
            }
            has_come_here.store(true, Ordering::SeqCst);
            state.1.take()
        }));
        has_come
    }

    /// Behaves as AWS does until further notice.
    pub fn behave(&self, behaviour: Arc<dyn Behaviour>) {
        *self.shared.behaviour.lock().unwrap() = Some(behaviour);
    }

    /// Sends everything past the gate from now on: it would refuse what is signed at a time that a
    /// test made up.
    pub fn go_past_the_gate(&self) {
        self.shared.is_past_the_gate.store(true, Ordering::SeqCst);
    }

    /// Lets everything pass again.
    pub fn clear_rules(&self) {
        self.shared.scripts.lock().unwrap().clear();
    }

    /// Waits until the emulator has answered every call that it was sent, also those of a run that
    /// was killed.
    pub async fn settled(&self) {
        let mut passing = self.shared.passing.subscribe();
        passing.wait_for(|passing| *passing == 0).await.unwrap();
    }

    /// Every call since the last time with its times, in the order in which they came.
    pub fn take_timed(&self) -> Vec<Timed> {
        std::mem::take(&mut self.shared.calls.lock().unwrap())
    }

    /// Every call since the last time, in the order in which they came.
    pub fn take_calls(&self) -> Vec<Call> {
        self.take_timed().into_iter().map(|timed| timed.call).collect()
    }

    /// The calls since the last time that were to change something, sorted.
    pub fn take_mutating(&self) -> Vec<String> {
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

/// Why a connection is closed without an answer.
#[derive(Debug)]
enum Broken {
    /// As by a firewall or a load balancer that restarts: "connection reset by peer".
    Reset,
    /// As by a server that goes away: the end of the connection where an answer was due.
    Closed,
}

impl fmt::Display for Broken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self:?}")
    }
}

impl std::error::Error for Broken {}

/// Serves one connection until imgprep closes it, which is no error whenever it comes.
async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(|request| answer(request, &shared));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let Err(error) = (&mut connection).await else { return };
    let broken = std::error::Error::source(&error).and_then(|source| source.downcast_ref());
    if matches!(broken, Some(Broken::Reset)) {
        // Without lingering, closing resets.
        let _ = connection.into_parts().io.inner().set_zero_linger();
    }
}

async fn answer(request: Request<Incoming>, shared: &Arc<Shared>) -> Result<WholeResponse, Broken> {
    let start = Instant::now();
    let (mut parts, body) = request.into_parts();
    // The whole body is here before it goes on, so nobody need wait for leave to send it.
    parts.headers.remove("expect");
    let Ok(body) = body.collect().await else { return Ok(bad_gateway("a broken request")) };
    let body = body.to_bytes();
    let call = Call::of(&parts, &body);
    if let Some(watch) = WATCHER.get() {
        watch(&call, &parts, &body);
    }
    shared.calls.lock().unwrap().push(Timed { call: call.clone(), start, end: None });
    let deed = shared.scripts.lock().unwrap().iter().find_map(|script| script(&call));
    match &deed {
        Some(Deed::Reset) => return Err(Broken::Reset),
        Some(Deed::Delay(delay)) => tokio::time::sleep(*delay).await,
        Some(Deed::HoldBefore(gate)) => gate.pass().await,
        _ => {}
    }
    let response = match &deed {
        Some(Deed::Answer(response)) => response.clone(),
        _ => shared.pass(&call, parts, body).await,
    };
    match &deed {
        Some(Deed::Lose) => return Err(Broken::Closed),
        Some(Deed::HoldAfter(gate)) => gate.pass().await,
        _ => {}
    }
    shared.ended(start, &call);
    Ok(response)
}

impl Shared {
    /// The answer to a call from the emulator, as AWS would give it.
    async fn pass(self: &Arc<Self>, call: &Call, mut parts: Parts, body: Bytes) -> WholeResponse {
        let behaviour = self.behaviour.lock().unwrap().clone();
        if let Some(own) = behaviour.as_ref().and_then(|behaviour| behaviour.answer(call, &body)) {
            return own;
        }
        if self.is_past_the_gate.load(Ordering::SeqCst) {
            parts.headers.insert(PAST_THE_GATE, HeaderValue::from_static("true"));
        }
        let request = Request::from_parts(parts, Full::new(body));
        self.passing.send_modify(|passing| *passing += 1);
        let (shared, call) = (Arc::clone(self), call.clone());
        // A task of its own: what was sent takes effect even if imgprep is gone meanwhile.
        let passed = tokio::spawn(async move {
            let upstream = shared.upstream.port_of_started().await;
            let passed = http::send(upstream, request).await;
            let response = passed.unwrap_or_else(|error| bad_gateway(&error.to_string()));
            let response = match behaviour {
                Some(behaviour) => behaviour.change(&call, response),
                None => response,
            };
            shared.passing.send_modify(|passing| *passing -= 1);
            response
        });
        passed.await.unwrap_or_else(|error| bad_gateway(&error.to_string()))
    }

    fn ended(&self, start: Instant, call: &Call) {
        let mut calls = self.calls.lock().unwrap();
        let timed = calls.iter_mut().find(|timed| timed.start == start && timed.call == *call);
        if let Some(timed) = timed {
            timed.end = Some(Instant::now());
        }
    }
}

fn bad_gateway(why: &str) -> WholeResponse {
    let mut response = Response::new(Full::new(Bytes::from(why.to_owned())));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}

impl Refusal {
    /// How a service says that it is called too often.
    pub fn throttling(service: &str) -> Self {
        let (status, code) = match service {
            "s3" => (503, "SlowDown"),
            "lambda" => (429, "TooManyRequestsException"),
            "sqs" => (403, "RequestThrottled"),
            "logs" => (400, "ThrottlingException"),
            "tagging" => (400, "ThrottledException"),
            _ => (400, "Throttling"),
        };
        Self { status, code, message: "Rate exceeded" }
    }

    /// How a service says that the fault is its own.
    pub fn internal(service: &str) -> Self {
        let code = match service {
            "s3" | "sqs" => "InternalError",
            "lambda" => "ServiceException",
            "logs" => "ServiceUnavailableException",
            "tagging" => "InternalServiceException",
            "iam" => "ServiceFailure",
            _ => "InternalFailure",
        };
        Self { status: 500, code, message: "We encountered an internal error." }
    }

    /// The error in the words of a service's protocol.
    pub fn answer(&self, service: &str) -> WholeResponse {
        let Self { status, code, message } = self;
        let error = format!("<Code>{code}</Code><Message>{message}</Message>");
        let (content_type, body) = match service {
            "acm" | "sqs" | "logs" | "lambda" | "tagging" => (
                "application/x-amz-json-1.0",
                json!({ "__type": code, "message": message, "Type": "User" }).to_string().into(),
            ),
            "s3" => ("application/xml", format!("<Error>{error}</Error>").into()),
            "cloudwatch" => {
                ("application/cbor", cbor(&[("__type", code), ("message", message)]).into())
            }
            _ => (
                "text/xml",
                format!(
                    "<ErrorResponse><Error><Type>Sender</Type>{error}</Error>\
                     <RequestId>0</RequestId></ErrorResponse>"
                )
                .into(),
            ),
        };
        let body: Bytes = body;
        let response = Response::builder().status(*status).header("content-type", content_type);
        let response = response.header("x-amzn-errortype", *code);
        let response = match service {
            "cloudwatch" => response.header("smithy-protocol", "rpc-v2-cbor"),
            _ => response,
        };
        response.body(Full::new(body)).unwrap()
    }
}

/// A map of texts in CBOR (RFC 8949, section 3).
fn cbor(members: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| {
        let length = u16::try_from(text.len()).unwrap().to_be_bytes();
        [&[0x79], &length[..], text.as_bytes()].concat()
    };
    let count = u8::try_from(members.len()).unwrap();
    let members = members.iter().flat_map(|(name, value)| [text(name), text(value)].concat());
    std::iter::once(0xa0 + count).chain(members).collect()
}
