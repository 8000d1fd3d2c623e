//! Commands as the user would have to give them: with the options by which this run found its file,
//! its account and its region.

use super::style::{HINT, painted};
use crate::args::{DEFAULT_CONFIG, Global};

/// What is to be repeated in every command that is advised.
#[derive(Clone, Debug, Default)]
pub(crate) struct Advice {
    options: Vec<String>,
}

impl Advice {
    pub(crate) fn new(global: &Global) -> Self {
        let mut options = Vec::new();
        let file = global.config.to_string_lossy();
        if file != DEFAULT_CONFIG {
            options.push(format!("-c {}", quoted(&file)));
        }
        let named = [("--profile", &global.profile), ("--region", &global.region)];
        let named = named.into_iter().filter_map(|(option, value)| Some((option, value.as_ref()?)));
        options.extend(named.map(|(option, value)| format!("{option} {}", quoted(value))));
        options.extend(global.local.then(|| "--local".to_owned()));
        Self { options }
    }

    /// A command of ours, such as `up --prune`, to be given next.
    pub(crate) fn command(&self, command: &str) -> String {
        painted(HINT, &self.whole(&format!("imgprep {command}")))
    }

    /// The same text, with the options in each command of ours that stands in backticks.
    pub(crate) fn text(&self, text: &str) -> String {
        let whole = |(index, part): (usize, &str)| {
            // Every other part is between backticks.
            let is_ours = index % 2 == 1 && part.starts_with("imgprep ");
            if is_ours { self.whole(part) } else { part.to_owned() }
        };
        text.split('`').enumerate().map(whole).collect::<Vec<_>>().join("`")
    }

    /// A command of ours with the options that it lacks.
    pub(crate) fn whole(&self, command: &str) -> String {
        // The local AWS is the machine's, whatever the file.
        if command.starts_with("imgprep local ") {
            return command.to_owned();
        }
        let is_said = |option: &&String| !format!("{command} ").contains(&format!(" {option} "));
        self.options
            .iter()
            .filter(is_said)
            .fold(command.to_owned(), |all, option| format!("{all} {option}"))
    }
}

/// A word as a POSIX shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:@%+,".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    /// A command line of which only the options of every command matter.
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        global: Global,
    }

    fn advice(options: &str) -> Advice {
        let words = ["imgprep"].into_iter().chain(options.split_whitespace());
        Advice::new(&Line::try_parse_from(words).unwrap().global)
    }

    #[test]
    fn what_is_advised_goes_to_the_same_stack() {
        const HINT: &str = "check `imgprep plan`, then run `imgprep up --yes`; `aws sso login`";
        assert_eq!(advice("").text(HINT), HINT);
        assert_eq!(advice("-c pipeline.toml --json -v").text(HINT), HINT);
        assert_eq!(
            advice("--local -c a/b.toml").text(HINT),
            "check `imgprep plan -c a/b.toml --local`, then run `imgprep up --yes -c a/b.toml \
             --local`; `aws sso login`"
        );
        let elsewhere = advice("--profile company --region eu-west-1");
        assert_eq!(
            elsewhere.text("run `imgprep up`"),
            "run `imgprep up --profile company --region eu-west-1`"
        );
    }

    #[test]
    fn what_is_there_is_not_said_twice_and_the_local_aws_needs_nothing() {
        let local = advice("--local");
        assert_eq!(local.text("`imgprep up --local`"), "`imgprep up --local`");
        assert_eq!(local.text("`imgprep local stop`, --local"), "`imgprep local stop`, --local");
        assert_eq!(local.text("a key with ` imgprep up"), "a key with ` imgprep up");
    }

    #[test]
    fn a_name_with_spaces_is_one_word() {
        assert_eq!(quoted("my files/it's.toml"), r"'my files/it'\''s.toml'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("a/b-c_1.toml"), "a/b-c_1.toml");
    }
}
