//! The code of the function: known by the hash of its source, built only when a plan needs it.

use std::sync::OnceLock;

use super::{CODE, SOURCE_TAG, ZIP_TAG};
use crate::engine::fields::{Tags, touches};
use crate::engine::plan::{Action, Step};

/// The function's code, which every function of a stack has in common.
#[derive(Debug, Default)]
pub(crate) struct Code {
    pub(crate) source_hash: String,
    /// The hash of the same source made in another way, which does as well.
    pub(crate) also: Option<String>,
    pub(crate) zip: OnceLock<Zip>,
}

impl Code {
    /// The hash of the source that a function's code was made from, if it is still that code; the wanted
    /// one for what does as well. `sha256` is what Lambda says of the code that is there.
    pub(super) fn observed(&self, sha256: Option<&str>, tags: &Tags) -> String {
        let uploaded = tags.get(ZIP_TAG).map(String::as_str);
        match (sha256, tags.get(SOURCE_TAG)) {
            (Some(sha256), Some(source)) if Some(sha256) == uploaded => {
                if self.also.as_ref() == Some(source) { &self.source_hash } else { source }.clone()
            }
            (Some(sha256), _) => format!("other code, with the SHA-256 {sha256}"),
            (None, _) => "unknown code".to_owned(),
        }
    }
}

/// A deployment package.
#[derive(Debug)]
pub(crate) struct Zip {
    pub(crate) bytes: Vec<u8>,
    /// SHA-256 in base64, as Lambda's `CodeSha256`.
    pub(crate) sha256: String,
}

/// Whether a step of a function uploads its code.
pub(crate) fn needs_code(step: &Step) -> bool {
    matches!(step.action, Action::Create | Action::Replace)
        || CODE.iter().any(|member| touches(&step.edits, member.as_str()))
}
