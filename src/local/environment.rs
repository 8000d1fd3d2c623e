//! Where the local AWS is kept and listens: the one place where this module meets the environment
//! of the process.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::{LocalError, Secret, VERSION, gate, secret};

/// The port that emulators of AWS have, and that tools around them expect.
const PORT: u16 = 4566;
/// How long nobody asks for anything before the local AWS stops.
const IDLE_MINUTES: f64 = 30.0;
/// A year.
const MINUTES_MAX: f64 = 525_600.0;
/// What may be a Python that is new enough, best first: the user's default, then by version.
const PYTHONS: [&str; 7] =
    ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10", "python"];
/// What of the user's environment reaches the server, and through it every function. Nothing else
/// does: no credentials, and no setting of another emulator.
const PASSED: [&str; 7] = ["HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "TZ", "USER"];

/// The folders, the port and the interpreters that the local AWS uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Environment {
    /// What can be made again: the installed MiniStack, built functions.
    pub(crate) cache: PathBuf,
    /// What the local AWS holds, its log, and the note of who runs.
    pub(crate) state: PathBuf,
    pub(crate) port: u16,
    /// After how long without a request it stops; zero for never.
    pub(crate) idle_max: Duration,
    /// Interpreters to try, in this order.
    pub(crate) pythons: Vec<PathBuf>,
    /// The variables that the server gets beside its settings.
    pub(crate) passed: Vec<(&'static str, OsString)>,
}

impl Environment {
    /// From `IMGPREP_CACHE_DIR`, `IMGPREP_LOCAL_DIR`, `IMGPREP_LOCAL_PORT` and `IMGPREP_LOCAL_IDLE`
    /// (minutes), else from the XDG folders, else from the home folder.
    pub(crate) fn from_process() -> Result<Self, LocalError> {
        Self::from_variables(&|name| env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn from_variables(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, LocalError> {
        let folder = |own: &str, xdg: &str, in_home: &str, in_xdg: &str| {
            if let Some(folder) = variable(own) {
                return Ok(PathBuf::from(folder));
            }
            // The XDG specification has relative paths ignored.
            if let Some(base) = variable(xdg).map(PathBuf::from).filter(|base| base.is_absolute()) {
                return Ok(base.join(in_xdg));
            }
            let home = variable("HOME").ok_or(LocalError::NoHome)?;
            Ok(PathBuf::from(home).join(in_home).join(in_xdg))
        };
        let port = match variable("IMGPREP_LOCAL_PORT") {
            None => PORT,
            Some(text) => match text.parse() {
                Ok(port) if port > 0 => port,
                _ => return Err(LocalError::Port { text }),
            },
        };
        let idle_minutes = match variable("IMGPREP_LOCAL_IDLE") {
            None => IDLE_MINUTES,
            Some(text) => match text.parse() {
                Ok(minutes) if (0.0..=MINUTES_MAX).contains(&minutes) => minutes,
                _ => return Err(LocalError::Idle { text }),
            },
        };
        Ok(Self {
            cache: absolute(folder("IMGPREP_CACHE_DIR", "XDG_CACHE_HOME", ".cache", "imgprep")?),
            state: absolute(folder(
                "IMGPREP_LOCAL_DIR",
                "XDG_STATE_HOME",
                ".local/state",
                "imgprep/local",
            )?),
            port,
            idle_max: Duration::from_secs_f64(60.0 * idle_minutes),
            pythons: PYTHONS.map(PathBuf::from).to_vec(),
            passed: PASSED.iter().filter_map(|name| Some((*name, env::var_os(name)?))).collect(),
        })
    }

    /// Where the local AWS answers.
    pub(crate) fn endpoint(&self) -> String {
        endpoint(self.port)
    }

    /// The secret that goes with every access key that is an account.
    pub(crate) fn secret(&self) -> Result<Secret, LocalError> {
        super::files::create_private_folder(&self.state)?;
        secret::read_or_make(&self.secret_file())
    }

    pub(super) fn secret_file(&self) -> PathBuf {
        self.state.join("secret")
    }

    /// What the local AWS and its functions write.
    pub(super) fn log_file(&self) -> PathBuf {
        self.state.join("ministack.log")
    }

    /// Where the socket is, behind which MiniStack answers.
    pub(super) fn socket_folder(&self) -> PathBuf {
        self.state.join(gate::SOCKET_FOLDER)
    }

    /// The variables from which the gate has the same environment.
    pub(super) fn variables(&self) -> [(&'static str, OsString); 4] {
        let minutes = self.idle_max.as_secs_f64() / 60.0;
        [
            ("IMGPREP_CACHE_DIR", self.cache.clone().into()),
            ("IMGPREP_LOCAL_DIR", self.state.clone().into()),
            ("IMGPREP_LOCAL_PORT", self.port.to_string().into()),
            ("IMGPREP_LOCAL_IDLE", minutes.to_string().into()),
        ]
    }

    /// The note of the server that was started last.
    pub(super) fn record_file(&self) -> PathBuf {
        self.state.join("server.json")
    }

    /// The lock that starting and stopping take.
    pub(super) fn lock_file(&self) -> PathBuf {
        self.state.join("lock")
    }

    /// All resources but the objects of S3.
    pub(super) fn resources_folder(&self) -> PathBuf {
        self.state.join("resources")
    }

    /// The objects of S3.
    pub(super) fn objects_folder(&self) -> PathBuf {
        self.state.join("objects")
    }

    /// What the server unpacks, made new with every start.
    pub(super) fn temporary_folder(&self) -> PathBuf {
        self.state.join("tmp")
    }

    /// Everything that a reset empties.
    pub(super) fn resource_folders(&self) -> [PathBuf; 3] {
        [self.resources_folder(), self.objects_folder(), self.temporary_folder()]
    }

    /// MiniStack as installed for a version of Python, whose compiled packages fit no other; `packages`
    /// tells what is installed with it.
    pub(super) fn install_folder(&self, packages: &str, python_version: (u32, u32)) -> PathBuf {
        let (major, minor) = python_version;
        self.cache.join(format!("ministack-{VERSION}-{packages}-py{major}.{minor}"))
    }
}

pub(super) fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(variables: &[(&str, &str)]) -> Result<Environment, LocalError> {
        Environment::from_variables(&|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn folders_follow_our_variables_then_xdg_then_home() {
        let environment = check(&[("HOME", "/home/a")]).unwrap();
        assert_eq!(environment.cache, PathBuf::from("/home/a/.cache/imgprep"));
        assert_eq!(environment.state, PathBuf::from("/home/a/.local/state/imgprep/local"));
        assert_eq!(environment.endpoint(), "http://127.0.0.1:4566");
        let xdg = [("HOME", "/home/a"), ("XDG_CACHE_HOME", "/c"), ("XDG_STATE_HOME", "relative")];
        let environment = check(&xdg).unwrap();
        assert_eq!(environment.cache, PathBuf::from("/c/imgprep"));
        assert_eq!(environment.state, PathBuf::from("/home/a/.local/state/imgprep/local"));
        let own = [
            ("IMGPREP_CACHE_DIR", "/x"),
            ("IMGPREP_LOCAL_DIR", "/y"),
            ("IMGPREP_LOCAL_PORT", "4600"),
            ("XDG_CACHE_HOME", "/c"),
        ];
        let environment = check(&own).unwrap();
        assert_eq!(environment.cache, PathBuf::from("/x"));
        assert_eq!(environment.state, PathBuf::from("/y"));
        assert_eq!(environment.endpoint(), "http://127.0.0.1:4600");
    }

    #[test]
    fn what_is_no_port_and_no_home_is_named() {
        for text in ["0", "65536", "http"] {
            let error = check(&[("HOME", "/"), ("IMGPREP_LOCAL_PORT", text)]).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("cannot use `{text}` as the port of the local AWS")
            );
        }
        assert_eq!(check(&[]), Err(LocalError::NoHome));
    }
}
