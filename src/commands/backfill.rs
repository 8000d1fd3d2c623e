//! `imgprep backfill`

use std::fmt::Write as _;
use std::time::Duration;

use clap::Args;

use super::session::{LOOK, Session, Start};
use crate::amounts::counted;
use crate::args::{Global, with_switches};
use crate::error::{Error, FAILED};
use crate::inventory::{Backfill as Work, BackfillPlan, BackfillResult, Scope};
use crate::report::advice::Advice;
use crate::report::layout::name_columns;
use crate::report::style::{BAD, CHANGED, GOOD, painted};
use crate::report::{Answer, Asked, Outcome, Report, pretty};

/// Make the variants that originals in the bucket lack
///
/// Shows how many are missing and what it takes, asks, and waits for them. The bucket is the only
/// record: after an interruption, run it again to continue.
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
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) timeout: u64,
}

impl Backfill {
    /// The command as it was given, without `--yes`.
    pub(crate) fn command(&self) -> String {
        let command = with_switches("backfill", &[("outdated", self.outdated), ("all", self.all)]);
        if self.prefix.is_empty() { command } else { format!("{command} --prefix {}", self.prefix) }
    }
}

const COMMAND: &str = "backfill";

pub(crate) async fn run(
    args: &Backfill,
    global: &Global,
    report: &Report,
) -> Result<Answer, Error> {
    let mut session = Session::open(global, report, LOOK, Start::IfNeeded).await?;
    let stack = session.plan().await?;
    let inventory = session.images(&stack)?;
    let backfill = Work {
        inventory,
        prefix: inventory.path(&args.prefix).to_owned(),
        scope: scope(args),
        stop: &session.stop,
        patience: Duration::from_secs(args.timeout),
    };
    let plan = look(&backfill, report).await?;
    let command = args.command();
    if args.dry_run || plan.to_process == 0 {
        return Ok(Box::new(Ended { result: plan.unchanged(args.dry_run), command }));
    }
    // To look ahead takes no stack that is as the file says; to wait for variants does.
    Session::working(&stack)?;
    report.preview(|advice| backfill_plan(&plan, advice));
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
        backfill(&self.result, &self.command, report.advice())
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

/// A time as people say it.
fn span(secs: u64) -> String {
    match secs {
        0..120 => format!("{secs} s"),
        120..7200 => format!("{} min", secs.div_ceil(60)),
        _ => format!("{} h", secs.div_ceil(3600)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_the_unit_that_fits() {
        assert_eq!([119, 121, 7201].map(span), ["119 s", "3 min", "3 h"]);
    }
}
