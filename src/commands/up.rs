//! `imgprep up`

use super::session::{Session, Start};
use crate::args::{Global, Up as Args};
use crate::engine::apply::Run;
use crate::engine::changelog::Changelog;
use crate::engine::plan::{Action, Condition, Plan, Step};
use crate::engine::resource::{Observed, Owner};
use crate::error::Error;
use crate::report::{Asked, Kind, Outcome, Report};

const COMMAND: &str = "up";

pub(crate) async fn run(args: &Args, global: &Global, report: &Report) -> Result<Outcome, Error> {
    let mut session = Session::open_to_make(&args.changes, global, report, Start::IfNeeded).await?;
    let plan = session.plan_to_make().await?;
    refuse_foreign(&plan)?;
    let mut changelog = Changelog::before(&plan);
    if !plan.is_empty() {
        report.preview(session.view(changelog));
        if !args.yes && !global.local {
            confirm(args, &plan, report)?;
        }
        session.stop_on_interrupt();
        let command = args.changes.of(COMMAND);
        session.build(&plan, &command, report).await?;
        let apply = async |run: &Run<'_>| run.apply(&plan).await;
        changelog = session.run(&plan, report, args.wait, apply).await;
        session.ended(&command, &changelog)?;
    }
    if args.wait {
        settle(&session, &plan, report).await?;
        changelog = changelog.settled();
    }
    Ok(session.view(changelog).outcome(Kind::Up, 0))
}

/// Images are gone for ever, so their deletion is confirmed by typing the bucket's name.
fn confirm(args: &Args, plan: &Plan, report: &Report) -> Result<(), Error> {
    let goes = |step: &&Step| {
        step.id.0.holds_images
            && step.condition == Condition::Retired
            && step.action == Action::Delete
    };
    let changes = &args.changes;
    let asked = Asked { command: changes.of(COMMAND), preview: Some(changes.of("plan")) };
    match plan.steps.iter().find(goes).filter(|_| changes.delete_images) {
        Some(step) => report.confirm_by_typing(&asked, &step.name),
        None => report.confirm(&asked, "Apply this plan?"),
    }
}

/// Stops before the first change if anything in the way is somebody else's.
fn refuse_foreign(plan: &Plan) -> Result<(), Error> {
    let steps: Vec<_> = plan
        .foreign()
        .map(|step| (step.id, step.name.clone(), step.note.clone().unwrap_or_default()))
        .collect();
    if steps.is_empty() {
        return Ok(());
    }
    let is_adoptable = |observed: &Observed| matches!(observed.owner, Owner::Foreign(_));
    let adoptable = plan.foreign().all(|step| step.observed.as_ref().is_some_and(is_adoptable));
    Err(Error::Foreign { steps, adoptable })
}

async fn settle(session: &Session, plan: &Plan, report: &Report) -> Result<(), Error> {
    let settled = session.run(plan, report, true, async |run| run.settle(plan).await).await;
    session.interrupted("up --wait")?;
    settled.map_err(|(id, error)| Error::Settle { id, error })
}
