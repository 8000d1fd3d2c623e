//! Why there is no local AWS: what could not be done, why, and what to do next, each on its own.

use std::io;
use std::path::{Path, PathBuf};

use super::VERSION;

/// The way without any of this, named wherever Python does not do.
const OTHER_WAY: &str = "start any AWS emulator and set `AWS_ENDPOINT_URL` to its address";

/// Why there is no local AWS. The text says what failed; [`why`](Self::why) and
/// [`hint`](Self::hint) say the rest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LocalError {
    #[error("cannot find a folder for the local AWS: `HOME` is not set")]
    NoHome,
    #[error("cannot use `{text}` as the port of the local AWS")]
    Port { text: String },
    #[error("cannot use `{text}` as the idle minutes of the local AWS")]
    Idle { text: String },
    #[error("the local AWS is not running")]
    NotRunning,
    #[error("the local AWS is not running")]
    NeverRan,
    #[error("cannot {verb} `{path}`")]
    File { verb: &'static str, path: PathBuf, reason: String },
    #[error("cannot start the local AWS: it needs Python 3.10 or newer")]
    NoPython { tried: Vec<String> },
    #[error("cannot install the local AWS: `{python}` has no pip")]
    NoPip { python: PathBuf },
    #[error("cannot install MiniStack {VERSION}")]
    Install { lines: Vec<String> },
    #[error("cannot start the local AWS: port {port} is taken")]
    PortTaken { port: u16, by_ministack: bool },
    #[error("cannot start the local AWS: it may not listen on port {port}")]
    PortRefused { port: u16, reason: String },
    #[error("cannot use `{path}` for the local AWS: no program may be run from there")]
    NoExecution { path: PathBuf },
    #[error("cannot start the local AWS: MiniStack exited immediately")]
    Ended { log: PathBuf, lines: Vec<String> },
    #[error("cannot start the local AWS: MiniStack did not respond within {waited_secs} s")]
    NoAnswer { waited_secs: u64, log: PathBuf, lines: Vec<String> },
    #[error("the local AWS does not respond (process {pid})")]
    Unresponsive { pid: u32 },
    #[error("cannot stop the local AWS: process {pid} does not exit")]
    Immortal { pid: u32, reason: String },
    #[error("cannot continue: another imgprep has been {doing} for too long")]
    Locked { doing: &'static str, path: PathBuf, waited_secs: u64 },
}

impl LocalError {
    pub(super) fn file(verb: &'static str, path: &Path, error: &io::Error) -> Self {
        Self::File { verb, path: path.to_owned(), reason: reason(error) }
    }

    /// Why it failed, in lines, where the text does not say it all.
    pub(crate) fn why(&self) -> Vec<String> {
        match self {
            Self::NoHome | Self::Unresponsive { .. } => Vec::new(),
            Self::Idle { .. } => vec!["must be a number of minutes; 0 means never".into()],
            Self::NotRunning => vec!["its data is kept".into()],
            Self::NeverRan => vec!["it has never been used".into()],
            Self::Port { .. } => vec!["a port is a number from 1 to 65535".into()],
            Self::File { reason, .. }
            | Self::Immortal { reason, .. }
            | Self::PortRefused { reason, .. } => vec![reason.clone()],
            Self::NoExecution { .. } => {
                vec!["its filesystem is mounted with `noexec`, and functions run from it".into()]
            }
            Self::NoPython { tried } if tried.is_empty() => vec!["no Python was found".into()],
            Self::NoPython { tried } => vec![format!("found {}", tried.join(", "))],
            Self::NoPip { .. } => vec!["MiniStack is installed from PyPI with pip".into()],
            Self::Install { lines } => lines.clone(),
            Self::PortTaken { by_ministack: true, .. } => {
                vec!["a MiniStack that imgprep did not start is listening there".into()]
            }
            Self::PortTaken { .. } => vec!["another program is listening there".into()],
            Self::Ended { log, lines } | Self::NoAnswer { log, lines, .. } => {
                let mut why = vec![format!("the end of `{}`:", log.display())];
                why.extend(lines.iter().cloned());
                why
            }
            Self::Locked { path, waited_secs, .. } => {
                vec![format!("waited {waited_secs} s for the lock `{}`", path.display())]
            }
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::NoHome => {
                "set `HOME`, or both `IMGPREP_CACHE_DIR` and `IMGPREP_LOCAL_DIR`".into()
            }
            Self::Port { .. } => "correct `IMGPREP_LOCAL_PORT`".into(),
            Self::File { .. } => "check the path and its permissions".into(),
            Self::NoPython { .. } => format!("install Python 3.10 or newer, or {OTHER_WAY}"),
            Self::NoPip { .. } => format!(
                "install pip (on Debian and Ubuntu `apt install python3-pip`, elsewhere \
                 `python3 -m ensurepip`), or {OTHER_WAY}"
            ),
            Self::Install { .. } => format!(
                "the first install needs the network, or a package index in `PIP_INDEX_URL`; or \
                 {OTHER_WAY}"
            ),
            Self::PortTaken { port, by_ministack: true } => format!(
                "stop it, or use it with `AWS_ENDPOINT_URL=http://127.0.0.1:{port}` in place of \
                 `--local`, or set `IMGPREP_LOCAL_PORT` to a free port"
            ),
            Self::PortRefused { .. } => "set `IMGPREP_LOCAL_PORT` to a port above 1023".into(),
            Self::NoExecution { .. } => {
                "set `IMGPREP_LOCAL_DIR` and `IMGPREP_CACHE_DIR` to folders elsewhere".into()
            }
            Self::PortTaken { .. } => "stop it, or set `IMGPREP_LOCAL_PORT` to a free port".into(),
            Self::Ended { .. } | Self::NoAnswer { .. } => {
                format!("run `imgprep local logs` for the full log, or {OTHER_WAY}")
            }
            Self::Unresponsive { .. } => "run `imgprep local stop`, then try again".into(),
            Self::Idle { .. } => "correct `IMGPREP_LOCAL_IDLE`".into(),
            Self::NotRunning => "run `imgprep local start`".into(),
            Self::NeverRan => "run `imgprep up --local`".into(),
            Self::Immortal { pid, .. } => format!("end it with `kill -9 {pid}`"),
            Self::Locked { .. } => "wait for the other imgprep, or end it".into(),
        }
    }
}

/// The kind of an error of the file system, in words.
pub(super) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or folder".into(),
        kind => kind.to_string(),
    }
}
