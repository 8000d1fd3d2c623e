//! `imgprep backfill --on-aws`, `--status` and `--cancel`

use std::fmt::Write as _;

use serde::Serialize;

use super::{Backfill, dollars, span};
use crate::amounts::counted;
use crate::args::Global;
use crate::batch::{Batch, Failures, Job, Order, Refusal, State, by_reason};
use crate::commands::session::{Account, LOOK, Session, Start};
use crate::cost::{BackfillEstimate, BackfillLoad};
use crate::engine::apply::Run;
use crate::error::{Error, FAILED};
use crate::inventory::Inventory;
use crate::report::advice::Advice;
use crate::report::printable::printable;
use crate::report::style::{BAD, CHANGED, GOOD, painted};
use crate::report::{Answer, Asked, Outcome, Report, pretty};
use crate::resources::batch_role;

/// What prices are given for: how many originals there are only S3 finds out.
const MILLION: u64 = 1_000_000;
/// How many reasons for failures are shown.
const REASONS_SHOWN_MAX: usize = 10;

/// Starts a job, unless one is under way.
pub(super) async fn run(
    args: &Backfill,
    global: &Global,
    report: &Report,
) -> Result<Answer, Error> {
    refuse(args, global)?;
    let mut session = Session::open(global, report, LOOK, Start::IfNeeded).await?;
    if !session.account.aws.endpoints.run_jobs() {
        return Err(Error::Batch(local(args)));
    }
    let stack = session.plan().await?;
    let inventory = session.images(&stack)?;
    let prefix = inventory.path(&args.prefix).to_owned();
    let command = args.command();
    if let Some(job) = batch(&session.account).unfinished().await? {
        return Ok(Box::new(Started { job: Some(job), is_new: false, estimate: None, command }));
    }
    let estimate = estimate(&inventory).await;
    if args.dry_run {
        let estimate = Some(estimate);
        return Ok(Box::new(Started { job: None, is_new: false, estimate, command }));
    }
    Session::working(&stack)?;
    report.preview(|_| price(&estimate));
    if !args.yes {
        let preview = Some(format!("{command} --dry-run"));
        let asked = Asked { command: command.clone(), preview };
        report.confirm(&asked, "Start this job?")?;
    }
    session.stop_on_interrupt();
    make_role(&mut session, &command, report).await?;
    let order = Order { prefix, all: args.all };
    let jobs = batch(&session.account);
    let previous = jobs.finished().await?;
    let progress = report.task("backfill");
    let tell = |what: &str| progress.say(&format!("waiting for {what}"));
    let start = jobs.start(&order, previous.as_ref(), (&session.stop, &tell));
    let id = Box::pin(start).await?;
    drop(progress);
    let job = Some(jobs.job(&id).await?.map_err(Error::Batch)?);
    Ok(Box::new(Started { job, is_new: true, estimate: Some(estimate), command }))
}

/// Refuses what cannot be done together, before the first call.
fn refuse(args: &Backfill, global: &Global) -> Result<(), Error> {
    let refusal = if global.local {
        local(args)
    } else if args.missing {
        Refusal::MissingOnly
    } else if args.timeout.is_some() {
        Refusal::Timeout
    } else {
        return Ok(());
    };
    Err(Error::Batch(refusal))
}

/// The same on this machine, which the local AWS can do.
fn local(args: &Backfill) -> Refusal {
    Refusal::Local { command: Some(args.command_of(false, args.dry_run)) }
}

/// Makes the role that S3 runs jobs as, or repairs it.
async fn make_role(session: &mut Session, command: &str, report: &Report) -> Result<(), Error> {
    let Account { config, aws, .. } = &session.account;
    let plan = session.stack.plan_by_command(batch_role::ID, config, aws).await;
    let plan = plan.map_err(Error::Read)?;
    if let Some(step) = plan.foreign().next() {
        let (role, why) = (step.name.clone(), step.note.clone().unwrap_or_default());
        return Err(Error::Batch(Refusal::Foreign { role, why }));
    }
    if plan.is_empty() {
        return Ok(());
    }
    let apply = async |run: &Run<'_>| run.apply(&plan).await;
    let changelog = session.run(&plan, report, false, apply).await;
    session.ended(command, &changelog)
}

fn batch(account: &Account) -> Batch<'_> {
    let Account { config, aws, names } = account;
    Batch { config, aws, names }
}

/// What a million originals cost and how long they take, without any of their variants.
async fn estimate(inventory: &Inventory<'_>) -> BackfillEstimate {
    let config = inventory.config;
    let load = BackfillLoad {
        originals: MILLION,
        variants: MILLION * config.variants.len() as u64,
        all: MILLION,
        objects: MILLION,
        listed: 0,
        made: &config.variants,
        memory_mb: config.function.memory,
        arch: config.function.arch,
        concurrency: inventory.concurrency().await,
    };
    load.on_aws()
}

fn price(estimate: &BackfillEstimate) -> String {
    format!(
        "S3 lists the originals and calls the function for each. A million of them, if all\n\
         variants are missing: about {}, {} at us-east-1 prices\n\
         (S3's part: $0.25 for the job, $1.02 for a million originals)\n",
        span(estimate.seconds),
        dollars(estimate.usd)
    )
}

/// A job that was started, or need not be.
#[derive(Serialize)]
struct Started {
    /// None of a run that only looks.
    job: Option<Job>,
    /// Whether this run has started it.
    is_new: bool,
    /// For a million originals.
    #[serde(rename = "per_million")]
    estimate: Option<BackfillEstimate>,
    #[serde(skip)]
    command: String,
}

impl Outcome for Started {
    fn text(&self, report: &Report) -> String {
        let advice = report.advice();
        let mut text = String::new();
        if let (None, Some(estimate)) = (&self.job, &self.estimate) {
            let start = advice.command(&self.command);
            let _ = writeln!(text, "{}\nto start it: {start}", price(estimate).trim_end());
        }
        let Some(job) = &self.job else { return text };
        let what = if self.is_new { "started" } else { "already under way:" };
        let (state, originals) = (job.state.as_str(), printable(&job.originals));
        let what = painted(if self.is_new { GOOD } else { CHANGED }, what);
        let _ = writeln!(text, "{what} job {}\n  {originals}: {state}", job.id);
        let _ = writeln!(text, "how far it is: {}", advice.command("backfill --status"));
        text.push_str(&to_end(job, advice));
        text
    }

    fn json(&self) -> String {
        pretty(self)
    }
}

/// Shows how far a job is: the one of an ID, or the one that is under way, or the latest.
pub(super) async fn status(
    id: Option<&str>,
    global: &Global,
    report: &Report,
) -> Result<Answer, Error> {
    let account = open(global, report).await?;
    let jobs = batch(&account);
    let found = match id {
        Some(id) => Some(id.to_owned()),
        None => match jobs.unfinished().await? {
            Some(job) => Some(job.id),
            None => jobs.finished().await?.map(|job| job.id),
        },
    };
    let Some(id) = found else { return Ok(Box::new(Progress { job: None, failures: None })) };
    let job = jobs.job(&id).await?.map_err(Error::Batch)?;
    let failures = if job.state.is_over() { jobs.failures(&id).await? } else { None };
    Ok(Box::new(Progress { job: Some(job), failures }))
}

/// Has AWS end a job.
pub(super) async fn cancel(id: &str, global: &Global, report: &Report) -> Result<Answer, Error> {
    let account = open(global, report).await?;
    let jobs = batch(&account);
    let job = jobs.job(id).await?.map_err(Error::Batch)?;
    let Job { state, .. } = job;
    if state.is_over() {
        return Err(Error::Batch(Refusal::Over { job: id.to_owned(), state }));
    }
    if state != State::Cancelling {
        jobs.cancel(id).await?;
    }
    let job = jobs.job(id).await?.map_err(Error::Batch)?;
    Ok(Box::new(Progress { job: Some(job), failures: None }))
}

async fn open(global: &Global, report: &Report) -> Result<Account, Error> {
    let refusal = Error::Batch(Refusal::Local { command: None });
    if global.local {
        return Err(refusal);
    }
    let account = Account::open(global, report, Start::Never).await?;
    if account.aws.endpoints.run_jobs() { Ok(account) } else { Err(refusal) }
}

/// How far a job is.
#[derive(Serialize)]
struct Progress {
    /// None where the stack has had no job for as long as S3 remembers.
    job: Option<Job>,
    /// Of a job that is over, if S3 has reported.
    failures: Option<Failures>,
}

impl Outcome for Progress {
    fn text(&self, report: &Report) -> String {
        let advice = report.advice();
        match &self.job {
            None => {
                let start = advice.command("backfill --on-aws");
                format!("no backfill on AWS in the last 90 days; to start one: {start}\n")
            }
            Some(job) => progress(job, self.failures.as_ref(), advice),
        }
    }

    fn json(&self) -> String {
        pretty(self)
    }

    fn exit_code(&self) -> u8 {
        let is_failed = |job: &Job| job.state == State::Failed;
        if self.job.as_ref().is_some_and(is_failed) { FAILED } else { 0 }
    }
}

fn progress(job: &Job, failures: Option<&Failures>, advice: &Advice) -> String {
    let style = match job.state {
        State::Complete => GOOD,
        State::Failed => BAD,
        _ => CHANGED,
    };
    let mut text = format!(
        "job {} of {}: {}\n",
        job.id,
        printable(&job.originals),
        painted(style, job.state.as_str())
    );
    for reason in &job.reasons {
        let _ = writeln!(text, "  {}", printable(reason));
    }
    if job.total > 0 {
        let done = job.succeeded + job.failed;
        let percent = u128::from(done) * 100 / u128::from(job.total);
        let total = counted(job.total, "original");
        let _ = writeln!(text, "  {done} of {total} ({percent} %)");
    }
    if job.failed > 0 {
        let failed = format!("{} failed", counted(job.failed, "original"));
        let _ = writeln!(text, "  {}", painted(BAD, &failed));
    }
    if let Some(failures) = failures {
        reasons(&mut text, failures);
    }
    next(&mut text, job, advice);
    text
}

fn reasons(text: &mut String, failures: &Failures) {
    let reasons = by_reason(failures);
    for (reason, count, key) in reasons.iter().take(REASONS_SHOWN_MAX) {
        let (reason, key) = (printable(reason), printable(key));
        let _ = writeln!(text, "    {count}: {reason}, such as {key}");
    }
    if let Some(more) = reasons.len().checked_sub(REASONS_SHOWN_MAX).filter(|more| *more > 0) {
        let _ = writeln!(text, "    and {more} more reasons");
    }
    if !failures.originals.is_empty() {
        let part = if failures.is_whole { "all" } else { "only the first are counted here; all" };
        let _ = writeln!(text, "  {part} of them: {}", printable(&failures.report));
    }
}

/// How to end a job, unless AWS does that already.
fn to_end(job: &Job, advice: &Advice) -> String {
    if job.state == State::Cancelling {
        return String::new();
    }
    let cancel = advice.command(&format!("backfill --cancel {}", job.id));
    format!("to end it: {cancel}\n")
}

fn next(text: &mut String, job: &Job, advice: &Advice) {
    if !job.state.is_over() {
        text.push_str(&to_end(job, advice));
        return;
    }
    let again = advice.command("backfill --on-aws");
    let failures = advice.command("failures");
    let _ = match (job.state, job.failed) {
        (State::Complete, 0) => Ok(()),
        (State::Complete, _) => writeln!(
            text,
            "what is wrong with an image: {failures}; after that, for what is still missing: {again}"
        ),
        _ => writeln!(text, "the variants that it made stay; to make the others: {again}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_is_ended_already_is_not_to_be_ended() {
        let text = |state: State| {
            let job = Job {
                id: "0f-1".to_owned(),
                state,
                originals: "s3://photos/originals/".to_owned(),
                created: None,
                ended: None,
                total: 0,
                succeeded: 0,
                failed: 0,
                reasons: Vec::new(),
            };
            let text = progress(&job, None, &Advice::default());
            anstream::adapter::strip_str(&text).to_string()
        };
        let running = "job 0f-1 of s3://photos/originals/: running\n\
                       to end it: imgprep backfill --cancel 0f-1\n";
        assert_eq!(text(State::Running), running);
        assert_eq!(text(State::Cancelling), "job 0f-1 of s3://photos/originals/: cancelling\n");
    }
}
