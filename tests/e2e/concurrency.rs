//! Two runs at once on one stack: each ends well or says why not, nothing is made twice, nothing of
//! others is lost, and the next run makes the stack whole.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_s3::types::{
    Event, FilterRule, FilterRuleName, NotificationConfigurationFilter, S3KeyFilter,
    TopicConfiguration,
};
use futures_util::future::join;
use imgprep_testkit::faults::{Deed, Spot};
use imgprep_testkit::lives::Undisturbed;
use imgprep_testkit::matrix::Matrix;
use imgprep_testkit::snapshot::{difference, not_one};
use imgprep_testkit::{Pipeline, lives};
use serde_json::{Value, json};

/// How often each pair of runs meets.
const ROUNDS: u64 = 4;
/// The longest that a call is held up, about as long as a few calls take.
const JITTER_MILLIS_MAX: u64 = 60;

const UP: [&str; 2] = ["up", "--yes"];
const DOWN: [&str; 2] = ["down", "--yes"];

pub(crate) async fn two_ups_make_one_stack() {
    let pipeline = lives::pipeline("both").await;
    pipeline.up();
    let whole = pipeline.snapshot().await;
    assert_eq!(not_one(&whole), Vec::<String>::new());
    for round in 0..ROUNDS {
        leaves_nothing(&pipeline).await;
        meet(&pipeline, round, UP, UP).await;
        becomes(&pipeline, &whole).await;
    }
    leaves_nothing(&pipeline).await;
}

pub(crate) async fn two_updates_keep_what_is_not_ours() {
    let pipeline = lives::pipeline("update").await;
    pipeline.up();
    put_foreign(&pipeline).await;
    change(&pipeline, true);
    pipeline.up();
    let changed = pipeline.snapshot().await;
    assert_eq!(changed.to_string().matches("\"Theirs\"").count(), 2, "{changed:#}");
    assert!(changed.to_string().contains("their-entry"), "{changed:#}");
    for round in 0..ROUNDS {
        change(&pipeline, false);
        pipeline.up();
        change(&pipeline, true);
        meet(&pipeline, round, UP, UP).await;
        becomes(&pipeline, &changed).await;
    }
    pipeline.down();
    let theirs = pipeline.arn("sns", "theirs");
    pipeline.aws.sns.delete_topic().topic_arn(theirs).send().await.unwrap();
    leaves_nothing(&pipeline).await;
}

pub(crate) async fn an_up_and_a_down_leave_what_the_next_run_completes() {
    let pipeline = lives::pipeline("against").await;
    pipeline.up();
    change(&pipeline, true);
    pipeline.up();
    let changed = pipeline.snapshot().await;
    for round in 0..ROUNDS {
        change(&pipeline, false);
        pipeline.up();
        change(&pipeline, true);
        meet(&pipeline, round, UP, DOWN).await;
        becomes(&pipeline, &changed).await;
    }
    leaves_nothing(&pipeline).await;
}

pub(crate) async fn two_downs_leave_nothing() {
    let pipeline = lives::pipeline("gone").await;
    for round in 0..ROUNDS {
        pipeline.up();
        meet(&pipeline, round, DOWN, DOWN).await;
        leaves_nothing(&pipeline).await;
    }
}

/// Held just before it first changes something at a service, a run is overtaken by a whole other one.
/// `tests/matrix` has it so at every change.
pub(crate) async fn a_run_that_is_overtaken_at_any_service_harms_nothing() {
    let undisturbed = Undisturbed::once().await;
    Matrix::of_overtaking(undisturbed, at_each_service).await.assert_fine();
}

fn at_each_service(spots: &[Spot]) -> Vec<Spot> {
    let services = spots.chunk_by(|one, other| one.call.service == other.call.service);
    services.map(|spots| spots[0].clone()).collect()
}

/// Runs both at once. A run that fails says what could not be done, why, and what to do.
async fn meet(pipeline: &Pipeline, round: u64, one: [&str; 2], other: [&str; 2]) {
    let count = AtomicU64::new(round);
    pipeline.proxy.add_script(Box::new(move |_| {
        let count = count.fetch_add(1, Ordering::Relaxed);
        // Different for every call and every round, and the same in every run of the tests.
        let scrambled = (count + round).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        Some(Deed::Delay(Duration::from_millis(scrambled % JITTER_MILLIS_MAX)))
    }));
    let (one, other) = join(pipeline.run(&one), pipeline.run(&other)).await;
    pipeline.proxy.clear_rules();
    for output in [one, other] {
        assert_eq!(output.not_plain(), None);
    }
}

/// One calm `up` is enough.
async fn becomes(pipeline: &Pipeline, whole: &Value) {
    pipeline.up();
    pipeline.assert_whole();
    let now = pipeline.snapshot().await;
    assert!(now == *whole, "{}", difference(whole, &now));
}

async fn leaves_nothing(pipeline: &Pipeline) {
    pipeline.down();
    assert_eq!(pipeline.aws.inventory().await, Vec::<String>::new());
}

/// Changes every resource that the file can change, or takes that back.
fn change(pipeline: &Pipeline, is_to_be: bool) {
    let edits = [
        ("code = \"function.zip\"\n", "code = \"function.zip\"\nmemory = 512\n"),
        ("size = \"800x600\"\n", "size = \"800x600\"\nquality = 70\n"),
        ("size = \"400x300\"\n", "size = \"400x300\"\n\n[cdn]\nprice_class = \"200\"\n"),
        ("team = \"tests\"\n", "team = \"others\"\n"),
    ];
    for (before, after) in edits {
        let (from, to) = if is_to_be { (before, after) } else { (after, before) };
        pipeline.edit(from, to);
    }
}

/// A statement of others in both policies, and their notification beside ours.
async fn put_foreign(pipeline: &Pipeline) {
    let theirs = |action: &str, resource: String| {
        json!({
            "Sid": "Theirs", "Effect": "Allow", "Action": action, "Resource": resource,
            "Principal": { "AWS": format!("arn:aws:iam::{}:root", pipeline.account) },
        })
    };
    let mut statements = pipeline.topic_statements().await;
    statements.push(theirs("sns:Publish", pipeline.topic_arn()));
    pipeline.put_topic_statements(&statements).await;
    let mut statements = pipeline.bucket_statements().await;
    statements.push(theirs("s3:GetObject", format!("arn:aws:s3:::{}/theirs/*", pipeline.bucket)));
    pipeline.put_bucket_statements(&statements).await;
    let topic = pipeline.aws.sns.create_topic().name("theirs").send().await.unwrap();
    let rule = FilterRule::builder().name(FilterRuleName::Prefix).value("theirs/").build();
    let key = S3KeyFilter::builder().filter_rules(rule).build();
    let entry = TopicConfiguration::builder()
        .id("their-entry")
        .topic_arn(topic.topic_arn().unwrap())
        .events(Event::from("s3:ObjectCreated:*"))
        .filter(NotificationConfigurationFilter::builder().key(key).build())
        .build()
        .unwrap();
    let s3 = &pipeline.aws.s3;
    let get = s3.get_bucket_notification_configuration().bucket(&pipeline.bucket).send().await;
    let mut topics = get.unwrap().topic_configurations.unwrap_or_default();
    topics.push(entry);
    let all = aws_sdk_s3::types::NotificationConfiguration::builder();
    let all = all.set_topic_configurations(Some(topics)).build();
    let put = s3.put_bucket_notification_configuration().bucket(&pipeline.bucket);
    put.notification_configuration(all).send().await.unwrap();
}
