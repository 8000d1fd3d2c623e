//! The options of every command, and what a command line that cannot be taken comes to.

mod misuse;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use contract::framing::{Crop, Focus};

pub(crate) use self::misuse::{Misuse, suggest};
use crate::region;

/// The pipeline's file where none is named.
pub(crate) const DEFAULT_CONFIG: &str = "pipeline.toml";

/// What the options of every command stand under, after those of one.
const GLOBAL: &str = "Global options";

/// Options of every command.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// Pipeline file
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    #[arg(value_name = "FILE", default_value = DEFAULT_CONFIG)]
    pub(crate) config: PathBuf,
    /// The AWS profile to use
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The AWS region; overrides the one in the file
    #[arg(long, global = true, help_heading = GLOBAL)]
    #[arg(value_name = "NAME", value_parser = region::parse)]
    pub(crate) region: Option<String>,
    /// Use a local AWS on this machine; installs and starts it as needed
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) local: bool,
    /// Print one JSON document on standard output
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) json: bool,
    /// Show no progress, previews or warnings
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    #[arg(conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Show details: fields of new resources, all log lines, the basis of an estimate
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    pub(crate) verbose: bool,
    /// When to use colour; also honours `NO_COLOR`
    #[arg(long, global = true, help_heading = GLOBAL)]
    #[arg(value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

/// A command with those of its switches that are set.
pub(crate) fn with_switches(command: &str, switches: &[(&str, bool)]) -> String {
    let set = switches.iter().filter(|(_, is_set)| *is_set);
    set.fold(command.to_owned(), |all, (switch, _)| format!("{all} --{switch}"))
}

/// A focus, as the metadata of an original gives it.
pub(crate) fn focus(text: &str) -> Result<Focus, &'static str> {
    Focus::parse(text).ok_or("must be two numbers from 0 to 1, such as `0.31,0.62`")
}

/// A crop, as the metadata of an original gives it.
pub(crate) fn crop(text: &str) -> Result<Crop, &'static str> {
    Crop::parse(text).ok_or(
        "a crop is a part of the image: left, top, width and height from 0 to 1, such as \
         `0.1,0.1,0.8,0.5`",
    )
}
