//! `imgprep iam-policy`

use clap::{Args, Subcommand};
use serde_json::Value;

use super::session::{Account, Start};
use crate::args::Global;
use crate::error::Error;
use crate::operator::{self, BackfillOptions, Operation, UpOptions};
use crate::report::{Answer, Outcome, Report, pretty};

/// Print the smallest IAM policy that imgprep needs, for one command or for all
///
/// A JSON array is several policies of at most 6,144 characters each: attach all.
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
        /// Include what `--adopt` needs
        #[arg(long)]
        adopt: bool,
        /// Include what `--prune` needs
        #[arg(long)]
        prune: bool,
        /// Include what `--prune --delete-images` needs
        #[arg(long, requires = "prune")]
        delete_images: bool,
    },
    /// Print the policy for `imgprep status`
    ///
    /// Example: imgprep iam-policy status --images
    Status {
        /// Include what `--images` needs
        #[arg(long)]
        images: bool,
    },
    /// Print the policy for `imgprep down`
    ///
    /// Example: imgprep iam-policy down --delete-images
    Down {
        /// Include what `--delete-images` needs
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
        /// Include what `--outdated` needs
        #[arg(long)]
        outdated: bool,
        /// Include only what `--dry-run` needs
        #[arg(long)]
        dry_run: bool,
        /// Print what `--on-aws`, `--status` and `--cancel` need instead
        #[arg(long, conflicts_with_all = ["outdated", "dry_run"])]
        on_aws: bool,
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
        /// Include what `--yes` needs
        #[arg(short, long)]
        yes: bool,
    },
    /// Print the policy for `imgprep urls`
    ///
    /// Example: imgprep iam-policy urls
    Urls,
    /// Print the policy for `imgprep presign`, and for the uploads that it signs
    ///
    /// Example: imgprep iam-policy presign
    Presign,
    /// Print the policy for `imgprep init`
    ///
    /// Needs neither a file nor AWS, because `init` may check any bucket name.
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
        Some(Permitted::Backfill { outdated, dry_run, on_aws }) => {
            Operation::Backfill(BackfillOptions { outdated, dry_run, on_aws })
        }
        Some(Permitted::Failures) => Operation::Failures,
        Some(Permitted::Retry) => Operation::Retry,
        Some(Permitted::Prune { yes }) => Operation::Prune { yes },
        Some(Permitted::Urls) => Operation::Urls,
        Some(Permitted::Presign) => Operation::Presign,
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
                "printed {count} policies as an array, because IAM accepts at most 6,144 \
                 characters each; attach all of them"
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
