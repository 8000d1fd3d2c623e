//! The distribution by its id, which the bucket's policy names: CloudFront's list has all of the account.

use aws_sdk_cloudfront::types::DistributionConfig;

use super::Cdn;
use super::calls::Made;
use crate::aws::{Aws, AwsError, Calling};

impl Cdn {
    /// The id of the distribution that the bucket's policy lets in.
    pub(super) async fn id_in_bucket_policy(&self, aws: &Aws) -> Result<Option<String>, AwsError> {
        // Of a condition there is one value or a list.
        let text =
            self.our_statement(aws).await?.map(|statement| statement["Condition"].to_string());
        let id = text
            .as_deref()
            .and_then(|text| text.split_once(":distribution/"))
            .map(|(_, id)| id.chars().take_while(char::is_ascii_alphanumeric).collect());
        Ok(id)
    }

    /// The distribution of this id, if it has our comment. Whoever may not ask finds it in the list.
    pub(super) async fn find_by_id(&self, aws: &Aws, id: &str) -> Result<Option<Made>, AwsError> {
        let get = aws.cloudfront.get_distribution().id(id).send().await;
        let found = match get.found("cloudfront:GetDistribution") {
            Err(error) if error.is_denied() => None,
            other => other?.and_then(|answer| answer.distribution),
        };
        let found = found.filter(|found| {
            let comment = found.distribution_config().map(DistributionConfig::comment);
            comment == Some(self.names.cdn.as_str())
        });
        Ok(found.as_ref().map(Made::from))
    }
}
