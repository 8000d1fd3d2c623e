//! The code of the function: known by the hash of its source, built only when a plan needs it.

use std::sync::OnceLock;

use super::CODE;
use crate::engine::fields::touches;
use crate::engine::plan::{Action, Step};

/// The function's code, which every function of a stack has in common.
#[derive(Debug, Default)]
pub(crate) struct Code {
    pub(crate) source_hash: String,
    pub(crate) zip: OnceLock<Zip>,
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
