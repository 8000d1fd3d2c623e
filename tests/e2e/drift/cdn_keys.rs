//! Rows of the fallback and of the cache policy, which only some files ask for.

use aws_sdk_cloudfront::types::{
    CachePolicyConfig, CachePolicyCookieBehavior, CachePolicyHeaderBehavior,
    CachePolicyQueryStringBehavior, CachePolicyType, CustomErrorResponse, DistributionConfig,
    Headers, ParametersInCacheKeyAndForwardedToOrigin as CacheKey, QueryStringNames, TagKeys,
};
use imgprep_testkit::Pipeline;
use imgprep_testkit::clients::document;
use serde_json::{Value, json};

use super::cdn::{CACHING_OPTIMIZED, distribution, find_distribution};
use super::{Row, check, row};

const PUT: &[&str] = &["cloudfront:UpdateDistribution"];
const PUT_POLICY: &[&str] = &["cloudfront:UpdateCachePolicy"];

pub(crate) async fn every_change_by_hand_to_fallback_and_versions_is_shown_and_repaired() {
    let pipeline = Pipeline::new("drift-keys").await;
    let keys = "[cdn]\nfallback = \"fallback.png\"\nversions = true\n\n[tags]";
    pipeline.edit("[tags]", keys);
    let mut rows = distribution_rows(&pipeline);
    rows.extend(ttl_rows(&pipeline));
    rows.extend(key_rows());
    check(&pipeline, rows).await;
}

fn distribution_rows(pipeline: &Pipeline) -> Vec<Row> {
    let fallback = "/fallback.png";
    vec![
        row("cdn: no fallback for 403", |p| Box::pin(distribution(p, no_page)), PUT)
            .shows("cdn", "error_pages[403]", (json!(null), fallback))
            .shows("cdn", "error_statuses[403]", (json!(null), "403")),
        row("cdn: another page for 404", |p| Box::pin(distribution(p, other_page)), PUT).shows(
            "cdn",
            "error_pages[404]",
            ("/400x300/other.png", fallback),
        ),
        row(
            "cdn: the fallback as if it were the variant",
            |p| Box::pin(distribution(p, found)),
            PUT,
        )
        .shows("cdn", "error_statuses[403]", ("200", "403")),
        row("cdn: CloudFront's own policy", |p| Box::pin(distribution(p, managed)), PUT).shows(
            "cdn",
            "cache_policy",
            (CACHING_OPTIMIZED, pipeline.cdn()),
        ),
        row(
            "cdn: no trace of the cache policy",
            |p| Box::pin(no_trace(p)),
            &["cloudfront:TagResource"],
        )
        .shows("cdn", "tags.imgprep:cache-policy", (json!(null), pipeline.cdn())),
        row(
            "cdn: the fallback cannot be read",
            |p| Box::pin(unreadable(p)),
            &["s3:PutBucketPolicy"],
        )
        .has_other("cdn", "bucket_policy.Statement[ImgprepAllowCloudFront]"),
    ]
}

fn ttl_rows(pipeline: &Pipeline) -> Vec<Row> {
    let comment = format!("Tells versions of the variants of {} apart", pipeline.bucket);
    vec![
        row("policy: comment", |p| Box::pin(cache_policy(p, commented)), PUT_POLICY).shows(
            "cache-policy",
            "comment",
            (BY_HAND, comment),
        ),
        row("policy: times", |p| Box::pin(cache_policy(p, timed)), PUT_POLICY)
            .shows("cache-policy", "min_seconds", (7, 0))
            .shows("cache-policy", "default_seconds", (77, 86_400))
            .shows("cache-policy", "max_seconds", (777, 31_536_000)),
    ]
}

fn key_rows() -> Vec<Row> {
    vec![
        row("policy: uncompressed", |p| Box::pin(key(p, uncompressed)), PUT_POLICY)
            .shows("cache-policy", "gzip", (false, true))
            .shows("cache-policy", "brotli", (false, true)),
        row("policy: headers", |p| Box::pin(key(p, with_origin)), PUT_POLICY).shows(
            "cache-policy",
            "headers",
            ("whitelist", "none"),
        ),
        row("policy: cookies", |p| Box::pin(key(p, with_cookies)), PUT_POLICY).shows(
            "cache-policy",
            "cookies",
            ("all", "none"),
        ),
        row("policy: every query string", |p| Box::pin(key(p, all_query_strings)), PUT_POLICY)
            .shows("cache-policy", "query_strings", ("all", "whitelist"))
            .shows("cache-policy", "query_string_names", (json!([]), json!(["v"]))),
        row("policy: another query string", |p| Box::pin(key(p, width)), PUT_POLICY).shows(
            "cache-policy",
            "query_string_names",
            (json!(["v", "w"]), json!(["v"])),
        ),
    ]
}

fn error(config: &mut DistributionConfig, code: i32) -> &mut CustomErrorResponse {
    let errors = config.custom_error_responses.as_mut().unwrap().items.as_mut().unwrap();
    errors.iter_mut().find(|error| error.error_code == code).unwrap()
}

fn no_page(config: &mut DistributionConfig) {
    let error = error(config, 403);
    error.response_page_path = None;
    error.response_code = None;
}

fn other_page(config: &mut DistributionConfig) {
    error(config, 404).response_page_path = Some("/400x300/other.png".to_owned());
}

fn found(config: &mut DistributionConfig) {
    error(config, 403).response_code = Some("200".to_owned());
}

fn managed(config: &mut DistributionConfig) {
    let behavior = config.default_cache_behavior.as_mut().unwrap();
    behavior.cache_policy_id = Some(CACHING_OPTIMIZED.to_owned());
}

async fn no_trace(pipeline: &Pipeline) {
    let (_, arn) = find_distribution(pipeline).await;
    let keys = TagKeys::builder().items("imgprep:cache-policy").build();
    let untag = pipeline.aws.cloudfront.untag_resource().resource(arn).tag_keys(keys);
    untag.send().await.unwrap();
}

/// Takes the fallback out of the statement with which the distribution reads.
async fn unreadable(pipeline: &Pipeline) {
    let (s3, bucket) = (&pipeline.aws.s3, &pipeline.bucket);
    let get = s3.get_bucket_policy().bucket(bucket).send().await.unwrap();
    let policy: Value = serde_json::from_str(get.policy().unwrap()).unwrap();
    let mut statements = policy["Statement"].as_array().unwrap().clone();
    for statement in &mut statements {
        if let Some(resources) = statement["Resource"].as_array_mut() {
            resources.retain(|arn| !arn.as_str().unwrap().ends_with("/fallback.png"));
        }
    }
    let put = s3.put_bucket_policy().bucket(bucket).policy(document(&statements));
    put.send().await.unwrap();
}

/// Changes the stack's cache policy.
pub(crate) async fn cache_policy(pipeline: &Pipeline, change: impl FnOnce(&mut CachePolicyConfig)) {
    let cloudfront = &pipeline.aws.cloudfront;
    let list = cloudfront.list_cache_policies().r#type(CachePolicyType::Custom).send().await;
    let list = list.unwrap().cache_policy_list.unwrap().items.unwrap_or_default();
    let named = |config: &CachePolicyConfig| config.name() == pipeline.cdn();
    let policies = list.into_iter().filter_map(|summary| summary.cache_policy);
    let ours = policies.into_iter().find(|it| it.cache_policy_config().is_some_and(named)).unwrap();
    let now = cloudfront.get_cache_policy().id(ours.id()).send().await.unwrap();
    let mut config = now.cache_policy.unwrap().cache_policy_config.unwrap();
    change(&mut config);
    let put = cloudfront.update_cache_policy().id(ours.id()).set_if_match(now.e_tag);
    put.cache_policy_config(config).send().await.unwrap();
}

/// By its beginning the policy is ours.
const BY_HAND: &str = "Tells versions of the variants of others apart";

fn commented(config: &mut CachePolicyConfig) {
    config.comment = Some(BY_HAND.to_owned());
}

fn timed(config: &mut CachePolicyConfig) {
    (config.min_ttl, config.default_ttl, config.max_ttl) = (7, Some(77), Some(777));
}

async fn key(pipeline: &Pipeline, change: fn(&mut CacheKey)) {
    cache_policy(pipeline, |config| {
        change(config.parameters_in_cache_key_and_forwarded_to_origin.as_mut().unwrap());
    })
    .await;
}

fn uncompressed(key: &mut CacheKey) {
    (key.enable_accept_encoding_gzip, key.enable_accept_encoding_brotli) = (false, Some(false));
}

fn with_origin(key: &mut CacheKey) {
    let headers = key.headers_config.as_mut().unwrap();
    headers.header_behavior = CachePolicyHeaderBehavior::Whitelist;
    headers.headers = Some(Headers::builder().quantity(1).items("Origin").build().unwrap());
}

fn with_cookies(key: &mut CacheKey) {
    key.cookies_config.as_mut().unwrap().cookie_behavior = CachePolicyCookieBehavior::All;
}

fn all_query_strings(key: &mut CacheKey) {
    let query_strings = key.query_strings_config.as_mut().unwrap();
    query_strings.query_string_behavior = CachePolicyQueryStringBehavior::All;
    query_strings.query_strings = None;
}

fn width(key: &mut CacheKey) {
    let names = QueryStringNames::builder().quantity(2).items("w").items("v").build();
    key.query_strings_config.as_mut().unwrap().query_strings = Some(names.unwrap());
}
