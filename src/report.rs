//! Everything that people and programs read: the only module that writes.
//!
//! Standard output is the answer, standard error is progress, warnings and errors. Deliberately
//! absent: AWS, and decisions.

mod advice;
mod bar;
mod cost;
mod diff;
mod document;
mod export;
mod init;
mod inventory;
mod layout;
mod logs;
mod printable;
mod progress;
mod prompt;
mod render;
#[cfg(test)]
mod tests;
mod text;

use std::fmt::Write as _;
use std::io::{self, BufRead, IsTerminal, Write};

use anstream::ColorChoice;
use serde::Serialize;
use serde_json::{Value, json};

use self::advice::Advice;
use crate::args::{Color, Global, Misuse};
use crate::aws::Aws;
use crate::config::Config;
use crate::cost::Estimate;
use crate::engine::changelog::Changelog;
use crate::engine::plan::Plan;
use crate::engine::resource::Id;
use crate::error::{Error, FAILED, MISUSED};
use crate::init::Written;
use crate::inventory::{BackfillPlan, BackfillResult, FoundFailure, Pruned, Retried};
use crate::local;
use crate::logs::{Event, Newest};
use crate::names::Names;
use crate::outputs::Outputs;
use crate::render::Sheet;
use crate::trial::TrialResult;

pub(crate) use self::bar::Bar;
pub(crate) use self::document::Document;
pub(crate) use self::export::Exported;
use self::printable::{guarded, printable, printable_lines};
pub(crate) use self::progress::{Progress, Task};

/// What a command comes to.
#[derive(Debug)]
pub(crate) enum Outcome {
    Stack {
        kind: Kind,
        document: Box<Document>,
        exit_code: u8,
    },
    Trial(TrialResult),
    Rendered(Sheet),
    Local(local::Status),
    /// What an environment is to hold.
    Variables(Vec<(&'static str, String)>),
    Log(local::Log),
    Export(Exported),
    /// An IAM policy, which is JSON in either form.
    Policy(Value),
    /// The function's log.
    Events(Newest),
    /// A log without an end, all of which is printed by now.
    Followed,
    Cost(Box<Estimate>),
    Init(Written),
    Printed(Printed),
    Backfill(BackfillResult),
    Failures(Vec<FoundFailure>),
    Retry(Vec<Retried>),
    Prune(Pruned),
}

/// A text for another program, and what it is called in a document.
#[derive(Debug)]
pub(crate) struct Printed {
    pub(crate) name: &'static str,
    pub(crate) text: String,
}

/// Which command a stack is reported for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plan,
    Up,
    Status,
    Down,
}

/// A command that needs a yes.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// With its own options, and without `--yes`.
    pub(crate) command: String,
    /// The command that shows what would be done, if it has not shown it itself.
    pub(crate) preview: Option<String>,
}

/// What became of a stack, together with what it was made from.
pub(crate) struct View<'a> {
    pub(crate) config: &'a Config,
    pub(crate) aws: &'a Aws,
    pub(crate) names: &'a Names,
    pub(crate) changelog: Changelog,
}

impl View<'_> {
    pub(crate) fn document(self) -> Document {
        let outputs = Outputs::new(self.config, self.aws, self.names, &self.changelog);
        Document::new(self.names, self.changelog, outputs)
    }

    pub(crate) fn outcome(self, kind: Kind, exit_code: u8) -> Outcome {
        Outcome::Stack { kind, document: Box::new(self.document()), exit_code }
    }
}

/// How to write: decided once from the command line and the terminal.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Clone, Debug)]
pub(crate) struct Report {
    json: bool,
    quiet: bool,
    verbose: bool,
    local: bool,
    advice: Advice,
    /// Whether standard error is a terminal that lines can be redrawn on.
    animated: bool,
}

impl Report {
    pub(crate) fn new(global: &Global) -> Self {
        match global.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
        .write_global();
        Self {
            json: global.json,
            quiet: global.quiet,
            verbose: global.verbose,
            local: global.local,
            advice: Advice::new(global),
            animated: io::stderr().is_terminal() && !global.quiet,
        }
    }

    /// Prints the answer of a command, and says with which code to exit.
    pub(crate) fn outcome(&self, outcome: &Outcome) -> u8 {
        let exit_code = match outcome {
            Outcome::Stack { exit_code, .. } => *exit_code,
            Outcome::Followed => return 0,
            Outcome::Rendered(sheet) if sheet.totals.failed > 0 => FAILED,
            Outcome::Backfill(result) if !result.dry_run && result.pending > 0 => FAILED,
            Outcome::Retry(retried) if !inventory::is_all_made(retried) => FAILED,
            _ => 0,
        };
        if self.json {
            out(&format!("{}\n", outcome_json(outcome)));
        } else {
            out(&self.outcome_text(outcome));
        }
        exit_code
    }

    /// Prints why a command stopped, and says with which code to exit.
    pub(crate) fn error(&self, error: &Error) -> u8 {
        if self.json {
            // On one line, for it may come after the lines of a log that was followed.
            out(&format!("{}\n", error_json(error, &self.advice)));
        } else {
            err(&text::error(error, &self.advice));
        }
        error.exit_code()
    }

    /// Shows an outcome in the place of the last one.
    pub(crate) fn redraw(&self, outcome: &Outcome) {
        let clear = if io::stdout().is_terminal() { "\x1b[2J\x1b[H" } else { "" };
        let _ = write_raw(clear);
        out(&self.outcome_text(outcome));
    }

    /// Says what is otherwise than people may expect, and stops nothing.
    pub(crate) fn warn(&self, text: &str) {
        if !self.quiet {
            let text = printable_lines(&self.advice.text(text));
            err(&format!("warning: {text}\n"));
        }
    }

    /// Prints one line of an answer that has no end.
    #[expect(clippy::unused_self, reason = "all printing goes through the report")]
    pub(crate) fn line(&self, line: &str) {
        out(&format!("{}\n", printable(line)));
    }

    /// Prints an event of a log without an end: with `--json`, a line for each. Answers with
    /// whether there still is a reader.
    pub(crate) fn logged(&self, event: &Event) -> bool {
        let text = if self.json { logs::json_line(event) } else { logs::event(event) };
        write_out(&text).is_ok()
    }

    /// Shows what is about to be done.
    pub(crate) fn preview(&self, view: View<'_>) {
        if !self.quiet {
            err(&text::plan(&view.document(), self.verbose, &self.advice));
        }
    }

    /// Shows what a backfill is about to do.
    pub(crate) fn preview_backfill(&self, plan: &BackfillPlan) {
        if !self.quiet {
            err(&inventory::backfill_plan(plan, &self.advice));
        }
    }

    /// Asks on the terminal; without one there is nobody to say yes.
    pub(crate) fn confirm(&self, asked: &Asked, question: &str) -> Result<(), Error> {
        let answer = self.ask(asked, &format!("{question} [y/N] "))?;
        match answer.to_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(Error::Declined),
        }
    }

    /// Asks for the bucket's name, so that nobody deletes images by habit.
    pub(crate) fn confirm_by_typing(&self, asked: &Asked, bucket: &str) -> Result<(), Error> {
        let question =
            format!("All images in `{bucket}` will be deleted for ever.\nType its name: ");
        if self.ask(asked, &question)? == bucket { Ok(()) } else { Err(Error::Declined) }
    }

    fn ask(&self, asked: &Asked, question: &str) -> Result<String, Error> {
        let Asked { command, preview } = asked.clone();
        if !self.can_ask() {
            return Err(Error::Unconfirmed { command, preview });
        }
        err(question);
        let mut answer = String::new();
        match io::stdin().lock().read_line(&mut answer) {
            Ok(_) => Ok(answer.trim().to_owned()),
            Err(_) => Err(Error::Unconfirmed { command, preview }),
        }
    }

    /// Whether there is somebody to answer a question.
    pub(crate) fn can_ask(&self) -> bool {
        !self.json && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks for a text until `check` has nothing against it; `usual` is what an empty answer means.
    pub(crate) fn question(
        &self,
        question: &str,
        usual: &str,
        check: &dyn Fn(&str) -> Result<(), String>,
    ) -> Result<String, Error> {
        if !self.can_ask() {
            return Err(Error::Declined);
        }
        let (mut stdin, mut stderr) = (io::stdin().lock(), anstream::stderr().lock());
        prompt::ask((&mut stdin, &mut stderr), question, usual, check).ok_or(Error::Declined)
    }

    /// Shows the steps of a plan as they go.
    pub(crate) fn progress(&self, plan: &Plan) -> Progress {
        Progress::new(plan, self.animated, self.quiet)
    }

    /// Shows how many of so many are done.
    pub(crate) fn bar(&self, name: &'static str, total: u64) -> Bar {
        Bar::new(name, total, self.animated, self.quiet)
    }

    /// Shows one long piece of work by its last message.
    pub(crate) fn task(&self, name: &'static str) -> Task {
        Task::new(name, self.animated, self.quiet)
    }

    fn outcome_text(&self, outcome: &Outcome) -> String {
        let advice = &self.advice;
        match outcome {
            Outcome::Stack { kind: Kind::Plan, document, .. } => {
                text::plan(document, self.verbose, advice)
            }
            Outcome::Stack { kind: Kind::Up, document, .. } => {
                text::up(document, self.local, advice)
            }
            Outcome::Stack { kind: Kind::Status, document, .. } => text::status(document, advice),
            Outcome::Stack { kind: Kind::Down, document, .. } => text::down(document, advice),
            Outcome::Trial(result) => text::trial(result),
            Outcome::Rendered(sheet) => render::text(sheet),
            Outcome::Local(status) => text::local(status),
            Outcome::Variables(variables) => text::variables(variables),
            Outcome::Log(log) => log.tail.iter().fold(String::new(), |mut text, line| {
                let _ = writeln!(text, "{}", printable(line));
                text
            }),
            Outcome::Export(exported) => export::text(exported, advice),
            Outcome::Policy(document) => format!("{}\n", pretty(document)),
            Outcome::Events(newest) => logs::events(newest),
            Outcome::Followed => String::new(),
            Outcome::Cost(estimate) if self.verbose => cost::full(estimate),
            Outcome::Cost(estimate) => cost::brief(estimate, advice),
            Outcome::Init(written) => init::text(written, advice),
            Outcome::Printed(printed) => printed.text.clone(),
            Outcome::Backfill(result) => inventory::backfill(result, advice),
            Outcome::Failures(failures) => inventory::failures(failures, advice),
            Outcome::Retry(retried) => inventory::retried(retried, advice),
            Outcome::Prune(pruned) => inventory::pruned(pruned, advice),
        }
    }
}

/// Prints what clap has to say, and says with which code to exit: help and version are an answer,
/// the rest is wrong use.
pub(crate) fn usage(error: &clap::Error, json: bool) -> Result<u8, u8> {
    if json && error.use_stderr() {
        let Misuse { message, hint } = Misuse::of(error);
        out(&format!("{}\n", error_document(&message, None, "Usage", Some(&hint))));
    } else {
        // Nothing is left to do if even this cannot be written.
        let _ = error.print();
    }
    if error.use_stderr() { Err(MISUSED) } else { Ok(0) }
}

fn outcome_json(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Stack { document, .. } => pretty(document),
        Outcome::Trial(result) => pretty(result),
        Outcome::Rendered(sheet) => pretty(sheet),
        Outcome::Local(status) => pretty(&json!({
            "state": text::health(status.health),
            "endpoint": status.endpoint,
            "pid": status.pid,
            "version": status.version,
            "state_folder": status.state_folder,
            "log_file": status.log_file,
        })),
        Outcome::Variables(variables) => {
            pretty(&variables.iter().cloned().collect::<std::collections::BTreeMap<_, _>>())
        }
        Outcome::Log(log) => pretty(&json!({ "log_file": log.path, "lines": log.tail })),
        Outcome::Export(exported) => export::json(exported),
        Outcome::Policy(document) => pretty(document),
        Outcome::Events(newest) => pretty(&logs::document(newest)),
        Outcome::Followed => String::new(),
        Outcome::Cost(estimate) => pretty(estimate),
        Outcome::Init(written) => pretty(&init::json(written)),
        Outcome::Printed(printed) => pretty(&json!({ printed.name: printed.text })),
        Outcome::Backfill(result) => pretty(result),
        Outcome::Failures(failures) => pretty(&json!({ "failures": failures })),
        Outcome::Retry(retried) => pretty(&json!({ "originals": retried })),
        Outcome::Prune(pruned) => pretty(pruned),
    }
}

/// What is reported has string keys and plain values, so writing it as JSON cannot fail.
fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn error_json(error: &Error, advice: &Advice) -> Value {
    let why = error.why();
    let message =
        if why.is_empty() { error.what() } else { format!("{}: {}", error.what(), why.join("; ")) };
    let hint = error.hint().map(|hint| advice.text(&hint));
    error_document(&message, error.resource(), &error.code(), hint.as_deref())
}

fn error_document(message: &str, resource: Option<Id>, code: &str, hint: Option<&str>) -> Value {
    let error = json!({ "message": message, "resource": resource, "code": code, "hint": hint });
    json!({ "error": error })
}

/// A reader that went away, as `head` does, is no error.
fn out(text: &str) {
    let _ = write_out(text);
}

fn write_out(text: &str) -> io::Result<()> {
    write_raw(&guarded(text))
}

/// Writes what is all ours, commands to the terminal too.
fn write_raw(text: &str) -> io::Result<()> {
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
}

fn err(text: &str) {
    let mut stderr = anstream::stderr().lock();
    let _ = stderr.write_all(guarded(text).as_bytes()).and_then(|()| stderr.flush());
}
