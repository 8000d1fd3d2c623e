//! What goes when an original goes, in stacks that want it so.
//!
//! Whoever calls this has seen that the original is not there, and looks again afterwards: an event
//! of its deletion may come after the one of the next upload.

use contract::keys::KEY_BYTES_MAX;
use futures_util::future::{try_join_all, try_join3};

use super::{publishing::delete_if_there, run::Run, verdict::Verdict};
use crate::{
    log::Log,
    store::{Store, StoreError},
};

impl<S: Store, L: Log> Run<'_, S, L> {
    /// Deletes the variants of an original and the record of its failure, as far as there are any.
    pub(super) async fn remove(&self, key: &str) -> Result<Verdict, StoreError> {
        let Some(path) = self.settings.path_of(key) else {
            return Ok(Verdict::Removed(Vec::new()));
        };
        let variants = self.settings.variants.iter();
        let keys = variants.map(|variant| path.key_in(&variant.folder));
        // A variant with a longer key was never written, and S3 would not let us ask for it.
        let keys = keys.filter(|key| key.len() <= KEY_BYTES_MAX);
        let variants = try_join_all(keys.map(|key| delete_if_there(&self.store, key)));
        let failure = delete_if_there(&self.store, path.record_key());
        let manifest = self.forget_manifest(path);
        let (variants, failure, manifest) = try_join3(variants, failure, manifest).await?;
        let mut removed: Vec<String> = variants.into_iter().flatten().collect();
        self.invalidate(key, &removed).await;
        removed.extend(manifest);
        removed.extend(failure);
        Ok(Verdict::Removed(removed))
    }
}
