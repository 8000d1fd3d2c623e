//! `imgprep doctor`

use std::fmt::Write as _;

use clap::Args;
use serde_json::json;

use super::session::{blocking, connection, load, making};
use crate::args::Global;
use crate::aws::reach::{Unreached, reach};
use crate::aws::{Aws, Connection};
use crate::config::{Arch, Code, Codecs, Config};
use crate::doctor::{Check, Subject, Verdict, machine, permissions};
use crate::error::{Error, FAILED};
use crate::report::advice::Advice;
use crate::report::layout;
use crate::report::printable::printable_lines;
use crate::report::style::{BAD, CHANGED, DIM, GOOD, HINT, painted};
use crate::report::{Answer, Outcome, Report, pretty};
use crate::stack;

/// Check that everything is in place for a first run, and say what to do about what is missing
///
/// Checks the file, the network, the clock, the credentials, the permissions, and how the function is
/// built; with `--local`, the local AWS instead of AWS. Nothing is changed. Exits with 1 if a check
/// fails.
///
/// Example: imgprep doctor --local
#[derive(Debug, Args)]
pub(crate) struct Doctor {}

pub(crate) async fn run(_: &Doctor, global: &Global, report: &Report) -> Result<Answer, Error> {
    let progress = report.task("doctor");
    let loaded = load(global);
    let mut checks = vec![file(&loaded, global)];
    let config = loaded.ok();
    if !global.local {
        progress.say("asking AWS");
        let connection = connection(global, config.as_ref(), None);
        checks.extend(of_aws(&connection, config.as_ref()).await);
    }
    progress.say("looking at this machine");
    checks.push(function(config.as_ref(), global).await?);
    let local = blocking(machine::local_aws).await?;
    checks.push(match (local.verdict, global.local) {
        (Verdict::Failed, false) => local.into_warning(),
        _ => local,
    });
    Ok(Box::new(Examined { checks }))
}

fn file(loaded: &Result<Config, Error>, global: &Global) -> Check {
    match loaded {
        Ok(config) => {
            let sizes: Vec<&str> = config.variants.iter().map(|it| it.folder.as_str()).collect();
            let file = global.config.display();
            let detail = format!("{file}: stack `{}`, variants {}", config.name, sizes.join(", "));
            Subject::File.is(Verdict::Fine, detail)
        }
        Err(error) => Subject::File.failed(error),
    }
}

/// The way to AWS, and what may be done there: every subject of it.
async fn of_aws(connection: &Connection, config: Option<&Config>) -> Vec<Check> {
    const SUBJECTS: [Subject; 4] =
        [Subject::Network, Subject::Clock, Subject::Credentials, Subject::Permissions];
    let mut checks = asked_of_aws(connection, config).await;
    for subject in SUBJECTS {
        if checks.iter().all(|check| check.subject != subject) {
            checks.push(subject.is(Verdict::Skipped, "needs what failed"));
        }
    }
    checks.sort_by_key(|check| check.subject);
    checks
}

/// As far as one thing does not need another that failed.
async fn asked_of_aws(connection: &Connection, config: Option<&Config>) -> Vec<Check> {
    let failed = |subject: Subject, error| subject.failed(&Error::connect(connection, error));
    let reached = match reach(connection).await {
        Ok(reached) => reached,
        Err(Unreached::Settings(error)) => return vec![failed(Subject::Credentials, error)],
        Err(Unreached::Network(error)) => return vec![failed(Subject::Network, error)],
    };
    let mut checks =
        vec![Subject::Network.is(Verdict::Fine, reached.to_string()), machine::clock(&reached)];
    let aws = match Aws::connect(connection).await {
        Ok(aws) => aws,
        Err(error) => {
            checks.push(failed(Subject::Credentials, error));
            return checks;
        }
    };
    let detail = format!("{} in {}", aws.caller, aws.region);
    checks.push(Subject::Credentials.is(Verdict::Fine, detail));
    let Some(config) = config else { return checks };
    match config.clone().in_region(&aws.region) {
        Ok((config, _)) => {
            let names = stack::names(&config, (&aws).into());
            checks.push(permissions::check(&aws, &config, &names).await);
        }
        Err(error) => checks.push(Subject::File.failed(&Error::Config(error))),
    }
    checks
}

/// Without a file, how the function of most files comes about.
async fn function(config: Option<&Config>, global: &Global) -> Result<Check, Error> {
    let (code, arch) = match config {
        Some(config) => (config.function.code.clone(), config.function.arch),
        None => (Code::Bundled(Codecs { avif: false, heic: true }), Arch::default()),
    };
    let making = making(&code, arch, global, false);
    blocking(move || machine::function(&code, arch, making)).await
}

/// What was found.
struct Examined {
    checks: Vec<Check>,
}

impl Examined {
    fn is_healthy(&self) -> bool {
        self.checks.iter().all(|check| check.verdict != Verdict::Failed)
    }
}

impl Outcome for Examined {
    fn text(&self, report: &Report) -> String {
        text(&self.checks, report.advice())
    }

    fn json(&self) -> String {
        let checks = self.checks.iter().map(|check| {
            let mut object = json!({
                "check": check.subject.as_str(),
                "state": check.verdict.as_str(),
                "detail": check.details.join("; "),
            });
            if let Some(hint) = &check.hint {
                object["hint"] = json!(hint);
            }
            object
        });
        let checks: Vec<_> = checks.collect();
        pretty(&json!({ "healthy": self.is_healthy(), "checks": checks }))
    }

    fn exit_code(&self) -> u8 {
        if self.is_healthy() { 0 } else { FAILED }
    }
}

/// Where what is said of a subject begins.
const DETAIL_COLUMN: usize = 2 + 9 + 13;

fn text(checks: &[Check], advice: &Advice) -> String {
    let mut text = String::new();
    for check in checks {
        let style = match check.verdict {
            Verdict::Fine => GOOD,
            Verdict::Warning => CHANGED,
            Verdict::Failed => BAD,
            Verdict::Skipped => DIM,
        };
        let verdict = painted(style, &format!("{:<9}", check.verdict.as_str()));
        let _ = write!(text, "  {verdict}{:<13}", check.subject.as_str());
        let details: Vec<String> =
            check.details.iter().map(|it| printable_lines(&advice.text(it))).collect();
        let lines = details.iter().map(|line| layout::prose(line, DETAIL_COLUMN));
        let between = format!("\n{}", " ".repeat(DETAIL_COLUMN));
        text.push_str(&lines.collect::<Vec<_>>().join(&between));
        text.push('\n');
        if let Some(hint) = &check.hint {
            let hint = layout::prose(&printable_lines(&advice.text(hint)), DETAIL_COLUMN + 6);
            let _ =
                writeln!(text, "{}{} {hint}", " ".repeat(DETAIL_COLUMN), painted(HINT, "hint:"));
        }
    }
    text
}
