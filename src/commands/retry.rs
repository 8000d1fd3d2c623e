//! `imgprep retry`

use std::time::Duration;

use super::session::{LOOK, Session, Start};
use crate::args::{Global, Retry as Args};
use crate::error::Error;
use crate::inventory::Retry;
use crate::report::{Outcome, Report};

const COMMAND: &str = "retry";

pub(crate) async fn run(args: &Args, global: &Global, report: &Report) -> Result<Outcome, Error> {
    let mut session = Session::open(global, report, LOOK, Start::IfNeeded).await?;
    let stack = session.plan().await?;
    session.working(&stack)?;
    let inventory = session.images(&stack)?;
    let keys = if args.all {
        let failures = inventory.failures("").await?;
        failures.into_iter().map(|failure| failure.key).collect()
    } else {
        args.keys.clone()
    };
    session.stop_on_interrupt();
    let patience = Duration::from_secs(args.timeout);
    let retry = Retry { inventory, stop: &session.stop, patience };
    let progress = report.task(COMMAND);
    let retried = retry.run(&keys, &|line| progress.say(line)).await?;
    drop(progress);
    session.interrupted(COMMAND)?;
    Ok(Outcome::Retry(retried))
}
