//! A command line that cannot be taken: what was probably meant, and the same in parts for programs.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::suggestion;

/// What clap says that is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misuse {
    pub(crate) message: String,
    pub(crate) hint: String,
}

/// Puts in what a word that is no command probably meant, as other tools call it.
pub(crate) fn suggest(error: &mut clap::Error, program: &clap::Command) {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return;
    };
    if word == "version" {
        let tip = StyledStr::from("`imgprep --version` prints the version");
        error.remove(ContextKind::SuggestedSubcommand);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
        return;
    }
    let commands = program.get_subcommands().map(clap::Command::get_name);
    // What is a command of ours was given to one that takes others.
    if let Some(meant) = suggestion::closest(word, commands).filter(|meant| meant != word) {
        let meant = ContextValue::Strings(vec![meant.to_owned()]);
        error.insert(ContextKind::SuggestedSubcommand, meant);
    }
}

impl Misuse {
    /// The first paragraph of clap's text says what is wrong, the others what to do.
    pub(crate) fn of(error: &clap::Error) -> Self {
        if matches!(
            error.kind(),
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand
        ) {
            let hint = "For more information, try '--help'.".to_owned();
            return Self { message: "no command given".to_owned(), hint };
        }
        let text = error.render().to_string();
        let paragraphs = text.trim().split("\n\n").map(|paragraph| {
            let words: Vec<&str> = paragraph.split_whitespace().collect();
            words.join(" ")
        });
        let mut paragraphs = paragraphs.filter(|paragraph| !paragraph.is_empty());
        let message = paragraphs.next().unwrap_or_default();
        let message = message.strip_prefix("error: ").unwrap_or(&message).to_owned();
        Self { message, hint: paragraphs.collect::<Vec<_>>().join("; ") }
    }
}
