//! The Python that runs MiniStack, and MiniStack's installation into the cache folder.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use sha2::{Digest, Sha256};

use super::{Environment, LocalError, VERSION, files};
use crate::inquiry;

/// Which versions are installed, and the hashes of their files, for every Python that will do.
const LOCK: &str = include_str!("ministack.lock");
/// What MiniStack asks for.
const VERSION_MIN: (u32, u32) = (3, 10);
/// How many lines of pip's a failure shows.
const LINES_MAX: usize = 10;
/// Prints the version and the interpreter itself, behind any shim that chooses one by folder or by
/// environment.
const PROBE: &str = "import sys; print('%d.%d.%d' % sys.version_info[:3]); print(sys.executable)";

/// An interpreter that can run MiniStack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Python {
    pub(super) program: PathBuf,
    /// Major and minor.
    version: (u32, u32),
}

impl Python {
    pub(super) fn version(&self) -> String {
        let (major, minor) = self.version;
        format!("{major}.{minor}")
    }

    /// Where MiniStack is, or is to be, installed for this interpreter.
    pub(super) fn install_folder(&self, environment: &Environment) -> PathBuf {
        environment.install_folder(&packages(), self.version)
    }
}

/// The beginning of the lock's hash: another lock is another installation.
fn packages() -> String {
    hex::encode(&Sha256::digest(LOCK)[..4])
}

/// The first interpreter that is new enough and has MiniStack, or could install it.
pub(super) fn find(environment: &Environment) -> Result<Python, LocalError> {
    let mut too_old = Vec::new();
    let mut without_pip = None;
    for candidate in &environment.pythons {
        let Some((text, python)) = probe(candidate) else { continue };
        if python.version < VERSION_MIN {
            too_old.push(format!("`{}` {text}", candidate.display()));
        } else if python.install_folder(environment).is_dir() || has_pip(&python) {
            return Ok(python);
        } else {
            without_pip.get_or_insert(candidate.clone());
        }
    }
    Err(match without_pip {
        Some(python) => LocalError::NoPip { python },
        None => LocalError::NoPython { tried: too_old },
    })
}

/// Installs MiniStack unless it is there: whole or not at all, and by one imgprep at a time.
pub(super) fn install(
    python: &Python,
    environment: &Environment,
    progress: &dyn Fn(&str),
) -> Result<(), LocalError> {
    let folder = python.install_folder(environment);
    if folder.is_dir() {
        return Ok(());
    }
    let lock = environment.cache.join("ministack.lock");
    let _lock = files::lock(&lock, "installing the local AWS", progress)?;
    if folder.is_dir() {
        return Ok(());
    }
    let temporary = folder.with_added_extension("tmp");
    files::remove_folder(&temporary)?;
    progress(&format!("installing MiniStack {VERSION}"));
    let installed = run_pip(python, &temporary, progress);
    if installed.is_err() {
        // The next try starts anew in any case.
        let _ = fs::remove_dir_all(&temporary);
    }
    installed?;
    fs::rename(&temporary, &folder).map_err(|error| LocalError::file("create", &folder, &error))
}

/// The version and the interpreter behind a name, or `None` when it does not run.
fn probe(candidate: &Path) -> Option<(String, Python)> {
    let output = inquiry::ask(Command::new(candidate).args(["-c", PROBE])).ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut lines = text.lines();
    let version = lines.next()?;
    let program = lines.next().filter(|program| !program.is_empty()).map(PathBuf::from);
    let mut numbers = version.split('.').map(str::parse);
    let python = Python {
        program: program.unwrap_or_else(|| candidate.to_owned()),
        version: (numbers.next()?.ok()?, numbers.next()?.ok()?),
    };
    Some((version.to_owned(), python))
}

fn has_pip(python: &Python) -> bool {
    let mut command = Command::new(&python.program);
    command.args(["-m", "pip", "--version"]);
    inquiry::ask(&mut command).is_ok_and(|output| output.status.success())
}

/// Installs what the lock names into a folder, with the user's own settings of pip for index and
/// network. Nothing is built, so that no code runs that the lock does not name.
fn run_pip(python: &Python, folder: &Path, progress: &dyn Fn(&str)) -> Result<(), LocalError> {
    let lock = folder.with_added_extension("txt");
    fs::write(&lock, LOCK).map_err(|error| LocalError::file("write", &lock, &error))?;
    let mut command = Command::new(&python.program);
    command.args(["-m", "pip", "install", "--no-input", "--disable-pip-version-check"]);
    command.args(["--progress-bar", "off", "--target"]).arg(folder);
    command.args(["--require-hashes", "--only-binary", ":all:", "--no-deps", "--requirement"]);
    command.arg(&lock).stdin(Stdio::null());
    let ran = watch(&mut command, progress);
    // A leftover is overwritten by the next installation.
    let _ = fs::remove_file(&lock);
    let (succeeded, lines) =
        ran.map_err(|error| LocalError::file("run", &python.program, &error))?;
    if !succeeded {
        return Err(LocalError::Install { lines });
    }
    Ok(())
}

/// Runs pip to its end: whether it succeeded, and the last lines of what it complained about.
fn watch(command: &mut Command, progress: &dyn Fn(&str)) -> io::Result<(bool, Vec<String>)> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let lines = thread::scope(|scope| {
        let complaints = scope.spawn(move || {
            let mut last = VecDeque::new();
            for line in stderr.into_iter().flat_map(|stderr| BufReader::new(stderr).lines()) {
                let Ok(line) = line else { break };
                if last.len() == LINES_MAX {
                    last.pop_front();
                }
                last.push_back(line);
            }
            last
        });
        let said = stdout.into_iter().flat_map(|stdout| BufReader::new(stdout).lines());
        for line in said.map_while(Result::ok) {
            if let Some(package) = line.trim().strip_prefix("Collecting ") {
                let name = package.split(['<', '>', '=', '!', '~', ' ', ';', '[']).next();
                progress(&format!("installing {}", name.unwrap_or(package)));
            }
        }
        complaints.join().unwrap_or_default()
    });
    Ok((child.wait()?.success(), lines.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_pins_every_file_of_the_version_that_is_run() {
        let lines: Vec<&str> = LOCK.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(lines.contains(&format!("ministack=={VERSION} \\").as_str()));
        for (line, next) in lines.iter().zip(lines.iter().skip(1).chain([&"end"])) {
            let is_hash = |line: &str| line.starts_with("    --hash=sha256:");
            let is_package = !is_hash(line);
            assert!(!is_package || line.contains("=="), "{line}");
            assert!(!is_package || is_hash(next), "{line} has a hash");
            let digits = line.trim_end_matches(" \\").rsplit(':').next().unwrap_or_default();
            assert!(is_package || digits.len() == 64, "{line}");
        }
    }
}
