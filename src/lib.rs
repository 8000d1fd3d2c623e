//! imgprep: a serverless image pipeline on AWS from one file.
//!
//! Data flows one way: [`commands`] → [`config`] → desired [`stack`] → what AWS holds → plan →
//! changelog (both of [`engine`]) → [`report`]. There is no state file: names and tags at AWS are the state.

mod addresses;
mod amounts;
mod args;
mod aws;
mod batch;
mod commands;
mod config;
mod contact_sheet;
mod cost;
mod doctor;
#[macro_use]
mod engine;
mod error;
mod export;
mod file_lock;
mod init;
mod inquiry;
mod inventory;
mod local;
mod logs;
mod names;
mod operator;
mod original;
mod outputs;
mod package;
mod permissions;
mod presign;
mod pricing;
mod region;
mod render;
mod report;
mod resources;
mod signing;
mod stack;
mod suggestion;
mod template;
mod trial;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::commands::Arguments;
use crate::error::FAILED;
use crate::report::Report;

/// Runs the program with these arguments, the first being its own name. Called as a local AWS calls a
/// function, it is the function.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if lambda_fn::runtime::is_asked_for(&arguments) {
        return lambda_fn::runtime::serve();
    }
    ExitCode::from(match execute(&arguments) {
        // Under this flag 2 means changes and nothing else, whatever is wrong with the command line.
        Err(_) if arguments.iter().any(|argument| argument == "--exit-code") => FAILED,
        Ok(code) | Err(code) => code,
    })
}

/// The exit code of an answer, or of what stopped the command.
fn execute(arguments: &[OsString]) -> Result<u8, u8> {
    let wants_json = arguments.iter().any(|argument| argument == "--json");
    let is_bare = arguments.len() < 2;
    let arguments = match Arguments::read(arguments) {
        Ok(arguments) => arguments,
        Err(_) if is_bare => return Err(report::first_steps()),
        Err(error) => return report::usage(&error, wants_json),
    };
    let report = Report::new(&arguments.global);
    let runtime = tokio::runtime::Runtime::new().map_err(|error| {
        report
            .error(&error::Error::File { what: "cannot start".to_owned(), why: error.to_string() })
    })?;
    match runtime.block_on(commands::run(&arguments, &report)) {
        Ok(outcome) => Ok(report.outcome(outcome.as_ref())),
        Err(error) => Err(report.error(&error)),
    }
}
