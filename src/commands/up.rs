//! `imgprep up`

use std::fmt::Write as _;
use std::io;

use clap::Args;

use super::init::{self, Init};
use super::session::{Session, Start};
use crate::args::{Global, with_switches};
use crate::engine::apply::Run;
use crate::engine::changelog::Changelog;
use crate::engine::plan::{Action, Condition, Plan, Step};
use crate::engine::resource::{Observed, Owner};
use crate::error::Error;
use crate::inventory::Behind;
use crate::report::document::{Document, Entry};
use crate::report::printable::printable;
use crate::report::stack::{self, Lead};
use crate::report::style::{BOLD, painted};
use crate::report::{Answer, Asked, Outcome, Report, pretty};
use crate::resources::{certificate, ready_subscriptions};

/// Create or repair the stack; running it again changes nothing
///
/// Example: imgprep up --local
#[derive(Debug, Args)]
#[command(alias = "provision")]
pub(crate) struct Up {
    /// Skip the confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) changes: Changes,
    /// Wait until CloudFront has deployed the CDN everywhere
    #[arg(long)]
    pub(crate) wait: bool,
}

/// How far `up` may go, and `plan` with it.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Debug, Args)]
pub(crate) struct Changes {
    /// Adopt existing untagged resources
    #[arg(long)]
    pub(crate) adopt: bool,
    /// Remove this stack's resources that are no longer in the file
    #[arg(long)]
    pub(crate) prune: bool,
    /// With `--prune`, also delete images in buckets and folders that are no longer in the file
    #[arg(long, requires = "prune")]
    pub(crate) delete_images: bool,
    /// With `--local`, build the function as for AWS instead of running it in this program
    #[arg(long, requires = "local")]
    pub(crate) release_function: bool,
}

impl Changes {
    /// A command with these options.
    pub(crate) fn of(&self, command: &str) -> String {
        let Self { adopt, prune, delete_images, release_function } = *self;
        let switches = [
            ("adopt", adopt),
            ("prune", prune),
            ("delete-images", delete_images),
            ("release-function", release_function),
        ];
        with_switches(command, &switches)
    }
}

const COMMAND: &str = "up";

pub(crate) async fn run(args: &Up, global: &Global, report: &Report) -> Result<Answer, Error> {
    let is_missing = global.config.symlink_metadata().is_err_and(|error| is_absence(&error));
    if is_missing && !args.yes && report.can_ask() {
        offer_file(global, report).await?;
    }
    let mut session = Session::open_to_make(&args.changes, global, report, Start::IfNeeded).await?;
    let plan = session.plan_to_make().await?;
    refuse_foreign(&plan)?;
    let mut changelog = Changelog::before(&plan);
    if !plan.is_empty() {
        let document = session.document(changelog);
        report.preview(|advice| stack::plan(&document, report.is_verbose(), advice));
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
    Ok(Box::new(Made(session.document(changelog))))
}

/// Whether nothing is there, rather than something that cannot be looked at.
fn is_absence(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

/// Where there is no file yet, has one written.
async fn offer_file(global: &Global, report: &Report) -> Result<(), Error> {
    let asked = Asked { command: COMMAND.to_owned(), preview: None };
    let file = global.config.display();
    report.confirm(&asked, &format!("`{file}` does not exist. Create it with `imgprep init`?"))?;
    let written = init::run(&Init::default(), global, report).await?;
    report.preview(|_| written.text(report));
    Ok(())
}

/// Images are gone for ever, so their deletion is confirmed by typing the bucket's name.
fn confirm(args: &Up, plan: &Plan, report: &Report) -> Result<(), Error> {
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

/// What was made or repaired.
struct Made(Document);

impl Outcome for Made {
    fn text(&self, report: &Report) -> String {
        text(&self.0, report)
    }

    fn json(&self) -> String {
        pretty(&self.0)
    }
}

/// What `up` made, and what to do next.
fn text(document: &Document, report: &Report) -> String {
    let (mut text, advice) = (String::new(), report.advice());
    let stack = painted(BOLD, &document.stack);
    let _ = match document.changed() {
        0 => writeln!(text, "{stack} is up to date"),
        1 => writeln!(text, "{stack}: 1 change"),
        changed => writeln!(text, "{stack}: {changed} changes"),
    };
    stack::outputs(&mut text, &document.outputs);
    let certificate = document.resources.iter().find(|entry| entry.id == certificate::ID);
    if let Some(Entry { name, note: Some(note), .. }) = certificate {
        let _ = writeln!(text, "\n{name} is not served yet: {}", advice.text(note));
    }
    if document.resources.iter().any(|entry| entry.state == Condition::Deploying) {
        let _ = writeln!(
            text,
            "\nUploads are processed now. CloudFront needs a few minutes to reach all its edges."
        );
    }
    let unconfirmed = document.watch.iter().flat_map(|watch| &watch.unconfirmed);
    let unconfirmed: Vec<String> = unconfirmed.map(|address| printable(address)).collect();
    if !unconfirmed.is_empty() {
        let _ = writeln!(
            text,
            "\nAWS has sent mail to {}: alarms arrive once the link in it is opened.",
            unconfirmed.join(", ")
        );
    }
    let subscribers = document.resources.iter().find(|entry| entry.id == ready_subscriptions::ID);
    if let Some(note) = subscribers.and_then(|entry| entry.note.as_ref()) {
        let _ = writeln!(text, "\n{}", advice.text(note));
    }
    let left: Vec<&Entry> =
        document.resources.iter().filter(|entry| entry.state == Condition::Retired).collect();
    if !left.is_empty() {
        text.push_str("\nno longer in the file:\n");
        let ids = stack::id_columns(left.iter().copied());
        for entry in &left {
            stack::line(&mut text, &Lead::none(ids), entry, advice);
        }
        let is_kept = |entry: &&Entry| entry.id.0.holds_images && !stack::is_retired(entry);
        let remove =
            if left.iter().all(is_kept) { "up --prune --delete-images" } else { "up --prune" };
        let them = if left.len() == 1 { "it" } else { "them" };
        let _ = writeln!(text, "{} removes {them}", advice.command(remove));
    }
    let _ = writeln!(text, "\nnext: {}", advice.command("try"));
    match document.behind {
        Behind::Nothing => {}
        Behind::NewSizes => {
            let backfill = advice.command("backfill");
            let _ = writeln!(text, "for existing images: {backfill}");
        }
        Behind::OtherSettings => {
            let backfill = advice.command("backfill --outdated");
            let _ = writeln!(
                text,
                "for existing images: {backfill}\n\
                 (browsers and caches keep the old ones until `cache_control` expires)"
            );
        }
    }
    if report.is_local() {
        let stop = advice.command("local stop");
        let _ = writeln!(text, "the local AWS stops when idle; to stop it now: {stop}");
    }
    text
}
