//! What a page shows of a terminal, and how that is held against what is printed.

/// Lines that are left out.
const ANY: &str = "…";

/// Units of what differs from run to run.
const UNITS: [&str; 7] = ["s", "ms", "min", "B", "kB", "MB", "GB"];

/// What is timed in a line of the log, where no unit stands behind the number.
const TIMED: [&str; 6] = ["get", "decode", "resize", "encode", "put", "all"];

/// The commands of a transcript, each with what it prints.
pub(crate) fn transcript(text: &str) -> Vec<(String, String)> {
    let mut parts: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("$ "), parts.last_mut()) {
            (Some(command), _) => parts.push((command.to_owned(), String::new())),
            (None, Some((_, printed))) => printed.extend([line, "\n"]),
            (None, None) => panic!("a transcript begins with `$ `: {line}"),
        }
    }
    parts
}

pub(crate) fn commands_of_console(text: &str) -> Vec<String> {
    transcript(text).into_iter().map(|(command, _)| command).collect()
}

/// What imgprep is called with in a line of a shell.
pub(crate) fn calls(line: &str) -> Vec<String> {
    let line = line.split(" #").next().unwrap_or_default();
    let parts = line.split(['|', ';', '>', '<', '&', '(', ')', '"']);
    let called = parts.filter_map(|part| {
        let part = part.trim();
        let part = part.strip_prefix("cargo run --release --").map_or(part, str::trim);
        part.strip_prefix("imgprep ").map(ToOwned::to_owned)
    });
    called.collect()
}

/// Whether a line says that its command failed: an error, or the outcome of one of several originals.
pub(crate) fn is_failure(line: &str) -> bool {
    let one = line.strip_prefix("  failed   ").is_some_and(|rest| !rest.starts_with(' '));
    one || line.starts_with("error: ")
}

/// Whether what is printed is what is shown, but for times, sizes and names that are made up.
pub(crate) fn matches(shown: &str, printed: &str) -> bool {
    let lines = |text: &str| -> Vec<String> { text.trim_end().lines().map(comparable).collect() };
    is_same(&lines(shown), &lines(printed))
}

fn is_same(shown: &[String], printed: &[String]) -> bool {
    match shown {
        [] => printed.is_empty(),
        [any, rest @ ..] if any == ANY => {
            (0..=printed.len()).any(|from| is_same(rest, &printed[from..]))
        }
        [first, rest @ ..] => {
            printed.split_first().is_some_and(|(line, more)| line == first && is_same(rest, more))
        }
    }
}

/// A line without what differs from run to run, and without the widths of columns, which follow it.
fn comparable(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    let words: Vec<&str> = line.split_whitespace().collect();
    let words = words.iter().enumerate().map(|(at, word)| {
        let before = at.checked_sub(1).map_or("", |before| words[before]);
        let after =
            words.get(at + 1).map_or("", |after| after.trim_end_matches([',', ';', ':', ')']));
        let number = word.trim_end_matches([',', ';']);
        let is_number = number.parse::<f64>().is_ok();
        if is_number && (UNITS.contains(&after) || TIMED.contains(&before)) {
            "N".to_owned()
        } else {
            made_up(word)
        }
    });
    format!("{}{}", " ".repeat(indent), words.collect::<Vec<_>>().join(" "))
}

/// A word without the names that a run makes up: times, long numbers, and the label of a distribution.
fn made_up(word: &str) -> String {
    let is_time =
        |word: &str| word.len() >= 20 && word.as_bytes()[10] == b'T' && word.ends_with('Z');
    if is_time(word) {
        return "TIME".to_owned();
    }
    let mut word = word.to_owned();
    if let Some((before, after)) = word.split_once("/_imgprep/cdn/")
        && let Some((_, path)) = after.split_once('/')
    {
        word = format!("{before}/_imgprep/cdn/LABEL/{path}");
    }
    let mut plain = String::new();
    let mut digits = String::new();
    for character in word.chars().chain(['\n']) {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        plain.push_str(if digits.len() >= 10 { "N" } else { &digits });
        digits.clear();
        plain.push(character);
    }
    plain.trim_end().to_owned()
}

#[test]
fn lines_may_be_left_out_and_times_may_differ() {
    let shown = "a\n…\n  8 images  took 0.2 s\n";
    assert!(matches(shown, "a\nb\nc\n  8 images    took 12 s\n\n"));
    assert!(matches(shown, "a\n  8 images  took 1 s\n"));
    assert!(!matches(shown, "a\n  9 images  took 1 s\n"), "counts are as shown");
    assert!(!matches(shown, "a\n  8 images  took 1 s\nmore\n"));
    assert!(!matches("a\n", "b\n"));
}

#[test]
fn calls_are_found_in_a_line() {
    assert_eq!(calls("imgprep up --local # all"), ["up --local"]);
    assert_eq!(calls("eval \"$(imgprep local env)\""), ["local env"]);
    assert_eq!(calls("a | imgprep plan --json > plan.json && imgprep up"), ["plan --json", "up"]);
    assert_eq!(calls("cargo run --release -- imgprep"), Vec::<String>::new());
}
