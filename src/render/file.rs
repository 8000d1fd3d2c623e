//! Files that are there whole or not at all, and where one is as seen from another.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use super::refusal::Refusal;

/// Tells the unfinished files of one run apart.
static UNFINISHED: AtomicU64 = AtomicU64::new(0);

/// Writes a file of an output folder, with the folders that it lies in. Until it is whole it has
/// another name, so that a run that is killed leaves no half of an image. Nothing is written outside
/// of the output folder: a link in it is no way.
pub(crate) fn write_whole(output: &Path, name: &Path, bytes: &[u8]) -> Result<(), Refusal> {
    let path = output.join(name);
    let unwritable =
        |error: io::Error| Refusal::Unwritable { path: path.clone(), why: error.to_string() };
    if let Some(link) = link_on_the_way(output, name) {
        let why = format!("`{}` is a symbolic link", link.display());
        return Err(Refusal::Unwritable { path, why });
    }
    let folder = path.parent().unwrap_or(output);
    fs::create_dir_all(folder).map_err(unwritable)?;
    let number = UNFINISHED.fetch_add(1, Ordering::Relaxed);
    // Not made from the file's own name, which may be as long as names can be.
    let unfinished = folder.join(format!(".imgprep-{}-{number}", process::id()));
    // Neither an old file nor a link of that name is written to.
    let mut options = File::options();
    let file = options.write(true).create_new(true).open(&unfinished).map_err(unwritable)?;
    let written = write_all(file, bytes).and_then(|()| fs::rename(&unfinished, &path));
    written.map_err(|error| {
        // It may not even have been made.
        drop(fs::remove_file(&unfinished));
        unwritable(error)
    })
}

fn write_all(mut file: File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)
}

/// The first folder below the output folder that is a symbolic link. The file itself may be one: it
/// is replaced and not followed.
fn link_on_the_way(output: &Path, name: &Path) -> Option<PathBuf> {
    let folders = name.parent().unwrap_or(Path::new("")).components();
    let mut path = output.to_owned();
    folders.into_iter().find_map(|folder| {
        path.push(folder);
        fs::symlink_metadata(&path).is_ok_and(|it| it.is_symlink()).then(|| path.clone())
    })
}

/// The way from a folder to a file, both absolute and without links or dots.
pub(super) fn relative(folder: &Path, file: &Path) -> PathBuf {
    let common = folder.components().zip(file.components()).take_while(|(one, other)| one == other);
    let common = common.count();
    let up = folder.components().skip(common).map(|_| Component::ParentDir);
    up.chain(file.components().skip(common)).collect()
}
