//! Reports as text for people. Colours mark what the words say too.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde_json::Value;

use super::document::{Document, Entry, State};
use crate::error::Error;
use crate::local::{Health, Status};
use crate::outputs::Outputs;
use crate::plan::{Action, Condition};
use crate::trial::{CdnCheck, TrialResult};

const GOOD: Style = AnsiColor::Green.on_default();
const CHANGED: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const HINT: Style = AnsiColor::Cyan.on_default();
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

fn painted(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// What is about to be done, or, for `imgprep plan`, would be.
pub(super) fn plan(document: &Document, verbose: bool) -> String {
    let mut text = head(document);
    for entry in &document.resources {
        let mark = match (entry.action, entry.state) {
            (Action::Create, _) => painted(GOOD, "+"),
            (Action::Update, _) => painted(CHANGED, "~"),
            (Action::Delete, _) => painted(BAD, "-"),
            (Action::None, Condition::Foreign) => painted(BAD, "!"),
            (Action::None, _) => continue,
        };
        line(&mut text, &mark, entry);
        let all_are_new = entry.action == Action::Create;
        if verbose || !all_are_new {
            differences(&mut text, entry);
        }
    }
    for entry in kept(document) {
        line(&mut text, " ", entry);
    }
    let counts = document.counts();
    if counts.is_empty() {
        text.push_str("nothing to do\n");
    } else {
        let counts: Vec<String> =
            counts.into_iter().map(|(verb, count)| format!("{count} to {verb}")).collect();
        let _ = writeln!(text, "\n{}", counts.join(", "));
    }
    text
}

/// What `up` made, and what to do next.
pub(super) fn up(document: &Document, local: bool) -> String {
    let mut text = String::new();
    let changed: usize = document.counts().values().sum();
    let summary = if changed == 1 { "1 change".to_owned() } else { format!("{changed} changes") };
    let _ = writeln!(text, "{}: {summary}", painted(BOLD, &document.stack));
    outputs(&mut text, &document.outputs);
    if document.resources.iter().any(|entry| entry.state == Condition::Deploying) {
        let _ = writeln!(
            text,
            "\nUploads are processed from now on. The CDN needs a few minutes to reach its edges."
        );
    }
    let option = if local { " --local" } else { "" };
    let _ = writeln!(text, "\nnext: {}", painted(HINT, &format!("imgprep try{option}")));
    text
}

/// How a stack is.
pub(super) fn status(document: &Document) -> String {
    let mut text = head(document);
    for entry in &document.resources {
        let (style, word) = condition(entry.state);
        line(&mut text, &painted(style, &format!("{word:<9}")), entry);
        if entry.state != Condition::Missing {
            differences(&mut text, entry);
        }
    }
    let style = if document.state.is_whole() { GOOD } else { CHANGED };
    let _ = writeln!(text, "\n{}", painted(style, document.state.as_str()));
    if document.state != State::Absent {
        outputs(&mut text, &document.outputs);
    }
    text
}

/// What `down` removed, and what is left.
pub(super) fn down(document: &Document) -> String {
    let mut text = String::new();
    let is_removed =
        |entry: &&Entry| entry.action == Action::Delete && entry.state == Condition::Missing;
    let removed = document.resources.iter().filter(is_removed).count();
    let left: Vec<&Entry> =
        document.resources.iter().filter(|entry| entry.state != Condition::Missing).collect();
    let _ = writeln!(text, "{}: {removed} removed, {} left", document.stack, left.len());
    for entry in left {
        line(&mut text, " ", entry);
    }
    text
}

pub(super) fn trial(result: &TrialResult) -> String {
    let mut text = format!("{}  {} bytes\n\n", result.original, result.original_bytes);
    for variant in &result.variants {
        let cdn = match variant.cdn {
            CdnCheck::Ok => "served",
            CdnCheck::Deploying => "the CDN is still deploying",
            CdnCheck::None => "no public address",
        };
        let _ = writeln!(
            text,
            "  {}  {}x{}  {} bytes  after {:.1} s  {cdn}",
            painted(BOLD, &variant.folder),
            variant.width,
            variant.height,
            variant.bytes,
            f64::from(u32::try_from(variant.milliseconds).unwrap_or(u32::MAX)) / 1000.0,
        );
        if let Some(url) = &variant.url {
            let _ = writeln!(text, "    {url}");
        }
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

pub(super) fn health(health: Health) -> &'static str {
    match health {
        Health::Running => "running",
        Health::Stopped => "stopped",
        Health::Unresponsive => "unresponsive",
    }
}

/// What failed, why, and what to do next.
pub(super) fn error(error: &Error) -> String {
    if let Error::Config(config) = error {
        return config.render(true) + "\n";
    }
    let mut text = format!("{} {}\n", painted(BAD.bold(), "error:"), error.what());
    for why in error.why() {
        let _ = writeln!(text, "  {why}");
    }
    if let Some(hint) = error.hint() {
        let _ = writeln!(text, "\n{} {hint}", painted(HINT, "hint:"));
    }
    text
}

fn head(document: &Document) -> String {
    let place = format!("account {}, {}", document.account, document.region);
    format!("{} {}\n\n", painted(BOLD, &document.stack), painted(DIM, &format!("({place})")))
}

fn line(text: &mut String, mark: &str, entry: &Entry) {
    let note = entry.note.as_ref().map_or(String::new(), |note| format!("  ({note})"));
    let _ = writeln!(text, "  {mark} {:<13} {}{}", entry.id, entry.name, painted(DIM, &note));
}

fn kept(document: &Document) -> impl Iterator<Item = &Entry> {
    document.resources.iter().filter(|entry| {
        entry.action == Action::None && entry.state == Condition::Ok && entry.note.is_some()
    })
}

fn differences(text: &mut String, entry: &Entry) {
    for edit in &entry.differences {
        let (have, want) = (value(&edit.have), value(&edit.want));
        let change = match entry.action {
            Action::Create => want,
            _ => format!("{have} -> {want}"),
        };
        let _ = writeln!(text, "      {}: {change}", edit.path);
    }
}

fn value(value: &Value) -> String {
    match value {
        Value::Null => "(none)".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn condition(condition: Condition) -> (Style, &'static str) {
    match condition {
        Condition::Ok => (GOOD, "ok"),
        Condition::Missing => (BAD, "missing"),
        Condition::Drifted => (CHANGED, "drifted"),
        Condition::Foreign => (BAD, "foreign"),
        Condition::Deploying => (CHANGED, "deploying"),
    }
}

fn outputs(text: &mut String, outputs: &Outputs) {
    let _ = writeln!(text, "\n  upload to      {}", outputs.upload_to);
    for (folder, url) in &outputs.urls {
        let _ = writeln!(text, "  {folder:<14} {url}");
    }
}
