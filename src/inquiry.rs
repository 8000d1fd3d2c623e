//! Other programs that are asked something: they answer soon, or not at all.

use std::io;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The longest that a program may take to answer: a shim may have to look for what it stands for.
const WAIT_MAX: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(5);

/// What a program prints, which must be little, without any input.
pub(crate) fn ask(command: &mut Command) -> io::Result<Output> {
    ask_within(command, WAIT_MAX)
}

fn ask_within(command: &mut Command, wait_max: Duration) -> io::Result<Output> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let start = Instant::now();
    while child.try_wait()?.is_none() {
        if start.elapsed() > wait_max {
            child.kill()?;
            child.wait()?;
            return Err(io::ErrorKind::TimedOut.into());
        }
        thread::sleep(PAUSE);
    }
    child.wait_with_output()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_does_not_answer_is_ended() {
        let mut command = Command::new("sleep");
        let error = ask_within(command.arg("60"), Duration::from_millis(50)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let output = ask(Command::new("echo").arg("here")).unwrap();
        assert_eq!(output.stdout, b"here\n");
    }
}
