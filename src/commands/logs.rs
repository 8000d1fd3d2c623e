//! `imgprep logs`

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::session::{Account, Start, ask_on_interrupt};
use crate::args::Global;
use crate::aws::wait::Stop;
use crate::error::Error;
use crate::logs::{Filter, FunctionLog, Newest};
use crate::report::event::event;
use crate::report::style::{DIM, painted};
use crate::report::{Answer, Followed, Outcome, Report, pretty};

/// Show the function's log: what happened to each image, and how long it took
///
/// `--json` prints one JSON document or, with `--follow`, one JSON object per line. `-v` adds what
/// Lambda itself logs about each call.
///
/// Example: imgprep logs --follow --key holiday/
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// Keep printing new lines until interrupted
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// How far back to start, such as 30s, 10m, 2h or 1d
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub(crate) since: Duration,
    /// Show only originals whose key contains this
    #[arg(long, value_name = "TEXT")]
    pub(crate) key: Option<String>,
}

/// A whole number and its unit: s, m, h or d.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let units = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400)];
    let seconds = units.iter().find_map(|(unit, seconds)| {
        let number: u32 = text.strip_suffix(*unit)?.parse().ok()?;
        Some(u64::from(number) * seconds)
    });
    let seconds = seconds.ok_or("must be a whole number and s, m, h or d, such as `10m`")?;
    Ok(Duration::from_secs(seconds))
}

/// CloudWatch Logs takes a few of these calls a second, from everybody in an account together
/// (Amazon CloudWatch Logs User Guide, "CloudWatch Logs quotas").
const FOLLOW_PAUSE: Duration = Duration::from_secs(2);

pub(crate) async fn run(args: &Logs, global: &Global, report: &Report) -> Result<Answer, Error> {
    let account = Account::open(global, report, Start::IfNeeded).await?;
    let group = &account.names.log_group;
    let filter = Filter { key: args.key.clone(), everything: global.verbose };
    let mut log = FunctionLog::new(&account.aws, group, args.since, filter);
    if args.follow {
        let stop = Arc::default();
        ask_on_interrupt(Arc::clone(&stop));
        return follow(&mut log, &stop, report).await;
    }
    let mut newest = Newest::default();
    log.read(&mut |event| newest.add(event)).await.map_err(|error| Error::log(group, error))?;
    Ok(Box::new(newest))
}

/// Prints what comes, for as long as somebody reads it and until the user asks to stop.
async fn follow(log: &mut FunctionLog<'_>, stop: &Stop, report: &Report) -> Result<Answer, Error> {
    let mut has_reader = true;
    while has_reader && !stop.is_asked() {
        let read = log.read(&mut |event| has_reader &= report.logged(&event)).await;
        read.map_err(|error| Error::log(log.group(), error))?;
        stop.pause(FOLLOW_PAUSE).await;
    }
    Ok(Box::new(Followed))
}

impl Outcome for Newest {
    fn text(&self, _report: &Report) -> String {
        events(self)
    }

    fn json(&self) -> String {
        pretty(&document(self))
    }
}

fn events(newest: &Newest) -> String {
    if newest.events.is_empty() {
        return "nothing logged in that time; `--since 1d` looks further back\n".to_owned();
    }
    let mut text: String = newest.events.iter().map(event).collect();
    if newest.left_out > 0 {
        let left_out = format!(
            "(showing the newest {}; {} older ones omitted)",
            newest.events.len(),
            newest.left_out
        );
        let _ = writeln!(text, "{}", painted(DIM, &left_out));
    }
    text
}

fn document(newest: &Newest) -> Value {
    let mut document = json!({ "events": newest.events });
    if newest.left_out > 0 {
        document["left_out"] = json!(newest.left_out);
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::{Event, Said};

    #[test]
    fn times_are_a_whole_number_and_a_unit() {
        let cases = [("30s", 30), ("10m", 600), ("2h", 7200), ("1d", 86_400), ("0s", 0)];
        for (text, seconds) in cases {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "m", "10", "-1m", "1.5h", "10 m", "10M", "1w", "99999999999s", "1é"] {
            duration(text).unwrap_err();
        }
    }

    #[test]
    fn an_answer_that_leaves_events_out_says_so() {
        assert_eq!(document(&Newest::default()), json!({"events": []}));
        assert_eq!(
            events(&Newest::default()),
            "nothing logged in that time; `--since 1d` looks further back\n"
        );
        let mut newest = Newest { left_out: 3, ..Newest::default() };
        newest.add(Event { time: 0, said: Said::Text("x".to_owned()) });
        assert_eq!(
            document(&newest),
            json!({"events": [{"time": "1970-01-01T00:00:00.000Z", "text": "x"}], "left_out": 3})
        );
        assert!(events(&newest).contains("(showing the newest 1; 3 older ones omitted"));
    }
}
