//! The bucket's tags, of which S3 keeps one set that each write replaces.

use aws_sdk_s3::types::{Tag, Tagging};

use super::{Bucket, Fields, KEPT_ADOPTED, NO_BUCKET, SID};
use crate::aws::{Aws, AwsError, Calling};
use crate::engine::edits::Edits;
use crate::engine::fields::Tags;
use crate::engine::resource::{ADOPTED_TAG, Context, Observed, Removal};

impl Bucket {
    pub(super) async fn put_tags(
        &self,
        context: &Context<'_>,
        edits: &Edits<Fields>,
    ) -> Result<(), AwsError> {
        const CALL: &str = "s3:PutBucketTagging";
        let wait = context.bucket_wait(CALL);
        let calls = self.calls(context.aws);
        // S3 replaces the whole set, so foreign tags are read and written back.
        calls
            .configure(&wait, || async {
                let mut tags: Tags = self.read_tags(context.aws).await?.into_iter().collect();
                tags.extend(edits.tags(Fields::tags));
                let tagging = tagging(s3_tags(tags.iter(), CALL)?, CALL)?;
                let put = context.aws.s3.put_bucket_tagging().bucket(calls.name);
                let put = put.expected_bucket_owner(calls.account).tagging(tagging);
                let _turn = calls.turn().await;
                put.send().await.calling(CALL)
            })
            .await?;
        Ok(())
    }

    /// A bucket that is gone is an error, told apart from one without tags.
    pub(super) async fn read_tags(&self, aws: &Aws) -> Result<Vec<(String, String)>, AwsError> {
        let get = aws.s3.get_bucket_tagging().bucket(&self.names.bucket);
        let get = get.expected_bucket_owner(&self.names.account).send().await;
        let tags = match get.calling("s3:GetBucketTagging") {
            Err(error) if error.is_not_found() && error.code() != NO_BUCKET => Vec::new(),
            other => other?.tag_set,
        };
        Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
    }

    /// Takes back what was added to a bucket that was there before.
    pub(super) async fn release(
        &self,
        context: &Context<'_>,
        observed: &Observed,
    ) -> Result<Removal, AwsError> {
        const CALL: &str = "s3:PutBucketTagging";
        let calls = self.calls(context.aws);
        calls.remove_statement(&context.bucket_wait("s3:PutBucketPolicy"), SID).await?;
        if !observed.fields.get(Fields::cors.as_str()).is_null() {
            self.merge_cors(context, None).await?;
        }
        self.shed_lifecycle(context, observed).await?;
        let wait = context.bucket_wait(CALL);
        calls
            .configure(&wait, || async {
                let mut tags = self.read_tags(context.aws).await?;
                tags.retain(|(key, _)| key != ADOPTED_TAG && !self.names.tags.contains_key(key));
                let tags = s3_tags(tags.iter().map(|(key, value)| (key, value)), CALL)?;
                let s3 = &context.aws.s3;
                let _turn = calls.turn().await;
                if tags.is_empty() {
                    let delete = s3.delete_bucket_tagging().bucket(calls.name);
                    let delete = delete.expected_bucket_owner(calls.account).send().await;
                    return delete.found(CALL).map(|_| ());
                }
                let put = s3.put_bucket_tagging().bucket(calls.name);
                let put = put.expected_bucket_owner(calls.account).tagging(tagging(tags, CALL)?);
                put.send().await.calling(CALL).map(|_| ())
            })
            .await?;
        Ok(Removal::Kept(KEPT_ADOPTED.to_owned()))
    }
}

pub(super) fn s3_tags<'a, K, V>(
    tags: impl IntoIterator<Item = (K, V)>,
    call: &'static str,
) -> Result<Vec<Tag>, AwsError>
where
    K: Into<&'a String>,
    V: Into<&'a String>,
{
    tags.into_iter()
        .map(|(key, value)| {
            let tag = Tag::builder().key(key.into()).value(value.into()).build();
            tag.map_err(|error| AwsError::request(call, error.to_string()))
        })
        .collect()
}

fn tagging(tags: Vec<Tag>, call: &'static str) -> Result<Tagging, AwsError> {
    let tagging = Tagging::builder().set_tag_set(Some(tags)).build();
    tagging.map_err(|error| AwsError::request(call, error.to_string()))
}
