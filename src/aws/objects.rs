//! The objects of one bucket, with all their versions.

use std::fmt;

use aws_sdk_s3::types::{Delete, ObjectIdentifier, ObjectVersion};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::bucket::Bucket;
use super::{AwsError, Calling};

/// How many deletions are under way at once, of up to 1,000 objects each.
const PARALLEL_DELETIONS: usize = 4;

/// How many objects a bucket holds, as far as one page of its listing tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    objects: usize,
    more: bool,
}

impl fmt::Display for Count {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.objects, self.more) {
            (1, false) => formatter.write_str("1 object"),
            (objects, false) => write!(formatter, "{objects} objects"),
            (objects, true) => write!(formatter, "more than {objects} objects"),
        }
    }
}

/// How many objects lie under a prefix beside empty folder markers; `None`: none. "" is the whole
/// bucket.
pub(crate) async fn count(bucket: &Bucket<'_>, prefix: &str) -> Result<Option<Count>, AwsError> {
    let page = list(bucket, prefix, None).await?;
    let versions = page.versions().iter().filter(|version| !is_marker(version)).count();
    let deletions = page.delete_markers().iter().filter(|it| !is_folder(it.key())).count();
    let count = Count { objects: versions + deletions, more: page.is_truncated() == Some(true) };
    Ok((count.objects > 0 || count.more).then_some(count))
}

fn is_folder(key: Option<&str>) -> bool {
    key.is_some_and(|key| key.ends_with('/'))
}

fn is_marker(version: &ObjectVersion) -> bool {
    version.size() == Some(0) && is_folder(version.key())
}

/// Deletes empty folder markers, and nothing that could be an image.
pub(crate) async fn delete_markers(bucket: &Bucket<'_>) -> Result<(), AwsError> {
    let page = list(bucket, "", None).await?;
    let versions = page.versions().iter().filter(|version| is_marker(version));
    let versions = versions.map(|version| identifier(version.key(), version.version_id()));
    let deletions = page.delete_markers().iter().filter(|it| is_folder(it.key()));
    let deletions = deletions.map(|it| identifier(it.key(), it.version_id()));
    let markers = versions.chain(deletions).collect::<Result<Vec<_>, _>>()?;
    if markers.is_empty() {
        return Ok(());
    }
    delete(bucket, markers).await.map(|_| ())
}

/// Deletes everything under a prefix but the object with just this key: objects, versions, delete
/// markers, unfinished uploads. Interrupted, it goes on where it was when it is called again.
pub(crate) async fn delete_all(
    bucket: &Bucket<'_>,
    prefix: &str,
    tell: &(dyn Fn(&str) + Send + Sync),
) -> Result<(), AwsError> {
    abort_uploads(bucket, prefix).await?;
    let mut deleted = 0;
    loop {
        // Always the first pages: what they held is gone by the next turn.
        let batches = first_pages(bucket, prefix).await?;
        if batches.is_empty() {
            return Ok(());
        }
        let counts: Vec<usize> =
            stream::iter(batches.into_iter().map(|batch| delete(bucket, batch)))
                .buffer_unordered(PARALLEL_DELETIONS)
                .try_collect()
                .await?;
        deleted += counts.into_iter().sum::<usize>();
        tell(&format!("S3 to delete the images; {deleted} objects are gone"));
    }
}

type Page = aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;

async fn list(bucket: &Bucket<'_>, prefix: &str, after: Option<&Page>) -> Result<Page, AwsError> {
    let list = bucket.aws.s3.list_object_versions().bucket(bucket.name).prefix(prefix);
    let list = list.expected_bucket_owner(bucket.account);
    let list = list
        .set_key_marker(after.and_then(|page| page.next_key_marker.clone()))
        .set_version_id_marker(after.and_then(|page| page.next_version_id_marker.clone()));
    list.send().await.calling("s3:ListBucketVersions")
}

/// A page of the listing for each deletion that may run at once; no page is empty.
async fn first_pages(
    bucket: &Bucket<'_>,
    prefix: &str,
) -> Result<Vec<Vec<ObjectIdentifier>>, AwsError> {
    let mut batches = Vec::new();
    let mut last: Option<Page> = None;
    while batches.len() < PARALLEL_DELETIONS {
        let page = list(bucket, prefix, last.as_ref()).await?;
        let batch = identifiers(&page, prefix)?;
        if !batch.is_empty() {
            batches.push(batch);
        }
        if page.is_truncated() != Some(true) {
            break;
        }
        last = Some(page);
    }
    Ok(batches)
}

/// Everything on a page but what has just the prefix for its key.
fn identifiers(page: &Page, prefix: &str) -> Result<Vec<ObjectIdentifier>, AwsError> {
    let versions = page.versions().iter().map(|version| (version.key(), version.version_id()));
    let markers = page.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
    versions
        .chain(markers)
        .filter(|(key, _)| *key != Some(prefix))
        .map(|(key, version)| identifier(key, version))
        .collect()
}

fn identifier(key: Option<&str>, version: Option<&str>) -> Result<ObjectIdentifier, AwsError> {
    let identifier = ObjectIdentifier::builder()
        .key(key.unwrap_or_default())
        .set_version_id(version.map(ToOwned::to_owned));
    identifier.build().map_err(|error| AwsError::request("s3:DeleteObject", error.to_string()))
}

async fn delete(bucket: &Bucket<'_>, batch: Vec<ObjectIdentifier>) -> Result<usize, AwsError> {
    const CALL: &str = "s3:DeleteObject";
    let count = batch.len();
    let batch = Delete::builder().set_objects(Some(batch)).quiet(true).build();
    let batch = batch.map_err(|error| AwsError::request(CALL, error.to_string()))?;
    let delete = bucket.aws.s3.delete_objects().bucket(bucket.name).delete(batch);
    let answer = delete.expected_bucket_owner(bucket.account).send().await.calling(CALL)?;
    // S3 answers 200 even where single objects could not be deleted.
    match answer.errors().first() {
        None => Ok(count),
        Some(first) => Err(AwsError::request(
            CALL,
            format!(
                "{} of {count} objects could not be deleted; `{}`: {}",
                answer.errors().len(),
                first.key().unwrap_or_default(),
                first.message().or(first.code()).unwrap_or("no reason given")
            ),
        )),
    }
}

/// Deletes these objects, no more than 1,000 of them, as they are now: a bucket with versions keeps
/// what is deleted behind a marker.
pub(crate) async fn delete_keys(bucket: &Bucket<'_>, keys: Vec<String>) -> Result<(), AwsError> {
    // S3 refuses an empty list.
    if keys.is_empty() {
        return Ok(());
    }
    let batch = keys.iter().map(|key| identifier(Some(key), None));
    delete(bucket, batch.collect::<Result<Vec<_>, _>>()?).await.map(|_| ())
}

/// Deletes everything in a folder, and its marker last, for that is what a later run finds the
/// folder by.
pub(crate) async fn delete_folder(
    bucket: &Bucket<'_>,
    marker: &str,
    tell: &(dyn Fn(&str) + Send + Sync),
) -> Result<(), AwsError> {
    delete_all(bucket, marker, tell).await?;
    let delete = bucket.aws.s3.delete_object().bucket(bucket.name).key(marker);
    let delete = delete.expected_bucket_owner(bucket.account).send().await;
    delete.found("s3:DeleteObject")?;
    Ok(())
}

async fn abort_uploads(bucket: &Bucket<'_>, prefix: &str) -> Result<(), AwsError> {
    loop {
        let list = bucket.aws.s3.list_multipart_uploads().bucket(bucket.name).prefix(prefix);
        let list = list.expected_bucket_owner(bucket.account).send().await;
        let page = list.calling("s3:ListBucketMultipartUploads")?;
        for upload in page.uploads() {
            let abort = bucket.aws.s3.abort_multipart_upload().bucket(bucket.name);
            let abort = abort
                .set_key(upload.key.clone())
                .set_upload_id(upload.upload_id.clone())
                .expected_bucket_owner(bucket.account);
            abort.send().await.found("s3:AbortMultipartUpload")?;
        }
        if page.uploads().is_empty() || page.is_truncated() != Some(true) {
            return Ok(());
        }
    }
}
