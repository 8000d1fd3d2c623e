//! The arguments of the commands on images, here and in the bucket.

use std::path::PathBuf;

use clap::Args;

/// Make the variants on this machine by the function's own code, and a page that shows them
///
/// Nothing of AWS is used: of the file only the variants and the function's memory matter, so that
/// what is refused there is refused here. Variants are put into a folder each, under the name of
/// their original below the folder or the fixed part of the glob that it was found by; `index.html`
/// shows them beside their originals.
///
/// Exits with 1 if an image could not be rendered.
///
/// Example: imgprep render photos 'more/**/*.jpg' -o rendered
#[derive(Debug, Args)]
pub(crate) struct Render {
    /// Files, folders with all that is in them, and globs in quotes
    #[arg(required = true, value_name = "IMAGE")]
    pub(crate) images: Vec<PathBuf>,
    /// The folder for variants and page; it is made if needed, and never searched for originals
    #[arg(short, long, value_name = "DIR", default_value = "rendered")]
    pub(crate) output: PathBuf,
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
    #[arg(long, value_name = "PATH", default_value = "", hide_default_value = true)]
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

impl Backfill {
    /// The command as it was given, without `--yes`.
    pub(crate) fn command(&self) -> String {
        let command =
            super::with_switches("backfill", &[("outdated", self.outdated), ("all", self.all)]);
        if self.prefix.is_empty() { command } else { format!("{command} --prefix {}", self.prefix) }
    }
}

/// List the originals that cannot be processed, and why
///
/// Example: imgprep failures --json
#[derive(Debug, Args)]
pub(crate) struct Failures {
    /// Only originals whose path begins with this
    #[arg(long, value_name = "PATH", default_value = "", hide_default_value = true)]
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
