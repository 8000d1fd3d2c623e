//! The folder in which built functions and their sources are kept, shared by every imgprep of a
//! user.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use super::PackageError;
use super::source::Tree;
use crate::file_lock::{self, Unlocked};

/// How long one imgprep waits for another one's build: a first build on a slow machine takes
/// minutes.
const LOCK_WAIT_MAX: Duration = Duration::from_mins(30);
/// How many finished zips are kept: a few projects on both processors.
const ZIPS_MAX: usize = 8;
/// Cargo rewrites the lock file in its own order; a copy tells which one was extracted.
const LOCK: (&str, &str) = ("Cargo.lock", "Cargo.lock.orig");

/// The cache of functions under imgprep's cache folder.
pub(super) struct Cache {
    folder: PathBuf,
}

impl Cache {
    pub(super) fn open(cache_folder: &Path) -> Result<Self, PackageError> {
        let folder = cache_folder.join("function");
        fs::create_dir_all(&folder)
            .map_err(|error| PackageError::file("create", &folder, &error))?;
        Ok(Self { folder })
    }

    /// Waits until no other imgprep builds. The lock ends with the returned file.
    pub(super) fn lock(&self, progress: &dyn Fn(&str)) -> Result<File, PackageError> {
        let path = self.folder.join("lock");
        let lock = file_lock::take(&path, "building the function", LOCK_WAIT_MAX, progress);
        lock.map_err(|unlocked| match unlocked {
            Unlocked::File(error) => PackageError::file("lock", &path, &error),
            Unlocked::Held => PackageError::Locked { path, waited_secs: LOCK_WAIT_MAX.as_secs() },
        })
    }

    /// Where cargo keeps what it compiled, so that a changed function is rebuilt in seconds.
    pub(super) fn target(&self) -> PathBuf {
        self.folder.join("target")
    }

    /// The zip made of the source with this hash, if its bytes are those that were kept. Using it makes
    /// it the newest.
    pub(super) fn zip(&self, hash: &str) -> Option<Vec<u8>> {
        let path = self.zip_path(hash)?;
        let zip = fs::read(&path).ok()?;
        if path != self.zip_path_of(hash, &zip) {
            // Damaged: it is made once more, and takes the place of this one.
            let _ = fs::remove_file(&path);
            return None;
        }
        if let Ok(file) = File::options().append(true).open(&path) {
            // Only the order of clearing up depends on it.
            let _ = file.set_modified(SystemTime::now());
        }
        Some(zip)
    }

    /// Keeps a zip, whole or not at all, and clears up old ones.
    pub(super) fn keep(&self, hash: &str, zip: &[u8]) -> Result<(), PackageError> {
        let path = self.zip_path_of(hash, zip);
        let temporary = self.folder.join("new.zip");
        fs::write(&temporary, zip)
            .and_then(|()| fs::rename(&temporary, &path))
            .map_err(|error| PackageError::file("write", &path, &error))?;
        self.prune();
        Ok(())
    }

    /// Puts a source into its folder and returns that. The folder is the same for every source: its
    /// name is in the flags of the compiler, and other flags would have everything compiled again. A
    /// source that is there stays, so that cargo sees it unchanged; it appears only when it is whole.
    pub(super) fn extract(&self, tree: &Tree) -> Result<PathBuf, PackageError> {
        let folder = self.folder.join("source");
        if is_extracted(tree, &folder) {
            return Ok(folder);
        }
        let temporary = self.folder.join("new-src");
        let failed = |error| PackageError::file("write", &folder, &error);
        for stale in [&folder, &temporary] {
            if stale.exists() {
                fs::remove_dir_all(stale).map_err(failed)?;
            }
        }
        for (name, bytes) in tree.files() {
            let path = temporary.join(name);
            let parent = path.parent().unwrap_or(&temporary);
            fs::create_dir_all(parent).and_then(|()| fs::write(&path, bytes)).map_err(failed)?;
            if name == LOCK.0 {
                fs::write(temporary.join(LOCK.1), bytes).map_err(failed)?;
            }
        }
        fs::rename(&temporary, &folder).map_err(failed)?;
        Ok(folder)
    }

    /// Where the zip of a source is, if there is one.
    fn zip_path(&self, hash: &str) -> Option<PathBuf> {
        let entries = fs::read_dir(&self.folder).ok()?;
        let mut paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        paths.find(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(&format!("{hash}-")) && name.ends_with(".zip")
        })
    }

    /// A zip is called by the hash of its source and by its own, so that it vouches for itself.
    fn zip_path_of(&self, hash: &str, zip: &[u8]) -> PathBuf {
        self.folder.join(format!("{hash}-{}.zip", hex::encode(Sha256::digest(zip))))
    }

    /// Removes all but the newest zips. What cannot be removed stays: it costs only space.
    fn prune(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let mut found: Vec<(SystemTime, PathBuf)> = entries
            .filter_map(Result::ok)
            .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "zip"))
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        found.sort();
        found.reverse();
        for (_, path) in found.iter().skip(ZIPS_MAX) {
            let _ = fs::remove_file(path);
        }
    }
}

/// Whether a folder holds this source as it was.
fn is_extracted(tree: &Tree, folder: &Path) -> bool {
    tree.files().all(|(name, bytes)| {
        let name = if name == LOCK.0 { LOCK.1 } else { name };
        fs::read(folder.join(name)).is_ok_and(|there| there == bytes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_source_is_extracted_again() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        let extracted = cache.extract(&Tree::bundled()).unwrap();
        let manifest = extracted.join("Cargo.toml");
        let time = fs::metadata(&manifest).unwrap().modified().unwrap();
        fs::write(extracted.join("Cargo.lock"), "rewritten").unwrap();
        assert_eq!(cache.extract(&Tree::bundled()).unwrap(), extracted);
        assert_eq!(fs::metadata(&manifest).unwrap().modified().unwrap(), time);
        fs::remove_file(&manifest).unwrap();
        assert!(!is_extracted(&Tree::bundled(), &extracted));
        cache.extract(&Tree::bundled()).unwrap();
        assert!(manifest.is_file());
    }

    #[test]
    fn only_the_newest_zips_stay() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        for number in 0..12 {
            cache.keep(&format!("hash{number}"), b"zip").unwrap();
            let path = cache.zip_path(&format!("hash{number}")).unwrap();
            let file = File::options().append(true).open(path);
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(number);
            file.unwrap().set_modified(time).unwrap();
        }
        cache.keep("last", b"zip").unwrap();
        let there = (0..12).filter(|n| cache.zip(&format!("hash{n}")).is_some());
        assert_eq!(there.collect::<Vec<_>>(), [5, 6, 7, 8, 9, 10, 11]);
        assert_eq!(cache.zip("last").unwrap(), b"zip");
    }

    #[test]
    fn a_damaged_zip_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        cache.keep("hash", b"the function").unwrap();
        assert_eq!(cache.zip("hash").unwrap(), b"the function");
        assert_eq!(cache.zip("has"), None);
        let path = cache.zip_path("hash").unwrap();
        fs::write(&path, b"another").unwrap();
        assert_eq!(cache.zip("hash"), None);
        assert!(!path.exists(), "it is not looked at again");
        cache.keep("hash", b"the function").unwrap();
        assert_eq!(cache.zip("hash").unwrap(), b"the function");
    }
}
