//! What cargo prints: how far it is, how long the rest may take, and what a failure shows of it.

use std::collections::VecDeque;
use std::io::{BufReader, Read};
use std::time::{Duration, Instant};

/// How many lines a failure shows.
const LINES_MAX: usize = 20;

/// What may say why cargo failed, oldest first.
pub(super) type Lines = VecDeque<String>;

/// Reads what cargo says, tells its progress, and keeps the lines that a failure may show.
pub(super) fn follow(stderr: impl Read, progress: &dyn Fn(&str)) -> Lines {
    /// More than any error needs that [`relevant`] looks for.
    const KEPT_MAX: usize = 1000;
    let mut lines = VecDeque::new();
    let mut line = Vec::new();
    let mut pace = None;
    for byte in BufReader::new(stderr).bytes().map_while(Result::ok) {
        if byte != b'\n' && byte != b'\r' {
            line.push(byte);
            continue;
        }
        let text = String::from_utf8_lossy(&line).replace("\u{1b}[K", "");
        line.clear();
        match Line::of(&text) {
            Line::Compiling { done, all, name } => {
                let pace = pace.get_or_insert_with(|| Pace { start: Instant::now(), first: done });
                let left = pace.left(pace.start.elapsed(), done, all).unwrap_or_default();
                progress(&format!("compiling {done}/{all} {name}{left}"));
            }
            Line::Progress(text) => progress(&text),
            Line::Noise => {}
            Line::Text if lines.len() < KEPT_MAX => lines.push_back(text),
            Line::Text => {
                lines.pop_front();
                lines.push_back(text);
            }
        }
    }
    lines
}

/// How fast cargo has been, by which the rest is estimated.
struct Pace {
    start: Instant,
    /// How many crates were finished then, such as those of an earlier build.
    first: u32,
}

impl Pace {
    /// How long the rest may take, in words that follow what is done: nothing as long as too little is
    /// known.
    fn left(&self, elapsed: Duration, done: u32, all: u32) -> Option<String> {
        /// Of the whole time, what the last crate takes: with it, all others are translated and linked.
        /// Measured on two cores.
        const LAST: f64 = 0.3;
        const KNOWN: Duration = Duration::from_secs(8);
        let (fresh, total) = (done.checked_sub(self.first)?, all.checked_sub(self.first)?);
        if elapsed < KNOWN || fresh == 0 {
            return None;
        }
        let part = (1.0 - LAST) * f64::from(fresh) / f64::from(total);
        let seconds = elapsed.as_secs_f64() * (1.0 - part) / part;
        Some(if seconds < 90.0 {
            format!(", about {:.0} s left", 10.0 * ((seconds - 0.5) / 10.0).ceil())
        } else {
            format!(", about {:.0} min left", seconds / 60.0)
        })
    }
}

/// What a line of cargo's is to the user.
#[derive(Debug, PartialEq, Eq)]
enum Line<'a> {
    /// How many crates are finished, of how many, and one of those that are being compiled.
    Compiling { done: u32, all: u32, name: &'a str },
    /// Something else that takes a while.
    Progress(String),
    /// Something that only a log would keep.
    Noise,
    /// Something that may say why it failed.
    Text,
}

impl<'a> Line<'a> {
    fn of(line: &'a str) -> Self {
        let line = line.trim();
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "Building" => Self::compiling(rest).unwrap_or(Self::Noise),
            "Downloading" | "Updating" if !rest.contains('[') => {
                Self::Progress(format!("{} {rest}", verb.to_lowercase()))
            }
            "Adding" | "Blocking" | "Compiling" | "Downloaded" | "Downloading" | "Finished"
            | "Fetch" | "Locking" | "Updating" | "" => Self::Noise,
            _ => Self::Text,
        }
    }

    /// What follows `Building`: `[===>  ] 45/190: aws-sdk-s3, tokio(build.rs)`.
    fn compiling(text: &'a str) -> Option<Self> {
        let (count, names) = text.split_once("] ")?.1.split_once(": ")?;
        let (done, all) = count.split_once('/')?;
        let name = names.split([',', '(']).next()?;
        Some(Self::Compiling { done: done.parse().ok()?, all: all.parse().ok()?, name })
    }
}

/// The lines that say why: from the first error on, or else the last ones.
pub(super) fn relevant(mut lines: Lines) -> Vec<String> {
    let first = lines.iter().position(|line| line.starts_with("error"));
    let start = first.unwrap_or(lines.len().saturating_sub(LINES_MAX));
    lines.drain(start..).take(LINES_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_counts_what_cargo_compiles() {
        assert_eq!(
            Line::of("    Building [=====>      ] 45/190: aws-sdk-s3, tokio(build.rs)  "),
            Line::Compiling { done: 45, all: 190, name: "aws-sdk-s3" }
        );
        assert_eq!(
            Line::of("    Building [>     ] 0/9: libc(build)"),
            Line::Compiling { done: 0, all: 9, name: "libc" }
        );
        assert_eq!(
            Line::of("    Updating crates.io index"),
            Line::Progress("updating crates.io index".into())
        );
        assert_eq!(Line::of("    Updating [===>   ] 3/4"), Line::Noise);
        assert_eq!(Line::of("   Compiling libc v0.2.1"), Line::Noise);
        assert_eq!(Line::of("error: linking with `cc` failed"), Line::Text);
    }

    #[test]
    fn progress_says_how_long_the_rest_takes() {
        let left = |first, seconds, done, all| {
            Pace { start: Instant::now(), first }.left(Duration::from_secs(seconds), done, all)
        };
        // 100 of 200 are 35 % of the time: 35 s stand for 65 more.
        assert_eq!(left(0, 35, 100, 200).unwrap(), ", about 70 s left");
        assert_eq!(left(0, 35, 10, 200).unwrap(), ", about 16 min left");
        // The last crate is all that is left.
        assert_eq!(left(0, 70, 200, 200).unwrap(), ", about 30 s left");
        // What an earlier build finished says nothing of the pace.
        assert_eq!(left(100, 35, 150, 200).unwrap(), ", about 70 s left");
        assert_eq!([left(0, 7, 20, 200), left(100, 35, 100, 200)], [None, None]);
    }

    #[test]
    fn a_failure_shows_the_first_error() {
        let lines = |count| (0..count).map(|n| format!("warning {n}"));
        let mut said: VecDeque<_> = lines(30).collect();
        said.extend(["error[E0308]: mismatched types".into(), " --> src/main.rs:1:1".into()]);
        said.extend(lines(30));
        let shown = relevant(said);
        assert_eq!(shown.len(), LINES_MAX);
        assert_eq!(shown[0], "error[E0308]: mismatched types");
        assert_eq!(relevant(lines(30).collect())[0], "warning 10");
    }
}
