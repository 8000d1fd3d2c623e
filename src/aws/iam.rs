//! How IAM writes documents, tags and lists.

use std::collections::BTreeMap;
use std::future::Future;

use aws_sdk_iam::operation::list_attached_role_policies::ListAttachedRolePoliciesOutput;
use aws_sdk_iam::operation::list_entities_for_policy::ListEntitiesForPolicyOutput;
use aws_sdk_iam::operation::list_instance_profiles_for_role::ListInstanceProfilesForRoleOutput;
use aws_sdk_iam::operation::list_policies::ListPoliciesOutput;
use aws_sdk_iam::operation::list_policy_versions::ListPolicyVersionsOutput;
use aws_sdk_iam::operation::list_role_policies::ListRolePoliciesOutput;
use aws_sdk_iam::operation::list_roles::ListRolesOutput;
use aws_sdk_iam::types::Tag;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::{Aws, AwsError, Calling};

/// IAM is eventually consistent; operators of large estates allow it this long.
pub(crate) const PROPAGATION_SECS_MAX: u64 = 120;

/// The longest managed policy, in the characters that IAM counts (IAM User Guide, "IAM and AWS STS
/// quotas").
pub(crate) const POLICY_CHARACTERS_MAX: usize = 6144;

/// The characters of a policy that IAM counts: all but white space.
pub(crate) fn policy_characters(document: &Value) -> usize {
    document.to_string().chars().filter(|character| !character.is_whitespace()).count()
}

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

/// A part of one of IAM's lists.
pub(crate) trait Page {
    /// Where the next page begins; `None` on the last one.
    fn next(&self) -> Option<String>;
}

/// IAM may end a page anywhere, also before its first entry; only `IsTruncated` says whether there
/// are more, and `Marker` counts only then (IAM API Reference, `ListRoles` and the other lists).
macro_rules! pages {
    ($($output:ty),* $(,)?) => {
        $(impl Page for $output {
            fn next(&self) -> Option<String> {
                self.marker().filter(|_| self.is_truncated()).map(ToOwned::to_owned)
            }
        })*
    };
}

pages!(
    ListAttachedRolePoliciesOutput,
    ListEntitiesForPolicyOutput,
    ListInstanceProfilesForRoleOutput,
    ListPoliciesOutput,
    ListPolicyVersionsOutput,
    ListRolePoliciesOutput,
    ListRolesOutput,
);

/// Every page of a list, of which `page` gets the one that begins at a marker; it answers with
/// `None` where what has the list is not there.
pub(crate) async fn all_pages<P, F>(
    mut page: impl FnMut(Option<String>) -> F,
) -> Result<Vec<P>, AwsError>
where
    P: Page,
    F: Future<Output = Result<Option<P>, AwsError>>,
{
    let mut pages = Vec::new();
    let mut marker = None;
    while let Some(got) = page(marker).await? {
        marker = got.next();
        pages.push(got);
        if marker.is_none() {
            break;
        }
    }
    Ok(pages)
}
