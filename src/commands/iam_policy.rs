//! `imgprep iam-policy`

use clap::{Args, Subcommand};
use serde_json::Value;

use super::session::{Account, Start};
use crate::args::Global;
use crate::error::Error;
use crate::operator::{self, Operation, UpOptions};
use crate::report::{Answer, Outcome, Report, pretty};

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

pub(crate) async fn run(
    args: &IamPolicy,
    global: &Global,
    report: &Report,
) -> Result<Answer, Error> {
    let Some(operation) = operation(args.command) else {
        return Ok(Box::new(Policy(operator::document_for_init())));
    };
    let Account { config, names, .. } = Account::open(global, report, Start::IfNeeded).await?;
    let documents = operator::documents(operation, &config, &names);
    Ok(Box::new(Policy(printed(documents, report))))
}

/// What is asked about; nothing for `init`, which comes before there is a pipeline.
fn operation(command: Option<Permitted>) -> Option<Operation> {
    Some(match command {
        None => Operation::Every,
        Some(Permitted::Init) => return None,
        Some(Permitted::Plan | Permitted::Status { images: false }) => Operation::Look,
        Some(Permitted::Status { images: true }) => Operation::Count,
        Some(Permitted::Up { adopt, prune, delete_images }) => {
            Operation::Up(UpOptions { adopt, prune, delete_images })
        }
        Some(Permitted::Down { delete_images }) => Operation::Down { delete_images },
        Some(Permitted::Try) => Operation::Try,
        Some(Permitted::Logs) => Operation::Logs,
        Some(Permitted::Backfill { outdated, dry_run }) => {
            Operation::Backfill { outdated, dry_run }
        }
        Some(Permitted::Failures) => Operation::Failures,
        Some(Permitted::Retry) => Operation::Retry,
        Some(Permitted::Prune { yes }) => Operation::Prune { yes },
    })
}

/// One policy as it is, for the AWS CLI to take; more than one as an array, which the AWS CLI
/// refuses.
fn printed(documents: Vec<Value>, report: &Report) -> Value {
    match <[Value; 1]>::try_from(documents) {
        Ok([document]) => document,
        Err(documents) => {
            let count = documents.len();
            report.warn(&format!(
                "these are {count} policies in an array, for IAM takes 6,144 characters of each; \
                 attach all of them"
            ));
            documents.into()
        }
    }
}

/// A policy, which is JSON in either form, or an array of them.
struct Policy(Value);

impl Outcome for Policy {
    fn text(&self, _report: &Report) -> String {
        format!("{}\n", pretty(&self.0))
    }

    fn json(&self) -> String {
        pretty(&self.0)
    }
}
