//! Every call of `up` and `down`, hit in every way: killed at, throttled, failed, reset, lost.
//!
//! `cargo test --test matrix`, or with `-- crashes` or `-- faults` one half of it. The suite has a
//! cut through the same matrix.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "the table is what this is run for")]
#![expect(dead_code, reason = "what it shares with the suite is used in full only there")]

#[path = "../e2e/calls.rs"]
mod calls;
#[path = "../e2e/changed.rs"]
mod changed;
#[path = "../e2e/clients.rs"]
mod clients;
#[path = "../e2e/emulator.rs"]
mod emulator;
#[path = "../e2e/faults.rs"]
mod faults;
#[path = "../e2e/harness.rs"]
mod harness;
#[path = "../e2e/http.rs"]
mod http;
#[path = "../e2e/lives.rs"]
mod lives;
#[path = "../e2e/matrix.rs"]
mod matrix;
#[path = "../e2e/proxy.rs"]
mod proxy;
#[path = "../e2e/real_aws.rs"]
mod real_aws;
#[path = "../e2e/small_function.rs"]
mod small_function;
#[path = "../e2e/snapshot.rs"]
mod snapshot;

use std::process::ExitCode;
use std::time::Instant;

use libtest_mimic::{Arguments, Trial};

use crate::emulator::Emulator;
use crate::faults::Spot;
use crate::harness::RUNTIME;
use crate::lives::{Blow, Hit, Phase, Undisturbed};
use crate::matrix::Matrix;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each half keeps the machine busy on its own.
    arguments.test_threads = Some(1);
    let trials = vec![
        Trial::test("crashes", || {
            RUNTIME.block_on(crashes());
            Ok(())
        }),
        Trial::test("faults", || {
            RUNTIME.block_on(faults());
            Ok(())
        }),
    ];
    if arguments.list {
        return libtest_mimic::run(&arguments, trials).exit_code();
    }
    let emulator = Emulator::start();
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(emulator);
    conclusion.exit_code()
}

async fn crashes() {
    let start = Instant::now();
    let matrix = Matrix::of_crashes(&Undisturbed::live().await, every).await;
    println!("{}\ncrashes: {:.0?}", matrix.table(), start.elapsed());
    matrix.assert_fine();
}

async fn faults() {
    let start = Instant::now();
    let matrix = Matrix::of_faults(&Undisturbed::live().await, every).await;
    println!("{}\nfaults: {:.0?}", matrix.table(), start.elapsed());
    matrix.assert_fine();
}

/// Every blow at every spot.
fn every(phase: Phase, spots: &[Spot], blows: &[Blow]) -> Vec<Hit> {
    let hits = spots.iter().flat_map(|spot| blows.iter().map(move |blow| (spot, blow)));
    hits.map(|(spot, blow)| Hit { phase, spot: spot.clone(), blow: *blow }).collect()
}
