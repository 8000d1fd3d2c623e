//! What every test begins with: a pipeline of its own, and imgprep run on it.

use std::cell::Cell;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Child;
use tokio::runtime::Runtime;

use crate::clients::Clients;
use crate::emulator;
use crate::proxy::Proxy;

pub(crate) const REGION: &str = "us-east-1";

/// How long anything may take that a test waits for.
const WAIT_MAX: Duration = Duration::from_secs(90);
/// How long a run beside others may take.
const RUN_MAX: Duration = Duration::from_mins(3);
const WAIT_PAUSE: Duration = Duration::from_millis(100);

/// What nobody should ever read: a crash, and an SDK's own words.
const BARE: [&str; 4] = ["panicked", "service error", "dispatch failure", "unhandled error"];

/// Serves the proxies; each test runs on a thread of its own.
pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

static STACKS: AtomicU64 = AtomicU64::new(0);

/// One pipeline: its file, its names, its account, and the proxy that its imgprep talks to.
pub(crate) struct Pipeline {
    pub(crate) stack: String,
    pub(crate) bucket: String,
    pub(crate) topic: String,
    pub(crate) function: String,
    pub(crate) account: String,
    /// Straight at the emulator, past the proxy.
    pub(crate) aws: Clients,
    pub(crate) proxy: Proxy,
    access_key: String,
    folder: TempDir,
    may_be_up: Cell<bool>,
}

impl Pipeline {
    /// In an account that no other test uses.
    pub(crate) async fn new(label: &str) -> Self {
        let number = STACKS.fetch_add(1, Ordering::Relaxed);
        Self::build(label, number, format!("{:012}", 100_000_000_000 + number)).await
    }

    /// In the emulator's default account, the only one whose distributions it serves to everybody.
    pub(crate) async fn with_cdn(label: &str) -> Self {
        let number = STACKS.fetch_add(1, Ordering::Relaxed);
        Self::build(label, number, "test".to_owned()).await
    }

    async fn build(label: &str, number: u64, access_key: String) -> Self {
        let account = if access_key == "test" { "000000000000" } else { &access_key };
        let pipeline = Self {
            stack: format!("{label}-{number}"),
            bucket: format!("{label}-bucket-{number}"),
            topic: format!("{label}-topic-{number}"),
            function: format!("{label}-function-{number}"),
            account: account.to_owned(),
            aws: Clients::new(&access_key),
            proxy: Proxy::start(emulator::port()).await,
            access_key,
            folder: tempfile::tempdir().unwrap(),
            may_be_up: Cell::new(false),
        };
        pipeline.write(&pipeline.standard_file());
        pipeline
    }

    fn standard_file(&self) -> String {
        let Self { stack, bucket, topic, function, .. } = self;
        format!(
            "name = \"{stack}\"\n\n\
             [bucket]\nname = \"{bucket}\"\n\n\
             [topic]\nname = \"{topic}\"\n\n\
             [function]\nname = \"{function}\"\n\n\
             [[variants]]\nsize = \"800x600\"\n\n\
             [[variants]]\nsize = \"400x300\"\n\n\
             [tags]\nteam = \"tests\"\n"
        )
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn file(&self) -> PathBuf {
        self.folder().join("pipeline.toml")
    }

    /// Replaces the pipeline's file.
    pub(crate) fn write(&self, text: &str) {
        fs::write(self.file(), text).unwrap();
    }

    /// Puts `function.zip` beside the pipeline's file.
    pub(crate) fn put_function(&self, zip: &[u8]) {
        fs::write(self.folder().join("function.zip"), zip).unwrap();
    }

    /// Changes one place of the pipeline's file.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.file()).unwrap();
        assert_eq!(text.matches(from).count(), 1, "`{from}` is once in\n{text}");
        self.write(&text.replace(from, to));
    }

    /// imgprep for this pipeline's file, account and proxy.
    pub(crate) fn command(&self) -> Command {
        let mut command = emulator::command();
        command
            .current_dir(self.folder())
            .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.proxy.port))
            .env("AWS_ACCESS_KEY_ID", &self.access_key)
            .env("AWS_SECRET_ACCESS_KEY", emulator::secret())
            .env("AWS_REGION", REGION);
        command
    }

    /// Runs imgprep without a terminal.
    pub(crate) fn imgprep(&self, arguments: &[&str]) -> Output {
        if arguments.first() == Some(&"up") {
            self.may_be_up.set(true);
        }
        run(self.command().args(arguments))
    }

    /// As `imgprep`, but beside other work of the test, and not for ever.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        ended(self.start(arguments, Stdio::piped), arguments).await
    }

    /// Starts imgprep; it is killed with SIGKILL when the child is dropped.
    pub(crate) fn start(&self, arguments: &[&str], output: fn() -> Stdio) -> Child {
        if arguments.first() == Some(&"up") {
            self.may_be_up.set(true);
        }
        let mut command = self.command();
        command.args(arguments).stdin(Stdio::null()).stdout(output()).stderr(output());
        tokio::process::Command::from(command).kill_on_drop(true).spawn().unwrap()
    }

    /// The test has seen for itself that nothing is left to take down, or why not.
    pub(crate) fn is_over(&self) {
        self.may_be_up.set(false);
    }

    /// `up --yes`, which must succeed.
    pub(crate) fn up(&self) -> Output {
        self.imgprep(&["up", "--yes"]).exits(0)
    }

    /// `down --yes`, which must succeed.
    pub(crate) fn down(&self) -> Output {
        self.imgprep(&["down", "--yes"]).exits(0)
    }

    /// `status --json`, which must end with this exit code.
    pub(crate) fn status(&self, code: i32) -> Value {
        self.imgprep(&["status", "--json"]).exits(code).json()
    }

    /// Proves that there is nothing left to do.
    pub(crate) fn assert_whole(&self) {
        self.imgprep(&["plan", "--exit-code"]).exits(0);
    }

    /// The ARN of something in this pipeline's account and region.
    pub(crate) fn arn(&self, service: &str, name: &str) -> String {
        format!("arn:aws:{service}:{REGION}:{}:{name}", self.account)
    }

    pub(crate) fn topic_arn(&self) -> String {
        self.arn("sns", &self.topic)
    }

    pub(crate) fn function_arn(&self) -> String {
        self.arn("lambda", &format!("function:{}", self.function))
    }

    pub(crate) fn queue(&self) -> String {
        format!("{}-dead-letters", self.stack)
    }

    pub(crate) fn log_group(&self) -> String {
        format!("/aws/lambda/{}", self.function)
    }

    pub(crate) fn log_group_arn(&self) -> String {
        self.arn("logs", &format!("log-group:{}", self.log_group()))
    }

    pub(crate) fn role(&self) -> String {
        format!("LambdaS3{}", camel_case(&self.bucket))
    }

    pub(crate) fn role_arn(&self) -> String {
        let (account, stack) = (&self.account, &self.stack);
        format!("arn:aws:iam::{account}:role/imgprep/{stack}/{}", self.role())
    }

    pub(crate) fn policy(&self) -> String {
        format!("AllowAccessOn{}", camel_case(&self.bucket))
    }

    pub(crate) fn policy_arn(&self) -> String {
        let (account, stack) = (&self.account, &self.stack);
        format!("arn:aws:iam::{account}:policy/imgprep/{stack}/{}", self.policy())
    }

    pub(crate) fn cdn(&self) -> String {
        format!("imgprep-{}-{REGION}", self.stack)
    }
}

/// Every test takes its stack down, also one that fails.
impl Drop for Pipeline {
    fn drop(&mut self) {
        if !self.may_be_up.get() {
            return;
        }
        self.proxy.clear_rules();
        self.write(&self.standard_file());
        let output = self.imgprep(&["down", "--yes", "--delete-images"]);
        if !std::thread::panicking() {
            output.exits(0);
        }
    }
}

/// What a run of imgprep came to.
#[derive(Debug)]
pub(crate) struct Output {
    arguments: String,
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Output {
    pub(crate) fn of(arguments: String, output: std::process::Output, took: Duration) -> Self {
        Self {
            arguments,
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            took,
        }
    }

    /// What standard error says, whatever the width of its lines.
    pub(crate) fn told(&self) -> String {
        self.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Proves the exit code; that imgprep did not panic, and never showed an SDK's own words.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert!(self.code == code, "expected exit code {code}: {self}");
        for word in BARE {
            assert!(!self.stderr.contains(word), "`{word}` was shown: {self}");
            assert!(!self.stdout.contains(word), "`{word}` was shown: {self}");
        }
        self
    }

    /// What is wrong with a run that should have ended well, or with an error that says what could
    /// not be done and what to do now.
    pub(crate) fn not_plain(&self) -> Option<String> {
        let is_plain = self.code == 0
            || self.code == 1
                && self.stderr.contains("error: cannot ")
                && self.stderr.contains("hint: ");
        let bare = BARE.iter().find(|word| self.stderr.contains(*word));
        match (is_plain, bare) {
            (true, None) => None,
            (true, Some(word)) => Some(format!("`{word}` was shown: {self}")),
            (false, _) => Some(format!("it does not say plainly what happened: {self}")),
        }
    }

    /// Standard output as one JSON document and nothing else.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        match serde_json::from_str(&self.stdout) {
            Ok(document) => document,
            Err(error) => panic!("no JSON, {error}: {self}"),
        }
    }

    /// The error of a failed run with `--json`, whose shape is always the same.
    #[track_caller]
    pub(crate) fn error(&self) -> Failed {
        let document = self.json();
        let keys: Vec<&String> = document.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["error"], "{self}");
        let error = document["error"].as_object().unwrap();
        let keys: Vec<&String> = error.keys().collect();
        assert_eq!(keys, ["code", "hint", "message", "resource"], "{self}");
        let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
        Failed {
            message: text("message"),
            resource: text("resource"),
            code: text("code"),
            hint: text("hint"),
        }
    }
}

/// The parts of an error; "" for null.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) message: String,
    pub(crate) resource: String,
    pub(crate) code: String,
    pub(crate) hint: String,
}

impl fmt::Display for Output {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { arguments, code, stdout, stderr, took } = self;
        write!(
            formatter,
            "`imgprep {arguments}` ended with {code} after {took:.1?}\n\
             --- stdout\n{stdout}\n--- stderr\n{stderr}"
        )
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Output {
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output().unwrap();
    let arguments: Vec<_> = command.get_args().map(|it| it.to_string_lossy()).collect();
    Output::of(arguments.join(" "), output, start.elapsed())
}

/// What a run that was started comes to; one that does not end is killed.
pub(crate) async fn ended(mut child: Child, arguments: &[&str]) -> Output {
    let start = Instant::now();
    // Read while it runs, so that what it said is there even if it has to be killed.
    let stdout = tokio::spawn(read(child.stdout.take().unwrap()));
    let stderr = tokio::spawn(read(child.stderr.take().unwrap()));
    let status = tokio::time::timeout(RUN_MAX, child.wait()).await;
    if status.is_err() {
        child.kill().await.unwrap();
    }
    let late = if status.is_err() { "\nit was killed, as it did not end" } else { "" };
    Output {
        arguments: arguments.join(" "),
        code: status.ok().and_then(|status| status.unwrap().code()).unwrap_or(-1),
        stdout: stdout.await.unwrap(),
        stderr: stderr.await.unwrap() + late,
        took: start.elapsed(),
    }
}

async fn read(mut pipe: impl AsyncRead + Unpin) -> String {
    let mut text = String::new();
    pipe.read_to_string(&mut text).await.unwrap();
    text
}

/// Makes one stack and removes it, so that the function is built before the tests need it.
pub(crate) async fn build_function() {
    let pipeline = Pipeline::new("warm-up").await;
    pipeline.up();
}

/// Looks again and again until `look` finds something.
pub(crate) async fn wait_for<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(start.elapsed() < WAIT_MAX, "{what} did not come within {WAIT_MAX:?}");
        tokio::time::sleep(WAIT_PAUSE).await;
    }
}

/// The entry of one resource in the document of `plan`, `up`, `status` or `down`.
#[track_caller]
pub(crate) fn resource<'a>(document: &'a Value, id: &str) -> &'a Value {
    let resources = document["resources"].as_array().unwrap();
    resources.iter().find(|entry| entry["id"] == id).unwrap()
}

/// One member of every resource, in order.
#[track_caller]
pub(crate) fn each<'a>(document: &'a Value, member: &str) -> Vec<&'a str> {
    let resources = document["resources"].as_array().unwrap();
    resources.iter().map(|entry| entry[member].as_str().unwrap()).collect()
}

fn camel_case(name: &str) -> String {
    let capitalized = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('-').map(capitalized).collect()
}
