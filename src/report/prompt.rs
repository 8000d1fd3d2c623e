//! One question and its answer, over any input and output.
//!
//! Deliberately absent: whether there is anybody to ask.

use std::io::{BufRead, Write};

use super::printable::guarded;
use super::style::{DIM, painted};

/// Asks until `check` has nothing against the answer; an empty one is `usual`. `None` once the input
/// has ended.
pub(super) fn ask(
    (input, output): (&mut impl BufRead, &mut impl Write),
    question: &str,
    usual: &str,
    check: &dyn Fn(&str) -> Result<(), String>,
) -> Option<String> {
    loop {
        write!(output, "{question} {}: ", painted(DIM, &format!("[{usual}]"))).ok()?;
        output.flush().ok()?;
        let mut line = String::new();
        if input.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let answer = match line.trim() {
            "" => usual,
            answer => answer,
        };
        match check(answer) {
            Ok(()) => return Some(answer.to_owned()),
            Err(why) => writeln!(output, "  {}", guarded(&why)).ok()?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answer to a question about a number, and all that was shown.
    fn asked(mut typed: &[u8]) -> (Option<String>, String) {
        let mut shown = Vec::new();
        let check = |text: &str| match text.parse::<u8>() {
            Ok(_) => Ok(()),
            Err(_) => Err(format!("`{text}` is no number")),
        };
        let answer = ask((&mut typed, &mut shown), "How many", "3", &check);
        let shown = String::from_utf8(shown).unwrap();
        (answer, anstream::adapter::strip_str(&shown).to_string())
    }

    #[test]
    fn nothing_typed_is_what_stands_in_brackets() {
        let (answer, shown) = asked(b"\n");
        assert_eq!(answer.as_deref(), Some("3"));
        assert_eq!(shown, "How many [3]: ");
        assert_eq!(asked(b"  7 \r\n").0.as_deref(), Some("7"));
    }

    #[test]
    fn a_wrong_answer_is_explained_and_asked_for_again() {
        let (answer, shown) = asked(b"many\n5\n");
        assert_eq!(answer.as_deref(), Some("5"));
        assert_eq!(shown, "How many [3]:   `many` is no number\nHow many [3]: ");
    }

    #[test]
    fn the_end_of_the_input_is_no_answer() {
        assert_eq!(asked(b"").0, None);
        assert_eq!(asked(b"many\n").0, None);
    }
}
