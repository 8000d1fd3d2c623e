//! A form that uploads, as `imgprep presign` and the SDKs sign it (Amazon S3 API Reference, "POST
//! Object"): what it claims, and whether its signature proves it.
//!
//! MiniStack enforces the conditions of its policy. What it is sent is written anew from what was read
//! here, so that nothing in a form can be read in another way there.

use std::time::SystemTime;

use aws_smithy_types::date_time::Format;
use aws_smithy_types::{DateTime, base64};
use bytes::Bytes;
use serde::Deserialize;

use super::refusal::Refusal;
use super::signature::payload_digest;
use crate::signing::{ALGORITHM, Signer};

/// The field that comes last, and is the object.
const FILE: &str = "file";
/// What S3 itself takes of fields together, in bytes ("POST Object", form fields).
const FIELDS_BYTES_MAX: usize = 20_480;

/// A form, not yet proven.
pub(super) struct Form {
    /// All fields before the file, in their order.
    fields: Vec<(String, Bytes)>,
    file_name: String,
    file: Bytes,
    pub(super) access_key: String,
    scope: String,
    policy: String,
    signature: Vec<u8>,
    /// The hash of the whole body, which nobody can have written into it.
    hash: String,
}

impl Form {
    /// Reads a whole body of this content type.
    pub(super) fn read(content_type: &str, body: &Bytes) -> Result<Self, Refusal> {
        let malformed = || Refusal::malformed_form("it is not well-formed `multipart/form-data`");
        let boundary = boundary(content_type).ok_or_else(malformed)?;
        let delimiter = format!("\r\n--{boundary}").into_bytes();
        // The first delimiter has no line before it.
        let start = body.strip_prefix(&delimiter[2..]).ok_or_else(malformed)?;
        let mut at = body.len() - start.len();
        let mut fields: Vec<(String, Bytes)> = Vec::new();
        loop {
            let part = body.slice(at..);
            let part = part.strip_prefix(b"\r\n".as_slice()).map(|rest| body.slice_ref(rest));
            let part = part.ok_or_else(|| Refusal::malformed_form("it has no field `file`"))?;
            let head = find(&part, b"\r\n\r\n").ok_or_else(malformed)?;
            let disposition = Disposition::read(&part[..head]).ok_or_else(malformed)?;
            let value = part.slice(head + 4..);
            let length = find(&value, &delimiter).ok_or_else(malformed)?;
            let after = body.len() - (value.len() - length) + delimiter.len();
            let value = value.slice(..length);
            if disposition.name == FILE {
                let hash = hex::encode(payload_digest(body));
                return Self::new(fields, disposition.file_name, value, hash);
            }
            fields.push((disposition.name, value));
            if fields.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>()
                > FIELDS_BYTES_MAX
            {
                return Err(Refusal::malformed_form("its fields are too large"));
            }
            at = after;
        }
    }

    fn new(
        fields: Vec<(String, Bytes)>,
        file_name: String,
        file: Bytes,
        hash: String,
    ) -> Result<Self, Refusal> {
        let one = |name: &str| {
            let mut found = fields.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name));
            let value = found.next().filter(|_| found.next().is_none());
            let value = value.and_then(|(_, value)| std::str::from_utf8(value).ok());
            value.ok_or_else(|| Refusal::incomplete(&format!("its form needs one field `{name}`")))
        };
        if fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("AWSAccessKeyId")) {
            return Err(Refusal::unsupported());
        }
        if one("x-amz-algorithm")? != ALGORITHM {
            return Err(Refusal::unsupported());
        }
        let credential = one("x-amz-credential")?.split_once('/');
        let (access_key, scope) =
            credential.ok_or_else(|| Refusal::incomplete("its credential has no scope"))?;
        let signature = hex::decode(one("x-amz-signature")?);
        let signature = signature.map_err(|_| Refusal::incomplete("its signature is not hex"))?;
        let (access_key, scope) = (access_key.to_owned(), scope.to_owned());
        let policy = one("policy")?.to_owned();
        Ok(Self { fields, file_name, file, access_key, scope, policy, signature, hash })
    }

    /// Whether whoever signed it knows the secret, and it is still valid.
    pub(super) fn prove(&self, secret: &str, now: SystemTime) -> Result<(), Refusal> {
        let is_proven = Signer::new(secret, &self.scope).has_signed(&self.policy, &self.signature);
        if !is_proven {
            return Err(Refusal::wrong_signature());
        }
        let expires = expiration(&self.policy);
        let expires = expires.ok_or_else(|| Refusal::incomplete("its policy has no expiration"))?;
        if expires <= now { Err(Refusal::expired()) } else { Ok(()) }
    }

    /// The form with a boundary that is nowhere in it, and its content type.
    pub(super) fn written(&self) -> (String, Bytes) {
        let boundary = &self.hash;
        let mut body = Vec::with_capacity(self.file.len() + 2 * FIELDS_BYTES_MAX);
        for (name, value) in &self.fields {
            let head =
                format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(value);
            body.extend_from_slice(b"\r\n");
        }
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{FILE}\"; \
             filename=\"{}\"\r\n\r\n",
            self.file_name
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(&self.file);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        (format!("multipart/form-data; boundary={boundary}"), body.into())
    }
}

/// The boundary of a multipart form (RFC 2046, section 5.1.1).
fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let mut values = parameters.split(';').filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then_some(value.trim().trim_matches('"'))
    });
    values.next().filter(|value| (1..=70).contains(&value.len()) && values.next().is_none())
}

/// What the head of a part says of it.
struct Disposition {
    name: String,
    file_name: String,
}

impl Disposition {
    fn read(head: &[u8]) -> Option<Self> {
        let head = std::str::from_utf8(head).ok()?;
        let mut lines = head.split("\r\n").filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
        });
        let line = lines.next().filter(|_| lines.next().is_none())?;
        let mut parts = parameters(line).into_iter();
        if parts.next()?.0 != "form-data" {
            return None;
        }
        let (mut name, mut file_name) = (None, String::new());
        for (key, value) in parts {
            match key.as_str() {
                "name" if name.is_none() => name = Some(value),
                "name" => return None,
                "filename" => file_name = value,
                _ => {}
            }
        }
        let is_plain = |name: &String| {
            let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            !name.is_empty() && name.bytes().all(is_part)
        };
        Some(Self { name: name.filter(is_plain)?, file_name })
    }
}

/// The parts of a header between semicolons, in or without quotes.
fn parameters(line: &str) -> Vec<(String, String)> {
    let mut is_quoted = false;
    let parts = line.split(|character| {
        is_quoted ^= character == '"';
        character == ';' && !is_quoted
    });
    let parts = parts.map(|part| part.split_once('=').unwrap_or((part, "")));
    // A quote inside of a value would end it.
    let bare = |value: &str| value.trim().replace(['"', '\r', '\n'], "");
    parts.map(|(key, value)| (key.trim().to_ascii_lowercase(), bare(value))).collect()
}

/// Where a text begins in another.
fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    loop {
        from += text[from..].iter().position(|byte| *byte == first)?;
        if text[from..].starts_with(wanted) {
            return Some(from);
        }
        from += 1;
    }
}

/// What MiniStack checks of a policy as well, beside its conditions.
#[derive(Deserialize)]
struct Policy {
    expiration: String,
}

fn expiration(policy: &str) -> Option<SystemTime> {
    let policy: Policy = serde_json::from_slice(&base64::decode(policy).ok()?).ok()?;
    DateTime::from_str(&policy.expiration, Format::DateTime).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SECRET: &str = "secret";
    const SCOPE: &str = "20261128/us-east-1/s3/aws4_request";

    fn at(text: &str) -> SystemTime {
        DateTime::from_str(text, Format::DateTime).unwrap().try_into().unwrap()
    }

    fn fields() -> Vec<(&'static str, String)> {
        let policy = json!({ "expiration": "2026-11-28T09:30:00Z", "conditions": [] });
        let policy = base64::encode(policy.to_string());
        vec![
            ("key", "originals/a.jpg".to_owned()),
            ("x-amz-algorithm", ALGORITHM.to_owned()),
            ("x-amz-credential", format!("test/{SCOPE}")),
            ("x-amz-signature", Signer::new(SECRET, SCOPE).sign(&policy)),
            ("policy", policy),
        ]
    }

    fn part(head: &str, value: &str) -> String {
        format!("--edge\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n")
    }

    fn body(fields: &[(&str, String)], file: &str) -> Bytes {
        let fields = fields.iter().map(|(name, it)| part(&format!("name=\"{name}\""), it));
        let file = part("name=\"file\"; filename=\"a.jpg\"", file);
        format!("{}{file}--edge--\r\n", fields.collect::<String>()).into()
    }

    const KIND: &str = "multipart/form-data; boundary=edge";

    fn code(kind: &str, body: &Bytes) -> &'static str {
        Form::read(kind, body).map_or_else(|refusal| refusal.code, |_| "none")
    }

    #[test]
    fn a_form_is_proven_by_the_secret_until_it_expires() {
        let form = Form::read(KIND, &body(&fields(), "a\r\n--edg\r\nb")).unwrap();
        assert_eq!((form.access_key.as_str(), &form.file[..]), ("test", &b"a\r\n--edg\r\nb"[..]));
        let in_time = at("2026-11-28T09:29:59Z");
        assert_eq!(form.prove(SECRET, in_time), Ok(()));
        assert_eq!(form.prove("another", in_time), Err(Refusal::wrong_signature()));
        assert_eq!(form.prove(SECRET, at("2026-11-28T09:30:00Z")), Err(Refusal::expired()));
        let mut other = fields();
        other[4].1 = base64::encode("{\"expiration\": \"2027-11-28T09:30:00Z\"}");
        let form = Form::read(KIND, &body(&other, "a")).unwrap();
        assert_eq!(form.prove(SECRET, in_time), Err(Refusal::wrong_signature()));
    }

    /// What MiniStack is sent has nothing but what was read, under another boundary.
    #[test]
    fn a_form_is_written_as_it_was_read() {
        let mut more = fields();
        more.push(("x-amz-meta-a", "--edge-\r\n".to_owned()));
        let first = body(&more, "file\r\n--edgy");
        let mut text = b"".to_vec();
        text.extend_from_slice(&first);
        text.extend_from_slice(b"after the end, where nobody reads");
        let (kind, written) = Form::read(KIND, &text.into()).unwrap().written();
        let again = Form::read(&kind, &written).unwrap();
        let read: Vec<_> = again.fields.iter().map(|(name, it)| (name.as_str(), it)).collect();
        assert_eq!(read.len(), more.len());
        assert!(
            read.iter().zip(&more).all(|((name, it), (other, value))| {
                name == other && it[..] == *value.as_bytes()
            })
        );
        assert_eq!((&again.file[..], again.file_name.as_str()), (&b"file\r\n--edgy"[..], "a.jpg"));
        assert!(!String::from_utf8_lossy(&written).contains("nobody reads"));
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        let (incomplete, malformed) = ("IncompleteSignature", "MalformedPOSTRequest");
        for index in 1..fields().len() {
            let mut all = fields();
            let (name, value) = all[index].clone();
            all.push((name, value.clone()));
            assert_eq!(code(KIND, &body(&all, "a")), incomplete, "{name} twice");
            all[index].0 = "other";
            assert_eq!(code(KIND, &body(&all, "a")), "none", "{name} once");
            all.pop();
            assert_eq!(code(KIND, &body(&all, "a")), incomplete, "no {name}");
        }
        let mut upper = fields();
        upper.push(("Policy", "e30=".to_owned()));
        assert_eq!(code(KIND, &body(&upper, "a")), incomplete);
        let mut old = fields();
        old.push(("AWSAccessKeyId", "test".to_owned()));
        assert_eq!(code(KIND, &body(&old, "a")), "UnsupportedSignature");

        let whole = body(&fields(), "a");
        for kind in [
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=edge; boundary=other",
            "multipart/mixed; boundary=edge",
            "multipart/form-data; boundary=other",
        ] {
            assert_eq!(code(kind, &whole), malformed, "{kind}");
        }
        assert_eq!(code("Multipart/Form-Data; charset=utf-8; boundary=\"edge\"", &whole), "none");
        for end in 0..whole.len() - "--\r\n".len() {
            assert_ne!(code(KIND, &whole.slice(..end)), "none", "cut at {end}");
        }
        for name in ["", "a b", "a\\\"b", "\u{e4}"] {
            let text = part(&format!("name=\"{name}\""), "a") + "--edge--";
            assert_eq!(code(KIND, &text.into()), malformed, "{name}");
        }
        for head in ["name=\"a\"; name=\"b\"", "filename=\"a\"", "attachment"] {
            assert_eq!(code(KIND, &(part(head, "a") + "--edge--").into()), malformed, "{head}");
        }
        let large = [("a", "x".repeat(FIELDS_BYTES_MAX))];
        assert_eq!(code(KIND, &body(&large, "a")), malformed);
    }
}
