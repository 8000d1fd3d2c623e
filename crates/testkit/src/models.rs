//! Every request of the suite against AWS's own API models, which the emulator doesn't enforce: the
//! proxies record them, and `models/check.py` holds them against the models that botocore ships.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::{LazyLock, Mutex};

use hyper::body::Bytes;
use hyper::http::request::Parts;
use serde_json::json;
use tempfile::NamedTempFile;

use crate::calls::Call;
use crate::http::PAST_THE_GATE;
use crate::{program, proxy};

/// The release of botocore on `PyPI` whose models count: newer than the SDK that imgprep is built with.
const BOTOCORE: &str = "1.44.8";

/// How many operations of each service the whole suite calls at the least, so that a recorder that
/// misses them is noticed.
const OPERATIONS_MIN: [(&str, usize); 13] = [
    ("acm", 6),
    ("cloudfront", 17),
    ("cloudwatch", 5),
    ("iam", 22),
    ("lambda", 13),
    ("logs", 6),
    ("route53", 4),
    ("s3", 26),
    ("s3control", 5),
    ("sns", 11),
    ("sqs", 6),
    ("sts", 1),
    ("tagging", 1),
];

/// Headers that say when and by whom something is asked, not what.
const NOT_RECORDED: [&str; 9] = [
    "amz-sdk-invocation-id",
    "amz-sdk-request",
    "authorization",
    "host",
    "user-agent",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-user-agent",
    PAST_THE_GATE,
];

/// How many characters are kept of a zip in base64, of which a model says nothing more.
const ZIP_KEPT: usize = 64;

/// What may be a Python that is new enough, as imgprep itself tries them.
const PYTHONS: [&str; 7] =
    ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10", "python"];

static RECORD: LazyLock<Mutex<Record>> = LazyLock::new(Mutex::default);

/// What came past the proxies of this run.
#[derive(Default)]
struct Record {
    seen: usize,
    /// Each request as a line of JSON.
    distinct: BTreeSet<String>,
    /// The operations of each service.
    operations: BTreeMap<String, BTreeSet<String>>,
}

impl Record {
    fn add(&mut self, call: &Call, parts: &Parts, body: &Bytes) {
        self.seen += 1;
        let operations = self.operations.entry(call.service.clone()).or_default();
        operations.insert(call.operation.clone());
        let headers: BTreeMap<&str, String> = parts
            .headers
            .iter()
            .filter(|(name, _)| !NOT_RECORDED.contains(&name.as_str()))
            .map(|(name, value)| (name.as_str(), lossy(value.as_bytes())))
            .collect();
        let request = json!({
            "service": call.service,
            "method": parts.method.as_str(),
            "uri": parts.uri.to_string(),
            "headers": headers,
            "body": recorded_body(call, body),
        });
        self.distinct.insert(request.to_string());
    }

    /// Services of which too few operations came past, of a run of the whole suite.
    fn missed(&self) -> Vec<String> {
        let count = |service: &str| self.operations.get(service).map_or(0, BTreeSet::len);
        let counts = OPERATIONS_MIN.map(|(service, min)| (service, min, count(service)));
        let missed = counts.into_iter().filter(|(_, min, count)| count < min);
        missed
            .map(|(service, min, count)| format!("{service}: {count} operations, not {min}"))
            .collect()
    }
}

/// Bytes as text, whatever they are.
pub fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The body without what is a blob to the model; CBOR in hexadecimal digits.
fn recorded_body(call: &Call, body: &Bytes) -> String {
    const ZIP: &str = "\"ZipFile\":\"";
    if call.service == "s3" && call.operation == "PutObject" {
        return String::new();
    }
    if call.service == "cloudwatch" {
        return body.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    }
    let mut text = lossy(body);
    if let Some(start) = text.find(ZIP).map(|found| found + ZIP.len()) {
        let length = text[start..].find('"').unwrap_or_default();
        text.replace_range(start + length.min(ZIP_KEPT)..start + length, "");
    }
    text
}

/// Records what comes past every proxy from now on. What isn't signed is no call to an API.
pub fn record() {
    let is_first = proxy::WATCHER.set(|call, parts, body| {
        if call.service != "web" {
            RECORD.lock().unwrap().add(call, parts, body);
        }
    });
    assert!(is_first.is_ok(), "requests are recorded once");
}

/// Whether every request so far is as AWS's models say; of the whole suite also, whether it made
/// those that it should.
#[expect(clippy::print_stdout, reason = "it reports as the tests before it did")]
pub async fn every_request_is_as_aws_models_say(is_whole: bool) -> bool {
    let record = std::mem::take(&mut *RECORD.lock().unwrap());
    if record.seen == 0 && !is_whole {
        return true;
    }
    let missed = if is_whole { record.missed() } else { Vec::new() };
    let distinct = record.distinct.len();
    println!(
        "{} requests ({distinct} distinct), {} operations of {} services held against the models \
         of botocore {BOTOCORE}",
        record.seen,
        record.operations.values().map(BTreeSet::len).sum::<usize>(),
        record.operations.len(),
    );
    let (output, file) = hold(record.distinct).await;
    // For another look at a request, and for work on the checker.
    file.persist(program::folder().join("requests.jsonl")).unwrap();
    let noun = if distinct == 1 { "request" } else { "requests" };
    let is_all_read = output.stdout == format!("{distinct} {noun} read\n").as_bytes();
    let is_right = output.status.success() && is_all_read && missed.is_empty();
    if !is_right {
        println!("{}{}", lossy(&output.stdout), lossy(&output.stderr));
        println!("{}", missed.join("\n"));
    }
    let verdict = if is_right { "ok" } else { "FAILED" };
    println!("models::every_request_is_as_aws_models_say ... {verdict}\n");
    is_right
}

/// What the checker says to requests, and the file with them.
pub async fn hold(requests: impl IntoIterator<Item = String>) -> (Output, NamedTempFile) {
    const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/models/check.py");
    let file = NamedTempFile::new_in(program::folder()).unwrap();
    let requests: Vec<String> = requests.into_iter().collect();
    fs::write(file.path(), requests.join("\n")).unwrap();
    let python = python();
    // Without a cache of compiled files, which would be written beside the script.
    let mut command = tokio::process::Command::new(python);
    command.arg("-B").arg(SCRIPT).arg(botocore(python)).arg(file.path());
    (command.stdin(Stdio::null()).output().await.unwrap(), file)
}

/// The first interpreter that is as new as the local AWS asks for, and has pip.
fn python() -> &'static str {
    const PROBE: &str = "import sys, pip; sys.exit(sys.version_info < (3, 10))";
    let is_fit = |name: &&&str| {
        let output = Command::new(name).args(["-c", PROBE]).stdin(Stdio::null()).output();
        output.is_ok_and(|output| output.status.success())
    };
    PYTHONS.iter().find(is_fit).expect("Python 3.10 or newer with pip")
}

/// The package of botocore in the cache of the tests, into which the first run installs it.
fn botocore(python: &str) -> PathBuf {
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _installing = INSTALLING.lock();
    let cache = program::cache();
    let folder = cache.join(format!("botocore-{BOTOCORE}"));
    if !folder.is_dir() {
        fs::create_dir_all(&cache).unwrap();
        let temporary = tempfile::tempdir_in(&cache).unwrap();
        let mut pip = Command::new(python);
        pip.args(["-m", "pip", "install", "--no-input", "--disable-pip-version-check"]);
        pip.args(["--quiet", "--no-deps", "--no-compile", "--target"]).arg(temporary.path());
        let output = pip.arg(format!("botocore=={BOTOCORE}")).output().unwrap();
        assert!(output.status.success(), "botocore: {}", lossy(&output.stderr));
        let moved = fs::rename(temporary.keep(), &folder);
        assert!(moved.is_ok() || folder.is_dir(), "{}: {moved:?}", folder.display());
    }
    folder.join("botocore")
}
