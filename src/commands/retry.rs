//! `imgprep retry`

use std::fmt::Write as _;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::session::{LOOK, Session, Start};
use crate::args::Global;
use crate::error::{Error, FAILED};
use crate::inventory::{Retried, Retry as Work, RetryOutcome};
use crate::report::advice::Advice;
use crate::report::printable::printable;
use crate::report::style::{BAD, CHANGED, GOOD, painted};
use crate::report::{Answer, Outcome, Report, pretty};

/// Send originals through the pipeline again, and wait for each result
///
/// Exits with 1 if any of them ends without variants.
///
/// Example: imgprep retry originals/2025/photo.jpg
#[derive(Debug, Args)]
pub(crate) struct Retry {
    /// Keys of originals, with or without the originals folder
    #[arg(value_name = "KEY", required_unless_present = "all", conflicts_with = "all")]
    pub(crate) keys: Vec<String>,
    /// Every original that `imgprep failures` lists
    #[arg(long)]
    pub(crate) all: bool,
    /// How long to wait while nothing arrives
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) timeout: u64,
}

const COMMAND: &str = "retry";

pub(crate) async fn run(args: &Retry, global: &Global, report: &Report) -> Result<Answer, Error> {
    let mut session = Session::open(global, report, LOOK, Start::IfNeeded).await?;
    let stack = session.plan().await?;
    Session::working(&stack)?;
    let inventory = session.images(&stack)?;
    let keys = if args.all {
        let failures = inventory.failures("").await?;
        failures.into_iter().map(|failure| failure.key).collect()
    } else {
        args.keys.clone()
    };
    session.stop_on_interrupt();
    let patience = Duration::from_secs(args.timeout);
    let retry = Work { inventory, stop: &session.stop, patience };
    let progress = report.task(COMMAND);
    let retried = retry.run(&keys, &|line| progress.say(line)).await?;
    drop(progress);
    session.interrupted(COMMAND)?;
    Ok(Box::new(Sent { originals: retried }))
}

/// What came of each.
#[derive(Serialize)]
struct Sent {
    originals: Vec<Retried>,
}

impl Outcome for Sent {
    fn text(&self, report: &Report) -> String {
        retried(&self.originals, report.advice())
    }

    fn json(&self) -> String {
        pretty(self)
    }

    fn exit_code(&self) -> u8 {
        let is_made = |retried: &Retried| retried.outcome == RetryOutcome::Made;
        if self.originals.iter().all(is_made) { 0 } else { FAILED }
    }
}

/// What came of each original that was sent again.
fn retried(retried: &[Retried], advice: &Advice) -> String {
    if retried.is_empty() {
        return "nothing to retry\n".to_owned();
    }
    let mut text = String::new();
    for Retried { key, outcome, reason } in retried {
        let key = printable(key);
        let (style, word) = match outcome {
            RetryOutcome::Made => (GOOD, "made"),
            RetryOutcome::Failed => (BAD, "failed"),
            RetryOutcome::Gone => (BAD, "gone"),
            RetryOutcome::Pending => (CHANGED, "pending"),
        };
        let _ = writeln!(text, "  {} {key}", painted(style, &format!("{word:<8}")));
        if let Some(reason) = reason {
            let _ = writeln!(text, "           {}", printable(reason));
        }
    }
    if retried.iter().any(|retried| retried.outcome == RetryOutcome::Pending) {
        let count = advice.command("status --images");
        let _ = writeln!(text, "\npending: no result yet; {count} counts dead letters");
    }
    text
}
