//! The folder of a variant that is no longer in the file, with the images in it.

use std::sync::Arc;

use async_trait::async_trait;

use super::Fields;
use crate::aws::bucket::Bucket;
use crate::aws::{Aws, AwsError, marker, objects};
use crate::engine::edits::Edits;
use crate::engine::resource::{Context, Details, Id, Images, Observed, Owner, Removal, Resource};
use crate::names::Names;

pub(super) struct RetiredFolder {
    names: Arc<Names>,
    /// The key of its marker, with the final slash.
    marker: String,
    images: Images,
}

impl RetiredFolder {
    pub(super) fn new(names: Arc<Names>, marker: String, images: Images) -> Self {
        Self { names, marker, images }
    }

    fn bucket<'a>(&'a self, aws: &'a Aws) -> Bucket<'a> {
        Bucket { aws, name: &self.names.bucket, account: &self.names.account }
    }

    async fn kept_for_images(&self, aws: &Aws) -> Result<Option<String>, AwsError> {
        if self.images == Images::Delete {
            return Ok(None);
        }
        let count = objects::count(&self.bucket(aws), &self.marker).await?;
        Ok(count.map(|count| format!("it holds {count}; `--delete-images` deletes them")))
    }
}

#[async_trait]
impl Resource for RetiredFolder {
    type Fields = Fields;

    const ID: Id = super::ID;

    fn name(&self) -> String {
        self.marker.clone()
    }

    fn arn(&self) -> Option<String> {
        None
    }

    fn fields(&self) -> Fields {
        Fields::new()
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed<Fields>>, AwsError> {
        let found = marker::find(&self.bucket(aws), &self.marker).await?;
        let Some(stack) = found.and_then(|marker| marker.stack) else { return Ok(None) };
        if stack != self.names.stack {
            return Ok(None);
        }
        let mut observed = Observed::new(Fields::new(), Owner::Ours);
        observed.kept = self.kept_for_images(aws).await?;
        Ok(Some(observed))
    }

    /// A folder that is not in the file is never made.
    async fn create(&self, _context: &Context<'_>) -> Result<Details, AwsError> {
        Ok(Details::new())
    }

    async fn update(
        &self,
        _context: &Context<'_>,
        _observed: &Observed,
        _edits: &Edits<Fields>,
    ) -> Result<Details, AwsError> {
        Ok(Details::new())
    }

    async fn delete(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
    ) -> Result<Removal, AwsError> {
        if let Some(why) = self.kept_for_images(context.aws).await? {
            return Ok(Removal::Kept(why));
        }
        let wait = objects::deletion_wait(context.stop, context.tell);
        objects::delete_folder(&self.bucket(context.aws), &self.marker, &wait).await?;
        Ok(Removal::Gone)
    }
}
