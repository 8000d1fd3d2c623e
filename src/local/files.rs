//! Locks, logs and folders, with errors that name the path.

use std::collections::VecDeque;
use std::fs::{self, File, Permissions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use rustix::fs::Access;
#[cfg(target_os = "linux")]
use rustix::fs::StatVfsMountFlags;
use rustix::io::Errno;

use super::LocalError;
use crate::file_lock::{self, NO_LINK, Unlocked};

/// How long one imgprep waits for another one: a first installation over a slow line takes minutes.
const LOCK_WAIT_MAX: Duration = Duration::from_mins(10);
/// How much of the end of a log is read for its last lines.
const TAIL_BYTES_MAX: u64 = 1024 * 1024;

/// Waits until no other imgprep holds this lock, which ends with the returned file.
pub(super) fn lock(
    path: &Path,
    doing: &'static str,
    progress: &dyn Fn(&str),
) -> Result<File, LocalError> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    file_lock::take(path, doing, LOCK_WAIT_MAX, progress).map_err(|unlocked| match unlocked {
        Unlocked::File(error) => LocalError::file("lock", path, &error),
        Unlocked::Held => {
            let waited_secs = LOCK_WAIT_MAX.as_secs();
            LocalError::Locked { doing, path: path.to_owned(), waited_secs }
        }
    })
}

pub(super) fn create_folder(path: &Path) -> Result<(), LocalError> {
    fs::create_dir_all(path).map_err(|error| LocalError::file("create", path, &error))
}

/// Whether a folder can be made here, or is here, in which files can be written and programs run.
pub(super) fn check_usable(path: &Path) -> Result<(), LocalError> {
    let there = path.ancestors().find(|it| it.exists()).unwrap_or(path);
    if !there.is_dir() {
        return Err(LocalError::file("use", there, &Errno::NOTDIR.into()));
    }
    rustix::fs::access(there, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|error| LocalError::file("write to", there, &error.into()))?;
    if is_noexec(there) {
        return Err(LocalError::NoExecution { path: there.to_owned() });
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn is_noexec(path: &Path) -> bool {
    let flags = rustix::fs::statvfs(path).map(|found| found.f_flag);
    flags.is_ok_and(|flags| flags.contains(StatVfsMountFlags::NOEXEC))
}

#[cfg(not(target_os = "linux"))]
fn is_noexec(_: &Path) -> bool {
    false
}

/// The content of a file that is none by a symbolic link.
pub(super) fn read_no_link(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let mut file = File::options().read(true).custom_flags(NO_LINK).open(path)?;
    file.read_to_string(&mut text).map(|_| text)
}

/// Creates a folder that only the user can enter, or makes it one.
pub(super) fn create_private_folder(path: &Path) -> Result<(), LocalError> {
    create_folder(path)?;
    let private = Permissions::from_mode(0o700);
    fs::set_permissions(path, private).map_err(|error| LocalError::file("protect", path, &error))
}

/// As `create_private_folder`, for one that is not where somebody else's link leads.
pub(super) fn create_own_folder(path: &Path) -> Result<(), LocalError> {
    if fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink()) {
        return Err(LocalError::file("use", path, &Errno::LOOP.into()));
    }
    create_private_folder(path)
}

/// Removes a folder with all that is in it; already gone is fine.
pub(super) fn remove_folder(path: &Path) -> Result<(), LocalError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(LocalError::file("remove", path, &error))
        }
        _ => Ok(()),
    }
}

/// The last lines of a file from an offset on, oldest first; none when it cannot be read.
pub(super) fn tail(path: &Path, offset: u64, lines_max: usize) -> Vec<String> {
    let Ok(mut file) = File::open(path) else { return Vec::new() };
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    let start = offset.max(size.saturating_sub(TAIL_BYTES_MAX));
    if file.seek(SeekFrom::Start(start)).is_err() {
        return Vec::new();
    }
    let mut lines = VecDeque::new();
    for line in BufReader::new(file).split(b'\n').map_while(Result::ok) {
        if lines.len() == lines_max {
            lines.pop_front();
        }
        lines.push_back(String::from_utf8_lossy(&line).trim_end().to_owned());
    }
    lines.truncate(lines_max);
    lines.into()
}
