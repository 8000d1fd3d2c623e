//! The policies of the commands on images, and of `logs` and `init`: each command is run with its
//! own policy, and then without each part of it that it was seen to use.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use imgprep_testkit::{Pipeline, wait_for};
use serde_json::{Value, json};

use super::operator::{Operator, actions, for_the_emulator, needed, printed, without};
use crate::variants::{arrived, jpeg};

/// The groups of statements that are about objects: their Sids end so.
const OBJECTS: [&str; 3] = ["Images", "Objects", "Uploads"];

/// Asked for an estimate only, so that nothing fails without it.
const OPTIONAL: [&str; 2] = [METRIC, "lambda:GetAccountSettings"];
/// Asked only where there are more than a thousand originals.
const METRIC: &str = "cloudwatch:GetMetricStatistics";

/// A run, and what its policy is printed with.
struct Case {
    policy: &'static [&'static str],
    command: &'static [&'static str],
    code: i32,
    /// Gives the run something to do.
    prepare: Prepare,
}

type Prepare = for<'a> fn(&'a Pipeline) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

impl Case {
    const fn new(policy: &'static [&'static str], command: &'static [&'static str]) -> Self {
        Self { policy, command, code: 0, prepare: |_| Box::pin(async {}) }
    }

    const fn exits(self, code: i32) -> Self {
        Self { code, ..self }
    }

    const fn after(self, prepare: Prepare) -> Self {
        Self { prepare, ..self }
    }
}

const TRIALS: [Case; 7] = [
    Case::new(&["try"], &["try"]),
    // The log is looked into when nothing came.
    Case::new(&["try"], &["try", "--timeout", "0"]).exits(1),
    Case::new(&["logs"], &["logs"]),
    Case::new(&["status", "--images"], &["status", "--images"]),
    Case::new(&["backfill", "--dry-run"], &["backfill", "--dry-run"]),
    Case::new(&["backfill"], &["backfill", "--yes"])
        .after(|pipeline| Box::pin(variant_missing(pipeline))),
    Case::new(&["backfill", "--outdated"], &["backfill", "--outdated", "--yes"])
        .after(|pipeline| Box::pin(variant_missing(pipeline))),
];

const RETRIES: [Case; 5] = [
    Case::new(&["failures"], &["failures"]),
    Case::new(&["retry"], &["retry", "a.jpg"]),
    Case::new(&["retry"], &["retry", "--all"]).exits(1),
    Case::new(&["prune"], &["prune"]).after(|pipeline| Box::pin(left_over(pipeline))),
    Case::new(&["prune", "--yes"], &["prune", "--yes"])
        .after(|pipeline| Box::pin(left_over(pipeline))),
];

pub(crate) async fn nothing_can_be_taken_from_a_trial_or_a_backfill() {
    check(&TRIALS).await;
}

pub(crate) async fn nothing_can_be_taken_from_a_retry_or_a_prune() {
    check(&RETRIES).await;
}

/// What `init` may not see it takes for somebody else's.
pub(crate) async fn init_knows_a_bucket_only_with_its_policy() {
    let pipeline = Pipeline::new("named").await;
    pipeline.aws.s3.create_bucket().bucket(&pipeline.bucket).send().await.unwrap();
    std::fs::remove_file(pipeline.folder().join("pipeline.toml")).unwrap();
    let policy = printed(&pipeline, &["init"]);
    assert_eq!(pipeline.proxy.take_calls(), [], "the policy needs neither a file nor AWS");
    let operator = Operator::new(&pipeline).await;
    let mut called = BTreeSet::new();
    for (statements, availability) in [(policy.clone(), "yours"), (nothing(), "taken")] {
        operator.allow(&statements).await;
        let command = ["init", "--yes", "--json", "--bucket", &pipeline.bucket];
        let written = operator.imgprep(&command).exits(0).json();
        assert_eq!(written["bucket"]["availability"], availability, "{written:#}");
        std::fs::remove_file(pipeline.folder().join("pipeline.toml")).unwrap();
        called.extend(needed(&pipeline.proxy.take_calls()));
    }
    assert_eq!(called, actions(&policy));
    operator.dismiss().await;
    pipeline.aws.s3.delete_bucket().bucket(&pipeline.bucket).send().await.unwrap();
}

/// A statement that allows what nothing needs: no policy is empty.
fn nothing() -> Vec<Value> {
    vec![json!({ "Effect": "Allow", "Action": ["sts:GetCallerIdentity"], "Resource": ["*"] })]
}

async fn check(cases: &[Case]) {
    let pipeline = Pipeline::new("images").await.that_makes_images();
    pipeline.edit("[tags]", "[cdn]\nenabled = false\n\n[tags]");
    pipeline.up();
    images(&pipeline).await;
    let reads = actions(&printed(&pipeline, &["status"]));
    let operator = Operator::new(&pipeline).await;
    let mut uncalled: BTreeMap<&[&str], BTreeSet<String>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for case in cases {
        let policy = printed(&pipeline, case.policy);
        let calls = run_with_its_policy(&operator, case, &policy).await;
        let own: BTreeSet<String> = actions(&policy).difference(&reads).cloned().collect();
        let used = own.intersection(&calls).filter(|action| !OPTIONAL.contains(&action.as_str()));
        let mut parts: Vec<Part> = used.map(|action| Part::action(&policy, action)).collect();
        if !uncalled.contains_key(case.policy) {
            parts.extend(Part::objects(&policy));
        }
        for part in parts {
            wrong.extend(run_without(&operator, case, &part).await);
        }
        let left = uncalled.entry(case.policy).or_insert(own);
        left.retain(|action| !calls.contains(action) && action != METRIC);
    }
    operator.dismiss().await;
    uncalled.retain(|_, left| !left.is_empty());
    assert!(uncalled.is_empty(), "granted and never called: {uncalled:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Proves that a command makes do with its policy. Answers with the actions that it called.
async fn run_with_its_policy(
    operator: &Operator<'_>,
    case: &Case,
    policy: &[Value],
) -> BTreeSet<String> {
    (case.prepare)(operator.pipeline).await;
    operator.allow(&for_the_emulator(policy)).await;
    operator.pipeline.proxy.take_calls();
    let output = operator.imgprep(case.command).exits(case.code);
    assert!(!output.stderr.contains("not authorized"), "{output}");
    let calls = needed(&operator.pipeline.proxy.take_calls());
    let lacking: Vec<_> = calls.difference(&actions(policy)).cloned().collect();
    assert!(lacking.is_empty(), "{:?} lacks {lacking:?}", case.policy);
    calls
}

/// A part of a policy, and the policy without it.
struct Part {
    name: String,
    /// One of these is what is missing then.
    actions: BTreeSet<String>,
    rest: Vec<Value>,
}

impl Part {
    fn action(policy: &[Value], action: &str) -> Self {
        let rest = without(policy, &[action]);
        Self { name: action.to_owned(), actions: [action.to_owned()].into(), rest }
    }

    /// Each resource of each statement about objects.
    fn objects(policy: &[Value]) -> Vec<Self> {
        let mut parts = Vec::new();
        for (place, statement) in policy.iter().enumerate() {
            let sid = statement["Sid"].as_str().unwrap();
            if !OBJECTS.iter().any(|group| sid.ends_with(group)) {
                continue;
            }
            let resources = statement["Resource"].as_array().unwrap();
            for gone in resources {
                let mut rest = policy.to_vec();
                let kept = resources.iter().filter(|resource| *resource != gone);
                rest[place]["Resource"] = kept.cloned().collect();
                rest.retain(|statement| statement["Resource"] != json!([]));
                let actions = actions(std::slice::from_ref(statement));
                parts.push(Self { name: format!("{sid} on {gone}"), actions, rest });
            }
        }
        parts
    }
}

/// What is wrong with a run that lacks a part of its policy and does not say so.
async fn run_without(operator: &Operator<'_>, case: &Case, part: &Part) -> Option<String> {
    (case.prepare)(operator.pipeline).await;
    let statements = [for_the_emulator(&part.rest), nothing()].concat();
    operator.allow(&statements).await;
    let output = operator.imgprep(case.command);
    let said = part.actions.iter().any(|action| output.stderr.contains(action.as_str()));
    // A trial that could not tidy up is no failure.
    let is_refused = said && (output.code == 1 || output.stderr.contains("warning: "));
    (!is_refused).then(|| format!("without {}: {output}", part.name))
}

/// An original with its variants, and two that cannot be processed. The record of one of them has a
/// name that is cut off, for a key is 1,024 bytes at most.
async fn images(pipeline: &Pipeline) {
    pipeline.upload("originals/a.jpg", &jpeg(640, 480)).await;
    pipeline.upload("originals/bad.jpg", b"notes").await;
    let long = format!("originals/{}.jpg", "l".repeat(1024 - "originals/.jpg".len()));
    pipeline.upload(&long, b"notes").await;
    for key in ["800x600/a.jpg", "400x300/a.jpg"] {
        arrived(pipeline, key).await;
    }
    wait_for("both records", async || {
        let keys = pipeline.keys().await.unwrap();
        (keys.iter().filter(|key| key.starts_with("failed/")).count() == 2).then_some(())
    })
    .await;
}

async fn variant_missing(pipeline: &Pipeline) {
    let delete = pipeline.aws.s3.delete_object().bucket(&pipeline.bucket).key("400x300/a.jpg");
    delete.send().await.unwrap();
}

/// Variants and a record without their original, and the folder of a size that left the file, with
/// an image and an upload that broke off.
async fn left_over(pipeline: &Pipeline) {
    let (s3, bucket) = (&pipeline.aws.s3, &pipeline.bucket);
    // What is deleted for good is a version; without versions the emulator names none.
    let versions =
        VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    let enable = s3.put_bucket_versioning().bucket(bucket).versioning_configuration(versions);
    enable.send().await.unwrap();
    let put = async |key: &str, metadata: (&str, &str), bytes: Vec<u8>| {
        let put = s3.put_object().bucket(bucket).key(key).metadata(metadata.0, metadata.1);
        put.body(ByteStream::from(bytes)).send().await.unwrap();
    };
    for folder in ["400x300", "800x600"] {
        put(&format!("{folder}/gone.jpg"), ("imgprep-source", "etag"), jpeg(40, 30)).await;
    }
    put("200x200/", ("imgprep-stack", &pipeline.stack), Vec::new()).await;
    put("200x200/a.jpg", ("imgprep-source", "etag"), jpeg(20, 20)).await;
    let record = pipeline.object("failed/bad.jpg.json").await.unwrap();
    let mut record: Value = serde_json::from_slice(&record.bytes).unwrap();
    record["key"] = "originals/gone.jpg".into();
    pipeline.upload("failed/gone.jpg.json", record.to_string().as_bytes()).await;
    let begin = s3.create_multipart_upload().bucket(bucket).key("200x200/b.jpg");
    begin.send().await.unwrap();
}
