//! `imgprep backfill`

mod on_aws;

use std::fmt::Write as _;
use std::time::Duration;

use clap::Args;

use super::session::{LOOK, Session, Start};
use crate::amounts::{counted, span};
use crate::args::{Global, with_switches};
use crate::error::{Error, FAILED};
use crate::inventory::{Backfill as Work, BackfillPlan, BackfillResult, Scope};
use crate::report::advice::{Advice, quoted};
use crate::report::layout::name_columns;
use crate::report::style::{BAD, CHANGED, GOOD, painted};
use crate::report::{Answer, Asked, Outcome, Report, pretty};

/// Make the variants that originals in the bucket lack
///
/// Shows how many are missing and what it takes, asks, and waits for them. The bucket is the only
/// record: after an interruption, run it again to continue. For millions of originals, `--on-aws` has
/// AWS do all of it.
///
/// Example: imgprep backfill --prefix 2025/ --dry-run
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Debug, Args)]
pub(crate) struct Backfill {
    /// Only variants that are missing or older than their original (the default)
    #[arg(long, conflicts_with_all = ["all", "outdated"])]
    pub(crate) missing: bool,
    /// Also variants made with other settings or from another version of their original; sends a
    /// request for each variant
    #[arg(long, conflicts_with = "all")]
    pub(crate) outdated: bool,
    /// Every variant of every original, including existing ones; starts over each time
    #[arg(long)]
    pub(crate) all: bool,
    /// Only originals whose path starts with this
    #[arg(long, value_name = "PATH", default_value = "", hide_default_value = true)]
    pub(crate) prefix: String,
    /// Show what would be done, and stop
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Skip the confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// How long to wait while nothing arrives; Lambda retries after one and two minutes
    /// [default: 300]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<u64>,
    /// Start a job of S3 Batch Operations that does it all, and return
    #[arg(long)]
    pub(crate) on_aws: bool,
    /// Show how far a job is, and what failed in it; without JOB, the latest
    #[arg(long, value_name = "JOB", conflicts_with_all = OF_A_RUN)]
    #[expect(clippy::option_option, reason = "clap's way to a value that may be left out")]
    pub(crate) status: Option<Option<String>>,
    /// Have AWS end a job; the variants that it made stay
    #[arg(long, value_name = "JOB", conflicts_with_all = OF_A_RUN, conflicts_with = "status")]
    pub(crate) cancel: Option<String>,
}

/// The options of a run.
const OF_A_RUN: [&str; 8] =
    ["missing", "outdated", "all", "prefix", "dry_run", "yes", "timeout", "on_aws"];
/// How long to wait while nothing arrives.
const TIMEOUT_SECS: u64 = 300;

impl Backfill {
    /// The command as it was given, without `--yes`.
    pub(crate) fn command(&self) -> String {
        self.command_of(self.on_aws, false)
    }

    /// The same originals and variants, by AWS or by this machine, or only to look at them.
    fn command_of(&self, on_aws: bool, dry_run: bool) -> String {
        let switches = [
            ("on-aws", on_aws),
            ("outdated", self.outdated),
            ("all", self.all),
            ("dry-run", dry_run),
        ];
        let command = with_switches("backfill", &switches);
        if self.prefix.is_empty() {
            return command;
        }
        format!("{command} --prefix {}", quoted(&self.prefix))
    }
}

const COMMAND: &str = "backfill";

pub(crate) async fn run(
    args: &Backfill,
    global: &Global,
    report: &Report,
) -> Result<Answer, Error> {
    if let Some(job) = &args.status {
        return Box::pin(on_aws::status(job.as_deref(), global, report)).await;
    }
    if let Some(job) = &args.cancel {
        return Box::pin(on_aws::cancel(job, global, report)).await;
    }
    if args.on_aws {
        return Box::pin(on_aws::run(args, global, report)).await;
    }
    let mut session = Session::open(global, report, LOOK, Start::IfNeeded).await?;
    let stack = session.plan().await?;
    let inventory = session.images(&stack)?;
    let backfill = Work {
        inventory,
        prefix: inventory.path(&args.prefix).to_owned(),
        scope: scope(args),
        stop: &session.stop,
        patience: Duration::from_secs(args.timeout.unwrap_or(TIMEOUT_SECS)),
    };
    let plan = look(&backfill, report).await?;
    let command = args.command();
    if args.dry_run || plan.to_process == 0 {
        return Ok(Box::new(Ended { result: plan.unchanged(args.dry_run), command }));
    }
    // To look ahead takes no stack that is as the file says; to wait for variants does.
    Session::working(&stack)?;
    let is_long = !global.local && plan.estimate.is_long();
    report.preview(|advice| {
        let preview = backfill_plan(&plan, advice);
        if is_long { preview + &by_aws_alone(&plan, advice) } else { preview }
    });
    if !args.yes && !global.local {
        let preview = Some(format!("{command} --dry-run"));
        let asked = Asked { command: command.clone(), preview };
        report.confirm(&asked, "Make these variants?")?;
    }
    session.stop_on_interrupt();
    let bar = report.bar(COMMAND, plan.to_process);
    let result = backfill.run(plan, &|done| bar.at(done)).await?;
    drop(bar);
    match result {
        Some(result) => Ok(Box::new(Ended { result, command })),
        None => Err(Error::interrupted(command)),
    }
}

fn scope(args: &Backfill) -> Scope {
    // The parser lets through one of them at most.
    match (args.missing, args.outdated, args.all) {
        (_, _, true) => Scope::All,
        (_, true, _) => Scope::Outdated,
        (true | false, false, false) => Scope::Missing,
    }
}

async fn look(backfill: &Work<'_>, report: &Report) -> Result<BackfillPlan, Error> {
    let progress = report.task(COMMAND);
    Ok(backfill.plan(&|line| progress.say(line)).await?)
}

/// What came of a backfill, and the command that it was.
struct Ended {
    result: BackfillResult,
    command: String,
}

impl Outcome for Ended {
    fn text(&self, report: &Report) -> String {
        let (result, advice) = (&self.result, report.advice());
        let text = backfill(result, &self.command, advice);
        let is_choice = result.dry_run && result.plan.to_process > 0 && !report.is_local();
        if is_choice { text + &by_aws_alone(&result.plan, advice) } else { text }
    }

    fn json(&self) -> String {
        pretty(&self.result)
    }

    fn exit_code(&self) -> u8 {
        if !self.result.dry_run && self.result.pending > 0 { FAILED } else { 0 }
    }
}

/// What a backfill would do.
fn backfill_plan(plan: &BackfillPlan, advice: &Advice) -> String {
    let mut text = format!("{}\n", counted(plan.originals, "original"));
    if plan.failures > 0 {
        let _ = writeln!(
            text,
            "  {} skipped; see {}",
            counted(plan.failures, "failure"),
            advice.command("failures")
        );
    }
    if plan.archived > 0 {
        let _ = writeln!(
            text,
            "  {} skipped; restore them, then run {} again",
            counted(plan.archived, "archived original"),
            advice.command("backfill")
        );
    }
    let columns = name_columns(plan.missing.keys().map(String::as_str));
    for (folder, missing) in &plan.missing {
        let style = if *missing > 0 { CHANGED } else { GOOD };
        let _ = writeln!(
            text,
            "  {folder:<columns$} {}",
            painted(style, &format!("{missing} to make"))
        );
    }
    if plan.to_process > 0 {
        let estimate = &plan.estimate;
        let _ = writeln!(
            text,
            "\n{} to process: about {}, {} at us-east-1 prices",
            counted(plan.to_process, "original"),
            span(estimate.seconds),
            dollars(estimate.usd)
        );
    }
    text
}

/// What the same takes if AWS does it alone.
fn by_aws_alone(plan: &BackfillPlan, advice: &Advice) -> String {
    let BackfillPlan { estimate, on_aws, .. } = plan;
    let (time, price) = (span(on_aws.seconds), dollars(on_aws.usd));
    let text = format!("with --on-aws: about {time}, {price}\n");
    if !estimate.is_long() {
        return text;
    }
    let command = advice.command("backfill --on-aws");
    format!("{text}this machine would be busy all that time; {command} leaves it free\n")
}

/// What a backfill came to.
fn backfill(result: &BackfillResult, command: &str, advice: &Advice) -> String {
    if result.dry_run {
        return backfill_plan(&result.plan, advice);
    }
    let BackfillResult { plan, made, failed, pending, .. } = result;
    if plan.to_process == 0 {
        let outdated = advice.command("backfill --outdated");
        return format!(
            "{}nothing to do; {outdated} also remakes variants with other settings\n",
            backfill_plan(plan, advice)
        );
    }
    let mut text =
        format!("{}\n", painted(GOOD, &format!("{} completed", counted(*made, "original"))));
    if *failed > 0 {
        let failed = format!("{} cannot be processed", counted(*failed, "original"));
        let see = advice.command("failures");
        let _ = writeln!(text, "{}: see {see}", painted(BAD, &failed));
    }
    if *pending > 0 {
        let pending = format!("{} did not arrive", counted(*pending, "original"));
        let _ = writeln!(
            text,
            "{}: see {}, then run {} again",
            painted(BAD, &pending),
            advice.command("logs"),
            advice.command(command)
        );
    }
    text
}

fn dollars(usd: f64) -> String {
    if usd < 0.01 { "less than $0.01".to_owned() } else { format!("about ${usd:.2}") }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Backfill,
    }

    #[test]
    fn the_command_can_be_given_again_as_it_is_shown() {
        let command = |words: &[&str]| {
            let words = ["backfill"].iter().chain(words);
            Line::try_parse_from(words).unwrap().args.command()
        };
        assert_eq!(command(&["--yes"]), "backfill");
        assert_eq!(command(&["--all", "--prefix", "2025/"]), "backfill --all --prefix 2025/");
        assert_eq!(
            command(&["--on-aws", "--prefix", "my photos/a;b"]),
            "backfill --on-aws --prefix 'my photos/a;b'"
        );
    }
}
