//! Whatever hits a run, the stack comes out whole: a cut through the matrices of `tests/matrix`, where
//! every call is hit in every way.

use imgprep_testkit::lives::Undisturbed;
use imgprep_testkit::matrix::{Matrix, each, first};

/// Killed at a call that changes something, in turn just before and just after it took effect, a run is
/// followed by one that makes the stack whole.
pub(crate) async fn every_change_survives_a_kill() {
    let undisturbed = Undisturbed::once().await;
    Matrix::of_crashes(undisturbed, each).await.assert_fine();
}

/// Each operation, reads too, is hit once in each phase, by a kind of fault in turn.
pub(crate) async fn every_operation_survives_a_fault() {
    let undisturbed = Undisturbed::once().await;
    Matrix::of_faults(undisturbed, first).await.assert_fine();
}
