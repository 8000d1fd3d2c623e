//! One event of the function's log, as text and as a line of JSON.

use std::fmt::Write as _;

use anstyle::Style;
use serde_json::{Map, Value};

use super::layout::{COLUMNS, spaces, width, wrapped};
use super::printable::printable;
use super::style::{BAD, CHANGED, DIM, GOOD, painted};
use crate::amounts;
use crate::logs::{Event, Said};

/// A space between words that belong together: U+00A0, no-break space.
const GLUE: &str = "\u{a0}";

/// Where the facts below the head of an event begin.
const FACTS: usize = 4;

/// An event is an object of plain values, so writing it as JSON cannot fail.
pub(crate) fn json_line(event: &Event) -> String {
    serde_json::to_string(event).unwrap_or_default() + "\n"
}

/// One event: its time, what it says, and the facts below.
pub(crate) fn event(event: &Event) -> String {
    let time = painted(DIM, &event.utc());
    match &event.said {
        Said::Line(line) => match line.get("message").and_then(Value::as_str) {
            Some(message) => format!("{time}  {}", about_image(line, message)),
            None => format!("{time}  {}\n", printable(&Value::Object(line.clone()).to_string())),
        },
        Said::Text(text) => format!("{time}  {}\n", painted(DIM, &printable(text))),
    }
}

fn about_image(line: &Map<String, Value>, message: &str) -> String {
    /// The time, the level, and the spaces around them.
    const HEAD_COLUMNS: usize = 20 + 2 + 5 + 2;
    let level = member(line, "level").unwrap_or_default();
    let style = match level.as_str() {
        "error" => BAD,
        "warn" => CHANGED,
        _ if message == "processed" => GOOD,
        _ => Style::new(),
    };
    let message = printable(message);
    let mut text =
        format!("{}  {}", painted(style, &format!("{level:<5}")), painted(style, &message));
    if let Some(key) = member(line, "key") {
        if HEAD_COLUMNS + width(&message) + 2 + width(&key) <= COLUMNS {
            let _ = write!(text, "  {key}");
        } else {
            let _ = write!(text, "\n{}{key}", spaces(FACTS));
        }
    }
    text.push('\n');
    for fact in facts(line) {
        let words: Vec<String> = fact.split(' ').map(ToOwned::to_owned).collect();
        let _ = writeln!(text, "{}{}", spaces(FACTS), wrapped(&words, FACTS).replace(GLUE, " "));
    }
    text
}

/// What is known of an image, a line each.
fn facts(line: &Map<String, Value>) -> Vec<String> {
    let list = |name: &str, separator: &str| {
        let values = line.get(name)?.as_array()?.iter().map(plain);
        Some(values.collect::<Vec<_>>().join(separator)).filter(|list| !list.is_empty())
    };
    let facts = [
        member(line, "reason"),
        list("warnings", "; "),
        sizes(line),
        stages(line),
        list("objects", ", ").map(|objects| format!("deleted {objects}")),
    ];
    facts.into_iter().flatten().collect()
}

/// The original and its variants: format, dimensions and bytes.
fn sizes(line: &Map<String, Value>) -> Option<String> {
    let original = line.get("bytes").map(bytes)?;
    let dimensions = match (member(line, "width"), member(line, "height")) {
        (Some(width), Some(height)) => format!("{width}x{height}, "),
        _ => String::new(),
    };
    let format = member(line, "format").map_or(String::new(), |format| format!("{format} "));
    let variants = line.get("variants").and_then(Value::as_object).into_iter().flatten();
    let variants: Vec<String> =
        variants.map(|(folder, size)| format!("{} {}", printable(folder), bytes(size))).collect();
    let arrow = if variants.is_empty() { "" } else { " -> " };
    Some(format!("{format}{dimensions}{original}{arrow}{}", variants.join(", ")))
}

/// How long each stage took, in the order of the work.
fn stages(line: &Map<String, Value>) -> Option<String> {
    const STAGES: [&str; 5] = ["get", "decode", "resize", "encode", "put"];
    let times = line.get("ms")?.as_object()?;
    let stages = STAGES.iter().filter_map(|stage| Some((*stage, times.get(*stage)?)));
    let mut words: Vec<String> =
        stages.map(|(stage, time)| format!("{stage} {}", plain(time))).collect();
    if let Some(all) = member(line, "duration_ms") {
        words.push(format!("all {all}"));
    }
    (!words.is_empty()).then(|| words.join(", ") + " ms")
}

fn member(line: &Map<String, Value>, name: &str) -> Option<String> {
    line.get(name).filter(|value| !value.is_null()).map(plain)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => printable(text),
        other => other.to_string(),
    }
}

/// Bytes as people say them, with a space at which no line ends; anything else as it is.
fn bytes(value: &Value) -> String {
    value.as_u64().map_or_else(|| plain(value), |count| amounts::bytes(count).replace(' ', GLUE))
}

#[cfg(test)]
mod tests;
