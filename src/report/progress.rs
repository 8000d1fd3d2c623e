//! Work as it goes: on a terminal a line for each resource, redrawn in place; elsewhere plain lines.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::err;
use super::printable::printable;
use crate::engine::apply::{Event, Happening};
use crate::engine::changelog::End;
use crate::engine::plan::{Action, Condition, Plan, Step};

pub(super) const TICK: Duration = Duration::from_millis(100);
/// Between two plain lines of one task, so that a log is not flooded.
pub(super) const LINE_PAUSE: Duration = Duration::from_secs(5);

/// The steps of a plan as they go.
pub(crate) struct Progress {
    quiet: bool,
    /// What each step of the plan is called.
    labels: Vec<String>,
    bars: Option<(MultiProgress, BTreeMap<usize, ProgressBar>)>,
    /// What each step said last, so that a wait is told once.
    said: Mutex<BTreeMap<usize, String>>,
}

impl Progress {
    pub(super) fn new(plan: &Plan, animated: bool, quiet: bool) -> Self {
        let labels: Vec<String> = plan.steps.iter().map(label).collect();
        let bars = animated.then(|| {
            let all = MultiProgress::new();
            let steps = plan.steps.iter().zip(&labels).enumerate();
            let steps = steps.filter(|(_, (step, _))| step.action != Action::None);
            let bars: BTreeMap<usize, ProgressBar> = steps
                .map(|(index, (_, label))| {
                    (index, dressed(all.add(ProgressBar::new_spinner()), label.clone()))
                })
                .collect();
            // All lines are there from the first moment on, in order.
            bars.values().for_each(ProgressBar::tick);
            (all, bars)
        });
        Self { quiet, labels, bars, said: Mutex::default() }
    }

    pub(crate) fn event(&self, event: Event) {
        let step = event.step;
        match event.what {
            Happening::Started(action) => self.show(step, doing(action)),
            Happening::Waiting(what) => self.show(step, &format!("waiting for {what}")),
            Happening::Warned(text) => {
                let text = printable(&text);
                self.note(&format!("warning: {}: {text}\n", self.labels[step]));
            }
            Happening::Ended { action, end, took } => {
                let ended = printable(&ended(action, &end));
                let line = format!("{ended} ({:.1} s)", took.as_secs_f64());
                self.end(step, &line);
            }
        }
    }

    fn show(&self, step: usize, text: &str) {
        let text = &printable(text);
        let is_new = self
            .said
            .lock()
            .is_ok_and(|mut said| said.insert(step, text.to_owned()).as_deref() != Some(text));
        match &self.bars {
            Some((_, bars)) => {
                if let Some(bar) = bars.get(&step) {
                    bar.enable_steady_tick(TICK);
                    bar.set_message(text.to_owned());
                }
            }
            None if is_new && !self.quiet => err(&format!("{}: {text}\n", self.labels[step])),
            None => {}
        }
    }

    fn end(&self, step: usize, text: &str) {
        match &self.bars {
            Some((_, bars)) => {
                if let Some(bar) = bars.get(&step) {
                    bar.finish_with_message(text.to_owned());
                }
            }
            None if !self.quiet => err(&format!("{}: {text}\n", self.labels[step])),
            None => {}
        }
    }

    fn note(&self, text: &str) {
        match &self.bars {
            // A terminal that cannot be written to has nobody to warn.
            Some((all, _)) => drop(all.println(text.trim_end())),
            None => err(text),
        }
    }
}

/// There can be more than one retired resource of a kind, so those go by their names.
fn label(step: &Step) -> String {
    match step.condition {
        Condition::Retired => format!("{} {}", step.id, printable(&step.name)),
        _ => step.id.to_string(),
    }
}

/// One long piece of work, shown by its last message.
pub(crate) struct Task {
    name: &'static str,
    quiet: bool,
    bar: Option<ProgressBar>,
    /// When the last plain line was written.
    said: Mutex<Option<Instant>>,
}

impl Task {
    pub(super) fn new(name: &'static str, animated: bool, quiet: bool) -> Self {
        Self {
            name,
            quiet,
            bar: animated.then(|| dressed(ProgressBar::new_spinner(), name)),
            said: Mutex::default(),
        }
    }

    pub(crate) fn say(&self, text: &str) {
        let text = printable(text);
        if let Some(bar) = &self.bar {
            bar.enable_steady_tick(TICK);
            bar.set_message(text);
            return;
        }
        let is_due = self.said.lock().is_ok_and(|mut said| {
            let is_due = said.is_none_or(|last| last.elapsed() >= LINE_PAUSE);
            if is_due {
                *said = Some(Instant::now());
            }
            is_due
        });
        if is_due && !self.quiet {
            err(&format!("{}: {text}\n", self.name));
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// The look of a line. A bar among others must be one of them before, or it is drawn twice.
fn dressed(bar: ProgressBar, name: impl Into<Cow<'static, str>>) -> ProgressBar {
    if let Ok(style) = ProgressStyle::with_template("  {spinner} {prefix:<13} {wide_msg}") {
        bar.set_style(turning(style));
    }
    bar.set_prefix(name);
    bar
}

/// A spinner of dots, or of what every terminal has where the locale is not one of UTF-8.
pub(super) fn turning(style: ProgressStyle) -> ProgressStyle {
    if shows_dots() { style } else { style.tick_chars("-\\|/ ") }
}

/// Whether the locale is one of UTF-8 (POSIX, "Locale": the first of these variables that is set
/// counts), and the terminal has more than the 512 characters of Linux's own.
fn shows_dots() -> bool {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default();
    let locale = locale.to_uppercase();
    (locale.contains("UTF-8") || locale.contains("UTF8")) && set("TERM").as_deref() != Some("linux")
}

fn doing(action: Action) -> &'static str {
    match action {
        Action::None => "looking",
        Action::Create => "creating",
        Action::Update => "updating",
        Action::Replace => "replacing",
        Action::Delete => "deleting",
    }
}

fn ended(action: Action, end: &End) -> String {
    match end {
        End::Done(_) => match action {
            Action::None => "checked",
            Action::Create => "created",
            Action::Update => "updated",
            Action::Replace => "replaced",
            Action::Delete => "deleted",
        }
        .to_owned(),
        End::Kept(why) => format!("kept: {why}"),
        End::Later(why) => format!("still in progress: {why}"),
        End::Failed(error) if error.is_interrupted() => "interrupted".to_owned(),
        End::Failed(error) => format!("failed: {error}"),
        End::NotStarted => "not started".to_owned(),
    }
}
