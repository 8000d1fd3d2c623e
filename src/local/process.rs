//! Processes of this machine that are not children of this one: whether they live, what they run,
//! and how they end.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};

/// The pause between two looks at a process.
const PAUSE: Duration = Duration::from_millis(25);

/// Whether a process lives. One that ended and that nobody has taken note of yet does not.
pub(super) fn is_alive(pid: u32) -> bool {
    let exists = match known(pid).map(test_kill_process) {
        Some(Ok(())) => true,
        // It is there and belongs to somebody else.
        Some(Err(error)) => error == Errno::PERM,
        None => false,
    };
    exists && !is_zombie(pid)
}

/// Whether a process was started with these arguments, one after the other.
pub(super) fn runs(pid: u32, arguments: &[&str]) -> bool {
    let command = if cfg!(target_os = "linux") {
        fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()
    } else {
        let shown = Command::new("ps").args(["-o", "command=", "-p", &pid.to_string()]).output();
        shown.map(|output| output.stdout).unwrap_or_default()
    };
    let command = String::from_utf8_lossy(&command).replace('\0', " ");
    let words: Vec<&str> = command.split_whitespace().collect();
    words.windows(arguments.len()).any(|some| some == arguments)
}

/// Asks a process to end.
pub(super) fn terminate(pid: u32) -> Result<(), Errno> {
    gone_is_fine(known(pid).map_or(Ok(()), |pid| kill_process(pid, Signal::TERM)))
}

/// Ends a process and all that it started, at once. The process must lead its group.
pub(super) fn kill_group(pid: u32) -> Result<(), Errno> {
    gone_is_fine(known(pid).map_or(Ok(()), |pid| kill_process_group(pid, Signal::KILL)))
}

/// Whether a process ended within this time.
pub(super) fn ends_within(pid: u32, wait_max: Duration) -> bool {
    let start = Instant::now();
    while is_alive(pid) {
        if start.elapsed() > wait_max {
            return false;
        }
        thread::sleep(PAUSE);
    }
    true
}

/// A number that can be a process: 0 and negative ones mean groups, 1 is never ours.
fn known(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().filter(|pid| *pid > 1).and_then(Pid::from_raw)
}

fn gone_is_fine(result: Result<(), Errno>) -> Result<(), Errno> {
    match result {
        Err(Errno::SRCH) => Ok(()),
        result => result,
    }
}

/// Whether a process has ended and waits for its parent. The first thread of one that is still
/// ending looks the same, while others hold its sockets: the number of threads tells. Elsewhere than
/// on Linux the parent, which is the system when imgprep has ended, always takes note.
fn is_zombie(pid: u32) -> bool {
    /// Where the number of threads is, counted from the state: fields 20 and 3 of proc(5).
    const THREADS: usize = 17;
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let Some((_, fields)) = status.rsplit_once(") ") else { return false };
    let threads = fields.split(' ').nth(THREADS).and_then(|count| count.parse().ok());
    fields.starts_with('Z') && threads.is_none_or(|count: u32| count <= 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_lives_until_it_ends() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = child.id();
        assert!(is_alive(pid));
        assert!(!ends_within(pid, Duration::from_millis(60)));
        assert!(runs(pid, &["sleep", "60"]) && !runs(pid, &["60", "sleep"]));
        terminate(pid).unwrap();
        assert!(ends_within(pid, Duration::from_secs(5)), "a zombie counts as alive");
        child.wait().unwrap();
        assert!(!is_alive(pid));
        terminate(pid).unwrap();
    }

    #[test]
    fn numbers_that_mean_more_than_one_process_are_none() {
        for pid in [0, 1, u32::MAX] {
            assert!(known(pid).is_none());
        }
        assert!(!is_alive(0));
    }
}
