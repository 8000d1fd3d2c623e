//! The emulators of a run, each started with the product's own command when something is first asked of
//! it, and stopped at the end. Pipelines are spread over them, as one Python keeps one processor busy.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, OnceLock};

use crate::program;
use crate::{RUNTIME, free_port, run};

/// One for each processor of a small machine.
const COUNT: usize = 2;

static EMULATORS: LazyLock<[Emulator; COUNT]> = LazyLock::new(|| [(); COUNT].map(|()| new()));
static TURN: AtomicUsize = AtomicUsize::new(0);
static INTERRUPT: OnceLock<()> = OnceLock::new();

/// An AWS of the tests' own.
pub struct Emulator {
    /// Its state and its secret; made new for the run.
    folder: PathBuf,
    port: u16,
    secret: OnceLock<String>,
    started: OnceLock<()>,
}

fn new() -> Emulator {
    let folder = tempfile::tempdir().unwrap().keep();
    Emulator { folder, port: free_port(), secret: OnceLock::new(), started: OnceLock::new() }
}

impl Emulator {
    /// The one whose turn it is.
    pub fn next() -> &'static Self {
        &EMULATORS[TURN.fetch_add(1, Ordering::Relaxed) % COUNT]
    }

    /// The one at a port, if there is any.
    pub(crate) fn at(port: u16) -> Option<&'static Self> {
        EMULATORS.iter().find(|emulator| emulator.port == port)
    }

    /// The port on which it answers from now on.
    pub fn port(&self) -> u16 {
        self.started.get_or_init(|| {
            INTERRUPT.get_or_init(|| drop(RUNTIME.spawn(stop_on_interrupt())));
            run(self.command().args(["local", "start"])).exits(0);
        });
        self.port
    }

    /// Whether anything was asked of it so far.
    pub(crate) fn has_started(&self) -> bool {
        self.started.get().is_some()
    }

    /// As `port`, without keeping others from their work until it has started.
    pub(crate) async fn port_of_started(&'static self) -> u16 {
        if self.has_started() {
            return self.port;
        }
        tokio::task::spawn_blocking(|| self.port()).await.unwrap()
    }

    /// The secret of the root of every account.
    pub fn secret(&self) -> &str {
        self.secret.get_or_init(|| {
            let variables = run(self.command().args(["local", "env", "--json"])).exits(0).json();
            variables["AWS_SECRET_ACCESS_KEY"].as_str().unwrap().to_owned()
        })
    }

    /// MiniStack itself, behind the gate.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join("socket/ministack")
    }

    /// imgprep for which this is the local AWS.
    pub fn command(&self) -> Command {
        let mut command = program::command();
        command.env("IMGPREP_LOCAL_DIR", &self.folder);
        command.env("IMGPREP_LOCAL_PORT", self.port.to_string());
        command
    }

    fn stop(&self) {
        if self.has_started() {
            let output = run(self.command().args(["local", "stop"]));
            assert!(output.code == 0, "the emulator was not stopped: {output}");
        }
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

/// Stops what was started, at the end of a run.
pub fn stop_all() {
    if let Some(emulators) = LazyLock::get(&EMULATORS) {
        for emulator in emulators {
            emulator.stop();
        }
    }
}

async fn stop_on_interrupt() {
    if tokio::signal::ctrl_c().await.is_ok() {
        stop_all();
        #[expect(clippy::exit, reason = "the tests that still run would only fail")]
        std::process::exit(130);
    }
}
