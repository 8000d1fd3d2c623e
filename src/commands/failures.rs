//! `imgprep failures`

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::Args;
use contract::address::bare_etag;
use contract::failure::Remedy;
use serde::Serialize;

use super::session::{LOOK, Session, Start};
use crate::amounts::{bytes, counted};
use crate::args::Global;
use crate::error::Error;
use crate::inventory::FoundFailure;
use crate::report::advice::Advice;
use crate::report::printable::printable;
use crate::report::style::{BAD, BOLD, DIM, painted};
use crate::report::{Answer, Outcome, Report, pretty};

/// List the originals that cannot be processed, and why
///
/// Example: imgprep failures --json
#[derive(Debug, Args)]
pub(crate) struct Failures {
    /// Only originals whose path starts with this
    #[arg(long, value_name = "PATH", default_value = "", hide_default_value = true)]
    pub(crate) prefix: String,
}

pub(crate) async fn run(
    args: &Failures,
    global: &Global,
    report: &Report,
) -> Result<Answer, Error> {
    let mut session = Session::open(global, report, LOOK, Start::IfNeeded).await?;
    let stack = session.plan().await?;
    let inventory = session.images(&stack)?;
    let failures = inventory.failures(inventory.path(&args.prefix)).await?;
    Ok(Box::new(List { failures }))
}

/// What was found.
#[derive(Serialize)]
struct List {
    failures: Vec<FoundFailure>,
}

impl Outcome for List {
    fn text(&self, report: &Report) -> String {
        failures(&self.failures, report.advice())
    }

    fn json(&self) -> String {
        pretty(self)
    }
}

/// Every failure with its reason below.
fn failures(failures: &[FoundFailure], advice: &Advice) -> String {
    let mut text = String::new();
    for failure in failures {
        let _ = writeln!(text, "{}", painted(BOLD, &printable(&failure.key)));
        let _ = writeln!(text, "  {}", painted(BAD, &printable(&failure.reason)));
        let facts = [
            failure.time.clone(),
            failure.size.map(bytes),
            failure.etag.as_ref().map(|etag| format!("etag {}", bare_etag(etag))),
        ];
        let facts: Vec<String> = facts.into_iter().flatten().collect();
        if !facts.is_empty() {
            let _ = writeln!(text, "  {}", painted(DIM, &printable(&facts.join("  "))));
        }
    }
    if failures.is_empty() {
        return "no failures\n".to_owned();
    }
    let _ = writeln!(text, "\n{}; next:", counted(failures.len() as u64, "failure"));
    let mut counts: BTreeMap<Remedy, u64> = BTreeMap::new();
    for failure in failures {
        *counts.entry(failure.remedy).or_default() += 1;
    }
    for (remedy, count) in counts {
        let retry = advice.command("retry --all");
        let next = match remedy {
            Remedy::Replace => "replace the file: the same bytes fail again".to_owned(),
            Remedy::Memory => {
                let up = advice.command("up");
                format!("set more `memory` under `[function]`, run {up}, then {retry}")
            }
            Remedy::Rename => {
                "upload it with a shorter key, or set a shorter `folder` for its size".to_owned()
            }
            Remedy::Access => format!("do what the reason says, then run {retry}"),
        };
        let _ = writeln!(text, "  {count:>5}  {next}");
    }
    text
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn a_failure_is_told_with_its_reason() {
        let failure = FoundFailure {
            key: "originals/a.heic".to_owned(),
            reason: "HEIC is not supported".to_owned(),
            time: Some("2026-01-31T23:59:59Z".to_owned()),
            etag: Some("\"abc\"".to_owned()),
            size: Some(1234),
            request_id: None,
            remedy: Remedy::Replace,
            record: "failed/a.heic.json".to_owned(),
        };
        let large = FoundFailure {
            key: "originals/b.png".to_owned(),
            reason: "9x9 needs about 9 MB of memory; 1 MB is available".to_owned(),
            remedy: Remedy::Memory,
            ..failure.clone()
        };
        assert_snapshot!(anstream::adapter::strip_str(&failures(&[failure, large], &Advice::default())).to_string(), @"
        originals/a.heic
          HEIC is not supported
          2026-01-31T23:59:59Z  1.2 kB  etag abc
        originals/b.png
          9x9 needs about 9 MB of memory; 1 MB is available
          2026-01-31T23:59:59Z  1.2 kB  etag abc

        2 failures; next:
              1  replace the file: the same bytes fail again
              1  set more `memory` under `[function]`, run imgprep up, then imgprep retry --all
        ");
    }
}
