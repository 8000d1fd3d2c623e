//! Differences and values as lines of at most 80 columns. Only a word that is longer than a line,
//! such as an ARN, goes beyond.
//!
//! Deliberately absent: what is reported, which is `text`'s.

use serde_json::{Map, Value};

use super::diff::{Change, What, labels, unpacked};
use super::style::{BAD, CHANGED, DIM, GOOD, painted};
use crate::engine::fields::Edit;

pub(crate) const COLUMNS: usize = 80;
/// The longest path beside which the values of others are still lined up.
const PATH_COLUMNS_MAX: usize = 34;
/// How wide a column of names is at least.
const NAME_COLUMNS_MIN: usize = 14;
/// How much further in the next level is.
const STEP: usize = 4;
/// So much of a hash tells two apart.
const HASH_CHARACTERS: usize = 12;

/// The differences of what is there, each with its mark.
pub(super) fn changes(text: &mut String, changes: &[Change], indent: usize) {
    let single = changes.iter().filter(|change| !matches!(change.what, What::Inside { .. }));
    let paths = path_columns(single.map(|change| change.path.as_str()));
    for change in changes {
        let (style, mark) = match change.what {
            What::Added(_) => (GOOD, "+"),
            What::Removed(_) => (BAD, "-"),
            What::Replaced { .. } | What::Inside { .. } | What::Rearranged => (CHANGED, "~"),
        };
        let start = format!("{}{} ", spaces(indent), painted(style, mark));
        text.push_str(&start);
        let head =
            Head { path: &change.path, columns: paths, indent: indent + 2, inner: indent + STEP };
        match &change.what {
            What::Added(value) | What::Removed(value) => head.value(text, value),
            What::Replaced { have, want } => head.replaced(text, have, want),
            What::Rearranged => {
                let same = ["(the", "same,", "in", "another", "order", "or", "spelling)"];
                head.words(text, &same.map(ToOwned::to_owned));
            }
            What::Inside { changes: inner, unchanged } => {
                text.push_str(&change.path);
                text.push('\n');
                changes_inside(text, inner, *unchanged, indent + STEP);
            }
        }
    }
}

fn changes_inside(text: &mut String, inner: &[Change], unchanged: usize, indent: usize) {
    changes(text, inner, indent);
    if unchanged > 0 {
        let hidden = format!("# {unchanged} unchanged hidden");
        text.push_str(&spaces(indent));
        text.push_str(&painted(DIM, &hidden));
        text.push('\n');
    }
}

/// The fields of what is new. Plain ones of one kind, such as tags, share a line.
pub(crate) fn fields(text: &mut String, edits: &[Edit], indent: usize) {
    let are_one_kind = |one: &Edit, other: &Edit| match (plain_kind(one), plain_kind(other)) {
        (Some((one, _)), Some((other, _))) => one == other,
        _ => false,
    };
    let rows: Vec<(String, Value)> = edits.chunk_by(are_one_kind).map(row).collect();
    members(text, &rows, indent);
}

fn row(edits: &[Edit]) -> (String, Value) {
    if let [edit] = edits {
        return (edit.path.clone(), unpacked(&edit.want).into_owned());
    }
    let mut members = Map::new();
    let mut path = String::new();
    for edit in edits {
        if let Some((kind, name)) = plain_kind(edit) {
            kind.clone_into(&mut path);
            members.insert(name.to_owned(), edit.want.clone());
        }
    }
    (path, members.into())
}

/// What a plain field belongs to, and its name in there, as in `tags.team`.
fn plain_kind(edit: &Edit) -> Option<(&str, &str)> {
    let value = unpacked(&edit.want);
    let (kind, name) = edit.path.split_once(['.', '['])?;
    let is_plain = !value.is_object() && !value.is_array();
    is_plain.then_some((kind, name.trim_end_matches(']')))
}

/// Paths and values, a line for each or more.
fn members(text: &mut String, rows: &[(String, Value)], indent: usize) {
    let fits = |(path, value): &&(String, Value)| {
        indent + width(path) + 2 + width(&words(value).join(" ")) <= COLUMNS
    };
    let columns = path_columns(rows.iter().filter(fits).map(|(path, _)| path.as_str()));
    for (path, value) in rows {
        text.push_str(&spaces(indent));
        Head { path, columns, indent, inner: indent + STEP }.value(text, value);
    }
}

/// How wide the column of the paths is.
fn path_columns<'p>(paths: impl Iterator<Item = &'p str>) -> usize {
    let widths = paths.map(width).filter(|width| *width <= PATH_COLUMNS_MAX);
    widths.max().unwrap_or_default()
}

/// The path before a value, which begins at the column `indent`.
struct Head<'p> {
    path: &'p str,
    /// The width of the column that the path stands in.
    columns: usize,
    indent: usize,
    /// Where a value begins that stands below the path.
    inner: usize,
}

impl Head<'_> {
    /// The value behind the path; below it, member by member, where that is too long.
    fn value(&self, text: &mut String, value: &Value) {
        let words = words(value);
        let is_long = self.value_column() + width(&words.join(" ")) > COLUMNS;
        let is_wide = self.inner + longest(&words) > COLUMNS;
        let is_split = is_nested(value) || (is_wide && value.is_object());
        if is_long && is_split && !self.path.is_empty() {
            text.push_str(self.path);
            text.push('\n');
            members(text, &parts(value), self.inner);
        } else {
            self.words(text, &words);
        }
    }

    /// Words behind the path; below it where the longest does not fit there.
    fn words(&self, text: &mut String, words: &[String]) {
        let column = self.value_column();
        if self.path.is_empty() || column + longest(words) <= COLUMNS {
            self.path(text);
            text.push_str(&wrapped(words, column));
        } else {
            text.push_str(self.path);
            text.push('\n');
            text.push_str(&spaces(self.inner));
            text.push_str(&wrapped(words, self.inner));
        }
        text.push('\n');
    }

    /// Both values on one line, or each on its own.
    fn replaced(&self, text: &mut String, have: &Value, want: &Value) {
        let (have, want) = (words(have), words(want));
        let line = format!("{} -> {}", have.join(" "), want.join(" "));
        if self.value_column() + width(&line) <= COLUMNS {
            self.path(text);
            text.push_str(&line);
            text.push('\n');
            return;
        }
        text.push_str(self.path);
        text.push('\n');
        let column = self.inner;
        for (style, mark, words) in [(BAD, "-", have), (GOOD, "+", want)] {
            text.push_str(&spaces(column));
            text.push_str(&painted(style, mark));
            text.push(' ');
            text.push_str(&wrapped(&words, column + 2));
            text.push('\n');
        }
    }

    fn path(&self, text: &mut String) {
        text.push_str(self.path);
        text.push_str(&spaces(self.value_column() - self.indent - width(self.path)));
    }

    fn value_column(&self) -> usize {
        let columns = width(self.path).max(self.columns);
        if self.path.is_empty() { self.indent } else { self.indent + columns + 2 }
    }
}

/// Whether a value has members or elements that have some themselves.
fn is_nested(value: &Value) -> bool {
    let is_container = |value: &Value| value.is_object() || value.is_array();
    match value {
        Value::Array(elements) => elements.iter().any(is_container),
        Value::Object(members) => members.values().any(is_container),
        _ => false,
    }
}

fn parts(value: &Value) -> Vec<(String, Value)> {
    match value {
        Value::Array(elements) => labels(elements).into_iter().zip(elements.clone()).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| alone(name, value)).collect(),
        _ => Vec::new(),
    }
}

/// A value without the objects around it that hold nothing else, which become part of its path.
fn alone(path: &str, value: &Value) -> (String, Value) {
    let members = value.as_object().filter(|members| members.len() == 1);
    match members.and_then(|members| members.iter().next()) {
        Some((name, only)) => alone(&format!("{path}.{name}"), only),
        None => (path.to_owned(), value.clone()),
    }
}

/// A value as words between which a line may end.
fn words(value: &Value) -> Vec<String> {
    match value {
        Value::Null => vec!["(none)".to_owned()],
        Value::Bool(_) | Value::Number(_) => vec![value.to_string()],
        Value::String(text) => vec![plain(text)],
        Value::Array(elements) => enclosed("[", elements.iter().map(words), "]"),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                let name = format!("{}:", plain(name));
                match words(value).as_slice() {
                    [word] => vec![format!("{name} {word}")],
                    words => std::iter::once(name).chain(words.iter().cloned()).collect(),
                }
            });
            enclosed("{", members, "}")
        }
    }
}

/// Parts with commas between them, in brackets.
fn enclosed(open: &str, parts: impl Iterator<Item = Vec<String>>, close: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for part in parts {
        if let Some(last) = all.last_mut() {
            last.push(',');
        }
        all.extend(part);
    }
    match all.first_mut() {
        None => return vec![format!("{open}{close}")],
        Some(first) => first.insert_str(0, open),
    }
    if let Some(last) = all.last_mut() {
        last.push_str(close);
    }
    all
}

/// A string without quotes where it could be nothing else.
fn plain(text: &str) -> String {
    const AMBIGUOUS: [char; 7] = ['"', ',', '[', ']', '{', '}', '\\'];
    let is_word = |character: char| {
        !character.is_whitespace() && !character.is_control() && !AMBIGUOUS.contains(&character)
    };
    let is_hash = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash {
        return format!("{}...", &text[..HASH_CHARACTERS]);
    }
    let is_other = serde_json::from_str::<Value>(text).is_ok();
    if text.is_empty() || is_other || !text.chars().all(is_word) {
        return Value::from(text).to_string();
    }
    text.to_owned()
}

/// Words on lines that begin at `column`, where the first of them already is.
pub(crate) fn wrapped(words: &[String], column: usize) -> String {
    let mut text = String::new();
    let mut at = column;
    for word in words {
        let length = width(word);
        if at > column && at + 1 + length > COLUMNS {
            text.push('\n');
            text.push_str(&spaces(column));
            at = column;
        } else if at > column {
            text.push(' ');
            at += 1;
        }
        text.push_str(word);
        at += length;
    }
    text
}

/// A sentence on lines that begin at `column`. A command in backticks stays in one piece.
pub(crate) fn prose(text: &str, column: usize) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut is_inside = false;
    for word in text.split(' ') {
        match words.last_mut().filter(|_| is_inside) {
            Some(last) => {
                last.push(' ');
                last.push_str(word);
            }
            None => words.push(word.to_owned()),
        }
        is_inside ^= word.matches('`').count() % 2 == 1;
    }
    wrapped(&words, column)
}

/// How wide a column of names is that other columns follow: most fit into what is usual.
pub(crate) fn name_columns<'n>(names: impl IntoIterator<Item = &'n str>) -> usize {
    names.into_iter().map(width).fold(NAME_COLUMNS_MIN, usize::max)
}

fn longest(words: &[String]) -> usize {
    words.iter().map(|word| width(word)).max().unwrap_or_default()
}

pub(crate) fn spaces(columns: usize) -> String {
    " ".repeat(columns)
}

pub(crate) fn width(text: &str) -> usize {
    text.chars().count()
}
