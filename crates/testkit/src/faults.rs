//! What can go wrong with one call on its way to AWS and back.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::calls::Call;
use crate::http::WholeResponse;

/// What the proxy does with one call, besides passing it on.
pub enum Deed {
    /// Answers it; AWS never hears of it.
    Answer(WholeResponse),
    /// Passes it on after a while.
    Delay(Duration),
    /// Breaks the connection; AWS never hears of it.
    Reset,
    /// Passes it on, and breaks the connection instead of answering.
    Lose,
    /// Passes it on once the gate is opened.
    HoldBefore(Gate),
    /// Passes it on, and answers once the gate is opened.
    HoldAfter(Gate),
}

/// Where a call waits for the test.
#[derive(Clone, Default)]
pub struct Gate(Arc<Sides>);

#[derive(Default)]
struct Sides {
    reached: Notify,
    opened: Notify,
}

impl Gate {
    /// Waits until a call is at the gate.
    pub async fn reached(&self) {
        self.0.reached.notified().await;
    }

    /// Lets the call at the gate go on, or the next one that comes.
    pub fn open(&self) {
        self.0.opened.notify_one();
    }

    /// Waits as the call that is held.
    pub async fn pass(&self) {
        self.0.reached.notify_one();
        self.0.opened.notified().await;
    }
}

/// The calls of one run come at once and in any order, so that a call is known by its operation and
/// by how many of that operation came before it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    pub call: Call,
    /// Counted from 1.
    pub nth: usize,
}

impl fmt::Display for Spot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} #{}", self.call, self.nth)
    }
}

/// Every call of a run as a spot, sorted.
pub fn spots(calls: Vec<Call>) -> Vec<Spot> {
    let mut calls = calls;
    calls.sort();
    let runs = calls.chunk_by(|one, other| one == other);
    let spots = runs.flat_map(|run| (1..).zip(run));
    spots.map(|(nth, call)| Spot { call: call.clone(), nth }).collect()
}
