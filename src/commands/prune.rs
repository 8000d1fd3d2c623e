//! `imgprep prune`

use super::session::{LOOK, Session, Start};
use crate::args::{Global, Prune as Args};
use crate::engine::plan::{Condition, Plan};
use crate::error::Error;
use crate::inventory::Deletion;
use crate::report::{Outcome, Report};
use crate::resources::folders;

const COMMAND: &str = "prune";

pub(crate) async fn run(args: &Args, global: &Global, report: &Report) -> Result<Outcome, Error> {
    let mut session = Session::open(global, report, LOOK, Start::IfNeeded).await?;
    let stack = session.plan().await?;
    let inventory = session.images(&stack)?;
    session.stop_on_interrupt();
    let deletion = if args.yes { Deletion::Done } else { Deletion::Shown };
    let progress = report.task(COMMAND);
    let tell = |line: &str| progress.say(line);
    let pruned = inventory.prune(&retired(&stack), deletion, (&session.stop, &tell)).await?;
    drop(progress);
    session.interrupted(COMMAND)?;
    Ok(Outcome::Prune(pruned))
}

/// The folders of sizes that are no longer in the file, without a final slash.
fn retired(stack: &Plan) -> Vec<String> {
    let folders = stack.steps.iter().filter(|step| step.id == folders::ID);
    let retired = folders.filter(|step| step.condition == Condition::Retired);
    retired.map(|step| step.name.trim_end_matches('/').to_owned()).collect()
}
