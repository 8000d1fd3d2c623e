//! `imgprep down`

use super::session::Session;
use crate::apply::{End, Ends, Run};
use crate::args::{Down as Args, Global};
use crate::error::{Error, Failure};
use crate::plan::{Action, Condition, Goal, Plan};
use crate::report::{Kind, Outcome, Report};
use crate::resource::Id;
use crate::resources::bucket::Images;

const COMMAND: &str = "down";

pub(crate) async fn run(args: &Args, global: &Global, report: &Report) -> Result<Outcome, Error> {
    let images = if args.delete_images { Images::Delete } else { Images::Keep };
    let session = Session::open(global, report, Some(images)).await?;
    let plan = session.plan(Goal::Absent).await?;
    if plan.is_empty() {
        return Ok(session.view(&plan).outcome(Kind::Down, 0));
    }
    report.preview(&session.view(&plan));
    if !args.yes && !global.local {
        confirm(&session, &plan, images, report)?;
    }
    session.stop_on_interrupt();
    let ends = apply(&session, &plan, args.no_wait, report).await;
    if let Some(failure) = Failure::of(COMMAND, &plan, &ends) {
        return Err(Error::Apply(failure));
    }
    session.interrupted(COMMAND)?;
    let left = proof(&session, &plan, &ends).await?;
    Ok(session.view(&left).outcome(Kind::Down, 0))
}

/// Images are gone for ever, so their deletion is confirmed by typing the bucket's name.
fn confirm(session: &Session, plan: &Plan, images: Images, report: &Report) -> Result<(), Error> {
    let bucket_goes = plan.step(Id::Bucket).is_some_and(|step| step.action == Action::Delete);
    if images == Images::Delete && bucket_goes {
        report.confirm_by_typing(COMMAND, &session.config.bucket.name)
    } else {
        report.confirm(COMMAND, "Remove all this?")
    }
}

async fn apply(session: &Session, plan: &Plan, no_wait: bool, report: &Report) -> Ends {
    let work = async |run: &Run<'_>| {
        let mut ends = run.apply(plan).await;
        if !no_wait && !session.stop.is_asked() {
            run.finish(&mut ends).await;
        }
        ends
    };
    session.run(plan, report, work).await
}

/// Reads every name back and answers with what is left, which may only be what was meant to stay.
async fn proof(session: &Session, plan: &Plan, ends: &Ends) -> Result<Plan, Error> {
    let mut left = session.plan(Goal::Absent).await?;
    for step in &mut left.steps {
        match ends.get(&step.id) {
            Some(End::Kept(why)) => {
                step.action = Action::None;
                step.note = Some(why.clone());
            }
            Some(End::Later(why)) => {
                step.condition = Condition::Deploying;
                step.note = Some(why.clone());
            }
            _ => {}
        }
    }
    let is_left = |id: Id| {
        !matches!(ends.get(&id), Some(End::Kept(_) | End::Later(_)))
            && left.step(id).is_some_and(|step| step.action == Action::Delete)
    };
    let leftovers: Vec<_> = left
        .steps
        .iter()
        .filter(|step| is_left(step.id))
        .map(|step| (step.id, step.name.clone()))
        .collect();
    if !leftovers.is_empty() {
        return Err(Error::Leftover(leftovers));
    }
    for step in left.steps.iter_mut().filter(|step| step.condition == Condition::Missing) {
        step.action = plan.step(step.id).map_or(Action::None, |before| before.action);
    }
    Ok(left)
}
