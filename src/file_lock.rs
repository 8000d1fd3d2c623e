//! A lock that one imgprep holds against others, as a file. It ends with the file, also when the
//! process that holds it is killed.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

/// The pause between two looks at a lock.
const PAUSE: Duration = Duration::from_millis(50);
/// Has the system refuse to open what is a symbolic link.
pub(crate) const NO_LINK: i32 = OFlags::NOFOLLOW.bits().cast_signed();

/// Why a lock is not held.
#[derive(Debug)]
pub(crate) enum Unlocked {
    File(io::Error),
    /// Another one has held it for as long as is waited.
    Held,
}

/// Waits until nobody else holds the lock. `doing` is what the other one is at then.
pub(crate) fn take(
    path: &Path,
    doing: &str,
    wait_max: Duration,
    progress: &dyn Fn(&str),
) -> Result<File, Unlocked> {
    // Whoever can put a link there does not choose what is opened by it.
    let mut options = File::options();
    options.write(true).create(true).truncate(false).custom_flags(NO_LINK);
    let file = options.open(path).map_err(Unlocked::File)?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(Unlocked::File(error)),
            Err(TryLockError::WouldBlock) if start.elapsed() > wait_max => {
                return Err(Unlocked::Held);
            }
            Err(TryLockError::WouldBlock) => {
                progress(&format!("waiting for another imgprep that is {doing}"));
                thread::sleep(PAUSE);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_second_lock_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let lock = |wait_max, tell: &dyn Fn(&str)| take(&path, "building", wait_max, tell);
        let first = lock(Duration::ZERO, &|_| ()).unwrap();
        let late = lock(Duration::ZERO, &|_| ());
        assert!(matches!(late, Err(Unlocked::Held)), "{late:?}");
        let (sender, waiting) = mpsc::channel();
        thread::scope(|scope| {
            let tell = move |text: &str| sender.send(text.to_owned()).unwrap();
            let second = scope.spawn(move || lock(Duration::from_mins(1), &tell).map(drop));
            assert_eq!(waiting.recv().unwrap(), "waiting for another imgprep that is building");
            drop(first);
            second.join().unwrap().unwrap();
        });
    }

    #[test]
    fn a_link_is_no_lock() {
        let folder = tempfile::tempdir().unwrap();
        let (path, target) = (folder.path().join("lock"), folder.path().join("target"));
        fs::write(&target, "somebody else's").unwrap();
        symlink(&target, &path).unwrap();
        assert!(matches!(take(&path, "", Duration::ZERO, &|_| ()), Err(Unlocked::File(_))));
        assert_eq!(fs::read(&target).unwrap(), b"somebody else's");
    }
}
