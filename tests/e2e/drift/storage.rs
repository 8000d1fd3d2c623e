//! Rows of bucket, folders, notification and CDN.

use aws_sdk_cloudfront::types::{DistributionConfig, PriceClass, ViewerProtocolPolicy};
use aws_sdk_s3::types::{
    NotificationConfiguration, ObjectOwnership, OwnershipControls, OwnershipControlsRule,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
};

use super::{Row, row};
use crate::harness::Pipeline;

const ACCESS: [&str; 4] = [
    "public_access_block.block_public_acls",
    "public_access_block.block_public_policy",
    "public_access_block.ignore_public_acls",
    "public_access_block.restrict_public_buckets",
];
const DENIAL: &str = "policy.Statement[ImgprepDenyPlainHttp]";
const READING: &str = "bucket_policy.Statement[ImgprepAllowCloudFront]";

pub(super) fn rows(pipeline: &Pipeline) -> Vec<Row> {
    let entry = format!("TopicConfiguration[imgprep-{}]", pipeline.stack);
    vec![
        row(
            "public access block removed",
            |p| Box::pin(access_block_removed(p)),
            "bucket",
            &ACCESS,
        ),
        row(
            "public access block opened",
            |p| Box::pin(access_block_opened(p)),
            "bucket",
            &ACCESS[1..2],
        ),
        row("encryption", |p| Box::pin(encryption(p)), "bucket", &["encryption"]),
        row("ownership", |p| Box::pin(ownership(p)), "bucket", &["ownership"]),
        row("bucket tag", |p| Box::pin(bucket_tag(p)), "bucket", &["tags.team"]),
        row("bucket policy", |p| Box::pin(bucket_policy(p)), "bucket", &[DENIAL])
            .and("cdn", &[READING]),
        row("folder marker", |p| Box::pin(folder_marker(p)), "folders", &["400x300/"]),
        row("notification", |p| Box::pin(notification(p)), "notification", &[&entry]),
        row("distribution off", |p| Box::pin(distribution(p, off)), "cdn", &["enabled"]),
        row("price class", |p| Box::pin(distribution(p, price_class)), "cdn", &["price_class"]),
        row(
            "viewer protocol",
            |p| Box::pin(distribution(p, https_only)),
            "cdn",
            &["viewer_protocol"],
        ),
        row(
            "access control",
            |p| Box::pin(distribution(p, open_origin)),
            "cdn",
            &["origin.access_control"],
        ),
        row(
            "cached errors",
            |p| Box::pin(distribution(p, cached_error)),
            "cdn",
            &["errors_cached_seconds[404]"],
        ),
        row("cdn tag", |p| Box::pin(cdn_tag(p)), "cdn", &["tags.team"]),
    ]
}

async fn access_block_removed(pipeline: &Pipeline) {
    let delete = pipeline.aws.s3.delete_public_access_block().bucket(&pipeline.bucket);
    delete.send().await.unwrap();
}

async fn access_block_opened(pipeline: &Pipeline) {
    let block = PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .ignore_public_acls(true)
        .block_public_policy(false)
        .restrict_public_buckets(true)
        .build();
    let put = pipeline.aws.s3.put_public_access_block().bucket(&pipeline.bucket);
    put.public_access_block_configuration(block).send().await.unwrap();
}

async fn encryption(pipeline: &Pipeline) {
    let kms = ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::AwsKms);
    let kms = kms.build().unwrap();
    let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(kms);
    let all = ServerSideEncryptionConfiguration::builder().rules(rule.build()).build().unwrap();
    let put = pipeline.aws.s3.put_bucket_encryption().bucket(&pipeline.bucket);
    put.server_side_encryption_configuration(all).send().await.unwrap();
}

async fn ownership(pipeline: &Pipeline) {
    let rule = OwnershipControlsRule::builder().object_ownership(ObjectOwnership::ObjectWriter);
    let controls = OwnershipControls::builder().rules(rule.build().unwrap()).build().unwrap();
    let put = pipeline.aws.s3.put_bucket_ownership_controls().bucket(&pipeline.bucket);
    put.ownership_controls(controls).send().await.unwrap();
}

async fn bucket_tag(pipeline: &Pipeline) {
    let tags = pipeline.bucket_tags().await.into_iter().filter(|(key, _)| key != "team");
    pipeline.put_bucket_tags(&tags.collect::<Vec<_>>()).await;
}

async fn bucket_policy(pipeline: &Pipeline) {
    let delete = pipeline.aws.s3.delete_bucket_policy().bucket(&pipeline.bucket);
    delete.send().await.unwrap();
}

async fn folder_marker(pipeline: &Pipeline) {
    let delete = pipeline.aws.s3.delete_object().bucket(&pipeline.bucket).key("400x300/");
    delete.send().await.unwrap();
}

/// Keeps the entry and its name, and has it watch for the wrong thing.
async fn notification(pipeline: &Pipeline) {
    let get = pipeline.aws.s3.get_bucket_notification_configuration().bucket(&pipeline.bucket);
    let mut topics = get.send().await.unwrap().topic_configurations.unwrap();
    topics[0].events = vec!["s3:ObjectRemoved:*".into()];
    let wrong = NotificationConfiguration::builder().set_topic_configurations(Some(topics));
    let put = pipeline.aws.s3.put_bucket_notification_configuration().bucket(&pipeline.bucket);
    put.notification_configuration(wrong.build()).send().await.unwrap();
}

async fn distribution(pipeline: &Pipeline, change: fn(&mut DistributionConfig)) {
    let cloudfront = &pipeline.aws.cloudfront;
    let (id, _) = find_distribution(pipeline).await;
    let now = cloudfront.get_distribution_config().id(&id).send().await.unwrap();
    let mut config = now.distribution_config.unwrap();
    change(&mut config);
    let put = cloudfront.update_distribution().id(id).set_if_match(now.e_tag);
    put.distribution_config(config).send().await.unwrap();
}

fn off(config: &mut DistributionConfig) {
    config.enabled = false;
}

fn price_class(config: &mut DistributionConfig) {
    config.price_class = Some(PriceClass::PriceClassAll);
}

fn https_only(config: &mut DistributionConfig) {
    let behavior = config.default_cache_behavior.as_mut().unwrap();
    behavior.viewer_protocol_policy = ViewerProtocolPolicy::HttpsOnly;
}

fn open_origin(config: &mut DistributionConfig) {
    let origin = &mut config.origins.as_mut().unwrap().items[0];
    origin.origin_access_control_id = Some(String::new());
}

fn cached_error(config: &mut DistributionConfig) {
    let errors = config.custom_error_responses.as_mut().unwrap().items.as_mut().unwrap();
    let missing = errors.iter_mut().find(|error| error.error_code() == 404).unwrap();
    missing.error_caching_min_ttl = Some(3600);
}

async fn cdn_tag(pipeline: &Pipeline) {
    let (_, arn) = find_distribution(pipeline).await;
    let keys = aws_sdk_cloudfront::types::TagKeys::builder().items("team").build();
    let untag = pipeline.aws.cloudfront.untag_resource().resource(arn).tag_keys(keys);
    untag.send().await.unwrap();
}

/// The id and the ARN of the stack's distribution.
async fn find_distribution(pipeline: &Pipeline) -> (String, String) {
    let list = pipeline.aws.cloudfront.list_distributions().send().await.unwrap();
    let list = list.distribution_list.unwrap();
    let ours = list.items().iter().find(|found| found.comment() == pipeline.cdn()).unwrap();
    (ours.id.clone(), ours.arn.clone())
}
