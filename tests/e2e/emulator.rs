//! The emulator of this run, started and stopped with the product's own commands.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::harness::{RUNTIME, run};

/// What of the caller's environment every imgprep of a test gets: enough to build the function and
/// to install the emulator, and nothing that would change its answers.
const PASSED: [&str; 4] = ["CARGO_HOME", "HOME", "PATH", "SSL_CERT_FILE"];
const PASSED_PREFIXES: [&str; 4] = ["CARGO_HTTP_", "CARGO_REGISTR", "PIP_", "RUSTUP_"];

static PLACE: OnceLock<Place> = OnceLock::new();

/// Where the emulator of this run is.
struct Place {
    folder: PathBuf,
    port: u16,
    secret: OnceLock<String>,
}

/// A running emulator; dropping it stops it.
pub(crate) struct Emulator {
    _folder: TempDir,
}

impl Emulator {
    /// Starts it on a free port, with nothing in it.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (folder_path, secret) = (folder.path().to_owned(), OnceLock::new());
        let place = Place { folder: folder_path, port: free_port(), secret };
        assert!(PLACE.set(place).is_ok(), "one emulator is started for a run");
        let emulator = Self { _folder: folder };
        run(command().args(["local", "start"])).exits(0);
        RUNTIME.spawn(stop_on_interrupt());
        emulator
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        stop();
    }
}

async fn stop_on_interrupt() {
    if tokio::signal::ctrl_c().await.is_ok() {
        stop();
        #[expect(clippy::exit, reason = "the tests that still run would only fail")]
        std::process::exit(130);
    }
}

fn stop() {
    let output = run(command().args(["local", "stop"]));
    assert!(output.code == 0, "the emulator was not stopped: {output}");
}

/// The port on which the emulator answers.
pub(crate) fn port() -> u16 {
    place().port
}

/// The secret of the root of every account.
pub(crate) fn secret() -> &'static str {
    place().secret.get_or_init(|| {
        let variables = run(command().args(["local", "env", "--json"])).exits(0).json();
        variables["AWS_SECRET_ACCESS_KEY"].as_str().unwrap().to_owned()
    })
}

/// MiniStack itself, behind the gate.
pub(crate) fn socket() -> PathBuf {
    place().folder.join("socket/ministack")
}

fn place() -> &'static Place {
    PLACE.get().expect("the emulator is started before the tests")
}

/// A port that nothing listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// imgprep in an environment that holds nothing of the caller's AWS. What was installed and built
/// is kept between runs; all else is new.
pub(crate) fn command() -> Command {
    let is_passed = |name: &str| {
        PASSED.contains(&name) || PASSED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    };
    let passed = std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_passed));
    let place = place();
    let mut command = Command::new(env!("CARGO_BIN_EXE_imgprep"));
    command
        .env_clear()
        .envs(passed)
        .env("IMGPREP_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"))
        .env("IMGPREP_LOCAL_DIR", &place.folder)
        .env("IMGPREP_LOCAL_PORT", place.port.to_string())
        .env("AWS_CONFIG_FILE", place.folder.join("no-config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", place.folder.join("no-credentials"))
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command
}
