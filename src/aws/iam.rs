//! How IAM writes documents and tags.

use std::collections::BTreeMap;

use aws_sdk_iam::types::Tag;
use percent_encoding::percent_decode_str;

use super::AwsError;

/// IAM returns documents percent-encoded (IAM API Reference, `GetPolicyVersion`; RFC 3986).
pub(crate) fn decoded(document: &str) -> String {
    percent_decode_str(document).decode_utf8_lossy().into_owned()
}

pub(crate) fn iam_tags(
    tags: &BTreeMap<String, String>,
    call: &'static str,
) -> Result<Vec<Tag>, AwsError> {
    tags.iter()
        .map(|(key, value)| {
            let tag = Tag::builder().key(key).value(value).build();
            tag.map_err(|error| AwsError::request(call, error.to_string()))
        })
        .collect()
}
