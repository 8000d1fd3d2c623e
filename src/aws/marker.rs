//! Folder markers: empty objects that make a prefix show up as a folder, and say whose it is.

use super::AwsError;
use super::bucket::Bucket;

/// The metadata of a marker that names the stack which made it.
pub(crate) const STACK_METADATA: &str = "imgprep-stack";

/// The type that programs which show folders know a marker by.
pub(crate) const CONTENT_TYPE: &str = "application/x-directory";

/// A marker that is there, and the stack that made it, if one did.
pub(crate) struct Marker {
    pub(crate) stack: Option<String>,
}

/// The marker with this key, which ends in a slash; `None` where there is none.
pub(crate) async fn find(bucket: &Bucket<'_>, key: &str) -> Result<Option<Marker>, AwsError> {
    let head = bucket.head(key).await?;
    Ok(head.map(|head| Marker {
        stack: head.metadata().and_then(|all| all.get(STACK_METADATA)).cloned(),
    }))
}
