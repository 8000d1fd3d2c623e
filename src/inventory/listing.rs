//! The sorted listing of one folder of the bucket, page by page.
//!
//! S3 lists keys in the order of their bytes in UTF-8 ("`ListObjectsV2`" in the Amazon S3 API
//! Reference), which is also the order of Rust's strings. With the folder taken off, the paths of
//! all folders are in one order.

use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{
    EncodingType, Object, ObjectStorageClass, OptionalObjectAttributes, RestoreStatus,
};
use contract::address::bare_etag;
use contract::event::decode_key;

use super::Inventory;
use crate::aws::{AwsError, Calling};

pub(super) const CALL: &str = "s3:ListBucket";

/// An object by its path below the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) path: String,
    /// When it was written, in milliseconds since 1970.
    pub(crate) modified: i64,
    pub(crate) bytes: u64,
    /// Without quotes.
    pub(crate) etag: String,
    /// Whether S3 hands it out only after somebody has restored it.
    pub(crate) is_archived: bool,
}

/// A part of a listing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    pub(crate) listed: Vec<Listed>,
    /// The path that the next page begins after; `None`: there is no next page.
    pub(crate) next: Option<String>,
}

/// A sorted listing that is read page by page, by tasks of their own.
pub(crate) trait Pages: Send + Sync + 'static {
    /// The page that begins after this path; "" is before every path.
    fn after(&self, path: &str) -> impl Future<Output = Result<Page, AwsError>> + Send;
}

/// A folder of the bucket.
pub(crate) struct Folder {
    s3: aws_sdk_s3::Client,
    bucket: String,
    account: String,
    /// With its final slash.
    start: String,
    prefix: String,
}

impl Folder {
    pub(crate) fn new(inventory: &Inventory<'_>, folder: &str, path_prefix: &str) -> Self {
        let Inventory { aws, names, .. } = inventory;
        Self {
            s3: aws.s3.clone(),
            bucket: names.bucket.clone(),
            account: names.account.clone(),
            start: format!("{folder}/"),
            prefix: format!("{folder}/{path_prefix}"),
        }
    }

    /// The path of a key; nothing for folder markers.
    fn path(&self, key: &str) -> Option<String> {
        let path = key.strip_prefix(&self.start)?;
        let is_marker = path.is_empty() || path.ends_with('/');
        (!is_marker).then(|| path.to_owned())
    }
}

impl Pages for Folder {
    async fn after(&self, path: &str) -> Result<Page, AwsError> {
        let list = self.s3.list_objects_v2().bucket(&self.bucket).prefix(&self.prefix);
        let start = (!path.is_empty()).then(|| format!("{}{path}", self.start));
        // What was restored from an archive stays listed in its class.
        let list = list.optional_object_attributes(OptionalObjectAttributes::RestoreStatus);
        // Keys may hold characters that XML cannot.
        let list = list.set_start_after(start).encoding_type(EncodingType::Url);
        let page = list.expected_bucket_owner(&self.account).send().await.calling(CALL)?;
        let mut listed = Vec::with_capacity(page.contents().len());
        let mut end = None;
        for object in page.contents() {
            let key = decode_key(object.key().unwrap_or_default());
            let key = key.ok_or_else(|| AwsError::request(CALL, "a key is not UTF-8"))?;
            if let Some(path) = self.path(&key) {
                let bytes = object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
                let etag = bare_etag(object.e_tag().unwrap_or_default()).to_owned();
                let modified = millis(object.last_modified());
                let is_archived = is_archived(object);
                listed.push(Listed { path, modified, bytes, etag, is_archived });
            }
            end = Some(key);
        }
        let end = end.and_then(|key| key.strip_prefix(&self.start).map(str::to_owned));
        let next = end.filter(|_| page.is_truncated() == Some(true));
        Ok(Page { listed, next })
    }
}

/// Whether an object is in an archive and was not restored. Of the archive tiers within S3
/// Intelligent-Tiering no listing tells.
fn is_archived(object: &Object) -> bool {
    let restored = object.restore_status().and_then(RestoreStatus::restore_expiry_date);
    let class = object.storage_class();
    let is_in_archive =
        matches!(class, Some(ObjectStorageClass::Glacier | ObjectStorageClass::DeepArchive));
    is_in_archive && restored.is_none()
}

/// A moment in milliseconds since 1970; one that AWS did not tell is before all others.
pub(crate) fn millis(moment: Option<&DateTime>) -> i64 {
    moment.and_then(|moment| moment.to_millis().ok()).unwrap_or(0)
}
