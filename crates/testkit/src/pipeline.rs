//! What every test begins with: a pipeline of its own, and imgprep run on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Child;

use crate::clients::Clients;
use crate::emulator::Emulator;
use crate::proxy::Proxy;
use crate::{Output, ended, function, run};

pub const REGION: &str = "us-east-1";

static STACKS: AtomicU64 = AtomicU64::new(0);

/// One pipeline: its file, its names, its account, and the proxy that its imgprep talks to.
pub struct Pipeline {
    pub stack: String,
    pub bucket: String,
    pub topic: String,
    pub function: String,
    pub account: String,
    /// Straight at the emulator, past the proxy.
    pub aws: LazyLock<Clients, Box<dyn FnOnce() -> Clients + Send>>,
    pub proxy: Proxy,
    pub emulator: &'static Emulator,
    access_key: String,
    folder: TempDir,
    makes_images: bool,
    may_be_up: AtomicBool,
}

impl Pipeline {
    /// In an account that no other test uses, with a function that does nothing.
    pub async fn new(label: &str) -> Self {
        Self::build(label, None, Emulator::next()).await.with_emulator().await
    }

    /// For a test that asks nothing of AWS: the emulator starts only if something is asked of it after
    /// all.
    pub async fn offline(label: &str) -> Self {
        Self::build(label, None, Emulator::next()).await
    }

    /// In the emulator's default account, the only one whose distributions it serves to everybody.
    pub async fn with_cdn(label: &str) -> Self {
        Self::build(label, Some("test"), Emulator::next()).await.with_emulator().await
    }

    /// In an account beside this one: each has its own, and the names of buckets they share.
    pub async fn in_another_account(&self, label: &str) -> Self {
        Self::build(label, None, self.emulator).await.with_emulator().await
    }

    /// Has its emulator running, so that nothing that imgprep times waits for the start.
    async fn with_emulator(self) -> Self {
        self.emulator.port_of_started().await;
        self
    }

    /// In the account that this key is the root of, or in a new one.
    async fn build(label: &str, key: Option<&str>, emulator: &'static Emulator) -> Self {
        let number = STACKS.fetch_add(1, Ordering::Relaxed);
        let new = format!("{:012}", 100_000_000_000 + number);
        let (access_key, account) = match key {
            Some(key) => (key.to_owned(), "000000000000".to_owned()),
            None => (new.clone(), new),
        };
        let key = access_key.clone();
        let pipeline = Self {
            stack: format!("{label}-{number}"),
            bucket: format!("{label}-bucket-{number}"),
            topic: format!("{label}-topic-{number}"),
            function: format!("{label}-function-{number}"),
            account,
            aws: LazyLock::new(Box::new(move || Clients::new(emulator, &key))),
            proxy: Proxy::start(emulator).await,
            emulator,
            access_key,
            folder: tempfile::tempdir().unwrap(),
            makes_images: false,
            may_be_up: AtomicBool::new(false),
        };
        pipeline.write(&pipeline.standard_file());
        pipeline
    }

    /// With the function that imgprep carries.
    #[must_use]
    pub fn that_makes_images(mut self) -> Self {
        function::build_real();
        self.makes_images = true;
        self
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

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn file(&self) -> PathBuf {
        self.folder().join("pipeline.toml")
    }

    /// Replaces the pipeline's file.
    pub fn write(&self, text: &str) {
        fs::write(self.file(), text).unwrap();
    }

    /// Puts `function.zip` beside the pipeline's file.
    pub fn put_function(&self, zip: &[u8]) {
        fs::write(self.folder().join("function.zip"), zip).unwrap();
    }

    /// Changes one place of the pipeline's file.
    pub fn edit(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.file()).unwrap();
        assert_eq!(text.matches(from).count(), 1, "`{from}` is once in\n{text}");
        self.write(&text.replace(from, to));
    }

    /// imgprep for this pipeline's file, account and proxy.
    pub fn command(&self) -> Command {
        let mut command = self.emulator.command();
        if !self.makes_images {
            function::use_stub(&mut command);
        }
        command
            .current_dir(self.folder())
            .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.proxy.port))
            .env("AWS_ACCESS_KEY_ID", &self.access_key)
            .env("AWS_SECRET_ACCESS_KEY", self.emulator.secret())
            .env("AWS_REGION", REGION);
        command
    }

    /// Runs imgprep without a terminal.
    pub fn imgprep(&self, arguments: &[&str]) -> Output {
        if arguments.first() == Some(&"up") {
            self.may_be_up.store(true, Ordering::Relaxed);
        }
        run(self.command().args(arguments))
    }

    /// As `imgprep`, but beside other work of the test, and not for ever.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        ended(self.start(arguments, Stdio::piped), arguments).await
    }

    /// Starts imgprep; it is killed with SIGKILL when the child is dropped.
    pub fn start(&self, arguments: &[&str], output: fn() -> Stdio) -> Child {
        if arguments.first() == Some(&"up") {
            self.may_be_up.store(true, Ordering::Relaxed);
        }
        let mut command = self.command();
        command.args(arguments).stdin(Stdio::null()).stdout(output()).stderr(output());
        tokio::process::Command::from(command).kill_on_drop(true).spawn().unwrap()
    }

    /// The test has seen for itself that nothing is left to take down, or why not.
    pub fn is_over(&self) {
        self.may_be_up.store(false, Ordering::Relaxed);
    }

    /// `up --yes`, which must succeed.
    pub fn up(&self) -> Output {
        self.imgprep(&["up", "--yes"]).exits(0)
    }

    /// `down --yes`, which must succeed.
    pub fn down(&self) -> Output {
        self.imgprep(&["down", "--yes"]).exits(0)
    }

    /// `status --json`, which must end with this exit code.
    pub fn status(&self, code: i32) -> Value {
        self.imgprep(&["status", "--json"]).exits(code).json()
    }

    /// Proves that there is nothing left to do.
    pub fn assert_whole(&self) {
        self.imgprep(&["plan", "--exit-code"]).exits(0);
    }

    /// The ARN of something in this pipeline's account and region.
    pub fn arn(&self, service: &str, name: &str) -> String {
        format!("arn:aws:{service}:{REGION}:{}:{name}", self.account)
    }

    pub fn topic_arn(&self) -> String {
        self.arn("sns", &self.topic)
    }

    pub fn function_arn(&self) -> String {
        self.arn("lambda", &format!("function:{}", self.function))
    }

    pub fn queue(&self) -> String {
        format!("{}-dead-letters", self.stack)
    }

    pub fn log_group(&self) -> String {
        format!("/aws/lambda/{}", self.function)
    }

    pub fn log_group_arn(&self) -> String {
        self.arn("logs", &format!("log-group:{}", self.log_group()))
    }

    pub fn role(&self) -> String {
        format!("LambdaS3{}", camel_case(&self.bucket))
    }

    pub fn role_arn(&self) -> String {
        let (account, stack) = (&self.account, &self.stack);
        format!("arn:aws:iam::{account}:role/imgprep/{stack}/{}", self.role())
    }

    pub fn policy(&self) -> String {
        format!("AllowAccessOn{}", camel_case(&self.bucket))
    }

    pub fn policy_arn(&self) -> String {
        let (account, stack) = (&self.account, &self.stack);
        format!("arn:aws:iam::{account}:policy/imgprep/{stack}/{}", self.policy())
    }

    pub fn cdn(&self) -> String {
        format!("imgprep-{}-{REGION}", self.stack)
    }
}

/// Every test takes its stack down, also one that fails.
impl Drop for Pipeline {
    fn drop(&mut self) {
        if !self.may_be_up.load(Ordering::Relaxed) || !self.emulator.has_started() {
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

fn camel_case(name: &str) -> String {
    let capitalized = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('-').map(capitalized).collect()
}
