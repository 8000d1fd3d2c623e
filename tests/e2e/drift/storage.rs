//! Rows of bucket, folders and notification.

use aws_sdk_s3::types::{
    Event, FilterRule, FilterRuleName, NotificationConfiguration, NotificationConfigurationFilter,
    ObjectOwnership, OwnershipControls, OwnershipControlsRule, PublicAccessBlockConfiguration,
    S3KeyFilter, TopicConfiguration,
};
use imgprep_testkit::clients::without;
use imgprep_testkit::{Pipeline, changed};
use serde_json::json;

use super::{Change, Row, check, row, tag_rows};

const DENIAL: &str = "policy.Statement[ImgprepDenyPlainHttp]";
const READING: &str = "bucket_policy.Statement[ImgprepAllowCloudFront]";

pub(crate) async fn every_change_by_hand_to_storage_is_shown_and_repaired() {
    let pipeline = Pipeline::new("drift-s3").await;
    let mut rows = access_rows();
    rows.extend(bucket_rows());
    rows.extend(policy_rows());
    rows.extend(folder_rows());
    rows.extend(notification_rows(&pipeline).await);
    check(&pipeline, rows).await;
}

/// The flags of a public access block by their names in fields.
pub(super) const FLAGS: [&str; 4] = [
    "public_access_block.block_public_acls",
    "public_access_block.ignore_public_acls",
    "public_access_block.block_public_policy",
    "public_access_block.restrict_public_buckets",
];
pub(super) const PUT_ACCESS: &[&str] = &["s3:PutPublicAccessBlock"];

fn access_rows() -> Vec<Row> {
    let changes: [Change; 4] = [
        |p| Box::pin(put_access_block(p, [false, true, true, true])),
        |p| Box::pin(put_access_block(p, [true, false, true, true])),
        |p| Box::pin(put_access_block(p, [true, true, false, true])),
        |p| Box::pin(put_access_block(p, [true, true, true, false])),
    ];
    let opened = FLAGS.into_iter().zip(changes).map(|(flag, change)| {
        row(format!("bucket: {flag} off"), change, PUT_ACCESS).shows("bucket", flag, (false, true))
    });
    let removed = row(
        "bucket: public access block removed",
        |p| Box::pin(access_block_removed(p)),
        PUT_ACCESS,
    );
    let removed = FLAGS.into_iter().fold(removed, |row, flag| row.lacks("bucket", flag));
    opened.chain([removed]).collect()
}

fn bucket_rows() -> Vec<Row> {
    let mut rows = vec![
        row(
            "bucket: encryption",
            |p| Box::pin(changed::encryption(p)),
            &["s3:PutBucketEncryption"],
        )
        .shows("bucket", "encryption", ("aws:kms", "AES256")),
        row(
            "bucket: ownership",
            |p| Box::pin(put_ownership(p, ObjectOwnership::ObjectWriter)),
            &["s3:PutBucketOwnershipControls"],
        )
        .shows("bucket", "ownership", ("ObjectWriter", "BucketOwnerEnforced")),
    ];
    let tags: [Change; 2] =
        [|p| Box::pin(bucket_tag(p, None)), |p| Box::pin(bucket_tag(p, Some("others")))];
    rows.extend(tag_rows("bucket", tags, "s3:PutBucketTagging"));
    rows
}

fn policy_rows() -> Vec<Row> {
    const PUT: &[&str] = &["s3:PutBucketPolicy"];
    vec![
        row(
            "bucket: denial removed",
            |p| Box::pin(statement_removed(p, "ImgprepDenyPlainHttp")),
            PUT,
        )
        .lacks("bucket", DENIAL),
        row("bucket: denial narrowed", |p| Box::pin(denial_narrowed(p)), PUT)
            .has_other("bucket", DENIAL),
        row(
            "cdn: reading removed",
            |p| Box::pin(statement_removed(p, "ImgprepAllowCloudFront")),
            PUT,
        )
        .lacks("cdn", READING),
        row("cdn: reading for everybody", |p| Box::pin(reading_widened(p)), PUT)
            .has_other("cdn", READING),
        row(
            "bucket: policy removed",
            |p| Box::pin(policy_removed(p)),
            &["s3:PutBucketPolicy", "s3:PutBucketPolicy"],
        )
        .lacks("bucket", DENIAL)
        .lacks("cdn", READING),
    ]
}

fn folder_rows() -> Vec<Row> {
    let changes: [(&str, Change); 3] = [
        ("originals/", |p| Box::pin(marker_removed(p, "originals/"))),
        ("800x600/", |p| Box::pin(marker_removed(p, "800x600/"))),
        ("400x300/", |p| Box::pin(marker_removed(p, "400x300/"))),
    ];
    let rows = changes.into_iter().map(|(key, change)| {
        row(format!("folders: {key}"), change, &["s3:PutObject"]).lacks("folders", key)
    });
    rows.collect()
}

async fn notification_rows(pipeline: &Pipeline) -> Vec<Row> {
    const PUT: &[&str] = &["s3:PutBucketNotificationConfiguration"];
    let (others, ours) = (others_arn(pipeline), pipeline.topic_arn());
    pipeline.aws.sns.create_topic().name(others_name(pipeline)).send().await.unwrap();
    let id = format!("imgprep-{}", pipeline.stack);
    vec![
        row("notification: events", |p| Box::pin(entry(p, other_events)), PUT).shows(
            "notification",
            "events",
            (json!(["s3:ObjectRemoved:*"]), json!(["s3:ObjectCreated:*"])),
        ),
        row("notification: prefix", |p| Box::pin(entry(p, narrower_prefix)), PUT).shows(
            "notification",
            "prefix",
            ("originals/a/", "originals/"),
        ),
        row("notification: suffix", |p| Box::pin(entry(p, suffix)), PUT).shows(
            "notification",
            "suffix",
            (".jpg", ""),
        ),
        row("notification: id", |p| Box::pin(entry(p, other_id)), PUT).shows(
            "notification",
            "id",
            ("renamed by hand", id),
        ),
        row("notification: topic", |p| Box::pin(entry(p, other_topic)), PUT).shows(
            "notification",
            "topic",
            (others, ours),
        ),
    ]
}

/// Sets the flags in the order of `FLAGS`.
pub(super) async fn put_access_block(pipeline: &Pipeline, flags: [bool; 4]) {
    let block = PublicAccessBlockConfiguration::builder()
        .block_public_acls(flags[0])
        .ignore_public_acls(flags[1])
        .block_public_policy(flags[2])
        .restrict_public_buckets(flags[3])
        .build();
    let put = pipeline.aws.s3.put_public_access_block().bucket(&pipeline.bucket);
    put.public_access_block_configuration(block).send().await.unwrap();
}

async fn access_block_removed(pipeline: &Pipeline) {
    let delete = pipeline.aws.s3.delete_public_access_block().bucket(&pipeline.bucket);
    delete.send().await.unwrap();
}

pub(super) async fn put_ownership(pipeline: &Pipeline, ownership: ObjectOwnership) {
    let rule = OwnershipControlsRule::builder().object_ownership(ownership);
    let controls = OwnershipControls::builder().rules(rule.build().unwrap()).build().unwrap();
    let put = pipeline.aws.s3.put_bucket_ownership_controls().bucket(&pipeline.bucket);
    put.ownership_controls(controls).send().await.unwrap();
}

async fn bucket_tag(pipeline: &Pipeline, value: Option<&str>) {
    let tags = pipeline.bucket_tags().await.into_iter().filter(|(key, _)| key != "team");
    let ours = value.map(|value| ("team".to_owned(), value.to_owned()));
    pipeline.put_bucket_tags(&tags.chain(ours).collect::<Vec<_>>()).await;
}

async fn statement_removed(pipeline: &Pipeline, sid: &str) {
    let all = pipeline.bucket_statements().await;
    let rest = without(&all, sid);
    assert_eq!(rest.len() + 1, all.len());
    pipeline.put_bucket_statements(&rest).await;
}

async fn denial_narrowed(pipeline: &Pipeline) {
    let mut all = pipeline.bucket_statements().await;
    let ours = all.iter_mut().find(|one| one["Sid"] == "ImgprepDenyPlainHttp");
    ours.unwrap()["Action"] = json!("s3:DeleteObject");
    pipeline.put_bucket_statements(&all).await;
}

async fn reading_widened(pipeline: &Pipeline) {
    let mut all = pipeline.bucket_statements().await;
    let ours = all.iter_mut().find(|one| one["Sid"] == "ImgprepAllowCloudFront");
    ours.unwrap()["Resource"] = json!(format!("arn:aws:s3:::{}/*", pipeline.bucket));
    pipeline.put_bucket_statements(&all).await;
}

async fn policy_removed(pipeline: &Pipeline) {
    let delete = pipeline.aws.s3.delete_bucket_policy().bucket(&pipeline.bucket);
    delete.send().await.unwrap();
}

async fn marker_removed(pipeline: &Pipeline, key: &str) {
    let delete = pipeline.aws.s3.delete_object().bucket(&pipeline.bucket).key(key);
    delete.send().await.unwrap();
}

/// Keeps the entry, and changes one part of it.
pub(super) async fn entry(pipeline: &Pipeline, change: fn(&Pipeline, &mut TopicConfiguration)) {
    let get = pipeline.aws.s3.get_bucket_notification_configuration().bucket(&pipeline.bucket);
    let mut topics = get.send().await.unwrap().topic_configurations.unwrap();
    assert_eq!(topics.len(), 1);
    change(pipeline, &mut topics[0]);
    let wrong = NotificationConfiguration::builder().set_topic_configurations(Some(topics));
    let put = pipeline.aws.s3.put_bucket_notification_configuration().bucket(&pipeline.bucket);
    put.notification_configuration(wrong.build()).send().await.unwrap();
}

fn other_events(_: &Pipeline, entry: &mut TopicConfiguration) {
    entry.events = vec![Event::from("s3:ObjectRemoved:*")];
}

fn narrower_prefix(_: &Pipeline, entry: &mut TopicConfiguration) {
    entry.filter = Some(filter(&[(FilterRuleName::Prefix, "originals/a/")]));
}

fn suffix(_: &Pipeline, entry: &mut TopicConfiguration) {
    let rules = [(FilterRuleName::Prefix, "originals/"), (FilterRuleName::Suffix, ".jpg")];
    entry.filter = Some(filter(&rules));
}

fn other_id(_: &Pipeline, entry: &mut TopicConfiguration) {
    entry.id = Some("renamed by hand".to_owned());
}

fn other_topic(pipeline: &Pipeline, entry: &mut TopicConfiguration) {
    entry.topic_arn = others_arn(pipeline);
}

fn filter(rules: &[(FilterRuleName, &str)]) -> NotificationConfigurationFilter {
    let rules = rules
        .iter()
        .map(|(name, value)| FilterRule::builder().name(name.clone()).value(*value).build());
    let key = S3KeyFilter::builder().set_filter_rules(Some(rules.collect())).build();
    NotificationConfigurationFilter::builder().key(key).build()
}

/// A topic beside ours, for S3 takes no notification to one that is not there.
fn others_name(pipeline: &Pipeline) -> String {
    format!("{}-others", pipeline.topic)
}

fn others_arn(pipeline: &Pipeline) -> String {
    pipeline.arn("sns", &others_name(pipeline))
}
