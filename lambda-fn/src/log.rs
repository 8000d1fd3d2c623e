//! Where the lines of the function's log go.

use serde_json::Value;

/// Where lines go.
pub trait Log: Sync {
    /// Takes one line.
    fn line(&self, line: &Value);
}

/// The log of the function: standard output, from where Lambda takes it to CloudWatch.
#[derive(Clone, Copy, Debug)]
pub struct StandardOutput;

impl Log for StandardOutput {
    #[expect(clippy::print_stdout, reason = "this is the one place that writes the log")]
    fn line(&self, line: &Value) {
        println!("{line}");
    }
}
