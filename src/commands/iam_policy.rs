//! `imgprep iam-policy`

use serde_json::Value;

use super::session::{Account, Start};
use crate::args::{Global, IamPolicy as Args, Permitted};
use crate::error::Error;
use crate::operator::{self, Operation, UpOptions};
use crate::report::{Outcome, Report};

pub(crate) async fn run(args: &Args, global: &Global, report: &Report) -> Result<Outcome, Error> {
    let Some(operation) = operation(args.command) else {
        return Ok(Outcome::Policy(operator::document_for_init()));
    };
    let Account { config, names, .. } = Account::open(global, report, Start::IfNeeded).await?;
    let documents = operator::documents(operation, &config, &names);
    Ok(Outcome::Policy(printed(documents, report)))
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
