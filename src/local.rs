//! The local AWS: MiniStack, installed, started, watched and stopped, so that `--local` needs
//! nothing but Python.
//!
//! It is reached through a gate on 127.0.0.1 that takes only what is signed with the user's own secret.
//! It keeps its resources across restarts, runs on when imgprep ends, and stops when nobody uses it.
//! Deliberately absent: AWS calls, printing, and what the local AWS is used for.

mod environment;
mod error;
mod files;
mod gate;
mod http;
mod process;
mod python;
mod secret;
mod server;

use std::path::PathBuf;

pub(crate) use environment::Environment;
pub(crate) use error::LocalError;
pub(crate) use gate::{CDN_PATH, serve};
pub(crate) use secret::Secret;
use server::{Found, Server};

/// The version of MiniStack that imgprep is tested with.
pub(crate) const VERSION: &str = "1.5.33";

/// A local AWS that answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Running {
    /// Where it answers, such as `http://127.0.0.1:4566`: the value for `AWS_ENDPOINT_URL`.
    pub(crate) endpoint: String,
    /// What its root signs with.
    pub(crate) secret: Secret,
    pub(crate) pid: u32,
    /// The version of MiniStack.
    pub(crate) version: String,
}

/// The region of those who name none.
pub(crate) const REGION: &str = "us-east-1";
/// The access key that is the root of the first account, and so the whole of the local AWS.
pub(crate) const ROOT_KEY: &str = gate::ROOT_KEY;

/// How the local AWS is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) health: Health,
    pub(crate) endpoint: String,
    /// `None` when it is stopped.
    pub(crate) pid: Option<u32>,
    /// The version that runs, or that would be started.
    pub(crate) version: String,
    /// Where it keeps its resources.
    pub(crate) state_folder: PathBuf,
    pub(crate) log_file: PathBuf,
}

/// Whether the local AWS runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    Running,
    Stopped,
    /// Its process lives but does not answer.
    Unresponsive,
}

/// What stopping did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// It was not running.
    Already,
    /// It ended by itself, with its resources saved.
    Orderly,
    /// It had to be killed: what changed since it was started may be lost.
    Killed,
}

/// The log of the local AWS, which also holds what functions write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Log {
    pub(crate) path: PathBuf,
    /// The last lines, oldest first.
    pub(crate) tail: Vec<String>,
}

/// Makes the local AWS run: installs it where it is not, starts it where it does not run, and
/// leaves alone one that does. Returns when it answers.
pub(crate) fn start(
    environment: &Environment,
    progress: &dyn Fn(&str),
) -> Result<Running, LocalError> {
    let server = Server::new(environment);
    if let Found::Healthy(record) = server.find()
        && server.is_wanted(&record)
    {
        return server.running(record);
    }
    let _lock = server.lock("starting or stopping the local AWS", progress)?;
    match server.settled(progress) {
        Found::Healthy(record) if server.is_wanted(&record) => return server.running(record),
        Found::Healthy(record) | Found::Unresponsive(record) => {
            progress("stopping the local AWS, which is outdated or not responding");
            server.stop(&record)?;
        }
        Found::Nothing => {}
    }
    server.check()?;
    let python = python::find(environment)?;
    python::install(&python, environment, progress)?;
    progress("starting the local AWS");
    server.start(&python).and_then(|record| server.running(record))
}

/// The local AWS as it runs, for those who only look and remove.
pub(crate) fn running(environment: &Environment) -> Result<Running, LocalError> {
    let server = Server::new(environment);
    match server.find() {
        Found::Healthy(record) => server.running(record),
        Found::Unresponsive(record) => Err(LocalError::Unresponsive { pid: record.pid }),
        Found::Nothing if environment.resources_folder().exists() => Err(LocalError::NotRunning),
        Found::Nothing => Err(LocalError::NeverRan),
    }
}

/// Whether the environment has every AWS tool use the local AWS, whether it runs or not.
pub(crate) fn is_in_environment() -> bool {
    let url = std::env::var("AWS_ENDPOINT_URL");
    Environment::from_process().is_ok_and(|environment| url == Ok(environment.endpoint()))
}

/// Whether an address is that of the local AWS, which runs.
pub(crate) fn is_at(url: &str) -> bool {
    let environment = Environment::from_process();
    environment
        .is_ok_and(|environment| environment.endpoint() == url && running(&environment).is_ok())
}

/// What an SDK needs to call the local AWS, as environment variables, and it does so over restarts.
pub(crate) fn variables(
    environment: &Environment,
    region: Option<&str>,
) -> Result<[(&'static str, String); 6], LocalError> {
    let region = region.unwrap_or(REGION);
    Ok([
        ("AWS_ENDPOINT_URL", environment.endpoint()),
        // Version 1 of the AWS CLI reads no other for SQS.
        ("AWS_ENDPOINT_URL_SQS", environment.endpoint()),
        ("AWS_ACCESS_KEY_ID", ROOT_KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", environment.secret()?.expose().to_owned()),
        // Python's SDK and the AWS CLI read the second only.
        ("AWS_REGION", region.to_owned()),
        ("AWS_DEFAULT_REGION", region.to_owned()),
    ])
}

/// Stops the local AWS in an orderly way, so that it saves its resources.
pub(crate) fn stop(
    environment: &Environment,
    progress: &dyn Fn(&str),
) -> Result<Stopped, LocalError> {
    let server = Server::new(environment);
    let _lock = server.lock("starting or stopping the local AWS", progress)?;
    server.stop_found()
}

/// How the local AWS is. Changes nothing.
pub(crate) fn status(environment: &Environment) -> Status {
    let (health, record) = match Server::new(environment).find() {
        Found::Healthy(record) => (Health::Running, Some(record)),
        Found::Unresponsive(record) => (Health::Unresponsive, Some(record)),
        Found::Nothing => (Health::Stopped, None),
    };
    let (port, pid, version) = match record {
        Some(record) => (record.port, Some(record.pid), record.version),
        None => (environment.port, None, VERSION.to_owned()),
    };
    Status {
        health,
        endpoint: environment::endpoint(port),
        pid,
        version,
        state_folder: environment.state.clone(),
        log_file: environment.log_file(),
    }
}

/// The version of the Python with which the local AWS can be started. Changes nothing.
pub(crate) fn can_start(environment: &Environment) -> Result<String, LocalError> {
    Server::new(environment).check()?;
    let python = python::find(environment)?;
    Ok(python.version())
}

/// Empties the local AWS: every resource of every account is gone, and with its secret all that was
/// signed. If it was running, it is started again.
pub(crate) fn reset(environment: &Environment, progress: &dyn Fn(&str)) -> Result<(), LocalError> {
    let server = Server::new(environment);
    let was_running = {
        let _lock = server.lock("starting or stopping the local AWS", progress)?;
        let was_running = server.stop_found()? != Stopped::Already;
        for folder in environment.resource_folders() {
            files::remove_folder(&folder)?;
        }
        secret::forget(&environment.secret_file())?;
        was_running
    };
    if was_running { start(environment, progress).map(|_| ()) } else { Ok(()) }
}

/// The log and its last lines: none when it never ran.
pub(crate) fn logs(environment: &Environment, lines_max: usize) -> Log {
    let path = environment.log_file();
    let tail = files::tail(&path, 0, lines_max);
    Log { path, tail }
}

#[cfg(test)]
mod tests;
