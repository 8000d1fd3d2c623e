//! Signature Version 4 as AWS checks it: what a request claims, and whether its signature proves it.
//!
//! Both forms are known, the `Authorization` header and the query of a presigned URL (AWS IAM User
//! Guide, "Create a signed AWS API request"; Amazon S3 API Reference, "Authenticating Requests:
//! Using Query Parameters"). A request that could be read in two ways is refused, because MiniStack
//! might read it in the other one.

use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use hyper::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName};
use hyper::http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use sha2::{Digest, Sha256};

use super::refusal::Refusal;
use crate::signing::{ALGORITHM, Signer};

/// The payload of a request whose body is not signed.
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";
const CONTENT_SHA256: &str = "x-amz-content-sha256";
/// How far the clock of a signer may be off (Amazon S3 API Reference, `RequestTimeTooSkewed`).
const SKEW_MAX: Duration = Duration::from_mins(15);
/// How long a presigned URL may be valid: a week.
const EXPIRES_SECS_MAX: u64 = 604_800;
/// What the signature leaves as it is: RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same in a path, whose slashes stay.
const ENCODED_IN_PATH: &AsciiSet = &ENCODED.remove(b'/');
/// Headers that SDKs and proxies add after signing.
const ADDED_LATER: [&str; 2] = ["x-amz-user-agent", "x-amzn-trace-id"];

/// What a request says of who signed it, not yet proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) access_key: String,
    /// Such as `20261128/us-east-1/s3/aws4_request`.
    scope: String,
    pub(super) service: String,
    /// As `x-amz-date` has it.
    time: String,
    signed_headers: Vec<String>,
    signature: Vec<u8>,
    is_presigned: bool,
}

impl Claim {
    /// The claim of a request at this time; `None` if it makes none.
    pub(super) fn of(parts: &Parts, now: SystemTime) -> Result<Option<Self>, Refusal> {
        let query = Query::of(parts);
        if query.has_any(&["awsaccesskeyid", "signature"]) {
            return Err(Refusal::unsupported());
        }
        let in_query = query.has_any(&["x-amz-algorithm", "x-amz-credential", "x-amz-signature"]);
        let claim = match (one(&parts.headers, AUTHORIZATION.as_str())?, in_query) {
            (None, false) => return Ok(None),
            (Some(_), true) => {
                return Err(Refusal::incomplete("it is signed in the header and in the query"));
            }
            (Some(authorization), false) => Self::of_header(authorization, &parts.headers)?,
            (None, true) => Self::of_query(&query)?,
        };
        claim.is_timely(&query, now)?;
        claim.covers(&parts.headers)?;
        Ok(Some(claim))
    }

    fn of_header(authorization: &str, headers: &HeaderMap) -> Result<Self, Refusal> {
        let fields = authorization.strip_prefix(ALGORITHM).and_then(|rest| rest.strip_prefix(' '));
        let fields = fields.ok_or_else(Refusal::unsupported)?;
        let field = |name: &str| {
            let mut found = fields.split(',').filter_map(|field| {
                let (key, value) = field.trim().split_once('=')?;
                (key == name).then_some(value)
            });
            let value = found.next().filter(|_| found.next().is_none());
            value.ok_or_else(|| not_once(name))
        };
        let time = one(headers, "x-amz-date")?;
        let time = time.ok_or_else(|| Refusal::incomplete("it has no `x-amz-date`"))?;
        Self::new(field("Credential")?, time, field("SignedHeaders")?, field("Signature")?, false)
    }

    fn of_query(query: &Query) -> Result<Self, Refusal> {
        if query.one("X-Amz-Algorithm")? != ALGORITHM {
            return Err(Refusal::unsupported());
        }
        let (credential, time) = (query.one("X-Amz-Credential")?, query.one("X-Amz-Date")?);
        let (headers, signature) =
            (query.one("X-Amz-SignedHeaders")?, query.one("X-Amz-Signature")?);
        Self::new(credential, time, headers, signature, true)
    }

    fn new(
        credential: &str,
        time: &str,
        signed_headers: &str,
        signature: &str,
        is_presigned: bool,
    ) -> Result<Self, Refusal> {
        let wrong =
            || Refusal::incomplete("its credential is not KEY/DATE/REGION/SERVICE/aws4_request");
        let (access_key, scope) = credential.split_once('/').ok_or_else(wrong)?;
        let parts: Vec<&str> = scope.split('/').collect();
        let [date, _, service, "aws4_request"] = parts[..] else { return Err(wrong()) };
        if time.get(..8) != Some(date) {
            return Err(Refusal::incomplete("its credential's day differs from its date"));
        }
        let signature = hex::decode(signature);
        Ok(Self {
            access_key: access_key.to_owned(),
            scope: scope.to_owned(),
            service: service.to_owned(),
            time: time.to_owned(),
            signed_headers: signed_headers.split(';').map(ToOwned::to_owned).collect(),
            signature: signature.map_err(|_| Refusal::incomplete("its signature is not hex"))?,
            is_presigned,
        })
    }

    fn is_timely(&self, query: &Query, now: SystemTime) -> Result<(), Refusal> {
        let signed_at = time(&self.time);
        let signed_at = signed_at.ok_or_else(|| Refusal::incomplete("its date is invalid"))?;
        let valid_for = if self.is_presigned {
            let seconds = query.one("X-Amz-Expires")?.parse().ok();
            let seconds = seconds.filter(|seconds| *seconds <= EXPIRES_SECS_MAX);
            let seconds = seconds
                .ok_or_else(|| Refusal::incomplete("its `X-Amz-Expires` is not 0 to 604800"))?;
            Duration::from_secs(seconds)
        } else {
            SKEW_MAX
        };
        if signed_at > now + SKEW_MAX || (!self.is_presigned && signed_at + SKEW_MAX < now) {
            return Err(Refusal::skewed());
        }
        if signed_at + valid_for < now { Err(Refusal::expired()) } else { Ok(()) }
    }

    /// Whether the signature covers what AWS wants it to: the host, and every header of AWS's.
    fn covers(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let is_signed = |name: &str| self.signed_headers.iter().any(|signed| signed == name);
        let of_aws = headers
            .keys()
            .map(HeaderName::as_str)
            .filter(|name| name.starts_with("x-amz-") && !ADDED_LATER.contains(name));
        match [HOST.as_str()].into_iter().chain(of_aws).find(|name| !is_signed(name)) {
            Some(name) => {
                Err(Refusal::incomplete(&format!("it does not sign the header `{name}`")))
            }
            None => Ok(()),
        }
    }

    /// What the request says its payload is, where that is not the hash of its body by the rule.
    pub(super) fn payload<'a>(&self, headers: &'a HeaderMap) -> Result<Option<&'a str>, Refusal> {
        let stated = one(headers, CONTENT_SHA256)?;
        let unsigned = (self.is_presigned && self.service == "s3").then_some(UNSIGNED_PAYLOAD);
        Ok(unsigned.or(stated))
    }

    /// Whether whoever signed the request with this payload knows the secret.
    pub(super) fn is_proven(&self, parts: &Parts, payload: &str, secret: &str) -> bool {
        let request = self.canonical_request(parts, payload);
        let hash = hex::encode(Sha256::digest(request));
        let text = format!("{ALGORITHM}\n{}\n{}\n{hash}", self.time, self.scope);
        Signer::new(secret, &self.scope).has_signed(&text, &self.signature)
    }

    fn canonical_request(&self, parts: &Parts, payload: &str) -> String {
        let path: Vec<u8> = percent_decode_str(parts.uri.path()).collect();
        let path = if self.service == "s3" {
            encode_path(&path)
        } else {
            // Every service but S3 takes the path without dots, and encodes it twice.
            encode_path(without_dots(&encode_path(&path)).as_bytes())
        };
        let headers = self.signed_headers.iter().map(|name| {
            let values = parts.headers.get_all(name).iter();
            let values = values.map(|value| squeezed(&String::from_utf8_lossy(value.as_bytes())));
            format!("{name}:{}\n", values.collect::<Vec<_>>().join(","))
        });
        [
            parts.method.as_str(),
            &path,
            &Query::of(parts).canonical(self.is_presigned),
            &headers.collect::<String>(),
            &self.signed_headers.join(";"),
            payload,
        ]
        .join("\n")
    }
}

/// The query of a request, decoded.
struct Query(Vec<(Vec<u8>, Vec<u8>)>);

impl Query {
    fn of(parts: &Parts) -> Self {
        let pairs = parts.uri.query().unwrap_or_default().split('&').filter(|it| !it.is_empty());
        let decoded = |text: &str| percent_decode_str(text).collect();
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        Self(pairs.map(|(name, value)| (decoded(name), decoded(value))).collect())
    }

    /// Whether one of these is there in any spelling.
    fn has_any(&self, names: &[&str]) -> bool {
        let mut all = self.0.iter().map(|(name, _)| name.to_ascii_lowercase());
        all.any(|name| names.iter().any(|wanted| wanted.as_bytes() == name))
    }

    /// The value of a parameter that must be there once, and in no other spelling.
    fn one(&self, name: &str) -> Result<&str, Refusal> {
        let mut all = self.0.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes()));
        let found = all.next().filter(|(key, _)| key == name.as_bytes() && all.next().is_none());
        found.and_then(|(_, value)| std::str::from_utf8(value).ok()).ok_or_else(|| not_once(name))
    }

    fn canonical(&self, without_signature: bool) -> String {
        let encoded = |bytes: &[u8]| percent_encode(bytes, ENCODED).to_string();
        let pairs =
            self.0.iter().filter(|(name, _)| !(without_signature && name == b"X-Amz-Signature"));
        let mut pairs: Vec<_> =
            pairs.map(|(name, value)| (encoded(name), encoded(value))).collect();
        pairs.sort_unstable();
        let pairs = pairs.into_iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("&")
    }
}

/// The value of a header that may be there once.
pub(super) fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refusal> {
    let mut all = headers.get_all(name).iter();
    let Some(value) = all.next() else { return Ok(None) };
    let value = value.to_str().ok().filter(|_| all.next().is_none());
    value.map(Some).ok_or_else(|| not_once(name))
}

fn not_once(name: &str) -> Refusal {
    Refusal::incomplete(&format!("`{name}` must be present exactly once"))
}

/// The hash of a body, of which the hexadecimal form is signed.
pub(super) fn payload_digest(body: &[u8]) -> Vec<u8> {
    Sha256::digest(body).to_vec()
}

fn encode_path(path: &[u8]) -> String {
    percent_encode(path, ENCODED_IN_PATH).to_string()
}

/// A path without empty and dotted segments (RFC 3986, section 5.2.4).
fn without_dots(path: &str) -> String {
    let mut kept = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    let end = if path.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    format!("/{}{end}", kept.join("/"))
}

/// A value without the white space that does not count.
fn squeezed(value: &str) -> String {
    value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// The time of an `x-amz-date`, such as `20261128T091500Z`.
fn time(text: &str) -> Option<SystemTime> {
    let with_punctuation = match text.as_bytes() {
        [_, _, _, _, _, _, _, _, b'T', _, _, _, _, _, _, b'Z'] if text.is_ascii() => format!(
            "{}-{}-{}T{}:{}:{}Z",
            &text[..4],
            &text[4..6],
            &text[6..8],
            &text[9..11],
            &text[11..13],
            &text[13..15]
        ),
        _ => return None,
    };
    let parsed = DateTime::from_str(&with_punctuation, Format::DateTime).ok()?;
    SystemTime::try_from(parsed).ok()
}

/// The examples are AWS's own, with its example key: Amazon S3 API Reference, "Authenticating Requests:
/// Using the Authorization Header" and "Using Query Parameters"; AWS General Reference, "Examples of how
/// to derive a signing key" (`ListUsers`).
#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    const OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const PRESIGNED: &str = "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";

    fn payload_hash(body: &[u8]) -> String {
        hex::encode(payload_digest(body))
    }

    fn parts(path: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn at(text: &str) -> SystemTime {
        time(text).unwrap()
    }

    fn of_s3() -> Vec<(&'static str, &'static str)> {
        vec![
            ("host", "examplebucket.s3.amazonaws.com"),
            ("range", "bytes=0-9"),
            ("x-amz-content-sha256", OF_NOTHING),
            ("x-amz-date", "20130524T000000Z"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
                 SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
                 Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            ),
        ]
    }

    #[test]
    fn a_signed_header_is_proven_by_the_secret_only() {
        let parts = parts("/test.txt", &of_s3());
        let claim = Claim::of(&parts, at("20130524T001000Z")).unwrap().unwrap();
        assert_eq!(
            (claim.access_key.as_str(), claim.service.as_str()),
            ("AKIAIOSFODNN7EXAMPLE", "s3")
        );
        assert_eq!(claim.payload(&parts.headers).unwrap(), Some(OF_NOTHING));
        assert!(claim.is_proven(&parts, OF_NOTHING, SECRET));
        assert!(!claim.is_proven(&parts, OF_NOTHING, "another"));
        assert!(!claim.is_proven(&parts, &payload_hash(b"more"), SECRET));
    }

    #[test]
    fn another_service_is_proven_with_the_hash_of_its_body() {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("host", "iam.amazonaws.com"),
            ("x-amz-date", "20150830T123600Z"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date, \
                 Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
            ),
        ];
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let signed = |path: &str| {
            let parts = parts(path, &headers);
            let claim = Claim::of(&parts, at("20150830T123600Z")).unwrap().unwrap();
            assert_eq!(claim.payload(&parts.headers).unwrap(), None);
            claim.is_proven(&parts, &payload_hash(b""), secret)
        };
        assert!(signed("/?Action=ListUsers&Version=2010-05-08"));
        assert!(signed("/?Version=2010-05-08&Action=ListUsers"), "the order does not count");
        assert!(!signed("/?Action=ListRoles&Version=2010-05-08"));
        assert!(!signed("/?Action=ListUsers&Version=2010-05-08&More="));
        assert!(!signed("/more?Action=ListUsers&Version=2010-05-08"));
    }

    #[test]
    fn a_presigned_address_is_proven_until_it_expires() {
        let host = ("host", "examplebucket.s3.amazonaws.com");
        let presigned = parts(PRESIGNED, &[host]);
        let claim = Claim::of(&presigned, at("20130524T235959Z")).unwrap().unwrap();
        assert_eq!(claim.payload(&presigned.headers).unwrap(), Some(UNSIGNED_PAYLOAD));
        assert!(claim.is_proven(&presigned, UNSIGNED_PAYLOAD, SECRET));
        let late = Claim::of(&presigned, at("20130525T000001Z"));
        assert_eq!(late, Err(Refusal::expired()));
        let longer = parts(&PRESIGNED.replace("=86400", "=86401"), &[host]);
        let claim = Claim::of(&longer, at("20130524T000000Z")).unwrap().unwrap();
        assert!(!claim.is_proven(&longer, UNSIGNED_PAYLOAD, SECRET));
        let week = parts(&PRESIGNED.replace("=86400", "=604801"), &[host]);
        assert!(Claim::of(&week, at("20130524T000000Z")).is_err(), "a week is the most");
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        let now = at("20130524T000000Z");
        let code = |path: &str, headers: &[(&str, &str)]| {
            Claim::of(&parts(path, headers), now).map_or_else(|it| it.code, |_| "none")
        };
        let with = |more: (&'static str, &'static str)| [of_s3(), vec![more]].concat();
        let headers = of_s3();
        assert_eq!(code("/test.txt", &headers), "none");
        let incomplete = "IncompleteSignature";
        assert_eq!(code(PRESIGNED, &headers), incomplete);
        assert_eq!(code("/a?x-amz-credential=test", &headers), incomplete);
        assert_eq!(code("/a?%58-Amz-Signature=0", &headers), incomplete);
        assert_eq!(code("/a?AWSAccessKeyId=test", &headers), "UnsupportedSignature");
        assert_eq!(code("/a", &with(("authorization", "AWS4-HMAC-SHA256 a"))), incomplete);
        assert_eq!(code("/a", &with(("x-amz-date", "20130524T000000Z"))), incomplete);
        assert_eq!(code("/a", &with(("x-amz-acl", "public-read"))), incomplete, "it is not signed");
        assert_eq!(code(&format!("{PRESIGNED}&X-Amz-Credential=test"), &headers[..1]), incomplete);
        assert_eq!(code(&format!("{PRESIGNED}&x-amz-signature=0"), &headers[..1]), incomplete);
        let hour = Claim::of(&parts("/test.txt", &headers), at("20130524T010000Z"));
        assert_eq!(hour, Err(Refusal::skewed()));
        assert_eq!(Claim::of(&parts("/test.txt", &headers[..4]), now), Ok(None));
    }

    #[test]
    fn a_time_is_one_of_this_form_only() {
        assert!(time("20130524T000000Z").is_some());
        for text in
            ["", "20130524T000000", "2013-05-24T00:00:00Z", "20131324T000000Z", "2013052éT00000Z"]
        {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
