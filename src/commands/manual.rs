//! `imgprep completions` and `imgprep man`

use crate::args::Completions;
use crate::manual;
use crate::report::{Outcome, Printed};

pub(crate) fn completions(args: &Completions) -> Outcome {
    Outcome::Printed(Printed { name: "completions", text: manual::completions(args.shell) })
}

pub(crate) fn page() -> Outcome {
    Outcome::Printed(Printed { name: "man", text: manual::page() })
}
