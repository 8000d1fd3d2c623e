//! What an original leaves in the bucket: its variants, or the record of why there are none.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use contract::{
    failure::{self, FailureRecord},
    message::Made,
    settings::Variant,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use imaging::engine::Rendered;
use tokio::{sync::mpsc::Receiver, time::Instant};

use super::{
    report::Report,
    run::Run,
    verdict::{Refusal, Verdict},
};
use crate::{
    log::Log,
    store::{Object, Origin, Store, StoreError},
};

/// The variants of one original that were written.
#[derive(Debug, Default)]
pub(super) struct Published {
    pub(super) made: Vec<Made>,
    /// The keys of those that the CDN may hold already.
    pub(super) overwritten: Vec<String>,
    /// From the beginning of the first to the end of the last.
    pub(super) duration: Duration,
}

/// One of them.
struct Upload {
    began: Instant,
    made: Made,
    overwritten: Option<String>,
}

impl<S: Store, L: Log> Run<'_, S, L> {
    /// Writes variants as they come, all at once.
    pub(super) async fn publish_all(
        &self,
        report: &Report,
        key: &str,
        mut finished: Receiver<Rendered>,
    ) -> Result<Published, StoreError> {
        let variants = self.settings.variants.len().max(1);
        let uploads: Vec<Option<Upload>> =
            stream::poll_fn(move |context| finished.poll_recv(context))
                .map(|rendered| self.upload(report, key, rendered))
                .buffer_unordered(variants)
                .try_collect()
                .await?;
        let uploads: Vec<Upload> = uploads.into_iter().flatten().collect();
        let began = uploads.iter().map(|upload| upload.began).min();
        let mut published = Published {
            duration: began.map(|began| began.elapsed()).unwrap_or_default(),
            ..Published::default()
        };
        for Upload { made, overwritten, .. } in uploads {
            published.made.push(made);
            published.overwritten.extend(overwritten);
        }
        Ok(published)
    }

    /// Writes one variant; nothing if the settings don't know it.
    async fn upload(
        &self,
        report: &Report,
        key: &str,
        rendered: Rendered,
    ) -> Result<Option<Upload>, StoreError> {
        let began = Instant::now();
        let mut variants = self.settings.variants.iter();
        let Some(variant) = variants.find(|variant| variant.folder == rendered.folder) else {
            return Ok(None);
        };
        let Rendered { folder, content_type, width, height, .. } = rendered;
        let rendered = (Bytes::from(rendered.bytes), content_type, (width, height));
        let Some(object) = self.object(report, key, variant, rendered) else { return Ok(None) };
        let overwritten = self.overwritten(&object.key).await;
        let etag = self.store.put(&object).await?;
        let made = Made {
            folder,
            url: self.url(&object.key, &etag),
            key: object.key,
            width,
            height,
            bytes: object.bytes.len() as u64,
            content_type: content_type.to_owned(),
            etag,
        };
        Ok(Some(Upload { began, made, overwritten }))
    }

    fn object(
        &self,
        report: &Report,
        key: &str,
        variant: &Variant,
        (bytes, content_type, size): (Bytes, &'static str, (u32, u32)),
    ) -> Option<Object> {
        let settings = variant.fingerprint(&report.framing);
        let origin = Origin { source: report.etag.clone(), settings };
        Some(Object {
            key: self.settings.path_of(key)?.key_in(&variant.folder),
            bytes,
            content_type,
            origin: Some(origin),
            size: Some(size),
            cache_control: Some(variant.cache_control.clone()),
            public: self.settings.public_acl,
        })
    }

    /// The key of a variant if the CDN may hold it. Only asked if anything follows from it.
    async fn overwritten(&self, key: &str) -> Option<String> {
        self.settings.invalidate.as_ref()?;
        // Where it cannot be told, a needless invalidation is better than a stale image.
        let store = self.store.hurried();
        let existed = store.in_time(store.head(key)).await.map_or(true, |head| head.is_some());
        existed.then(|| key.to_owned())
    }

    /// Has the CDN forget what it holds of these keys. No image fails for it.
    pub(super) async fn invalidate(&self, key: &str, variant_keys: &[String]) {
        let Some(distribution) = &self.settings.invalidate else { return };
        if variant_keys.is_empty() {
            return;
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let reference = format!("{}-{}", self.request_id, now.as_nanos());
        let store = self.store.hurried();
        let invalidated = store.invalidate(distribution, variant_keys, &reference);
        self.warn_of(store.in_time(invalidated).await.err(), key);
    }

    /// Writes the record of a final failure.
    pub(super) async fn record(
        &self,
        key: &str,
        report: Report,
        refusal: Refusal,
    ) -> Result<Verdict, StoreError> {
        let record = FailureRecord {
            reason: refusal.to_string(),
            key: key.to_owned(),
            etag: Some(report.etag.clone()).filter(|etag| !etag.is_empty()),
            size: Some(report.bytes),
            request_id: self.request_id.to_owned(),
            time: failure::utc(SystemTime::now()),
        };
        if let Some(path) = self.settings.path_of(key) {
            let object = Object {
                key: path.record_key(),
                bytes: record.to_json().into(),
                content_type: failure::CONTENT_TYPE,
                origin: None,
                size: None,
                cache_control: None,
                public: false,
            };
            self.store.put(&object).await?;
            self.forget_manifest(path).await?;
        }
        Ok(Verdict::Refused(Box::new(report), refusal))
    }

    /// Deletes the record of an earlier failure: the image has just been decoded.
    ///
    /// A record that stays is a nuisance but loses no image.
    pub(super) async fn forget_failure(&self, key: &str) {
        let Some(path) = self.settings.path_of(key) else { return };
        let store = self.store.hurried();
        let forgotten = store.in_time(delete_if_there(&store, path.record_key())).await;
        self.warn_of(forgotten.err(), key);
    }
}

/// Deletes an object and returns its key, or nothing if there was none.
///
/// It looks before it deletes, because in a versioned bucket a deletion of nothing leaves a marker
/// behind.
pub(super) async fn delete_if_there(
    store: &impl Store,
    key: String,
) -> Result<Option<String>, StoreError> {
    if store.head(&key).await?.is_none() {
        return Ok(None);
    }
    store.delete(&key).await?;
    Ok(Some(key))
}
