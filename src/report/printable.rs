//! Text of others as it can be shown. Keys come from whoever uploads, logs and errors from wherever:
//! what a terminal would take for commands, or for another order of the letters, is shown as the escape
//! that JSON has for it.

use std::fmt::Write as _;

/// A piece of somebody else's text, on one line.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\t' => shown.push_str("  "),
            character if is_hostile(character) => escape(&mut shown, character),
            character => shown.push(character),
        }
    }
    shown
}

/// The same, with its lines.
pub(crate) fn printable_lines(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// A whole answer, in which only colours, and links to what they show, are commands. JSON stays the same
/// JSON.
pub(crate) fn guarded(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let (first, after) = rest.split_at(character.len_utf8());
        let (command, after_command) = rest.split_at(colour(rest).max(link(rest)));
        rest = after;
        if !command.is_empty() {
            shown.push_str(command);
            rest = after_command;
        } else if is_hostile(character) && !matches!(character, '\n' | '\t') {
            escape(&mut shown, character);
        } else {
            shown.push_str(first);
        }
    }
    shown
}

/// How many bytes at the start of a text select a colour or a weight (ECMA-48, section 8.3.117), and
/// nothing else.
fn colour(text: &str) -> usize {
    let Some(parameters) = text.strip_prefix("\u{1b}[") else { return 0 };
    let end = parameters.find(|character: char| !character.is_ascii_digit() && character != ';');
    match end.filter(|end| parameters[*end..].starts_with('m')) {
        Some(end) => "\u{1b}[m".len() + end,
        None => 0,
    }
}

/// How many bytes at the start of a text are a link (OSC 8) that shows where it leads.
fn link(text: &str) -> usize {
    const START: &str = "\u{1b}]8;;";
    const END: &str = "\u{1b}\\";
    let end = || {
        let (url, rest) = text.strip_prefix(START)?.split_once(END)?;
        let after = rest.strip_prefix(url)?.strip_prefix(START)?.strip_prefix(END)?;
        url.chars().all(|it| it.is_ascii_graphic()).then_some(text.len() - after.len())
    };
    end().unwrap_or(0)
}

/// Controls, C1's too, and the marks that turn the direction of text (Unicode Standard Annex #9,
/// section 2), by which a name can pass for another.
fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}')
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escape(shown: &mut String, character: char) {
    let _ = write!(shown, "\\u{:04x}", u32::from(character));
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVIL: &str = "a\u{1b}[31mred\u{1b}]0;title\u{7}\u{9b}2J\u{202e}gpj\u{2066}\r\nb\u{7f}";

    #[test]
    fn nothing_of_others_is_a_command() {
        let expected =
            "a\\u001b[31mred\\u001b]0;title\\u0007\\u009b2J\\u202egpj\\u2066\\u000d\\u000ab\\u007f";
        assert_eq!(printable(EVIL), expected);
        assert_eq!(printable("ä 中\t\u{1f600}"), "ä 中  \u{1f600}");
        assert_eq!(printable_lines("a\u{1b}\nb"), "a\\u001b\nb");
    }

    #[test]
    fn a_link_is_a_command_if_it_shows_where_it_leads() {
        let link = |url: &str, shown: &str| {
            format!("a \u{1b}]8;;{url}\u{1b}\\{shown}\u{1b}]8;;\u{1b}\\ b")
        };
        let honest = link("http://127.0.0.1/a%20b", "http://127.0.0.1/a%20b");
        assert_eq!(guarded(&honest), honest);
        for lie in [link("http://evil.test", "http://good.test"), link("a\u{7}", "a\u{7}")] {
            assert!(!guarded(&lie).contains('\u{1b}'), "{lie:?}");
        }
    }

    #[test]
    fn of_an_answer_only_colours_are_commands() {
        let expected =
            "a\u{1b}[31mred\\u001b]0;title\\u0007\\u009b2J\\u202egpj\\u2066\\u000d\nb\\u007f";
        assert_eq!(guarded(EVIL), expected);
        for kept in ["\u{1b}[1m\u{1b}[38;5;1mred\u{1b}[0m\n", "plain", "\t中"] {
            assert_eq!(guarded(kept), kept);
        }
        for command in ["\u{1b}[2J", "\u{1b}[", "\u{1b}", "\u{1b}[1", "\u{1b}[?25l"] {
            assert_eq!(guarded(command), command.replace('\u{1b}', "\\u001b"));
        }
        let json = serde_json::json!({ "key": EVIL }).to_string();
        let back: serde_json::Value = serde_json::from_str(&guarded(&json)).unwrap();
        assert_eq!(back["key"], EVIL);
        assert!(guarded(&json).chars().all(|character| !is_hostile(character)));
    }
}
