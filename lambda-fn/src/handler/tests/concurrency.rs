//! What goes on at the same time, and what waits for memory. Gates show it; nothing is timed.

use futures_util::{FutureExt, future::join};
use imaging::{
    engine::{Frame, Rendered},
    order::Order,
};
use tokio::{sync::mpsc, task::yield_now};

use super::{report::Report, *};
use crate::patience::Patient;

fn sized(key: &str, size: u64) -> Value {
    let mut record = record("ObjectCreated:Put", key, None);
    record["s3"]["object"]["size"] = json!(size);
    record
}

fn photos(keys: &[&str]) -> Tested {
    let tested = tested();
    for key in keys {
        tested.store.upload(key, photo());
    }
    tested
}

#[tokio::test(start_paused = true)]
async fn the_first_upload_begins_before_the_last_variant_is_made() {
    let tested = photos(&[]);
    let [first, second] = ["put 40x30/a", "put 20x15/a"].map(|call| tested.store.gate(call));
    let invocation =
        Invocation { request_id: "request-1", deadline: Instant::now() + Duration::from_secs(9) };
    let run = Run {
        store: Patient { store: &tested.store, deadline: invocation.deadline },
        log: &tested.log,
        settings: &tested.settings,
        limits: tested.limits,
        watermarks: &tested.watermarks,
        capacity: &tested.capacity,
        request_id: invocation.request_id,
        fresh_since: String::new(),
    };
    let (sender, receiver) = mpsc::channel(2);
    let report = Report::new(Some("v1".to_owned()), 0, Duration::ZERO);
    let rendered = |folder: &str| Rendered {
        folder: folder.to_owned(),
        bytes: photo(),
        content_type: "image/jpeg",
        width: 1,
        height: 1,
        frame: Frame { left: 0.0, top: 0.0, width: 1.0, height: 1.0 },
    };
    let rendering = async {
        sender.send(rendered("40x30")).await.unwrap();
        first.reached().await;
        // Only now is the second one finished; and the first is still on its way.
        sender.send(rendered("20x15")).await.unwrap();
        second.reached().await;
        first.open();
        second.open();
        drop(sender);
    };
    let (published, ()) = join(run.publish_all(&report, "originals/a", receiver), rendering).await;
    assert_eq!(published.unwrap().made.len(), 2);
    assert_eq!(tested.store.keys(), ["20x15/a", "40x30/a"]);
}

#[tokio::test(start_paused = true)]
async fn variants_of_one_image_are_uploaded_at_once() {
    let tested = photos(&["originals/a"]);
    let gates = ["put 40x30/a", "put 20x15/a"].map(|call| tested.store.gate(call));
    let event = event::for_keys("photos", ["originals/a"]);
    let watch = async {
        for gate in &gates {
            gate.reached().await;
        }
        for gate in &gates {
            gate.open();
        }
    };
    let (outcome, ()) = join(tested.handled_now(&event), watch).await;
    assert_eq!(outcome.unwrap().processed, ["originals/a"]);
}

#[tokio::test(start_paused = true)]
async fn several_originals_are_fetched_at_once() {
    let keys = ["originals/a", "originals/b", "originals/c"];
    let tested = photos(&keys);
    let gates = keys.map(|key| tested.store.gate(&format!("get {key}")));
    let event = event::for_keys("photos", keys);
    let watch = async {
        for gate in &gates {
            gate.reached().await;
        }
        for gate in &gates {
            gate.open();
        }
    };
    let (outcome, ()) = join(tested.handled_now(&event), watch).await;
    assert_eq!(outcome.unwrap().processed, keys);
}

#[tokio::test(start_paused = true)]
async fn no_more_originals_are_begun_than_there_is_room_for() {
    let keys = ["originals/a", "originals/b", "originals/c", "originals/d"];
    let tested = photos(&keys);
    let gates = keys.map(|key| tested.store.gate(&format!("get {key}")));
    let event = event::for_keys("photos", keys);
    let watch = async {
        for gate in &gates[..3] {
            gate.reached().await;
        }
        for _ in 0..100 {
            yield_now().await;
        }
        assert_eq!(tested.store.bucket().count("get"), 3);
        for gate in &gates {
            gate.open();
        }
    };
    let (outcome, ()) = join(tested.handled_now(&event), watch).await;
    assert_eq!(outcome.unwrap().processed, keys);
}

#[tokio::test(start_paused = true)]
async fn a_file_is_fetched_only_when_there_is_memory_for_it() {
    let keys = ["originals/a", "originals/b"];
    let mut tested = photos(&keys);
    tested.capacity = Capacity::new(1 << 20, 2);
    let gate = tested.store.gate("get originals/a");
    let event = records(&keys.map(|key| sized(key, 600 << 10)));
    let watch = async {
        gate.reached().await;
        for _ in 0..100 {
            yield_now().await;
        }
        assert_eq!(tested.store.bucket().count("get originals/b"), 0);
        gate.open();
    };
    let (outcome, ()) = join(tested.handled_now(&event), watch).await;
    assert_eq!(outcome.unwrap().processed, keys);
}

#[tokio::test(start_paused = true)]
async fn a_file_larger_than_announced_is_asked_for_again() {
    let tested = photos(&["originals/a"]);
    let event = records(&[sized("originals/a", 7)]);
    assert_eq!(tested.handled_now(&event).await.unwrap().processed, ["originals/a"]);
    assert_eq!(tested.store.bucket().count("get"), 2);
}

/// Nobody holds memory while waiting for more, or two could wait for each other.
#[tokio::test(start_paused = true)]
async fn an_image_that_needs_more_than_is_free_gives_back_what_it_has() {
    let mut tested = photos(&["originals/a"]);
    let file = photo();
    let opened = imaging::engine::open(&file, Order::of(&tested.settings.variants), &tested.limits);
    let needed = opened.unwrap().memory_needed();
    let size = photo().len() as u64;
    tested.capacity = Capacity::new(needed, 1);
    let others = tested.capacity.reserve(needed - size - 2048).await;
    let gate = tested.store.gate("get originals/a");
    let event = records(&[sized("originals/a", size)]);
    let watch = async {
        gate.reached().await;
        gate.open();
        for _ in 0..100 {
            yield_now().await;
        }
        // The job has the processor until it has found out.
        tested.capacity.processor().await;
        drop(others);
    };
    let (outcome, ()) = join(tested.handled_now(&event), watch).await;
    assert_eq!(outcome.unwrap().processed, ["originals/a"]);
    assert_eq!(tested.store.bucket().count("get"), 2);
}

#[tokio::test(start_paused = true)]
async fn everything_is_given_back_in_the_end() {
    let tested = photos(&["originals/a", "originals/b"]);
    tested.store.upload("originals/c", b"hello".to_vec());
    tested.store.gate("put 40x30/b");
    let event = event::for_keys("photos", ["originals/a", "originals/b", "originals/c"]);
    assert!(tested.handled_now(&event).await.is_err());
    let all = tested.capacity.reserve(u64::MAX).now_or_never();
    assert_eq!(all.map(|all| all.bytes()), Some(tested.limits.max_memory));
    for _ in 0..2 {
        assert!(tested.capacity.processor().now_or_never().is_some());
    }
}
