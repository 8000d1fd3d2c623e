//! The command line: every command, a file each with its arguments, what it does and what it prints; and
//! what they begin with.

mod backfill;
mod cost;
mod doctor;
mod down;
mod export;
mod failures;
mod iam_policy;
mod init;
mod local;
mod logs;
mod manual;
mod plan;
mod presign;
mod prune;
mod render;
mod retry;
mod session;
mod status;
mod try_image;
mod up;
mod urls;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use crate::args::{Global, suggest};
use crate::error::Error;
use crate::report::{Answer, Report};

/// Image variants on AWS from one file: S3, SNS, Lambda and CloudFront, without a state file
///
/// Example: imgprep up --local
#[derive(Debug, Parser)]
#[command(name = "imgprep", version = env!("IMGPREP_VERSION"), max_term_width = 80)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::Init),
    Plan(plan::Plan),
    Up(up::Up),
    Status(status::Status),
    Down(down::Down),
    Try(try_image::Try),
    Logs(logs::Logs),
    Cost(cost::Cost),
    Render(render::Render),
    Backfill(backfill::Backfill),
    Failures(failures::Failures),
    Retry(retry::Retry),
    Prune(prune::Prune),
    Urls(urls::Urls),
    Presign(presign::Presign),
    IamPolicy(iam_policy::IamPolicy),
    Export(export::Export),
    /// Manage the local AWS that `--local` uses
    ///
    /// Example: imgprep local status
    #[command(subcommand)]
    Local(local::Local),
    Doctor(doctor::Doctor),
    Completions(manual::Completions),
    /// Print the manual page
    ///
    /// Example: imgprep man > imgprep.1
    Man,
}

impl Arguments {
    /// Reads the command line, with a suggestion where a command is called as in other tools.
    pub(crate) fn read(arguments: &[OsString]) -> Result<Self, clap::Error> {
        Self::try_parse_from(arguments).map_err(|mut error| {
            if error.kind() == ErrorKind::InvalidSubcommand {
                suggest(&mut error, &Self::command());
            }
            error
        })
    }
}

pub(crate) async fn run(arguments: &Arguments, report: &Report) -> Result<Answer, Error> {
    let global = &arguments.global;
    match &arguments.command {
        Command::Init(args) => init::run(args, global, report).await,
        Command::Plan(args) => plan::run(args, global, report).await,
        Command::Up(args) => Box::pin(up::run(args, global, report)).await,
        Command::Status(args) => Box::pin(status::run(args, global, report)).await,
        Command::Down(args) => Box::pin(down::run(args, global, report)).await,
        Command::Try(args) => Box::pin(try_image::run(args, global, report)).await,
        Command::Logs(args) => Box::pin(logs::run(args, global, report)).await,
        Command::Render(args) => render::run(args, global, report).await,
        Command::Backfill(args) => Box::pin(backfill::run(args, global, report)).await,
        Command::Failures(args) => Box::pin(failures::run(args, global, report)).await,
        Command::Retry(args) => Box::pin(retry::run(args, global, report)).await,
        Command::Prune(args) => Box::pin(prune::run(args, global, report)).await,
        Command::Urls(args) => Box::pin(urls::run(args, global, report)).await,
        Command::Presign(args) => presign::run(args, global, report).await,
        Command::IamPolicy(args) => iam_policy::run(args, global, report).await,
        Command::Export(args) => export::run(args, global, report).await,
        Command::Doctor(args) => doctor::run(args, global, report).await,
        Command::Local(args) => local::run(args, global, report).await,
        Command::Cost(args) => cost::run(args, global),
        Command::Completions(args) => Ok(manual::script(args)),
        Command::Man => Ok(manual::manual_page()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Misuse;

    /// Every command with those around it, the program first.
    fn commands(command: &clap::Command, path: &str, found: &mut Vec<(String, String)>) {
        let help = command.get_long_about().or_else(|| command.get_about());
        found.push((path.to_owned(), help.map(ToString::to_string).unwrap_or_default()));
        for inner in command.get_subcommands() {
            commands(inner, &format!("{path} {}", inner.get_name()), found);
        }
    }

    #[test]
    fn the_help_of_every_command_ends_with_an_example_that_works() {
        let mut found = Vec::new();
        commands(&Arguments::command(), "imgprep", &mut found);
        assert!(found.len() > 15, "only {} commands were found", found.len());
        for (path, help) in found {
            let example = help.lines().last().and_then(|line| line.strip_prefix("Example: "));
            let example =
                example.unwrap_or_else(|| panic!("`{path} --help` has no example: {help}"));
            assert!(example.starts_with(&path), "{path}: {example}");
            let command = example.split(" > ").next().unwrap_or_default();
            Arguments::try_parse_from(command.split(' ')).unwrap();
        }
    }

    /// The help of every command below, as it is printed.
    fn helps(command: &mut clap::Command, found: &mut Vec<(String, String)>) {
        let help = command.render_long_help().to_string();
        found.push((command.get_name().to_owned(), help));
        for inner in command.get_subcommands_mut() {
            helps(inner, found);
        }
    }

    #[test]
    fn the_help_of_every_command_fits_a_terminal() {
        const LINES_MAX: usize = 24;
        let mut program = Arguments::command().disable_help_subcommand(true);
        program.build();
        let mut found = Vec::new();
        helps(&mut program, &mut found);
        for (name, help) in found {
            let long = help.lines().find(|line| line.chars().count() > 80);
            assert_eq!(long, None, "{name}");
            let options = help.lines().position(|line| line == "Options:").unwrap_or_default();
            // The program itself lists every command.
            assert!(options <= LINES_MAX || name == "imgprep", "{name}: {options}\n{help}");
        }
    }

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
            "invalid value 'us-est-1x' for '--region <NAME>': it is not a region code; did you \
             mean `us-east-1`?"
        );
        assert_eq!(hint, "For more information, try '--help'.");
        assert_eq!(misuse("imgprep").message, "no command given");
        assert_eq!(misuse("imgprep --json").message, "no command given");
        assert_eq!(misuse("imgprep up --yess").message, "unexpected argument '--yess' found");
    }
}
