//! Files that are there whole or not at all, and where one is as seen from another.

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use super::refusal::Refusal;

/// Tells the unfinished files of one run apart.
static UNFINISHED: AtomicU64 = AtomicU64::new(0);

/// Writes a file, with the folders that it lies in. Until it is whole it has another name, so that
/// a run that is killed leaves no half of an image.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Refusal> {
    let unwritable = |error: std::io::Error| Refusal::Unwritable {
        path: path.to_owned(),
        why: error.to_string(),
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder).map_err(unwritable)?;
    let number = UNFINISHED.fetch_add(1, Ordering::Relaxed);
    // Not made from the file's own name, which may be as long as names can be.
    let unfinished = folder.join(format!(".imgprep-{}-{number}", process::id()));
    let written = fs::write(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, path));
    written.map_err(|error| {
        // It may not even have been made.
        drop(fs::remove_file(&unfinished));
        unwritable(error)
    })
}

/// The way from a folder to a file, both absolute and without links or dots.
pub(super) fn relative(folder: &Path, file: &Path) -> PathBuf {
    let common = folder.components().zip(file.components()).take_while(|(one, other)| one == other);
    let common = common.count();
    let up = folder.components().skip(common).map(|_| Component::ParentDir);
    up.chain(file.components().skip(common)).collect()
}
