//! `imgprep up`

use super::session::{Session, Start};
use crate::apply::{End, Ends};
use crate::args::{Global, Up as Args};
use crate::error::Error;
use crate::plan::{Action, Condition, Plan, Step};
use crate::report::{Asked, Kind, Outcome, Report};
use crate::resource::{Details, Fields, IN_PROGRESS, Id, Observed, Owner, STATUS};

const COMMAND: &str = "up";

pub(crate) async fn run(args: &Args, global: &Global, report: &Report) -> Result<Outcome, Error> {
    let mut session = Session::open_to_make(&args.changes, global, report, Start::IfNeeded).await?;
    let mut plan = session.plan_to_make().await?;
    refuse_foreign(&plan)?;
    if !plan.is_empty() {
        report.preview(&session.view(&plan));
        if !args.yes && !global.local {
            confirm(args, &plan, report)?;
        }
        session.stop_on_interrupt();
        let command = args.changes.of(COMMAND);
        session.build(&plan, &command, report).await?;
        let ends = session.run(&plan, report, args.wait, async |run| run.apply(&plan).await).await;
        session.ended(&command, &plan, &ends)?;
        take_over(&mut plan, ends);
    }
    if args.wait {
        settle(&session, &mut plan, report).await?;
    }
    Ok(session.view(&plan).outcome(Kind::Up, 0))
}

/// Images are gone for ever, so their deletion is confirmed by typing the bucket's name.
fn confirm(args: &Args, plan: &Plan, report: &Report) -> Result<(), Error> {
    let goes = |step: &&Step| {
        matches!(step.id, Id::Bucket | Id::Folders)
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

async fn settle(session: &Session, plan: &mut Plan, report: &Report) -> Result<(), Error> {
    let settled = session.run(plan, report, true, async |run| run.settle(plan).await).await;
    session.interrupted("up --wait")?;
    settled.map_err(|(id, error)| Error::Settle { id, error })?;
    for step in plan.steps.iter_mut().filter(|step| step.condition == Condition::Deploying) {
        step.condition = Condition::Ok;
    }
    Ok(())
}

/// The plan as it reads once it is done: what was changed is now as it should be.
fn take_over(plan: &mut Plan, ends: Ends) {
    for (index, end) in ends {
        let step = &mut plan.steps[index];
        match end {
            End::Done(details) if !step.is_leaving => made(step, details),
            End::Done(_) => step.condition = Condition::Missing,
            End::Kept(why) => {
                step.action = Action::None;
                step.note = Some(why);
            }
            End::Later(why) => step.note = Some(why),
            End::Failed(_) | End::NotStarted => {}
        }
    }
}

fn made(step: &mut Step, details: Details) {
    if step.condition == Condition::Foreign {
        // Why it was not ours.
        step.note = None;
    }
    let is_deploying = details.get(STATUS).is_some_and(|status| status == IN_PROGRESS);
    step.condition = if is_deploying { Condition::Deploying } else { Condition::Ok };
    if let Some(arn) = details.get("arn") {
        step.arn = Some(arn.clone());
    }
    let observed =
        step.observed.get_or_insert_with(|| Observed::new(Fields::default(), Owner::Ours));
    observed.details.extend(details);
}
