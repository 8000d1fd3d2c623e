//! What a run of imgprep came to, and how tests read it.

use std::fmt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Child;

/// How long a run beside others may take.
const RUN_MAX: Duration = Duration::from_mins(3);

/// What nobody should ever read: a crash, and an SDK's own words.
const BARE: [&str; 4] = ["panicked", "service error", "dispatch failure", "unhandled error"];

/// What a run of imgprep came to.
#[derive(Debug)]
pub struct Output {
    arguments: String,
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

impl Output {
    pub fn of(arguments: String, output: std::process::Output, took: Duration) -> Self {
        Self {
            arguments,
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            took,
        }
    }

    /// What standard error says, whatever the width of its lines.
    pub fn told(&self) -> String {
        self.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Proves the exit code; that imgprep did not panic, and never showed an SDK's own words.
    #[track_caller]
    #[expect(clippy::return_self_not_must_use, reason = "the exit code alone is much of a test")]
    pub fn exits(self, code: i32) -> Self {
        assert!(self.code == code, "expected exit code {code}: {self}");
        for word in BARE {
            assert!(!self.stderr.contains(word), "`{word}` was shown: {self}");
            assert!(!self.stdout.contains(word), "`{word}` was shown: {self}");
        }
        self
    }

    /// What is wrong with a run that should have ended well, or with an error that says what could
    /// not be done and what to do now.
    pub fn not_plain(&self) -> Option<String> {
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
    pub fn json(&self) -> Value {
        match serde_json::from_str(&self.stdout) {
            Ok(document) => document,
            Err(error) => panic!("no JSON, {error}: {self}"),
        }
    }

    /// The error of a failed run with `--json`, whose shape is always the same.
    #[track_caller]
    pub fn error(&self) -> Failed {
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
pub struct Failed {
    pub message: String,
    pub resource: String,
    pub code: String,
    pub hint: String,
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
pub fn run(command: &mut Command) -> Output {
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output().unwrap();
    let arguments: Vec<_> = command.get_args().map(|it| it.to_string_lossy()).collect();
    Output::of(arguments.join(" "), output, start.elapsed())
}

/// What a run that was started comes to; one that does not end is killed.
pub async fn ended(mut child: Child, arguments: &[&str]) -> Output {
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

/// The entry of one resource in the document of `plan`, `up`, `status` or `down`.
#[track_caller]
pub fn resource<'a>(document: &'a Value, id: &str) -> &'a Value {
    let resources = document["resources"].as_array().unwrap();
    resources.iter().find(|entry| entry["id"] == id).unwrap()
}

/// One member of every resource, in order.
#[track_caller]
pub fn each<'a>(document: &'a Value, member: &str) -> Vec<&'a str> {
    let resources = document["resources"].as_array().unwrap();
    resources.iter().map(|entry| entry[member].as_str().unwrap()).collect()
}
