//! Who can reach the bucket's objects, and how they are encrypted: documents of which S3 keeps one each.

use aws_sdk_s3::types::{
    OwnershipControls, OwnershipControlsRule, PublicAccessBlockConfiguration, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
};

use super::{Bucket, Fields, PublicAccessBlock};
use crate::aws::{AwsError, Calling};
use crate::engine::edits::Edits;
use crate::engine::resource::Context;

impl Bucket {
    pub(super) async fn put_access(
        &self,
        context: &Context<'_>,
        edits: &Edits<Fields>,
    ) -> Result<(), AwsError> {
        let calls = self.calls(context.aws);
        let s3 = &context.aws.s3;
        if edits.touch(Fields::public_access_block) {
            const CALL: &str = "s3:PutBucketPublicAccessBlock";
            let wait = context.bucket_wait(CALL);
            let put = || async {
                let put = s3.put_public_access_block().bucket(calls.name);
                let put = put.public_access_block_configuration(self.public_access_block());
                let _turn = calls.turn().await;
                put.expected_bucket_owner(calls.account).send().await.calling(CALL)
            };
            calls.configure(&wait, put).await?;
        }
        if edits.touch(Fields::ownership) {
            const CALL: &str = "s3:PutBucketOwnershipControls";
            let wait = context.bucket_wait(CALL);
            let rule = OwnershipControlsRule::builder().object_ownership(self.ownership()).build();
            let rule = rule.map_err(|error| AwsError::request(CALL, error.to_string()))?;
            let controls = OwnershipControls::builder().rules(rule).build();
            let controls = controls.map_err(|error| AwsError::request(CALL, error.to_string()))?;
            let put = || async {
                let put = s3.put_bucket_ownership_controls().bucket(calls.name);
                let put = put.ownership_controls(controls.clone());
                let _turn = calls.turn().await;
                put.expected_bucket_owner(calls.account).send().await.calling(CALL)
            };
            calls.configure(&wait, put).await?;
        }
        Ok(())
    }

    pub(super) async fn put_encryption(&self, context: &Context<'_>) -> Result<(), AwsError> {
        const CALL: &str = "s3:PutEncryptionConfiguration";
        let calls = self.calls(context.aws);
        let wait = context.bucket_wait(CALL);
        let sse_s3 = ServerSideEncryptionByDefault::builder()
            .sse_algorithm(ServerSideEncryption::Aes256)
            .build()
            .map_err(|error| AwsError::request(CALL, error.to_string()))?;
        let rule = ServerSideEncryptionRule::builder()
            .apply_server_side_encryption_by_default(sse_s3)
            .build();
        let encryption = ServerSideEncryptionConfiguration::builder().rules(rule).build();
        let encryption = encryption.map_err(|error| AwsError::request(CALL, error.to_string()))?;
        let put = || async {
            let put = context.aws.s3.put_bucket_encryption().bucket(calls.name);
            let put = put.server_side_encryption_configuration(encryption.clone());
            let _turn = calls.turn().await;
            put.expected_bucket_owner(calls.account).send().await.calling(CALL)
        };
        calls.configure(&wait, put).await?;
        Ok(())
    }
}

impl From<&PublicAccessBlockConfiguration> for PublicAccessBlock {
    fn from(block: &PublicAccessBlockConfiguration) -> Self {
        Self {
            block_public_acls: block.block_public_acls.unwrap_or_default(),
            ignore_public_acls: block.ignore_public_acls.unwrap_or_default(),
            block_public_policy: block.block_public_policy.unwrap_or_default(),
            restrict_public_buckets: block.restrict_public_buckets.unwrap_or_default(),
        }
    }
}
