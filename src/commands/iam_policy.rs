//! `imgprep iam-policy`

use super::session::Session;
use crate::args::{Global, IamPolicy as Args, Permitted};
use crate::error::Error;
use crate::operator::{self, Operation, UpOptions};
use crate::plan::Goal;
use crate::report::{Outcome, Report};
use crate::resource::Images;
use crate::stack::Purpose;

pub(crate) async fn run(args: &Args, global: &Global, report: &Report) -> Result<Outcome, Error> {
    let operation = match args.command {
        None => Operation::Every,
        Some(Permitted::Plan | Permitted::Status) => Operation::Look,
        Some(Permitted::Up { adopt, prune, delete_images }) => {
            Operation::Up(UpOptions { adopt, prune, delete_images })
        }
        Some(Permitted::Down { delete_images }) => Operation::Down { delete_images },
    };
    // As for a stack that is to go: the function's code does not matter.
    let purpose = Purpose { goal: Goal::Absent, images: Images::Keep };
    let session = Session::open(global, report, purpose).await?;
    let document = operator::document(operation, &session.config, &session.stack.names);
    Ok(Outcome::Policy(document))
}
