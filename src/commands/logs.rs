//! `imgprep logs`

use std::sync::Arc;
use std::time::Duration;

use super::session::{Account, Start, ask_on_interrupt};
use crate::args::{Global, Logs as Args};
use crate::aws::wait::Stop;
use crate::error::Error;
use crate::logs::{Filter, FunctionLog, Newest};
use crate::report::{Outcome, Report};

/// CloudWatch Logs takes a few of these calls a second, from everybody in an account together
/// (Amazon CloudWatch Logs User Guide, "CloudWatch Logs quotas").
const FOLLOW_PAUSE: Duration = Duration::from_secs(2);

pub(crate) async fn run(args: &Args, global: &Global, report: &Report) -> Result<Outcome, Error> {
    let account = Account::open(global, report, Start::IfNeeded).await?;
    let group = &account.names.log_group;
    let filter = Filter { key: args.key.clone(), everything: global.verbose };
    let mut log = FunctionLog::new(&account.aws, group, args.since, filter);
    if args.follow {
        let stop = Arc::default();
        ask_on_interrupt(Arc::clone(&stop));
        return follow(&mut log, &stop, report).await;
    }
    let mut newest = Newest::default();
    log.read(&mut |event| newest.add(event)).await.map_err(|error| Error::log(group, error))?;
    Ok(Outcome::Events(newest))
}

/// Prints what comes, for as long as somebody reads it and until the user asks to stop.
async fn follow(log: &mut FunctionLog<'_>, stop: &Stop, report: &Report) -> Result<Outcome, Error> {
    let mut has_reader = true;
    while has_reader && !stop.is_asked() {
        let read = log.read(&mut |event| has_reader &= report.logged(&event)).await;
        read.map_err(|error| Error::log(log.group(), error))?;
        stop.pause(FOLLOW_PAUSE).await;
    }
    Ok(Outcome::Followed)
}
