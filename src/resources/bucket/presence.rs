//! Whether there is a bucket of our name, and whether something is in it.

use super::Bucket;
use crate::aws::{Aws, AwsError, Calling, objects};

/// Whether a bucket of this name exists, and within our reach.
pub(super) enum Presence {
    Absent,
    Here,
    Elsewhere(String),
}

impl Bucket {
    pub(super) async fn presence(&self, aws: &Aws) -> Result<Presence, AwsError> {
        let head = aws.s3.head_bucket().bucket(&self.names.bucket);
        let head = head.expected_bucket_owner(&self.names.account).send().await;
        match head.calling("s3:ListBucket") {
            Ok(_) => Ok(Presence::Here),
            Err(error) if error.is_not_found() => Ok(Presence::Absent),
            Err(error) if error.status() == 403 && !error.is_bad_credentials() => {
                Ok(Presence::Elsewhere(
                    "the name is taken: another account owns it, or s3:ListBucket is denied"
                        .to_owned(),
                ))
            }
            Err(error) if matches!(error.status(), 301 | 307 | 400) => Ok(Presence::Elsewhere(
                format!("the name is taken: that bucket is not in {}", self.names.region),
            )),
            Err(error) => Err(error),
        }
    }

    /// Why the bucket must stay for the images in it, if there are any.
    pub(super) async fn kept_for_images(&self, aws: &Aws) -> Result<Option<String>, AwsError> {
        let count = objects::count(&self.calls(aws), "").await?;
        Ok(count.map(|count| format!("it holds {count}")))
    }
}
