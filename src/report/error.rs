//! An error as text: what failed, why, and what to do next.

use std::fmt::Write as _;

use super::advice::Advice;
use super::event;
use super::layout;
use super::printable::printable_lines;
use super::style::{BAD, HINT, painted};
use crate::error::Error;
use crate::logs::Event;
use crate::trial::Broken;

/// Where the text of a hint begins.
const HINT_COLUMN: usize = "hint: ".len();

/// What failed, why, and what to do next.
pub(super) fn text(error: &Error, advice: &Advice) -> String {
    if let Error::Config(config) = error {
        return advice.text(&config.render(true)) + "\n";
    }
    let mut text =
        format!("{} {}\n", painted(BAD.bold(), "error:"), printable_lines(&error.what()));
    match logged(error) {
        Some(event) => text.push_str(&event::event(event)),
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
