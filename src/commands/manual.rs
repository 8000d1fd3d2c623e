//! `imgprep completions` and `imgprep man`: the command line as other programs take it.
//!
//! Both come from what clap reads, so they say what `--help` says.

use std::io::{self, Write};

use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use serde_json::json;

use super::Arguments;
use crate::report::{Answer, Outcome, Report, pretty};

/// Print completions for a shell
///
/// Example: imgprep completions bash > imgprep.bash
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: Shell,
}

/// A text for another program, and what it is called in a document.
struct Printed {
    name: &'static str,
    text: String,
}

pub(super) fn script(args: &Completions) -> Answer {
    Box::new(Printed { name: "completions", text: completions(args.shell) })
}

pub(super) fn manual_page() -> Answer {
    Box::new(Printed { name: "man", text: page() })
}

impl Outcome for Printed {
    fn text(&self, _report: &Report) -> String {
        self.text.clone()
    }

    fn json(&self) -> String {
        pretty(&json!({ self.name: self.text }))
    }
}

/// What no option says: headings, and the entries below them.
const SECTIONS: &[(&str, &[(&str, &str)])] = &[
    (
        "EXIT STATUS",
        &[
            ("0", "Success."),
            ("1", "Failure; with plan --exit-code, also any misuse."),
            ("2", "Wrong usage or configuration; with plan --exit-code, there are changes."),
            ("4", "status only: a resource is missing, drifted or not ours."),
            ("130", "Interrupted by Ctrl-C."),
        ],
    ),
    (
        "ENVIRONMENT",
        &[
            (
                "AWS_PROFILE, AWS_REGION, AWS_DEFAULT_REGION, AWS_ACCESS_KEY_ID, \
                 AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN",
                "Account and region, as for every AWS tool; --profile and --region take \
                 precedence.",
            ),
            (
                "AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3 and so on",
                "Endpoint to use instead of AWS's own, for all services or for one.",
            ),
            ("AWS_CA_BUNDLE", "PEM file of certificates to trust instead of the system's."),
            ("HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "Proxies, and the hosts reached without one."),
            (
                "IMGPREP_CACHE_DIR",
                "Folder of built functions and the installed local AWS; default ~/.cache/imgprep.",
            ),
            (
                "IMGPREP_LOCAL_DIR",
                "Folder of the local AWS's data; default ~/.local/state/imgprep/local.",
            ),
            ("IMGPREP_LOCAL_PORT", "Port of the local AWS; default 4566."),
            (
                "IMGPREP_LOCAL_IDLE",
                "Idle minutes after which the local AWS stops, 0 for never; default 30.",
            ),
            ("NO_COLOR", "If set to anything, disables colour."),
        ],
    ),
    (
        "FILES",
        &[
            ("pipeline.toml", "The pipeline; --config names another file."),
            ("~/.aws/config, ~/.aws/credentials", "The profiles of every AWS tool."),
        ],
    ),
];

const PROGRAM: &str = "imgprep";
/// Every section is rendered with this many lines before its heading, which a page needs once.
const PREAMBLE_LINES: usize = 2;

/// A script that completes commands and options in a shell.
fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), PROGRAM, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// One page with a section for each command.
fn page() -> String {
    let mut program = Arguments::command().disable_help_subcommand(true);
    program.build();
    let man = Man::new(program.clone());
    let mut page = rendered(|to| man.render_title(to), 0);
    page += &rendered(|to| man.render_name_section(to), PREAMBLE_LINES);
    page += &rendered(|to| man.render_synopsis_section(to), PREAMBLE_LINES);
    page += &rendered(|to| man.render_description_section(to), PREAMBLE_LINES);
    page += &rendered(|to| man.render_options_section(to), PREAMBLE_LINES);
    add_commands(&program, &mut page);
    for (heading, entries) in SECTIONS {
        page.extend([".SH \"", heading, "\"\n"]);
        for (name, text) in *entries {
            page.extend([".TP\n\\fB", &escaped(name), "\\fR\n", &escaped(text), "\n"]);
        }
    }
    page
}

/// A text of ours in the language of manual pages, for which these characters mean something.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('-', "\\-").replace('\'', "\\*(Aq")
}

fn add_commands(parent: &Command, page: &mut String) {
    for command in parent.get_subcommands() {
        let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
        page.extend([".SH \"", &name.to_uppercase(), "\"\n"]);
        let man = Man::new(without_options_of_all(command.clone()));
        for section in [
            rendered(|to| man.render_synopsis_section(to), PREAMBLE_LINES + 1),
            rendered(|to| man.render_description_section(to), PREAMBLE_LINES + 1),
            rendered(|to| man.render_options_section(to), PREAMBLE_LINES + 1),
        ] {
            *page += &section;
            if !section.is_empty() {
                *page += ".PP\n";
            }
        }
        add_commands(command, page);
    }
}

/// The options that every command has stand once, at the beginning of the page.
fn without_options_of_all(command: Command) -> Command {
    command.mut_args(|option| {
        let is_of_all = option.is_global_set() || option.get_id() == "help";
        option.hide(is_of_all)
    })
}

/// What is written, without its first lines.
fn rendered(render: impl Fn(&mut dyn Write) -> io::Result<()>, lines: usize) -> String {
    let mut bytes = Vec::new();
    // Writing to a vector cannot fail.
    let _ = render(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    text.split_inclusive('\n').skip(lines).collect()
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_shell_completes_every_command() {
        let commands = ["init", "plan", "up", "status", "down", "try", "local", "completions"];
        for shell in Shell::value_variants() {
            let script = completions(*shell);
            for command in commands {
                assert!(script.contains(command), "{shell}: {command}");
            }
        }
    }

    #[test]
    fn the_page_has_each_command_once_and_the_options_of_all_once() {
        let page = page();
        for heading in ["IMGPREP UP", "IMGPREP LOCAL START", "IMGPREP IAM\\-POLICY DOWN"] {
            let heading = heading.replace("\\-", "-");
            assert_eq!(page.matches(&format!(".SH \"{heading}\"\n")).count(), 1, "{heading}");
        }
        assert_eq!(page.matches("\n\\fB\\-\\-profile\\fR").count(), 1);
        assert_eq!(page.matches(".ie ").count(), 1);
        assert!(page.contains("\n\\fB\\-\\-prune\\fR"));
        assert!(!page.contains("IMGPREP HELP"));
        assert!(!page.contains("[default: ]"), "{page}");
        for heading in ["EXIT STATUS", "ENVIRONMENT", "FILES"] {
            assert_eq!(page.matches(&format!(".SH \"{heading}\"\n")).count(), 1, "{heading}");
        }
    }
}
