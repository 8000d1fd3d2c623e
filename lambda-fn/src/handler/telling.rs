//! What the application is told of an original: a manifest beside the variants, and a message.
//!
//! The manifest is written like a variant, before the last look at the original, so that whoever
//! writes last has seen the newest version. The message follows when nothing is left to be done.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use contract::{
    address,
    event::Work,
    framing::Framing,
    keys::ImagePath,
    message::{CACHE_CONTROL, CONTENT_TYPE, Event, Made, Manifest, Message},
    settings::Notify,
};

use super::{publishing::delete_if_there, report::Report, run::Run, verdict::Verdict};
use crate::{
    log::Log,
    store::{Fetched, Head, Object, Origin, Store, StoreError},
};

/// A manifest is at most as long as what is told of as many variants as Lambda's environment takes,
/// each with the longest key.
const MANIFEST_BYTES_MAX: u64 = 1 << 20;

/// What an earlier invocation told of an original.
pub(super) struct Told {
    pub(super) manifest: Manifest,
    /// Whether it is what would be told now, if the variants are still there.
    is_current: bool,
}

impl<S: Store, L: Log> Run<'_, S, L> {
    /// Where the CDN serves a variant, by its key and its `ETag`.
    pub(super) fn url(&self, key: &str, etag: &str) -> Option<String> {
        let Notify { cdn, versions, .. } = self.settings.notify.as_ref()?;
        let address = format!("{}/{}", cdn.as_ref()?, address::path(key));
        Some(if *versions { address::versioned(&address, etag) } else { address })
    }

    fn manifests(&self) -> Option<&Notify> {
        self.settings.notify.as_ref().filter(|notify| notify.manifest)
    }

    /// What was told of this version of an original, if that can be known.
    pub(super) async fn told(
        &self,
        path: ImagePath<'_>,
        original: &Head,
    ) -> Result<Option<Told>, StoreError> {
        if self.manifests().is_none() {
            return Ok(None);
        }
        let key = path.manifest_key();
        let Some(head) = self.store.head(&key).await? else { return Ok(None) };
        let origin = head.origin.filter(|origin| origin.source == original.etag);
        let Some(Origin { settings, .. }) = origin else { return Ok(None) };
        let Fetched::Original(file) = self.store.get(&key, MANIFEST_BYTES_MAX).await? else {
            return Ok(None);
        };
        let manifest = serde_json::from_slice(&file.bytes).ok();
        let is_current = settings == self.settings.manifest_fingerprint(path, &original.framing);
        Ok(manifest.map(|manifest| Told { manifest, is_current }))
    }

    /// What is to be told of an original whose variants are all there.
    pub(super) fn ready(&self, key: &str, report: &Report) -> Option<Manifest> {
        let (notify, path) = (self.settings.notify.as_ref()?, self.settings.path_of(key)?);
        let rendering = report.rendering.as_ref()?;
        let told = report.told.as_ref();
        let about = (notify.stack.as_str(), self.settings.bucket.as_str());
        let variants = self.variants(path, &report.made, told);
        let is_new = |made: &Made| report.made.iter().any(|it| it.folder == made.folder);
        let pixels = |made: &&Made| u64::from(made.width) * u64::from(made.height);
        // It is made of the smallest variant, which may be an older one.
        let is_new = variants.iter().min_by_key(pixels).is_none_or(is_new);
        let (thumbhash, colour) = match (told, &rendering.placeholder) {
            _ if !notify.thumbhash => (None, None),
            (Some(told), _) if !is_new => (told.thumbhash.clone(), told.colour),
            (_, Some(placeholder)) => {
                (Some(BASE64.encode(&placeholder.thumbhash)), Some(placeholder.colour))
            }
            (_, None) => (None, None),
        };
        Some(Manifest {
            etag: Some(report.etag.clone()),
            width: Some(rendering.width),
            height: Some(rendering.height),
            format: Some(rendering.format.to_string()),
            thumbhash,
            colour,
            variants,
            warnings: report.warnings(),
            ..Manifest::about(Event::Ready, about, (key, path))
        })
    }

    /// The same of one whose variants were there before; it is written anew if it has changed.
    pub(super) async fn still_ready(
        &self,
        path: ImagePath<'_>,
        original: &Head,
        Told { manifest, is_current }: Told,
    ) -> Result<Manifest, StoreError> {
        let variants = self.variants(path, &[], Some(&manifest));
        let manifest = Manifest { variants, ..manifest };
        if !is_current {
            self.put_manifest(path, &manifest, &original.framing).await?;
        }
        Ok(manifest)
    }

    /// The variants in the order of the settings: those that were just made, else those of before.
    fn variants(&self, path: ImagePath<'_>, made: &[Made], told: Option<&Manifest>) -> Vec<Made> {
        let before = told.map(|told| told.variants.as_slice()).unwrap_or_default();
        let of = |folder: &str| made.iter().chain(before).find(|made| made.folder == folder);
        let variants = self.settings.variants_of(path).filter_map(|variant| of(&variant.folder));
        variants.map(|made| Made { url: self.url(&made.key, &made.etag), ..made.clone() }).collect()
    }

    /// Writes a manifest, where there are any.
    pub(super) async fn put_manifest(
        &self,
        path: ImagePath<'_>,
        manifest: &Manifest,
        framing: &Framing,
    ) -> Result<(), StoreError> {
        if self.manifests().is_none() {
            return Ok(());
        }
        let source = manifest.etag.clone().unwrap_or_default();
        let settings = self.settings.manifest_fingerprint(path, framing);
        let object = Object {
            key: path.manifest_key(),
            bytes: manifest.to_json().into(),
            content_type: CONTENT_TYPE,
            origin: Some(Origin { source, settings }),
            size: None,
            cache_control: Some(CACHE_CONTROL.to_owned()),
            public: self.settings.public_acl,
        };
        self.store.put(&object).await.map(drop)
    }

    /// Deletes a manifest that is no longer true, where there are any, and answers with its key.
    pub(super) async fn forget_manifest(
        &self,
        path: ImagePath<'_>,
    ) -> Result<Option<String>, StoreError> {
        match self.manifests() {
            Some(_) => delete_if_there(&self.store, path.manifest_key()).await,
            None => Ok(None),
        }
    }

    /// Tells the application how an original ended. What can't be sent is tried again, like an upload.
    pub(super) async fn tell(&self, work: &Work, verdict: &Verdict) -> Result<(), StoreError> {
        let Some(notify) = &self.settings.notify else { return Ok(()) };
        let Some(path) = self.settings.path_of(&work.key) else { return Ok(()) };
        let about = |event| {
            let stack = (notify.stack.as_str(), self.settings.bucket.as_str());
            Manifest::about(event, stack, (&work.key, path))
        };
        let (manifest, reason) = match verdict {
            Verdict::Made(_, Some(manifest)) | Verdict::Unchanged(_, Some(manifest)) => {
                (Manifest::clone(manifest), None)
            }
            Verdict::Refused(report, refusal) => {
                let etag = Some(report.etag.clone()).filter(|etag| !etag.is_empty());
                let warnings = report.warnings();
                let failed = Manifest { etag, warnings, ..about(Event::Failed) };
                (failed, Some(refusal.to_string()))
            }
            Verdict::Removed(_) => (about(Event::Removed), None),
            Verdict::Made(_, None) | Verdict::Unchanged(_, None) | Verdict::Gone => return Ok(()),
        };
        self.store.announce(&notify.topic, &Message { manifest, reason }).await
    }
}
