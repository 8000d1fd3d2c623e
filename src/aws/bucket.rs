//! One bucket: its objects, one by one, and its configuration, whose changes S3 wants one after
//! another.

use std::future::Future;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use serde_json::Value;
use tokio::sync::MutexGuard;

use super::wait::{Wait, retry_while};
use super::{Aws, AwsError, Calling, policy};

/// How long S3 may go on with an earlier change, or not yet know a new bucket.
pub(crate) const CONFIGURATION_SECS_MAX: u64 = 60;

/// The permission that looking at an object needs, too.
const GET: &str = "s3:GetObject";

/// A bucket of a known account: every call names the account, so that a bucket which changed hands
/// is refused and not touched.
#[derive(Clone, Copy)]
pub(crate) struct Bucket<'a> {
    pub(crate) aws: &'a Aws,
    pub(crate) name: &'a str,
    pub(crate) account: &'a str,
}

/// An object with what it holds.
pub(crate) struct Object {
    pub(crate) bytes: Vec<u8>,
    pub(crate) content_type: String,
    pub(crate) etag: String,
}

/// The beginning of an object.
pub(crate) struct Beginning {
    pub(crate) bytes: Vec<u8>,
    /// Whether there is no more of it.
    pub(crate) is_whole: bool,
}

impl Bucket<'_> {
    /// What S3 says of an object; `None` if it is not there.
    pub(crate) async fn head(&self, key: &str) -> Result<Option<HeadObjectOutput>, AwsError> {
        let head = self.aws.s3.head_object().bucket(self.name).key(key);
        let head = head.expected_bucket_owner(self.account).send().await;
        head.found(GET)
    }

    /// An object as a whole; `None` if it is not there.
    pub(crate) async fn get(&self, key: &str) -> Result<Option<Object>, AwsError> {
        let get = self.aws.s3.get_object().bucket(self.name).key(key);
        let get = get.expected_bucket_owner(self.account).send().await;
        let Some(GetObjectOutput { body, content_type, e_tag, .. }) = get.found(GET)? else {
            return Ok(None);
        };
        let bytes = body.collect().await;
        let bytes = bytes.map_err(|error| AwsError::request(GET, error.to_string()))?.to_vec();
        let (content_type, etag) = (content_type.unwrap_or_default(), e_tag.unwrap_or_default());
        Ok(Some(Object { bytes, content_type, etag }))
    }

    /// The beginning of an object, at most so many bytes of it; `None` if it is not there.
    pub(crate) async fn get_start(
        &self,
        key: &str,
        bytes_max: u64,
    ) -> Result<Option<Beginning>, AwsError> {
        let get = self.aws.s3.get_object().bucket(self.name).key(key);
        let get = get.range(format!("bytes=0-{}", bytes_max.saturating_sub(1)));
        let get = get.expected_bucket_owner(self.account).send().await;
        let Some(GetObjectOutput { body, content_range, .. }) = get.found(GET)? else {
            return Ok(None);
        };
        let bytes = body.collect().await;
        let bytes = bytes.map_err(|error| AwsError::request(GET, error.to_string()))?.to_vec();
        let total = content_range.as_deref().and_then(|range| range.rsplit('/').next());
        let total: Option<usize> = total.and_then(|total| total.parse().ok());
        Ok(Some(Beginning { is_whole: total.is_none_or(|total| total <= bytes.len()), bytes }))
    }

    /// Makes a change of the configuration, and again while S3 is busy with an earlier one. What
    /// the change writes, it writes in its `turn`.
    pub(crate) async fn configure<T, F>(
        &self,
        wait: &Wait<'_>,
        change: impl FnMut() -> F,
    ) -> Result<T, AwsError>
    where
        F: Future<Output = Result<T, AwsError>>,
    {
        retry_while(wait, is_settling, change).await
    }

    /// Held over each call that writes configuration.
    pub(crate) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.aws.bucket_configuration.lock().await
    }

    /// The bucket policy; `None` where there is none.
    pub(crate) async fn policy(&self) -> Result<Option<String>, AwsError> {
        let get = self.aws.s3.get_bucket_policy().bucket(self.name);
        let get = get.expected_bucket_owner(self.account).send().await;
        Ok(get.found("s3:GetBucketPolicy")?.and_then(|answer| answer.policy))
    }

    /// Adds or repairs one statement and keeps all others.
    pub(crate) async fn put_statement(
        &self,
        wait: &Wait<'_>,
        statement: &Value,
    ) -> Result<(), AwsError> {
        self.configure(wait, || async {
            let _reading_and_writing = self.aws.bucket_policy.lock().await;
            let present = self.policy().await?;
            self.put_policy(&policy::with_statement(present.as_deref(), statement)).await
        })
        .await
    }

    /// Takes one statement out and keeps all others.
    pub(crate) async fn remove_statement(
        &self,
        wait: &Wait<'_>,
        sid: &str,
    ) -> Result<(), AwsError> {
        self.configure(wait, || async {
            let _reading_and_writing = self.aws.bucket_policy.lock().await;
            let Some(present) = self.policy().await? else { return Ok(()) };
            if policy::statement(&policy::statements(Some(&present)), sid).is_none() {
                return Ok(());
            }
            match policy::without_statement(Some(&present), sid) {
                Some(rest) => self.put_policy(&rest).await,
                None => self.delete_policy().await,
            }
        })
        .await
    }

    pub(crate) async fn put_policy(&self, document: &Value) -> Result<(), AwsError> {
        let put = self.aws.s3.put_bucket_policy().bucket(self.name);
        let put = put.expected_bucket_owner(self.account).policy(document.to_string());
        let _turn = self.turn().await;
        put.send().await.calling("s3:PutBucketPolicy")?;
        Ok(())
    }

    async fn delete_policy(&self) -> Result<(), AwsError> {
        let delete = self.aws.s3.delete_bucket_policy().bucket(self.name);
        let delete = delete.expected_bucket_owner(self.account);
        let _turn = self.turn().await;
        delete.send().await.found("s3:DeleteBucketPolicy")?;
        Ok(())
    }
}

fn is_settling(error: &AwsError) -> bool {
    matches!(error.code(), "OperationAborted" | "NoSuchBucket")
}
