//! The text of `--help` on lines that fit: clap breaks none by itself.

use super::layout::{COLUMNS, prose, width};

/// The same text, with longer lines broken.
pub(crate) fn fitted(text: &str) -> String {
    text.split('\n').map(fitted_line).collect::<Vec<_>>().join("\n")
}

/// The words continue below where they began: after the indentation, or after a name and its spaces.
/// Only what stands before the words is styled.
fn fitted_line(line: &str) -> String {
    let plain = anstream::adapter::strip_str(line).to_string();
    if width(&plain) <= COLUMNS {
        return line.to_owned();
    }
    let text = plain.trim_start();
    let words = text.split_once("  ").map_or(text, |(_, words)| words.trim_start());
    match line.strip_suffix(words) {
        Some(before) => format!("{before}{}", prose(words, width(&plain) - width(words))),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_continue_where_they_began() {
        let words = "word ".repeat(20);
        let words = words.trim_end();
        let (first, rest) = (["word"; 13].join(" "), ["word"; 7].join(" "));
        let name = "  \u{1b}[1mup\u{1b}[0m           ";
        let below = " ".repeat(15);
        assert_eq!(fitted(&format!("{name}{words}")), format!("{name}{first}\n{below}{rest}"));
        let (first, rest) = (["word"; 14].join(" "), ["word"; 6].join(" "));
        let indented = format!("          {words}\n\nshort");
        let expected = format!("          {first}\n          {rest}\n\nshort");
        assert_eq!(fitted(&indented), expected);
    }
}
