//! Long work that can be counted: on a terminal a bar, elsewhere a line now and then.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::err;

const TICK: Duration = Duration::from_millis(100);
/// Between two plain lines, so that a log is not flooded.
const LINE_PAUSE: Duration = Duration::from_secs(5);
const LOOK: &str = "  {spinner} {prefix:<13} [{bar:24}] {human_pos} of {human_len}, {eta} left";

/// So many of so many.
pub(crate) struct Bar {
    name: &'static str,
    total: u64,
    quiet: bool,
    drawn: Option<ProgressBar>,
    /// When the last plain line was written, and of how many.
    said: Mutex<Option<(Instant, u64)>>,
}

impl Bar {
    pub(super) fn new(name: &'static str, total: u64, animated: bool, quiet: bool) -> Self {
        let drawn = animated.then(|| {
            let bar = ProgressBar::new(total);
            if let Ok(style) = ProgressStyle::with_template(LOOK) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(name);
            bar.enable_steady_tick(TICK);
            bar
        });
        Self { name, total, quiet, drawn, said: Mutex::default() }
    }

    pub(crate) fn at(&self, done: u64) {
        if let Some(bar) = &self.drawn {
            bar.set_position(done);
            return;
        }
        let is_due = self.said.lock().is_ok_and(|mut said| {
            let is_due = said.is_none_or(|(last, before)| {
                done != before && (done == self.total || last.elapsed() >= LINE_PAUSE)
            });
            if is_due {
                *said = Some((Instant::now(), done));
            }
            is_due
        });
        if is_due && !self.quiet {
            err(&format!("{}: {done} of {}\n", self.name, self.total));
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
