//! From arguments to originals: files, folders with all that is in them, and globs for shells that
//! do not expand them; and the checks that nothing is overwritten or taken for an original.
//!
//! Links to files are followed, links to folders are not: they may lead back to where they are.
//! Deliberately absent: decoding. Whether an image is whole turns out when it is rendered.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use glob::{MatchOptions, Pattern};
use imaging::formats::{Sniffed, sniff};

use super::refusal::Refusal;
use crate::original::kinds;

/// A file that variants are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Original {
    /// As people would name it.
    pub(crate) path: PathBuf,
    /// The one absolute path of the file, without links.
    pub(crate) absolute: PathBuf,
    /// Its path below the folder of each variant, as in the bucket.
    pub(crate) name: PathBuf,
}

/// What the arguments hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) originals: Vec<Original>,
    /// How many files of folders and globs are no images.
    pub(crate) passed_over: usize,
}

/// So many bytes tell what a file is.
const HEAD_BYTES: u64 = 4096;

/// As shells expand: what is hidden is named or left, and `*` stays within a folder.
const GLOB: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// Finds the originals in `arguments`, whose variants go into `folders` of `output`.
pub(crate) fn find(
    arguments: &[PathBuf],
    output: &Path,
    folders: &[&str],
) -> Result<Found, Refusal> {
    let mut search = Search {
        output: resolved(output),
        shown_output: output,
        folders,
        seen: HashSet::new(),
        found: Found::default(),
    };
    for argument in arguments {
        search.argument(argument)?;
    }
    let found = search.found;
    check_names(&found.originals)?;
    if found.originals.is_empty() { Err(Refusal::NothingFound) } else { Ok(found) }
}

struct Search<'a> {
    /// Without links, whether it exists already or not.
    output: PathBuf,
    shown_output: &'a Path,
    folders: &'a [&'a str],
    seen: HashSet<PathBuf>,
    found: Found,
}

impl Search<'_> {
    fn argument(&mut self, argument: &Path) -> Result<(), Refusal> {
        match fs::metadata(argument) {
            Ok(metadata) if metadata.is_dir() => self.folder(argument),
            Ok(_) => {
                let name = argument.file_name().map(PathBuf::from).unwrap_or_default();
                self.take(argument.to_owned(), name)
            }
            Err(error) => match argument.to_str().filter(|text| is_glob(text)) {
                Some(pattern) => self.glob(pattern),
                None => Err(unusable(argument, &error)),
            },
        }
    }

    /// Takes every image in a folder and below.
    fn folder(&mut self, root: &Path) -> Result<(), Refusal> {
        let absolute = fs::canonicalize(root).map_err(|error| unusable(root, &error))?;
        self.check_apart(root, &absolute)?;
        let skips_output = self.output != absolute && self.output.starts_with(&absolute);
        let mut below = vec![PathBuf::new()];
        while let Some(folder) = below.pop() {
            if skips_output && absolute.join(&folder) == self.output {
                continue;
            }
            let (files, folders) = contents(&root.join(&folder))
                .map_err(|error| unusable(&root.join(&folder), &error))?;
            for file in files {
                let name = folder.join(file);
                self.take_if_image(root.join(&name), name)?;
            }
            // The last one in is the first one out.
            below.extend(folders.into_iter().rev().map(|name| folder.join(name)));
        }
        Ok(())
    }

    /// Takes every image that a pattern matches, by its path below the part without wildcards.
    fn glob(&mut self, pattern: &str) -> Result<(), Refusal> {
        let refused = |why: String| Refusal::Argument { argument: pattern.to_owned(), why };
        let (base, rest) = split(Path::new(pattern));
        if rest.components().any(|part| part == Component::ParentDir) {
            return Err(refused("`..` after a wildcard could lead anywhere".to_owned()));
        }
        let paths = glob::glob_with(pattern, GLOB).map_err(|error| refused(error.to_string()))?;
        let mut is_empty = true;
        for path in paths {
            let path = path.map_err(|error| unusable(error.path(), error.error()))?;
            if path.is_dir() || self.is_output(&path, &base) {
                continue;
            }
            is_empty = false;
            let name = without_dots(&path);
            let name = name.strip_prefix(&base).unwrap_or(&name).to_owned();
            self.take_if_image(path, name)?;
        }
        if is_empty { Err(refused("no file matches".to_owned())) } else { Ok(()) }
    }

    /// Whether a match lies in the output folder, unless the pattern begins there.
    fn is_output(&self, path: &Path, base: &Path) -> bool {
        resolved(path).starts_with(&self.output) && !resolved(base).starts_with(&self.output)
    }

    fn take_if_image(&mut self, path: PathBuf, name: PathBuf) -> Result<(), Refusal> {
        if is_image(&path) {
            return self.take(path, name);
        }
        self.found.passed_over += 1;
        Ok(())
    }

    fn take(&mut self, path: PathBuf, name: PathBuf) -> Result<(), Refusal> {
        let absolute = fs::canonicalize(&path).map_err(|error| unusable(&path, &error))?;
        let mut folders = self.folders.iter().map(|folder| self.output.join(folder));
        if folders.any(|folder| absolute.starts_with(folder)) {
            return Err(Refusal::IsVariant { file: path, output: self.shown_output.to_owned() });
        }
        if self.seen.insert(absolute.clone()) {
            self.found.originals.push(Original { path, absolute, name });
        }
        Ok(())
    }

    /// Refuses a folder of originals that variants would be written into; the output folder as a
    /// whole is left out of every search.
    fn check_apart(&self, root: &Path, absolute: &Path) -> Result<(), Refusal> {
        if self.output != absolute && self.output.starts_with(absolute) {
            return Ok(());
        }
        let overlapping =
            self.folders.iter().find(|folder| self.output.join(folder).starts_with(absolute));
        overlapping.map_or(Ok(()), |folder| {
            let folder = self.shown_output.join(folder);
            Err(Refusal::Overlap { folder, originals: root.to_owned() })
        })
    }
}

fn check_names(originals: &[Original]) -> Result<(), Refusal> {
    let mut names: HashMap<&Path, &Path> = HashMap::new();
    for Original { path, name, .. } in originals {
        if let Some(first) = names.insert(name, path) {
            return Err(Refusal::SameName { first: first.to_owned(), second: path.clone() });
        }
    }
    Ok(())
}

/// The files and the folders in a folder, by name, without those that are hidden.
fn contents(folder: &Path) -> io::Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if entry.file_type()?.is_dir() {
            folders.push(PathBuf::from(name));
        } else if fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_file()) {
            files.push(PathBuf::from(name));
        }
    }
    files.sort();
    folders.sort();
    Ok((files, folders))
}

/// What promises an image by its name is one whatever is in it, and so is what cannot be looked into: a
/// broken one, or one of a format that is not read, is reported rather than passed over.
fn is_image(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase);
    if ending.is_some_and(|ending| kinds::is_of_image(&ending)) {
        return true;
    }
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head));
    read.is_err() || matches!(sniff(&head), Sniffed::Image(_))
}

fn is_glob(text: &str) -> bool {
    Pattern::escape(text) != text
}

/// The folder that a pattern begins with, and the rest from its first wildcard on.
fn split(pattern: &Path) -> (PathBuf, PathBuf) {
    let is_plain = |part: &Component<'_>| {
        let text = part.as_os_str().to_str();
        text.is_some_and(|text| !is_glob(text))
    };
    let parts = without_dots(pattern);
    let base: PathBuf = parts.components().take_while(is_plain).collect();
    let rest = parts.strip_prefix(&base).unwrap_or(&parts).to_owned();
    (base, rest)
}

/// The path without the dots that mean "here".
fn without_dots(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

/// The absolute path without links of what may not be there yet.
pub(super) fn resolved(path: &Path) -> PathBuf {
    if let Ok(resolved) = fs::canonicalize(path) {
        return resolved;
    }
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    match (absolute.parent(), absolute.file_name()) {
        (Some(parent), Some(name)) => resolved(parent).join(name),
        _ => absolute,
    }
}

fn unusable(path: &Path, error: &io::Error) -> Refusal {
    Refusal::Argument { argument: path.display().to_string(), why: error.to_string() }
}
