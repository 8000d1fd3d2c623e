//! `imgprep down`

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::sync::Mutex;

use super::session::{Session, Start};
use crate::args::{Global, with_switches};
use crate::aws::wait::{PAUSE_MIN, Probe, Wait, wait_until};
use crate::engine::apply::Run;
use crate::engine::changelog::Changelog;
use crate::engine::plan::{Action, Condition, Goal, Plan, Purpose};
use crate::engine::resource::Images;
use crate::error::Error;
use crate::report::advice::Advice;
use crate::report::document::{Document, Entry};
use crate::report::printable::printable;
use crate::report::stack::{self, Lead};
use crate::report::{Answer, Asked, Outcome, Report, pretty};
use crate::resources::bucket;

/// Remove everything that `up` made; a bucket with images is kept
///
/// Example: imgprep down --delete-images
#[derive(Debug, Args)]
pub(crate) struct Down {
    /// Skip the confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Delete the bucket with all its images and all their versions
    #[arg(long)]
    pub(crate) delete_images: bool,
    /// Do not wait for CloudFront (minutes); a later `down` finishes removing the CDN
    #[arg(long)]
    pub(crate) no_wait: bool,
}

impl Down {
    /// The command as it was given, without `--yes`.
    pub(crate) fn command(&self) -> String {
        let switches = [("delete-images", self.delete_images), ("no-wait", self.no_wait)];
        with_switches("down", &switches)
    }
}

const COMMAND: &str = "down";
/// How long AWS may go on showing what was deleted. A queue is waited for when it is deleted.
const RELEASE_MAX: Duration = Duration::from_mins(1);

pub(crate) async fn run(args: &Down, global: &Global, report: &Report) -> Result<Answer, Error> {
    let images = if args.delete_images { Images::Delete } else { Images::Keep };
    let purpose = Purpose { goal: Goal::Absent, images };
    let mut session = Session::open(global, report, purpose, Start::Never).await?;
    let plan = session.plan().await?;
    if plan.is_empty() {
        return Ok(Box::new(Removed(session.document(Changelog::before(&plan)))));
    }
    let document = session.document(Changelog::before(&plan));
    report.preview(|advice| stack::plan(&document, report.is_verbose(), advice));
    if !args.yes && !global.local {
        confirm(args, &session, &plan, report)?;
    }
    session.stop_on_interrupt();
    let apply = async |run: &Run<'_>| run.apply(&plan).await;
    let changelog = session.run(&plan, report, !args.no_wait, apply).await;
    session.ended(&args.command(), &changelog)?;
    let proven = proof(&mut session, &changelog, report).await?;
    Ok(Box::new(Removed(session.document(proven))))
}

/// Images are gone for ever, so their deletion is confirmed by typing the bucket's name.
fn confirm(args: &Down, session: &Session, plan: &Plan, report: &Report) -> Result<(), Error> {
    // What goes was shown above.
    let asked = Asked { command: args.command(), preview: None };
    let bucket_goes = plan.step(bucket::ID).is_some_and(|step| step.action == Action::Delete);
    if args.delete_images && bucket_goes {
        report.confirm_by_typing(&asked, &session.account.config.bucket.name)
    } else {
        report.confirm(&asked, "Remove all of this?")
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
        what: "AWS to finish deleting",
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

/// What was removed, and what is left.
struct Removed(Document);

impl Outcome for Removed {
    fn text(&self, report: &Report) -> String {
        text(&self.0, report.advice())
    }

    fn json(&self) -> String {
        pretty(&self.0)
    }
}

/// What `down` removed, and what is left.
fn text(document: &Document, advice: &Advice) -> String {
    let mut text = String::new();
    let is_removed =
        |entry: &&Entry| entry.action == Action::Delete && entry.state == Condition::Missing;
    let removed = document.resources.iter().filter(is_removed).count();
    let left: Vec<&Entry> =
        document.resources.iter().filter(|entry| entry.state != Condition::Missing).collect();
    if removed == 0 && left.is_empty() {
        return format!("{}: nothing to remove\n", document.stack);
    }
    let _ = writeln!(text, "{}: {removed} removed{}", document.stack, remainder(&left));
    let ids = stack::id_columns(left.iter().copied());
    for entry in &left {
        stack::line(&mut text, &Lead::none(ids), entry, advice);
    }
    let holds =
        |entry: &&Entry| entry.note.as_ref().is_some_and(|note| note.starts_with("it holds "));
    if left.iter().any(holds) {
        let all = advice.command("down --delete-images");
        let _ = writeln!(text, "\nto delete its images too: {all}");
    }
    text
}

/// What is left: one resource with the reason why it stays, more by their number.
fn remainder(left: &[&Entry]) -> String {
    match left {
        [] => String::new(),
        [Entry { id, note: Some(note), state, .. }] if *state != Condition::Deploying => {
            format!("; {id} kept because {}", printable(note))
        }
        left => format!(", {} left", left.len()),
    }
}
