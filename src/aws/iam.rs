//! How IAM writes documents and tags.

use std::collections::BTreeMap;

use aws_sdk_iam::types::Tag;
use percent_encoding::percent_decode_str;

use super::{Aws, AwsError, Calling};

/// IAM returns documents percent-encoded (IAM API Reference, `GetPolicyVersion`; RFC 3986).
pub(crate) fn decoded(document: &str) -> String {
    percent_decode_str(document).decode_utf8_lossy().into_owned()
}

/// The identifier of the role that has this name now; `None` where there is no such role. Another
/// role that gets the name later has another one (IAM User Guide, "IAM identifiers").
pub(crate) async fn role_id(aws: &Aws, name: &str) -> Result<Option<String>, AwsError> {
    let get = aws.iam.get_role().role_name(name).send().await.found("iam:GetRole")?;
    Ok(get.and_then(|answer| answer.role).map(|role| role.role_id))
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
