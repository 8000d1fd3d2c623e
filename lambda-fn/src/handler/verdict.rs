//! How an original can end in an invocation.

use std::any::Any;

use contract::{keys::KEY_BYTES_MAX, message::Manifest};
use imaging::{engine::panic_message, error::RenderError};

use super::report::Report;
use crate::store::{StoreError, Withheld};

/// How often an original that changes under our hands is started over within one invocation.
pub(super) const ROUNDS_MAX: u32 = 3;

/// How an original ended.
#[derive(Debug)]
pub(super) enum Verdict {
    /// What is to be told of it, where anything is told.
    Made(Box<Report>, Option<Box<Manifest>>),
    /// It cannot be processed as it is, and that is on record.
    Refused(Box<Report>, Refusal),
    /// Its variants, of the version with this `ETag`, were there before, and so was what is to be
    /// told of it.
    Unchanged(String, Option<Box<Manifest>>),
    /// It was deleted, and so were these objects, if there were any.
    Removed(Vec<String>),
    /// It was deleted, and its variants stay.
    Gone,
}

impl Verdict {
    /// The version of the original that it is about, by its `ETag`; nothing if there was none.
    pub(super) fn source(&self) -> Option<&str> {
        match self {
            Self::Made(report, _) | Self::Refused(report, _) => Some(&report.etag),
            Self::Unchanged(etag, _) => Some(etag),
            Self::Removed(_) | Self::Gone => None,
        }
    }
}

/// Why an original cannot be processed as it is, however often it is tried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error(transparent)]
    Image(#[from] RenderError),
    #[error("its key in {folder}/ would have {bytes} bytes; S3 allows {KEY_BYTES_MAX}")]
    KeyTooLong { folder: String, bytes: usize },
    #[error(transparent)]
    Withheld(#[from] Withheld),
}

/// Why an original could not be processed this time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Setback {
    /// A call to AWS did not succeed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was replaced while it was processed, again and again.
    #[error("the original changed {ROUNDS_MAX} times while it was processed")]
    Changing,
    /// The invocation had to answer before it was done.
    #[error("the invocation ran out of time")]
    OutOfTime,
    /// A bug of ours.
    #[error("the function panicked: {0}")]
    Panicked(String),
}

impl Setback {
    pub(super) fn panicked(payload: &(dyn Any + Send)) -> Self {
        Self::Panicked(panic_message(payload))
    }
}
