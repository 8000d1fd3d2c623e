//! `imgprep status`

use std::fmt::Write as _;
use std::time::Duration;

use clap::Args;
use contract::keys::MANIFESTS_FOLDER;

use super::session::{LOOK, Session, Start};
use crate::amounts::counted;
use crate::args::Global;
use crate::engine::changelog::{Changelog, State};
use crate::engine::plan::Condition;
use crate::error::Error;
use crate::inventory::ImageCounts;
use crate::report::advice::Advice;
use crate::report::document::Document;
use crate::report::layout::{name_columns, prose, spaces};
use crate::report::printable::printable;
use crate::report::stack::{self, Lead};
use crate::report::style::{BAD, CHANGED, GOOD, painted};
use crate::report::{Answer, Outcome, Report, pretty};
use crate::resources::alarms::Standing;

/// Show every resource, what differs, and the addresses to use
///
/// Exits with 4 if a resource is missing, drifted or not ours.
///
/// Example: imgprep status --json
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Also count originals, variants and missing variants
    #[arg(long)]
    pub(crate) images: bool,
    /// Keep watching and show every change, until interrupted
    #[arg(long, conflicts_with = "json")]
    pub(crate) watch: bool,
}

/// Exit code of a stack that is not whole.
pub(super) const NOT_WHOLE: u8 = 4;
const WATCH_PAUSE: Duration = Duration::from_secs(5);

pub(crate) async fn run(args: &Status, global: &Global, report: &Report) -> Result<Answer, Error> {
    let mut session = Session::open(global, report, LOOK, Start::Never).await?;
    loop {
        let outcome = look(&mut session, args.images, report).await?;
        if !args.watch {
            return Ok(Box::new(outcome));
        }
        report.redraw(&outcome);
        session.stop.pause(WATCH_PAUSE).await;
    }
}

async fn look(session: &mut Session, images: bool, report: &Report) -> Result<Found, Error> {
    let plan = session.plan().await?;
    let mut document = session.document(Changelog::before(&plan));
    let exit_code = if document.state.is_whole() { 0 } else { NOT_WHOLE };
    // Where there is no bucket there are no images, which the state says already.
    if images && let Ok(inventory) = session.images(&plan) {
        let progress = report.task("images");
        document.images = Some(inventory.count(&|line| progress.say(line)).await?);
    }
    Ok(Found { document, exit_code })
}

/// How the stack is.
struct Found {
    document: Document,
    exit_code: u8,
}

impl Outcome for Found {
    fn text(&self, report: &Report) -> String {
        text(&self.document, report.advice())
    }

    fn json(&self) -> String {
        pretty(&self.document)
    }

    fn exit_code(&self) -> u8 {
        self.exit_code
    }
}

/// How a stack is.
fn text(document: &Document, advice: &Advice) -> String {
    let mut text = stack::head(document);
    let ids = stack::id_columns(&document.resources);
    for entry in &document.resources {
        let (style, word) = stack::condition(entry.state);
        stack::line(
            &mut text,
            &Lead { style, word: &format!("  {word:<9}"), columns: 11, ids },
            entry,
            advice,
        );
        if entry.state != Condition::Missing {
            stack::differences(&mut text, entry);
        }
    }
    let style = if document.state.is_whole() { GOOD } else { CHANGED };
    let _ = writeln!(text, "\n{}", painted(style, document.state.as_str()));
    if document.state != State::Absent {
        stack::outputs(&mut text, &document.outputs);
    }
    if let Some(watch) = &document.watch {
        alarms(&mut text, &watch.states);
    }
    stack::retired(&mut text, document, advice);
    let mut next = if document.state.is_whole() { Vec::new() } else { vec!["up"] };
    if let Some(images) = &document.images {
        text.push_str(&counts(images));
        next.extend(next_commands(images));
    }
    if !next.is_empty() {
        let next: Vec<String> = next.iter().map(|command| advice.command(command)).collect();
        let _ = writeln!(text, "\nnext: {}", next.join(", "));
    }
    text
}

/// How the alarms stand, and why those that are not silent.
fn alarms(text: &mut String, states: &[Standing]) {
    let columns = name_columns(states.iter().map(|it| it.alarm.as_str()));
    for (index, Standing { alarm, state, since, reason, .. }) in states.iter().enumerate() {
        let (style, is_silent) = match state.as_str() {
            "OK" => (GOOD, true),
            "ALARM" => (BAD, false),
            _ => (CHANGED, false),
        };
        if index == 0 {
            text.push('\n');
        }
        let _ = write!(text, "  {alarm:<columns$} {}", painted(style, &printable(state)));
        if let Some(since) = since {
            let _ = write!(text, " since {since}");
        }
        text.push('\n');
        if let Some(reason) = reason.as_ref().filter(|_| !is_silent) {
            let column = columns + 3;
            let _ = writeln!(text, "{}{}", spaces(column), prose(&printable(reason), column));
        }
    }
}

/// What `status --images` adds.
fn counts(images: &ImageCounts) -> String {
    let columns = name_columns(images.variants.keys().map(String::as_str));
    let originals = counted(images.originals, "original");
    let mut text = format!("\n  {:<columns$} {originals}\n", "images");
    let letters = images.dead_letters.unwrap_or_default();
    let troubles = [
        (images.failures, "failed", BAD, "original"),
        (images.archived, "archived", BAD, "original"),
        (letters, "dead letters", BAD, "message"),
        (images.orphans, "left over", CHANGED, "variant"),
    ];
    for (count, name, style, what) in troubles.into_iter().filter(|(count, ..)| *count > 0) {
        let _ = writeln!(text, "  {name:<columns$} {}", painted(style, &counted(count, what)));
    }
    for (folder, count) in &images.variants {
        let what = if folder == MANIFESTS_FOLDER { "manifest" } else { "variant" };
        let _ = write!(text, "  {folder:<columns$} {}", counted(*count, what));
        match images.missing.get(folder) {
            None | Some(0) => {}
            Some(missing) => {
                let _ = write!(text, ", {}", painted(CHANGED, &format!("{missing} missing")));
            }
        }
        text.push('\n');
    }
    text
}

/// The commands that help with what was counted.
fn next_commands(images: &ImageCounts) -> impl Iterator<Item = &'static str> {
    let next = [
        (images.missing.values().any(|missing| *missing > 0), "backfill"),
        (images.failures > 0, "failures"),
        (images.orphans > 0, "prune"),
    ];
    next.into_iter().filter(|(is_due, _)| *is_due).map(|(_, command)| command)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use std::collections::BTreeMap;

    use super::*;

    fn by_folder(large: u64, small: u64) -> BTreeMap<String, u64> {
        [("800x600".to_owned(), large), ("400x300".to_owned(), small)].into()
    }

    #[test]
    fn an_alarm_that_is_on_says_why() {
        let standing = |alarm: &str, state: &str, reason: &str| Standing {
            alarm: alarm.to_owned(),
            name: format!("photos-alarms-{alarm}"),
            state: state.to_owned(),
            since: Some("2026-11-29T08:00:00Z".to_owned()),
            reason: Some(reason.to_owned()),
        };
        let states = [
            standing(
                "dead-letters",
                "ALARM",
                "Threshold Crossed: 1 out of the last 1 datapoints [3.0 (29/11/26 07:55:00)] was greater than the threshold (0.0)",
            ),
            standing(
                "errors",
                "OK",
                "Threshold Crossed: no datapoints were received for 3 periods",
            ),
            standing("throttles", "INSUFFICIENT_DATA", "Unchecked: Initial alarm creation"),
        ];
        let mut text = String::new();
        alarms(&mut text, &states);
        assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @"
          dead-letters   ALARM since 2026-11-29T08:00:00Z
                         Threshold Crossed: 1 out of the last 1 datapoints [3.0
                         (29/11/26 07:55:00)] was greater than the threshold (0.0)
          errors         OK since 2026-11-29T08:00:00Z
          throttles      INSUFFICIENT_DATA since 2026-11-29T08:00:00Z
                         Unchecked: Initial alarm creation
        ");
    }

    #[test]
    fn what_is_counted_says_what_to_do() {
        let images = ImageCounts {
            originals: 12,
            variants: by_folder(12, 1),
            missing: by_folder(0, 11),
            failures: 1,
            archived: 4,
            orphans: 2,
            dead_letters: Some(3),
        };
        assert_snapshot!(anstream::adapter::strip_str(&counts(&images)).to_string(), @"
          images         12 originals
          failed         1 original
          archived       4 originals
          dead letters   3 messages
          left over      2 variants
          400x300        1 variant, 11 missing
          800x600        12 variants
        ");
        let next: Vec<&str> = next_commands(&images).collect();
        assert_eq!(next, ["backfill", "failures", "prune"]);
    }
}
