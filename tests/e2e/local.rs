//! The local AWS: how it starts, runs and stops.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use aws_sdk_s3::error::ProvideErrorMetadata;
use imgprep_testkit::clients::Clients;
use imgprep_testkit::{Output, REGION, command, free_port, run, wait_for};
use serde_json::Value;
use tempfile::TempDir;

/// A local AWS of a test's own, stopped when the test ends in whatever way.
struct Local {
    folder: TempDir,
    port: u16,
    cache: Option<PathBuf>,
    idle_minutes: &'static str,
}

impl Local {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, port: free_port(), cache: None, idle_minutes: "0" }
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    fn command(&self) -> Command {
        let mut command = command();
        command.current_dir(self.folder.path()).env("IMGPREP_LOCAL_DIR", self.state());
        command.env("IMGPREP_LOCAL_PORT", self.port.to_string());
        command.env("IMGPREP_LOCAL_IDLE", self.idle_minutes);
        command.envs(self.cache.iter().map(|cache| ("IMGPREP_CACHE_DIR", cache)));
        command
    }

    fn imgprep(&self, arguments: &[&str]) -> Output {
        run(self.command().args(arguments))
    }

    fn local(&self, what: &str) -> Value {
        self.imgprep(&["local", what, "--json"]).exits(0).json()
    }

    /// Its state and its process.
    fn status(&self) -> (String, Option<u32>) {
        let status = self.local("status");
        let pid = status["pid"].as_u64().map(|pid| u32::try_from(pid).unwrap());
        (status["state"].as_str().unwrap().to_owned(), pid)
    }

    fn secret(&self) -> String {
        self.local("env")["AWS_SECRET_ACCESS_KEY"].as_str().unwrap().to_owned()
    }

    fn aws(&self) -> Clients {
        Clients::at(self.port, ("test", &self.secret()))
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.imgprep(&["local", "stop"]);
    }
}

/// Sends a signal to a process, or to the group that it leads.
fn signal(name: &str, target: &str) {
    let kill = Command::new("kill").args([&format!("-{name}"), "--", target]).status().unwrap();
    assert!(kill.success(), "kill -{name} {target}");
}

/// The interpreter itself, behind any shim.
fn python() -> PathBuf {
    let print = "import sys; print(sys.executable)";
    let output = Command::new("python3").args(["-c", print]).output().unwrap();
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

async fn ends(pid: u32) {
    let path = format!("/proc/{pid}/cmdline");
    wait_for("the end of a process", async || {
        // One that has ended and is not taken note of yet has no command line.
        fs::read(&path).unwrap_or_default().is_empty().then_some(())
    })
    .await;
}

pub(crate) async fn it_starts_once_keeps_its_resources_and_its_secret_and_stops() {
    let local = Local::new();
    assert_eq!(local.status(), ("stopped".to_owned(), None));
    let variables = local.local("env");
    assert_eq!(variables["AWS_ENDPOINT_URL"], format!("http://127.0.0.1:{}", local.port));
    assert_eq!(variables["AWS_ACCESS_KEY_ID"], "test");
    assert_eq!(variables["AWS_REGION"], REGION);
    local.local("start");
    let (state, first) = local.status();
    assert_eq!(state, "running");
    local.local("start");
    assert_eq!(local.status(), (state, first), "it is left as it is");
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(local.state()), 0o700);
    assert_eq!(mode(local.state().join("socket")), 0o700);
    assert_eq!(mode(local.state().join("secret")), 0o600);

    let aws = local.aws();
    aws.s3.create_bucket().bucket("kept").send().await.unwrap();
    aws.s3.put_object().bucket("kept").key("an/object").send().await.unwrap();
    assert_eq!(local.local("stop")["state"], "stopped");
    ends(first.unwrap()).await;
    local.local("stop");

    local.local("start");
    assert_eq!(local.local("env"), variables, "whoever exported them keeps them");
    let kept = aws.s3.list_objects_v2().bucket("kept").send().await.unwrap();
    assert_eq!(kept.contents()[0].key(), Some("an/object"));
    assert!(local.local("logs")["lines"].as_array().unwrap().len() > 2);

    let (_, before) = local.status();
    local.local("reset");
    let (state, after) = local.status();
    assert_eq!(state, "running");
    assert_ne!(before, after);
    assert_ne!(local.local("env")["AWS_SECRET_ACCESS_KEY"], variables["AWS_SECRET_ACCESS_KEY"]);
    let refused = aws.s3.list_buckets().send().await.unwrap_err();
    assert_eq!(refused.code(), Some("SignatureDoesNotMatch"));
    assert_eq!(local.aws().s3.list_buckets().send().await.unwrap().buckets(), []);
}

pub(crate) async fn two_starts_at_once_make_one_and_a_killed_one_is_replaced() {
    let local = Local::new();
    let start = || {
        let mut command = local.command();
        command.args(["local", "start"]).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    for mut started in [start(), start()] {
        assert!(started.wait().unwrap().success());
    }
    let (_, first) = local.status();
    signal("KILL", &first.unwrap().to_string());
    ends(first.unwrap()).await;
    assert_eq!(local.status().0, "stopped");
    local.local("start");
    let (state, second) = local.status();
    assert_eq!(state, "running");
    assert_ne!(first, second);
    // As an earlier imgprep noted it.
    let note = local.state().join("server.json");
    let mut record: Value = serde_json::from_str(&fs::read_to_string(&note).unwrap()).unwrap();
    record["version"] = "1.0.0".into();
    fs::write(&note, record.to_string()).unwrap();
    local.local("start");
    assert_ne!(local.status().1, second);
    ends(second.unwrap()).await;
}

pub(crate) async fn one_that_does_not_answer_is_told_and_stopped() {
    let local = Local::new();
    local.local("start");
    let (_, pid) = local.status();
    let pid = pid.unwrap();
    signal("STOP", &pid.to_string());
    assert_eq!(local.status(), ("unresponsive".to_owned(), Some(pid)));
    assert_eq!(local.local("stop")["state"], "stopped");
    ends(pid).await;
}

pub(crate) async fn one_that_ends_at_once_says_why() {
    let mut local = Local::new();
    let cache = local.folder.path().join("cache");
    // What is installed stands in the folder's name as the hash of the lock.
    let version = "import hashlib, sys; lock = hashlib.sha256(open(sys.argv[1], 'rb').read()); \
                   print('%s-py%d.%d' % (lock.hexdigest()[:8], *sys.version_info[:2]))";
    let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/src/local/ministack.lock");
    let python = Command::new("python3").args(["-c", version, lock]).output().unwrap();
    let python = String::from_utf8(python.stdout).unwrap();
    let installed = local.local("status")["version"].as_str().unwrap().to_owned();
    let packages = cache.join(format!("ministack-{installed}-{}", python.trim()));
    fs::create_dir_all(packages.join("hypercorn")).unwrap();
    let module = packages.join("hypercorn/__init__.py");
    fs::write(module, "raise SystemExit('a package is missing')\n").unwrap();
    local.cache = Some(cache);
    let failed = local.imgprep(&["local", "start"]).exits(1);
    assert!(failed.stderr.contains("error: cannot start the local AWS"), "{failed}");
    assert!(failed.stderr.contains("  a package is missing\n"), "{failed}");
    assert_eq!(local.status(), ("stopped".to_owned(), None));
}

pub(crate) async fn it_stops_when_nobody_uses_it_and_is_not_started_only_to_look() {
    let mut local = Local::new();
    local.idle_minutes = "0.05";
    local.local("start");
    let (_, pid) = local.status();
    ends(pid.unwrap()).await;
    let file = "name = \"idle\"\n[bucket]\nname = \"idle-bucket\"\n[[variants]]\nsize = \"8x6\"\n";
    fs::write(local.folder.path().join("pipeline.toml"), file).unwrap();
    for command in [&["status"][..], &["plan"], &["down", "--yes"]] {
        let mut command = command.to_vec();
        command.push("--local");
        let failed = local.imgprep(&command).exits(1);
        let expected = "error: the local AWS is not running\n  its data is kept\n\n\
                        hint: run `imgprep local start`\n";
        assert!(failed.stderr.ends_with(expected), "{failed}");
    }
    assert_eq!(local.status().0, "stopped");
    let mut command = local.command();
    command.env("IMGPREP_LOCAL_IDLE", "soon");
    let failed = run(command.args(["local", "start"])).exits(1);
    assert!(failed.stderr.contains("cannot use `soon` as the idle minutes"), "{failed}");
}

pub(crate) async fn this_program_serves_as_the_function_without_a_build() {
    let local = Local::new();
    let file =
        "name = \"quick\"\n[bucket]\nname = \"quick-bucket\"\n[[variants]]\nsize = \"80x60\"\n";
    fs::write(local.folder.path().join("pipeline.toml"), file).unwrap();
    // Where no cargo is.
    let path = local.folder.path().join("bin");
    fs::create_dir(&path).unwrap();
    symlink(python(), path.join("python3")).unwrap();
    let imgprep = |arguments: &[&str]| run(local.command().env("PATH", &path).args(arguments));
    imgprep(&["up", "--local"]).exits(0);
    let tried = imgprep(&["try", "--local", "--json"]).exits(0).json();
    let variants = tried["variants"].as_array().unwrap();
    assert_eq!((variants.len(), &variants[0]["width"]), (1, &80.into()));
    assert_eq!(imgprep(&["status", "--local", "--json"]).exits(0).json()["state"], "ready");
    // Without the option, the variables that other programs use lead to the same answer.
    let variables = local.local("env");
    let variables = variables.as_object().unwrap().iter();
    let variables = variables.filter_map(|(name, value)| Some((name, value.as_str()?)));
    let mut status = local.command();
    status.envs(variables).args(["status", "--json"]);
    assert_eq!(run(&mut status).exits(0).json()["state"], "ready");

    let plan = imgprep(&["plan", "--local", "--release-function", "--json"]).exits(0).json();
    let changes = plan["resources"].as_array().unwrap().iter().filter(|it| it["action"] != "none");
    let ids: Vec<&Value> = changes.map(|it| &it["id"]).collect();
    assert_eq!(ids, ["function"], "AWS would get another one");
    let refused = imgprep(&["up", "--yes", "--release-function"]).exits(2);
    assert!(refused.stderr.contains("--local"), "{refused}");
}
