//! The `imgprep` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    imgprep::run(std::env::args_os())
}
