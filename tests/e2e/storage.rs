//! How the bucket keeps its objects: storage classes, expiry, versions, and what they mean for the
//! commands on images.

use std::collections::BTreeMap;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketVersioningStatus, ExpirationStatus, LifecycleExpiration,
    LifecycleRule, LifecycleRuleAndOperator, LifecycleRuleFilter, NoncurrentVersionExpiration,
    NoncurrentVersionTransition, StorageClass, Tag, Transition, TransitionStorageClass,
    VersioningConfiguration,
};
use contract::settings::SOURCE_METADATA;
use imgprep_testkit::{Pipeline, resource};
use serde_json::{Value, json};

use crate::permissions::operator::Operator;

const KEYS: &str = "originals_storage = \"glacier-instant\"\nexpire_originals_days = 400\n";
const VERSIONS: &str = "versioning = true\n";

/// Adds keys to the section of the bucket.
pub(crate) fn add_keys(pipeline: &Pipeline, keys: &str) {
    let bucket = format!("[bucket]\nname = \"{}\"\n", pipeline.bucket);
    pipeline.edit(&bucket, &format!("{bucket}{keys}"));
}

fn filter(prefix: &str) -> LifecycleRuleFilter {
    LifecycleRuleFilter::builder().prefix(prefix).build()
}

/// A rule of somebody else's with everything that a rule can say.
fn theirs() -> LifecycleRule {
    let tag = |key: &str| Tag::builder().key(key).value("yes").build().unwrap();
    let and = LifecycleRuleAndOperator::builder().prefix("logs/").tags(tag("a")).tags(tag("b"));
    let and = and.object_size_greater_than(7).object_size_less_than(7000).build();
    let moved = NoncurrentVersionTransition::builder().noncurrent_days(30);
    let moved = moved.newer_noncurrent_versions(2);
    LifecycleRule::builder()
        .id("theirs")
        .status(ExpirationStatus::Disabled)
        .filter(LifecycleRuleFilter::builder().and(and).build())
        .transitions(
            Transition::builder().days(90).storage_class(TransitionStorageClass::Glacier).build(),
        )
        .expiration(LifecycleExpiration::builder().days(365).build())
        .noncurrent_version_transitions(
            moved.storage_class(TransitionStorageClass::StandardIa).build(),
        )
        .noncurrent_version_expiration(
            NoncurrentVersionExpiration::builder()
                .noncurrent_days(99)
                .newer_noncurrent_versions(3)
                .build(),
        )
        .build()
        .unwrap()
}

pub(crate) async fn put_rules(pipeline: &Pipeline, rules: Vec<LifecycleRule>) {
    let rules = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().unwrap();
    let put = pipeline.aws.s3.put_bucket_lifecycle_configuration().bucket(&pipeline.bucket);
    put.lifecycle_configuration(rules).send().await.unwrap();
}

/// The bucket's rules by their IDs; none where there is no configuration.
pub(crate) async fn rules(pipeline: &Pipeline) -> BTreeMap<String, LifecycleRule> {
    let get = pipeline.aws.s3.get_bucket_lifecycle_configuration().bucket(&pipeline.bucket);
    let rules = get.send().await.map(|answer| answer.rules.unwrap_or_default());
    let rules = rules.unwrap_or_default().into_iter();
    rules.map(|rule| (rule.id().unwrap_or_default().to_owned(), rule)).collect()
}

pub(crate) async fn put_versioning(pipeline: &Pipeline, status: BucketVersioningStatus) {
    let versioning = VersioningConfiguration::builder().status(status).build();
    let put = pipeline.aws.s3.put_bucket_versioning().bucket(&pipeline.bucket);
    put.versioning_configuration(versioning).send().await.unwrap();
}

async fn versioning(pipeline: &Pipeline) -> Option<BucketVersioningStatus> {
    let get = pipeline.aws.s3.get_bucket_versioning().bucket(&pipeline.bucket);
    get.send().await.unwrap().status
}

fn ids(pipeline: &Pipeline, names: &[&str]) -> Vec<String> {
    let mut ids: Vec<String> =
        names.iter().map(|name| format!("imgprep-{}:{name}", pipeline.stack)).collect();
    ids.sort();
    ids
}

async fn ours(pipeline: &Pipeline) -> Vec<String> {
    rules(pipeline).await.into_keys().filter(|id| id != "theirs").collect()
}

pub(crate) async fn rules_come_and_go_with_their_keys_and_others_stay() {
    let pipeline = Pipeline::new("lifecycle").await;
    pipeline.up();
    let asked = pipeline.proxy.take_calls();
    assert!(
        asked.iter().all(|call| !call.to_string().contains("Versioning")),
        "nobody asked for versions"
    );
    assert_eq!((rules(&pipeline).await, versioning(&pipeline).await), (BTreeMap::new(), None));
    put_rules(&pipeline, vec![theirs()]).await;
    pipeline.assert_whole();

    add_keys(&pipeline, KEYS);
    let plan = pipeline.imgprep(&["plan"]).exits(0);
    let said = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for sentence in ["included: $0.02 per 1,000", "delete originals 400 days after their upload"] {
        assert!(said.contains(sentence), "{sentence}: {plan}");
    }
    pipeline.proxy.take_calls();
    pipeline.up();
    assert_eq!(pipeline.proxy.take_mutating(), ["s3:PutBucketLifecycleConfiguration"]);
    assert_eq!(ours(&pipeline).await, ids(&pipeline, &["expiry", "storage", "uploads"]));
    let there = rules(&pipeline).await;
    assert_eq!(there["theirs"], theirs());
    for rule in there.values().filter(|rule| rule.id() != Some("theirs")) {
        assert_eq!(rule.filter(), Some(&filter("originals/")));
    }
    pipeline.assert_whole();

    add_keys(&pipeline, VERSIONS);
    pipeline.proxy.take_calls();
    pipeline.up();
    let writes = ["s3:PutBucketLifecycleConfiguration", "s3:PutBucketVersioning"];
    assert_eq!(pipeline.proxy.take_mutating(), writes);
    assert_eq!(versioning(&pipeline).await, Some(BucketVersioningStatus::Enabled));
    let all = [
        "expiry",
        "storage",
        "uploads",
        "800x600/",
        "400x300/",
        "failed/",
        "originals/imgprep-try/",
    ];
    assert_eq!(ours(&pipeline).await, ids(&pipeline, &all));
    pipeline.assert_whole();

    pipeline.edit(VERSIONS, "");
    let status = pipeline.status(4);
    let bucket = resource(&status, "bucket");
    assert!(bucket["note"].as_str().unwrap().starts_with("S3 can suspend versioning"), "{bucket}");
    pipeline.proxy.take_calls();
    pipeline.up();
    let calls = pipeline.proxy.take_calls();
    let calls = calls.iter().filter(|call| call.is_mutating()).map(ToString::to_string);
    // The rules tell a later run of the versions, so they go last.
    assert_eq!(calls.collect::<Vec<_>>(), [writes[1], writes[0]]);
    assert_eq!(versioning(&pipeline).await, Some(BucketVersioningStatus::Suspended));
    assert_eq!(ours(&pipeline).await, ids(&pipeline, &["expiry", "storage", "uploads"]));
    pipeline.assert_whole();

    pipeline.edit(KEYS, "");
    pipeline.up();
    assert_eq!(rules(&pipeline).await.into_values().collect::<Vec<_>>(), [theirs()]);
    pipeline.proxy.take_calls();
    pipeline.assert_whole();
    let asked = pipeline.proxy.take_calls();
    assert!(
        asked.iter().all(|call| !call.to_string().contains("Versioning")),
        "nobody asked for versions"
    );
}

/// What somebody else's rule does to originals is no error to S3: it is said, and nothing is stopped.
/// What `down` leaves because images are in it goes on as it is, and not away by and by.
pub(crate) async fn a_bucket_that_is_kept_deletes_nothing() {
    let pipeline = Pipeline::new("kept-rules").await;
    add_keys(&pipeline, KEYS);
    let plan = pipeline.imgprep(&["up", "--yes", "--json"]).exits(0).json();
    assert_eq!(resource(&plan, "bucket").get("irreversible"), None, "there is nothing to lose");
    put_rules(&pipeline, rules(&pipeline).await.into_values().chain([theirs()]).collect()).await;
    pipeline.upload("originals/a.jpg", b"a photo").await;
    pipeline.edit("expire_originals_days = 400", "expire_originals_days = 40");
    let plan = pipeline.imgprep(&["plan", "--json"]).exits(0).json();
    assert_eq!(resource(&plan, "bucket")["irreversible"], true);
    let down = pipeline.imgprep(&["down", "--yes"]).exits(0);
    assert!(down.stdout.contains("bucket kept because it holds"), "{down}");
    assert_eq!(rules(&pipeline).await.into_keys().collect::<Vec<_>>(), ["theirs"]);
    pipeline.proxy.take_calls();
    pipeline.imgprep(&["down", "--yes"]).exits(0);
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
}

pub(crate) async fn a_rule_of_others_about_originals_is_named() {
    let pipeline = Pipeline::new("rival").await;
    pipeline.up();
    let expiration = LifecycleExpiration::builder().days(30).build();
    let rival = LifecycleRule::builder().id("archive").filter(filter("")).expiration(expiration);
    put_rules(&pipeline, vec![rival.status(ExpirationStatus::Enabled).build().unwrap()]).await;
    assert_eq!(resource(&pipeline.status(0), "bucket")["note"], Value::Null);
    add_keys(&pipeline, KEYS);
    pipeline.up();
    let status = pipeline.status(0);
    assert_eq!(
        resource(&status, "bucket")["note"],
        "the lifecycle rule `archive`, which is not imgprep's, also expires all objects: S3 does \
         whatever is due first; remove that rule or the keys in the file"
    );
    pipeline.assert_whole();
}

/// Of a bucket that was there before and stays, `down` takes our rules alone, and never its versions.
pub(crate) async fn an_adopted_bucket_keeps_rules_and_versions() {
    let pipeline = Pipeline::new("storage-back").await;
    pipeline.aws.s3.create_bucket().bucket(&pipeline.bucket).send().await.unwrap();
    put_rules(&pipeline, vec![theirs()]).await;
    put_versioning(&pipeline, BucketVersioningStatus::Enabled).await;
    add_keys(&pipeline, VERSIONS);
    pipeline.imgprep(&["up", "--yes", "--adopt"]).exits(0);
    assert_eq!(ours(&pipeline).await.len(), 5);
    pipeline.edit(VERSIONS, "");
    pipeline.up();
    pipeline.assert_whole();
    assert_eq!(ours(&pipeline).await, [""; 0]);
    assert_eq!(versioning(&pipeline).await, Some(BucketVersioningStatus::Enabled));
    add_keys(&pipeline, VERSIONS);
    pipeline.up();
    pipeline.down();
    assert_eq!(rules(&pipeline).await.into_values().collect::<Vec<_>>(), [theirs()]);
    assert_eq!(versioning(&pipeline).await, Some(BucketVersioningStatus::Enabled));
    let (s3, bucket) = (&pipeline.aws.s3, &pipeline.bucket);
    let list = s3.list_object_versions().bucket(bucket).send().await.unwrap();
    let versions = list.versions().iter().map(|it| (it.key(), it.version_id()));
    let markers = list.delete_markers().iter().map(|it| (it.key(), it.version_id()));
    for (key, version) in versions.chain(markers) {
        let delete = s3.delete_object().bucket(bucket).key(key.unwrap());
        delete.set_version_id(version.map(str::to_owned)).send().await.unwrap();
    }
    s3.delete_bucket().bucket(bucket).send().await.unwrap();
}

/// Who may not read the rules, and asks for none, learns so and is not stopped.
pub(crate) async fn without_the_keys_the_rules_need_not_be_readable() {
    let pipeline = Pipeline::new("rules-denied").await;
    pipeline.up();
    let operator = Operator::new(&pipeline).await;
    let statement =
        |effect: &str, action: &str| json!({ "Effect": effect, "Action": action, "Resource": "*" });
    let denied = [
        statement("Allow", "*"),
        statement("Deny", "s3:GetLifecycleConfiguration"),
        statement("Deny", "s3:GetBucketVersioning"),
    ];
    operator.allow(&denied).await;
    let status = operator.imgprep(&["status", "--json"]).exits(0).json();
    let note = resource(&status, "bucket")["note"].as_str().unwrap().to_owned();
    let known = "cannot tell whether a lifecycle rule of imgprep is left: ";
    assert!(note.starts_with(known), "{note}");
    operator.imgprep(&["plan", "--exit-code"]).exits(0);
    add_keys(&pipeline, KEYS);
    let denied = operator.imgprep(&["status", "--json"]).exits(1).error();
    assert!(denied.hint.contains("s3:GetLifecycleConfiguration"), "{denied:?}");
    operator.dismiss().await;
}

/// A bucket with versions is empty only when versions and markers are gone, too.
pub(crate) async fn a_bucket_with_versions_is_emptied() {
    let pipeline = Pipeline::new("versions-gone").await;
    add_keys(&pipeline, VERSIONS);
    pipeline.up();
    for content in ["old", "new"] {
        pipeline.upload("800x600/a.jpg", content.as_bytes()).await;
    }
    let delete = pipeline.aws.s3.delete_object().bucket(&pipeline.bucket).key("800x600/a.jpg");
    assert_eq!(delete.send().await.unwrap().delete_marker, Some(true));
    let kept = pipeline.down();
    assert!(kept.stdout.contains("3 objects") || kept.stderr.contains("3 objects"), "{kept}");
    pipeline.imgprep(&["down", "--yes", "--delete-images"]).exits(0);
    pipeline.aws.s3.head_bucket().bucket(&pipeline.bucket).send().await.unwrap_err();
}

async fn put(pipeline: &Pipeline, key: &str, class: StorageClass) {
    let put = pipeline.aws.s3.put_object().bucket(&pipeline.bucket).key(key);
    let put = put.storage_class(class).metadata(SOURCE_METADATA, "etag");
    put.body(ByteStream::from_static(b"image")).send().await.unwrap();
}

/// Nothing can be made of an original in an archive, and it is not sent again and again.
pub(crate) async fn archived_originals_are_skipped_and_counted() {
    let pipeline = Pipeline::new("archived").await;
    pipeline.up();
    for (key, class) in [
        ("originals/glacier.jpg", StorageClass::Glacier),
        ("originals/deep.jpg", StorageClass::DeepArchive),
        ("originals/instant.jpg", StorageClass::GlacierIr),
        ("originals/tiered.jpg", StorageClass::IntelligentTiering),
    ] {
        put(&pipeline, key, class).await;
    }
    // What has all that it needs may be where it likes.
    put(&pipeline, "originals/whole.jpg", StorageClass::Glacier).await;
    for key in ["800x600/whole.jpg", "400x300/whole.jpg"] {
        put(&pipeline, key, StorageClass::Standard).await;
    }
    let plan = pipeline.imgprep(&["backfill", "--dry-run", "--json"]).exits(0).json();
    assert_eq!((&plan["archived"], &plan["to_process"]), (&json!(2), &json!(2)));
    assert_eq!(plan["missing"], json!({ "800x600": 2, "400x300": 2 }));
    let all = pipeline.imgprep(&["backfill", "--all", "--dry-run", "--json"]).exits(0).json();
    assert_eq!((&all["archived"], &all["to_process"]), (&json!(3), &json!(2)));
    let shown = pipeline.imgprep(&["backfill", "--dry-run"]).exits(0);
    assert!(shown.stdout.contains("  2 archived originals skipped; restore them,"), "{shown}");
    let status = pipeline.imgprep(&["status", "--images", "--json"]).exits(0).json();
    assert_eq!(status["images"]["archived"], 2);
}

/// Where originals expire, variants are all that is left of an image.
pub(crate) async fn variants_of_expired_originals_are_not_left_over() {
    let pipeline = Pipeline::new("expired").await;
    pipeline.up();
    put(&pipeline, "800x600/a.jpg", StorageClass::Standard).await;
    let orphans = |pipeline: &Pipeline| {
        let status = pipeline.imgprep(&["status", "--images", "--json"]).exits(0).json();
        let pruned = pipeline.imgprep(&["prune", "--json"]).exits(0).json();
        (status["images"]["orphans"].clone(), pruned["orphans"].clone())
    };
    assert_eq!(orphans(&pipeline), (json!(1), json!({ "800x600": 1 })));
    add_keys(&pipeline, KEYS);
    pipeline.up();
    assert_eq!(orphans(&pipeline), (json!(0), json!({})));
    let pruned = pipeline.imgprep(&["prune", "--yes"]).exits(0);
    assert!(pruned.stdout.ends_with("nothing to prune\n"), "{pruned}");
    assert!(pipeline.object("800x600/a.jpg").await.is_some());
}
