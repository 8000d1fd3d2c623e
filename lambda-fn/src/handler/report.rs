//! The facts about one original that its log line tells.

use std::time::Duration;

use contract::{
    framing::{Framing, Senseless},
    log::Level,
    message::{Made, Manifest},
};
use imaging::engine::Rendering;
use serde_json::{Map, Value, json};

/// What is known of an original, more with every stage.
#[derive(Debug)]
pub(super) struct Report {
    /// The version that was processed.
    pub(super) etag: String,
    /// What the uploader said it is.
    pub(super) content_type: Option<String>,
    /// What the uploader said of its composition.
    pub(super) framing: Framing,
    /// What of that makes no sense.
    pub(super) senseless: Vec<Senseless>,
    /// Its size as a file.
    pub(super) bytes: u64,
    /// How long it took to fetch.
    pub(super) get: Duration,
    /// From the beginning of the first upload to the end of the last; the stages before go on
    /// meanwhile.
    pub(super) put: Duration,
    /// What is known once it is rendered.
    pub(super) rendering: Option<Rendering>,
    /// The variants that were written.
    pub(super) made: Vec<Made>,
    /// What an earlier invocation told, if variants of then are still there.
    pub(super) told: Option<Manifest>,
}

impl Report {
    pub(super) fn new(etag: Option<String>, bytes: u64, get: Duration) -> Self {
        Self {
            etag: etag.unwrap_or_default(),
            content_type: None,
            framing: Framing::default(),
            senseless: Vec::new(),
            bytes,
            get,
            put: Duration::ZERO,
            rendering: None,
            made: Vec::new(),
            told: None,
        }
    }

    /// How much the line of a processed image matters.
    pub(super) fn level(&self) -> Level {
        if self.warnings().is_empty() { Level::Info } else { Level::Warn }
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        let of_image = self.rendering.as_ref().map(Rendering::warnings).unwrap_or_default();
        self.senseless.iter().map(ToString::to_string).chain(of_image).collect()
    }

    /// Adds the facts to a log line.
    pub(super) fn tell(&self, line: &mut Map<String, Value>) {
        let milliseconds = |time: Duration| json!((time.as_secs_f64() * 1e4).round() / 10.0);
        line.insert("etag".to_owned(), json!(self.etag));
        line.insert("content_type".to_owned(), json!(self.content_type));
        line.insert("bytes".to_owned(), json!(self.bytes));
        let mut stages = Map::new();
        stages.insert("get".to_owned(), milliseconds(self.get));
        if let Some(rendering) = &self.rendering {
            line.insert("format".to_owned(), json!(rendering.format.to_string()));
            line.insert("width".to_owned(), json!(rendering.width));
            line.insert("height".to_owned(), json!(rendering.height));
            let warnings = self.warnings();
            if !warnings.is_empty() {
                line.insert("warnings".to_owned(), json!(warnings));
            }
            let sizes = self.made.iter();
            let sizes: Map<_, _> =
                sizes.map(|made| (made.folder.clone(), json!(made.bytes))).collect();
            line.insert("variants".to_owned(), Value::Object(sizes));
            stages.insert("decode".to_owned(), milliseconds(rendering.decode));
            stages.insert("resize".to_owned(), milliseconds(rendering.resize));
            stages.insert("encode".to_owned(), milliseconds(rendering.encode));
            stages.insert("put".to_owned(), milliseconds(self.put));
        }
        line.insert("ms".to_owned(), Value::Object(stages));
    }
}
