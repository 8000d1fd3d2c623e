//! A form with which somebody without credentials uploads one original: S3 takes it with exactly this
//! key and content type, up to a size, until it expires ("Creating a POST policy" in the Amazon S3 API
//! Reference).
//!
//! Nothing here asks AWS. Deliberately absent: whose credentials these are, and printing.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::config::Credentials;
use aws_smithy_types::date_time::Format;
use aws_smithy_types::{DateTime, base64};
use contract::framing::{CROP_METADATA, FOCUS_METADATA, Framing};
use serde::Serialize;
use serde_json::{Value, json};

use crate::signing::{ALGORITHM, Signer};

/// What S3 puts the name of the uploaded file in place of.
pub(crate) const FILE_NAME: &str = "${filename}";

/// What may be uploaded.
pub(crate) struct Upload<'a> {
    /// Where a form for the bucket is sent.
    pub(crate) url: String,
    pub(crate) bucket: &'a str,
    pub(crate) region: &'a str,
    pub(crate) key: String,
    pub(crate) content_type: String,
    /// What is said of its composition, as metadata.
    pub(crate) framing: Framing,
    /// In bytes.
    pub(crate) max_size: u64,
}

/// A form that is signed. Whoever has it can upload, so that it is shown to nobody but the user.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Form {
    pub(crate) url: String,
    /// What is sent before the file, which comes last.
    pub(crate) fields: BTreeMap<String, String>,
    /// When it expires, as in RFC 3339.
    pub(crate) expires: String,
}

/// Whether a type is one of these, of which `image/*` is all of a kind.
pub(crate) fn is_allowed(content_type: &str, types: &[String]) -> bool {
    types.iter().any(|allowed| match allowed.strip_suffix('*') {
        Some(kind) => content_type.strip_prefix(kind).is_some_and(|name| !name.is_empty()),
        None => allowed == content_type,
    })
}

/// For how long a form is valid: not longer than the credentials that sign it. The flag says whether
/// they are why.
pub(crate) fn validity(
    wanted: Duration,
    credentials: &Credentials,
    now: SystemTime,
) -> (SystemTime, bool) {
    let wanted = now + wanted;
    match credentials.expiry() {
        Some(expiry) if expiry < wanted => (expiry, true),
        _ => (wanted, false),
    }
}

impl Upload<'_> {
    /// The form that allows it, signed now.
    pub(crate) fn form(
        &self,
        credentials: &Credentials,
        now: SystemTime,
        expires: SystemTime,
    ) -> Form {
        let expires = rfc3339(expires);
        let time = rfc3339(now).replace(['-', ':'], "");
        let scope = format!("{}/{}/s3/aws4_request", &time[..8], self.region);
        let credential = format!("{}/{scope}", credentials.access_key_id());
        let mut fields = BTreeMap::from([
            ("key".to_owned(), self.key.clone()),
            ("Content-Type".to_owned(), self.content_type.clone()),
            ("x-amz-algorithm".to_owned(), ALGORITHM.to_owned()),
            ("x-amz-credential".to_owned(), credential),
            ("x-amz-date".to_owned(), time),
        ]);
        if let Some(token) = credentials.session_token() {
            fields.insert("x-amz-security-token".to_owned(), token.to_owned());
        }
        let Framing { focus, crop } = self.framing;
        for (name, value) in [
            (FOCUS_METADATA, focus.map(|focus| focus.to_string())),
            (CROP_METADATA, crop.map(|crop| crop.to_string())),
        ] {
            fields.extend(value.map(|value| (format!("x-amz-meta-{name}"), value)));
        }
        let policy = base64::encode(self.policy(&fields, &expires).to_string());
        let signer = Signer::new(credentials.secret_access_key(), &scope);
        fields.insert("x-amz-signature".to_owned(), signer.sign(&policy));
        fields.insert("policy".to_owned(), policy);
        Form { url: self.url.clone(), fields, expires }
    }

    /// S3 wants a condition for each field, and refuses a form that differs in one.
    fn policy(&self, fields: &BTreeMap<String, String>, expires: &str) -> Value {
        let mut conditions = vec![
            json!({ "bucket": self.bucket }),
            json!(["content-length-range", 1, self.max_size]),
        ];
        let exact = |(name, value): (&String, &String)| json!(["eq", format!("${name}"), value]);
        conditions.extend(fields.iter().map(exact));
        json!({ "expiration": expires, "conditions": conditions })
    }
}

/// A moment to the second, which is as fine as signatures have it.
fn rfc3339(time: SystemTime) -> String {
    let time = DateTime::from_secs(DateTime::from(time).secs());
    // Only years of five digits have no such form.
    time.fmt(Format::DateTime).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use contract::framing::{Crop, Focus};

    use super::*;

    fn at(text: &str) -> SystemTime {
        DateTime::from_str(text, Format::DateTime).unwrap().try_into().unwrap()
    }

    fn upload() -> Upload<'static> {
        Upload {
            url: "https://photos.s3.eu-central-1.amazonaws.com".to_owned(),
            bucket: "photos",
            region: "eu-central-1",
            key: "originals/a b.jpg".to_owned(),
            content_type: "image/jpeg".to_owned(),
            framing: Framing::default(),
            max_size: 25_000_000,
        }
    }

    fn form(upload: &Upload<'_>, token: Option<&str>) -> (Form, Value) {
        let key = Credentials::new("AKIA", "secret", token.map(Into::into), None, "test");
        let form = upload.form(&key, at("2026-11-28T09:15:00.9Z"), at("2026-11-28T09:30:00.9Z"));
        let policy = base64::decode(&form.fields["policy"]).unwrap();
        let policy = serde_json::from_slice(&policy).unwrap();
        (form, policy)
    }

    #[test]
    fn every_field_is_in_the_policy_exactly() {
        let (form, policy) = form(&upload(), None);
        let expected = json!({
            "expiration": "2026-11-28T09:30:00Z",
            "conditions": [
                { "bucket": "photos" },
                ["content-length-range", 1, 25_000_000],
                ["eq", "$Content-Type", "image/jpeg"],
                ["eq", "$key", "originals/a b.jpg"],
                ["eq", "$x-amz-algorithm", "AWS4-HMAC-SHA256"],
                ["eq", "$x-amz-credential", "AKIA/20261128/eu-central-1/s3/aws4_request"],
                ["eq", "$x-amz-date", "20261128T091500Z"],
            ],
        });
        assert_eq!(policy, expected);
        assert_eq!(form.expires, "2026-11-28T09:30:00Z");
        let signer = Signer::new("secret", "20261128/eu-central-1/s3/aws4_request");
        let signature = hex::decode(&form.fields["x-amz-signature"]).unwrap();
        assert!(signer.has_signed(&form.fields["policy"], &signature));
        assert_eq!(form.fields.len(), 7);
    }

    #[test]
    fn a_session_a_focus_and_a_crop_have_a_field_each() {
        let framing =
            Framing { focus: Focus::parse("0.31,0.62"), crop: Crop::parse("0.1,0.1,0.8,0.5") };
        let (form, policy) = form(&Upload { framing, ..upload() }, Some("token"));
        let conditions = policy["conditions"].as_array().unwrap();
        for (name, value) in [
            ("x-amz-meta-imgprep-focus", "0.31,0.62"),
            ("x-amz-meta-imgprep-crop", "0.1,0.1,0.8,0.5"),
            ("x-amz-security-token", "token"),
        ] {
            assert_eq!(form.fields[name], value);
            assert!(conditions.contains(&json!(["eq", format!("${name}"), value])), "{policy}");
        }
    }

    #[test]
    fn a_form_is_not_valid_longer_than_its_credentials() {
        let now = at("2026-11-28T09:15:00Z");
        let until = |expiry: Option<&str>| {
            let key = Credentials::new("AKIA", "secret", None, expiry.map(at), "test");
            validity(Duration::from_mins(15), &key, now)
        };
        assert_eq!(until(None), (at("2026-11-28T09:30:00Z"), false));
        let sooner = "2026-11-28T09:20:00Z";
        assert_eq!(until(Some(sooner)), (at(sooner), true));
        assert_eq!(until(Some("2026-11-28T10:15:00Z")), (at("2026-11-28T09:30:00Z"), false));
    }

    #[test]
    fn a_type_is_allowed_alone_or_with_its_kind() {
        let types = ["image/*".to_owned(), "application/pdf".to_owned()];
        for (content_type, expected) in [
            ("image/jpeg", true),
            ("application/pdf", true),
            ("image/", false),
            ("imagery/jpeg", false),
            ("application/pdfx", false),
            ("text/html", false),
        ] {
            assert_eq!(is_allowed(content_type, &types), expected, "{content_type}");
        }
    }
}
