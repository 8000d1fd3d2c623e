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
    IamPolicy(IamPolicy),
    Export(Export),
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
