//! The time from the start of a function's process to its first question for an event.
//!
//! This plays the runtime API that Lambda offers each function on its own machine
//! (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>): a function that asks for
//! `/2018-06-01/runtime/invocation/next` has started. It gets no event, and is ended.

use std::{
    error::Error,
    fmt::Write as _,
    fs,
    io::{self, BufRead, BufReader, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    statistics::{median, range},
    worker::peak_kib_in,
};

/// A start that takes longer has failed.
const START_TIME_MAX: Duration = Duration::from_secs(30);
/// The pause between two looks at a process that is starting: small against what is measured.
const PAUSE: Duration = Duration::from_micros(100);
/// What a function asks for first.
const NEXT: &str = "GET /2018-06-01/runtime/invocation/next";

/// Milliseconds until a function asks for its first event; ours has this goal.
const GOAL_MILLIS: f64 = 15.0;

/// Starts each function so many times, in turn, and says what that took.
pub(crate) fn compare(bootstrap: &Path, starts: usize) -> Result<String, Box<dyn Error>> {
    let node = concat!(env!("CARGO_MANIFEST_DIR"), "/lambda-handler.mjs");
    let commands: [(&str, &Path, &[&str]); 2] = [
        ("imgprep's `bootstrap`", bootstrap, &[]),
        ("Node.js with sharp and @aws-sdk/client-s3", Path::new("node"), &[node]),
    ];
    let mut measured: [Vec<Start>; 2] = [Vec::new(), Vec::new()];
    // The first start of each reads its files from the disk, and is not counted.
    for round in 0..=starts {
        writeln!(io::stderr(), "start {round} of {starts}")?;
        for (turn, (_, program, arguments)) in commands.iter().enumerate() {
            let start = start(Command::new(program).args(*arguments))?;
            if round > 0 {
                measured[turn].push(start);
            }
        }
    }
    let mut table = format!(
        "| {starts} starts each, in turn | ms to first `/next`: median | min | max | peak MiB |\n|---|--:|--:|--:|--:|\n"
    );
    for ((name, ..), starts) in commands.iter().zip(&measured) {
        let millis: Vec<f64> = starts.iter().map(|start| start.millis).collect();
        let peaks: Vec<f64> = starts.iter().map(|start| start.peak_mebibytes).collect();
        let (least, most) = range(&millis);
        writeln!(
            table,
            "| {name} | {:.1} | {least:.1} | {most:.1} | {:.0} |",
            median(&millis),
            median(&peaks)
        )?;
    }
    let ours = median(&measured[0].iter().map(|start| start.millis).collect::<Vec<_>>());
    let verdict = if ours <= GOAL_MILLIS { "met" } else { "not met" };
    Ok(format!("{table}\n- at most {GOAL_MILLIS:.0} ms: {ours:.1} ms, **{verdict}**\n"))
}

/// How one start went.
struct Start {
    millis: f64,
    /// The most memory resident until then.
    peak_mebibytes: f64,
}

/// Starts a function, waits for its question, and ends it.
fn start(command: &mut Command) -> Result<Start, Box<dyn Error>> {
    let api = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    api.set_nonblocking(true)?;
    let address = api.local_addr()?.to_string();
    environment(command, &address);
    let began = Instant::now();
    let mut function = Ended(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?);
    let connection = accept(&api, &mut function.0, began)?;
    let mut request = String::new();
    BufReader::new(&connection).read_line(&mut request)?;
    let millis = began.elapsed().as_secs_f64() * 1000.0;
    if !request.starts_with(NEXT) {
        return Err(format!("the function asked for something else: {request}").into());
    }
    let status = fs::read_to_string(format!("/proc/{}/status", function.0.id()))?;
    #[expect(clippy::cast_precision_loss, reason = "no machine has 2^52 KiB")]
    let peak_mebibytes = peak_kib_in(&status)? as f64 / 1024.0;
    Ok(Start { millis, peak_mebibytes })
}

fn accept(
    api: &TcpListener,
    function: &mut Child,
    began: Instant,
) -> Result<TcpStream, Box<dyn Error>> {
    loop {
        match api.accept() {
            Ok((connection, _)) => {
                connection.set_nonblocking(false)?;
                connection.set_read_timeout(Some(START_TIME_MAX))?;
                return Ok(connection);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(status) = function.try_wait()? {
            return Err(format!("the function ended before it asked: {status}").into());
        }
        if began.elapsed() > START_TIME_MAX {
            return Err("the function never asked".into());
        }
        thread::sleep(PAUSE);
    }
}

/// What Lambda sets for every function, and imgprep for this one. The keys are those of its
/// documentation and open nothing.
pub(crate) fn environment(command: &mut Command, api: &str) {
    let settings = r#"{"bucket":"photos","originals":"originals","variants":[{"folder":"800x600","width":800,"height":600},{"folder":"400x300","width":400,"height":300}]}"#;
    command
        .env("AWS_LAMBDA_RUNTIME_API", api)
        .env("AWS_LAMBDA_FUNCTION_NAME", "ImageResize")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/ImageResize")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        .env("AWS_SESSION_TOKEN", "token")
        .env("IMGPREP_SETTINGS", settings);
}

/// A process that does not outlive this value.
pub(crate) struct Ended(pub(crate) Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // Both fail only for a process that has ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
