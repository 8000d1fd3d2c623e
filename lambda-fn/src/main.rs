//! The binary that Lambda starts.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda_fn::runtime::serve()
}
