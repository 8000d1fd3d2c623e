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
        trial("crashes", || async { Matrix::of_crashes(Undisturbed::once().await).await }),
        trial("faults", || async { Matrix::of_faults(Undisturbed::once().await).await }),
        trial("overtaking", || async {
            Matrix::of_overtaking(Undisturbed::once().await, <[Spot]>::to_vec).await
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

/// Prints how every hit ended, and how long that took.
fn trial<F: Future<Output = Matrix> + 'static>(name: &'static str, matrix: fn() -> F) -> Trial {
    Trial::test(name, move || {
        let start = Instant::now();
        let matrix = RUNTIME.block_on(matrix());
        println!("{}\n{name}: {:.0?}", matrix.table(), start.elapsed());
        matrix.assert_fine();
        Ok(())
    })
}
