//! A distribution of the account by its comment, read for the resources that need to know of it.

use aws_sdk_cloudfront::types::DistributionSummary;

use super::{Aws, AwsError, Calling};

/// The distribution with this comment; CloudFront cannot be asked for it, so that its list is read, up
/// to the page that has it.
pub(crate) async fn with_comment(
    aws: &Aws,
    comment: &str,
) -> Result<Option<DistributionSummary>, AwsError> {
    const CALL: &str = "cloudfront:ListDistributions";
    let mut marker = None;
    loop {
        let page = aws.cloudfront.list_distributions().set_marker(marker).send().await;
        let list = page.calling(CALL)?.distribution_list;
        // Taken for an empty list, such an answer would say that there is none.
        let list = list.ok_or_else(|| AwsError::request(CALL, "CloudFront sent no list"))?;
        marker = list.next_marker.filter(|_| list.is_truncated);
        let all = list.items.unwrap_or_default();
        let found = all.into_iter().find(|summary| summary.comment() == comment);
        if found.is_some() || marker.is_none() {
            return Ok(found);
        }
    }
}
