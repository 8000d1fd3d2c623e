//! Every call of `up` and `down`, hit in every way: killed at, throttled, failed, reset, lost, overtaken by
//! another run.
//!
//! `cargo test --test matrix`, or a part of it with `-- crashes`, `-- faults` or `-- overtaking`. The suite
//! has a cut through the same matrix.

#![expect(clippy::print_stdout, reason = "the table is what this is run for")]

use std::process::ExitCode;
use std::time::Instant;

use imgprep_testkit::faults::Spot;
use imgprep_testkit::lives::Undisturbed;
use imgprep_testkit::matrix::Matrix;
use imgprep_testkit::{RUNTIME, emulator};
use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each part keeps the machine busy on its own.
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
        Trial::test("overtaking", || {
            RUNTIME.block_on(overtaking());
            Ok(())
        }),
    ];
    if arguments.list {
        return libtest_mimic::run(&arguments, trials).exit_code();
    }
    imgprep_testkit::begin!();
    let conclusion = libtest_mimic::run(&arguments, trials);
    emulator::stop_all();
    conclusion.exit_code()
}

async fn crashes() {
    let start = Instant::now();
    let matrix = Matrix::of_crashes(Undisturbed::once().await).await;
    println!("{}\ncrashes: {:.0?}", matrix.table(), start.elapsed());
    matrix.assert_fine();
}

async fn faults() {
    let start = Instant::now();
    let matrix = Matrix::of_faults(Undisturbed::once().await).await;
    println!("{}\nfaults: {:.0?}", matrix.table(), start.elapsed());
    matrix.assert_fine();
}

async fn overtaking() {
    let start = Instant::now();
    let matrix = Matrix::of_overtaking(Undisturbed::once().await, <[Spot]>::to_vec).await;
    println!("{}\novertaking: {:.0?}", matrix.table(), start.elapsed());
    matrix.assert_fine();
}
