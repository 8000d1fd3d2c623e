//! An invocation at work: what its originals share.

use std::sync::Arc;

use contract::{
    log::{self, Level},
    settings::Settings,
};
use imaging::{limits::Limits, watermark::Watermarks};
use serde_json::{Value, json};

use crate::{capacity::Capacity, log::Log, patience::Patient, store::StoreError};

pub(super) struct Run<'a, S, L> {
    pub(super) store: Patient<'a, S>,
    pub(super) log: &'a L,
    pub(super) settings: &'a Settings,
    pub(super) limits: Limits,
    pub(super) watermarks: &'a Arc<Watermarks>,
    pub(super) capacity: &'a Capacity,
    pub(super) request_id: &'a str,
    /// What is older is taken for a repetition, see `Run::settle`.
    pub(super) fresh_since: String,
}

impl<S, L: Log> Run<'_, S, L> {
    /// Tells of something that the image does not fail for.
    pub(super) fn warn_of(&self, error: Option<StoreError>, key: &str) {
        let Some(error) = error else { return };
        let mut line = log::line(Level::Warn, "incomplete", self.request_id);
        line.insert("key".to_owned(), json!(key));
        line.insert("reason".to_owned(), json!(error.to_string()));
        self.log.line(&Value::Object(line));
    }
}
