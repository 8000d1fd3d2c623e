//! How requests leave this machine: the one HTTPS client under all services, the proxies on its way,
//! and whom it trusts.
//!
//! The SDK for Rust reads neither proxies nor certificates from the environment by itself
//! (awslabs/aws-sdk-rust#169, #1066), as every other AWS tool does.

use std::collections::HashMap;
use std::fmt::Display;
use std::fs;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::{ProxyConfig, ProxyError};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::call::Unusable;

/// The variable that names a file of certificates to trust instead of the system's, and its key in a
/// profile (AWS SDKs and Tools Reference Guide, "General configuration settings").
pub(crate) const CA_BUNDLE: (&str, &str) = ("AWS_CA_BUNDLE", "ca_bundle");

/// The variables for a proxy, by the scheme of what is asked for. Where both spellings are set the
/// first wins, also if it is empty, as for curl and the AWS CLI.
const HTTP_PROXY: [&str; 2] = ["http_proxy", "HTTP_PROXY"];
const HTTPS_PROXY: [&str; 2] = ["https_proxy", "HTTPS_PROXY"];
const NO_PROXY: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// What no proxy can reach for this machine: itself, and the link-local addresses at which EC2, ECS
/// and EKS hand out credentials (AWS SDKs and Tools Reference Guide, "IMDS credential provider" and
/// "Container credential provider").
const NEVER_PROXIED: &str = "localhost,127.0.0.0/8,::1,169.254.0.0/16,fd00:ec2::/32";

/// Reads a variable of the environment.
type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The one HTTP client of the program. Clones share their connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transport {
    trust: Option<TlsContext>,
    http: Option<ProxyConfig>,
    https: Option<ProxyConfig>,
    pools: Arc<Mutex<HashMap<Timeouts, SharedHttpConnector>>>,
}

/// Connect and read timeout, which are a connector's and not a request's.
type Timeouts = (Option<Duration>, Option<Duration>);

impl Transport {
    /// Past every proxy, trusting whom the system trusts: the way to the local AWS.
    pub(crate) fn direct() -> Self {
        Self::default()
    }

    /// Through the proxies that the environment names. `ca_bundle` is the file of certificates to
    /// trust instead of the system's.
    pub(crate) fn new(variable: Variable<'_>, ca_bundle: Option<&str>) -> Result<Self, Unusable> {
        let no_proxy = first(variable, NO_PROXY).unwrap_or_default();
        let no_proxy = format!("{NEVER_PROXIED},{no_proxy}");
        let through = |names, build| proxy(variable, names, build, &no_proxy);
        Ok(Self {
            trust: ca_bundle.map(trust).transpose()?,
            http: through(HTTP_PROXY, ProxyConfig::http::<String>)?,
            https: through(HTTPS_PROXY, ProxyConfig::https::<String>)?,
            pools: Arc::default(),
        })
    }

    /// The variable that names the proxy on the way to AWS.
    pub(crate) fn https_proxy(&self) -> Option<&'static str> {
        self.https.as_ref()?;
        let is_set = |name: &&str| std::env::var_os(name).is_some();
        HTTPS_PROXY.into_iter().find(is_set)
    }

    /// For addresses that are not AWS's own, such as a distribution's.
    pub(crate) fn web(&self) -> SharedHttpConnector {
        self.connector(&HttpConnectorSettings::builder().build())
    }

    fn connector(&self, settings: &HttpConnectorSettings) -> SharedHttpConnector {
        let timeouts = (settings.connect_timeout(), settings.read_timeout());
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let connector = pools.entry(timeouts).or_insert_with(|| self.connect(settings));
        connector.clone()
    }

    fn connect(&self, settings: &HttpConnectorSettings) -> SharedHttpConnector {
        let through = |proxy: &Option<ProxyConfig>| {
            Connector::builder()
                .connector_settings(settings.clone())
                .proxy_config(proxy.clone().unwrap_or_else(ProxyConfig::disabled))
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .tls_context(self.trust.clone().unwrap_or_default())
                .build_with_resolver(LoopbackForLocalhost)
        };
        match (&self.http, &self.https) {
            (None, https) => SharedHttpConnector::new(through(https)),
            (http, https) => {
                SharedHttpConnector::new(ByScheme { http: through(http), https: through(https) })
            }
        }
    }
}

impl HttpClient for Transport {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.connector(settings)
    }
}

/// A connector knows one proxy only, so that there are two where plain HTTP has its own.
#[derive(Debug)]
struct ByScheme {
    http: Connector,
    https: Connector,
}

impl HttpConnector for ByScheme {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let is_plain = request.uri().starts_with("http://");
        if is_plain { self.http.call(request) } else { self.https.call(request) }
    }
}

/// The value of the first of these variables that is set.
fn first(variable: Variable<'_>, names: [&'static str; 2]) -> Option<String> {
    names.into_iter().find_map(variable)
}

/// The proxy that one of these variables names. The error never shows its address, which may hold a
/// password.
fn proxy(
    variable: Variable<'_>,
    names: [&'static str; 2],
    build: fn(String) -> Result<ProxyConfig, ProxyError>,
    no_proxy: &str,
) -> Result<Option<ProxyConfig>, Unusable> {
    let Some(address) = first(variable, names).filter(|address| !address.is_empty()) else {
        return Ok(None);
    };
    let is_whole = address.contains("://");
    let address = if is_whole { address } else { format!("http://{address}") };
    match build(address) {
        Ok(proxy) => Ok(Some(proxy.no_proxy(no_proxy))),
        Err(_) => Err(Unusable {
            setting: names[1],
            why: "it is not the address of an HTTP proxy".to_owned(),
            hint:
                "write it as `http://HOST:PORT`, with `USER:PASSWORD@` percent-encoded before the \
                   host, or unset it"
                    .to_owned(),
        }),
    }
}

/// Trusts the certificates of a file, and nobody else, as the AWS CLI does.
fn trust(path: &str) -> Result<TlsContext, Unusable> {
    let unusable = |why: &dyn Display| Unusable {
        setting: CA_BUNDLE.0,
        why: format!("`{path}`: {why}"),
        hint: "name a file of certificates in PEM form, or unset it".to_owned(),
    };
    let pem = read(path).map_err(|why| unusable(&why))?;
    let store = TrustStore::empty().with_pem_certificate(pem);
    let context = TlsContext::builder().with_trust_store(store).build();
    context.map_err(|error| unusable(&error))
}

/// A file that holds certificates and nothing that the TLS client would stumble over: it panics then.
fn read(path: &str) -> Result<Vec<u8>, String> {
    let pem = fs::read(path).map_err(|error| error.to_string())?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() { Err("it contains no certificate".to_owned()) } else { Ok(pem) }
}

/// The system's resolver, but for names under `localhost`, which not every system's resolver
/// knows to be loopback (RFC 6761, section 6.3).
#[derive(Clone, Debug)]
struct LoopbackForLocalhost;

impl ResolveDns for LoopbackForLocalhost {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            if name == "localhost" || name.ends_with(".localhost") {
                return Ok(vec![IpAddr::from([127, 0, 0, 1])]);
            }
            let addresses =
                tokio::net::lookup_host((name, 0)).await.map_err(ResolveDnsError::new)?;
            Ok(addresses.map(|address| address.ip()).collect())
        })
    }
}

#[cfg(test)]
mod tests;
