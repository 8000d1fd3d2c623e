//! `imgprep down`

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::session::{Session, Start};
use crate::args::{Down as Args, Global};
use crate::aws::wait::{PAUSE_MIN, Probe, Wait, wait_until};
use crate::engine::apply::Run;
use crate::engine::changelog::Changelog;
use crate::engine::plan::{Action, Goal, Plan, Purpose};
use crate::engine::resource::Images;
use crate::error::Error;
use crate::report::{Asked, Kind, Outcome, Report};
use crate::resources::bucket;

const COMMAND: &str = "down";
/// How long AWS may go on showing what was deleted. A queue is waited for when it is deleted.
const RELEASE_MAX: Duration = Duration::from_mins(1);

pub(crate) async fn run(args: &Args, global: &Global, report: &Report) -> Result<Outcome, Error> {
    let images = if args.delete_images { Images::Delete } else { Images::Keep };
    let purpose = Purpose { goal: Goal::Absent, images };
    let mut session = Session::open(global, report, purpose, Start::Never).await?;
    let plan = session.plan().await?;
    if plan.is_empty() {
        return Ok(session.view(Changelog::before(&plan)).outcome(Kind::Down, 0));
    }
    report.preview(session.view(Changelog::before(&plan)));
    if !args.yes && !global.local {
        confirm(args, &session, &plan, report)?;
    }
    session.stop_on_interrupt();
    let apply = async |run: &Run<'_>| run.apply(&plan).await;
    let changelog = session.run(&plan, report, !args.no_wait, apply).await;
    session.ended(&args.command(), &changelog)?;
    let proven = proof(&mut session, &changelog, report).await?;
    Ok(session.view(proven).outcome(Kind::Down, 0))
}

/// Images are gone for ever, so their deletion is confirmed by typing the bucket's name.
fn confirm(args: &Args, session: &Session, plan: &Plan, report: &Report) -> Result<(), Error> {
    // What goes was shown above.
    let asked = Asked { command: args.command(), preview: None };
    let bucket_goes = plan.step(bucket::ID).is_some_and(|step| step.action == Action::Delete);
    if args.delete_images && bucket_goes {
        report.confirm_by_typing(&asked, &session.account.config.bucket.name)
    } else {
        report.confirm(&asked, "Remove all this?")
    }
}

/// Reads every name back and answers with what is left, which may only be what was meant to stay. AWS
/// goes on showing for a while what it deleted, so it is asked again.
async fn proof(
    session: &mut Session,
    changelog: &Changelog,
    report: &Report,
) -> Result<Changelog, Error> {
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
        Ok(match left.as_ref().map(|left| changelog.leftovers(left)) {
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
    match changelog.leftovers(&left) {
        none if none.is_empty() => Ok(changelog.proven_by(&left)),
        leftovers => Err(Error::Leftover(leftovers)),
    }
}
