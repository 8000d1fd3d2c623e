//! `imgprep logs`

use std::time::Duration;

use super::session::Session;
use crate::args::{Global, Logs as Args};
use crate::aws::wait::pause_for;
use crate::error::Error;
use crate::logs::{Filter, FunctionLog, Newest};
use crate::plan::Goal;
use crate::report::{Outcome, Report};
use crate::resource::Images;
use crate::stack::Purpose;

/// CloudWatch Logs takes a few of these calls a second, from everybody in an account together
/// (Amazon CloudWatch Logs User Guide, "CloudWatch Logs quotas").
const FOLLOW_PAUSE: Duration = Duration::from_secs(2);

pub(crate) async fn run(args: &Args, global: &Global, report: &Report) -> Result<Outcome, Error> {
    // As for a stack that is to go: the function's code does not matter.
    let purpose = Purpose { goal: Goal::Absent, images: Images::Keep };
    let session = Session::open(global, report, purpose).await?;
    let group = &session.stack.names.log_group;
    let filter = Filter { key: args.key.clone(), everything: global.verbose };
    let mut log = FunctionLog::new(&session.aws, group, args.since, filter);
    if args.follow {
        return tokio::select! {
            ended = follow(&mut log, report) => ended,
            _ = tokio::signal::ctrl_c() => Ok(Outcome::Followed),
        };
    }
    let mut newest = Newest::default();
    log.read(&mut |event| newest.add(event)).await.map_err(|error| Error::log(group, error))?;
    Ok(Outcome::Events(newest))
}

/// Prints what comes, for as long as somebody reads it.
async fn follow(log: &mut FunctionLog<'_>, report: &Report) -> Result<Outcome, Error> {
    let mut has_reader = true;
    while has_reader {
        let read = log.read(&mut |event| has_reader &= report.logged(&event)).await;
        read.map_err(|error| Error::log(log.group(), error))?;
        pause_for(FOLLOW_PAUSE).await;
    }
    Ok(Outcome::Followed)
}
