//! The origin access control: the identity with which CloudFront reads the private bucket.

use aws_sdk_cloudfront::types::{
    OriginAccessControlConfig, OriginAccessControlOriginTypes, OriginAccessControlSigningBehaviors,
    OriginAccessControlSigningProtocols, OriginAccessControlSummary,
};

use super::{Cdn, is_stale};
use crate::aws::wait::retry_while;
use crate::aws::{Aws, AwsError, Calling};
use crate::resource::Context;

/// How long CloudFront may see an access control in use after its distribution is gone.
const ACCESS_CONTROL_SECS_MAX: u64 = 120;

impl Cdn {
    pub(super) async fn find_access_control(
        &self,
        aws: &Aws,
    ) -> Result<Option<OriginAccessControlSummary>, AwsError> {
        let mut marker = None;
        loop {
            let page = aws.cloudfront.list_origin_access_controls().set_marker(marker).send().await;
            let page = page.calling("cloudfront:ListOriginAccessControls")?;
            let Some(list) = page.origin_access_control_list else { return Ok(None) };
            let found = list.items().iter().find(|summary| summary.name() == self.names.cdn);
            if found.is_some() || !list.is_truncated() {
                return Ok(found.cloned());
            }
            marker = list.next_marker;
        }
    }

    pub(super) async fn put_access_control(
        &self,
        context: &Context<'_>,
    ) -> Result<String, AwsError> {
        const CALL: &str = "cloudfront:CreateOriginAccessControl";
        if let Some(found) = self.find_access_control(context.aws).await? {
            return Ok(found.id);
        }
        let config = OriginAccessControlConfig::builder()
            .name(&self.names.cdn)
            .description(format!("Lets CloudFront read the variants of {}", self.names.bucket))
            .signing_protocol(OriginAccessControlSigningProtocols::Sigv4)
            .signing_behavior(OriginAccessControlSigningBehaviors::Always)
            .origin_access_control_origin_type(OriginAccessControlOriginTypes::S3)
            .build()
            .map_err(|error| AwsError::request(CALL, error.to_string()))?;
        let create = context.aws.cloudfront.create_origin_access_control();
        let created = create.origin_access_control_config(config).send().await.calling(CALL);
        match created {
            Ok(answer) => Ok(answer.origin_access_control.map(|made| made.id).unwrap_or_default()),
            // Another run was faster.
            Err(error) if error.code() == "OriginAccessControlAlreadyExists" => {
                self.find_access_control(context.aws).await?.map(|found| found.id).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    pub(super) async fn delete_access_control(
        &self,
        context: &Context<'_>,
    ) -> Result<(), AwsError> {
        const CALL: &str = "cloudfront:DeleteOriginAccessControl";
        let Some(found) = self.find_access_control(context.aws).await? else { return Ok(()) };
        let cloudfront = &context.aws.cloudfront;
        let wait = context.wait(
            CALL,
            "CloudFront to let go of the access control",
            ACCESS_CONTROL_SECS_MAX,
        );
        let is_held =
            |error: &AwsError| error.code() == "OriginAccessControlInUse" || is_stale(error);
        retry_while(&wait, is_held, || async {
            let get = cloudfront.get_origin_access_control().id(&found.id).send().await;
            let now = get.found("cloudfront:GetOriginAccessControl")?;
            let Some(etag) = now.and_then(|now| now.e_tag) else { return Ok(()) };
            let delete = cloudfront.delete_origin_access_control().id(&found.id).if_match(etag);
            delete.send().await.found(CALL).map(|_| ())
        })
        .await
    }
}
