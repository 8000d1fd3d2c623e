//! What CloudFront's resources have in common: lists of the account, in which ours is found by its
//! comment or name only.

use aws_sdk_cloudfront::types::{
    CachePolicy, CachePolicyType, DistributionList, DistributionSummary,
};

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

/// A page of the account's distributions: CloudFront cannot be asked for one by its comment.
pub(crate) async fn distributions(
    aws: &Aws,
    marker: Option<String>,
) -> Result<DistributionList, AwsError> {
    const CALL: &str = "cloudfront:ListDistributions";
    let page = aws.cloudfront.list_distributions().set_marker(marker).send().await;
    // Taken for an empty list, such an answer would say that there is none.
    page.calling(CALL)?
        .distribution_list
        .ok_or_else(|| AwsError::request(CALL, "CloudFront sent no list"))
}

/// Where the page after this one begins, if there is one.
pub(crate) fn next_marker(list: &DistributionList) -> Option<String> {
    list.next_marker.clone().filter(|_| list.is_truncated)
}

/// The distribution with this comment. The list is read up to the page that has it.
pub(crate) async fn distribution(
    aws: &Aws,
    comment: &str,
) -> Result<Option<DistributionSummary>, AwsError> {
    let mut marker = None;
    loop {
        let list = distributions(aws, marker).await?;
        marker = next_marker(&list);
        let all = list.items.unwrap_or_default();
        let found = all.into_iter().find(|summary| summary.comment() == comment);
        if found.is_some() || marker.is_none() {
            return Ok(found);
        }
    }
}
