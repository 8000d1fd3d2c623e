//! `imgprep status`

use std::time::Duration;

use super::session::{LOOK, Session, Start};
use crate::args::{Global, Status as Args};
use crate::engine::changelog::Changelog;
use crate::error::Error;
use crate::report::{Kind, Outcome, Report};

/// Exit code of a stack that is not whole.
const NOT_WHOLE: u8 = 4;
const WATCH_PAUSE: Duration = Duration::from_secs(5);

pub(crate) async fn run(args: &Args, global: &Global, report: &Report) -> Result<Outcome, Error> {
    let mut session = Session::open(global, report, LOOK, Start::Never).await?;
    loop {
        let outcome = look(&mut session, args.images, report).await?;
        if !args.watch {
            return Ok(outcome);
        }
        report.redraw(&outcome);
        session.stop.pause(WATCH_PAUSE).await;
    }
}

async fn look(session: &mut Session, images: bool, report: &Report) -> Result<Outcome, Error> {
    let plan = session.plan().await?;
    let mut document = session.view(Changelog::before(&plan)).document();
    let exit_code = if document.state.is_whole() { 0 } else { NOT_WHOLE };
    // Where there is no bucket there are no images, which the state says already.
    if images && let Ok(inventory) = session.images(&plan) {
        let progress = report.task("images");
        document.images = Some(inventory.count(&|line| progress.say(line)).await?);
    }
    Ok(Outcome::Stack { kind: Kind::Status, document: Box::new(document), exit_code })
}
