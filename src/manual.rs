//! The command line as other programs take it: completions for shells, and the manual page.
//!
//! Both come from `args`, so they say what `--help` says.

use std::io::{self, Write};

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::args::Arguments;

const PROGRAM: &str = "imgprep";
/// Every section is rendered with this many lines before its heading, which a page needs once.
const PREAMBLE_LINES: usize = 2;

/// A script that completes commands and options in a shell.
pub(crate) fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), PROGRAM, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// One page with a section for each command.
pub(crate) fn page() -> String {
    let mut program = Arguments::command().disable_help_subcommand(true);
    program.build();
    let man = Man::new(program.clone());
    let mut page = rendered(|to| man.render_title(to), 0);
    page += &rendered(|to| man.render_name_section(to), PREAMBLE_LINES);
    page += &rendered(|to| man.render_synopsis_section(to), PREAMBLE_LINES);
    page += &rendered(|to| man.render_description_section(to), PREAMBLE_LINES);
    page += &rendered(|to| man.render_options_section(to), PREAMBLE_LINES);
    add_commands(&program, &mut page);
    page
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
    }
}
