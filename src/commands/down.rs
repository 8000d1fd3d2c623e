//! `imgprep down`

use super::session::Session;
use crate::apply::{End, Ends};
use crate::args::{Down as Args, Global};
use crate::error::{Error, Failure};
use crate::plan::{Action, Condition, Goal, Plan, Step};
use crate::report::{Kind, Outcome, Report};
use crate::resource::{Id, Images};
use crate::stack::Purpose;

const COMMAND: &str = "down";

pub(crate) async fn run(args: &Args, global: &Global, report: &Report) -> Result<Outcome, Error> {
    let images = if args.delete_images { Images::Delete } else { Images::Keep };
    let purpose = Purpose { goal: Goal::Absent, images };
    let mut session = Session::open(global, report, purpose).await?;
    let plan = session.plan().await?;
    if plan.is_empty() {
        return Ok(session.view(&plan).outcome(Kind::Down, 0));
    }
    report.preview(&session.view(&plan));
    if !args.yes && !global.local {
        confirm(&session, &plan, images, report)?;
    }
    session.stop_on_interrupt();
    let ends = session.run(&plan, report, !args.no_wait, async |run| run.apply(&plan).await).await;
    if let Some(failure) = Failure::of(COMMAND, &plan, &ends) {
        return Err(Error::Apply(failure));
    }
    session.interrupted(COMMAND)?;
    let left = proof(&mut session, &plan, &ends).await?;
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

/// Reads every name back and answers with what is left, which may only be what was meant to stay.
async fn proof(session: &mut Session, plan: &Plan, ends: &Ends) -> Result<Plan, Error> {
    let mut left = session.plan().await?;
    let mut leftovers = Vec::new();
    for step in &mut left.steps {
        let is_same =
            |(_, before): &(usize, &Step)| before.id == step.id && before.name == step.name;
        let before = plan.steps.iter().enumerate().find(is_same);
        match before.and_then(|(index, _)| ends.get(&index)) {
            Some(End::Kept(why)) => {
                step.action = Action::None;
                step.note = Some(why.clone());
            }
            Some(End::Later(why)) => {
                step.condition = Condition::Deploying;
                step.note = Some(why.clone());
            }
            _ if step.action == Action::Delete => leftovers.push((step.id, step.name.clone())),
            _ if step.condition == Condition::Missing => {
                step.action = before.map_or(Action::None, |(_, before)| before.action);
            }
            _ => {}
        }
    }
    if !leftovers.is_empty() {
        return Err(Error::Leftover(leftovers));
    }
    // What was retired and is gone is in no later plan.
    let is_gone = |step: &&Step| {
        step.condition == Condition::Retired
            && !left.steps.iter().any(|it| it.id == step.id && it.name == step.name)
    };
    let gone: Vec<Step> = plan.steps.iter().filter(is_gone).cloned().collect();
    left.steps.extend(gone.into_iter().map(|step| Step { condition: Condition::Missing, ..step }));
    Ok(left)
}
