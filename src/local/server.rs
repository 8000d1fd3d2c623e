//! The gate's process: found by the note of its start, started detached, and stopped in an
//! orderly way.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::error::reason;
use super::python::Python;
use super::{
    Environment, LocalError, Running, Stopped, VERSION, environment, files, gate, http, process,
};

/// How long a start may take: about 3 s are usual, 20 s on a loaded machine with much state.
const START_WAIT_MAX: Duration = Duration::from_mins(1);
/// How long a stop may take, in which the state is written.
const STOP_WAIT_MAX: Duration = Duration::from_secs(15);
/// How long a killed process may take to be gone.
const KILL_WAIT_MAX: Duration = Duration::from_secs(5);
/// How long the server may take to say that it is healthy.
const HEALTH_WAIT_MAX: Duration = Duration::from_secs(5);
/// The pause between two questions for its health.
const PAUSE: Duration = Duration::from_millis(50);
/// The arguments with which imgprep is the gate.
const GATE: [&str; 2] = ["local", "serve"];
/// Those with which Python is a MiniStack without a gate.
const BARE: [&str; 2] = ["-m", "ministack"];
/// A log larger than this is put aside at the next start, and the one put aside before is dropped.
const LOG_BYTES_MAX: u64 = 10 * 1024 * 1024;
/// How many lines of the log a failure shows.
const LINES_MAX: usize = 15;

/// The note of a server that was started.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Record {
    pub(super) pid: u32,
    pub(super) port: u16,
    pub(super) version: String,
    /// Which gate; 0 for a MiniStack without one, as imgprep 0.1 started it.
    #[serde(default)]
    pub(super) gate: u32,
    /// Seconds since 1970.
    pub(super) started: u64,
}

/// What there is of our server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Healthy(Record),
    Unresponsive(Record),
    Nothing,
}

/// The server of one state folder.
pub(super) struct Server<'a> {
    environment: &'a Environment,
}

impl<'a> Server<'a> {
    pub(super) fn new(environment: &'a Environment) -> Self {
        Self { environment }
    }

    /// Waits until no other imgprep starts or stops this server.
    pub(super) fn lock(
        &self,
        doing: &'static str,
        progress: &dyn Fn(&str),
    ) -> Result<File, LocalError> {
        files::lock(&self.environment.lock_file(), doing, progress)
    }

    /// Our server, if the process that the note names lives and is one. The number of an
    /// ended process may belong to any program by now.
    pub(super) fn find(&self) -> Found {
        let noted = fs::read(self.environment.record_file()).ok();
        let Some(record) = noted.and_then(|json| serde_json::from_slice::<Record>(&json).ok())
        else {
            return Found::Nothing;
        };
        let arguments = if record.gate == 0 { &BARE[..] } else { &GATE };
        if !process::is_alive(record.pid) || !process::runs(record.pid, arguments) {
            return Found::Nothing;
        }
        if is_healthy(record.port) { Found::Healthy(record) } else { Found::Unresponsive(record) }
    }

    /// Like [`find`](Self::find), but one that does not answer gets the time that a start takes:
    /// the imgprep that started it may have been killed.
    pub(super) fn settled(&self, progress: &dyn Fn(&str)) -> Found {
        let start = Instant::now();
        loop {
            let found = self.find();
            let Found::Unresponsive(record) = &found else { return found };
            let age = now().saturating_sub(record.started);
            if age > START_WAIT_MAX.as_secs() || start.elapsed() > START_WAIT_MAX {
                return found;
            }
            progress("waiting for the local AWS to answer");
            thread::sleep(PAUSE);
        }
    }

    /// Whether a server is of the version and on the port that are asked for.
    pub(super) fn is_wanted(&self, record: &Record) -> bool {
        record.version == VERSION
            && record.gate == gate::NUMBER
            && record.port == self.environment.port
    }

    /// What those who use it need to know of it.
    pub(super) fn running(&self, record: Record) -> Result<Running, LocalError> {
        Ok(Running {
            endpoint: environment::endpoint(record.port),
            secret: self.environment.secret()?,
            pid: record.pid,
            version: record.version,
        })
    }

    /// Refuses a port that somebody listens on, or that this user may not listen on, and a folder that
    /// nothing can be written to or run from.
    pub(super) fn check(&self) -> Result<(), LocalError> {
        let port = self.environment.port;
        if http::is_open(port) {
            let by_ministack = is_healthy(port) || is_bare_ministack(port);
            return Err(LocalError::PortTaken { port, by_ministack });
        }
        TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .map_err(|error| LocalError::PortRefused { port, reason: reason(&error) })?;
        files::check_usable(&self.environment.cache)?;
        files::check_usable(&self.environment.state)
    }

    /// Starts the server and waits until it answers. One that does not is not left behind.
    pub(super) fn start(&self, python: &Python) -> Result<Record, LocalError> {
        self.environment.secret()?;
        files::create_own_folder(&self.environment.socket_folder())?;
        files::remove_folder(&self.environment.temporary_folder())?;
        for folder in self.environment.resource_folders() {
            files::create_folder(&folder)?;
        }
        let (log, offset) = self.open_log()?;
        let mut child = self
            .command(python, log)?
            .spawn()
            .map_err(|error| LocalError::file("run", Path::new("imgprep"), &error))?;
        let record = Record {
            pid: child.id(),
            port: self.environment.port,
            version: VERSION.to_owned(),
            gate: gate::NUMBER,
            started: now(),
        };
        let result = self.note(&record).and_then(|()| self.wait(&mut child, offset));
        if let Err(error) = result {
            // The error that is reported is the first one.
            let _ = process::kill_group(record.pid);
            let _ = child.wait();
            self.forget();
            return Err(error);
        }
        // Takes note of the server's end, should it come while this process still runs.
        thread::spawn(move || child.wait());
        Ok(record)
    }

    /// Stops whatever there is of the server.
    pub(super) fn stop_found(&self) -> Result<Stopped, LocalError> {
        match self.find() {
            Found::Nothing => Ok(Stopped::Already),
            Found::Healthy(record) | Found::Unresponsive(record) => self.stop(&record),
        }
    }

    /// Stops the server: asks first, so that it saves its state, and kills it when that takes too
    /// long.
    pub(super) fn stop(&self, record: &Record) -> Result<Stopped, LocalError> {
        let immortal = |reason: String| LocalError::Immortal { pid: record.pid, reason };
        process::terminate(record.pid).map_err(|error| immortal(error.to_string()))?;
        let orderly = process::ends_within(record.pid, STOP_WAIT_MAX);
        // Functions that it left running end too.
        let killed = process::kill_group(record.pid);
        if !orderly && !process::ends_within(record.pid, KILL_WAIT_MAX) {
            let reason = killed.err().map_or_else(|| "it was killed".into(), |e| e.to_string());
            return Err(immortal(reason));
        }
        self.forget();
        Ok(if orderly { Stopped::Orderly } else { Stopped::Killed })
    }

    /// The gate's command: in a process group of its own, so that Ctrl-C in a terminal does not reach
    /// it, and with nothing of the user's environment that functions could depend on.
    fn command(&self, python: &Python, log: File) -> Result<Command, LocalError> {
        let environment = self.environment;
        let path = environment.log_file();
        let errors = log.try_clone().map_err(|error| LocalError::file("open", &path, &error))?;
        let program = std::env::current_exe();
        let program =
            program.map_err(|error| LocalError::file("find", Path::new("imgprep"), &error))?;
        let mut command = Command::new(program);
        command.args(GATE).arg(&python.program).arg(python.install_folder(environment));
        command.current_dir(&environment.state).process_group(0);
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        command.env_clear().envs(environment.passed.iter().cloned());
        command.envs(environment.variables());
        Ok(command)
    }

    /// The log, to be written at its end, and where that is.
    fn open_log(&self) -> Result<(File, u64), LocalError> {
        let path = self.environment.log_file();
        let failed = |error| LocalError::file("open", &path, &error);
        let size = fs::metadata(&path).map_or(0, |metadata| metadata.len());
        if size > LOG_BYTES_MAX {
            fs::rename(&path, path.with_added_extension("1")).map_err(failed)?;
        }
        let file = File::options().create(true).append(true).open(&path).map_err(failed)?;
        let offset = file.metadata().map_err(failed)?.len();
        Ok((file, offset))
    }

    /// Waits until the server answers, or ends, or takes too long.
    fn wait(&self, child: &mut Child, offset: u64) -> Result<(), LocalError> {
        let start = Instant::now();
        let log = self.environment.log_file();
        let lines = || files::tail(&log, offset, LINES_MAX);
        while !is_healthy(self.environment.port) {
            if !matches!(child.try_wait(), Ok(None)) {
                return Err(LocalError::Ended { lines: lines(), log });
            }
            if start.elapsed() > START_WAIT_MAX {
                let waited_secs = START_WAIT_MAX.as_secs();
                return Err(LocalError::NoAnswer { waited_secs, lines: lines(), log });
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Writes the note, whole or not at all.
    fn note(&self, record: &Record) -> Result<(), LocalError> {
        let path = self.environment.record_file();
        let failed = |error| LocalError::file("write", &path, &error);
        let json = serde_json::to_vec(record).map_err(|error| failed(error.into()))?;
        let temporary = path.with_added_extension("tmp");
        fs::write(&temporary, json).map_err(failed)?;
        fs::rename(&temporary, &path).map_err(failed)
    }

    /// Removes the note. One that stays names an ended process, which is found out.
    fn forget(&self) {
        let _ = fs::remove_file(self.environment.record_file());
    }
}

/// Whether a gate answers on a port.
fn is_healthy(port: u16) -> bool {
    answers(port, "/_imgprep/health", "\"gate\"")
}

/// Whether a MiniStack answers on a port, with no gate before it.
fn is_bare_ministack(port: u16) -> bool {
    answers(port, "/_ministack/health", "\"services\"")
}

fn answers(port: u16, path: &str, with: &str) -> bool {
    http::request(port, path, HEALTH_WAIT_MAX)
        .is_ok_and(|answer| answer.status == 200 && answer.body.contains(with))
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
