//! `imgprep plan`

use super::session::Session;
use crate::args::{Global, Plan as Args};
use crate::error::{Error, MISUSED};
use crate::report::{Kind, Outcome, Report};

pub(crate) async fn run(args: &Args, global: &Global, report: &Report) -> Result<Outcome, Error> {
    let mut session = Session::open_to_make(&args.changes, global, report).await?;
    let plan = session.plan_to_make().await?;
    let exit_code = if args.exit_code && !plan.is_empty() { MISUSED } else { 0 };
    Ok(session.view(&plan).outcome(Kind::Plan, exit_code))
}
