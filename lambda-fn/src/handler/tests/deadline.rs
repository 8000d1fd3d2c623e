//! The end of an invocation's time, on a clock that jumps to it.

use super::*;

#[tokio::test(start_paused = true)]
async fn what_does_not_pass_in_time_is_an_error_with_its_cause() {
    let tested = tested();
    tested.store.upload("originals/a", photo());
    tested.store.bucket().failing.push("put 40x30/a".to_owned());
    let started = Instant::now();
    let error = tested.handled_now(&event::for_keys("photos", ["originals/a"])).await;
    assert_eq!(
        error.unwrap_err().originals,
        [("originals/a".to_owned(), Setback::Store(passing("put")))]
    );
    assert!(started.elapsed() < TIME, "it ended in time to answer");
    // With the longest pauses there is time for eight attempts; half of their length is usual.
    let attempts = tested.store.bucket().count("put 40x30/a");
    assert!(attempts >= 8, "{attempts} attempts");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_is_given_up_in_time() {
    let tested = tested();
    tested.store.upload("originals/a", photo());
    tested.store.upload("originals/b", photo());
    tested.store.gate("put 40x30/a");
    let started = Instant::now();
    let event = event::for_keys("photos", ["originals/a", "originals/b"]);
    let error = tested.handled_now(&event).await.unwrap_err();
    assert_eq!(error.originals, [("originals/a".to_owned(), Setback::OutOfTime)]);
    assert_eq!(started.elapsed(), TIME);
    let line = tested.lines().into_iter().find(|line| line["key"] == "originals/a").unwrap();
    assert_eq!(line["message"], "to be retried");
    assert!(tested.store.keys().contains(&"40x30/b".to_owned()), "the other one is done");
}

#[tokio::test(start_paused = true)]
async fn no_image_fails_for_what_is_only_tidying() {
    let mut tested = tested();
    tested.settings.invalidate = Some("E123".to_owned());
    tested.store.upload("originals/a", photo());
    for call in ["head failed/a.json", "invalidate E123", "head 40x30/a"] {
        tested.store.gate(call);
    }
    let event = event::for_keys("photos", ["originals/a"]);
    let outcome = tested.handled_now(&event).await.unwrap();
    assert_eq!(outcome.processed, ["originals/a"]);
    let warnings = tested.lines().iter().filter(|line| line["message"] == "incomplete").count();
    assert_eq!(warnings, 2);
}

#[tokio::test(start_paused = true)]
async fn time_that_is_over_is_told_before_anything_is_done() {
    let tested = tested();
    tested.store.upload("originals/a", photo());
    tested.store.gate("get originals/a");
    let invocation = Invocation { request_id: "request-1", deadline: Instant::now() };
    let event = event::for_keys("photos", ["originals/a"]);
    let error = tested.handle(&event, invocation).await.unwrap_err();
    assert_eq!(error.originals, [("originals/a".to_owned(), Setback::OutOfTime)]);
}

/// A processor that an earlier invocation left behind at work is not there for this one.
#[tokio::test(start_paused = true)]
async fn waiting_for_a_processor_ends_in_time() {
    let mut tested = tested();
    tested.capacity = Capacity::new(tested.limits.max_memory, 1);
    tested.store.upload("originals/a", photo());
    let busy = tested.capacity.processor().await;
    let event = event::for_keys("photos", ["originals/a"]);
    let error = tested.handled_now(&event).await.unwrap_err();
    assert_eq!(error.originals, [("originals/a".to_owned(), Setback::OutOfTime)]);
    drop(busy);
    assert_eq!(tested.handled_now(&event).await.unwrap().processed, ["originals/a"]);
}
