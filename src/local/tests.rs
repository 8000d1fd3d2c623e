//! The local AWS from end to end, on free ports and in folders of their own; only the installed
//! MiniStack is the user's.

use std::cell::RefCell;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::*;

/// A local AWS of a test, stopped when the test ends in whatever way.
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

    /// With a MiniStack of the test's own in place of the real one.
    fn with_module(main: &str) -> Self {
        let mut local = Self::new();
        let python = python::find(&local.environment).unwrap();
        local.environment.cache = local.folder.path().join("cache");
        let module = python.install_folder(&local.environment).join("ministack");
        fs::create_dir_all(&module).unwrap();
        fs::write(module.join("__main__.py"), main).unwrap();
        local
    }

    fn start(&self) -> Running {
        start(&self.environment, &|_| ()).unwrap()
    }

    fn stop(&self) -> Stopped {
        stop(&self.environment, &|_| ()).unwrap()
    }

    fn health(&self) -> Health {
        status(&self.environment).health
    }

    /// Calls AWS as the account's root user, whose signature MiniStack does not check.
    fn call(&self, service: &str, method: &str, path: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.environment.port)).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-length: 0\r\nauthorization: AWS4-HMAC-SHA256 \
             Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, \
             Signature=0\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn topics(&self) -> String {
        self.call("sns", "GET", "/?Action=ListTopics&Version=2010-03-31")
    }

    /// Notes a server as if imgprep had started it long ago.
    fn note(&self, pid: u32, version: &str) {
        let port = self.environment.port;
        let record = Record { pid, port, version: version.into(), started: 0 };
        fs::create_dir_all(&self.environment.state).unwrap();
        let json = serde_json::to_vec(&record).unwrap();
        fs::write(self.environment.record_file(), json).unwrap();
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        if let Some(pid) = status(&self.environment).pid {
            let _ = process::kill_group(pid);
        }
    }
}

#[test]
fn it_starts_once_keeps_its_resources_and_stops() {
    let local = Local::new();
    assert_eq!(local.health(), Health::Stopped);
    let first = local.start();
    assert_eq!(first.endpoint, local.environment.endpoint());
    assert_eq!(local.health(), Health::Running);
    #[cfg(target_os = "linux")]
    {
        assert_eq!(listening(first.pid), [format!("127.0.0.1:{}", local.environment.port)]);
        assert_clean_environment(first.pid);
    }

    let said = RefCell::new(Vec::new());
    let again = start(&local.environment, &|text| said.borrow_mut().push(text.to_owned()));
    assert_eq!(again.unwrap(), first);
    assert_eq!(*said.borrow(), Vec::<String>::new());

    local.call("sns", "GET", "/?Action=CreateTopic&Name=kept&Version=2010-03-31");
    assert!(local.topics().contains(":kept<"));
    local.call("s3", "PUT", "/kept-bucket");
    local.call("s3", "PUT", "/kept-bucket/kept-object");
    assert_eq!(local.stop(), Stopped::Orderly);
    assert!(!process::is_alive(first.pid));
    assert_eq!(local.stop(), Stopped::Already);
    assert_eq!(local.health(), Health::Stopped);

    local.start();
    assert!(local.topics().contains(":kept<"));
    assert!(local.call("s3", "GET", "/kept-bucket").contains("<Key>kept-object<"));
    reset(&local.environment, &|_| ()).unwrap();
    assert!(!local.topics().contains(":kept<"));
    assert!(local.call("s3", "GET", "/kept-bucket").contains("<Code>NoSuchBucket<"));
    let log = logs(&local.environment, 5);
    assert_eq!(log.tail.len(), 5);
    assert_eq!(local.stop(), Stopped::Orderly);
    reset(&local.environment, &|_| ()).unwrap();
    assert!(!local.environment.resources_folder().exists());
}

#[test]
fn a_killed_or_outdated_server_is_replaced() {
    let local = Local::new();
    let first = local.start();
    process::kill_group(first.pid).unwrap();
    assert!(process::ends_within(first.pid, Duration::from_secs(5)));
    assert_eq!(local.health(), Health::Stopped);

    let second = local.start();
    assert_ne!(second.pid, first.pid);
    local.note(second.pid, "1.0.0");
    assert_eq!(status(&local.environment).version, "1.0.0");
    let third = local.start();
    assert!(!process::is_alive(second.pid));
    assert_eq!(third.version, VERSION);
    assert_eq!(local.health(), Health::Running);
}

#[test]
fn two_starts_at_once_make_one_server() {
    let local = Local::new();
    let (one, two) = thread::scope(|scope| {
        let one = scope.spawn(|| local.start());
        let two = scope.spawn(|| local.start());
        (one.join().unwrap(), two.join().unwrap())
    });
    assert_eq!(one, two);
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
            // One connection asks whether the port is open, the other for health.
            for stream in listener.incoming().take(2) {
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
                  *) echo Collecting ministack==1; mkdir -p \"$9\"; echo 'ERROR: no route' >&2; exit 1\nesac\n";
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
fn a_server_that_ends_at_once_says_why() {
    let local = Local::with_module("raise SystemExit('a package is missing')");
    let error = start(&local.environment, &|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "cannot start the local AWS: MiniStack ended at once");
    assert_eq!(error.why()[1..], ["a package is missing"]);
    assert_eq!(local.health(), Health::Stopped);
    assert!(!local.environment.record_file().exists());
}

#[test]
fn a_server_that_does_not_answer_can_be_stopped() {
    let local = Local::with_module("import time; time.sleep(60)");
    let python = python::find(&local.environment).unwrap();
    let mut child = Command::new(&python.program)
        .args(["-m", "ministack"])
        .env("PYTHONPATH", python.install_folder(&local.environment))
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    local.note(child.id(), VERSION);
    let reaper = thread::spawn(move || child.wait());
    // It is one only when the interpreter has taken the place of the forked test.
    while local.health() == Health::Stopped {
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(local.health(), Health::Unresponsive);
    let error = reset(&local.environment, &|_| ()).unwrap_err();
    assert_eq!(error.hint(), "run `imgprep local stop` first");
    assert_eq!(local.stop(), Stopped::Orderly);
    reaper.join().unwrap().unwrap();
    assert_eq!(local.health(), Health::Stopped);
}

#[test]
fn a_note_of_an_ended_server_is_no_server() {
    let local = Local::new();
    // This test's own process: alive, and no MiniStack.
    local.note(std::process::id(), VERSION);
    assert_eq!(local.health(), Health::Stopped);
    assert_eq!(local.stop(), Stopped::Already);
    fs::write(local.environment.record_file(), "{").unwrap();
    assert_eq!(local.health(), Health::Stopped);
}

/// The addresses of IPv4 and IPv6 on which a process listens.
#[cfg(target_os = "linux")]
fn listening(pid: u32) -> Vec<String> {
    let sockets: Vec<String> = fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .filter_map(|entry| fs::read_link(entry.unwrap().path()).ok())
        .map(|link| link.to_string_lossy().into_owned())
        .collect();
    let mut found = Vec::new();
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        let lines = fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap();
        for line in lines.lines().skip(1) {
            let fields: Vec<_> = line.split_whitespace().collect();
            let is_ours = sockets.contains(&format!("socket:[{}]", fields[9]));
            // 0A is a listening TCP socket; any UDP socket receives.
            if is_ours && (fields[3] == "0A" || table.starts_with("udp")) {
                let (address, port) = fields[1].split_once(':').unwrap();
                let port = u16::from_str_radix(port, 16).unwrap();
                let address = match u32::from_str_radix(address, 16) {
                    Ok(number) => Ipv4Addr::from(number.swap_bytes()).to_string(),
                    Err(_) => address.to_owned(),
                };
                found.push(format!("{address}:{port}"));
            }
        }
    }
    found
}

/// Nothing of the user's environment reaches the server but what it needs to run.
#[cfg(target_os = "linux")]
fn assert_clean_environment(pid: u32) {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap();
    let text = String::from_utf8(environment).unwrap();
    let aws: Vec<_> = text.split('\0').filter(|pair| pair.starts_with("AWS_")).collect();
    assert_eq!(aws.len(), 1, "{aws:?}");
    assert!(aws[0].starts_with("AWS_ENDPOINT_URL=http://127.0.0.1:"), "{aws:?}");
    assert!(!text.contains("CARGO_MANIFEST_DIR="));
}
