//! What the function must know about its stack, as one JSON value in its environment.
//!
//! The `imgprep` tool writes it, the function reads it; the type is defined only here.

use std::{
    fmt::{self, Write as _},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

use crate::{
    fnv,
    framing::{Framing, Share},
    keys::ImagePath,
    message::VERSION,
};

/// The environment variable of the function that holds [`Settings`] as JSON.
pub const SETTINGS_VARIABLE: &str = "IMGPREP_SETTINGS";

/// The environment variable with the identifier of the CloudFront distribution in which an
/// overwritten variant is invalidated. It is not part of [`Settings`], because CloudFront numbers the
/// distribution only when it is made.
pub const DISTRIBUTION_VARIABLE: &str = "IMGPREP_DISTRIBUTION";

/// The environment variable with the address at which the CDN serves the variants, such as
/// `https://d111111abcdef8.cloudfront.net`. It is not part of [`Settings`] for the same reason.
pub const CDN_VARIABLE: &str = "IMGPREP_CDN";

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
    /// What becomes of the variants when their original is deleted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_delete: OnDelete,
    /// What to make of each original. Never empty.
    pub variants: Vec<Variant>,
    /// Where to report the outcome of each original, if anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<Notify>,
}

/// How an application learns the outcome of an original.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// The name of the stack, which messages carry.
    pub stack: String,
    /// The ARN of the topic that messages are published on.
    pub topic: String,
    /// Whether what a message says is in the bucket as well, in [`MANIFESTS_FOLDER`].
    ///
    /// [`MANIFESTS_FOLDER`]: crate::keys::MANIFESTS_FOLDER
    pub manifest: bool,
    /// Whether it says what to show until a variant is loaded.
    pub thumbhash: bool,
    /// Where the CDN serves the variants, without a final slash, if it does. The binary takes it from
    /// [`CDN_VARIABLE`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cdn: Option<String>,
    /// Whether addresses name the version of the variant, see [`versioned`].
    ///
    /// [`versioned`]: crate::address::versioned
    #[serde(default, skip_serializing_if = "is_false")]
    pub versions: bool,
}

/// What becomes of the variants, and of the record of a failure, when their original is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDelete {
    /// They stay: originals may be deleted only to save their storage.
    #[default]
    Keep,
    /// They go as well.
    Remove,
}

impl Settings {
    /// The path of an original, or nothing if the key is elsewhere or is the folder itself.
    pub fn path_of<'key>(&self, key: &'key str) -> Option<ImagePath<'key>> {
        ImagePath::below(&self.originals, key)
    }

    /// The variants that are made of an original.
    pub fn variants_of<'a>(&'a self, path: ImagePath<'a>) -> impl Iterator<Item = &'a Variant> {
        self.variants.iter().filter(move |variant| variant.takes(path))
    }

    /// A short text that changes whenever these settings, and what the uploader says of the original,
    /// would make another manifest of the same bytes.
    pub fn manifest_fingerprint(&self, path: ImagePath<'_>, framing: &Framing) -> String {
        let mut text = format!("{VERSION}");
        if let Some(Notify { thumbhash, cdn, versions, .. }) = &self.notify {
            let _ = write!(text, " {thumbhash} {cdn:?}");
            // As long as they are off, manifests of earlier releases stay true.
            text += if *versions { " versions" } else { "" };
        }
        for variant in self.variants_of(path) {
            let _ = write!(text, "\n{} {}", variant.folder, variant.fingerprint(framing));
        }
        fnv::digest(&text)
    }
}

/// The longest side of a variant, in pixels: the largest that WebP and the resizer take.
pub const SIDE_MAX: u32 = 16384;

/// One size in which every original is made available.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// The folder of the bucket the variant is written to, without slashes at either end.
    pub folder: String,
    /// Width of the frame in pixels, 1 to [`SIDE_MAX`]; that, if only the height is asked for.
    pub width: u32,
    /// Height of the frame in pixels, 1 to [`SIDE_MAX`]; that, if only the width is asked for.
    pub height: u32,
    /// Encoder quality, 1 to 100; formats without loss ignore it.
    #[serde(default = "default_quality", skip_serializing_if = "is_default_quality")]
    pub quality: u8,
    /// What encoding may take for fewer bytes; PNG and GIF have one way each.
    #[serde(default, skip_serializing_if = "is_default")]
    pub effort: Effort,
    #[serde(default, skip_serializing_if = "is_default")]
    pub format: Format,
    #[serde(default, skip_serializing_if = "is_default")]
    pub fit: Fit,
    #[serde(default, skip_serializing_if = "is_default")]
    pub gravity: Gravity,
    /// Whether a small original is enlarged; without it, as [`Fit::enlarges`] says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upscale: Option<bool>,
    /// What shows through a picture in a format without alpha, and around one that is padded;
    /// without it, white and nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background: Option<Colour>,
    /// What of the original's metadata the variant keeps.
    #[serde(default, skip_serializing_if = "is_default")]
    pub metadata: Metadata,
    /// What is drawn on top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermark: Option<Watermark>,
    /// The folders below that of the originals, each with a slash at its end, whose originals have
    /// this variant. Without any, all have it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
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
            effort: Effort::default(),
            format: Format::default(),
            fit: Fit::default(),
            gravity: Gravity::default(),
            upscale: None,
            background: None,
            metadata: Metadata::default(),
            watermark: None,
            only: Vec::new(),
            cache_control: DEFAULT_CACHE_CONTROL.to_owned(),
        }
    }

    /// Whether a small original is enlarged to the frame.
    pub fn enlarges(&self) -> bool {
        self.upscale.unwrap_or(self.fit.enlarges())
    }

    /// Whether it is made of an original.
    pub fn takes(&self, ImagePath(path): ImagePath<'_>) -> bool {
        self.only.is_empty() || self.only.iter().any(|folder| path.starts_with(folder.as_str()))
    }

    /// A short text that changes whenever these settings, and what the uploader says of the original,
    /// would make another object of the same bytes. Each variant carries it as [`SETTINGS_METADATA`].
    ///
    /// It is stable: it follows from what the settings mean and not from how they are written down,
    /// and a setting that is new in a release does not count while it has its default. Were a stack
    /// updated to a release with other fingerprints, every variant would look out of date. The
    /// folder does not count, for it is the object's own place, nor do who may read the variant and
    /// which other originals have one.
    pub fn fingerprint(&self, framing: &Framing) -> String {
        let Self { width, height, quality, format, fit, gravity, cache_control, .. } = self;
        let mut text = format!("{width}x{height} {quality} {format:?} {fit:?} {gravity:?}");
        if self.enlarges() != fit.enlarges() {
            text += if self.enlarges() { " enlarged" } else { " not enlarged" };
        }
        if let Some(background) = self.background {
            text += " on ";
            text += &background.to_string();
        }
        if self.effort == Effort::Size {
            text += " smaller";
        }
        if self.metadata == Metadata::Copyright {
            text += " copyright";
        }
        if let Some(Watermark { image, gravity, scale, opacity, margin }) = &self.watermark {
            let _ = write!(text, " under {image} {gravity:?} {scale} {opacity} {margin}");
        }
        if let Some(focus) = framing.focus.filter(|_| *fit == Fit::Cover) {
            let _ = write!(text, " focus {focus}");
        }
        if let Some(crop) = framing.crop {
            let _ = write!(text, " crop {crop}");
        }
        fnv::digest(&format!("{text}\n{cache_control}"))
    }
}

/// The user-defined metadata of a variant that names the version of its original, by its `ETag`
/// without quotes. S3 puts `x-amz-meta-` in front.
pub const SOURCE_METADATA: &str = "imgprep-source";

/// The user-defined metadata of a variant with its columns and rows, such as `800x600`.
pub const SIZE_METADATA: &str = "imgprep-size";

/// The user-defined metadata of a variant with the fingerprint of the settings it was made by.
pub const SETTINGS_METADATA: &str = "imgprep-settings";

/// An opaque colour in sRGB, written as CSS does: `#ff8000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Colour(pub [u8; 3]);

impl Colour {
    /// The page that most pictures are looked at on.
    pub const WHITE: Self = Self([255; 3]);
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([red, green, blue]) = self;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// A text is not a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a colour is written as `#rrggbb`, two hexadecimal digits each for red, green and blue")]
pub struct NotAColour;

impl FromStr for Colour {
    type Err = NotAColour;

    fn from_str(text: &str) -> Result<Self, NotAColour> {
        let digits = text.strip_prefix('#').ok_or(NotAColour)?;
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(NotAColour);
        }
        let value = u32::from_str_radix(digits, 16).map_err(|_| NotAColour)?;
        let [_, red, green, blue] = value.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}

impl TryFrom<String> for Colour {
    type Error = NotAColour;

    fn try_from(text: String) -> Result<Self, NotAColour> {
        text.parse()
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.to_string()
    }
}

/// Whether a file is to be made soon or to be small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// As few cycles as a good file takes.
    #[default]
    Speed,
    /// Several times the cycles, for fewer bytes that look the same.
    Size,
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

impl Fit {
    /// Whether it enlarges a small original unless told otherwise: what is to fill a frame is, what
    /// is to fit into it is left as it is.
    pub fn enlarges(self) -> bool {
        self == Self::Cover
    }
}

/// What of an original's metadata a variant keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Metadata {
    /// Nothing: position, device and time are nobody's business.
    #[default]
    None,
    /// Who made the picture and who has the rights to it.
    Copyright,
}

/// A picture that is drawn on top of a variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watermark {
    /// The file in [`WATERMARKS_FOLDER`] of the function's zip, named after a digest of its content.
    pub image: String,
    /// To which side or corner of the variant it goes.
    pub gravity: Gravity,
    /// Its width as a share of the variant's.
    pub scale: Share,
    /// 1 covers what is below, 0 shows only that.
    pub opacity: Share,
    /// How far it stays away from the sides it is pulled to, as a share of the variant's shorter side.
    pub margin: Share,
}

/// The folder in the function's zip that holds the pictures of watermarks.
pub const WATERMARKS_FOLDER: &str = "watermarks";

/// Which part of an original `cover` keeps, and where `pad` places it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gravity {
    #[default]
    Center,
    /// The part that people look at.
    Auto,
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
pub(crate) mod tests;
