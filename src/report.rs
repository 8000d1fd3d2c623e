//! Everything that people and programs read: the only module that writes.
//!
//! Standard output is the answer, standard error is progress, warnings and errors. Deliberately
//! absent: AWS, and decisions.

pub(crate) mod advice;
mod bar;
mod diff;
pub(crate) mod document;
mod error;
pub(crate) mod event;
pub(crate) mod layout;
pub(crate) mod printable;
mod progress;
mod prompt;
pub(crate) mod stack;
pub(crate) mod style;
#[cfg(test)]
mod tests;

use std::io::{self, BufRead, IsTerminal, Write};

use anstream::ColorChoice;
use serde::Serialize;
use serde_json::{Value, json};

use self::advice::Advice;
use self::printable::{guarded, printable, printable_lines};
use crate::args::{Color, Global, Misuse};
use crate::engine::plan::Plan;
use crate::engine::resource::Id;
use crate::error::{Error, MISUSED};
use crate::logs::Event;

pub(crate) use self::bar::Bar;
pub(crate) use self::progress::{Progress, Task};

/// What a command comes to: one value that reads as text and as one JSON document.
pub(crate) trait Outcome {
    /// For people; empty where everything is printed by now.
    fn text(&self, report: &Report) -> String;

    /// For programs; empty where everything is printed by now.
    fn json(&self) -> String;

    fn exit_code(&self) -> u8 {
        0
    }
}

/// The outcome of any command.
pub(crate) type Answer = Box<dyn Outcome>;

/// An answer without an end, all of which is printed by now.
pub(crate) struct Followed;

impl Outcome for Followed {
    fn text(&self, _report: &Report) -> String {
        String::new()
    }

    fn json(&self) -> String {
        String::new()
    }
}

/// A command that needs a yes.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// With its own options, and without `--yes`.
    pub(crate) command: String,
    /// The command that shows what would be done, if it has not shown it itself.
    pub(crate) preview: Option<String>,
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
    pub(crate) fn outcome(&self, outcome: &dyn Outcome) -> u8 {
        if self.json {
            let document = outcome.json();
            out(&if document.is_empty() { document } else { document + "\n" });
        } else {
            out(&outcome.text(self));
        }
        outcome.exit_code()
    }

    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose
    }

    pub(crate) fn is_local(&self) -> bool {
        self.local
    }

    /// How commands that are advised are to be written.
    pub(crate) fn advice(&self) -> &Advice {
        &self.advice
    }

    /// Prints why a command stopped, and says with which code to exit.
    pub(crate) fn error(&self, error: &Error) -> u8 {
        if self.json {
            // On one line, for it may come after the lines of a log that was followed.
            out(&format!("{}\n", error_json(error, &self.advice)));
        } else {
            err(&error::text(error, &self.advice));
        }
        error.exit_code()
    }

    /// Shows an outcome in the place of the last one.
    pub(crate) fn redraw(&self, outcome: &dyn Outcome) {
        let clear = if io::stdout().is_terminal() { "\x1b[2J\x1b[H" } else { "" };
        let _ = write_raw(clear);
        out(&outcome.text(self));
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
    pub(crate) fn logged(&self, logged: &Event) -> bool {
        let text = if self.json { event::json_line(logged) } else { event::event(logged) };
        write_out(&text).is_ok()
    }

    /// Shows what is about to be done.
    pub(crate) fn preview(&self, text: impl FnOnce(&Advice) -> String) {
        if !self.quiet {
            err(&text(&self.advice));
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
        let question = format!(
            "All images in `{bucket}` will be permanently deleted.\n\
             Type the bucket's name to confirm: "
        );
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

/// Says how to begin where no command was given, and with which code to exit.
pub(crate) fn first_steps() -> u8 {
    err("\
Image variants on AWS from one file: S3, SNS, Lambda and CloudFront

  imgprep init  write a pipeline.toml, asking for what it needs
  imgprep up    create the pipeline; add `--local` to do so without AWS
  imgprep try   upload an image and wait for its variants

`imgprep --help` shows all commands and options
");
    MISUSED
}

/// What is reported has string keys and plain values, so writing it as JSON cannot fail.
pub(crate) fn pretty(value: &impl Serialize) -> String {
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
