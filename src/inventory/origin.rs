//! Which version of an original a variant was made of, and by which settings: the variant's own
//! metadata says so, which no listing shows.

use std::collections::HashMap;

use contract::framing::Framing;
use contract::keys::ImagePath;
use contract::settings::{SETTINGS_METADATA, SOURCE_METADATA};
use futures_util::future::{try_join, try_join_all};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::survey::Seen;
use super::{Hindrance, Inventory};
use crate::aws::AwsError;

/// How many originals are looked at at once, each with all its variants.
const PARALLEL_LOOKS: usize = 16;

impl Inventory<'_> {
    /// Originals with those of their variants only that the function would make just so now.
    pub(super) async fn without_outdated(&self, seen: Vec<Seen>) -> Result<Vec<Seen>, Hindrance> {
        stream::iter(seen.into_iter().map(|seen| self.current(seen)))
            .buffered(PARALLEL_LOOKS)
            .try_collect()
            .await
            .map_err(Hindrance::listing)
    }

    async fn current(&self, mut seen: Seen) -> Result<Seen, AwsError> {
        let Some(original) = &seen.original else { return Ok(seen) };
        // What the uploader said of the composition counts as well.
        let framing = match self.metadata(&self.original_key(&seen.path)).await? {
            Some(metadata) => Framing::read(|name| metadata.get(name).map(String::as_str)).0,
            None => Framing::default(),
        };
        let looks =
            self.config.variants.iter().zip(&seen.variants).map(async |(variant, there)| {
                if there.is_none() {
                    return Ok(false);
                }
                let key = ImagePath(&seen.path).key_in(&variant.folder);
                let metadata = self.metadata(&key).await?;
                Ok::<bool, AwsError>(
                    says(metadata.as_ref(), SOURCE_METADATA, &original.etag)
                        && says(
                            metadata.as_ref(),
                            SETTINGS_METADATA,
                            &variant.fingerprint(&framing),
                        ),
                )
            });
        let manifest = async {
            let there = seen.variants.get(self.config.variants.len());
            let Some(Some(_)) = there else { return Ok(there.map(|_| false)) };
            let metadata = self.metadata(&ImagePath(&seen.path).manifest_key()).await?;
            // Of the rest the function is the judge: it knows where the CDN serves.
            Ok(Some(says(metadata.as_ref(), SOURCE_METADATA, &original.etag)))
        };
        let (mut are_current, manifest) = try_join(try_join_all(looks), manifest).await?;
        are_current.extend(manifest);
        for (variant, is_current) in seen.variants.iter_mut().zip(are_current) {
            variant.take_if(|_| !is_current);
        }
        Ok(seen)
    }

    /// The user-defined metadata of an object, if it is there.
    async fn metadata(&self, key: &str) -> Result<Option<HashMap<String, String>>, AwsError> {
        Ok(self.bucket().head(key).await?.map(|head| head.metadata.unwrap_or_default()))
    }
}

/// Whether the metadata of an object says this.
fn says(metadata: Option<&HashMap<String, String>>, name: &str, value: &str) -> bool {
    metadata.and_then(|all| all.get(name)).is_some_and(|told| told == value)
}
