//! What can be wrong with a configuration file, and how it is shown.
//!
//! Deliberately absent: what is right; the rules say that in a [`Fault`].

use std::io;
use std::ops::Range;
use std::path::Path;
use std::str::Utf8Error;

use annotate_snippets::renderer::Renderer;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Snippet};

/// Why there is no [`Config`](super::Config).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("cannot read `{file}`: no such file")]
    Missing { file: String },
    #[error("cannot read `{file}`: it is a folder")]
    Folder { file: String },
    #[error("cannot read `{file}`: {reason}")]
    Unreadable { file: String, reason: String },
    #[error("cannot read `{file}`: it is not UTF-8 text, see line {line}, column {column}")]
    NotUtf8 { file: String, line: usize, column: usize },
    #[error("`cdn.enabled` is not possible in `{region}`: {why}")]
    Region { region: String, why: &'static str },
    /// A bucket that is to be made.
    #[error(
        "`bucket.name` is `{name}`, but S3's certificate does not cover names with dots: use \
         `{instead}`"
    )]
    DottedBucket { name: String, instead: String },
    #[error(
        "the function's policy would have {characters} characters, but IAM allows {limit}: it \
         names every variant's folder"
    )]
    Policy { characters: usize, limit: usize },
    /// The problems are in the order of the file and never empty.
    #[error("{}", summary(file, problems))]
    Invalid { file: String, text: String, problems: Vec<Problem> },
}

impl ConfigError {
    pub(super) fn unreadable(file: &str, path: &Path, error: &io::Error) -> Self {
        let file = file.to_owned();
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing { file },
            _ if path.is_dir() => Self::Folder { file },
            _ => Self::Unreadable { file, reason: reason(error) },
        }
    }

    pub(super) fn not_utf8(file: &str, bytes: &[u8], error: Utf8Error) -> Self {
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let (line, column) = position(&before, before.len());
        Self::NotUtf8 { file: file.to_owned(), line, column }
    }

    pub(super) fn invalid(file: &str, text: &str, problems: Vec<Problem>) -> Self {
        Self::Invalid { file: file.to_owned(), text: text.to_owned(), problems }
    }

    /// The error on one line, every problem with its place.
    pub(crate) fn message(&self) -> String {
        self.to_string()
    }

    /// What to do next, where the rendered problems do not say it already.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Missing { .. } => {
                Some("create one with `imgprep init`, or name one with `--config FILE`")
            }
            Self::Folder { .. } => Some("name the file itself with `--config FILE`"),
            Self::NotUtf8 { .. } => Some("save the file as UTF-8"),
            Self::Region { .. } => {
                Some("write `enabled = false` under `[cdn]`, or choose another region")
            }
            Self::DottedBucket { .. } => {
                Some("choose another `name` under `[bucket]`; a bucket that exists may have dots")
            }
            Self::Policy { .. } => Some("use fewer variants or shorter folder names"),
            Self::Unreadable { .. } | Self::Invalid { .. } => None,
        }
    }

    /// The error as `rustc` would show it: every problem with the offending text underlined. Ends
    /// without a line break.
    pub(crate) fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        if let Self::Invalid { file, text, problems } = self {
            let reports = problems.iter().map(|problem| problem.render(file, text, &renderer));
            return reports.collect::<Vec<_>>().join("\n\n");
        }
        let title =
            renderer.render(&[Group::with_title(Level::ERROR.primary_title(self.message()))]);
        let Some(hint) = self.hint() else { return title };
        let level = Level::HELP.with_name("hint");
        let hint = renderer.render(&[Group::with_title(level.primary_title(hint))]);
        format!("{title}\n\n{hint}")
    }
}

/// One mistake in the text of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Counted from 1; the first line where something is missing from the whole file.
    pub(crate) line: usize,
    /// In characters, counted from 1.
    pub(crate) column: usize,
    /// What is wrong, with the key's full name.
    pub(crate) message: String,
    /// What would be right.
    pub(crate) help: Option<String>,
    /// The offending bytes; none where something is missing from the whole file.
    span: Option<Range<usize>>,
    /// Stands beside the underlined text.
    label: Option<String>,
    /// What the environment made of the underlined text.
    note: Option<String>,
    /// Another place in the file that the problem is about.
    related: Option<(Range<usize>, String)>,
}

impl Problem {
    pub(super) fn new(text: &str, span: Option<Range<usize>>, fault: Fault) -> Self {
        let (line, column) = position(text, span.as_ref().map_or(0, |span| span.start));
        let Fault { message, label, help, note, related } = fault;
        let related = related.map(|related| *related);
        Self { line, column, message, help, span, label, note, related }
    }

    /// The problem on one line, without its place.
    pub(crate) fn sentence(&self) -> String {
        let hint = self.label.as_deref().or(self.help.as_deref());
        hint.map_or_else(|| self.message.clone(), |hint| format!("{}: {hint}", self.message))
    }

    fn render(&self, file: &str, text: &str, renderer: &Renderer) -> String {
        let mut group = Group::with_title(Level::ERROR.primary_title(&self.message));
        group = match &self.span {
            Some(span) => group.element(self.snippet(file, text, span)),
            None => group.element(Origin::path(file)),
        };
        for (level, line) in [(Level::NOTE, &self.note), (Level::HELP, &self.help)] {
            if let Some(line) = line {
                group = group.element(level.message(line));
            }
        }
        renderer.render(&[group])
    }

    fn snippet<'a>(
        &'a self,
        file: &'a str,
        text: &'a str,
        span: &Range<usize>,
    ) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
        let primary = AnnotationKind::Primary.span(span.clone()).label(self.label.as_deref());
        let related = self
            .related
            .as_ref()
            .map(|(span, label)| AnnotationKind::Context.span(span.clone()).label(label));
        Snippet::source(text).path(file).annotation(primary).annotations(related)
    }
}

/// What a rule has against a value. The message is a predicate, such as "is empty": whoever knows
/// the key puts its name in front.
#[derive(Debug)]
pub(super) struct Fault {
    message: String,
    label: Option<String>,
    help: Option<String>,
    note: Option<String>,
    /// Boxed, as it is rare and would make every `Result` of a rule large.
    related: Option<Box<(Range<usize>, String)>>,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), label: None, help: None, note: None, related: None }
    }

    /// Stands beside the underlined text: what would be right there.
    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Stands below: the rule.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What the value is once the environment is applied.
    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// Another place in the file, if it has one: a default has none.
    pub(super) fn related(mut self, span: Option<&Range<usize>>, label: impl Into<String>) -> Self {
        self.related = span.map(|span| Box::new((span.clone(), label.into())));
        self
    }

    pub(super) fn into_help(self) -> Option<String> {
        self.help
    }

    /// Puts the key's name in front of the message.
    pub(super) fn of(mut self, key: &str) -> Self {
        self.message = format!("`{key}` {}", self.message);
        self
    }
}

/// A piece of the user's text as a message shows it: what can be printed stands as it is in the file.
pub(super) fn shown(text: &str) -> String {
    // These can be printed, but Rust escapes them for its literals.
    let is_plain = |character: char| matches!(character, '\'' | '"' | '\\');
    let mut shown = String::with_capacity(text.len());
    for part in text.split_inclusive(is_plain) {
        let (before, plain) = part.split_at(part.find(is_plain).unwrap_or(part.len()));
        shown.extend(before.escape_debug());
        shown.push_str(plain);
    }
    shown
}

/// Why a file can't be read, without the number of the system call's error.
pub(super) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        kind => kind.to_string(),
    }
}

fn summary(file: &str, problems: &[Problem]) -> String {
    let list: Vec<_> = problems
        .iter()
        .map(|problem| {
            format!("{file}:{}:{}: {}", problem.line, problem.column, problem.sentence())
        })
        .collect();
    list.join("; ")
}

/// Line and column of a byte of `text`, both from 1, the column in characters.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_be_printed_is_escaped() {
        assert_eq!(shown(r#"it's a "b\c" ä 中 \"#), r#"it's a "b\c" ä 中 \"#);
        assert_eq!(shown("'a\u{7}\n\u{a0}\u{202e}\u{200b}'"), r"'a\u{7}\n\u{a0}\u{202e}\u{200b}'");
        assert_eq!(shown("cafe\u{301}"), "cafe\u{301}");
    }
}
