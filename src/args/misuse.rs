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
            return Self { message: "a command is missing".to_owned(), hint };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn misuse(line: &str) -> Misuse {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        Misuse::of(&Arguments::read(&words).unwrap_err())
    }

    #[test]
    fn the_words_of_other_tools_are_understood() {
        let cases = [
            ("destroy", "down"),
            ("remove", "down"),
            ("delete", "down"),
            ("deploy", "up"),
            ("apply", "up"),
            ("create", "up"),
            ("diff", "plan"),
            ("stauts", "status"),
        ];
        for (word, meant) in cases {
            let Misuse { message, hint } = misuse(&format!("imgprep {word}"));
            assert_eq!(message, format!("unrecognized subcommand '{word}'"));
            let tip = format!("tip: a similar subcommand exists: '{meant}';");
            assert!(hint.starts_with(&tip), "{word}: {hint}");
        }
        let version = misuse("imgprep version").hint;
        assert!(version.starts_with("tip: `imgprep --version` prints the version;"), "{version}");
        assert!(!misuse("imgprep fly").hint.contains("tip: "));
        assert!(!misuse("imgprep iam-policy cost").hint.contains("'cost'"));
    }

    #[test]
    fn what_is_wrong_and_what_to_do_are_told_apart() {
        let Misuse { message, hint } = misuse("imgprep plan --region us-est-1x");
        assert_eq!(
            message,
            "invalid value 'us-est-1x' for '--region <NAME>': it is not the code of a region; did \
             you mean `us-east-1`?"
        );
        assert_eq!(hint, "For more information, try '--help'.");
        assert_eq!(misuse("imgprep").message, "a command is missing");
        assert_eq!(misuse("imgprep --json").message, "a command is missing");
        assert_eq!(misuse("imgprep up --yess").message, "unexpected argument '--yess' found");
    }
}
