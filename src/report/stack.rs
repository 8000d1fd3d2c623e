//! A stack as text, resource by resource: what plans, runs and looks at it have in common.

use std::fmt::Write as _;

use anstyle::Style;

use super::advice::Advice;
use super::diff::Change;
use super::document::{Document, Entry};
use super::layout::{self, COLUMNS, name_columns, spaces, width, wrapped};
use super::printable::printable;
use super::style::{BAD, BOLD, CHANGED, DIM, GOOD, linked, painted};
use crate::engine::plan::{Action, Condition, RETIRED};
use crate::outputs::Outputs;

/// Where the fields of a resource begin.
const FIELDS: usize = 6;

/// What is about to be done, or, for `imgprep plan`, would be. `full` shows the fields of what is
/// new as well.
pub(crate) fn plan(document: &Document, full: bool, advice: &Advice) -> String {
    let mut text = head(document);
    let shown = |entry: &&Entry| mark(entry).is_some() || is_kept(entry);
    let ids = id_columns(document.resources.iter().filter(shown));
    for entry in &document.resources {
        let Some((style, mark)) = mark(entry) else { continue };
        line(&mut text, &Lead { style, word: mark, columns: 3, ids }, entry, advice);
        if entry.action != Action::Create {
            differences(&mut text, entry);
        } else if full {
            layout::fields(&mut text, &entry.differences, FIELDS);
        }
    }
    for entry in document.resources.iter().filter(|entry| is_kept(entry)) {
        line(&mut text, &Lead::none(ids), entry, advice);
    }
    let counts: Vec<String> =
        document.counts().into_iter().map(|(what, count)| format!("{count} {what}")).collect();
    if counts.is_empty() {
        text.push_str("no changes\n");
        return text;
    }
    let _ = writeln!(text, "\n{}", counts.join(", "));
    retired(&mut text, document, advice);
    if !full && document.resources.iter().any(|entry| entry.action == Action::Create) {
        let _ = writeln!(text, "{}", painted(DIM, "-v shows every field of new resources"));
    }
    text
}

/// Says once what is to be known of everything that left the file and is left alone.
pub(crate) fn retired(text: &mut String, document: &Document, advice: &Advice) {
    let them = match document.resources.iter().filter(|entry| is_retired(entry)).count() {
        0 => return,
        1 => "it",
        _ => "them",
    };
    let remove = advice.command("up --prune");
    let _ =
        writeln!(text, "retired: no longer in the file; {remove} removes {them} but keeps images");
}

pub(crate) fn is_retired(entry: &Entry) -> bool {
    entry.note.as_deref() == Some(RETIRED)
}

/// What stands before a resource of a plan; nothing before one that is left as it is.
fn mark(entry: &Entry) -> Option<(Style, &'static str)> {
    match (entry.action, entry.state) {
        (Action::Create, _) => Some((GOOD, "+")),
        (Action::Update, _) => Some((CHANGED, "~")),
        (Action::Replace, _) => Some((CHANGED, "-/+")),
        (Action::Delete, _) => Some((BAD, "-")),
        (Action::None, Condition::Foreign) => Some((BAD, "!")),
        (Action::None, _) => None,
    }
}

pub(crate) fn head(document: &Document) -> String {
    let place = format!("account {}, {}", document.account, document.region);
    format!("{} {}\n\n", painted(BOLD, &document.stack), painted(DIM, &format!("({place})")))
}

/// What stands before a resource, at the right end of its columns.
pub(crate) struct Lead<'w> {
    pub(crate) style: Style,
    pub(crate) word: &'w str,
    pub(crate) columns: usize,
    /// The columns of the ids of all resources that are shown.
    pub(crate) ids: usize,
}

impl Lead<'_> {
    pub(crate) fn none(ids: usize) -> Self {
        Self { style: Style::new(), word: "", columns: 3, ids }
    }
}

/// The columns that the ids of these resources take.
pub(crate) fn id_columns<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> usize {
    /// What every stack takes.
    const LEAST: usize = 13;
    entries.into_iter().map(|entry| width(entry.id.as_str())).fold(LEAST, usize::max)
}

/// The line of a resource; what does not fit goes below its name.
pub(crate) fn line(text: &mut String, lead: &Lead<'_>, entry: &Entry, advice: &Advice) {
    let Lead { style, word, columns, ids } = lead;
    let before = spaces(columns.saturating_sub(width(word)));
    let _ = write!(text, "{before}{} {:<ids$} ", painted(*style, word), entry.id);
    let column = columns + ids + 2;
    let words: Vec<String> = entry.name.split_whitespace().map(printable).collect();
    let name = wrapped(&words, column);
    let last = name.lines().last().unwrap_or_default();
    // The first line begins at the column, the others hold the space before it.
    let mut at = if name.contains('\n') { width(last) } else { column + width(last) };
    text.push_str(&name);
    // Where no word stands before it, what it is stands behind.
    let retired = (is_retired(entry) && word.is_empty()).then(|| (DIM, "(retired)".to_owned()));
    for (style, remark) in retired.into_iter().chain(remarks(entry, advice)) {
        if at + 2 + width(&remark) <= COLUMNS {
            let _ = write!(text, "  {}", painted(style, &remark));
            at += 2 + width(&remark);
        } else {
            let words: Vec<String> = remark.split(' ').map(ToOwned::to_owned).collect();
            let remark = wrapped(&words, column);
            let _ = write!(text, "\n{}{}", spaces(column), painted(style, &remark));
            at = COLUMNS;
        }
    }
    text.push('\n');
}

fn remarks(entry: &Entry, advice: &Advice) -> Vec<(Style, String)> {
    let note = entry.note.as_ref().filter(|_| !is_retired(entry));
    let note = note.map(|note| (DIM, format!("({})", printable(&advice.text(note)))));
    let long = entry.effort.long.map(|why| (CHANGED, why.0.to_owned()));
    let irreversible = entry.effort.irreversible.map(|why| (BAD, why.0.to_owned()));
    [note, long, irreversible].into_iter().flatten().collect()
}

/// Whether it stays although the stack goes, or although it left the file, for a reason.
fn is_kept(entry: &Entry) -> bool {
    matches!(entry.state, Condition::Ok | Condition::Retired)
        && entry.action == Action::None
        && entry.note.is_some()
}

pub(crate) fn differences(text: &mut String, entry: &Entry) {
    let changes: Vec<Change> = entry.differences.iter().map(Change::from).collect();
    layout::changes(text, &changes, FIELDS);
}

pub(crate) fn condition(condition: Condition) -> (Style, &'static str) {
    match condition {
        Condition::Ok => (GOOD, "ok"),
        Condition::Missing => (BAD, "missing"),
        Condition::Drifted => (CHANGED, "drifted"),
        Condition::Foreign => (BAD, "foreign"),
        Condition::Deploying => (CHANGED, "deploying"),
        Condition::Retired => (CHANGED, "retired"),
    }
}

pub(crate) fn outputs(text: &mut String, outputs: &Outputs) {
    let columns = name_columns(outputs.urls.keys().map(String::as_str));
    let _ = writeln!(text, "\n  {:<columns$} {}", "upload to", outputs.upload_to);
    for (folder, url) in &outputs.urls {
        let _ = writeln!(text, "  {folder:<columns$} {}", linked(url));
    }
    if !outputs.dns_records.is_empty() {
        text.push_str("\nrecords for your DNS provider, to be made and kept:\n");
        for record in &outputs.dns_records {
            // Lines are as they are for whoever copies them.
            let _ = writeln!(text, "{record}");
        }
    }
}
