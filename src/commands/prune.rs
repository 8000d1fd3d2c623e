//! `imgprep prune`

use std::fmt::Write as _;

use clap::Args;

use super::session::{LOOK, Session, Start};
use crate::amounts::{bytes, counted};
use crate::args::Global;
use crate::engine::plan::{Condition, Plan};
use crate::error::Error;
use crate::inventory::{Deletion, Pruned};
use crate::report::advice::Advice;
use crate::report::layout::name_columns;
use crate::report::printable::printable;
use crate::report::style::{BAD, painted};
use crate::report::{Answer, Outcome, Report, pretty};
use crate::resources::folders;

/// List variants whose original or size is gone; with `--yes`, delete them
///
/// Example: imgprep prune --yes
#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// Delete them
    #[arg(short, long)]
    pub(crate) yes: bool,
}

const COMMAND: &str = "prune";

pub(crate) async fn run(args: &Prune, global: &Global, report: &Report) -> Result<Answer, Error> {
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
    Ok(Box::new(pruned))
}

/// The folders of sizes that are no longer in the file, without a final slash.
fn retired(stack: &Plan) -> Vec<String> {
    let folders = stack.steps.iter().filter(|step| step.id == folders::ID);
    let retired = folders.filter(|step| step.condition == Condition::Retired);
    retired.map(|step| step.name.trim_end_matches('/').to_owned()).collect()
}

impl Outcome for Pruned {
    fn text(&self, report: &Report) -> String {
        pruned(self, report.advice())
    }

    fn json(&self) -> String {
        pretty(self)
    }
}

/// What belongs to nothing any more.
fn pruned(pruned: &Pruned, advice: &Advice) -> String {
    let mut text = String::new();
    for key in &pruned.keys {
        let _ = writeln!(text, "  {} {}", painted(BAD, "-"), printable(key));
    }
    let more = pruned.orphans_count() + pruned.records - pruned.keys.len() as u64;
    if more > 0 {
        let _ = writeln!(text, "    and {more} more");
    }
    let names = pruned.folders.iter().map(|folder| format!("{}/", printable(&folder.folder)));
    let names: Vec<String> = names.collect();
    let columns = name_columns(names.iter().map(String::as_str));
    for (name, folder) in names.iter().zip(&pruned.folders) {
        let held = format!("{}, {}", counted(folder.objects, "object"), bytes(folder.bytes));
        let _ = writeln!(text, "  {} {name:<columns$} {held}", painted(BAD, "-"));
    }
    if pruned.foreign > 0 {
        let foreign = counted(pruned.foreign, "object");
        let _ = writeln!(text, "  {foreign} not made by imgprep: kept");
    }
    if pruned.is_empty() {
        text.push_str("nothing to prune\n");
        return text;
    }
    let what = summary(pruned);
    if pruned.deleted {
        let _ = writeln!(text, "\ndeleted: {what}");
    } else {
        let _ = writeln!(text, "\n{what}; next: {}", advice.command("prune --yes"));
    }
    text
}

/// What there is, and nothing of which there is none.
fn summary(pruned: &Pruned) -> String {
    let variants =
        format!("{} ({})", counted(pruned.orphans_count(), "variant"), bytes(pruned.orphan_bytes));
    let orphans =
        [(pruned.orphans_count(), variants), (pruned.records, counted(pruned.records, "record"))];
    let orphans = orphans.into_iter().filter(|(count, _)| *count > 0).map(|(_, text)| text);
    let orphans = orphans.collect::<Vec<_>>().join(" and ");
    let folders = pruned.folders.len() as u64;
    let parts = [
        (!orphans.is_empty(), format!("{orphans} that belong to nothing")),
        (folders > 0, counted(folders, "retired folder")),
    ];
    let parts = parts.into_iter().filter(|(is_there, _)| *is_there).map(|(_, text)| text);
    parts.collect::<Vec<_>>().join(", ")
}
