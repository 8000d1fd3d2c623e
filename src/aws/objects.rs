//! The objects of one bucket, with all their versions.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_s3::types::{Delete, EncodingType, Error, ObjectIdentifier, ObjectVersion};
use contract::event::decode_key;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::bucket::Bucket;
use super::call::Cause;
use super::wait::{PAUSE_MIN, Probe, Stop, Wait, retry_while, wait_until};
use super::{AwsError, Calling};
use crate::amounts::counted;

/// The call as IAM names it.
const DELETION: &str = "s3:DeleteObject";
/// How long S3 may be too busy to delete anything at all.
const BUSY_LIMIT: Duration = Duration::from_mins(2);
/// What S3 says, within an answer of success, of objects that it would delete a moment later (boto3
/// issue 3052; "Multi-Object Delete" in the Amazon S3 API Reference gives `InternalError`).
const BUSY_CODES: [&str; 3] = ["InternalError", "ServiceUnavailable", "SlowDown"];

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

/// The wait of every deletion, for what S3 is too busy to delete at once.
pub(crate) fn deletion_wait<'a>(
    stop: &'a Stop,
    tell: &'a (dyn Fn(&str) + Send + Sync),
) -> Wait<'a> {
    let what = "S3 to accept the remaining deletions";
    Wait { call: DELETION, what, limit: BUSY_LIMIT, stop, tell, pause: PAUSE_MIN }
}

/// Whether an object could not be deleted because S3 was busy.
pub(crate) fn is_busy(error: &AwsError) -> bool {
    BUSY_CODES.contains(&error.code())
}

/// Deletes empty folder markers, and nothing that could be an image.
pub(crate) async fn delete_markers(bucket: &Bucket<'_>, wait: &Wait<'_>) -> Result<(), AwsError> {
    retry_while(wait, is_busy, || delete_listed_markers(bucket)).await
}

async fn delete_listed_markers(bucket: &Bucket<'_>) -> Result<(), AwsError> {
    let page = list(bucket, "", None).await?;
    let versions = page.versions().iter().filter(|version| is_marker(version));
    let versions = versions.map(|version| identifier(version.key(), version.version_id()));
    let deletions = page.delete_markers().iter().filter(|it| is_folder(it.key()));
    let deletions = deletions.map(|it| identifier(it.key(), it.version_id()));
    let markers = versions.chain(deletions).collect::<Result<Vec<_>, _>>()?;
    if markers.is_empty() {
        return Ok(());
    }
    delete(bucket, markers).await?.whole()
}

/// Deletes everything under a prefix but the object with just this key: objects, versions, delete
/// markers, unfinished uploads. Interrupted, it goes on where it was when it is called again.
pub(crate) async fn delete_all(
    bucket: &Bucket<'_>,
    prefix: &str,
    wait: &Wait<'_>,
) -> Result<(), AwsError> {
    abort_uploads(bucket, prefix).await?;
    let total = AtomicUsize::new(0);
    wait_until(wait, || delete_until_busy(bucket, prefix, (wait, &total))).await
}

/// Deletes until nothing is left, or S3 is too busy for something.
async fn delete_until_busy(
    bucket: &Bucket<'_>,
    prefix: &str,
    (wait, total): (&Wait<'_>, &AtomicUsize),
) -> Result<Probe<()>, AwsError> {
    loop {
        // Always the first pages: what they held is gone by the next turn.
        let batches = first_pages(bucket, prefix).await?;
        if batches.is_empty() {
            return Ok(Probe::Done(()));
        }
        let deletions = batches.into_iter().map(|batch| delete(bucket, batch));
        let deletions = stream::iter(deletions).buffer_unordered(PARALLEL_DELETIONS);
        let all: Vec<Deleted> = deletions.try_collect().await?;
        let count: usize = all.iter().map(|deleted| deleted.count).sum();
        let total = count + total.fetch_add(count, Ordering::Relaxed);
        let deleted = counted(total as u64, "object");
        (wait.tell)(&format!("S3 to delete the images; {deleted} deleted so far"));
        if let Some(busy) = all.into_iter().find_map(|deleted| deleted.busy) {
            let why = busy.to_string();
            return Ok(if count == 0 { Probe::Pending(why) } else { Probe::Nearer(why) });
        }
    }
}

/// What became of objects that S3 was asked to delete.
struct Deleted {
    /// How many are gone.
    count: usize,
    /// Why some are left that a later try may delete.
    busy: Option<AwsError>,
}

impl Deleted {
    /// An error if anything is left.
    fn whole(self) -> Result<(), AwsError> {
        self.busy.map_or(Ok(()), Err)
    }
}

type Page = aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;

async fn list(bucket: &Bucket<'_>, prefix: &str, after: Option<&Page>) -> Result<Page, AwsError> {
    let list = bucket.aws.s3.list_object_versions().bucket(bucket.name).prefix(prefix);
    let list = list.expected_bucket_owner(bucket.account);
    let list = list
        .encoding_type(EncodingType::Url)
        .set_key_marker(after.and_then(|page| page.next_key_marker.clone()))
        .set_version_id_marker(after.and_then(|page| page.next_version_id_marker.clone()));
    let mut page = list.send().await.calling("s3:ListBucketVersions")?;
    if page.encoding_type() == Some(&EncodingType::Url) {
        let versions = page.versions.iter_mut().flatten().map(|version| &mut version.key);
        let markers = page.delete_markers.iter_mut().flatten().map(|marker| &mut marker.key);
        versions.chain(markers).chain([&mut page.next_key_marker]).for_each(decode);
    }
    Ok(page)
}

/// Listings are asked for in the encoding of URLs, for XML has no way to write some characters that
/// keys can have (Amazon S3 API Reference, `ListObjectVersions`, "encoding-type").
fn decode(key: &mut Option<String>) {
    // What is no UTF-8 is no key, and stays as it is.
    if let Some(decoded) = key.as_deref().and_then(decode_key) {
        *key = Some(decoded);
    }
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
    identifier.build().map_err(|error| AwsError::request(DELETION, error.to_string()))
}

async fn delete(bucket: &Bucket<'_>, batch: Vec<ObjectIdentifier>) -> Result<Deleted, AwsError> {
    let (batch, others): (Vec<_>, Vec<_>) = batch.into_iter().partition(|it| is_xml(it.key()));
    for object in &others {
        let delete = bucket.aws.s3.delete_object().bucket(bucket.name).key(object.key());
        let delete = delete.set_version_id(object.version_id.clone());
        delete.expected_bucket_owner(bucket.account).send().await.found(DELETION)?;
    }
    // S3 refuses an empty list.
    if batch.is_empty() {
        return Ok(Deleted { count: others.len(), busy: None });
    }
    let deleted = delete_batch(bucket, batch).await?;
    Ok(Deleted { count: deleted.count + others.len(), ..deleted })
}

/// Whether XML can carry a key as it is (Extensible Markup Language (XML) 1.0, section 2.2).
fn is_xml(key: &str) -> bool {
    key.chars().all(|it| it >= ' ' && !matches!(it, '\u{fffe}' | '\u{ffff}'))
}

async fn delete_batch(
    bucket: &Bucket<'_>,
    batch: Vec<ObjectIdentifier>,
) -> Result<Deleted, AwsError> {
    let count = batch.len();
    let batch = Delete::builder().set_objects(Some(batch)).quiet(true).build();
    let batch = batch.map_err(|error| AwsError::request(DELETION, error.to_string()))?;
    let delete = bucket.aws.s3.delete_objects().bucket(bucket.name).delete(batch);
    let answer = delete.expected_bucket_owner(bucket.account).send().await.calling(DELETION)?;
    outcome(count, answer.errors())
}

/// S3 answers 200 even where single objects could not be deleted.
fn outcome(count: usize, errors: &[Error]) -> Result<Deleted, AwsError> {
    let is_busy = |error: &&Error| error.code().is_some_and(|code| BUSY_CODES.contains(&code));
    let of_all = |error: &Error| {
        format!(
            "{} of {count} objects could not be deleted; `{}`: {}",
            errors.len(),
            error.key().unwrap_or_default(),
            error.message().or(error.code()).unwrap_or("no reason given")
        )
    };
    if let Some(last) = errors.iter().find(|error| !is_busy(error)) {
        return Err(AwsError::request(DELETION, of_all(last)));
    }
    let busy = errors.first().map(|first| {
        let code = first.code().unwrap_or_default().to_owned();
        let cause = Cause::Answer { code, message: of_all(first), status: 200 };
        AwsError { call: DELETION, cause }
    });
    Ok(Deleted { count: count.saturating_sub(errors.len()), busy })
}

/// Deletes these objects, no more than 1,000 of them, as they are now: a bucket with versions keeps
/// what is deleted behind a marker. Whether to try again where S3 `is_busy` is the caller's to say,
/// who may want another look at them.
pub(crate) async fn delete_keys(bucket: &Bucket<'_>, keys: Vec<String>) -> Result<(), AwsError> {
    let batch = keys.iter().map(|key| identifier(Some(key), None));
    delete(bucket, batch.collect::<Result<Vec<_>, _>>()?).await?.whole()
}

/// Deletes everything in a folder, and its marker last, for that is what a later run finds the
/// folder by.
pub(crate) async fn delete_folder(
    bucket: &Bucket<'_>,
    marker: &str,
    wait: &Wait<'_>,
) -> Result<(), AwsError> {
    delete_all(bucket, marker, wait).await?;
    let delete = bucket.aws.s3.delete_object().bucket(bucket.name).key(marker);
    let delete = delete.expected_bucket_owner(bucket.account).send().await;
    delete.found(DELETION)?;
    Ok(())
}

async fn abort_uploads(bucket: &Bucket<'_>, prefix: &str) -> Result<(), AwsError> {
    loop {
        let list = bucket.aws.s3.list_multipart_uploads().bucket(bucket.name).prefix(prefix);
        let list = list.expected_bucket_owner(bucket.account).encoding_type(EncodingType::Url);
        let mut page = list.send().await.calling("s3:ListBucketMultipartUploads")?;
        if page.encoding_type() == Some(&EncodingType::Url) {
            page.uploads.iter_mut().flatten().for_each(|upload| decode(&mut upload.key));
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_carry_is_told_apart() {
        for key in ["a", "a b/ä.jpg", "\u{7f}\u{9b}\u{202e}", "\u{fffd}\u{10000}"] {
            assert!(is_xml(key), "{key:?}");
        }
        for key in ["\u{1b}", "a\nb", "a\tb", "\r", "\u{0}", "\u{fffe}", "\u{ffff}"] {
            assert!(!is_xml(key), "{key:?}");
        }
    }

    fn error(key: &str, code: &str) -> Error {
        Error::builder().key(key).code(code).message(format!("{code} it is")).build()
    }

    #[test]
    fn row_66_only_what_s3_is_too_busy_for_is_left_for_another_try() {
        for code in ["InternalError", "SlowDown", "ServiceUnavailable"] {
            let deleted = outcome(3, &[error("a", code), error("b", "SlowDown")]).unwrap();
            assert_eq!(deleted.count, 1);
            let busy = deleted.whole().unwrap_err();
            assert!(is_busy(&busy));
            let message = format!("2 of 3 objects could not be deleted; `a`: {code} it is");
            assert_eq!(busy.to_string(), format!("s3:DeleteObject: {code}: {message}"));
        }
        for code in ["AccessDenied", "MethodNotAllowed", "NoSuchVersion", ""] {
            let Err(last) = outcome(3, &[error("a", "SlowDown"), error("b", code)]) else {
                panic!("{code} is final")
            };
            assert!(!is_busy(&last), "{code}");
            let message = format!("2 of 3 objects could not be deleted; `b`: {code} it is");
            assert_eq!(last.to_string(), format!("s3:DeleteObject: {message}"));
        }
        let deleted = outcome(3, &[]).unwrap();
        assert_eq!((deleted.count, deleted.whole().is_ok()), (3, true));
    }
}
