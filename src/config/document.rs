//! The TOML text of a configuration, and everything in it that is not as it should be.
//!
//! Deliberately absent: which keys there are. What is asked of a [`Table`] is allowed, everything
//! else in a table that was asked for is an unknown key.

use std::cell::RefCell;
use std::ops::Range;

use toml::de::DeTable;

use super::Environment;
use super::interpolate::interpolate;
use super::problem::{Fault, Problem};
use super::table::Table;
use crate::suggestion::{closest, list};

/// What `read` makes of the document `text`; or every problem, in the order of the text.
pub(super) fn read<T>(
    text: &str,
    environment: Environment<'_>,
    read: impl FnOnce(&Table<'_>) -> T,
) -> Result<T, Vec<Problem>> {
    let document = Document { text, environment, notes: RefCell::default() };
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        document.report(error.span(), Fault::new(format!("not valid TOML: {}", error.message())));
    }
    if !errors.is_empty() {
        // Whatever else there is to say would rest on a guess at what was meant.
        return Err(document.problems());
    }
    let value = read(&Table::root(&document, root.get_ref()));
    document.report_unknown_keys();
    let problems = document.problems();
    if problems.is_empty() { Ok(value) } else { Err(problems) }
}

pub(super) struct Document<'d> {
    text: &'d str,
    environment: Environment<'d>,
    notes: RefCell<Notes>,
}

/// What reading leaves behind.
#[derive(Default)]
struct Notes {
    problems: Vec<Problem>,
    /// Every key that was asked for, in the order of the schema.
    asked: Vec<AskedKey>,
    /// Every key of the tables that were read.
    present: Vec<PresentKey>,
}

#[derive(PartialEq)]
struct AskedKey {
    /// The table's heading, as in `[bucket]`; empty for the whole file.
    table: String,
    key: &'static str,
}

struct PresentKey {
    /// As in [`AskedKey`].
    table: String,
    key: String,
    span: Range<usize>,
}

impl Document<'_> {
    pub(super) fn report(&self, span: Option<Range<usize>>, fault: Fault) {
        self.notes.borrow_mut().problems.push(Problem::new(self.text, span, fault));
    }

    /// The text of the file at `span`.
    pub(super) fn source(&self, span: &Range<usize>) -> &str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    /// Notes that the schema has `key` in the table with the heading `table`.
    pub(super) fn allow(&self, table: &str, key: &'static str) {
        let asked = AskedKey { table: table.to_owned(), key };
        let known = &mut self.notes.borrow_mut().asked;
        if !known.contains(&asked) {
            known.push(asked);
        }
    }

    /// Notes that the file has `key` in the table with the heading `table`.
    pub(super) fn found(&self, table: &str, key: &str, span: Range<usize>) {
        let present = PresentKey { table: table.to_owned(), key: key.to_owned(), span };
        self.notes.borrow_mut().present.push(present);
    }

    /// All that was reported so far, in the order of the text.
    fn problems(&self) -> Vec<Problem> {
        let mut problems = self.notes.borrow().problems.clone();
        problems.sort_by_key(|problem| (problem.line, problem.column));
        problems
    }

    fn report_unknown_keys(&self) {
        let faults: Vec<_> = {
            let notes = self.notes.borrow();
            let unknown = notes.present.iter().filter(|present| {
                !notes
                    .asked
                    .iter()
                    .any(|asked| asked.table == present.table && asked.key == present.key)
            });
            unknown.map(|key| (key.span.clone(), unknown_key(key, &notes.asked))).collect()
        };
        for (span, fault) in faults {
            self.report(Some(span), fault);
        }
    }

    /// `text` with the environment applied; nothing where that fails, which is reported.
    pub(super) fn resolve(&self, key: &str, text: &str, span: &Range<usize>) -> Option<String> {
        let unresolved = match interpolate(text, self.environment) {
            Ok(resolved) => return Some(resolved),
            Err(unresolved) => unresolved,
        };
        let source = self.source(span);
        // Only in a string without escapes are bytes of the value bytes of the source.
        let verbatim = source.get(1..source.len().saturating_sub(1)) == Some(text);
        for reference in unresolved {
            let at = reference.at.start + span.start + 1..reference.at.end + span.start + 1;
            let span = if verbatim { at } else { span.clone() };
            self.report(Some(span), reference.fault.of(key));
        }
        None
    }
}

fn unknown_key(unknown: &PresentKey, asked: &[AskedKey]) -> Fault {
    let PresentKey { table, key, .. } = unknown;
    let place = if table.is_empty() { "the file".to_owned() } else { format!("`{table}`") };
    let fault = Fault::new(format!("unknown key `{key}` in {place}"));
    let known: Vec<_> =
        asked.iter().filter(|asked| asked.table == *table).map(|asked| asked.key).collect();
    if let Some(meant) = closest(key, known.iter().copied()) {
        return fault.label(format!("did you mean `{meant}`?"));
    }
    let homes: Vec<_> =
        asked.iter().filter(|asked| asked.key == key).map(|asked| asked.table.as_str()).collect();
    match homes.as_slice() {
        [""] => fault.label("belongs above the first `[table]`"),
        // What several tables have says little about which was meant.
        [_] | [_, _] if !homes.contains(&"") => {
            fault.label(format!("belongs in {}", list(homes, "or")))
        }
        _ => fault.help(format!("{place} takes {}", list(known, "and"))),
    }
}
