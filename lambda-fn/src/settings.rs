//! What the function must know about its stack, as one JSON value in its environment.
//!
//! The `imgprep` tool writes it, the function reads it; the type is defined only here.

use serde::{Deserialize, Serialize};

/// The environment variable of the function that holds [`Settings`] as JSON.
pub const SETTINGS_VARIABLE: &str = "IMGPREP_SETTINGS";

/// The environment variable with the identifier of the CloudFront distribution in which an
/// overwritten variant is invalidated. It is not part of [`Settings`], because CloudFront numbers the
/// distribution only when it is made.
pub const DISTRIBUTION_VARIABLE: &str = "IMGPREP_DISTRIBUTION";

/// The folder of the bucket in which the function records what it could not process.
pub const FAILED_FOLDER: &str = "failed";

/// Everything the function is told about its stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The bucket that holds originals and variants.
    pub bucket: String,
    /// The folder that is watched, without slashes at either end.
    pub originals: String,
    /// Whether variants are written with the canned ACL `public-read`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub public_acl: bool,
    /// The CloudFront distribution in which an overwritten variant is invalidated, if any. The
    /// binary takes it from [`DISTRIBUTION_VARIABLE`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalidate: Option<String>,
    /// What to make of each original. Never empty.
    pub variants: Vec<Variant>,
}

impl Settings {
    /// The path of an original below the originals' folder, or nothing if the key is elsewhere or
    /// is the folder itself.
    pub fn path_in_originals<'key>(&self, key: &'key str) -> Option<&'key str> {
        let path = key.strip_prefix(self.originals.as_str())?.strip_prefix('/')?;
        (!path.is_empty()).then_some(path)
    }

    /// Where a variant of an original is kept: always at the original's own path, so that an
    /// application can compute it. Nothing if the key is no original's.
    pub fn variant_key(&self, variant: &Variant, original_key: &str) -> Option<String> {
        let path = self.path_in_originals(original_key)?;
        Some(format!("{}/{path}", variant.folder))
    }

    /// Where it is recorded that an original could not be processed.
    pub fn failure_key(&self, original_key: &str) -> Option<String> {
        let path = self.path_in_originals(original_key)?;
        Some(format!("{FAILED_FOLDER}/{path}.json"))
    }
}

/// One size in which every original is made available.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// The folder of the bucket the variant is written to, without slashes at either end.
    pub folder: String,
    /// Width of the frame in pixels, 1 to 16384.
    pub width: u32,
    /// Height of the frame in pixels, 1 to 16384.
    pub height: u32,
    /// Encoder quality, 1 to 100; formats without loss ignore it.
    #[serde(default = "default_quality", skip_serializing_if = "is_default_quality")]
    pub quality: u8,
    #[serde(default, skip_serializing_if = "is_default")]
    pub format: Format,
    #[serde(default, skip_serializing_if = "is_default")]
    pub fit: Fit,
    #[serde(default, skip_serializing_if = "is_default")]
    pub gravity: Gravity,
    /// The `Cache-Control` header that the variant is stored with.
    #[serde(default = "default_cache_control", skip_serializing_if = "is_default_cache_control")]
    pub cache_control: String,
}

impl Variant {
    /// A variant of this size, in the folder named after it, with every default.
    pub fn of_size(width: u32, height: u32) -> Self {
        Self {
            folder: format!("{width}x{height}"),
            width,
            height,
            quality: DEFAULT_QUALITY,
            format: Format::default(),
            fit: Fit::default(),
            gravity: Gravity::default(),
            cache_control: DEFAULT_CACHE_CONTROL.to_owned(),
        }
    }
}

/// The file format of a variant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// The original's own format, or the nearest one that browsers show.
    #[default]
    Keep,
    Jpeg,
    Png,
    Webp,
    Avif,
}

/// How an original is brought into the frame of a variant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// Scaled until it fills the frame, then cropped to it.
    #[default]
    Cover,
    /// Scaled until it fits inside the frame; the variant may be smaller than the frame.
    Contain,
    /// As `Contain`, then centred on a background of exactly the frame's size.
    Pad,
}

/// Which part of an original `cover` keeps, and where `pad` places it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gravity {
    #[default]
    Center,
    North,
    NorthEast,
    East,
    SouthEast,
    South,
    SouthWest,
    West,
    NorthWest,
}

/// The quality of the tutorial, and the point where JPEG artefacts stay hard to see.
pub const DEFAULT_QUALITY: u8 = 80;

/// One day in every cache: short enough for a replaced photo, long enough to spare S3.
pub const DEFAULT_CACHE_CONTROL: &str = "public, max-age=86400";

fn default_quality() -> u8 {
    DEFAULT_QUALITY
}

fn default_cache_control() -> String {
    DEFAULT_CACHE_CONTROL.to_owned()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_default_quality(quality: &u8) -> bool {
    *quality == DEFAULT_QUALITY
}

fn is_default_cache_control(value: &str) -> bool {
    value == DEFAULT_CACHE_CONTROL
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            bucket: "photos".to_owned(),
            originals: "originals".to_owned(),
            public_acl: false,
            invalidate: None,
            variants: vec![Variant::of_size(800, 600)],
        }
    }

    #[test]
    fn variants_keep_the_path_of_their_original() {
        let settings = settings();
        let key = |original| settings.variant_key(&settings.variants[0], original);
        assert_eq!(key("originals/a.jpg").as_deref(), Some("800x600/a.jpg"));
        assert_eq!(key("originals/a b/ü+%2B.jpg").as_deref(), Some("800x600/a b/ü+%2B.jpg"));
        for elsewhere in ["originals/", "originals", "originals2/a.jpg", "800x600/a.jpg", "a", ""] {
            assert_eq!(key(elsewhere), None, "{elsewhere}");
        }
    }

    #[test]
    fn failures_are_recorded_under_the_whole_name() {
        let key = settings().failure_key("originals/x/a.jpg");
        assert_eq!(key.as_deref(), Some("failed/x/a.jpg.json"));
    }

    #[test]
    fn defaults_are_left_out_of_the_environment() {
        let json = serde_json::to_string(&settings()).unwrap();
        let short = r#"{"bucket":"photos","originals":"originals","variants":[{"folder":"800x600","width":800,"height":600}]}"#;
        assert_eq!(json, short);
        assert_eq!(serde_json::from_str::<Settings>(short).unwrap(), settings());
    }

    #[test]
    fn unknown_settings_are_refused() {
        let json = r#"{"bucket":"b","originals":"o","variants":[],"sizes":[]}"#;
        assert!(serde_json::from_str::<Settings>(json).is_err());
    }
}
