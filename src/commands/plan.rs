//! `imgprep plan`

use super::session::{Session, Start};
use crate::args::{Global, Plan as Args};
use crate::engine::changelog::Changelog;
use crate::error::{CHANGES, Error, FAILED};
use crate::report::{Kind, Outcome, Report};

pub(crate) async fn run(args: &Args, global: &Global, report: &Report) -> Result<Outcome, Error> {
    let mut session = Session::open_to_make(&args.changes, global, report, Start::Never).await?;
    let plan = session.plan_to_make().await?;
    let exit_code = match (plan.foreign().next(), plan.is_empty()) {
        _ if !args.exit_code => 0,
        // `up` would not even begin.
        (Some(_), _) => FAILED,
        (None, false) => CHANGES,
        (None, true) => 0,
    };
    Ok(session.view(Changelog::before(&plan)).outcome(Kind::Plan, exit_code))
}
