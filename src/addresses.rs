//! The variants of one original as an application shows them: address, dimensions and bytes, and
//! whether they show this version of it.
//!
//! Deliberately absent: whether they were made by the settings of the file, which `inventory` knows,
//! and printing.

pub(crate) mod srcset;

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use contract::address::{self, bare_etag};
use contract::keys::ImagePath;
use contract::settings::{SIZE_METADATA, SOURCE_METADATA};
use futures_util::future::{try_join, try_join_all};
use serde::Serialize;

use crate::aws::AwsError;
use crate::aws::bucket::Bucket;
use crate::config::Config;

/// An original with its variants, in the order of the file.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Addresses {
    /// The original's.
    pub(crate) key: String,
    /// The original's version, as S3 has it; none of one that is not there.
    pub(crate) etag: Option<String>,
    pub(crate) variants: Vec<Address>,
}

/// Where a variant is, or will be, and what is known of it if it is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Address {
    pub(crate) folder: String,
    pub(crate) key: String,
    pub(crate) url: String,
    /// Whether it is there, and was made of another version of the original.
    pub(crate) outdated: bool,
    #[serde(flatten)]
    pub(crate) facts: Facts,
}

/// What is known of a variant; nothing of one that is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Facts {
    /// In pixels; one that an early release made does not say.
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    pub(crate) bytes: Option<u64>,
    pub(crate) content_type: Option<String>,
}

/// Where a variant is served below an address without a slash at its end, by its `ETag` if it is there.
pub(crate) fn address_of(config: &Config, base: &str, key: &str, etag: Option<&str>) -> String {
    let address = format!("{base}/{}", address::path(key));
    match etag.filter(|_| config.cdn.versions) {
        Some(etag) => address::versioned(&address, etag),
        None => address,
    }
}

impl Addresses {
    /// Those of an original, below an address without a slash at its end. Asks for it and for each
    /// variant.
    pub(crate) async fn of_objects(
        bucket: &Bucket<'_>,
        config: &Config,
        base: &str,
        path: ImagePath<'_>,
    ) -> Result<Self, AwsError> {
        let key = path.key_in(&config.bucket.originals);
        let looks = config.variants_of(path).map(async |variant| {
            let key = path.key_in(&variant.folder);
            let head = bucket.head(&key).await?;
            Ok((variant, key, head))
        });
        let (original, looks) = try_join(bucket.head(&key), try_join_all(looks)).await?;
        let etag = original.as_ref().and_then(HeadObjectOutput::e_tag).map(bare_etag);
        let variants = looks.into_iter().map(|(variant, key, head)| {
            let version = head.as_ref().and_then(HeadObjectOutput::e_tag);
            let url = address_of(config, base, &key, version);
            let source = head.as_ref().and_then(|head| head.metadata()?.get(SOURCE_METADATA));
            let outdated = etag.is_some_and(|etag| source.is_some_and(|source| source != etag));
            let facts = head.map(Facts::of_head).unwrap_or_default();
            Address { folder: variant.folder.clone(), key, url, outdated, facts }
        });
        let variants = variants.collect();
        Ok(Self { key, etag: etag.map(ToOwned::to_owned), variants })
    }

    /// Whether every variant shows the original that is there.
    pub(crate) fn are_whole(&self) -> bool {
        self.variants.iter().all(|address| address.is_there() && !address.outdated)
            && self.etag.is_some()
    }
}

impl Address {
    pub(crate) fn is_there(&self) -> bool {
        self.facts.bytes.is_some()
    }
}

impl Facts {
    /// What S3 says of a variant.
    fn of_head(head: HeadObjectOutput) -> Self {
        let size = head.metadata().and_then(|all| all.get(SIZE_METADATA));
        let size = size.and_then(|size| size.split_once('x'));
        let size =
            size.and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
        Self {
            width: size.map(|(width, _)| width),
            height: size.map(|(_, height)| height),
            bytes: Some(
                head.content_length().and_then(|it| it.try_into().ok()).unwrap_or_default(),
            ),
            content_type: head.content_type,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(size: &str) -> Facts {
        let head = HeadObjectOutput::builder().content_length(1234).content_type("image/webp");
        Facts::of_head(head.metadata(SIZE_METADATA, size).build())
    }

    #[test]
    fn a_variant_says_its_own_size() {
        let known = facts("800x600");
        assert_eq!((known.width, known.height), (Some(800), Some(600)));
        assert_eq!((known.bytes, known.content_type.as_deref()), (Some(1234), Some("image/webp")));
        for senseless in ["", "800", "x", "800x", "800x-1", "800x600x1", "99999999999x1"] {
            let facts = facts(senseless);
            assert_eq!((facts.width, facts.height), (None, None), "{senseless}");
        }
        let silent = Facts::of_head(HeadObjectOutput::builder().content_length(0).build());
        assert_eq!((silent.width, silent.bytes), (None, Some(0)), "it is there");
    }
}
