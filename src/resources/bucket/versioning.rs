//! Whether the bucket keeps the versions of what is overwritten and deleted.
//!
//! Who keeps versions without asking for it in the file is left alone: imgprep knows by its own
//! lifecycle rules about versions that it switched them on.

use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use futures_util::try_join;
use serde_json::Value;

use super::Bucket;
use super::cors::is_unanswered;
use super::lifecycle::Found;
use crate::aws::{Aws, AwsError, Calling};
use crate::engine::fields::Unwanted;
use crate::engine::resource::Context;

const GET: &str = "s3:GetBucketVersioning";
const PUT: &str = "s3:PutBucketVersioning";

/// What a bucket has of our rules, and whether it keeps versions on our account.
pub(super) struct Kept {
    pub(super) rules: Unwanted<Value>,
    pub(super) versioning: Unwanted<String>,
    pub(super) notes: Vec<String>,
}

impl Bucket {
    pub(super) fn versioning(&self) -> Option<String> {
        let enabled = BucketVersioningStatus::Enabled.as_str();
        self.storage.versioning.then(|| enabled.to_owned())
    }

    /// How objects are kept. A bucket of which the file says nothing is asked about versions only if
    /// an earlier file did.
    pub(super) async fn read_storage(&self, aws: &Aws) -> Result<Kept, AwsError> {
        if self.storage.versioning {
            let (found, status) = try_join!(self.read_lifecycle(aws), self.versioning_status(aws))?;
            let Found { rules, notes, .. } = found;
            return Ok(Kept { rules, versioning: Unwanted(status), notes });
        }
        let Found { rules, has_versions, mut notes } = self.read_lifecycle(aws).await?;
        let mut status = None;
        if has_versions {
            match self.versioning_status(aws).await {
                Err(error) if is_unanswered(&error) => {
                    notes.push(format!("cannot tell whether versioning is still on: {error}"));
                }
                other => status = other?,
            }
        }
        // One that is suspended is as it should be.
        let left = status.filter(|it| it == BucketVersioningStatus::Enabled.as_str());
        Ok(Kept { rules, versioning: Unwanted(left), notes })
    }

    async fn versioning_status(&self, aws: &Aws) -> Result<Option<String>, AwsError> {
        let get = aws.s3.get_bucket_versioning().bucket(&self.names.bucket);
        let get = get.expected_bucket_owner(&self.names.account).send().await.calling(GET)?;
        Ok(get.status.map(|status| status.as_str().to_owned()))
    }

    /// Switches versions on, or suspends them: S3 has no way back to a bucket that never had any.
    pub(super) async fn put_versioning(&self, context: &Context<'_>) -> Result<(), AwsError> {
        let calls = self.calls(context.aws);
        let status = if self.storage.versioning {
            BucketVersioningStatus::Enabled
        } else {
            BucketVersioningStatus::Suspended
        };
        let wanted = VersioningConfiguration::builder().status(status).build();
        calls
            .configure(&context.bucket_wait(PUT), || async {
                let put = context.aws.s3.put_bucket_versioning().bucket(calls.name);
                let put = put.versioning_configuration(wanted.clone());
                let put = put.expected_bucket_owner(calls.account);
                let _turn = calls.turn().await;
                put.send().await.calling(PUT).map(|_| ())
            })
            .await
    }

    /// Brings rules and versions there. The rules by which a later run knows of the versions come
    /// before them and go after them.
    pub(super) async fn put_storage(
        &self,
        context: &Context<'_>,
        (rules, versioning): (bool, bool),
    ) -> Result<(), AwsError> {
        let is_leaving = !self.storage.versioning;
        if versioning && is_leaving {
            self.put_versioning(context).await?;
        }
        if rules {
            self.put_lifecycle(context).await?;
        }
        if versioning && !is_leaving {
            self.put_versioning(context).await?;
        }
        Ok(())
    }
}
