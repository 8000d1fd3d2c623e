//! The four calls about jobs that imgprep makes, as S3 answers them.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::Job;
use super::xml::{element, escaped};
use crate::calls::Call;
use crate::http::WholeResponse;
use crate::proxy::{Refusal, WATCHER};

type All = Arc<Mutex<Vec<Job>>>;
type Refused = Arc<Mutex<Option<Refusal>>>;

pub(super) async fn accept(listener: TcpListener, all: All, refused: Refused) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (all, refused) = (Arc::clone(&all), Arc::clone(&refused));
        tokio::spawn(async move {
            let service = service_fn(|request| answer(request, &all, &refused));
            let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // imgprep closes it whenever it is done.
            let _ = served.await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    all: &All,
    refused: &Refused,
) -> Result<WholeResponse, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let call = Call::of(&parts, &body);
    if let Some(watch) = WATCHER.get() {
        watch(&call, &parts, &body);
    }
    let segments: Vec<&str> = parts.uri.path().split('/').skip(3).collect();
    let query = parts.uri.query().unwrap_or_default();
    let body = String::from_utf8_lossy(&body).into_owned();
    let mut all = all.lock().unwrap();
    Ok(match (call.operation.as_str(), segments.as_slice()) {
        ("CreateJob", _) => match refused.lock().unwrap().take() {
            Some(refusal) => refusal.answer("s3control"),
            None => create(&mut all, body),
        },
        ("ListJobs", _) => list(&all, query),
        ("DescribeJob", [id]) => describe(&all, id),
        ("UpdateJobStatus", [id, _]) => update(&mut all, id, query),
        (other, _) => panic!("{other} is not a call about jobs"),
    })
}

/// Makes a job, unless the same request has made one.
fn create(all: &mut Vec<Job>, body: String) -> WholeResponse {
    let token = element(&body, "ClientRequestToken").unwrap_or_default();
    let same = all.iter().find(|job| job.asked("ClientRequestToken") == token);
    let id = same.map(|job| job.id.clone());
    let id = id.unwrap_or_else(|| {
        let id = format!("00000000-0000-4000-8000-{:012}", all.len());
        let (status, total, succeeded, failed, reason) = ("Active", 0, 0, 0, None);
        all.push(Job { id: id.clone(), status, body, total, succeeded, failed, reason });
        id
    });
    document("CreateJobResult", &format!("<JobId>{id}</JobId>"))
}

fn list(all: &[Job], query: &str) -> WholeResponse {
    let states = query.split('&').filter_map(|pair| pair.strip_prefix("jobStatuses="));
    let states: Vec<&str> = states.collect();
    let jobs = all.iter().enumerate().filter(|(_, job)| states.contains(&job.status));
    let jobs: Vec<String> =
        jobs.map(|(at, job)| format!("<member>{}</member>", common(at, job))).collect();
    document("ListJobsResult", &format!("<Jobs>{}</Jobs>", jobs.concat()))
}

fn describe(all: &[Job], id: &str) -> WholeResponse {
    let Some(at) = all.iter().position(|job| job.id == id) else { return unknown() };
    let reason = all[at].reason.as_ref().map_or(String::new(), |(code, why)| {
        format!(
            "<FailureReasons><member><FailureCode>{code}</FailureCode><FailureReason>{}\
             </FailureReason></member></FailureReasons>",
            escaped(why)
        )
    });
    document("DescribeJobResult", &format!("<Job>{}{reason}</Job>", common(at, &all[at])))
}

fn update(all: &mut [Job], id: &str, query: &str) -> WholeResponse {
    let Some(job) = all.iter_mut().find(|job| job.id == id) else { return unknown() };
    assert!(query.contains("requestedJobStatus=Cancelled"), "{query}");
    job.status = "Cancelled";
    document("UpdateJobStatusResult", &format!("<JobId>{id}</JobId><Status>Cancelled</Status>"))
}

/// What lists and descriptions have in common. `at` stands for when it was made.
fn common(at: usize, job: &Job) -> String {
    let Job { id, status, total, succeeded, failed, .. } = job;
    let description = job.asked("Description");
    format!(
        "<JobId>{id}</JobId><Description>{description}</Description><Status>{status}</Status>\
         <CreationTime>2026-01-01T00:00:{at:02}Z</CreationTime>\
         <ProgressSummary><TotalNumberOfTasks>{total}</TotalNumberOfTasks>\
         <NumberOfTasksSucceeded>{succeeded}</NumberOfTasksSucceeded>\
         <NumberOfTasksFailed>{failed}</NumberOfTasksFailed></ProgressSummary>"
    )
}

fn document(root: &str, content: &str) -> WholeResponse {
    let namespace = "http://awss3control.amazonaws.com/doc/2018-08-20/";
    let body = format!("<{root} xmlns=\"{namespace}\">{content}</{root}>");
    let response = Response::builder().header("content-type", "application/xml");
    response.body(Full::new(Bytes::from(body))).unwrap()
}

fn unknown() -> WholeResponse {
    let message = "The specified job does not exist";
    Refusal { status: 404, code: "NoSuchJob", message }.answer("s3control")
}
