//! `imgprep plan`

use clap::Args;

use super::session::{Session, Start};
use super::up::Changes;
use crate::args::Global;
use crate::engine::changelog::Changelog;
use crate::error::{CHANGES, Error, FAILED};
use crate::report::document::Document;
use crate::report::{Answer, Outcome, Report, pretty, stack};

/// Show what `up` would do, without changing anything
///
/// Example: imgprep plan --exit-code
#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// Exit with 0 if there are no changes, 2 if there are changes, and 1 on any error, including a
    /// wrong configuration
    #[arg(long)]
    pub(crate) exit_code: bool,
    #[command(flatten)]
    pub(crate) changes: Changes,
}

pub(crate) async fn run(args: &Plan, global: &Global, report: &Report) -> Result<Answer, Error> {
    let mut session = Session::open_to_make(&args.changes, global, report, Start::Never).await?;
    let plan = session.plan_to_make().await?;
    let exit_code = match (plan.foreign().next(), plan.is_empty()) {
        _ if !args.exit_code => 0,
        // `up` would not even begin.
        (Some(_), _) => FAILED,
        (None, false) => CHANGES,
        (None, true) => 0,
    };
    let document = session.document(Changelog::before(&plan));
    Ok(Box::new(Planned { document, exit_code }))
}

/// What would be done.
struct Planned {
    document: Document,
    exit_code: u8,
}

impl Outcome for Planned {
    fn text(&self, report: &Report) -> String {
        stack::plan(&self.document, report.is_verbose(), report.advice())
    }

    fn json(&self) -> String {
        pretty(&self.document)
    }

    fn exit_code(&self) -> u8 {
        self.exit_code
    }
}
