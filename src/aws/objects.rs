//! The objects of one bucket, with all their versions.

use std::fmt;

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
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

/// How many objects the bucket holds beside empty ones with the keys of `markers`; `None`: none.
pub(crate) async fn count(
    bucket: &Bucket<'_>,
    markers: &[String],
) -> Result<Option<Count>, AwsError> {
    let page = list(bucket, None).await?;
    let is_marker =
        |key: Option<&str>| key.is_some_and(|key| markers.iter().any(|marker| marker == key));
    let versions = page
        .versions()
        .iter()
        .filter(|version| !(version.size() == Some(0) && is_marker(version.key())))
        .count();
    let deletions = page.delete_markers().iter().filter(|marker| !is_marker(marker.key())).count();
    let count = Count { objects: versions + deletions, more: page.is_truncated() == Some(true) };
    Ok((count.objects > 0 || count.more).then_some(count))
}

/// Deletes everything in the bucket: objects, versions, delete markers, unfinished uploads.
/// Interrupted, it goes on where it was when it is called again.
pub(crate) async fn delete_all(
    bucket: &Bucket<'_>,
    tell: &(dyn Fn(&str) + Send + Sync),
) -> Result<(), AwsError> {
    abort_uploads(bucket).await?;
    let mut deleted = 0;
    loop {
        // Always the first pages: what they held is gone by the next turn.
        let batches = first_pages(bucket).await?;
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

async fn list(bucket: &Bucket<'_>, after: Option<&Page>) -> Result<Page, AwsError> {
    let list = bucket.aws.s3.list_object_versions().bucket(bucket.name);
    let list = list.expected_bucket_owner(bucket.account);
    let list = list
        .set_key_marker(after.and_then(|page| page.next_key_marker.clone()))
        .set_version_id_marker(after.and_then(|page| page.next_version_id_marker.clone()));
    list.send().await.calling("s3:ListBucketVersions")
}

/// A page of the listing for each deletion that may run at once; no page is empty.
async fn first_pages(bucket: &Bucket<'_>) -> Result<Vec<Vec<ObjectIdentifier>>, AwsError> {
    let mut batches = Vec::new();
    let mut last: Option<Page> = None;
    while batches.len() < PARALLEL_DELETIONS {
        let page = list(bucket, last.as_ref()).await?;
        let batch = identifiers(&page)?;
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

fn identifiers(page: &Page) -> Result<Vec<ObjectIdentifier>, AwsError> {
    let versions = page.versions().iter().map(|version| (version.key(), version.version_id()));
    let markers = page.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
    versions
        .chain(markers)
        .map(|(key, version)| {
            let identifier = ObjectIdentifier::builder()
                .key(key.unwrap_or_default())
                .set_version_id(version.map(ToOwned::to_owned));
            identifier
                .build()
                .map_err(|error| AwsError::request("s3:DeleteObject", error.to_string()))
        })
        .collect()
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

async fn abort_uploads(bucket: &Bucket<'_>) -> Result<(), AwsError> {
    loop {
        let list = bucket.aws.s3.list_multipart_uploads().bucket(bucket.name);
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
