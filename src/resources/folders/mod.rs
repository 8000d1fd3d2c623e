//! The folder markers: empty objects that make originals and variants show up as folders.

mod export;
mod permissions;
mod retired;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::try_join_all;

use self::retired::RetiredFolder;
use super::{Blueprint, Member, Trace, bucket};
use crate::aws::bucket::{Bucket, CONFIGURATION_SECS_MAX};
use crate::aws::marker::{self, CONTENT_TYPE, STACK_METADATA};
use crate::aws::wait::retry_while;
use crate::aws::{Aws, AwsError, Calling};
use crate::engine::edits::Edits;
use crate::engine::resource::{
    Context, Details, Erased, Id, Kind, Observed, Owner, Removal, Resource,
};
use crate::names::Names;
use crate::permissions::Row;

pub(crate) const ID: Id = Id(&Kind {
    holds_images: true,
    inside: Some(bucket::ID),
    ..Kind::new("folders", "AWS::S3::Object")
});

const PRESENT: &str = "marker";

/// The markers by their keys.
type Fields = BTreeMap<String, &'static str>;

pub(crate) struct Folders {
    names: Arc<Names>,
    markers: Vec<String>,
}

impl Folders {
    /// `markers` are keys, each with its final slash.
    fn new(names: Arc<Names>, markers: Vec<String>) -> Self {
        Self { names, markers }
    }

    /// Which markers exist, each with whether it is ours.
    async fn present(&self, aws: &Aws) -> Result<Vec<(&String, bool)>, AwsError> {
        let heads = self.markers.iter().map(|key| async move {
            let bucket = Bucket { aws, name: &self.names.bucket, account: &self.names.account };
            let found = marker::find(&bucket, key).await?;
            Ok(found.map(|marker| (key, marker.stack.as_ref() == Some(&self.names.stack))))
        });
        Ok(try_join_all(heads).await?.into_iter().flatten().collect())
    }

    async fn put(&self, context: &Context<'_>, keys: &[&str]) -> Result<(), AwsError> {
        const CALL: &str = "s3:PutObject";
        let wait = context.wait(CALL, "S3 to accept the folder marker", CONFIGURATION_SECS_MAX);
        let puts = keys.iter().map(|key| async {
            let put = || async {
                let put = context.aws.s3.put_object().bucket(&self.names.bucket).key(*key);
                let put = put
                    .expected_bucket_owner(&self.names.account)
                    .content_type(CONTENT_TYPE)
                    .metadata(STACK_METADATA, &self.names.stack)
                    .if_none_match("*");
                put.send().await.calling(CALL)
            };
            match retry_while(&wait, is_settling, put).await {
                // Somebody else was faster, and the marker is there.
                Err(error) if error.status() == 412 => Ok(()),
                other => other.map(|_| ()),
            }
        });
        try_join_all(puts).await?;
        Ok(())
    }
}

#[async_trait]
impl Resource for Folders {
    type Fields = Fields;

    const ID: Id = ID;

    fn name(&self) -> String {
        self.markers.join(" ")
    }

    fn arn(&self) -> Option<String> {
        None
    }

    fn fields(&self) -> Fields {
        self.markers.iter().map(|key| (key.clone(), PRESENT)).collect()
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed<Fields>>, AwsError> {
        let present = self.present(aws).await?;
        if present.is_empty() {
            return Ok(None);
        }
        let fields = present.into_iter().map(|(key, _)| (key.clone(), PRESENT)).collect();
        Ok(Some(Observed::new(fields, Owner::Ours)))
    }

    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError> {
        let all: Vec<&str> = self.markers.iter().map(String::as_str).collect();
        self.put(context, &all).await?;
        Ok(Details::new())
    }

    async fn update(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
        edits: &Edits<Fields>,
    ) -> Result<Details, AwsError> {
        let missing: Vec<&str> = edits.whole().iter().map(|edit| edit.path.as_str()).collect();
        self.put(context, &missing).await?;
        Ok(Details::new())
    }

    async fn delete(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
    ) -> Result<Removal, AwsError> {
        let present = self.present(context.aws).await?;
        let ours = present.into_iter().filter(|(_, ours)| *ours);
        let deletions = ours.map(|(key, _)| async move {
            let delete = context.aws.s3.delete_object().bucket(&self.names.bucket).key(key);
            let delete = delete.expected_bucket_owner(&self.names.account).send().await;
            delete.found("s3:DeleteObject").map(|_| ())
        });
        try_join_all(deletions).await?;
        Ok(Removal::Gone)
    }
}

impl Member for Folders {
    const PERMISSIONS: &'static [Row] = permissions::ROWS;

    const TRACES: &'static [Trace] = &[Trace::Marker];

    fn wanted(blueprint: &Blueprint<'_>) -> Option<Self> {
        let folders = std::iter::once(blueprint.config.bucket.originals.clone());
        let markers = folders.chain(blueprint.made_folders()).map(|folder| format!("{folder}/"));
        Some(Self::new(blueprint.names(), markers.collect()))
    }

    fn left(blueprint: &Blueprint<'_>, folder: &str) -> Erased {
        let (names, marker) = (blueprint.names(), format!("{folder}/"));
        // A bucket that stays when its stack goes keeps its images, and only the marker goes.
        if blueprint.is_to_go() {
            return Box::new(Self::new(names, vec![marker]));
        }
        Box::new(RetiredFolder::new(names, marker, blueprint.purpose.images))
    }
}

/// What S3 answers while it does not know a new bucket yet, or somebody writes the same key.
fn is_settling(error: &AwsError) -> bool {
    matches!(error.code(), "NoSuchBucket" | "ConditionalRequestConflict")
}
