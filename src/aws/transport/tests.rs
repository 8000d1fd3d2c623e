//! Ways past proxies and whom they trust, against servers of this machine.

use std::sync::Mutex as Lock;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::aws::fetch;

const SECRET: &str = "s%26cret";

/// A server that answers every request alike, and remembers their heads in small letters.
struct Server {
    port: u16,
    heads: Arc<Lock<Vec<String>>>,
}

impl Server {
    async fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads: Arc<Lock<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                seen.lock().unwrap().push(String::from_utf8(head).unwrap().to_lowercase());
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self { port, heads }
    }

    async fn page() -> Self {
        Self::start("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok").await
    }

    fn address(&self) -> String {
        format!("http://user:{SECRET}@127.0.0.1:{}", self.port)
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.heads.lock().unwrap())
    }
}

fn transport(variables: &[(&str, &str)], ca_bundle: Option<&str>) -> Result<Transport, Unusable> {
    let variable = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    Transport::new(&variable, ca_bundle)
}

async fn get(transport: &Transport, url: &str) -> Result<Vec<u8>, String> {
    fetch::get(&transport.web(), url).await?.bytes().await
}

#[tokio::test]
async fn plain_http_goes_through_its_proxy_in_either_spelling() {
    let proxy = Server::page().await;
    for name in HTTP_PROXY {
        let transport = transport(&[(name, &proxy.address())], None).unwrap();
        assert_eq!(get(&transport, "http://d1.invalid/x").await.unwrap(), b"ok");
        let heads = proxy.take();
        assert_eq!(heads.len(), 1, "{name}");
        assert!(heads[0].starts_with("get http://d1.invalid/x http/1.1\r\n"), "{}", heads[0]);
        // user:s&cret
        let authorization = "\r\nproxy-authorization: basic dxnlcjpzjmnyzxq=\r\n";
        assert!(heads[0].contains(authorization), "{}", heads[0]);
    }
}

#[tokio::test]
async fn https_goes_through_a_tunnel_and_a_refusal_shows_no_password() {
    let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
    let proxy = Server::start(refusal).await;
    for name in HTTPS_PROXY {
        let transport = transport(&[(name, &proxy.address())], None).unwrap();
        let error = get(&transport, "https://d1.invalid/").await.unwrap_err();
        let heads = proxy.take();
        assert!(heads[0].starts_with("connect d1.invalid:443 http/1.1\r\n"), "{}", heads[0]);
        assert!(heads[0].contains("basic dxnlcjpzjmnyzxq="), "{}", heads[0]);
        for text in [error, format!("{transport:?}").replace(&proxy.address(), "")] {
            assert!(!text.contains("cret"), "{text}");
        }
    }
}

#[tokio::test]
async fn this_machine_and_what_no_proxy_names_are_reached_directly() {
    let (proxy, page) = (Server::page().await, Server::page().await);
    let address = proxy.address();
    for name in NO_PROXY {
        let variables = [("HTTP_PROXY", address.as_str()), (name, "elsewhere, .invalid")];
        let transport = transport(&variables, None).unwrap();
        get(&transport, "http://d1.invalid/").await.unwrap_err();
        for host in ["127.0.0.1", "localhost", "d1.cloudfront.localhost"] {
            let url = format!("http://{host}:{}/", page.port);
            assert_eq!(get(&transport, &url).await.unwrap(), b"ok", "{url}");
        }
    }
    assert_eq!(proxy.take(), Vec::<String>::new());
}

#[test]
fn an_address_of_no_proxy_is_refused_and_not_shown() {
    for address in [format!("socks5://u:{SECRET}@h:1"), format!("http:// u:{SECRET}@h")] {
        for name in HTTPS_PROXY {
            let unusable = transport(&[(name, &address)], None).unwrap_err();
            assert_eq!(unusable.setting, "HTTPS_PROXY");
            let text = format!("{unusable:?}");
            assert!(!text.contains(SECRET), "{text}");
        }
    }
}

#[test]
fn an_address_needs_no_scheme_and_an_empty_one_is_none() {
    let both = [("https_proxy", ""), ("HTTPS_PROXY", "http://proxy:3128")];
    assert!(transport(&both, None).unwrap().https.is_none());
    let bare = transport(&[("HTTPS_PROXY", "user:word@proxy:3128")], None).unwrap();
    assert!(bare.https.is_some() && bare.http.is_none());
    assert!(transport(&[], None).unwrap().https.is_none());
}

#[test]
fn a_bundle_holds_certificates_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let file = |text: &str| {
        let path = folder.path().join("ca.pem").display().to_string();
        fs::write(&path, text).unwrap();
        path
    };
    let why = |path: &str| {
        let unusable = transport(&[], Some(path)).unwrap_err();
        assert_eq!(unusable.setting, "AWS_CA_BUNDLE");
        unusable.why.replace(&folder.path().display().to_string(), "FOLDER")
    };
    let missing = folder.path().join("no-such.pem").display().to_string();
    assert_eq!(why(&missing), "`FOLDER/no-such.pem`: No such file or directory (os error 2)");
    assert_eq!(why(&file("# nothing")), "`FOLDER/ca.pem`: it contains no certificate");
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(why(&file(garbage)), "`FOLDER/ca.pem`: invalid peer certificate: BadEncoding");

    let own = rcgen::generate_simple_self_signed(["aws".to_owned()]).unwrap().cert.pem();
    let transport = transport(&[], Some(&file(&format!("# ours\n{own}{own}")))).unwrap();
    assert!(transport.trust.is_some());
    // It panics over what it cannot read, which nothing above may let through.
    transport.web();
}
