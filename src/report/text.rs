//! Reports as text for people. Colours mark what the words say too.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use contract::settings::Settings;
use serde_json::Value;

use super::advice::Advice;
use super::diff::Change;
use super::document::{Document, Entry, State};
use super::layout::{self, COLUMNS, name_columns, spaces, width, wrapped};
use super::printable::{printable, printable_lines};
use super::{inventory, logs};
use crate::amounts;
use crate::aws::endpoint_variables;
use crate::error::Error;
use crate::local::{Health, Status};
use crate::logs::Event;
use crate::outputs::Outputs;
use crate::plan::{Action, Condition, RETIRED};
use crate::resource::{Edit, Id};
use crate::trial::{Broken, CdnCheck, TrialResult};

pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const CHANGED: Style = AnsiColor::Yellow.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default();
pub(super) const HINT: Style = AnsiColor::Cyan.on_default();
pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();

/// Where the text of a hint begins.
const HINT_COLUMN: usize = "hint: ".len();
/// Where the fields of a resource begin.
const FIELDS: usize = 6;

pub(super) fn painted(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// What is about to be done, or, for `imgprep plan`, would be. `full` shows the fields of what is
/// new as well.
pub(super) fn plan(document: &Document, full: bool, advice: &Advice) -> String {
    let mut text = head(document);
    for entry in &document.resources {
        let Some((style, mark)) = mark(entry) else { continue };
        line(&mut text, &Lead { style, word: mark, columns: 3 }, entry, advice);
        if entry.action != Action::Create {
            differences(&mut text, entry);
        } else if full {
            layout::fields(&mut text, &entry.differences, FIELDS);
        }
    }
    for entry in document.resources.iter().filter(|entry| is_kept(entry)) {
        line(&mut text, &Lead::NONE, entry, advice);
    }
    let counts: Vec<String> =
        document.counts().into_iter().map(|(what, count)| format!("{count} {what}")).collect();
    if counts.is_empty() {
        text.push_str("nothing to do\n");
        return text;
    }
    let _ = writeln!(text, "\n{}", counts.join(", "));
    retired(&mut text, document, advice);
    if !full && document.resources.iter().any(|entry| entry.action == Action::Create) {
        let _ = writeln!(text, "{}", painted(DIM, "-v shows every field of what is created"));
    }
    text
}

/// Says once what is to be known of everything that left the file and is left alone.
fn retired(text: &mut String, document: &Document, advice: &Advice) {
    if document.resources.iter().any(is_retired) {
        let remove = advice.command("up --prune");
        let _ =
            writeln!(text, "retired: no longer in the file; {remove} removes it, but no images");
    }
}

fn is_retired(entry: &Entry) -> bool {
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

/// What `up` made, and what to do next.
pub(super) fn up(document: &Document, local: bool, advice: &Advice) -> String {
    let mut text = String::new();
    let changed = document.changed();
    let summary = if changed == 1 { "1 change".to_owned() } else { format!("{changed} changes") };
    let _ = writeln!(text, "{}: {summary}", painted(BOLD, &document.stack));
    outputs(&mut text, &document.outputs);
    if document.resources.iter().any(|entry| entry.state == Condition::Deploying) {
        let _ = writeln!(
            text,
            "\nUploads are processed from now on. The CDN needs a few minutes to reach its edges."
        );
    }
    let left: Vec<&Entry> =
        document.resources.iter().filter(|entry| entry.state == Condition::Retired).collect();
    if !left.is_empty() {
        text.push_str("\nno longer in the file:\n");
        for entry in &left {
            line(&mut text, &Lead::NONE, entry, advice);
        }
        // What `--prune` alone left holds images.
        let is_left = left.iter().all(|entry| !is_retired(entry));
        let remove = if is_left { "up --prune --delete-images" } else { "up --prune" };
        let _ = writeln!(text, "{} removes what is retired", advice.command(remove));
    }
    let _ = writeln!(text, "\nnext: {}", advice.command("try"));
    match behind(document) {
        Behind::Nothing => {}
        Behind::NewSizes => {
            let backfill = advice.command("backfill");
            let _ = writeln!(text, "for the images that are there already: {backfill}");
        }
        Behind::OtherSettings => {
            let backfill = advice.command("backfill --outdated");
            let _ = writeln!(
                text,
                "for the images that are there already: {backfill}\n\
                 (browsers and caches keep the old ones for as long as `cache_control` says)"
            );
        }
    }
    if local {
        let stop = advice.command("local stop");
        let _ = writeln!(text, "the local AWS runs on until nobody uses it, or: {stop}");
    }
    text
}

/// How the variants of older originals lag behind the file after a change of it.
enum Behind {
    Nothing,
    NewSizes,
    OtherSettings,
}

fn behind(document: &Document) -> Behind {
    let updated = |id: Id| {
        let is_updated = move |entry: &&Entry| entry.id == id && entry.action == Action::Update;
        document.resources.iter().find(is_updated)
    };
    let has = |id: Id, is: &dyn Fn(&Entry) -> bool| {
        document.resources.iter().any(|entry| entry.id == id && is(entry))
    };
    // A stack that is made once more on a bucket that was kept, or that is taken over.
    let is_on_old_bucket = has(Id::Function, &|entry| entry.action == Action::Create)
        && has(Id::Bucket, &|entry| entry.action != Action::Create);
    let are_others = |edit: &Edit| {
        let [have, want] = [&edit.have, &edit.want].map(variants);
        // By folder, for a size may be new or gone.
        want.iter().any(|(folder, made)| have.get(folder).is_some_and(|before| before != made))
    };
    if updated(Id::Function).is_some_and(|entry| entry.differences.iter().any(are_others)) {
        Behind::OtherSettings
    } else if updated(Id::Folders).is_some() || is_on_old_bucket {
        Behind::NewSizes
    } else {
        Behind::Nothing
    }
}

/// How each variant is made, by its folder, where a value is the function's settings.
fn variants(value: &Value) -> BTreeMap<String, String> {
    let settings = value.as_str().and_then(|text| serde_json::from_str::<Settings>(text).ok());
    let variants = settings.map(|settings| settings.variants).unwrap_or_default();
    variants.into_iter().map(|variant| (variant.folder.clone(), variant.fingerprint())).collect()
}

/// How a stack is.
pub(super) fn status(document: &Document, advice: &Advice) -> String {
    let mut text = head(document);
    for entry in &document.resources {
        let (style, word) = condition(entry.state);
        line(&mut text, &Lead { style, word: &format!("  {word:<9}"), columns: 11 }, entry, advice);
        if entry.state != Condition::Missing {
            differences(&mut text, entry);
        }
    }
    let style = if document.state.is_whole() { GOOD } else { CHANGED };
    let _ = writeln!(text, "\n{}", painted(style, document.state.as_str()));
    if document.state != State::Absent {
        outputs(&mut text, &document.outputs);
    }
    retired(&mut text, document, advice);
    let mut next = if document.state.is_whole() { Vec::new() } else { vec!["up"] };
    if let Some(images) = &document.images {
        text.push_str(&inventory::counts(images));
        next.extend(inventory::next(images));
    }
    if !next.is_empty() {
        let next: Vec<String> = next.iter().map(|command| advice.command(command)).collect();
        let _ = writeln!(text, "\nnext: {}", next.join(", "));
    }
    text
}

/// What `down` removed, and what is left.
pub(super) fn down(document: &Document, advice: &Advice) -> String {
    let mut text = String::new();
    let is_removed =
        |entry: &&Entry| entry.action == Action::Delete && entry.state == Condition::Missing;
    let removed = document.resources.iter().filter(is_removed).count();
    let left: Vec<&Entry> =
        document.resources.iter().filter(|entry| entry.state != Condition::Missing).collect();
    let _ = writeln!(text, "{}: {removed} removed, {} left", document.stack, left.len());
    for entry in &left {
        line(&mut text, &Lead::NONE, entry, advice);
    }
    let holds =
        |entry: &&Entry| entry.note.as_ref().is_some_and(|note| note.starts_with("it holds "));
    if left.iter().any(holds) {
        let all = advice.command("down --delete-images");
        let _ = writeln!(text, "\nnext, if its images are to go as well: {all}");
    }
    text
}

pub(super) fn trial(result: &TrialResult) -> String {
    let size = amounts::bytes(result.original_bytes);
    let mut text = format!("{}\n  {size}\n\n", printable(&result.original));
    for variant in &result.variants {
        let cdn = match variant.cdn {
            CdnCheck::Ok => "served",
            CdnCheck::Deploying => "the CDN is still deploying",
            CdnCheck::None => "no public address",
        };
        let _ = writeln!(
            text,
            "  {}  {}x{}  {}  after {:.1} s  {cdn}",
            painted(BOLD, &variant.folder),
            variant.width,
            variant.height,
            amounts::bytes(variant.bytes),
            f64::from(u32::try_from(variant.milliseconds).unwrap_or(u32::MAX)) / 1000.0,
        );
        if let Some(url) = variant.url.as_ref().filter(|_| result.kept) {
            let _ = writeln!(text, "    {}", printable(url));
        }
    }
    if !result.kept {
        text.push_str("\nremoved again; `--keep` leaves them in the bucket\n");
    }
    text
}

pub(super) fn local(status: &Status) -> String {
    let pid = status.pid.map_or(String::new(), |pid| format!(" (process {pid})"));
    format!(
        "local AWS: {}{pid}\n  endpoint  {}\n  version   MiniStack {}\n  state     {}\n  log       {}\n",
        health(status.health),
        status.endpoint,
        status.version,
        status.state_folder.display(),
        status.log_file.display()
    )
}

/// Lines for a shell. A token of other credentials would go with ours, a profile would name others, the
/// endpoint of a single service would come before that of all, and no proxy is between programs of this
/// machine.
pub(super) fn variables(variables: &[(&'static str, String)]) -> String {
    const OTHERS: [&str; 3] =
        ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_PROFILE", "AWS_SESSION_TOKEN"];
    const NO_PROXY: &str = "export NO_PROXY=127.0.0.1,localhost${NO_PROXY:+,$NO_PROXY}\n";
    let set = variables.iter().map(|(name, value)| format!("export {name}={value}\n"));
    let others = OTHERS.into_iter().chain(endpoint_variables());
    let unset = format!("unset {}\n", others.collect::<Vec<_>>().join(" "));
    set.chain([NO_PROXY.to_owned(), unset]).collect()
}

pub(super) fn health(health: Health) -> &'static str {
    match health {
        Health::Running => "running",
        Health::Stopped => "stopped",
        Health::Unresponsive => "unresponsive",
    }
}

/// What failed, why, and what to do next.
pub(super) fn error(error: &Error, advice: &Advice) -> String {
    if let Error::Config(config) = error {
        return advice.text(&config.render(true)) + "\n";
    }
    let mut text =
        format!("{} {}\n", painted(BAD.bold(), "error:"), printable_lines(&error.what()));
    match logged(error) {
        Some(event) => text.push_str(&logs::event(event)),
        None => {
            for why in error.why() {
                let _ = writeln!(text, "  {}", printable_lines(&why));
            }
        }
    }
    if let Some(hint) = error.hint() {
        let _ = writeln!(
            text,
            "\n{} {}",
            painted(HINT, "hint:"),
            layout::prose(&printable_lines(&advice.text(&hint)), HINT_COLUMN)
        );
    }
    text
}

/// The event of the function's log that says why; it reads as `imgprep logs` shows it.
fn logged(error: &Error) -> Option<&Event> {
    let Error::Trial(broken) = error else { return None };
    match broken.as_ref() {
        Broken::Function { event, .. } => Some(event),
        _ => None,
    }
}

fn head(document: &Document) -> String {
    let place = format!("account {}, {}", document.account, document.region);
    format!("{} {}\n\n", painted(BOLD, &document.stack), painted(DIM, &format!("({place})")))
}

/// What stands before a resource, at the right end of its columns.
struct Lead<'w> {
    style: Style,
    word: &'w str,
    columns: usize,
}

impl Lead<'_> {
    const NONE: Self = Self { style: Style::new(), word: "", columns: 3 };
}

/// The line of a resource; what does not fit goes below its name.
fn line(text: &mut String, lead: &Lead<'_>, entry: &Entry, advice: &Advice) {
    let Lead { style, word, columns } = lead;
    let before = spaces(columns.saturating_sub(width(word)));
    let _ = write!(text, "{before}{} {:<13} ", painted(*style, word), entry.id);
    let column = columns + 15;
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

fn differences(text: &mut String, entry: &Entry) {
    let changes: Vec<Change> = entry.differences.iter().map(Change::from).collect();
    layout::changes(text, &changes, FIELDS);
}

fn condition(condition: Condition) -> (Style, &'static str) {
    match condition {
        Condition::Ok => (GOOD, "ok"),
        Condition::Missing => (BAD, "missing"),
        Condition::Drifted => (CHANGED, "drifted"),
        Condition::Foreign => (BAD, "foreign"),
        Condition::Deploying => (CHANGED, "deploying"),
        Condition::Retired => (CHANGED, "retired"),
    }
}

fn outputs(text: &mut String, outputs: &Outputs) {
    let columns = name_columns(outputs.urls.keys().map(String::as_str));
    let _ = writeln!(text, "\n  {:<columns$} {}", "upload to", outputs.upload_to);
    for (folder, url) in &outputs.urls {
        let _ = writeln!(text, "  {folder:<columns$} {url}");
    }
}
