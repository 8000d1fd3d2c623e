//! How long the chains of calls are that decide how long a command takes: every call gets a time as
//! if AWS were far away, and the calls that had to wait for others are told apart from those that did
//! not.
//!
//! `cargo test --test chain`. Ends with 1 if a command waits for more calls in a row than it may.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench that cannot go on has failed"
)]
#![expect(clippy::print_stdout, reason = "the figures are what this is run for")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use imgprep_testkit::calls::Call;
use imgprep_testkit::faults::Deed;
use imgprep_testkit::http::{WholeResponse, edited};
use imgprep_testkit::proxy::{Behaviour, Timed};
use imgprep_testkit::{Pipeline, RUNTIME, emulator, function};

/// What a call takes longer than at the emulator: about a round trip to another continent, and so
/// long that the emulator's own time does not matter beside it.
const CALL: Duration = Duration::from_millis(50);

/// Calls whose answer grows with what else is in the account.
const LISTINGS: [&str; 4] =
    ["lambda:ListFunctions", "s3:ListBuckets", "sns:ListSubscriptions", "sns:ListTopics"];

/// A command, and how many calls it may wait for one after another: for a file that asks for the least,
/// and for one that asks for everything.
struct Command {
    name: &'static str,
    arguments: &'static [&'static str],
    least: usize,
    everything: usize,
}

/// What the file asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum File {
    Least,
    Everything,
}

const COMMANDS: [Command; 4] = [
    Command { name: "first up", arguments: &["up", "--yes"], least: 9, everything: 15 },
    Command { name: "no-op up", arguments: &["up", "--yes"], least: 4, everything: 4 },
    Command { name: "status", arguments: &["status"], least: 4, everything: 4 },
    Command { name: "down", arguments: &["down", "--yes"], least: 9, everything: 13 },
];

/// What a file asks for beside the least. A domain of its own is not among it: how long ACM takes
/// decides there.
const EVERYTHING: [(&str, &str); 2] = [
    (
        "[[variants]]\nsize = \"400x300\"\n",
        "[[variants]]\nsize = \"400x300\"\n\n[cdn]\nversions = true\nfallback = \"none.png\"\n\n[uploads]\norigins = [\"https://app.example.com\"]\n\n[notify]\nqueue = true\nhttps = [\"https://app.example.com/ready\"]\n\n[alarms]\nemail = [\"ops@example.com\"]\n",
    ),
    ("\n\n[topic]", "\noriginals_storage = \"intelligent-tiering\"\nversioning = true\n\n[topic]"),
];

/// How often each is measured. A busy machine starts calls late that waited for nothing, which only
/// ever makes a chain longer, so that the shortest is the true one.
const ROUNDS: usize = 3;

/// A function is ready as soon as Lambda says so the first time: how often one must ask is a matter
/// of Lambda's time, not of the chain.
struct ReadyAtOnce;

impl Behaviour for ReadyAtOnce {
    fn answer(&self, _call: &Call, _body: &Bytes) -> Option<WholeResponse> {
        None
    }

    fn change(&self, call: &Call, response: WholeResponse) -> WholeResponse {
        if call.operation != "GetFunctionConfiguration" || !response.status().is_success() {
            return response;
        }
        edited(response, |body| {
            body.replace("\"Pending\"", "\"Active\"").replace("\"InProgress\"", "\"Successful\"")
        })
    }
}

fn main() -> ExitCode {
    imgprep_testkit::begin!();
    let is_within =
        RUNTIME.block_on(async { measure(File::Least).await & measure(File::Everything).await });
    emulator::stop_all();
    if is_within { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The whole life of a stack: whether every command keeps to its limits.
async fn measure(file: File) -> bool {
    println!("{file:?}");
    let mut shortest: [Option<Measured>; COMMANDS.len()] = Default::default();
    for _ in 0..ROUNDS {
        let pipeline = pipeline(file).await;
        for (command, shortest) in COMMANDS.iter().zip(&mut shortest) {
            let measured = command.measure(&pipeline).await;
            if shortest.as_ref().is_none_or(|best| measured.levels.len() < best.levels.len()) {
                *shortest = Some(measured);
            }
        }
        pipeline.is_over();
    }
    let mut is_within = true;
    for (command, measured) in COMMANDS.iter().zip(shortest.iter().flatten()) {
        is_within &= command.report(measured, file);
    }
    is_within
}

async fn pipeline(file: File) -> Pipeline {
    let pipeline = Pipeline::new("chain").await;
    pipeline.put_function(&function::zip(1));
    pipeline.edit(
        "[[variants]]\nsize = \"800x600\"",
        "code = \"function.zip\"\n\n[[variants]]\nsize = \"800x600\"",
    );
    for (from, to) in EVERYTHING.into_iter().filter(|_| file == File::Everything) {
        pipeline.edit(from, to);
    }
    pipeline.proxy.behave(Arc::new(ReadyAtOnce));
    pipeline.proxy.add_script(Box::new(|_| Some(Deed::Delay(CALL))));
    pipeline
}

/// One run of a command.
struct Measured {
    took: Duration,
    calls: Vec<String>,
    levels: BTreeMap<usize, Vec<String>>,
}

impl Command {
    async fn measure(&self, pipeline: &Pipeline) -> Measured {
        let output = pipeline.run(self.arguments).await.exits(0);
        let timed = pipeline.proxy.take_timed();
        let levels = levels(&timed);
        let calls = timed.iter().map(|timed| timed.call.to_string()).collect();
        Measured { took: output.took, calls, levels }
    }

    /// Prints what a command waited for. Answers with whether it keeps to its limits.
    fn report(&self, measured: &Measured, file: File) -> bool {
        let name = self.name;
        let chain_max = match file {
            File::Least => self.least,
            File::Everything => self.everything,
        };
        let Measured { took, calls, levels } = measured;
        let (count, chain) = (calls.len(), levels.len());
        println!("{name}: {took:.1?}, {count} calls, a chain of {chain} (at most {chain_max})");
        for (level, names) in levels {
            println!("  {level:>2}  {}", counted(names));
        }
        let listings = calls.iter().filter(|call| LISTINGS.contains(&call.as_str()));
        let listings: Vec<String> = listings.cloned().collect();
        if !listings.is_empty() {
            println!("  lists everything of a kind: {}", counted(&listings));
        }
        chain <= chain_max && listings.is_empty()
    }
}

/// The calls by their place in the longest chain that leads to them: a call comes after every call
/// that had ended when it started.
fn levels(calls: &[Timed]) -> BTreeMap<usize, Vec<String>> {
    let mut calls: Vec<&Timed> = calls.iter().collect();
    calls.sort_by_key(|timed| timed.start);
    let mut placed: Vec<(Option<Instant>, usize)> = Vec::new();
    let mut levels: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for timed in calls {
        let before = placed.iter().filter(|(end, _)| end.is_some_and(|end| end <= timed.start));
        let level = 1 + before.map(|(_, level)| *level).max().unwrap_or_default();
        placed.push((timed.end, level));
        levels.entry(level).or_default().push(timed.call.to_string());
    }
    levels
}

/// Names with how often each is there.
fn counted(names: &[String]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    let texts = counts.iter().map(|(name, count)| match count {
        1 => (*name).to_owned(),
        _ => format!("{name} x{count}"),
    });
    texts.collect::<Vec<_>>().join(", ")
}
