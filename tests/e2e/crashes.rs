//! Whatever hits a run, the stack comes out whole.

use crate::lives::Undisturbed;
use crate::matrix::{Matrix, each};

/// Killed just before and just after each call that changes something took effect, a run is followed
/// by one that makes the stack whole.
pub(crate) async fn every_change_survives_a_kill() {
    let undisturbed = Undisturbed::live().await;
    Matrix::of_crashes(&undisturbed).await.assert_fine();
}

/// Each call, reads too, is hit once, by a kind of fault in turn: a cut through the matrix of
/// `tests/matrix`, where each is hit by every kind.
pub(crate) async fn every_call_survives_a_fault() {
    let undisturbed = Undisturbed::live().await;
    Matrix::of_faults(&undisturbed, each).await.assert_fine();
}
