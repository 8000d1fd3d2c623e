//! How an application learns the outcome of an original: from a message on a topic, and from a manifest
//! beside the variants.

use serde::{Deserialize, Serialize};

use crate::{keys::ImagePath, settings::Colour};

/// The media type of a message and of a manifest.
pub const CONTENT_TYPE: &str = "application/json";

/// How a manifest is cached: an application that asks for it wants to know how it is now.
pub const CACHE_CONTROL: &str = "no-cache";

/// The version of a document's form. Members may be added to a version.
pub const VERSION: u32 = 1;

/// The most that SNS takes of a message with its attributes, in bytes (Amazon SNS API Reference,
/// `Publish`).
pub const MESSAGE_BYTES_MAX: usize = 256 * 1024;

/// The name of the message attribute that says what happened, see [`Event`].
pub const EVENT_ATTRIBUTE: &str = "event";
/// The name of the message attribute with the original's folder below that of the originals, without
/// slashes at its ends. An original that is in no folder has none.
pub const FOLDER_ATTRIBUTE: &str = "folder";

/// What became of an original.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Event {
    /// Every variant of it can be read.
    Ready,
    /// It can't be processed as it is.
    Failed,
    /// It was deleted, and its variants with it.
    Removed,
}

impl Event {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::Removed => "removed",
        }
    }
}

/// The outcome of an original, as a manifest has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`VERSION`].
    pub version: u32,
    pub event: Event,
    pub stack: String,
    pub bucket: String,
    /// The key of the original.
    pub key: String,
    /// Its path below the folder of the originals.
    pub name: String,
    /// Which version of it this is about, by its `ETag` without quotes.
    pub etag: Option<String>,
    /// Columns of the upright original.
    pub width: Option<u32>,
    /// Rows of the upright original.
    pub height: Option<u32>,
    /// The original's format, such as `JPEG`.
    pub format: Option<String>,
    /// What to show until a variant is loaded: a `ThumbHash` in base64.
    pub thumbhash: Option<String>,
    /// The mean colour of the smallest variant.
    pub colour: Option<Colour>,
    /// In the order of the configuration.
    pub variants: Vec<Made>,
    /// In what the variants differ from what the uploader may expect.
    pub warnings: Vec<String>,
}

/// The same as a message, which tells of failures as well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    #[serde(flatten)]
    pub manifest: Manifest,
    /// Why there are no variants.
    pub reason: Option<String>,
}

/// A variant that can be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    pub folder: String,
    pub key: String,
    /// Where the CDN serves it, if there is a CDN.
    pub url: Option<String>,
    pub width: u32,
    pub height: u32,
    pub bytes: u64,
    pub content_type: String,
    /// Without quotes.
    pub etag: String,
}

impl Manifest {
    /// One that says only what it is about, and what became of that.
    pub fn about(
        event: Event,
        (stack, bucket): (&str, &str),
        (key, path): (&str, ImagePath<'_>),
    ) -> Self {
        Self {
            version: VERSION,
            event,
            stack: stack.to_owned(),
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            name: path.0.to_owned(),
            etag: None,
            width: None,
            height: None,
            format: None,
            thumbhash: None,
            colour: None,
            variants: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// As it stands in the bucket.
    pub fn to_json(&self) -> String {
        json(self)
    }

    /// The original's folder for [`FOLDER_ATTRIBUTE`].
    pub fn folder(&self) -> Option<&str> {
        let (folder, _) = self.name.rsplit_once('/')?;
        let folder = folder.trim_matches('/');
        // SNS refuses an attribute that XML could not hold.
        (!folder.is_empty() && folder.chars().all(is_xml)).then_some(folder)
    }
}

impl Message {
    /// The text of the message, which leaves room for so many bytes of attributes.
    ///
    /// What would be longer than SNS allows goes without the addresses, which follow from the keys.
    pub fn to_json(&self, attribute_bytes: usize) -> String {
        let text = json(self);
        if text.len() + attribute_bytes <= MESSAGE_BYTES_MAX {
            return text;
        }
        let mut shorter = self.clone();
        for variant in &mut shorter.manifest.variants {
            variant.url = None;
        }
        let warning = "the addresses are left out: SNS takes no longer message".to_owned();
        shorter.manifest.warnings.push(warning);
        json(&shorter)
    }
}

/// Whether XML can hold a character (XML 1.0, section 2.2).
fn is_xml(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// JSON that XML can hold, as SNS wants it.
fn json(document: &impl Serialize) -> String {
    let text = serde_json::to_string(document).unwrap_or_default();
    // All others below a space are escaped in JSON anyhow.
    text.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn ready(path: &str) -> Message {
        let key = format!("originals/{path}");
        let about = Manifest::about(Event::Ready, ("shop", "photos"), (&key, ImagePath(path)));
        let variant = Made {
            folder: "800x600".to_owned(),
            key: format!("800x600/{path}"),
            url: Some(format!("https://img.example.com/800x600/{path}")),
            width: 800,
            height: 600,
            bytes: 61_234,
            content_type: "image/jpeg".to_owned(),
            etag: "12ab".to_owned(),
        };
        let manifest = Manifest {
            etag: Some("0a1b".to_owned()),
            width: Some(4032),
            height: Some(3024),
            format: Some("JPEG".to_owned()),
            thumbhash: Some("1QcSHQRnh493V4dIh4eXh1h4kJUI".to_owned()),
            colour: Some(Colour([138, 111, 82])),
            variants: vec![variant],
            ..about
        };
        Message { manifest, reason: None }
    }

    #[test]
    fn a_message_is_a_manifest_with_a_reason() {
        let message = ready("a/b.jpg");
        let mut expected = json!({
            "version": 1, "event": "ready", "stack": "shop", "bucket": "photos",
            "key": "originals/a/b.jpg", "name": "a/b.jpg", "etag": "0a1b",
            "width": 4032, "height": 3024, "format": "JPEG",
            "thumbhash": "1QcSHQRnh493V4dIh4eXh1h4kJUI", "colour": "#8a6f52",
            "variants": [{
                "folder": "800x600", "key": "800x600/a/b.jpg",
                "url": "https://img.example.com/800x600/a/b.jpg", "width": 800, "height": 600,
                "bytes": 61234, "content_type": "image/jpeg", "etag": "12ab",
            }],
            "warnings": [],
        });
        let text = |text: String| serde_json::from_str::<Value>(&text).unwrap();
        assert_eq!(text(message.manifest.to_json()), expected);
        expected["reason"] = Value::Null;
        assert_eq!(text(message.to_json(0)), expected);
        assert_eq!(serde_json::from_value::<Message>(expected).unwrap(), message);
    }

    #[test]
    fn a_folder_is_an_attribute_if_there_is_one_and_sns_takes_it() {
        for (path, folder) in [
            ("a.jpg", None),
            ("a/b.jpg", Some("a")),
            ("a/b/c.jpg", Some("a/b")),
            ("/b.jpg", None),
            ("//b.jpg", None),
            ("é ü/b.jpg", Some("é ü")),
            ("a\u{1}/b.jpg", None),
            ("a\u{ffff}/b.jpg", None),
        ] {
            assert_eq!(ready(path).manifest.folder(), folder, "{path:?}");
        }
    }

    #[test]
    fn odd_keys_are_told_in_what_xml_can_hold() {
        let path = "\u{1}\u{7f}\u{fffe}\u{ffff}\"\\<&>\u{1f305}.jpg";
        let text = ready(path).to_json(0);
        assert!(text.chars().all(is_xml), "{text}");
        let message: Message = serde_json::from_str(&text).unwrap();
        assert_eq!(message.manifest.name, path);
    }

    #[test]
    fn a_message_that_is_too_long_goes_without_addresses() {
        let mut message = ready(&"ü".repeat(500));
        let variant = message.manifest.variants[0].clone();
        message.manifest.variants = vec![variant; 130];
        let text = message.to_json(100);
        assert!(text.len() <= MESSAGE_BYTES_MAX - 100, "{}", text.len());
        let shorter: Message = serde_json::from_str(&text).unwrap();
        assert!(shorter.manifest.variants.iter().all(|variant| variant.url.is_none()));
        let warning = "the addresses are left out: SNS takes no longer message";
        assert_eq!(shorter.manifest.warnings, [warning]);
    }
}
