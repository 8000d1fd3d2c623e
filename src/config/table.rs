//! A cursor over one table of the document: it hands out values by key and type, and reports those
//! that are not what the schema takes.
//!
//! Deliberately absent: the rules for particular keys, which the schema passes in.

use std::ops::Range;

use contract::framing::Share;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::document::Document;
use super::problem::{Fault, shown};
use crate::suggestion::{closest, list};

/// What is required of a string.
pub(super) type TextRule = fn(&str) -> Result<(), Fault>;

/// What is required of an integer, and the integer as the schema keeps it.
pub(super) type NumberRule = fn(i64) -> Result<u32, Fault>;

/// The words that a key takes, and what each means.
pub(super) type Words<T> = [(&'static str, T)];

/// A string of the file with the environment applied, or a default.
#[derive(Clone, Debug, Default)]
pub(super) struct Text {
    pub(super) value: String,
    /// Where it is; a default is nowhere.
    pub(super) span: Option<Range<usize>>,
}

/// One table of the document. One that the file doesn't have reads as one without keys.
pub(super) struct Table<'d> {
    document: &'d Document<'d>,
    /// The keys that lead here, joined by dots; empty for the whole file.
    path: String,
    /// As it stands above the table: `[path]` or `[[path]]`.
    heading: String,
    header: Option<Range<usize>>,
    entries: Option<&'d DeTable<'d>>,
}

/// A value of the file under its full name.
struct Entry<'d> {
    name: String,
    value: &'d DeValue<'d>,
    span: Range<usize>,
}

impl<'d> Table<'d> {
    /// The whole file.
    pub(super) fn root(document: &'d Document<'d>, entries: &'d DeTable<'d>) -> Self {
        Self { document, path: String::new(), heading: String::new(), header: None, entries: None }
            .with(Some(entries))
    }

    /// The table with these entries, each of which must be asked for.
    fn with(self, entries: Option<&'d DeTable<'d>>) -> Self {
        for key in entries.into_iter().flat_map(DeTable::keys) {
            self.document.found(&self.heading, key.get_ref(), key.span());
        }
        Self { entries, ..self }
    }

    /// Reports what is wrong with the value of `key`: where it is or, for a default, the table.
    pub(super) fn report(&self, key: &str, value: &Text, fault: Fault) {
        let span = value.span.clone().or_else(|| self.header.clone());
        self.document.report(span, fault.of(&self.name(key)));
    }

    /// Reports what is wrong with `key` as a whole, or with its not being there.
    pub(super) fn report_key(&self, key: &str, fault: Fault) {
        self.report(key, &Text { value: String::new(), span: self.key_span(key) }, fault);
    }

    /// Reports what is wrong with the table as a whole.
    pub(super) fn report_table(&self, fault: Fault) {
        self.document.report(self.header.clone(), fault.of(&self.path));
    }

    /// Reports what an array names twice; `what` is one of them.
    pub(super) fn report_twice(&self, key: &str, what: &str, values: &[Text]) {
        for (index, value) in values.iter().enumerate() {
            if let Some(first) = values[..index].iter().find(|first| first.value == value.value) {
                let fault = Fault::new(format!("has {what} twice")).label("remove one of the two");
                self.report(key, value, fault.related(first.span.as_ref(), "the other one"));
            }
        }
    }

    /// Where the name `key` is, if the table has it.
    pub(super) fn key_span(&self, key: &str) -> Option<Range<usize>> {
        let (key, _) = self.entries?.get_key_value(key)?;
        Some(key.span())
    }

    pub(super) fn table(&self, key: &'static str) -> Self {
        let entry = self.entry(key);
        let path = self.name(key);
        let heading = format!("[{path}]");
        let header = entry.as_ref().map(|entry| entry.span.clone());
        Self { document: self.document, path, heading, header, entries: None }
            .with(entry.and_then(|entry| self.as_table(&entry)))
    }

    /// The table of a key that some write as the value of its first key, `first`; nothing where the file
    /// has something else than a table.
    pub(super) fn table_for(&self, key: &'static str, first: &str) -> Option<Self> {
        if let Some(entry) = self.entry(key).filter(|entry| entry.value.is_str()) {
            let source = self.document.source(&entry.span);
            let label = format!("did you mean `{key} = {{ {first} = {source} }}`?");
            let fault = Fault::new("is a string, not a table").label(label);
            self.report(key, &Text { value: String::new(), span: Some(entry.span) }, fault);
            return None;
        }
        let table = self.table(key);
        table.entries.is_some().then_some(table)
    }

    /// The tables of a `[[key]]`; nothing where the file has something else there.
    pub(super) fn tables(&self, key: &'static str) -> Option<Vec<Self>> {
        let Some(entry) = self.entry(key) else { return Some(Vec::new()) };
        let help = format!("write `[[{key}]]`, with two brackets, above the keys of each");
        let Some(elements) = entry.value.as_array() else {
            self.wrong_type(&entry, "an array of tables", Some(help));
            return None;
        };
        let read = |element: &'d Spanned<DeValue<'d>>| {
            let entry = Entry::of(&entry.name, element);
            let entries = entry.value.as_table();
            if entries.is_none() {
                self.wrong_type(&entry, "a table", Some(help.clone()));
            }
            Some((entry.span, entries?))
        };
        let elements: Vec<_> = elements.iter().map(read).collect();
        // All or none: what is opened must be asked for its keys.
        let elements: Vec<_> = elements.into_iter().collect::<Option<_>>()?;
        let open = |(span, entries)| {
            let (path, heading) = (entry.name.clone(), format!("[[{}]]", entry.name));
            Self { document: self.document, path, heading, header: Some(span), entries: None }
                .with(Some(entries))
        };
        Some(elements.into_iter().map(open).collect())
    }

    /// The strings of a table that takes any key, each with the key, which may be checked as well.
    pub(super) fn pairs(
        &self,
        key: &'static str,
        key_rule: TextRule,
        rule: TextRule,
    ) -> Vec<(Text, Text)> {
        let Some(table) = self.entry(key) else { return Vec::new() };
        let entries = self.as_table(&table).into_iter().flat_map(DeTable::iter);
        let read = |(key, value): (&'d Spanned<DeString<'d>>, &'d Spanned<DeValue<'d>>)| {
            let entry = Entry::of(&format!("{}.{}", table.name, key.get_ref()), value);
            let key = Text { value: key.get_ref().to_string(), span: Some(key.span()) };
            if let Err(fault) = key_rule(&key.value) {
                self.document.report(key.span.clone(), fault.of(&entry.name));
            }
            // A pair is the user's own, so that its value, unlike a name's, may be a secret.
            let value = self.resolve(&entry)?;
            if let Err(fault) = rule(&value.value) {
                self.document.report(value.span.clone(), fault.of(&entry.name));
            }
            Some((key, value))
        };
        entries.filter_map(read).collect()
    }

    pub(super) fn text(&self, key: &'static str, rule: TextRule) -> Option<Text> {
        self.checked(&self.entry(key)?, rule)
    }

    pub(super) fn text_or(&self, key: &'static str, default: &str, rule: TextRule) -> Text {
        self.text(key, rule).unwrap_or_else(|| Text { value: default.to_owned(), span: None })
    }

    /// A string that has no default; `help` says what to add where it is missing.
    pub(super) fn text_required(&self, key: &'static str, rule: TextRule, help: &str) -> Text {
        if self.entry(key).is_none() {
            self.report_key(key, Fault::new("is missing").help(help));
        }
        self.text(key, rule).unwrap_or_default()
    }

    /// Every string of an array; nothing where one of them is not as it should be.
    pub(super) fn texts(&self, key: &'static str, rule: TextRule) -> Option<Vec<Text>> {
        let Some(entry) = self.entry(key) else { return Some(Vec::new()) };
        let Some(elements) = entry.value.as_array() else {
            self.wrong_type(&entry, "an array of strings", None);
            return None;
        };
        let read = |element| self.checked(&Entry::of(&entry.name, element), rule);
        let texts: Vec<_> = elements.iter().map(read).collect();
        texts.into_iter().collect()
    }

    pub(super) fn number(&self, key: &'static str, rule: NumberRule) -> Option<u32> {
        let entry = self.entry(key)?;
        let DeValue::Integer(integer) = entry.value else {
            self.wrong_type(&entry, "an integer", None);
            return None;
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix());
        number
            .map_err(|_| Fault::new(format!("is {integer}, which is too large")))
            .and_then(rule)
            .map_err(|fault| self.document.report(Some(entry.span), fault.of(&entry.name)))
            .ok()
    }

    /// A number from 0 to 1.
    pub(super) fn share(&self, key: &'static str) -> Option<Share> {
        let entry = self.entry(key)?;
        let number = match entry.value {
            DeValue::Integer(integer) => integer.as_str().parse::<f64>().ok(),
            DeValue::Float(float) => float.as_str().parse::<f64>().ok(),
            _ => {
                self.wrong_type(&entry, "a number", None);
                return None;
            }
        };
        let share = number.and_then(|number| Share::try_from(number).ok());
        if share.is_none() {
            let fault = Fault::new(format!("is {}", self.document.source(&entry.span)));
            let fault = fault.label("a number from 0 to 1").of(&entry.name);
            self.document.report(Some(entry.span), fault);
        }
        share
    }

    pub(super) fn flag(&self, key: &'static str) -> Option<bool> {
        let entry = self.entry(key)?;
        if entry.value.as_bool().is_none() {
            self.wrong_type(&entry, "a boolean", None);
        }
        entry.value.as_bool()
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&self, key: &'static str, words: &Words<T>) -> Option<T> {
        let entry = self.entry(key)?;
        let names = || words.iter().map(|(word, _)| *word);
        let help = format!("`{key}` is {}", list(names(), "or"));
        if !entry.value.is_str() {
            let in_quotes = names().any(|word| word == self.document.source(&entry.span));
            self.wrong_type(&entry, "a string", (!in_quotes).then_some(help));
            return None;
        }
        let text = self.resolve(&entry)?;
        let found = words.iter().find(|(word, _)| *word == text.value);
        if found.is_none() {
            let fault = Fault::new(format!("is `{}`", shown(&text.value))).help(help);
            let fault = match closest(&text.value, names()) {
                Some(meant) => fault.label(format!("did you mean `{meant}`?")),
                None => fault,
            };
            self.report(key, &text, fault);
        }
        found.map(|(_, value)| *value)
    }

    /// The full name of `key`, as in `function.memory`.
    fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn entry(&self, key: &'static str) -> Option<Entry<'d>> {
        self.document.allow(&self.heading, key);
        Some(Entry::of(&self.name(key), self.entries?.get(key)?))
    }

    fn as_table(&self, entry: &Entry<'d>) -> Option<&'d DeTable<'d>> {
        let table = entry.value.as_table();
        if table.is_none() {
            let help = format!("write `[{}]`, and its keys below it", entry.name);
            self.wrong_type(entry, "a table", Some(help));
        }
        table
    }

    /// The string of `entry`, checked against `rule`.
    fn checked(&self, entry: &Entry<'d>, rule: TextRule) -> Option<Text> {
        if !entry.value.is_str() {
            // Quotes alone don't help where the text would then be wrong.
            let in_quotes = rule(self.document.source(&entry.span));
            self.wrong_type(entry, "a string", in_quotes.err().and_then(Fault::into_help));
            return None;
        }
        let text = self.resolve(entry)?;
        if let Err(mut fault) = rule(&text.value) {
            if self.document.source(&entry.span).contains("${") {
                let value = shown(&text.value);
                fault = fault.note(format!("its value here is `{value}`"));
            }
            self.document.report(text.span.clone(), fault.of(&entry.name));
        }
        Some(text)
    }

    /// The string of `entry` with the environment applied.
    fn resolve(&self, entry: &Entry<'d>) -> Option<Text> {
        let Some(source) = entry.value.as_str() else {
            self.wrong_type(entry, "a string", None);
            return None;
        };
        let value = self.document.resolve(&entry.name, source, &entry.span)?;
        Some(Text { value, span: Some(entry.span.clone()) })
    }

    fn wrong_type(&self, entry: &Entry<'d>, wanted: &str, help: Option<String>) {
        let have = match entry.value {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a number with a fraction",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        let fault = Fault::new(format!("is {have}, not {wanted}")).of(&entry.name);
        let source = self.document.source(&entry.span);
        let fault = match (entry.value, wanted) {
            _ if help.is_some() => help.into_iter().fold(fault, Fault::help),
            (DeValue::String(text), "an integer") if text.parse::<i64>().is_ok() => {
                fault.label(format!("write it without quotes: `{text}`"))
            }
            (DeValue::String(text), "a boolean") if text.parse::<bool>().is_ok() => {
                fault.label(format!("write it without quotes: `{text}`"))
            }
            (DeValue::String(text), "an integer" | "a boolean") if text.contains("${") => {
                fault.help("only strings can use environment variables")
            }
            (DeValue::String(_), "an array of strings") => {
                fault.label(format!("write it in brackets: `[{source}]`"))
            }
            (DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_), "a string") => {
                fault.label(format!("write it in quotes: `\"{source}\"`"))
            }
            (_, "a boolean") => fault.label("write `true` or `false`"),
            (DeValue::Float(_), "an integer") => fault.label("write a whole number"),
            _ => fault,
        };
        self.document.report(Some(entry.span.clone()), fault);
    }
}

impl<'d> Entry<'d> {
    fn of(name: &str, value: &'d Spanned<DeValue<'d>>) -> Self {
        Self { name: name.to_owned(), value: value.get_ref(), span: value.span() }
    }
}
