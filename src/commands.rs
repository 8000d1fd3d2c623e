//! The commands, a file each, and what they begin with: a configuration, an account, a stack.

mod backfill;
mod down;
mod failures;
mod iam_policy;
mod local;
mod plan;
mod prune;
mod retry;
mod session;
mod status;
mod try_image;
mod up;

use crate::args::{Arguments, Command};
use crate::error::Error;
use crate::report::{Outcome, Report};

pub(crate) async fn run(arguments: &Arguments, report: &Report) -> Result<Outcome, Error> {
    let global = &arguments.global;
    match &arguments.command {
        Command::Plan(args) => plan::run(args, global, report).await,
        Command::Up(args) => up::run(args, global, report).await,
        Command::Status(args) => status::run(args, global, report).await,
        Command::Down(args) => down::run(args, global, report).await,
        Command::Try(args) => try_image::run(args, global, report).await,
        Command::Backfill(args) => backfill::run(args, global, report).await,
        Command::Failures(args) => failures::run(args, global, report).await,
        Command::Retry(args) => retry::run(args, global, report).await,
        Command::Prune(args) => prune::run(args, global, report).await,
        Command::IamPolicy(args) => iam_policy::run(args, global, report).await,
        Command::Local(command) => local::run(*command, report).await,
    }
}
