//! The origin access control: the identity with which CloudFront reads the private bucket.

use aws_sdk_cloudfront::types::{
    OriginAccessControlConfig, OriginAccessControlOriginTypes, OriginAccessControlSigningBehaviors,
    OriginAccessControlSigningProtocols, OriginAccessControlSummary,
};

use super::{CONTENTION_SECS_MAX, Cdn};
use crate::aws::cloudfront::is_stale;
use crate::aws::wait::retry_while;
use crate::aws::{Aws, AwsError, Calling};
use crate::engine::resource::Context;

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

    pub(super) async fn create_access_control(
        &self,
        context: &Context<'_>,
    ) -> Result<String, AwsError> {
        const CALL: &str = "cloudfront:CreateOriginAccessControl";
        let create = context.aws.cloudfront.create_origin_access_control();
        let create = create.origin_access_control_config(self.access_control(CALL)?);
        match create.send().await.calling(CALL) {
            Ok(answer) => {
                let id = answer.origin_access_control.map(|made| made.id);
                id.ok_or_else(|| {
                    AwsError::request(CALL, "CloudFront did not return what it created")
                })
            }
            // Another run was faster, or the answer to an earlier attempt was lost.
            Err(error) if error.code() == "OriginAccessControlAlreadyExists" => {
                self.find_access_control(context.aws).await?.map(|found| found.id).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    pub(super) async fn update_access_control(
        &self,
        context: &Context<'_>,
        id: &str,
    ) -> Result<(), AwsError> {
        const CALL: &str = "cloudfront:UpdateOriginAccessControl";
        let cloudfront = &context.aws.cloudfront;
        let wait = context.wait(CALL, "another change of the access control", CONTENTION_SECS_MAX);
        retry_while(&wait, is_stale, || async {
            let get = cloudfront.get_origin_access_control().id(id).send().await;
            let now = get.calling("cloudfront:GetOriginAccessControl")?;
            let put = cloudfront.update_origin_access_control().id(id).set_if_match(now.e_tag);
            let put = put.origin_access_control_config(self.access_control(CALL)?);
            put.send().await.calling(CALL).map(|_| ())
        })
        .await
    }

    fn access_control(&self, call: &'static str) -> Result<OriginAccessControlConfig, AwsError> {
        OriginAccessControlConfig::builder()
            .name(&self.names.cdn)
            .description(self.description())
            .signing_protocol(SIGNING_PROTOCOL)
            .signing_behavior(SIGNING_BEHAVIOR)
            .origin_access_control_origin_type(ORIGIN_TYPE)
            .build()
            .map_err(|error| AwsError::request(call, error.to_string()))
    }

    /// What a deletion of the access control must name; `None` where it is gone.
    pub(super) async fn access_control_version(
        &self,
        context: &Context<'_>,
        id: &str,
    ) -> Result<Option<String>, AwsError> {
        let get = context.aws.cloudfront.get_origin_access_control().id(id).send().await;
        Ok(get.found("cloudfront:GetOriginAccessControl")?.and_then(|now| now.e_tag))
    }

    /// Deletes the access control in the version that is known, or in the one it has come to.
    pub(super) async fn delete_access_control(
        &self,
        context: &Context<'_>,
        id: &str,
        version: Option<String>,
    ) -> Result<(), AwsError> {
        const CALL: &str = "cloudfront:DeleteOriginAccessControl";
        let wait =
            context.wait(CALL, "CloudFront to release the access control", ACCESS_CONTROL_SECS_MAX);
        let is_held =
            |error: &AwsError| error.code() == "OriginAccessControlInUse" || is_stale(error);
        let mut known = version;
        retry_while(&wait, is_held, || {
            let known = known.take();
            async {
                let version = match known {
                    Some(version) => Some(version),
                    None => self.access_control_version(context, id).await?,
                };
                let Some(version) = version else { return Ok(()) };
                let delete = context.aws.cloudfront.delete_origin_access_control();
                delete.id(id).if_match(version).send().await.found(CALL).map(|_| ())
            }
        })
        .await
    }
}

const ORIGIN_TYPE: OriginAccessControlOriginTypes = OriginAccessControlOriginTypes::S3;
const SIGNING_BEHAVIOR: OriginAccessControlSigningBehaviors =
    OriginAccessControlSigningBehaviors::Always;
const SIGNING_PROTOCOL: OriginAccessControlSigningProtocols =
    OriginAccessControlSigningProtocols::Sigv4;

fields! {
    pub(crate) struct AccessControl {
        origin_type: String,
        signing_behavior: String,
        signing_protocol: String,
    }
}

impl AccessControl {
    /// As it should be.
    pub(super) fn wanted() -> Self {
        Self {
            origin_type: ORIGIN_TYPE.as_str().to_owned(),
            signing_behavior: SIGNING_BEHAVIOR.as_str().to_owned(),
            signing_protocol: SIGNING_PROTOCOL.as_str().to_owned(),
        }
    }
}

impl From<&OriginAccessControlSummary> for AccessControl {
    fn from(found: &OriginAccessControlSummary) -> Self {
        Self {
            origin_type: found.origin_access_control_origin_type().as_str().to_owned(),
            signing_behavior: found.signing_behavior().as_str().to_owned(),
            signing_protocol: found.signing_protocol().as_str().to_owned(),
        }
    }
}
