//! `pipeline.toml`, read into a [`Config`] in which every default is filled in and every check that
//! needs no call to AWS has passed.
//!
//! The shape of the file is in `schema.rs`; what AWS accepts as a value is in the `*_rules.rs`.
//! Deliberately absent: any call to AWS, printing, and the process's environment, which the caller
//! passes in.

mod alarms;
mod document;
mod fallback;
mod folder_rules;
mod interpolate;
mod limit_rules;
mod look_rules;
mod name_rules;
mod notify;
mod problem;
mod region_rules;
mod schema;
pub(crate) mod single;
mod storage;
mod table;
#[cfg(test)]
mod tests;
mod uploads;
mod variants;
mod watermarks;
mod web_rules;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use contract::keys::{ImagePath, MANIFESTS_FOLDER};
use contract::settings::{OnDelete, Variant};

pub(crate) use self::problem::ConfigError;

/// Where the file's `${VAR}` look: the process's environment, or a test's.
pub(crate) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The pipeline that a `pipeline.toml` describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    /// Name of the stack, the default of every other name but the bucket's.
    pub(crate) name: String,
    /// The region the file asks for; without it, the caller's.
    pub(crate) region: Option<String>,
    pub(crate) bucket: Bucket,
    pub(crate) topic: Topic,
    pub(crate) function: Function,
    /// What to make of each original, in the order of the file. Never empty.
    pub(crate) variants: Vec<Variant>,
    pub(crate) cdn: Cdn,
    /// Where to report the outcome of each original, if anywhere.
    pub(crate) notify: Option<Notify>,
    pub(crate) uploads: Uploads,
    /// When to wake somebody, and whom; `None`: never.
    pub(crate) alarms: Option<Alarms>,
    /// The user's own tags, without the one that marks the stack.
    pub(crate) tags: BTreeMap<String, String>,
}

/// The bucket that holds originals and variants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    pub(crate) name: String,
    /// The folder that is watched, without slashes at either end.
    pub(crate) originals: String,
    pub(crate) access: Access,
    /// What becomes of the variants of a deleted original.
    pub(crate) on_delete: OnDelete,
    pub(crate) storage: Storage,
}

/// How the bucket keeps its objects, and how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Storage {
    /// Where originals are moved to.
    pub(crate) originals: Option<Move>,
    /// How many days after their upload originals are deleted.
    pub(crate) expire_originals_days: Option<u32>,
    pub(crate) versioning: bool,
}

/// That objects are moved to a cheaper storage class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) class: StorageClass,
    /// Since their upload.
    pub(crate) after_days: u32,
}

/// A storage class of S3 that hands out its objects at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StorageClass {
    IntelligentTiering,
    GlacierInstant,
}

impl StorageClass {
    /// As the file has it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::IntelligentTiering => "intelligent-tiering",
            Self::GlacierInstant => "glacier-instant",
        }
    }

    /// How many days after their upload originals are moved, unless the file says so. One charges for
    /// what is read, which is most while an original is new.
    pub(crate) const fn default_days(self) -> u32 {
        match self {
            Self::IntelligentTiering => 0,
            Self::GlacierInstant => 30,
        }
    }
}

/// Who may read the variants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Access {
    /// Only CloudFront: the bucket is private.
    #[default]
    Cdn,
    /// Everyone: each variant is stored with the ACL `public-read`.
    PublicAcl,
}

/// The topic on which the bucket announces originals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Topic {
    pub(crate) name: String,
}

/// The function that makes the variants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// In MB.
    pub(crate) memory: u32,
    /// In seconds.
    pub(crate) timeout: u32,
    pub(crate) arch: Arch,
    /// Reserved concurrency; none leaves the function the account's.
    pub(crate) concurrency: Option<u32>,
    pub(crate) log_retention_days: u32,
    /// The ARN of the managed policy that bounds what the function's role can do.
    pub(crate) permissions_boundary: Option<String>,
    pub(crate) code: Code,
    /// The pictures of watermarks, which travel with it.
    pub(crate) logos: Logos,
}

/// Pictures of watermarks by their names in the function's zip.
pub(crate) type Logos = BTreeMap<String, Vec<u8>>;

/// The processor that the function is built for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Arch {
    #[default]
    X86_64,
    Arm64,
}

/// Where the function's code comes from. Paths in the file are relative to the file's folder; here
/// that folder is already in front of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// The function that `imgprep` carries.
    Bundled(Codecs),
    /// A crate, named by its folder.
    Crate(PathBuf),
    /// A finished zip with an executable `bootstrap`.
    Zip(PathBuf),
}

/// What the function reads and writes beside what every function does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Codecs {
    /// Variants in AVIF, if some variant needs its encoder: it is a tenth of the function.
    pub(crate) avif: bool,
    /// Originals in HEIC. Some may want to go without, for the patents on HEVC.
    pub(crate) heic: bool,
}

/// The CloudFront distribution in front of the variants.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in the file")]
pub(crate) struct Cdn {
    pub(crate) enabled: bool,
    /// Whether the file asks for it, and it is not only on by default.
    pub(crate) chosen: bool,
    pub(crate) price_class: PriceClass,
    /// Whether the function invalidates a variant that it overwrites.
    pub(crate) invalidate: bool,
    /// Host names of the user's own.
    pub(crate) domains: Vec<String>,
    /// The certificate for them; without one, ACM is asked for it.
    pub(crate) certificate_arn: Option<String>,
    /// The name or the identifier of the zone in Route 53 that the domains are in; without it, it is
    /// looked for.
    pub(crate) hosted_zone: Option<String>,
    /// The key of the picture that is shown for a variant that is not there.
    pub(crate) fallback: Option<String>,
    /// Whether `?v=…` is part of the cache's key, and of addresses that are handed out.
    pub(crate) versions: bool,
}

impl Cdn {
    /// The domains for which ACM is asked for a certificate.
    pub(crate) fn own_domains(&self) -> &[String] {
        if self.enabled && self.certificate_arn.is_none() { &self.domains } else { &[] }
    }
}

/// Which of CloudFront's edge locations serve the variants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PriceClass {
    /// North America and Europe.
    #[default]
    Class100,
    /// All but South America, Australia and New Zealand.
    Class200,
    All,
}

/// How an application learns the outcome of an original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notify {
    /// The name of the topic that messages are published on.
    pub(crate) topic: String,
    /// The addresses that are subscribed to it.
    pub(crate) https: Vec<String>,
    /// Whether a queue is subscribed to it, for applications that poll.
    pub(crate) queue: bool,
    /// Whether what a message says is in the bucket as well.
    pub(crate) manifest: bool,
    /// Whether it says what to show until a variant is loaded.
    pub(crate) thumbhash: bool,
}

/// What browsers and other clients of the user's may upload as originals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Uploads {
    /// The sites whose pages may upload from a browser.
    pub(crate) origins: Vec<String>,
    /// In bytes, the largest upload that `imgprep presign` allows.
    pub(crate) max_size: u64,
    /// The content types that it allows; `image/*` is all of a kind. Never empty.
    pub(crate) types: Vec<String>,
}

/// Who hears of trouble in the pipeline, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Alarms {
    /// The name of the topic that alarms are published on.
    pub(crate) topic: String,
    /// The addresses that get a mail.
    pub(crate) email: Vec<String>,
    /// How many originals may fail within five minutes before it counts as trouble; none: however
    /// many do.
    pub(crate) failed_images: Option<u32>,
}

impl Config {
    /// The folders that the function writes to, without slashes at their ends.
    pub(crate) fn made_folders(&self) -> Vec<String> {
        let manifests = self.has_manifests().then(|| MANIFESTS_FOLDER.to_owned());
        let variants = self.variants.iter().map(|variant| variant.folder.clone());
        variants.chain(manifests).collect()
    }

    /// Whether a manifest stands beside the variants of each original.
    pub(crate) fn has_manifests(&self) -> bool {
        self.notify.as_ref().is_some_and(|notify| notify.manifest)
    }

    /// The variants that are made of an original.
    pub(crate) fn variants_of<'a>(
        &'a self,
        path: ImagePath<'a>,
    ) -> impl Iterator<Item = &'a Variant> {
        self.variants.iter().filter(move |variant| variant.takes(path))
    }

    /// Reads the file at `path`.
    pub(crate) fn load(path: &Path, environment: Environment<'_>) -> Result<Self, ConfigError> {
        let file = path.display().to_string();
        let bytes = fs::read(path).map_err(|error| ConfigError::unreadable(&file, path, &error))?;
        let text = String::from_utf8(bytes)
            .map_err(|error| ConfigError::not_utf8(&file, error.as_bytes(), error.utf8_error()))?;
        Self::parse(&text, &file, path.parent().unwrap_or(Path::new("")), environment)
    }

    /// What remains of the file in the region that the stack is made in, wherever its name came
    /// from. Where there is no CDN, one that was asked for is refused, and the default is none; the
    /// text says why.
    pub(crate) fn in_region(
        mut self,
        region: &str,
    ) -> Result<(Self, Option<&'static str>), ConfigError> {
        match region_rules::why_without_cdn(region) {
            Some(why) if self.cdn.enabled && self.cdn.chosen => {
                Err(ConfigError::Region { region: region.to_owned(), why })
            }
            Some(why) if self.cdn.enabled => {
                self.cdn.enabled = false;
                Ok((self, Some(why)))
            }
            _ => Ok((self, None)),
        }
    }

    /// Reads `text` as the file called `file`, in which paths are relative to `folder`.
    pub(crate) fn parse(
        text: &str,
        file: &str,
        folder: &Path,
        environment: Environment<'_>,
    ) -> Result<Self, ConfigError> {
        // Editors on Windows may put a byte order mark first, which would count as a column.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        document::read(text, environment, |root| schema::pipeline(root, folder))
            .map_err(|problems| ConfigError::invalid(file, text, problems))
    }
}
