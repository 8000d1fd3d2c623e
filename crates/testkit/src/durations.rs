//! How long each test took, kept beside the other files of a run: the order in which tests are started
//! follows from it, and whoever makes them faster begins at its top.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::program;

static TAKEN: Mutex<Vec<(Duration, &str)>> = Mutex::new(Vec::new());

/// Runs a test to its end. One that fails is of no interest here.
pub fn measure(name: &'static str, test: impl FnOnce()) {
    let start = Instant::now();
    test();
    TAKEN.lock().unwrap().push((start.elapsed(), name));
}

/// Writes a line for each test, the slowest first.
pub fn write() {
    let mut taken = std::mem::take(&mut *TAKEN.lock().unwrap());
    taken.sort_by_key(|(took, _)| std::cmp::Reverse(*took));
    let lines = taken.iter().map(|(took, name)| format!("{:6.1} {name}\n", took.as_secs_f64()));
    std::fs::write(program::folder().join("durations.txt"), lines.collect::<String>()).unwrap();
}
