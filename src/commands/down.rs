//! `imgprep down`

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::session::{Session, Start};
use crate::apply::{End, Ends};
use crate::args::{Down as Args, Global};
use crate::aws::wait::{PAUSE_MIN, Probe, Wait, wait_until};
use crate::error::Error;
use crate::plan::{Action, Condition, Goal, Plan, Step};
use crate::report::{Asked, Kind, Outcome, Report};
use crate::resource::{Id, Images};
use crate::stack::Purpose;

const COMMAND: &str = "down";
/// How long AWS may go on showing what was deleted. A queue is waited for when it is deleted.
const RELEASE_MAX: Duration = Duration::from_mins(1);

pub(crate) async fn run(args: &Args, global: &Global, report: &Report) -> Result<Outcome, Error> {
    let images = if args.delete_images { Images::Delete } else { Images::Keep };
    let purpose = Purpose { goal: Goal::Absent, images };
    let mut session = Session::open(global, report, purpose, Start::Never).await?;
    let plan = session.plan().await?;
    if plan.is_empty() {
        return Ok(session.view(&plan).outcome(Kind::Down, 0));
    }
    report.preview(&session.view(&plan));
    if !args.yes && !global.local {
        confirm(args, &session, &plan, report)?;
    }
    session.stop_on_interrupt();
    let ends = session.run(&plan, report, !args.no_wait, async |run| run.apply(&plan).await).await;
    session.ended(&args.command(), &plan, &ends)?;
    let left = proof(&mut session, (&plan, &ends), report).await?;
    Ok(session.view(&left).outcome(Kind::Down, 0))
}

/// Images are gone for ever, so their deletion is confirmed by typing the bucket's name.
fn confirm(args: &Args, session: &Session, plan: &Plan, report: &Report) -> Result<(), Error> {
    // What goes was shown above.
    let asked = Asked { command: args.command(), preview: None };
    let bucket_goes = plan.step(Id::Bucket).is_some_and(|step| step.action == Action::Delete);
    if args.delete_images && bucket_goes {
        report.confirm_by_typing(&asked, &session.config.bucket.name)
    } else {
        report.confirm(&asked, "Remove all this?")
    }
}

/// Reads every name back and answers with what is left, which may only be what was meant to stay. AWS
/// goes on showing for a while what it deleted, so it is asked again.
async fn proof(
    session: &mut Session,
    (plan, ends): (&Plan, &Ends),
    report: &Report,
) -> Result<Plan, Error> {
    let (stop, progress) = (Arc::clone(&session.stop), report.task(COMMAND));
    let wait = Wait {
        call: COMMAND,
        what: "AWS to let go of what was deleted",
        limit: RELEASE_MAX,
        stop: &stop,
        tell: &|what| progress.say(&format!("waiting for {what}")),
        pause: PAUSE_MIN,
    };
    let session = Mutex::new(session);
    let read_back = || async {
        let left = session.lock().await.plan().await;
        Ok(match left.as_ref().map(|left| leftovers(left, ends, plan)) {
            Ok(leftovers) if !leftovers.is_empty() => Probe::Pending(format!("{leftovers:?}")),
            _ => Probe::Done(left),
        })
    };
    let left = match wait_until(&wait, read_back).await {
        Ok(left) => left?,
        // Too late, or the user does not want to wait: what is there now is what is left.
        Err(_) => session.into_inner().plan().await?,
    };
    drop(progress);
    match leftovers(&left, ends, plan) {
        none if none.is_empty() => Ok(as_done(left, ends, plan)),
        leftovers => Err(Error::Leftover(leftovers)),
    }
}

/// How a step of the plan that was applied ended, for the same resource in a later plan.
fn before<'p>(step: &Step, ends: &'p Ends, plan: &'p Plan) -> Option<(&'p Step, Option<&'p End>)> {
    let is_same = |(_, before): &(usize, &Step)| before.id == step.id && before.name == step.name;
    let (index, before) = plan.steps.iter().enumerate().find(is_same)?;
    Some((before, ends.get(&index)))
}

/// What is still there, though nobody meant it to stay.
fn leftovers(left: &Plan, ends: &Ends, plan: &Plan) -> Vec<(Id, String)> {
    let is_meant = |step: &Step| {
        let end = before(step, ends, plan).and_then(|(_, end)| end);
        matches!(end, Some(End::Kept(_) | End::Later(_)))
    };
    let leftovers = left.steps.iter().filter(|step| step.action == Action::Delete);
    leftovers.filter(|it| !is_meant(it)).map(|step| (step.id, step.name.clone())).collect()
}

/// What is left, with what was done about it.
fn as_done(mut left: Plan, ends: &Ends, plan: &Plan) -> Plan {
    for step in &mut left.steps {
        let (before, end) = before(step, ends, plan).unzip();
        match end.flatten() {
            Some(End::Kept(why)) => {
                step.action = Action::None;
                step.note = Some(why.clone());
            }
            Some(End::Later(why)) => {
                step.condition = Condition::Deploying;
                step.note = Some(why.clone());
            }
            _ if step.condition == Condition::Missing => {
                step.action = before.map_or(Action::None, |before| before.action);
            }
            _ => {}
        }
    }
    // What was retired and is gone is in no later plan.
    let is_gone = |step: &&Step| {
        step.condition == Condition::Retired
            && !left.steps.iter().any(|it| it.id == step.id && it.name == step.name)
    };
    let gone: Vec<Step> = plan.steps.iter().filter(is_gone).cloned().collect();
    left.steps.extend(gone.into_iter().map(|step| Step { condition: Condition::Missing, ..step }));
    left
}
