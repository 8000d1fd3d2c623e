//! `imgprep backfill`

use std::time::Duration;

use super::session::{LOOK, Session, Start};
use crate::args::{Backfill as Args, Global};
use crate::error::Error;
use crate::inventory::{Backfill, BackfillPlan, Scope};
use crate::report::{Asked, Outcome, Report};

const COMMAND: &str = "backfill";

pub(crate) async fn run(args: &Args, global: &Global, report: &Report) -> Result<Outcome, Error> {
    let mut session = Session::open(global, report, LOOK, Start::IfNeeded).await?;
    let stack = session.plan().await?;
    let inventory = session.images(&stack)?;
    let backfill = Backfill {
        inventory,
        prefix: inventory.path(&args.prefix).to_owned(),
        scope: scope(args),
        stop: &session.stop,
        patience: Duration::from_secs(args.timeout),
    };
    let plan = look(&backfill, report).await?;
    if args.dry_run || plan.to_process == 0 {
        return Ok(Outcome::Backfill(plan.unchanged(args.dry_run)));
    }
    // To look ahead takes no stack that is as the file says; to wait for variants does.
    session.working(&stack)?;
    report.preview_backfill(&plan);
    if !args.yes && !global.local {
        let command = args.command();
        let preview = Some(format!("{command} --dry-run"));
        report.confirm(&Asked { command, preview }, "Make these variants?")?;
    }
    session.stop_on_interrupt();
    let bar = report.bar(COMMAND, plan.to_process);
    let result = backfill.run(plan, &|done| bar.at(done)).await?;
    drop(bar);
    result.map(Outcome::Backfill).ok_or_else(|| Error::interrupted(args.command()))
}

fn scope(args: &Args) -> Scope {
    // The parser lets through one of them at most.
    match (args.missing, args.outdated, args.all) {
        (_, _, true) => Scope::All,
        (_, true, _) => Scope::Outdated,
        (true | false, false, false) => Scope::Missing,
    }
}

async fn look(backfill: &Backfill<'_>, report: &Report) -> Result<BackfillPlan, Error> {
    let progress = report.task(COMMAND);
    Ok(backfill.plan(&|line| progress.say(line)).await?)
}
