//! The gate: all that listens on 127.0.0.1. Behind it, on a Unix socket in a folder that only the
//! user can enter, is MiniStack, which itself believes whoever names an account.
//!
//! What is signed passes if the signature is right: with the secret of this state folder for the root
//! of any account, else with the secret of a key that MiniStack made. What is not signed is read only,
//! and only what AWS would show to everybody. `Origin` plays no part: a page of a foreign site does
//! not know the secret, and one that was given a presigned URL may use it.

mod entry;
mod form;
mod forward;
mod refusal;
mod signature;

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Stdio;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

pub(crate) use self::entry::CDN_PATH;
use self::entry::Entry;
use self::form::Form;
use self::forward::{AnyBody, Checked, Upstream, boxed};
use self::refusal::Refusal;
use self::signature::{Claim, one, payload_digest};
use super::{Environment, Secret, VERSION, process};

/// The program that runs MiniStack behind the gate.
const PROGRAM: &str = include_str!("gate/ministack.py");
/// The socket, from the state folder, in which both ends run: a path of a socket has 100 bytes.
pub(super) const SOCKET_FOLDER: &str = "socket";
const SOCKET: &str = "socket/ministack";
/// What one MiniStack holds as long as it runs, so that the next one waits for its state.
const LOCK: &str = "socket/lock";
/// Which gate this is. One of another number is replaced when a newer imgprep comes.
pub(super) const NUMBER: u32 = 2;
/// The key that is the root of MiniStack's first account.
pub(super) const ROOT_KEY: &str = "test";

/// How long MiniStack may take to answer at first.
const START_WAIT_MAX: Duration = Duration::from_secs(55);
/// How long MiniStack may take to write its state and end.
const STOP_WAIT_MAX: Duration = Duration::from_secs(12);
const PAUSE: Duration = Duration::from_millis(25);
/// How often it is looked whether anybody still uses the local AWS.
const IDLE_CHECK: Duration = Duration::from_secs(1);
/// The largest body that is kept until it is whole, which its signature takes for every service but
/// S3: a function's zip of 50 MB in base64 is 70 MB (AWS Lambda Developer Guide, "Lambda quotas").
const BODY_BYTES_MAX: usize = 80 * 1024 * 1024;
/// How many secrets of other keys are remembered.
const SECRETS_MAX: usize = 1000;
/// What would tell browsers that any page may read an answer. S3's follow the rules of the bucket.
const CORS: [&str; 4] = [
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
];

/// Runs MiniStack and the gate in front of it until told to stop, or idle for too long. What it
/// returns goes to the log.
pub(crate) async fn serve(
    environment: &Environment,
    python: &Path,
    packages: &Path,
) -> Result<(), String> {
    let failed = |error: io::Error| error.to_string();
    std::env::set_current_dir(&environment.state).map_err(failed)?;
    let secret = environment.secret().map_err(|error| error.to_string())?;
    let mut told_to_end = signal(SignalKind::terminate()).map_err(failed)?;
    let mut ministack = spawn(environment, python, packages, &secret)?;
    let gate = Arc::new(Gate {
        upstream: Upstream::new(SOCKET.into()),
        secret,
        secrets: Mutex::default(),
        last_used: Mutex::new(Instant::now()),
        in_use: AtomicUsize::new(0),
    });
    let serving = Arc::clone(&gate).serve(environment.port);
    tokio::pin!(serving);
    let result = tokio::select! {
        result = &mut serving => {
            stop(&mut ministack).await?;
            return result;
        }
        status = ministack.wait() => Err(format!("MiniStack ended: {status:?}")),
        _ = told_to_end.recv() => Ok(()),
        () = gate.idle(environment.idle_max) => Ok(()),
    };
    // Functions that are at work may still ask for something.
    tokio::select! {
        stopped = stop(&mut ministack) => result.and(stopped),
        wrong = &mut serving => wrong,
    }
}

fn spawn(
    environment: &Environment,
    python: &Path,
    packages: &Path,
    secret: &Secret,
) -> Result<Child, String> {
    let mut command = Command::new(python);
    command.args(["-c", PROGRAM, SOCKET, LOCK]).stdin(Stdio::null());
    command.env_clear().envs(environment.passed.iter().cloned());
    command.envs(settings(environment, packages)).env("AWS_SECRET_ACCESS_KEY", secret.expose());
    command.spawn().map_err(|error| format!("cannot run `{}`: {error}", python.display()))
}

/// Has MiniStack write its state and end, or ends it.
async fn stop(ministack: &mut Child) -> Result<(), String> {
    if let Some(pid) = ministack.id() {
        // One that cannot be asked is ended below.
        let _ = process::terminate(pid);
    }
    match tokio::time::timeout(STOP_WAIT_MAX, ministack.wait()).await {
        Ok(ended) => ended.map(|_| ()),
        Err(_) => ministack.kill().await,
    }
    .map_err(|error| error.to_string())
}

/// MiniStack's settings, as its own documentation and source name them.
fn settings(environment: &Environment, packages: &Path) -> BTreeMap<&'static str, PathBuf> {
    let text = |value: &str| PathBuf::from(value);
    BTreeMap::from([
        // Python and its packages: only what was installed, and its log without delay.
        ("PYTHONPATH", packages.to_owned()),
        ("PYTHONNOUSERSITE", text("1")),
        ("PYTHONUNBUFFERED", text("1")),
        ("TMPDIR", environment.temporary_folder()),
        // Where the gate is, for the addresses that it tells. IoT's and SFTP's own listeners would
        // take all interfaces.
        ("BIND_HOST", text("127.0.0.1")),
        ("GATEWAY_PORT", PathBuf::from(environment.port.to_string())),
        ("IOT_MTLS_ENABLED", text("0")),
        ("SFTP_ENABLED", text("0")),
        ("SFTP_HOST", text("127.0.0.1")),
        // How it behaves: like AWS it enforces IAM; functions run as processes, and they find the
        // gate where on AWS they find AWS.
        ("AUTH", text("true")),
        ("AWS_ENDPOINT_URL", PathBuf::from(environment.endpoint())),
        ("DOCKER_HOST", text("unix:///nonexistent/docker.sock")),
        ("LAMBDA_EXECUTOR", text("local")),
        // What it keeps.
        ("PERSIST_STATE", text("1")),
        ("STATE_DIR", environment.resources_folder()),
        ("S3_PERSIST", text("1")),
        ("S3_DATA_DIR", environment.objects_folder()),
    ])
}

struct Gate {
    upstream: Upstream,
    /// The secret of the root of every account.
    secret: Secret,
    /// Those of other keys, as far as they were asked for.
    secrets: Mutex<HashMap<String, Secret>>,
    last_used: Mutex<Instant>,
    in_use: AtomicUsize,
}

impl Gate {
    /// Listens once MiniStack answers, so that whoever finds the port open can use it.
    async fn serve(self: Arc<Self>, port: u16) -> Result<(), String> {
        let start = Instant::now();
        while !self.upstream.is_up().await {
            if start.elapsed() > START_WAIT_MAX {
                return Err("MiniStack did not answer".to_owned());
            }
            tokio::time::sleep(PAUSE).await;
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        let listener = listener.map_err(|error| format!("cannot listen on {port}: {error}"))?;
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(Arc::clone(&self).connection(stream))),
                // As when too many files are open: some will be closed.
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    async fn connection(self: Arc<Self>, stream: TcpStream) {
        // A small answer shall not wait for the next one.
        let _ = stream.set_nodelay(true);
        let service = service_fn(|request| {
            let gate = Arc::clone(&self);
            async move { Ok::<_, Infallible>(gate.answer(request).await) }
        });
        // A client that breaks off needs no answer.
        let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }

    /// Returns when nobody has asked for anything for this long; never for zero.
    async fn idle(&self, idle_max: Duration) {
        loop {
            tokio::time::sleep(IDLE_CHECK).await;
            let unused = locked(&self.last_used).elapsed();
            if !idle_max.is_zero() && self.in_use.load(Relaxed) == 0 && unused > idle_max {
                return;
            }
        }
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<AnyBody> {
        let in_use = InUse::new(Arc::clone(&self));
        let (parts, body) = request.into_parts();
        let service = stated_service(&parts).map(ToOwned::to_owned);
        let answer = self.enter(parts, body).await;
        let answer = answer.unwrap_or_else(|refusal| refusal.answer(service.as_deref()).map(boxed));
        answer.map(|inner| Held { inner, _in_use: in_use }.boxed_unsync())
    }

    async fn enter(&self, parts: Parts, body: Incoming) -> Result<Response<AnyBody>, Refusal> {
        let upstream = &self.upstream;
        let answer = match Entry::of(&parts, SystemTime::now())? {
            Entry::Health => return Ok(health()),
            Entry::Cdn { label, path } => upstream.view(parts, &label, &path).await,
            Entry::Object => upstream.show(parts).await,
            Entry::Confirmation => upstream.confirm(parts).await,
            Entry::Preflight => upstream.preflight(parts).await,
            Entry::Form => {
                let form = self.proven_form(&parts, body).await?;
                let (content_type, body) = form.written();
                upstream.post(parts, &content_type, body).await
            }
            Entry::Signed(claim) => {
                let (body, is_wrong) = self.proven_body(&claim, &parts, body).await?;
                let mut answer = upstream.pass(Request::from_parts(parts, body)).await;
                if answer.is_err() && is_wrong.load(Relaxed) {
                    return Err(Refusal::wrong_body());
                }
                if let Ok(answer) = answer.as_mut().map(Response::headers_mut)
                    && claim.service != "s3"
                {
                    for name in CORS {
                        answer.remove(name);
                    }
                }
                answer
            }
        };
        answer.map_err(|error| Refusal::unavailable(&error.to_string()))
    }

    /// The body of a request that whoever it claims to be has signed, and what tells whether it turns
    /// out to be another one on the way.
    async fn proven_body(
        &self,
        claim: &Claim,
        parts: &Parts,
        body: Incoming,
    ) -> Result<(AnyBody, Arc<AtomicBool>), Refusal> {
        let secret = self.secret_of(&claim.access_key).await?;
        let prove = |payload: &str| {
            let is_proven = claim.is_proven(parts, payload, secret.expose());
            if is_proven { Ok(()) } else { Err(Refusal::wrong_signature()) }
        };
        let Some(payload) = claim.payload(&parts.headers)? else {
            let whole = whole(body).await?;
            prove(&hex::encode(payload_digest(&whole)))?;
            return Ok((boxed(Full::new(whole)), Arc::default()));
        };
        prove(payload)?;
        // Nobody would ask for what an empty body holds.
        let is_empty = body.size_hint().exact() == Some(0);
        match hex::decode(payload) {
            Ok(hash) if is_empty && hash != payload_digest(&[]) => Err(Refusal::wrong_body()),
            Ok(hash) => {
                let (checked, is_wrong) = Checked::new(body, hash);
                Ok((checked.boxed_unsync(), is_wrong))
            }
            // Not signed, or signed in parts.
            Err(_) => Ok((boxed(body), Arc::default())),
        }
    }

    /// The form that whoever it claims to be has signed.
    async fn proven_form(&self, parts: &Parts, body: Incoming) -> Result<Form, Refusal> {
        let content_type = one(&parts.headers, CONTENT_TYPE.as_str())?.unwrap_or_default();
        let form = Form::read(content_type, &whole(body).await?)?;
        let secret = self.secret_of(&form.access_key).await?;
        form.prove(secret.expose(), SystemTime::now())?;
        Ok(form)
    }

    async fn secret_of(&self, access_key: &str) -> Result<Secret, Refusal> {
        let is_account = access_key.len() == 12 && access_key.bytes().all(|it| it.is_ascii_digit());
        if is_account || access_key == ROOT_KEY {
            return Ok(self.secret.clone());
        }
        if let Some(secret) = locked(&self.secrets).get(access_key) {
            return Ok(secret.clone());
        }
        let asked = self.upstream.secret(access_key).await;
        let asked = asked.map_err(|error| Refusal::unavailable(&error.to_string()))?;
        let secret = Secret::from(asked.ok_or_else(Refusal::unknown_key)?);
        let mut known = locked(&self.secrets);
        if known.len() >= SECRETS_MAX {
            known.clear();
        }
        known.insert(access_key.to_owned(), secret.clone());
        Ok(secret)
    }
}

/// The whole of a body that is not too large.
async fn whole(body: Incoming) -> Result<Bytes, Refusal> {
    let whole = Limited::new(body, BODY_BYTES_MAX).collect().await;
    let whole = whole.map_err(|error| match error.downcast::<LengthLimitError>() {
        Ok(_) => Refusal::too_large(),
        Err(_) => Refusal::incomplete("its body broke off"),
    })?;
    Ok(whole.to_bytes())
}

/// A request that is answered, until its answer is sent or nobody waits for it any more.
struct InUse(Arc<Gate>);

impl InUse {
    fn new(gate: Arc<Gate>) -> Self {
        gate.in_use.fetch_add(1, Relaxed);
        Self(gate)
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        *locked(&self.0.last_used) = Instant::now();
        self.0.in_use.fetch_sub(1, Relaxed);
    }
}

/// The body of an answer, which keeps the gate in use.
struct Held {
    inner: AnyBody,
    _in_use: InUse,
}

impl Body for Held {
    type Data = Bytes;
    type Error = forward::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// What a panic elsewhere left is as good as before: each change of it is one step.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The service that a request says it is for, so that its SDK understands the refusal.
fn stated_service(parts: &Parts) -> Option<&str> {
    let authorization = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    authorization.split_once("/aws4_request")?.0.rsplit('/').next()
}

fn health() -> Response<AnyBody> {
    let body = json!({ "gate": NUMBER, "ministack": VERSION }).to_string();
    let mut response = Response::new(boxed(Full::from(body)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
