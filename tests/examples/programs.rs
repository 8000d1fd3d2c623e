//! The programs that the examples run with: those of this machine, and packages of Python's in the tests'
//! cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use super::{folder, text};

/// What parses JavaScript, beside what the Django example asks for.
const PARSER: &str = "tree-sitter==0.26.1\ntree-sitter-javascript==0.25.0\n";

/// What of the caller's environment would change what an SDK does.
const OTHERS: [&str; 4] =
    ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "AWS_SESSION_TOKEN"];

/// Runs a program in the folder of the examples, and gives what it prints.
#[track_caller]
pub(crate) fn run(program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    run_in(&folder(), program, arguments, variables)
}

#[track_caller]
pub(crate) fn run_in(
    folder: &Path,
    program: &str,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> String {
    let mut command = Command::new(program);
    for name in OTHERS {
        command.env_remove(name);
    }
    command.args(arguments).envs(variables.iter().copied());
    command.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(folder).stdin(Stdio::null());
    let output = command.output().unwrap_or_else(|error| {
        panic!("cannot run `{program}`: {error}; CONTRIBUTING.md says what the tests need")
    });
    let (stdout, stderr) = (output.stdout, String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "`{program} {arguments:?}`:\n{stderr}");
    String::from_utf8(stdout).unwrap()
}

/// A file of these tests.
pub(crate) fn script(name: &str) -> String {
    format!("{}/tests/examples/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The folder of the packages, which the first run installs.
pub(crate) fn packages() -> String {
    static INSTALLING: Mutex<()> = Mutex::new(());
    // A run that failed is repeated by whoever waited for it.
    let _installing = INSTALLING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let wanted = text("django/requirements.txt") + PARSER;
    let wanted: Vec<&str> = wanted.lines().collect();
    let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cache");
    let installed = cache.join(format!("examples {}", wanted.join(" ")));
    if !installed.is_dir() {
        fs::create_dir_all(&cache).unwrap();
        let temporary = tempfile::tempdir_in(&cache).unwrap();
        let target = temporary.path().to_str().unwrap();
        let pip = "-m pip install --no-input --disable-pip-version-check --quiet --no-compile \
                   --only-binary :all: --target";
        let arguments: Vec<&str> = pip.split_whitespace().chain([target]).chain(wanted).collect();
        run("python3", &arguments, &[]);
        let moved = fs::rename(temporary.keep(), &installed);
        assert!(moved.is_ok() || installed.is_dir(), "{}: {moved:?}", installed.display());
    }
    installed.to_str().unwrap().to_owned()
}
