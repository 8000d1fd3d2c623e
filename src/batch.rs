//! Backfills that S3 itself runs: a job of S3 Batch Operations lists the originals, calls the function
//! for each, and reports in the bucket.
//!
//! A job is found by its description, which names the bucket, among those that AWS has not finished; S3
//! keeps those that it has finished for 90 days.

mod report;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_s3control::types::{
    JobDescriptor, JobFailure, JobListDescriptor, JobManifestGenerator, JobManifestGeneratorFilter,
    JobOperation, JobProgressSummary, JobReport, JobReportFormat, JobReportScope, JobStatus,
    KeyNameConstraint, LambdaInvokeOperation, RequestedJobStatus, S3JobManifestGenerator, S3Tag,
};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use contract::batch::{ALL, MODE_ARGUMENT, SCHEMA};
use contract::keys::{ImagePath, REPORTS_FOLDER};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::aws::iam::PROPAGATION_SECS_MAX;
use crate::aws::wait::{PAUSE_MIN, Stop, Wait, retry_while};
use crate::aws::{Aws, AwsError, Calling};
use crate::config::Config;
use crate::inventory::Hindrance;
use crate::names::Names;
use crate::resources::{batch_role, bucket};

pub(crate) use self::report::Failures;

/// Before other jobs of the account that nobody set a priority for, which S3's examples give 10.
const PRIORITY: i32 = 10;
/// The longest description of a job (Amazon S3 API Reference, `CreateJob`).
const DESCRIPTION_CHARACTERS_MAX: usize = 256;
/// The most jobs on a page (`ListJobs` there).
const JOBS_PER_PAGE: i32 = 1000;

const CREATE: &str = "s3:CreateJob";
const LIST: &str = "s3:ListJobs";
const DESCRIBE: &str = "s3:DescribeJob";
const UPDATE: &str = "s3:UpdateJobStatus";

/// The jobs of one stack.
#[derive(Clone, Copy)]
pub(crate) struct Batch<'a> {
    pub(crate) config: &'a Config,
    pub(crate) aws: &'a Aws,
    pub(crate) names: &'a Names,
}

/// What a new job is to do.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// What the paths below the originals' folder begin with.
    pub(crate) prefix: String,
    /// Whether variants that are there are made once more.
    pub(crate) all: bool,
}

/// A job, as far as S3 tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) state: State,
    /// What the keys of its originals begin with, unless that is too long for a description.
    pub(crate) originals: String,
    pub(crate) created: Option<String>,
    pub(crate) ended: Option<String>,
    /// Originals; none before S3 has listed them.
    pub(crate) total: u64,
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
    /// Why the job as a whole failed.
    pub(crate) reasons: Vec<String>,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// S3 lists the originals.
    Preparing,
    /// It runs, or waits for jobs of a higher priority.
    Running,
    /// S3 ends it.
    Cancelling,
    Complete,
    Cancelled,
    Failed,
}

impl State {
    fn of(status: Option<&JobStatus>) -> Self {
        match status {
            Some(JobStatus::Complete) => Self::Complete,
            Some(JobStatus::Cancelled) => Self::Cancelled,
            Some(JobStatus::Failed) => Self::Failed,
            Some(JobStatus::Cancelling) => Self::Cancelling,
            Some(JobStatus::New | JobStatus::Preparing) => Self::Preparing,
            _ => Self::Running,
        }
    }

    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Complete | Self::Cancelled | Self::Failed)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Running => "running",
            Self::Cancelling => "cancelling",
            Self::Complete => "complete",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }
}

/// Why nothing can be done about a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The local AWS runs no jobs; the command that does the same on this machine, if there is one.
    Local { command: Option<String> },
    /// The function looks at every variant of a job's originals.
    MissingOnly,
    /// Nobody waits for a job.
    Timeout,
    /// There is no such job, or it is not of this stack.
    Unknown { job: String },
    /// The role has the name of somebody else's.
    Foreign { role: String, why: String },
    /// It has ended.
    Over { job: String, state: State },
}

impl Refusal {
    pub(crate) fn what(&self) -> String {
        match self {
            Self::Local { command: Some(_) } => {
                "the local AWS cannot run a backfill on AWS".to_owned()
            }
            Self::Local { command: None } => "the local AWS has no jobs".to_owned(),
            Self::MissingOnly => "`--on-aws` cannot be limited by `--missing`".to_owned(),
            Self::Timeout => "`--on-aws` has no `--timeout`".to_owned(),
            Self::Unknown { job } => format!("no backfill of this stack has the job ID `{job}`"),
            Self::Foreign { role, .. } => format!("not ours: {} `{role}`", batch_role::ID),
            Self::Over { job, .. } => format!("cannot cancel the job `{job}`"),
        }
    }

    pub(crate) fn why(&self) -> Vec<String> {
        let why = match self {
            Self::Local { .. } => "it has no S3 Batch Operations".to_owned(),
            Self::MissingOnly => "on AWS, the function also remakes the variants that have other \
                                  settings or are of another version of their original"
                .to_owned(),
            Self::Timeout => "it returns as soon as S3 has the job".to_owned(),
            Self::Unknown { .. } => return Vec::new(),
            Self::Foreign { why, .. } => why.clone(),
            Self::Over { state, .. } => format!("it is {}", state.as_str()),
        };
        vec![why]
    }

    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Local { command: Some(command) } => return format!("run `imgprep {command}`"),
            Self::Local { command: None } => {
                "a backfill there ends with the command that it is: `imgprep backfill`"
            }
            Self::MissingOnly => "drop `--missing`, or drop `--on-aws`",
            Self::Timeout => "drop `--timeout`; `imgprep backfill --status` shows how far it is",
            Self::Unknown { .. } => {
                "`imgprep backfill --status` finds the latest one; S3 forgets jobs after 90 days"
            }
            Self::Foreign { .. } => {
                "delete that role if nobody needs it, then run the same command again"
            }
            Self::Over { .. } => "run `imgprep backfill --status` to see what it did",
        }
        .to_owned()
    }

    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Local { .. } => "LocalAws",
            Self::MissingOnly | Self::Timeout => "Misuse",
            Self::Unknown { .. } => "NoSuchJob",
            Self::Foreign { .. } => "Foreign",
            Self::Over { .. } => "JobIsOver",
        }
    }

    pub(crate) fn is_misuse(&self) -> bool {
        matches!(self, Self::Local { .. } | Self::MissingOnly | Self::Timeout)
    }
}

impl Batch<'_> {
    /// The job that S3 has not finished, if there is one. Of those an account has few.
    pub(crate) async fn unfinished(&self) -> Result<Option<Job>, Hindrance> {
        let mut token = None;
        loop {
            let page = self.page(&UNFINISHED, token).await?;
            if let Some(job) = page.0.into_iter().next() {
                return Ok(Some(job));
            }
            token = page.1;
            if token.is_none() {
                return Ok(None);
            }
        }
    }

    /// The latest of the jobs that S3 has finished, of those that it names first.
    pub(crate) async fn finished(&self) -> Result<Option<Job>, Hindrance> {
        let (jobs, _) = self.page(&FINISHED, None).await?;
        Ok(jobs.into_iter().max_by(|one, other| one.created.cmp(&other.created)))
    }

    /// A page of the account's jobs in such states, those of this stack; and the next one.
    async fn page(
        &self,
        states: &[JobStatus],
        token: Option<String>,
    ) -> Result<(Vec<Job>, Option<String>), Hindrance> {
        let list = self.aws.s3control.list_jobs().account_id(&self.names.account);
        let list = list.set_job_statuses(Some(states.to_vec())).max_results(JOBS_PER_PAGE);
        let page = list.set_next_token(token).send().await.calling(LIST);
        let page = page.map_err(|error| hindrance("list the jobs", error))?;
        let jobs = page.jobs().iter().filter_map(|job| self.listed(job)).collect();
        Ok((jobs, page.next_token.filter(|token| !token.is_empty())))
    }

    fn listed(&self, job: &JobListDescriptor) -> Option<Job> {
        let originals = self.originals_of(job.description()?)?;
        let progress = job.progress_summary();
        Some(Job {
            id: job.job_id()?.to_owned(),
            state: State::of(job.status()),
            originals,
            created: job.creation_time().and_then(time),
            ended: job.termination_date().and_then(time),
            ..counted(progress)
        })
    }

    /// A job of this stack, in full; an error where there is none of this ID.
    pub(crate) async fn job(&self, id: &str) -> Result<Result<Job, Refusal>, Hindrance> {
        let describe = self.aws.s3control.describe_job().account_id(&self.names.account);
        let found = match describe.job_id(id).send().await.found(DESCRIBE) {
            // What is no ID of a job at all is not found either.
            Err(error) if matches!(error.status(), 400 | 404) && !error.is_denied() => None,
            found => found.map_err(|error| hindrance("read the job", error))?,
        };
        let job = found.and_then(|answer| answer.job).and_then(|job| self.described(&job));
        Ok(job.ok_or_else(|| Refusal::Unknown { job: id.to_owned() }))
    }

    fn described(&self, job: &JobDescriptor) -> Option<Job> {
        let originals = self.originals_of(job.description()?)?;
        Some(Job {
            id: job.job_id()?.to_owned(),
            state: State::of(job.status()),
            originals,
            created: job.creation_time().and_then(time),
            ended: job.termination_date().and_then(time),
            reasons: job.failure_reasons().iter().map(reason).collect(),
            ..counted(job.progress_summary())
        })
    }

    /// Starts a job. `previous` is the one that ended last.
    ///
    /// Two that are started at once are one, for the token of both is the same; when that one has ended,
    /// the next is another.
    pub(crate) async fn start(
        &self,
        order: &Order,
        previous: Option<&Job>,
        (stop, tell): (&Stop, &(dyn Fn(&str) + Send + Sync)),
    ) -> Result<String, Hindrance> {
        let made = async {
            let request = Request {
                operation: self.operation(order),
                list: self.list_of_originals(order)?,
                report: self.report(),
                tags: self.tags()?,
                token: self.token(order, previous),
            };
            let what = "S3 to be able to use the new role";
            let limit = Duration::from_secs(PROPAGATION_SECS_MAX);
            let wait = Wait { call: CREATE, what, limit, stop, tell, pause: PAUSE_MIN };
            retry_while(&wait, is_too_early, || self.create(order, request.clone())).await
        };
        made.await.map_err(|error| hindrance("start the job", error))
    }

    async fn create(&self, order: &Order, request: Request) -> Result<String, AwsError> {
        let Request { operation, list, report, tags, token } = request;
        let create = self.aws.s3control.create_job().account_id(&self.names.account);
        let create = create
            .confirmation_required(false)
            .operation(operation)
            .manifest_generator(list)
            .report(report)
            .priority(PRIORITY)
            .role_arn(self.names.role_named(&self.names.batch_role))
            .description(self.description(order))
            .client_request_token(token)
            .set_tags(Some(tags));
        let made = create.send().await.calling(CREATE)?;
        made.job_id.ok_or_else(|| AwsError::request(CREATE, "AWS did not return a job ID"))
    }

    fn operation(&self, order: &Order) -> JobOperation {
        let call = LambdaInvokeOperation::builder()
            .function_arn(&self.names.function_arn)
            .invocation_schema_version(SCHEMA);
        let call = if order.all { call.user_arguments(MODE_ARGUMENT, ALL) } else { call };
        JobOperation::builder().lambda_invoke(call.build()).build()
    }

    /// The originals, which S3 lists. What has no bytes is a folder's marker, or no image.
    fn list_of_originals(&self, order: &Order) -> Result<JobManifestGenerator, AwsError> {
        let keys = KeyNameConstraint::builder().match_any_prefix(self.prefix_of_keys(order));
        let filter = JobManifestGeneratorFilter::builder()
            .key_name_constraint(keys.build())
            .object_size_greater_than_bytes(0);
        let list = S3JobManifestGenerator::builder()
            .expected_bucket_owner(&self.names.account)
            .source_bucket(&self.names.bucket_arn)
            .filter(filter.build())
            .enable_manifest_output(false)
            .build();
        let list = list.map_err(|error| AwsError::request(CREATE, error.to_string()))?;
        Ok(JobManifestGenerator::S3JobManifestGenerator(list))
    }

    fn report(&self) -> JobReport {
        JobReport::builder()
            .enabled(true)
            .bucket(&self.names.bucket_arn)
            .expected_bucket_owner(&self.names.account)
            .prefix(REPORTS_FOLDER)
            .format(JobReportFormat::ReportCsv20180820)
            .report_scope(JobReportScope::FailedTasksOnly)
            .build()
    }

    fn tags(&self) -> Result<Vec<S3Tag>, AwsError> {
        let tags = self.names.tags.iter().map(|(key, value)| {
            let tag = S3Tag::builder().key(key).value(value).build();
            tag.map_err(|error| AwsError::request(CREATE, error.to_string()))
        });
        tags.collect()
    }

    fn token(&self, order: &Order, previous: Option<&Job>) -> String {
        let previous = previous.map_or("", |job| job.id.as_str());
        let mode = if order.all { ALL } else { "" };
        let mut hash = Sha256::new();
        for part in [&self.prefix_of_keys(order), &self.names.function_arn, mode, previous] {
            hash.update(part);
            hash.update([0]);
        }
        hex::encode(hash.finalize())
    }

    /// Asks S3 to end a job.
    pub(crate) async fn cancel(&self, id: &str) -> Result<(), Hindrance> {
        let update = self.aws.s3control.update_job_status().account_id(&self.names.account);
        let update = update
            .job_id(id)
            .requested_job_status(RequestedJobStatus::Cancelled)
            .status_update_reason("imgprep backfill --cancel");
        let updated = update.send().await.calling(UPDATE);
        updated.map_err(|error| hindrance("cancel the job", error))?;
        Ok(())
    }

    fn prefix_of_keys(&self, order: &Order) -> String {
        ImagePath(&order.prefix).key_in(&self.config.bucket.originals)
    }

    /// How the descriptions of this stack's jobs begin: nobody else has a bucket of this name.
    fn description_start(&self) -> String {
        format!("imgprep backfill of s3://{}/", self.names.bucket)
    }

    fn description(&self, order: &Order) -> String {
        let whole = format!("{}{}", self.description_start(), self.prefix_of_keys(order));
        whole.chars().take(DESCRIPTION_CHARACTERS_MAX).collect()
    }

    /// The originals that a description names; nothing where it is of somebody else's job.
    fn originals_of(&self, description: &str) -> Option<String> {
        description.strip_prefix(&self.description_start()).map(ToOwned::to_owned)
    }
}

/// What a job is made of.
#[derive(Clone)]
struct Request {
    operation: JobOperation,
    list: JobManifestGenerator,
    report: JobReport,
    tags: Vec<S3Tag>,
    token: String,
}

const UNFINISHED: [JobStatus; 10] = [
    JobStatus::Active,
    JobStatus::Cancelling,
    JobStatus::Completing,
    JobStatus::Failing,
    JobStatus::New,
    JobStatus::Paused,
    JobStatus::Pausing,
    JobStatus::Preparing,
    JobStatus::Ready,
    JobStatus::Suspended,
];
const FINISHED: [JobStatus; 3] = [JobStatus::Cancelled, JobStatus::Complete, JobStatus::Failed];

/// S3 may not be able to use a role that was made a moment ago.
fn is_too_early(error: &AwsError) -> bool {
    error.status() == 400 && error.says("assume")
}

fn hindrance(doing: &'static str, error: AwsError) -> Hindrance {
    Hindrance { doing, resource: batch_role::ID, error, is_resumable: false }
}

fn unreadable(error: AwsError) -> Hindrance {
    Hindrance { doing: "read the report", resource: bucket::ID, error, is_resumable: false }
}

/// A job of which only the counts are known.
fn counted(progress: Option<&JobProgressSummary>) -> Job {
    let count =
        |count: Option<i64>| count.and_then(|it| u64::try_from(it).ok()).unwrap_or_default();
    let of = |read: fn(&JobProgressSummary) -> Option<i64>| count(progress.and_then(read));
    Job {
        id: String::new(),
        state: State::Preparing,
        originals: String::new(),
        created: None,
        ended: None,
        total: of(JobProgressSummary::total_number_of_tasks),
        succeeded: of(JobProgressSummary::number_of_tasks_succeeded),
        failed: of(JobProgressSummary::number_of_tasks_failed),
        reasons: Vec::new(),
    }
}

fn reason(failure: &JobFailure) -> String {
    let code = failure.failure_code().unwrap_or("no code given");
    format!("{code}: {}", failure.failure_reason().unwrap_or("no reason given"))
}

fn time(moment: &DateTime) -> Option<String> {
    moment.fmt(Format::DateTime).ok()
}

/// Reasons, each with how many originals failed for it and one of them, the most frequent first.
pub(crate) fn by_reason(failures: &Failures) -> Vec<(&str, u64, &str)> {
    let mut reasons: BTreeMap<&str, (u64, &str)> = BTreeMap::new();
    for failure in &failures.originals {
        reasons.entry(&failure.reason).or_insert((0, &failure.key)).0 += 1;
    }
    let mut reasons: Vec<_> =
        reasons.into_iter().map(|(reason, (count, key))| (reason, count, key)).collect();
    reasons.sort_by_key(|(_, count, _)| std::cmp::Reverse(*count));
    reasons
}
