//! What keeps the local AWS from starting. How it runs is tested with the whole program, which is what
//! runs it.

use std::cell::RefCell;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;

use tempfile::TempDir;

use super::server::Record;
use super::*;

/// A local AWS of a test, with folders and a free port of its own.
struct Local {
    environment: Environment,
    folder: TempDir,
}

impl Local {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let environment = Environment {
            state: folder.path().join("state"),
            port: listener.local_addr().unwrap().port(),
            ..Environment::from_process().unwrap()
        };
        Self { environment, folder }
    }

    fn stop(&self) -> Stopped {
        stop(&self.environment, &|_| ()).unwrap()
    }

    fn health(&self) -> Health {
        status(&self.environment).health
    }

    /// Notes a server as if imgprep had started it long ago.
    fn note(&self, pid: u32) {
        let port = self.environment.port;
        let record = Record { pid, port, version: VERSION.into(), gate: gate::NUMBER, started: 0 };
        fs::create_dir_all(&self.environment.state).unwrap();
        let json = serde_json::to_vec(&record).unwrap();
        fs::write(self.environment.record_file(), json).unwrap();
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let mut local = Local::new();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    local.environment.port = port;
    let answer = |body: &'static str| {
        let listener = listener.try_clone().unwrap();
        thread::spawn(move || {
            // One connection asks whether the port is open, the others for the two kinds of health.
            for stream in listener.incoming().take(3) {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 1000]);
                let _ = write!(stream, "HTTP/1.1 200 OK\r\n\r\n{body}");
            }
        })
    };
    let other = answer("hello");
    let error = start(&local.environment, &|_| ()).unwrap_err();
    other.join().unwrap();
    assert_eq!(error, LocalError::PortTaken { port, by_ministack: false });
    assert_eq!(error.to_string(), format!("cannot start the local AWS: port {port} is taken"));
    assert!(error.hint().contains("`IMGPREP_LOCAL_PORT`"));

    let other = answer("{\"services\": {}}");
    let error = start(&local.environment, &|_| ()).unwrap_err();
    other.join().unwrap();
    assert_eq!(error, LocalError::PortTaken { port, by_ministack: true });
    assert!(!local.environment.record_file().exists());
}

#[test]
fn a_python_that_does_not_do_is_named() {
    let mut local = Local::new();
    local.environment.cache = local.folder.path().join("cache");
    let fake = |name: &str, script: &str| {
        let path = local.folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    };
    let old = fake("python3", "echo 3.9.18");
    let bare = fake("python3.12", "[ \"$1\" = -c ] && echo 3.12.1 || exit 1");
    let missing = local.folder.path().join("python");
    let mut check = |pythons: &[&Path]| {
        local.environment.pythons = pythons.iter().map(|path| path.to_path_buf()).collect();
        start(&local.environment, &|_| ()).unwrap_err()
    };

    let error = check(&[&old, &missing]);
    assert_eq!(error.to_string(), "cannot start the local AWS: it needs Python 3.10 or newer");
    assert_eq!(error.why(), [format!("found `{}` 3.9.18", old.display())]);
    assert!(error.hint().contains("`AWS_ENDPOINT_URL`"));
    assert_eq!(check(&[&missing]).why(), ["no Python was found"]);
    let error = check(&[&old, &bare]);
    assert_eq!(error, LocalError::NoPip { python: bare.clone() });
    assert!(error.hint().contains("`apt install python3-pip`"));
}

#[test]
fn a_failed_installation_says_what_pip_said() {
    let mut local = Local::new();
    local.environment.cache = local.folder.path().join("cache");
    let python = local.folder.path().join("python3");
    let script = "#!/bin/sh\ncase \"$*\" in\n-c*) echo 3.11.2;;\n*--version) ;;\n\
                  *) echo Collecting ministack==1; cat \"${15}\" | grep -q sha256 || exit 2; mkdir -p \"$9\"; echo 'ERROR: no route' >&2; exit 1\nesac\n";
    fs::write(&python, script).unwrap();
    fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
    local.environment.pythons = vec![python];
    let said = RefCell::new(Vec::new());
    let error =
        start(&local.environment, &|text| said.borrow_mut().push(text.to_owned())).unwrap_err();
    assert_eq!(error, LocalError::Install { lines: vec!["ERROR: no route".into()] });
    assert_eq!(*said.borrow(), ["installing MiniStack 1.5.33", "installing ministack"]);
    let left: Vec<_> = fs::read_dir(&local.environment.cache).unwrap().collect();
    assert_eq!(left.len(), 1, "more than the lock is left: {left:?}");
}

#[test]
fn a_note_of_an_ended_server_is_no_server() {
    let local = Local::new();
    // This test's own process: alive, and no gate.
    local.note(std::process::id());
    assert_eq!(local.health(), Health::Stopped);
    assert_eq!(local.stop(), Stopped::Already);
    fs::write(local.environment.record_file(), "{").unwrap();
    assert_eq!(local.health(), Health::Stopped);
}

#[test]
fn a_lock_is_not_taken_through_a_link() {
    let local = Local::new();
    let target = local.folder.path().join("precious");
    fs::write(&target, "content").unwrap();
    fs::create_dir_all(&local.environment.state).unwrap();
    std::os::unix::fs::symlink(&target, local.environment.lock_file()).unwrap();
    let error = stop(&local.environment, &|_| ()).unwrap_err();
    let lock = local.environment.lock_file();
    assert_eq!(error.to_string(), format!("cannot lock `{}`", lock.display()));
    assert_eq!(fs::read_to_string(target).unwrap(), "content");
}
