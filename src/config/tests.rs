//! The one way into the module, [`Config::parse`], from every side: each refusal is shown as the
//! user sees it.

mod alarms;
mod defaults;
mod environment;
mod examples;
mod files;
mod names;
mod places;
mod regions;
mod selection;
mod storage;
mod syntax;
mod uploads;
mod variants;
mod watermarks;

use std::path::Path;

use super::problem::Problem;
use super::{Config, ConfigError};

/// The least that is accepted, on lines that other lines can follow.
const LEAST: &str = "bucket.name = 'photos'\nvariants = [{ size = '800x600' }]\n";

/// An environment with a few variables.
fn environment(name: &str) -> Option<String> {
    let value = match name {
        "STAGE" => "staging",
        "EMPTY" => "",
        "SECRET" => "hunter2, hunter3",
        "BAD_NAME" => "My_Photos",
        _ => return None,
    };
    Some(value.to_owned())
}

fn parse(text: &str) -> Result<Config, ConfigError> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    Config::parse(text, "pipeline.toml", folder, &environment)
}

#[track_caller]
fn accepted(text: &str) -> Config {
    parse(text).unwrap_or_else(|error| panic!("{}", error.render(false)))
}

/// What the user sees of a whole file that is refused.
#[track_caller]
fn refused(text: &str) -> String {
    parse(text).expect_err("the file was accepted").render(false)
}

/// What the user sees when `lines` are added to a file that is right.
#[track_caller]
fn refused_lines(lines: &str) -> String {
    accepted(LEAST);
    refused(&format!("{LEAST}{lines}"))
}

/// One line for each value that is refused, with `accepted` for each that is not.
fn verdicts<'v>(
    values: impl IntoIterator<Item = &'v str>,
    file: impl Fn(&str) -> String,
) -> String {
    let verdict = |value| match parse(&file(value)) {
        Ok(_) => format!("{value} => accepted"),
        Err(error) => {
            let ConfigError::Invalid { problems, .. } = error else { panic!("{error}") };
            let sentences: Vec<_> = problems.iter().map(Problem::sentence).collect();
            format!("{value} => {}", sentences.join("; "))
        }
    };
    values.into_iter().map(verdict).collect::<Vec<_>>().join("\n")
}
