//! Whatever hits a run, the stack comes out whole: a cut through the matrices of `tests/matrix`, where
//! every call is hit in every way, one at a time.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use imgprep_testkit::Pipeline;
use imgprep_testkit::calls::Call;
use imgprep_testkit::faults::{Deed, Gate, Spot};
use imgprep_testkit::lives::{Blow, Life, Phase, Undisturbed};
use imgprep_testkit::matrix::KILLS;
use imgprep_testkit::proxy::Script;

/// Killed again and again, each time at another operation that changes something, in turn just before
/// and just after it took effect, a run is followed by one that makes the stack whole.
pub(crate) async fn every_operation_survives_a_kill() {
    let undisturbed = Undisturbed::once().await;
    let life = Life::begin(undisturbed).await;
    for phase in Phase::ALL {
        life.enter(phase).await;
        let killed_at = killed_at_each(&life.pipeline, phase).await;
        let missed = undisturbed.mutating(phase).into_iter().map(|spot| spot.call);
        let missed: BTreeSet<Call> = missed.filter(|call| !killed_at.contains(call)).collect();
        assert_eq!(missed, BTreeSet::new(), "{phase:?}");
        assert_eq!(life.wrong_after(phase).await, None, "{phase:?}");
    }
    life.pipeline.is_over();
}

/// Runs imgprep until a run ends by itself, and answers with the operations at which those before were
/// killed.
async fn killed_at_each(pipeline: &Pipeline, phase: Phase) -> BTreeSet<Call> {
    let killed_at = Arc::new(Mutex::new(BTreeSet::new()));
    for blow in KILLS.into_iter().cycle() {
        let gate = Gate::default();
        pipeline.proxy.add_script(at_another(&killed_at, blow, &gate));
        let mut child = pipeline.start(phase.command(), Stdio::null);
        let ended = tokio::select! {
            () = gate.reached() => None,
            ended = child.wait() => Some(ended.unwrap()),
        };
        child.kill().await.unwrap();
        pipeline.proxy.settled().await;
        pipeline.proxy.clear_rules();
        if let Some(status) = ended {
            assert!(status.success(), "{phase:?}: {status}");
            break;
        }
    }
    Arc::into_inner(killed_at).unwrap().into_inner().unwrap()
}

/// Strikes at the first operation that is not among these, and adds it. What comes after it waits for
/// the next run.
fn at_another(killed_at: &Arc<Mutex<BTreeSet<Call>>>, blow: Blow, gate: &Gate) -> Script {
    let (killed_at, gate) = (Arc::clone(killed_at), gate.clone());
    let has_struck = Mutex::new(false);
    Box::new(move |call| {
        let (mut killed_at, mut has_struck) =
            (killed_at.lock().unwrap(), has_struck.lock().unwrap());
        if !call.is_mutating() || killed_at.contains(call) {
            None
        } else if *has_struck {
            Some(Deed::HoldBefore(Gate::default()))
        } else {
            *has_struck = true;
            killed_at.insert(call.clone());
            Some(blow.deed(&call.service, &gate))
        }
    })
}

/// What is hit at once. Throttling, which slows all calls of a service down, has tests of its own, in
/// `behaviour`.
const FAULTS: [Blow; 3] = [Blow::Failed, Blow::Reset, Blow::Lost];

/// Every operation, reads too, is hit once in each phase: in three lives by each kind of fault.
pub(crate) async fn every_operation_survives_every_fault() {
    let undisturbed = Undisturbed::once().await;
    join_all((0..FAULTS.len()).map(|turn| with_faults(undisturbed, turn))).await;
}

async fn with_faults(undisturbed: &Undisturbed, turn: usize) {
    let life = Life::begin(undisturbed).await;
    let proxy = &life.pipeline.proxy;
    for phase in Phase::ALL {
        life.enter(phase).await;
        let firsts = undisturbed.calls(phase).into_iter().filter(|spot| spot.nth == 1);
        let faults = FAULTS.into_iter().cycle().skip(turn);
        let strike = |(spot, fault): (Spot, Blow)| {
            let deed = fault.deed(&spot.call.service, &Gate::default());
            (proxy.strike(&spot, deed), spot, fault)
        };
        let hits: Vec<_> = firsts.zip(faults).map(strike).collect();
        let run = life.pipeline.run(phase.command()).await;
        proxy.clear_rules();
        assert_eq!(run.code, 0, "{phase:?}: {run}");
        for (has_come, spot, fault) in hits {
            assert!(has_come.load(Ordering::SeqCst), "{phase:?}: {spot} {fault:?} never came");
        }
        assert_eq!(life.wrong_after(phase).await, None, "{phase:?}: {run}");
    }
    life.pipeline.is_over();
}
