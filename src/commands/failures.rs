//! `imgprep failures`

use super::session::{LOOK, Session, Start};
use crate::args::{Failures as Args, Global};
use crate::error::Error;
use crate::report::{Outcome, Report};

pub(crate) async fn run(args: &Args, global: &Global, report: &Report) -> Result<Outcome, Error> {
    let mut session = Session::open(global, report, LOOK, Start::IfNeeded).await?;
    let stack = session.plan().await?;
    let inventory = session.images(&stack)?;
    let failures = inventory.failures(inventory.path(&args.prefix)).await?;
    Ok(Outcome::Failures(failures))
}
