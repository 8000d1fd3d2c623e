//! Work that can be counted: on a terminal a bar, elsewhere a plain line now and then.

use std::fmt;
use std::sync::Mutex;
use std::time::Instant;

use indicatif::{HumanDuration, ProgressBar, ProgressState, ProgressStyle};

use super::err;
use super::progress::{LINE_PAUSE, TICK, turning};

/// So many of so many.
pub(crate) struct Bar {
    name: &'static str,
    total: u64,
    quiet: bool,
    drawn: Option<ProgressBar>,
    done: Mutex<Done>,
}

struct Done {
    count: u64,
    /// When the last plain line was written.
    said: Instant,
}

impl Bar {
    pub(super) fn new(name: &'static str, total: u64, animated: bool, quiet: bool) -> Self {
        let drawn = animated.then(|| dressed(name, total));
        let done = Mutex::new(Done { count: 0, said: Instant::now() });
        Self { name, total, quiet, drawn, done }
    }

    /// One more is done, namely this.
    pub(crate) fn advance(&self, what: &str) {
        if let Some(bar) = &self.drawn {
            bar.set_message(what.to_owned());
        }
        self.update(|count| count + 1);
    }

    /// So many are done.
    pub(crate) fn at(&self, done: u64) {
        self.update(|_| done);
    }

    fn update(&self, change: impl FnOnce(u64) -> u64) {
        let Ok(mut done) = self.done.lock() else { return };
        let before = done.count;
        done.count = change(before);
        if let Some(bar) = &self.drawn {
            bar.set_position(done.count);
            return;
        }
        let is_new = done.count != before;
        let is_due = done.count == self.total || done.said.elapsed() >= LINE_PAUSE;
        if is_new && is_due && !self.quiet {
            done.said = Instant::now();
            err(&format!("{}: {} of {}\n", self.name, done.count, self.total));
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.drawn {
            bar.finish_and_clear();
        }
    }
}

fn dressed(name: &'static str, total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total);
    let look = "  {spinner} {prefix:<13} [{bar:24}] {human_pos} of {human_len}{left}  {wide_msg}";
    if let Ok(style) = ProgressStyle::with_template(look) {
        bar.set_style(turning(style).progress_chars("=> ").with_key("left", left));
    }
    bar.set_prefix(name);
    bar.enable_steady_tick(TICK);
    bar
}

/// How long it still takes, once that can be told from what is done.
fn left(state: &ProgressState, text: &mut dyn fmt::Write) {
    if state.pos() > 0 {
        // A bar that cannot be drawn is no reason to stop.
        let _ = write!(text, ", {:#} left", HumanDuration(state.eta()));
    }
}
