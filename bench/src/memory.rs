//! The memory of the real function, all of it, for originals that are large.
//!
//! One server plays the runtime API of Lambda
//! (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>) and the bucket. The function
//! gets one event, fetches the original, writes the variants, and is ended when it asks for the next.

use std::{
    error::Error,
    fmt::Write as _,
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use contract::event;
use imaging::{engine, limits::Limits, order::Order};
use serde_json::Value;
use tiny_http::{Header, Method, Request, Response, Server};

use crate::{
    cold_start::{self, Ended},
    large::{self, Original},
    worker::{QUALITY, peak_kib_in, variants_at},
};

/// A function that takes longer has failed.
const TIME_MAX: Duration = Duration::from_secs(60);
const BUCKET: &str = "photos";
const KEY: &str = "originals/large";

/// Has the function process every original, in a process of its own, and says what that took.
pub(crate) fn measure(bootstrap: &Path, folder: &Path) -> Result<String, Box<dyn Error>> {
    let mut table = String::from(
        "| original | file, MB | function, MB | header announces, MiB | peak of the process, MiB | goal | s |\n|---|--:|--:|--:|--:|---|--:|\n",
    );
    for original in large::originals(folder)? {
        writeln!(io::stderr(), "memory for {}", original.name)?;
        let announced = announced(&original)?;
        let run = run(bootstrap, &original)?;
        let goal = match (&run.refusal, original.goal_mebibytes) {
            (Some(reason), _) => format!("refused: {reason}"),
            (None, None) => "–".to_owned(),
            (None, Some(goal)) if run.peak_mebibytes <= goal => format!("{goal:.0}, **met**"),
            (None, Some(goal)) => format!("{goal:.0}, **not met**"),
        };
        #[expect(clippy::cast_precision_loss, reason = "a file has no 2^52 bytes")]
        let megabytes = fs::metadata(&original.path)?.len() as f64 / 1e6;
        writeln!(
            table,
            "| {} | {megabytes:.1} | {} | {announced} | {:.0} | {goal} | {:.2} |",
            original.name,
            original.function_megabytes,
            run.peak_mebibytes,
            run.duration.as_secs_f64()
        )?;
    }
    Ok(table)
}

/// What the function expects of a file, after its header.
fn announced(original: &Original) -> Result<String, Box<dyn Error>> {
    let file = fs::read(&original.path)?;
    let limits = Limits::for_memory(original.function_megabytes);
    let variants = variants_at(QUALITY);
    let opened = engine::open(&file, Order::of(&variants), &limits);
    let needed = opened.map(|opened| opened.memory_needed());
    Ok(needed.map_or_else(|_| "–".to_owned(), |bytes| (bytes >> 20).to_string()))
}

/// How the function fared.
struct Run {
    peak_mebibytes: f64,
    duration: Duration,
    /// Why it did not make variants, as it recorded it.
    refusal: Option<String>,
}

fn run(bootstrap: &Path, original: &Original) -> Result<Run, Box<dyn Error>> {
    let server = Server::http(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
    let address = server.server_addr().to_string();
    let mut command = Command::new(bootstrap);
    cold_start::environment(&mut command, &address);
    command
        .env("AWS_ENDPOINT_URL", format!("http://{address}"))
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", original.function_megabytes.to_string());
    let function = Ended(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?);
    let mut stage = Stage { original, began: None, refusal: None, failure: None };
    loop {
        let request = server.recv_timeout(TIME_MAX)?.ok_or("the function is silent")?;
        if let Some(duration) = stage.answer(request)? {
            let status = fs::read_to_string(format!("/proc/{}/status", function.0.id()))?;
            #[expect(clippy::cast_precision_loss, reason = "no machine has 2^52 KiB")]
            let peak_mebibytes = peak_kib_in(&status)? as f64 / 1024.0;
            return match stage.failure {
                Some(failure) => Err(format!("{}: {failure}", original.name).into()),
                None => Ok(Run { peak_mebibytes, duration, refusal: stage.refusal }),
            };
        }
    }
}

/// Lambda and S3, for one event.
struct Stage<'a> {
    original: &'a Original,
    /// When the event was handed over.
    began: Option<Instant>,
    refusal: Option<String>,
    failure: Option<String>,
}

impl Stage<'_> {
    /// Answers a request. Returns how long the event took when the function asks for another.
    fn answer(&mut self, request: Request) -> Result<Option<Duration>, Box<dyn Error>> {
        let path = request.url().split('?').next().unwrap_or_default().to_owned();
        if let Some(call) = path.strip_prefix("/2018-06-01/runtime/invocation/") {
            return self.answer_runtime(request, call);
        }
        let key = path.strip_prefix(&format!("/{BUCKET}/")).unwrap_or_default();
        self.answer_bucket(request, key)?;
        Ok(None)
    }

    fn answer_runtime(
        &mut self,
        mut request: Request,
        call: &str,
    ) -> Result<Option<Duration>, Box<dyn Error>> {
        if call != "next" {
            let mut body = String::new();
            request.as_reader().read_to_string(&mut body)?;
            self.failure = call.ends_with("/error").then_some(body);
            request.respond(Response::empty(202))?;
            return Ok(None);
        }
        if let Some(began) = self.began {
            return Ok(Some(began.elapsed()));
        }
        self.began = Some(Instant::now());
        let deadline = SystemTime::now().duration_since(UNIX_EPOCH)? + TIME_MAX;
        let event = event::for_keys(BUCKET, [KEY]).to_string();
        let response = Response::from_string(event)
            .with_header(header("Lambda-Runtime-Aws-Request-Id", "request"))
            .with_header(header("Lambda-Runtime-Deadline-Ms", &deadline.as_millis().to_string()))
            .with_header(header("Lambda-Runtime-Invoked-Function-Arn", "arn"));
        request.respond(response)?;
        Ok(None)
    }

    fn answer_bucket(&mut self, mut request: Request, key: &str) -> Result<(), Box<dyn Error>> {
        let etag = || header("ETag", "\"version\"");
        match (request.method(), key) {
            (Method::Get | Method::Head, KEY) => {
                let file = File::open(&self.original.path)?;
                request.respond(Response::from_file(file).with_header(etag()))?;
            }
            (Method::Put, _) => {
                let mut body = Vec::new();
                request.as_reader().read_to_end(&mut body)?;
                if key.starts_with("failed/") {
                    let record: Value = serde_json::from_slice(&body)?;
                    self.refusal = record["reason"].as_str().map(str::to_owned);
                }
                request.respond(Response::empty(200).with_header(etag()))?;
            }
            (Method::Delete, _) => request.respond(Response::empty(204))?,
            _ => request.respond(Response::empty(404))?,
        }
        Ok(())
    }
}

fn header(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value).unwrap_or_else(|()| unreachable!("{name}: {value}"))
}
