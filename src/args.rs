//! The command line: what clap reads. Doc comments are the help.

mod images;
mod misuse;
mod permitted;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) use self::images::{Backfill, Failures, Prune, Render, Retry};
pub(crate) use self::misuse::Misuse;
pub(crate) use self::permitted::Permitted;
use crate::region;

/// Image variants on AWS from one file: S3, SNS, Lambda and CloudFront, without a state file
///
/// Example: imgprep up --local
#[derive(Debug, Parser)]
#[command(name = "imgprep", version = env!("IMGPREP_VERSION"), max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The pipeline's file where none is named.
pub(crate) const DEFAULT_CONFIG: &str = "pipeline.toml";

/// What the options of every command stand under, after those of one.
const GLOBAL: &str = "Global options";

/// Options of every command.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// The pipeline's file
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    #[arg(value_name = "FILE", default_value = DEFAULT_CONFIG)]
    pub(crate) config: PathBuf,
    /// The AWS profile to use
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The AWS region; before the one in the file
    #[arg(long, global = true, help_heading = GLOBAL)]
    #[arg(value_name = "NAME", value_parser = region::parse)]
    pub(crate) region: Option<String>,
    /// Use a local AWS on this machine, which is installed and started as needed
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) local: bool,
    /// Print one JSON document on standard output
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) json: bool,
    /// Show no progress, previews or warnings
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    #[arg(conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Show all: fields of what is created, lines of a log, what an estimate rests on
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    pub(crate) verbose: bool,
    /// When to use colour; `NO_COLOR` is honoured
    #[arg(long, global = true, help_heading = GLOBAL)]
    #[arg(value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(Init),
    Plan(Plan),
    Up(Up),
    Status(Status),
    Down(Down),
    Try(Try),
    Logs(Logs),
    Cost(Cost),
    Render(Render),
    Backfill(Backfill),
    Failures(Failures),
    Retry(Retry),
    Prune(Prune),
    IamPolicy(IamPolicy),
    Export(Export),
    /// Manage the local AWS that `--local` uses
    ///
    /// Example: imgprep local status
    #[command(subcommand)]
    Local(Local),
    Completions(Completions),
    /// Print the manual page
    ///
    /// Example: imgprep man > imgprep.1
    Man,
}

/// Write a commented pipeline.toml, and ask for what it needs
///
/// What is not given is asked for on a terminal, and each answer is checked by the rules of the file.
/// With credentials it says whether the bucket's name is free. A file that is there is never
/// overwritten.
///
/// Example: imgprep init --name photos --bucket photos-of-acme --size 800x600,400x300
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The name of the stack; the default is that of the folder
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The name of the bucket, which no other bucket of AWS has
    #[arg(long, value_name = "NAME")]
    pub(crate) bucket: Option<String>,
    /// A size to make of each image; for more, again or with commas
    #[arg(long = "size", value_name = "WIDTHxHEIGHT", value_delimiter = ',')]
    pub(crate) sizes: Vec<String>,
    /// Do not ask; needs `--bucket`, as does a run without a terminal
    #[arg(short, long)]
    pub(crate) yes: bool,
}

/// Show what `up` would do, and change nothing
///
/// Example: imgprep plan --exit-code
#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// Exit with 0 if there is nothing to do, with 2 if there are changes, and with 1 for anything
    /// else, wrong configuration included
    #[arg(long)]
    pub(crate) exit_code: bool,
    #[command(flatten)]
    pub(crate) changes: Changes,
}

/// A command with those of its switches that are set.
fn with_switches(command: &str, switches: &[(&str, bool)]) -> String {
    let set = switches.iter().filter(|(_, is_set)| *is_set);
    set.fold(command.to_owned(), |all, (switch, _)| format!("{all} --{switch}"))
}

/// How far `up` may go, and `plan` with it.
#[derive(Debug, Args)]
pub(crate) struct Changes {
    /// Take over resources that exist without our tag
    #[arg(long)]
    pub(crate) adopt: bool,
    /// Remove what carries our tag and is no longer in the file
    #[arg(long)]
    pub(crate) prune: bool,
    /// With `--prune`: also images in buckets and folders that are no longer in the file
    #[arg(long, requires = "prune")]
    pub(crate) delete_images: bool,
}

impl Changes {
    /// A command with these options.
    pub(crate) fn of(&self, command: &str) -> String {
        let Self { adopt, prune, delete_images } = *self;
        let switches = [("adopt", adopt), ("prune", prune), ("delete-images", delete_images)];
        with_switches(command, &switches)
    }
}

/// Create or repair the stack; a second run does nothing
///
/// Example: imgprep up --local
#[derive(Debug, Args)]
#[command(alias = "provision")]
pub(crate) struct Up {
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) changes: Changes,
    /// Wait until the CDN is deployed everywhere
    #[arg(long)]
    pub(crate) wait: bool,
}

/// Show what is there: each resource, its differences, and the addresses to use
///
/// Exits with 4 if something is missing, changed or not ours.
///
/// Example: imgprep status --json
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Count originals, variants, and what is missing, too
    #[arg(long)]
    pub(crate) images: bool,
    /// Show it again whenever it changes, until interrupted
    #[arg(long, conflicts_with = "json")]
    pub(crate) watch: bool,
}

/// Remove what `up` made; a bucket with images is kept
///
/// Example: imgprep down --delete-images
#[derive(Debug, Args)]
pub(crate) struct Down {
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Delete the bucket with all its images, in all versions
    #[arg(long)]
    pub(crate) delete_images: bool,
    /// Leave the last step of removing the CDN, which takes minutes, to a later `down`
    #[arg(long)]
    pub(crate) no_wait: bool,
}

impl Down {
    /// The command as it was given, without `--yes`.
    pub(crate) fn command(&self) -> String {
        let switches = [("delete-images", self.delete_images), ("no-wait", self.no_wait)];
        with_switches("down", &switches)
    }
}

/// Upload an image and wait for its variants
///
/// What it made is removed again in the end.
///
/// Example: imgprep try photo.jpg
#[derive(Debug, Args)]
pub(crate) struct Try {
    /// The image; without one, a sample is made
    pub(crate) image: Option<PathBuf>,
    /// How long to wait; S3 may take five minutes to heed a new notification
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) timeout: u64,
    /// Leave the image and its variants in the bucket, as with `--local`
    #[arg(long)]
    pub(crate) keep: bool,
}

/// Show the function's log: what became of each image, and how long it took
///
/// With `--json` it is one JSON document; with `--follow` as well, which has no end, it is one JSON
/// object per line. What Lambda itself logs of each call is shown with `-v`.
///
/// Example: imgprep logs --follow --key holiday/
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// Go on as it grows, until interrupted
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// How far back to begin: 30s, 10m, 2h, 1d
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub(crate) since: Duration,
    /// Only what is about originals whose key contains this
    #[arg(long, value_name = "TEXT")]
    pub(crate) key: Option<String>,
}

/// Estimate what this pipeline costs a month, beside an application server that does the same
///
/// No call to AWS is made: prices are those of us-east-1, and of the date that is shown.
///
/// Example: imgprep cost --images 50000 --megapixels 24 --views 2000000
#[derive(Debug, Args)]
pub(crate) struct Cost {
    /// Originals a month
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) images: u32,
    /// Size of an original in megapixels
    #[arg(long, value_name = "NUMBER", default_value_t = 12.0, value_parser = megapixels)]
    pub(crate) megapixels: f64,
    /// Variants that are looked at a month
    #[arg(long, value_name = "NUMBER", default_value_t = 100_000)]
    pub(crate) views: u32,
    /// Size of an original as a file; without it, as large as camera JPEGs are
    #[arg(long, value_name = "BYTES")]
    pub(crate) original_bytes: Option<u32>,
    /// How many months of images are kept by then
    #[arg(long, value_name = "NUMBER", default_value_t = 12)]
    pub(crate) months: u32,
}

/// A whole number and its unit: s, m, h or d.
fn duration(text: &str) -> Result<Duration, String> {
    let units = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400)];
    let seconds = units.iter().find_map(|(unit, seconds)| {
        let number: u32 = text.strip_suffix(*unit)?.parse().ok()?;
        Some(u64::from(number) * seconds)
    });
    let seconds = seconds.ok_or("write a whole number and s, m, h or d, such as `10m`")?;
    Ok(Duration::from_secs(seconds))
}

fn megapixels(text: &str) -> Result<f64, String> {
    // What the function takes, see its limits.
    const MEGAPIXELS_MAX: f64 = 400.0;
    let number =
        text.parse::<f64>().ok().filter(|number| *number > 0.0 && *number <= MEGAPIXELS_MAX);
    number.ok_or_else(|| format!("write a number above 0 and up to {MEGAPIXELS_MAX}"))
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Local {
    /// Install it if needed, and start it
    ///
    /// Example: imgprep local start
    Start,
    /// Stop it; what it holds is kept
    ///
    /// Example: imgprep local stop
    Stop,
    /// Show whether it runs, and where
    ///
    /// Example: imgprep local status --json
    Status,
    /// Show its log
    ///
    /// Example: imgprep local logs --follow
    Logs {
        /// Go on as it grows
        #[arg(short, long)]
        follow: bool,
    },
    /// Print the variables with which other programs use it
    ///
    /// It takes only what is signed with its own secret, which this prints: keep it as you would keep
    /// a password of this machine.
    ///
    /// Example: imgprep local env
    Env,
    /// Forget everything that it holds, and its secret
    ///
    /// Example: imgprep local reset
    Reset,
    /// Be the local AWS, which `start` has run by itself
    ///
    /// Example: imgprep local serve /usr/bin/python3 packages
    #[command(hide = true)]
    Serve {
        /// The interpreter for MiniStack
        python: PathBuf,
        /// Where MiniStack and what it needs are installed
        packages: PathBuf,
    },
}

/// Print the smallest IAM policies with which imgprep works on this pipeline
///
/// Without a command they are for every command without options. The statements whose Sid begins
/// with `Read` are needed by all but `logs`, and are enough for `plan` and `status`; `up` also needs
/// those that begin with `Up`, `down` those that begin with `Down`, and so on.
///
/// IAM takes up to 6,144 characters of a policy. What is longer is printed as a JSON array of
/// policies: create each, and attach all of them.
///
/// Example: imgprep iam-policy up > policy.json
#[derive(Debug, Args)]
pub(crate) struct IamPolicy {
    #[command(subcommand)]
    pub(crate) command: Option<Permitted>,
}

/// Print the same stack as a template of another tool
///
/// It needs no AWS: account and region are references that the other tool fills in. The template
/// asks for the function's zip, which `--zip` makes.
///
/// Example: imgprep export --format terraform -o main.tf.json --zip function.zip
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Whose template
    #[arg(long, value_name = "TOOL")]
    pub(crate) format: Template,
    /// Write the template to this file and not to standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Where in S3 the function's zip will be, as the template's default
    #[arg(long, value_name = "S3_URI", value_parser = s3_object)]
    pub(crate) code: Option<S3Object>,
    /// Build the function as well, and write its zip to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) zip: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Template {
    #[value(name = "cloudformation")]
    CloudFormation,
    #[value(name = "terraform")]
    Terraform,
}

/// An object in S3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct S3Object {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

fn s3_object(text: &str) -> Result<S3Object, String> {
    let parts = text.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
    match parts {
        Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
            Ok(S3Object { bucket: bucket.to_owned(), key: key.to_owned() })
        }
        _ => Err("an object in S3 is `s3://BUCKET/KEY`".to_owned()),
    }
}

/// Print the completions of a shell
///
/// Example: imgprep completions bash > ~/.local/share/bash-completion/completions/imgprep
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: Shell,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

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

    #[test]
    fn times_are_a_whole_number_and_a_unit() {
        let cases = [("30s", 30), ("10m", 600), ("2h", 7200), ("1d", 86_400), ("0s", 0)];
        for (text, seconds) in cases {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "m", "10", "-1m", "1.5h", "10 m", "10M", "1w", "99999999999s", "1é"] {
            duration(text).unwrap_err();
        }
    }

    #[test]
    fn megapixels_are_what_the_function_takes() {
        assert_eq!((megapixels("0.5"), megapixels("400")), (Ok(0.5), Ok(400.0)));
        for text in ["0", "-1", "400.1", "NaN", "inf", "many", ""] {
            megapixels(text).unwrap_err();
        }
    }
}
