//! What `imgprep iam-policy` is asked about: every command that calls AWS, with those of its options
//! that ask more of it.

use clap::Subcommand;

/// The command that a policy is for, with the options that ask more of AWS.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Permitted {
    /// Print the policy for `imgprep plan`
    ///
    /// Example: imgprep iam-policy plan
    Plan,
    /// Print the policy for `imgprep up`
    ///
    /// Example: imgprep iam-policy up --adopt > policy.json
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
    },
    /// Print the policy for `imgprep status`
    ///
    /// Example: imgprep iam-policy status --images
    Status {
        /// Allow what `--images` does besides
        #[arg(long)]
        images: bool,
    },
    /// Print the policy for `imgprep down`
    ///
    /// Example: imgprep iam-policy down --delete-images
    Down {
        /// Allow what `--delete-images` does besides
        #[arg(long)]
        delete_images: bool,
    },
    /// Print the policy for `imgprep try`
    ///
    /// Example: imgprep iam-policy try
    Try,
    /// Print the policy for `imgprep logs`
    ///
    /// Example: imgprep iam-policy logs
    Logs,
    /// Print the policy for `imgprep backfill`
    ///
    /// Example: imgprep iam-policy backfill --outdated
    Backfill {
        /// Allow what `--outdated` does besides
        #[arg(long)]
        outdated: bool,
        /// Allow only what `--dry-run` does
        #[arg(long)]
        dry_run: bool,
    },
    /// Print the policy for `imgprep failures`
    ///
    /// Example: imgprep iam-policy failures
    Failures,
    /// Print the policy for `imgprep retry`
    ///
    /// Example: imgprep iam-policy retry
    Retry,
    /// Print the policy for `imgprep prune`
    ///
    /// Example: imgprep iam-policy prune --yes
    Prune {
        /// Allow what `--yes` does besides
        #[arg(short, long)]
        yes: bool,
    },
    /// Print the policy for `imgprep init`
    ///
    /// It needs no file and no AWS: `init` looks at whichever name it is given.
    ///
    /// Example: imgprep iam-policy init
    Init,
}
