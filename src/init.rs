//! The first `pipeline.toml`: the questions, the checks on each answer, and the text.
//!
//! The text is the repository's own `pipeline.toml` with the answers in it, so that there is one
//! commented file to keep right. Deliberately absent: how the questions are put, and what the bucket's
//! name turns out to be at AWS, which is `bucket_name`'s.

mod bucket_name;
#[cfg(test)]
mod tests;

use std::fs::OpenOptions;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::config::{Config, ConfigError, single};

pub(crate) use self::bucket_name::{Availability, BucketName};

const TEMPLATE: &str = include_str!("../pipeline.toml");

/// The sizes of the tutorial.
pub(crate) const DEFAULT_SIZES: &str = "800x600, 400x300";
/// For a folder whose name makes no name of a stack.
const DEFAULT_NAME: &str = "images";
/// As long as a stack's name may be.
const NAME_CHARACTERS_MAX: usize = 40;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    Name,
    Bucket,
    Sizes,
}

impl Question {
    /// The words of the question.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Name => "Name of the stack",
            Self::Bucket => "Bucket name (globally unique)",
            Self::Sizes => "Sizes to make of each image",
        }
    }

    /// The option that answers the question.
    fn flag(self) -> &'static str {
        match self {
            Self::Name => "--name",
            Self::Bucket => "--bucket",
            Self::Sizes => "--size",
        }
    }

    /// Says why an answer would be refused in the file.
    pub(crate) fn check(self, answer: &str) -> Result<(), String> {
        let of_answer = |why| format!("`{answer}` {why}");
        match self {
            Self::Name => single::check_stack(answer).map_err(of_answer),
            Self::Bucket => single::check_bucket(answer).map_err(of_answer),
            Self::Sizes => check_sizes(&sizes(answer)),
        }
    }

    /// As `check`, for what an option said.
    pub(crate) fn check_option(self, answer: &str) -> Result<(), InitError> {
        self.check(answer).map_err(|why| InitError::Option { flag: self.flag(), why })
    }
}

/// Sizes between commas.
pub(crate) fn sizes(text: &str) -> Vec<String> {
    text.split(',').map(|size| size.trim().to_owned()).collect()
}

fn check_sizes(sizes: &[String]) -> Result<(), String> {
    for (index, size) in sizes.iter().enumerate() {
        single::check_size(size).map_err(|why| format!("`{size}` {why}"))?;
        if sizes[..index].contains(size) {
            return Err(format!("`{size}` is given twice"));
        }
    }
    Ok(())
}

/// What the file is made of. Every answer has passed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answers {
    pub(crate) name: String,
    pub(crate) bucket: String,
    /// Never empty.
    pub(crate) sizes: Vec<String>,
    pub(crate) region: Option<String>,
}

impl Answers {
    /// The whole file.
    fn text(&self) -> String {
        let replace = |text: String, (from, to): (&str, String)| text.replacen(from, &to, 1);
        self.replacements().into_iter().fold(TEMPLATE.to_owned(), replace)
    }

    /// What becomes of the places of the template that hold example values; each is there
    /// once.
    fn replacements(&self) -> Vec<(&'static str, String)> {
        let Self { name, bucket, sizes, region } = self;
        let (first, others) =
            sizes.split_first().map_or(("", &[][..]), |(first, others)| (first, others));
        let others = others.iter().map(|size| format!("[[variants]]\nsize = \"{size}\"\n\n"));
        // Two stacks of one account must not share a topic or function, so both take the default.
        let default = || commented(&format!("# name = \"{name}\""), "# default: the stack's name");
        let mut replacements = vec![
            ("# An example pipeline:", "# An image pipeline:".to_owned()),
            (
                "name = \"image-preprocessing\"            # stack",
                commented(&format!("name = \"{name}\""), "# stack"),
            ),
            (
                "name = \"image-preprocessing-example\"    # change this: bucket",
                commented(&format!("name = \"{bucket}\""), "# bucket"),
            ),
            ("[topic]\nname = \"image-preprocessing\"", format!("[topic]\n{}", default())),
            ("[function]\nname = \"ImageResize\"", format!("[function]\n{}", default())),
            (
                "size = \"800x600\"                        # width",
                commented(&format!("size = \"{first}\""), "# width"),
            ),
            (
                "# folder = \"800x600\"                    # default",
                commented(&format!("# folder = \"{first}\""), "# default"),
            ),
            ("[[variants]]\nsize = \"400x300\"\n\n", others.collect()),
        ];
        if let Some(region) = region {
            replacements.push((
                "# region = \"us-east-1\"                  # default: AWS_REGION, or",
                commented(&format!("region = \"{region}\""), "# without it: AWS_REGION, or"),
            ));
        }
        replacements
    }
}

/// A setting with a comment in the template's column for comments, or behind it.
fn commented(setting: &str, comment: &str) -> String {
    format!("{setting:<39} {comment}")
}

/// Refuses a path at which there is something, before anybody is asked anything.
pub(crate) fn check_path(path: &Path) -> Result<(), InitError> {
    let file = path.display().to_string();
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    if path.symlink_metadata().is_ok() {
        Err(InitError::Exists { file })
    } else if folder.is_some_and(|folder| !folder.is_dir()) {
        Err(InitError::Unwritable { file, reason: "there is no such folder".to_owned() })
    } else {
        Ok(())
    }
}

/// Writes the file, once it is certain that it will be read; never over another one.
pub(crate) fn write(path: &Path, answers: &Answers) -> Result<(), InitError> {
    let file = path.display().to_string();
    let text = answers.text();
    let folder = path.parent().unwrap_or(Path::new(""));
    Config::parse(&text, &file, folder, &|_| None).map_err(InitError::Config)?;
    let written = OpenOptions::new().write(true).create_new(true).open(path);
    let written = written.and_then(|mut opened| opened.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => InitError::Exists { file },
        kind => InitError::Unwritable { file, reason: kind.to_string() },
    })
}

/// A name for the stack: that of the file's folder, as far as it makes one.
pub(crate) fn default_name(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_default();
    let folder = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let allowed = |it: char| if it.is_ascii_alphanumeric() { it.to_ascii_lowercase() } else { '-' };
    let name = folder.chars().map(allowed).take(NAME_CHARACTERS_MAX);
    let name: String = name.collect();
    match name.trim_matches('-') {
        "" => DEFAULT_NAME.to_owned(),
        name => name.to_owned(),
    }
}

/// A name for the bucket that hardly anybody has yet: the standard library's only randomness is in
/// its hashers, and is enough for that.
pub(crate) fn default_bucket(stack: &str) -> String {
    let random = RandomState::new().hash_one(()) & 0xff_ffff;
    format!("{}-images-{random:06x}", stack.trim_matches('-'))
}

/// A file that was written.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) file: PathBuf,
    pub(crate) answers: Answers,
    pub(crate) bucket_name: BucketName,
}

/// Why no file was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InitError {
    #[error("`{file}` already exists, and `imgprep init` never overwrites a file")]
    Exists { file: String },
    #[error("`imgprep init` needs `--bucket NAME` with `--yes` or without a terminal")]
    NoBucket,
    #[error("cannot use the value of `{flag}`")]
    Option { flag: &'static str, why: String },
    #[error("{}", .0.message())]
    Config(ConfigError),
    #[error("cannot write `{file}`")]
    Unwritable { file: String, reason: String },
}

impl InitError {
    /// Why, where the text does not say it all.
    pub(crate) fn why(&self) -> Vec<String> {
        match self {
            Self::Option { why, .. } => vec![why.clone()],
            Self::Unwritable { reason, .. } => vec![reason.clone()],
            Self::Exists { .. } | Self::NoBucket | Self::Config(_) => Vec::new(),
        }
    }

    /// A word for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Exists { .. } => "Exists",
            Self::NoBucket => "Unasked",
            Self::Option { .. } | Self::Config(_) => "InvalidConfiguration",
            Self::Unwritable { .. } => "File",
        }
    }

    /// Whether other words on the command line are all that it takes.
    pub(crate) fn is_misuse(&self) -> bool {
        !matches!(self, Self::Unwritable { .. })
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Exists { .. } => "edit it, or name another file with `--config FILE`",
            Self::NoBucket => {
                "bucket names are global, so include your own name: `imgprep init --bucket \
                 photos-of-acme`"
            }
            Self::Option { .. } => "run `imgprep init` with another value",
            Self::Config(_) => "run `imgprep init` with other answers",
            Self::Unwritable { .. } => "choose a writable folder with `--config FILE`",
        }
        .to_owned()
    }
}
