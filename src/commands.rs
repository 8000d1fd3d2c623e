//! The commands, a file each, and what they begin with: a configuration, an account, a stack.

mod backfill;
mod cost;
mod down;
mod export;
mod failures;
mod iam_policy;
mod init;
mod local;
mod logs;
mod manual;
mod plan;
mod prune;
mod render;
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
        Command::Init(args) => init::run(args, global, report).await,
        Command::Plan(args) => plan::run(args, global, report).await,
        Command::Up(args) => up::run(args, global, report).await,
        Command::Status(args) => status::run(args, global, report).await,
        Command::Down(args) => down::run(args, global, report).await,
        Command::Try(args) => try_image::run(args, global, report).await,
        Command::Logs(args) => logs::run(args, global, report).await,
        Command::Cost(args) => cost::run(args, global),
        Command::Render(args) => render::run(args, global, report).await,
        Command::Backfill(args) => backfill::run(args, global, report).await,
        Command::Failures(args) => failures::run(args, global, report).await,
        Command::Retry(args) => retry::run(args, global, report).await,
        Command::Prune(args) => prune::run(args, global, report).await,
        Command::IamPolicy(args) => iam_policy::run(args, global, report).await,
        Command::Export(args) => export::run(args, global, report).await,
        Command::Local(command) => local::run(command, global, report).await,
        Command::Completions(args) => Ok(manual::completions(args)),
        Command::Man => Ok(manual::page()),
    }
}
