//! imgprep: a serverless image pipeline on AWS from one file.
//!
//! Data flows one way: [`args`] → [`config`] → desired [`stack`] → what AWS holds → [`plan`] →
//! [`apply`] → [`report`]. There is no state file: names and tags at AWS are the state.

mod amounts;
mod apply;
mod args;
mod aws;
mod commands;
mod config;
mod contact_sheet;
mod cost;
mod error;
mod export;
mod init;
mod inventory;
mod local;
mod logs;
mod manual;
mod names;
mod operator;
mod outputs;
mod package;
mod plan;
mod render;
mod report;
mod resource;
mod resources;
mod retired;
mod stack;
mod trial;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use crate::args::Arguments;
use crate::report::Report;

/// Runs the program with these arguments, the first being its own name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return report::usage(&error),
    };
    let report = Report::new(&arguments.global);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            return report.error(&error::Error::File {
                what: "cannot start".to_owned(),
                why: error.to_string(),
            });
        }
    };
    match runtime.block_on(commands::run(&arguments, &report)) {
        Ok(outcome) => report.outcome(&outcome),
        Err(error) => report.error(&error),
    }
}
