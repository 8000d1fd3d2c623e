//! The command line: what clap reads. Doc comments are the help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Image variants on AWS from one file: S3, SNS, Lambda and CloudFront, without a state file.
#[derive(Debug, Parser)]
#[command(name = "imgprep", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// The pipeline's file
    #[arg(short, long, global = true, value_name = "FILE", default_value = "pipeline.toml")]
    pub(crate) config: PathBuf,
    /// The AWS profile to use
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The AWS region; before the one in the file
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) region: Option<String>,
    /// Use a local AWS on this machine, which is installed and started as needed
    #[arg(long, global = true)]
    pub(crate) local: bool,
    /// Print one JSON document on standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Show no progress
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Show every field of what is created
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// When to use colour; `NO_COLOR` is honoured
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
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
    Plan(Plan),
    Up(Up),
    Status(Status),
    Down(Down),
    Try(Try),
    Backfill(Backfill),
    Failures(Failures),
    Retry(Retry),
    Prune(Prune),
    IamPolicy(IamPolicy),
    /// Manage the local AWS that `--local` uses
    #[command(subcommand)]
    Local(Local),
}

/// Show what `up` would do, and change nothing
///
/// Example: imgprep plan --exit-code
#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// Exit with 0 if there is nothing to do, and with 2 if there is
    #[arg(long)]
    pub(crate) exit_code: bool,
    #[command(flatten)]
    pub(crate) changes: Changes,
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
    /// Show it again whenever it changes, until interrupted
    #[arg(long, conflicts_with = "json")]
    pub(crate) watch: bool,
    /// Count originals, variants, and what is missing, too
    #[arg(long)]
    pub(crate) images: bool,
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

/// Upload an image and wait for its variants
///
/// Example: imgprep try photo.jpg
#[derive(Debug, Args)]
pub(crate) struct Try {
    /// The image; without one, a sample is made
    pub(crate) image: Option<PathBuf>,
    /// How long to wait; S3 may take five minutes to heed a new notification
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) timeout: u64,
}

/// Make the variants that originals in the bucket lack
///
/// Shows how many there are and what it takes, asks, and watches them come. What the bucket holds is
/// the only record: run it again after an interruption, and it goes on.
///
/// Example: imgprep backfill --prefix 2025/ --dry-run
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Debug, Args)]
pub(crate) struct Backfill {
    /// Only variants that are not there or older than their original; this is the default
    #[arg(long, conflicts_with_all = ["all", "outdated"])]
    pub(crate) missing: bool,
    /// Also variants that were made by other settings, or of another version of their original; asks
    /// for each variant
    #[arg(long, conflicts_with = "all")]
    pub(crate) outdated: bool,
    /// Every variant of every original, also those that are there; begins anew each time
    #[arg(long)]
    pub(crate) all: bool,
    /// Only originals whose path begins with this
    #[arg(long, value_name = "PATH", default_value = "")]
    pub(crate) prefix: String,
    /// Only show what there is to do
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// How long to wait while nothing arrives; Lambda tries again after one and two minutes
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) timeout: u64,
}

/// List the originals that cannot be processed, and why
///
/// Example: imgprep failures --json
#[derive(Debug, Args)]
pub(crate) struct Failures {
    /// Only originals whose path begins with this
    #[arg(long, value_name = "PATH", default_value = "")]
    pub(crate) prefix: String,
}

/// Send originals through the pipeline again, and wait for what comes of each
///
/// Exits with 1 if any of them has no variants in the end.
///
/// Example: imgprep retry originals/2025/photo.jpg
#[derive(Debug, Args)]
pub(crate) struct Retry {
    /// Originals, with their folder or without
    #[arg(value_name = "KEY", required_unless_present = "all", conflicts_with = "all")]
    pub(crate) keys: Vec<String>,
    /// All that `imgprep failures` lists
    #[arg(long)]
    pub(crate) all: bool,
    /// How long to wait while nothing happens
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) timeout: u64,
}

/// List variants whose original or size is gone; with `--yes`, delete them
///
/// Example: imgprep prune --yes
#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// Delete them
    #[arg(short, long)]
    pub(crate) yes: bool,
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Local {
    /// Install it if needed, and start it
    Start,
    /// Stop it; what it holds is kept
    Stop,
    /// Show whether it runs, and where
    Status,
    /// Show its log
    Logs {
        /// Go on as it grows
        #[arg(short, long)]
        follow: bool,
    },
    /// Forget everything that it holds
    Reset,
}

/// Print the smallest IAM policy with which imgprep works on this pipeline
///
/// Without a command it is one policy for `plan`, `up`, `status` and `down` without options. The
/// statements whose Sid begins with `Read` are needed by all four and are enough for `plan` and
/// `status`; `up` also needs those that begin with `Up`, and `down` those that begin with `Down`.
///
/// Example: imgprep iam-policy up > policy.json
#[derive(Debug, Args)]
pub(crate) struct IamPolicy {
    #[command(subcommand)]
    pub(crate) command: Option<Permitted>,
}

/// The command that a policy is for, with the options that ask more of AWS.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Permitted {
    /// Print the policy for `imgprep plan`
    Plan,
    /// Print the policy for `imgprep up`
    Up {
        /// Allow what `--adopt` does besides
        #[arg(long)]
        adopt: bool,
        /// Allow what `--prune` does besides
        #[arg(long)]
        prune: bool,
        /// Allow what `--prune` does with `--delete-images`
        #[arg(long, requires = "prune")]
        delete_images: bool,
        /// Allow what `--wait` does besides
        #[arg(long)]
        wait: bool,
    },
    /// Print the policy for `imgprep status`
    Status,
    /// Print the policy for `imgprep down`
    Down {
        /// Allow what `--delete-images` does besides
        #[arg(long)]
        delete_images: bool,
    },
}
