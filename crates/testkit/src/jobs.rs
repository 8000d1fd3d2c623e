//! S3 Batch Operations, which the emulator has not: an API for jobs of one pipeline, each of which lists
//! objects of the emulator's bucket, calls the emulator's function for each as S3 does, and reports into
//! the bucket.
//!
//! A job waits until the test has it [`Jobs::work`], so that tests see each of its states.

mod api;
mod xml;

use std::process::Command;
use std::sync::{Arc, Mutex};

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_s3::primitives::ByteStream;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use crate::proxy::Refusal;
use crate::{Pipeline, run};

/// How often S3 tries what has failed for the moment, before the job ends.
const ATTEMPTS: usize = 3;
/// How many tasks it takes until S3 ends a job of which more than half fail. S3's are 1,000.
const TASKS_MIN: usize = 4;

/// The jobs of an account.
pub struct Jobs {
    pub port: u16,
    all: Arc<Mutex<Vec<Job>>>,
    /// With what the next job is refused.
    refusal: Arc<Mutex<Option<Refusal>>>,
    accepting: AbortHandle,
}

/// A job as it was asked for, and how far it is.
#[derive(Clone, Debug)]
pub struct Job {
    pub id: String,
    pub status: &'static str,
    /// The request that made it.
    pub body: String,
    pub total: usize,
    pub succeeded: usize,
    pub failed: usize,
    /// Why it failed as a whole.
    pub reason: Option<(&'static str, String)>,
}

impl Job {
    /// The text of the first such element of the request.
    pub fn asked(&self, name: &str) -> &str {
        xml::element(&self.body, name).unwrap_or_default()
    }
}

/// What became of one object.
struct Ended {
    key: String,
    code: String,
    text: String,
}

impl Jobs {
    /// Listens on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (all, refusal) = (Arc::default(), Arc::default());
        let accepting = api::accept(listener, Arc::clone(&all), Arc::clone(&refusal));
        Self { port, all, refusal, accepting: tokio::spawn(accepting).abort_handle() }
    }

    /// imgprep for which these are the account's jobs.
    pub fn command(&self, pipeline: &Pipeline) -> Command {
        let mut command = pipeline.command();
        // The account's own host, `<account>.localhost`, leads here as well.
        command.env("AWS_ENDPOINT_URL_S3_CONTROL", format!("http://localhost:{}", self.port));
        command
    }

    pub fn imgprep(&self, pipeline: &Pipeline, arguments: &[&str]) -> crate::Output {
        run(self.command(pipeline).args(arguments))
    }

    /// Refuses the next job.
    pub fn refuse(&self, refusal: Refusal) {
        *self.refusal.lock().unwrap() = Some(refusal);
    }

    pub fn all(&self) -> Vec<Job> {
        self.all.lock().unwrap().clone()
    }

    /// Does the work of every job that is to be run, by calling the function.
    pub async fn work(&self, pipeline: &Pipeline) {
        self.work_with(pipeline, async |job, key| call(pipeline, job, key).await).await;
    }

    /// As `work`, with the result code and text of each object from the test.
    pub async fn work_as(&self, pipeline: &Pipeline, judge: fn(&str) -> (&'static str, String)) {
        let judged = async |_: &Job, key: &str| {
            let (code, text) = judge(key);
            (code.to_owned(), text)
        };
        self.work_with(pipeline, judged).await;
    }

    async fn work_with(
        &self,
        pipeline: &Pipeline,
        judge: impl AsyncFn(&Job, &str) -> (String, String),
    ) {
        for job in self.all().into_iter().filter(|job| job.status == "Active") {
            if let Some(reason) = wrong_role(pipeline, &job).await {
                self.put(Job { status: "Failed", reason: Some(("InvalidRole", reason)), ..job });
                continue;
            }
            let keys = listed(pipeline, &job).await;
            let (total, mut ended) = (keys.len(), Vec::new());
            for key in keys {
                let (code, text) = judge(&job, &key).await;
                ended.push(Ended { key, code, text });
                if ended.len() >= TASKS_MIN && 2 * failed(&ended).count() > ended.len() {
                    break;
                }
            }
            report(pipeline, &job, &ended).await;
            let failed = failed(&ended).count();
            let (status, reason) = if ended.len() < total || 2 * failed > total.max(TASKS_MIN) {
                let why = "Job has exceeded its failure threshold";
                ("Failed", Some(("ExceededFailureThreshold", why.to_owned())))
            } else {
                ("Complete", None)
            };
            let succeeded = ended.len() - failed;
            self.put(Job { status, total, succeeded, failed, reason, ..job });
        }
    }

    fn put(&self, job: Job) {
        let mut all = self.all.lock().unwrap();
        let place = all.iter().position(|other| other.id == job.id).unwrap();
        all[place] = job;
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn failed(ended: &[Ended]) -> impl Iterator<Item = &Ended> {
    ended.iter().filter(|ended| ended.code != "Succeeded")
}

/// What keeps S3 from running a job as its role ("Granting permissions for Batch Operations" in the
/// Amazon S3 User Guide).
async fn wrong_role(pipeline: &Pipeline, job: &Job) -> Option<String> {
    let name = job.asked("RoleArn").rsplit('/').next().unwrap_or_default();
    let get = pipeline.aws.iam.get_role().role_name(name).send().await;
    let role = get.ok().and_then(|answer| answer.role);
    let trust = role.and_then(|role| role.assume_role_policy_document).unwrap_or_default();
    if !trust.contains("batchoperations.s3.amazonaws.com") {
        return Some("the role does not trust S3".to_owned());
    }
    let get = pipeline.aws.iam.get_role_policy().role_name(name).policy_name("imgprep");
    let policy = get.send().await.map(|answer| answer.policy_document).unwrap_or_default();
    let policy = xml::url_decoded(&policy);
    let bucket = job.asked("SourceBucket");
    let (function, report) = (job.asked("FunctionArn"), job.asked("Prefix"));
    let needed = [
        ("lambda:InvokeFunction", function.to_owned()),
        ("s3:PutInventoryConfiguration", bucket.to_owned()),
        ("s3:PutObject", format!("{bucket}/{report}/*")),
    ];
    let policy: Value = serde_json::from_str(&policy).unwrap_or_default();
    let statements = policy["Statement"].as_array().cloned().unwrap_or_default();
    let is_allowed = |(action, resource): &(&str, String)| {
        let is_it = |one: &Value| one["Action"] == *action && one["Resource"] == *resource;
        statements.iter().any(is_it)
    };
    let lacking = needed.iter().find(|it| !is_allowed(it))?;
    Some(format!("the role may not {} on {}", lacking.0, lacking.1))
}

/// The objects that S3 lists for a job.
async fn listed(pipeline: &Pipeline, job: &Job) -> Vec<String> {
    let bucket = job.asked("SourceBucket").rsplit(':').next().unwrap_or_default();
    let prefix = xml::element(job.asked("MatchAnyPrefix"), "member").unwrap_or_default();
    let size: i64 = job.asked("ObjectSizeGreaterThanBytes").parse().unwrap_or(-1);
    let list = pipeline.aws.s3.list_objects_v2().bucket(bucket).prefix(prefix);
    let page = list.send().await.unwrap();
    let objects = page.contents().iter().filter(|object| object.size() > Some(size));
    objects.filter_map(|object| object.key.clone()).collect()
}

/// Calls the function for one object, again while it says that it may be tried again.
async fn call(pipeline: &Pipeline, job: &Job, key: &str) -> (String, String) {
    let bucket = job.asked("SourceBucket").rsplit(':').next().unwrap_or_default();
    let arguments = job.asked("UserArguments");
    let argument = xml::element(arguments, "key").zip(xml::element(arguments, "value"));
    let arguments = argument.map(|(key, value)| json!({ key: value }));
    let event = json!({
        "invocationSchemaVersion": job.asked("InvocationSchemaVersion"),
        "invocationId": format!("call of {}", job.id),
        "job": { "id": job.id, "userArguments": arguments },
        "tasks": [{
            "taskId": "task 1",
            "s3Key": xml::url_encoded(key),
            "s3VersionId": null,
            "s3Bucket": bucket,
        }],
    });
    let mut last = ("TemporaryFailure".to_owned(), "no answer".to_owned());
    for _ in 0..ATTEMPTS {
        let invoke = pipeline.aws.lambda.invoke().function_name(job.asked("FunctionArn"));
        let invoke = invoke.payload(Blob::new(event.to_string())).send().await.unwrap();
        let payload = invoke.payload.map(Blob::into_inner).unwrap_or_default();
        let answer: Value = serde_json::from_slice(&payload).unwrap_or_default();
        last = result(&event, &answer);
        if last.0 != "TemporaryFailure" {
            break;
        }
    }
    last
}

/// What an answer says of its one task, if it has the form that S3 asks for.
fn result(event: &Value, answer: &Value) -> (String, String) {
    let is_same = |member: &str| answer[member] == event[member] && !answer[member].is_null();
    let results = answer["results"].as_array().cloned().unwrap_or_default();
    let [result] = results.as_slice() else { return malformed(answer) };
    let code = result["resultCode"].as_str().unwrap_or_default();
    let is_code = ["Succeeded", "TemporaryFailure", "PermanentFailure"].contains(&code);
    let text = result["resultString"].as_str();
    match text {
        Some(text)
            if is_same("invocationSchemaVersion")
                && is_same("invocationId")
                && answer["treatMissingKeysAs"] == "PermanentFailure"
                && result["taskId"] == event["tasks"][0]["taskId"]
                && is_code =>
        {
            (code.to_owned(), text.to_owned())
        }
        _ => malformed(answer),
    }
}

fn malformed(answer: &Value) -> (String, String) {
    ("PermanentFailure".to_owned(), format!("Lambda returned an invalid result: {answer}"))
}

/// Writes what S3 writes of a job: its list of files, and a line for each object that failed.
async fn report(pipeline: &Pipeline, job: &Job, ended: &[Ended]) {
    let bucket = job.asked("SourceBucket").rsplit(':').next().unwrap_or_default();
    let folder = format!("{}/job-{}", job.asked("Prefix"), job.id);
    let put = async |key: &str, body: String| {
        let put = pipeline.aws.s3.put_object().bucket(bucket).key(key);
        put.body(ByteStream::from(body.into_bytes())).send().await.unwrap();
    };
    let lines: Vec<String> = failed(ended)
        .map(|Ended { key, code, text }| {
            let (key, text) = (xml::url_encoded(key), text.replace('"', "\"\""));
            format!("{bucket},{key},,failed,200,{code},\"{text}\"\n")
        })
        .collect();
    let mut results = Vec::new();
    if !lines.is_empty() {
        let key = format!("{folder}/results/failed.csv");
        put(&key, lines.concat()).await;
        results.push(json!({
            "TaskExecutionStatus": "failed",
            "Bucket": bucket,
            "MD5Checksum": "0",
            "Key": key,
        }));
    }
    let list = json!({
        "Format": "Report_CSV_20180820",
        "ReportCreationDate": "2026-01-01T00:00:00.000Z",
        "Results": results,
        "ReportSchema":
            "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage",
    });
    put(&format!("{folder}/manifest.json"), list.to_string()).await;
}
