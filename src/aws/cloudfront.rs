//! What CloudFront's resources have in common, and its cache policies, which are found by name only.

use aws_sdk_cloudfront::types::{CachePolicy, CachePolicyType};

use super::{Aws, AwsError, Calling};

/// Whether somebody else changed a resource since it was read.
pub(crate) fn is_stale(error: &AwsError) -> bool {
    matches!(error.code(), "PreconditionFailed" | "InvalidIfMatchVersion")
}

/// The account's own cache policy of this name. They carry no tags; an account has 20 of them unless
/// AWS raised that ("Quotas", Amazon CloudFront Developer Guide), and a page holds 100.
pub(crate) async fn cache_policy(aws: &Aws, name: &str) -> Result<Option<CachePolicy>, AwsError> {
    let mut marker = None;
    loop {
        let list = aws.cloudfront.list_cache_policies().r#type(CachePolicyType::Custom);
        let page = list.set_marker(marker).send().await.calling("cloudfront:ListCachePolicies")?;
        let Some(list) = page.cache_policy_list else { return Ok(None) };
        marker = list.next_marker;
        let all = list.items.unwrap_or_default().into_iter();
        let is_named = |policy: &CachePolicy| {
            policy.cache_policy_config().is_some_and(|config| config.name() == name)
        };
        let found = all.filter_map(|summary| summary.cache_policy).find(is_named);
        if found.is_some() || marker.is_none() {
            return Ok(found);
        }
    }
}
