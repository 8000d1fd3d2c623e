//! Many like things as they are finished: on a terminal a bar, elsewhere a plain line now and then.

use std::sync::Mutex;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use super::err;
use super::progress::{LINE_PAUSE, TICK};

/// How many of a number of things are done.
pub(crate) struct Bar {
    name: &'static str,
    total: usize,
    quiet: bool,
    line: Option<ProgressBar>,
    done: Mutex<Done>,
}

struct Done {
    count: usize,
    /// When the last plain line was written.
    said: Instant,
}

impl Bar {
    pub(super) fn new(name: &'static str, total: usize, animated: bool, quiet: bool) -> Self {
        let line = animated.then(|| dressed(name, total));
        Self { name, total, quiet, line, done: Mutex::new(Done { count: 0, said: Instant::now() }) }
    }

    /// One more is done.
    pub(crate) fn advance(&self, what: &str) {
        if let Some(bar) = &self.line {
            bar.set_message(what.to_owned());
            bar.inc(1);
            return;
        }
        let Ok(mut done) = self.done.lock() else { return };
        done.count += 1;
        if !self.quiet && done.said.elapsed() >= LINE_PAUSE {
            done.said = Instant::now();
            err(&format!("{}: {} of {}\n", self.name, done.count, self.total));
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.line {
            bar.finish_and_clear();
        }
    }
}

fn dressed(name: &'static str, total: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(total).unwrap_or(u64::MAX));
    let look = "  {spinner} {prefix:<13} [{bar:24}] {pos} of {len}, {eta} left  {wide_msg}";
    if let Ok(style) = ProgressStyle::with_template(look) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_prefix(name);
    bar.enable_steady_tick(TICK);
    bar
}
