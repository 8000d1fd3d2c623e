//! What stands between a company's machines and AWS: a proxy that wants a password, opens what is
//! encrypted, and signs it again with an authority of its own. AWS behind it is the tests' own.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{HOST, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use imgprep_testkit::http::{PAST_THE_GATE, WholeResponse};
use imgprep_testkit::{REGION, http};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

pub(crate) const PASSWORD: &str = "open-sesame";
/// `proxy:open-sesame` in base64.
const AUTHORIZATION: &str = "proxy-authorization: basic chjvehk6b3blbi1zzxnhbwu=\r\n";

/// A running gateway; dropping it closes its port.
pub(crate) struct Gateway {
    port: u16,
    /// The certificate of its authority.
    pub(crate) authority: String,
    tunnels: Arc<Mutex<BTreeSet<String>>>,
    accepting: AbortHandle,
}

impl Gateway {
    /// In front of an AWS on a port of this machine.
    pub(crate) async fn start(upstream: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (authority, tls) = tls();
        let tunnels: Arc<Mutex<BTreeSet<String>>> = Arc::default();
        let seen = Arc::clone(&tunnels);
        let accepting = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                tokio::spawn(serve(stream, tls.clone(), upstream, Arc::clone(&seen)));
            }
        });
        Self { port, authority, tunnels, accepting: accepting.abort_handle() }
    }

    pub(crate) fn address(&self, password: &str) -> String {
        format!("http://proxy:{password}@127.0.0.1:{}", self.port)
    }

    /// The hosts to which something was sent since the last time, each with its port.
    pub(crate) fn take_hosts(&self) -> BTreeSet<String> {
        std::mem::take(&mut self.tunnels.lock().unwrap())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// An authority, and the TLS of every host of AWS under it.
fn tls() -> (String, TlsAcceptor) {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = authority.self_signed(&authority_key).unwrap();
    let key = KeyPair::generate().unwrap();
    let hosts = [
        "*.amazonaws.com".to_owned(),
        format!("*.{REGION}.amazonaws.com"),
        format!("*.s3.{REGION}.amazonaws.com"),
    ];
    let certificate = CertificateParams::new(hosts).unwrap();
    let certificate = certificate.signed_by(&key, &authority, &authority_key).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    (authority.pem(), TlsAcceptor::from(Arc::new(config)))
}

async fn serve(
    mut stream: TcpStream,
    tls: TlsAcceptor,
    upstream: u16,
    tunnels: Arc<Mutex<BTreeSet<String>>>,
) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let host = head.strip_prefix("connect ").and_then(|rest| rest.split(' ').next());
    let Some(host) = host.filter(|_| head.contains(AUTHORIZATION)) else {
        let refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
        return stream.write_all(refusal).await;
    };
    tunnels.lock().unwrap().insert(host.to_owned());
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    let stream = TokioIo::new(tls.accept(stream).await?);
    let service = service_fn(|request| pass(request, upstream));
    // imgprep closes it when it ends, which is no error whenever it comes.
    let _ = http1::Builder::new().serve_connection(stream, service).await;
    Ok(())
}

/// The answer of the AWS behind the gateway, which knows buckets by their path only.
async fn pass(request: Request<Incoming>, upstream: u16) -> Result<WholeResponse, http::Error> {
    let (mut parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let host = parts.headers.insert(HOST, format!("127.0.0.1:{upstream}").parse()?);
    let host = host.as_ref().map(|host| host.to_str()).transpose()?.unwrap_or_default();
    if let Some((bucket, _)) = host.split_once(".s3.") {
        parts.uri = format!("/{bucket}{}", parts.uri).parse()?;
    }
    parts.headers.insert(PAST_THE_GATE, HeaderValue::from_static("true"));
    let answer: Response<_> =
        http::send(upstream, Request::from_parts(parts, Full::new(body))).await?;
    Ok(answer)
}
