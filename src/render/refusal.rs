//! Why a run on this machine cannot begin, or cannot go on. What is wrong with one image is no
//! refusal: it is told of that image.

use std::path::PathBuf;

/// What is in the way, with the paths as people gave them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A variant is in AVIF, whose encoder this imgprep was built without.
    NoAvif { folder: String },
    /// An argument names nothing, or cannot be looked into.
    Argument { argument: String, why: String },
    /// None of the arguments holds an image.
    NothingFound,
    /// A variant would lie among the originals, where the next run would take it for one of them.
    Overlap { folder: PathBuf, originals: PathBuf },
    /// A variant of an earlier run was given as an original, which it would overwrite.
    IsVariant { file: PathBuf, output: PathBuf },
    /// Two originals have one name, so that each variant of one would overwrite the other's.
    SameName { first: PathBuf, second: PathBuf },
    /// A file could not be written.
    Unwritable { path: PathBuf, why: String },
    /// The user asked to stop.
    Interrupted { done: usize, of: usize, page: PathBuf },
}

impl Refusal {
    pub(crate) fn what(&self) -> String {
        match self {
            Self::NoAvif { folder } => format!("cannot make the variant `{folder}` here"),
            Self::Argument { argument, .. } => format!("cannot use `{argument}`"),
            Self::NothingFound => "no images to render".to_owned(),
            Self::Overlap { folder, originals } => format!(
                "the variants in `{}` would lie among the originals in `{}`",
                folder.display(),
                originals.display()
            ),
            Self::IsVariant { file, .. } => {
                format!("`{}` would be overwritten by its own variant", file.display())
            }
            Self::SameName { first, second } => format!(
                "`{}` and `{}` would have the same variants",
                first.display(),
                second.display()
            ),
            Self::Unwritable { path, .. } => format!("cannot write `{}`", path.display()),
            Self::Interrupted { done, of, .. } => {
                format!("`imgprep render` was interrupted after {done} of {of} images")
            }
        }
    }

    pub(crate) fn why(&self) -> Vec<String> {
        match self {
            Self::NoAvif { .. } => {
                vec!["it is AVIF, and this imgprep was built without the AVIF encoder".to_owned()]
            }
            Self::Argument { why, .. } | Self::Unwritable { why, .. } => vec![why.clone()],
            Self::NothingFound => vec!["none of the arguments contains an image".to_owned()],
            Self::Overlap { .. } => {
                vec!["the next run would treat them as originals".to_owned()]
            }
            Self::IsVariant { output, .. } => {
                vec![format!("it is in a folder for variants of `{}`", output.display())]
            }
            Self::SameName { .. } => {
                vec!["a variant has the name of its original, below the folder given".to_owned()]
            }
            Self::Interrupted { .. } => Vec::new(),
        }
    }

    pub(crate) fn hint(&self) -> String {
        match self {
            Self::NoAvif { .. } => {
                "install it with `cargo install --path . --features avif`, or remove the variant; \
                 the function on AWS makes it either way"
                    .to_owned()
            }
            Self::Argument { .. } => "give files, folders, or globs in quotes".to_owned(),
            Self::NothingFound => {
                "in folders and globs, a file counts as an image by its first bytes or an \
                 extension such as .jpg; a named file always counts"
                    .to_owned()
            }
            Self::Overlap { .. } | Self::IsVariant { .. } => {
                "choose another folder with `--output`".to_owned()
            }
            Self::SameName { .. } => {
                "give a folder that holds both, or render them into folders of their own".to_owned()
            }
            Self::Unwritable { .. } => "check the folder and the free disk space".to_owned(),
            Self::Interrupted { page, .. } => {
                format!("finished images are complete, and shown in `{}`", page.display())
            }
        }
    }

    /// A word for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NoAvif { .. } => "NoAvif",
            Self::Argument { .. } | Self::NothingFound => "NoImage",
            Self::Overlap { .. } | Self::IsVariant { .. } => "Overlap",
            Self::SameName { .. } => "SameName",
            Self::Unwritable { .. } => "File",
            Self::Interrupted { .. } => "Interrupted",
        }
    }

    /// Whether the command was used wrongly, and nothing was done.
    pub(crate) fn is_misuse(&self) -> bool {
        !matches!(self, Self::Unwritable { .. } | Self::Interrupted { .. })
    }
}
