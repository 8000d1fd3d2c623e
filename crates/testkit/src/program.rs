//! The imgprep under test, in an environment that holds nothing of the caller's AWS.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};

/// What of the caller's environment every imgprep of a test gets: enough to build the function and
/// to install the emulator, and nothing that would change its answers.
const PASSED: [&str; 4] = ["CARGO_HOME", "HOME", "PATH", "SSL_CERT_FILE"];
const PASSED_PREFIXES: [&str; 4] = ["CARGO_HTTP_", "CARGO_REGISTR", "PIP_", "RUSTUP_"];

/// The ports that tests listen on when they choose: below those that systems give to whoever asks for
/// any (32768 on Linux), so that nobody is given one between its choice and its use.
const FIRST_PORT: u16 = 20_000;
const PORTS: u16 = 12_000;

static BUILD: OnceLock<Build> = OnceLock::new();
static PORTS_TAKEN: AtomicU16 = AtomicU16::new(0);

/// What cargo tells only a package's own tests.
#[derive(Clone, Copy, Debug)]
pub struct Build {
    /// The executable of imgprep.
    pub program: &'static str,
    /// A folder for the files of tests, kept between runs.
    pub folder: &'static str,
}

/// Tells this crate what cargo told the test binary.
#[macro_export]
macro_rules! begin {
    () => {
        $crate::begin($crate::Build {
            program: env!("CARGO_BIN_EXE_imgprep"),
            folder: env!("CARGO_TARGET_TMPDIR"),
        })
    };
}

/// As the macro of the same name, which knows what to hand over.
pub fn begin(build: Build) {
    assert!(BUILD.set(build).is_ok(), "a test binary begins once");
}

/// The folder for the files of tests, kept between runs.
pub(crate) fn folder() -> PathBuf {
    build().folder.into()
}

/// What was installed and built for the tests, kept between runs.
pub(crate) fn cache() -> PathBuf {
    folder().join("cache")
}

fn build() -> &'static Build {
    BUILD.get().expect("the test binary says where it was built")
}

/// imgprep without any AWS. What was installed and built is kept between runs; all else is new.
pub fn command() -> Command {
    let is_passed = |name: &str| {
        PASSED.contains(&name) || PASSED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    };
    let passed = std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_passed));
    let mut command = Command::new(build().program);
    command
        .env_clear()
        .envs(passed)
        .env("IMGPREP_CACHE_DIR", cache())
        .env("AWS_CONFIG_FILE", folder().join("no-config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", folder().join("no-credentials"))
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

/// A port that nothing listens on, and that is handed out once.
pub fn free_port() -> u16 {
    // Test binaries that run at once begin at places of their own.
    let start = u16::try_from(std::process::id() * 101 % u32::from(PORTS)).unwrap_or_default();
    loop {
        let next = start + PORTS_TAKEN.fetch_add(1, Ordering::Relaxed);
        let port = FIRST_PORT + next % PORTS;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
