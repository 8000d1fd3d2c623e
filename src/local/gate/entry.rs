//! Who may come in: what a request asks for, told from its head alone.

use std::time::SystemTime;

use hyper::Method;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, ORIGIN};
use hyper::http::request::Parts;
use percent_encoding::percent_decode_str;

use super::refusal::Refusal;
use super::signature::{Claim, one};

/// Where the gate itself answers, and what it never passes on.
const OWN_PATH: &str = "/_imgprep/";
const HEALTH_PATH: &str = "/_imgprep/health";
/// Where a distribution is, for programs that cannot resolve its name.
pub(crate) const CDN_PATH: &str = "/_imgprep/cdn/";
/// The end of a distribution's host name.
const CDN_DOMAIN: &str = ".cloudfront.localhost";

/// What a request is let in for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// To see that there is a gate, and which.
    Health,
    /// To read what a distribution serves to everybody.
    Cdn { label: String, path: String },
    /// To read an object that its bucket may show to everybody.
    Object,
    /// To confirm a subscription with the token that SNS sent to its address.
    Confirmation,
    /// To ask, as browsers do, whether a presigned request may be sent.
    Preflight,
    /// To upload a form, as whoever its signature proves to be.
    Form,
    /// As whoever this claim proves to be.
    Signed(Claim),
}

impl Entry {
    /// The entry of a request at this time.
    pub(super) fn of(parts: &Parts, now: SystemTime) -> Result<Self, Refusal> {
        let host = local_host(parts)?;
        let is_read = matches!(parts.method, Method::GET | Method::HEAD);
        if let Some(label) = host.strip_suffix(CDN_DOMAIN) {
            let path = path_and_query(parts, "");
            let cdn = Self::Cdn { label: label.to_owned(), path };
            return if is_read { Ok(cdn) } else { Err(Refusal::unsigned()) };
        }
        let path = parts.uri.path();
        if is_read && path == HEALTH_PATH {
            return Ok(Self::Health);
        }
        if let Some(rest) = path.strip_prefix(CDN_PATH).filter(|_| is_read) {
            let label = rest.split('/').next().unwrap_or_default();
            let path = path_and_query(parts, &format!("{CDN_PATH}{label}"));
            return Ok(Self::Cdn { label: label.to_ascii_lowercase(), path });
        }
        // As MiniStack will read it.
        let decoded = percent_decode_str(path).decode_utf8_lossy();
        if is_own(&decoded) {
            return Err(Refusal::unsigned());
        }
        if parts.method == Method::OPTIONS && is_preflight(parts, &decoded) {
            return Ok(Self::Preflight);
        }
        if parts.method == Method::POST && is_form(parts, &decoded) {
            return Ok(Self::Form);
        }
        match Claim::of(parts, now)? {
            Some(claim) => Ok(Self::Signed(claim)),
            None if parts.method == Method::GET && is_confirmation(parts) => Ok(Self::Confirmation),
            None if is_read && parts.uri.query().is_none() && is_object(&decoded) => {
                Ok(Self::Object)
            }
            None => Err(Refusal::unsigned()),
        }
    }
}

/// The name by which this machine is called. Any other may have been made to lead here: the page of
/// a foreign site would then be on the same site as the local AWS.
fn local_host(parts: &Parts) -> Result<String, Refusal> {
    let host = one(&parts.headers, HOST.as_str()).map_err(|_| Refusal::foreign_host())?;
    // A request to a proxy has a whole URL in its first line.
    let host = host.filter(|_| parts.uri.authority().is_none());
    let host = host.ok_or_else(Refusal::foreign_host)?.to_ascii_lowercase();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => &host,
    };
    let is_local = matches!(name, "127.0.0.1" | "localhost" | "[::1]")
        || name.strip_suffix(".localhost").is_some_and(|label| !label.is_empty());
    if is_local { Ok(name.to_owned()) } else { Err(Refusal::foreign_host()) }
}

/// Whether a path is one of the gate's, or of the emulator's own that no AWS has.
fn is_own(path: &str) -> bool {
    [OWN_PATH, "/_ministack", "/_localstack", "/_aws/", "/health"]
        .iter()
        .any(|own| path.starts_with(own))
}

/// Path and query without a beginning.
fn path_and_query(parts: &Parts, start: &str) -> String {
    let whole = parts.uri.path_and_query().map_or("/", |it| it.as_str());
    let rest = whole.strip_prefix(start).unwrap_or(whole);
    if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") }
}

/// Of what is presigned: an address that carries its signature, or a bucket that takes forms.
fn is_preflight(parts: &Parts, path: &str) -> bool {
    let headers: &HeaderMap = &parts.headers;
    let method = headers.get("access-control-request-method");
    let is_presigned = match parts.uri.query() {
        Some(query) => query.contains("X-Amz-Signature="),
        None => is_bucket(path) && method.is_some_and(|method| method == "POST"),
    };
    is_presigned && headers.contains_key(ORIGIN) && method.is_some()
}

/// Whether a form is sent to a bucket, by nobody who says another way who they are.
fn is_form(parts: &Parts, path: &str) -> bool {
    let kind = parts.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let is_multipart = kind.to_ascii_lowercase().starts_with(b"multipart/form-data");
    let is_signed = parts.headers.contains_key(AUTHORIZATION) || parts.uri.query().is_some();
    is_multipart && !is_signed && is_bucket(path)
}

/// Whether it is the `SubscribeURL` of a message of SNS, and asks for nothing else.
fn is_confirmation(parts: &Parts) -> bool {
    let query = parts.uri.query().unwrap_or_default();
    let mut names: Vec<&str> =
        query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name)).collect();
    names.sort_unstable();
    parts.uri.path() == "/"
        && names == ["Action", "Token", "TopicArn"]
        && query.split('&').any(|pair| pair == "Action=ConfirmSubscription")
}

/// Whether a decoded path is that of a bucket.
fn is_bucket(path: &str) -> bool {
    let name = path.strip_prefix('/').map(|path| path.strip_suffix('/').unwrap_or(path));
    name.is_some_and(|name| !name.is_empty() && !name.contains('/'))
}

/// Whether a decoded path is that of one object: of anything else MiniStack may show more.
fn is_object(path: &str) -> bool {
    let parts = path.strip_prefix('/').and_then(|path| path.split_once('/'));
    parts.is_some_and(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn entry(method: &str, host: &str, path: &str) -> Result<Entry, &'static str> {
        let request = Request::builder().method(method).uri(path).header("host", host);
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Entry::of(&parts, SystemTime::now()).map_err(|refusal| refusal.code)
    }

    #[test]
    fn unsigned_only_health_distributions_and_objects_are_read() {
        let local = "127.0.0.1:4566";
        let unsigned = Err("MissingAuthenticationToken");
        assert_eq!(entry("GET", local, "/_imgprep/health"), Ok(Entry::Health));
        for path in ["/a/b", "/a/b/", "/a//b", "/a/%2F"] {
            assert_eq!(entry("GET", local, path), Ok(Entry::Object), "{path}");
        }
        let others = [
            "/",
            "//",
            "///",
            "//a",
            "//a/b",
            "/%2Fa/b",
            "/a",
            "/a/",
            "/a/b?acl",
            "/_ministack/reset",
            "/%5Fministack/reset",
            "/%5faws/lambda-url/a/b",
            "/_imgprep/other",
            "/health",
        ];
        for path in others {
            assert_eq!(entry("GET", local, path), unsigned, "{path}");
        }
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "ANY"] {
            assert_eq!(entry(method, local, "/a/b"), unsigned, "{method}");
            assert_eq!(entry(method, "a.cloudfront.localhost", "/a/b"), unsigned, "{method}");
        }
    }

    #[test]
    fn a_subscription_is_confirmed_without_a_signature_and_nothing_with_it() {
        const TOPIC: &str = "TopicArn=arn:aws:sns:us-east-1:000000000000:photos-ready";
        let get = |query: &str| entry("GET", "localhost", &format!("/?{query}"));
        let link = format!("Action=ConfirmSubscription&{TOPIC}&Token=0a1b");
        assert_eq!(get(&link), Ok(Entry::Confirmation));
        let others = [
            format!("Action=DeleteTopic&{TOPIC}&Token=0a1b"),
            format!("Action=ConfirmSubscription&{TOPIC}"),
            format!("{link}&Action=DeleteTopic"),
            format!("{link}&Version=2010-03-31"),
            link.replace("Action=", "%41ction="),
        ];
        for query in others {
            assert_eq!(get(&query), Err("MissingAuthenticationToken"), "{query}");
        }
        assert!(entry("POST", "localhost", &format!("/?{link}")).is_err());
        assert!(entry("GET", "localhost", &format!("/a?{link}")).is_err());
    }

    #[test]
    fn a_form_is_sent_to_a_bucket_only_and_says_itself_who_signed_it() {
        let entry = |path: &str, kind: &str, more: &[(&'static str, &'static str)]| {
            let request =
                Request::post(path).header("host", "127.0.0.1").header("content-type", kind);
            let request = more.iter().fold(request, |it, (name, value)| it.header(*name, *value));
            let (parts, ()) = request.body(()).unwrap().into_parts();
            Entry::of(&parts, SystemTime::now()).map_err(|refusal| refusal.code)
        };
        let unsigned = Err("MissingAuthenticationToken");
        let form = "multipart/form-data; boundary=a";
        for path in ["/photos", "/photos/"] {
            assert_eq!(entry(path, form, &[]), Ok(Entry::Form), "{path}");
        }
        for path in
            ["/", "//", "/photos/a", "//photos", "/photos?a", "/_aws/x", "/_imgprep/", "/health"]
        {
            assert_eq!(entry(path, form, &[]), unsigned, "{path}");
        }
        assert_eq!(entry("/photos", "application/json", &[]), unsigned);
        let other = entry("/photos", form, &[("authorization", "AWS a:b")]);
        assert_eq!(other, Err("UnsupportedSignature"));
    }

    #[test]
    fn a_preflight_is_of_what_is_presigned() {
        let entry = |path: &str, method: &str| {
            let request = Request::options(path).header("host", "127.0.0.1").header("origin", "x");
            let request = request.header("access-control-request-method", method);
            let (parts, ()) = request.body(()).unwrap().into_parts();
            Entry::of(&parts, SystemTime::now()) == Ok(Entry::Preflight)
        };
        assert!(entry("/photos", "POST") && entry("/photos/a?X-Amz-Signature=0", "PUT"));
        assert!(!entry("/photos", "PUT") && !entry("/photos/a", "POST") && !entry("/", "POST"));
    }

    #[test]
    fn a_distribution_is_told_by_its_host_or_by_its_path() {
        let cdn = |path: &str| Ok(Entry::Cdn { label: "d1a".to_owned(), path: path.to_owned() });
        assert_eq!(entry("GET", "D1A.cloudfront.localhost:1", "/a%20b?c"), cdn("/a%20b?c"));
        assert_eq!(entry("HEAD", "localhost", "/_imgprep/cdn/D1A/a%20b?c"), cdn("/a%20b?c"));
        assert_eq!(entry("GET", "localhost", "/_imgprep/cdn/d1a"), cdn("/"));
        assert_eq!(entry("GET", "localhost", "/_imgprep/cdn/d1a?c"), cdn("/?c"));
    }
}
