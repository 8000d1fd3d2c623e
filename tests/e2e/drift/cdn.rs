//! Rows of the distribution and its access control.

use aws_sdk_cloudfront::types::{
    AllowedMethods, CachedMethods, CookiePreference, CustomOriginConfig, DefaultCacheBehavior,
    DistributionConfig, ForwardedValues, HttpVersion, ItemSelection, Method, Origin,
    OriginAccessControlConfig, OriginAccessControlOriginTypes, OriginAccessControlSigningBehaviors,
    OriginProtocolPolicy, Origins, PriceClass, TagKeys, Tags, ViewerProtocolPolicy,
};
use imgprep_testkit::{Pipeline, REGION};
use serde_json::json;

use super::{Change, Row, check, row, tag_rows};

const PUT: &[&str] = &["cloudfront:UpdateDistribution"];
pub(crate) const CACHING_OPTIMIZED: &str = "658327ea-f89d-4fab-a63d-7e88639e58f6";
const CACHING_DISABLED: &str = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
const SECURITY_HEADERS: &str = "67f7725c-6f97-4210-82d7-5512b31e9d03";
const CORS_HEADERS: &str = "60669652-455b-4ae9-85a4-c4c02393f86c";
const IDENTITY: &str = "origin-access-identity/cloudfront/E127EXAMPLE51Z";
const LEGACY: [&str; 4] = ["forwarded_values", "min_ttl", "default_ttl", "max_ttl"];
/// The errors whose memory is short.
const ERRORS: [i32; 6] = [403, 404, 500, 502, 503, 504];

pub(crate) async fn every_change_by_hand_to_the_cdn_is_shown_and_repaired() {
    let pipeline = Pipeline::new("drift-cdn").await;
    let mut rows = distribution_rows();
    rows.extend(origin_rows(&pipeline));
    rows.extend(behavior_rows());
    rows.extend(error_rows());
    let tags: [Change; 2] =
        [|p| Box::pin(cdn_tag(p, None)), |p| Box::pin(cdn_tag(p, Some("others")))];
    rows.extend(tag_rows("cdn", tags, "cloudfront:TagResource"));
    rows.extend(access_control_rows());
    // Without its comment the distribution is found by its access control.
    let comment = row("cdn: comment", |p| Box::pin(distribution(p, renamed)), PUT);
    rows.push(comment.shows("cdn", "comment", ("renamed by hand", pipeline.cdn())).alone());
    check(&pipeline, rows).await;
}

fn distribution_rows() -> Vec<Row> {
    vec![
        row("cdn: off", |p| Box::pin(distribution(p, |it| it.enabled = false)), PUT).shows(
            "cdn",
            "enabled",
            (false, true),
        ),
        row("cdn: http version", |p| Box::pin(distribution(p, http_2)), PUT).shows(
            "cdn",
            "http_version",
            ("http2", "http2and3"),
        ),
        row("cdn: ipv6", |p| Box::pin(distribution(p, no_ipv6)), PUT).shows(
            "cdn",
            "ipv6",
            (false, true),
        ),
        row("cdn: price class", |p| Box::pin(distribution(p, price_class)), PUT).shows(
            "cdn",
            "price_class",
            ("PriceClass_All", "PriceClass_100"),
        ),
    ]
}

fn origin_rows(pipeline: &Pipeline) -> Vec<Row> {
    let domain = format!("{}.s3.{REGION}.amazonaws.com", pipeline.bucket);
    let global = format!("{}.s3.amazonaws.com", pipeline.bucket);
    vec![
        row("cdn: global domain as origin", |p| Box::pin(distribution_at_global_domain(p)), PUT)
            .shows("cdn", "origin.domain", (global, domain)),
        row("cdn: origin without access control", |p| Box::pin(distribution(p, open)), PUT).shows(
            "cdn",
            "origin.access_control",
            (json!(null), pipeline.cdn()),
        ),
        row("cdn: folder of the origin", |p| Box::pin(distribution(p, elsewhere)), PUT).shows(
            "cdn",
            "origin.path",
            ("/elsewhere", ""),
        ),
        row("cdn: access identity", |p| Box::pin(distribution(p, identified)), PUT)
            .shows("cdn", "origin.access_control", (json!(null), pipeline.cdn()))
            .shows("cdn", "origin.access_identity", (IDENTITY, "")),
        row("cdn: custom origin", |p| Box::pin(distribution(p, custom)), PUT)
            .shows("cdn", "origin.access_control", (json!(null), pipeline.cdn()))
            .shows("cdn", "origin.type", ("custom", "s3")),
        row("cdn: another origin", |p| Box::pin(distribution(p, other_origin)), PUT)
            .shows("cdn", "target_origin", ("other", "bucket"))
            .alone(),
    ]
}

// There is but one signing protocol, `sigv4`, so that path has no row: nobody can change it.
fn access_control_rows() -> Vec<Row> {
    const PUT_CONTROL: &[&str] = &["cloudfront:UpdateOriginAccessControl"];
    vec![
        row(
            "cdn: access control of another type",
            |p| Box::pin(access_control(p, media)),
            PUT_CONTROL,
        )
        .shows("cdn", "access_control.origin_type", ("mediastore", "s3")),
        row(
            "cdn: access control that does not sign",
            |p| Box::pin(access_control(p, never)),
            PUT_CONTROL,
        )
        .shows("cdn", "access_control.signing_behavior", ("never", "always")),
    ]
}

fn behavior_rows() -> Vec<Row> {
    vec![
        row("cdn: viewer protocol", |p| Box::pin(behavior(p, https_only)), PUT).shows(
            "cdn",
            "viewer_protocol",
            ("https-only", "allow-all"),
        ),
        row("cdn: methods", |p| Box::pin(behavior(p, options)), PUT).shows(
            "cdn",
            "methods",
            (json!(["GET", "HEAD", "OPTIONS"]), json!(["GET", "HEAD"])),
        ),
        row("cdn: compression", |p| Box::pin(behavior(p, uncompressed)), PUT).shows(
            "cdn",
            "compress",
            (false, true),
        ),
        row("cdn: cache policy", |p| Box::pin(behavior(p, uncached)), PUT).shows(
            "cdn",
            "cache_policy",
            (CACHING_DISABLED, CACHING_OPTIMIZED),
        ),
        row("cdn: legacy cache settings", |p| Box::pin(distribution(p, legacy)), PUT)
            .shows("cdn", "cache_policy", (json!(null), CACHING_OPTIMIZED))
            .shows("cdn", "legacy_cache", (json!(LEGACY), json!([]))),
        row("cdn: headers policy", |p| Box::pin(behavior(p, cors)), PUT).shows(
            "cdn",
            "headers_policy",
            (CORS_HEADERS, SECURITY_HEADERS),
        ),
        row("cdn: no headers policy", |p| Box::pin(behavior(p, no_headers)), PUT).shows(
            "cdn",
            "headers_policy",
            (json!(null), SECURITY_HEADERS),
        ),
    ]
}

fn error_rows() -> Vec<Row> {
    let path = |code: i32| format!("errors_cached_seconds[{code}]");
    let changed = row("cdn: every cached error", |p| Box::pin(distribution(p, longer)), PUT);
    let changed = ERRORS
        .into_iter()
        .fold(changed, |row, code| row.shows("cdn", path(code), (i64::from(code), 5)));
    let removed = row("cdn: no cached errors", |p| Box::pin(distribution(p, no_errors)), PUT);
    let removed = ERRORS
        .into_iter()
        .fold(removed, |row, code| row.shows("cdn", path(code), (json!(null), 5)));
    vec![changed, removed]
}

/// Changes the distribution's configuration.
pub(crate) async fn distribution(
    pipeline: &Pipeline,
    change: impl FnOnce(&mut DistributionConfig),
) {
    let cloudfront = &pipeline.aws.cloudfront;
    let (id, _) = find_distribution(pipeline).await;
    let now = cloudfront.get_distribution_config().id(&id).send().await.unwrap();
    let mut config = now.distribution_config.unwrap();
    change(&mut config);
    let put = cloudfront.update_distribution().id(id).set_if_match(now.e_tag);
    put.distribution_config(config).send().await.unwrap();
}

fn renamed(config: &mut DistributionConfig) {
    "renamed by hand".clone_into(&mut config.comment);
}

fn http_2(config: &mut DistributionConfig) {
    config.http_version = Some(HttpVersion::Http2);
}

fn no_ipv6(config: &mut DistributionConfig) {
    config.is_ipv6_enabled = Some(false);
}

fn price_class(config: &mut DistributionConfig) {
    config.price_class = Some(PriceClass::PriceClassAll);
}

async fn distribution_at_global_domain(pipeline: &Pipeline) {
    let domain = format!("{}.s3.amazonaws.com", pipeline.bucket);
    let change = |config: &mut DistributionConfig| {
        config.origins.as_mut().unwrap().items[0].domain_name = domain;
    };
    distribution(pipeline, change).await;
}

fn open(config: &mut DistributionConfig) {
    let origin = &mut config.origins.as_mut().unwrap().items[0];
    origin.origin_access_control_id = Some(String::new());
}

fn elsewhere(config: &mut DistributionConfig) {
    config.origins.as_mut().unwrap().items[0].origin_path = Some("/elsewhere".to_owned());
}

/// An access identity in place of the access control.
pub(crate) fn identified(config: &mut DistributionConfig) {
    open(config);
    let origin = &mut config.origins.as_mut().unwrap().items[0];
    IDENTITY.clone_into(&mut origin.s3_origin_config.as_mut().unwrap().origin_access_identity);
}

/// A web server in place of the bucket.
pub(crate) fn custom(config: &mut DistributionConfig) {
    open(config);
    let server = CustomOriginConfig::builder().http_port(80).https_port(443);
    let server = server.origin_protocol_policy(OriginProtocolPolicy::HttpsOnly).build().unwrap();
    let origin = &mut config.origins.as_mut().unwrap().items[0];
    origin.s3_origin_config = None;
    origin.custom_origin_config = Some(server);
}

fn other_origin(config: &mut DistributionConfig) {
    let origins = config.origins.as_mut().unwrap();
    let other = Origin::builder().id("other").domain_name("www.example.com");
    let other = other.s3_origin_config(origins.items[0].s3_origin_config.clone().unwrap());
    origins.items.push(other.build().unwrap());
    origins.quantity = 2;
    let behavior = config.default_cache_behavior.as_mut().unwrap();
    "other".clone_into(&mut behavior.target_origin_id);
}

/// The settings from before there were cache policies, in place of the policy.
#[expect(deprecated, reason = "people can still choose them in the console")]
pub(crate) fn legacy(config: &mut DistributionConfig) {
    let cookies = CookiePreference::builder().forward(ItemSelection::None).build().unwrap();
    let forwarded = ForwardedValues::builder().query_string(false).cookies(cookies);
    let behavior = config.default_cache_behavior.as_mut().unwrap();
    behavior.cache_policy_id = None;
    behavior.forwarded_values = Some(forwarded.build().unwrap());
    behavior.min_ttl = Some(0);
    behavior.default_ttl = Some(86_400);
    behavior.max_ttl = Some(31_536_000);
}

fn longer(config: &mut DistributionConfig) {
    for error in config.custom_error_responses.as_mut().unwrap().items.as_mut().unwrap() {
        error.error_caching_min_ttl = Some(error.error_code.into());
    }
}

fn no_errors(config: &mut DistributionConfig) {
    config.custom_error_responses = None;
}

async fn behavior(pipeline: &Pipeline, change: fn(&mut DefaultCacheBehavior)) {
    distribution(pipeline, |config| change(config.default_cache_behavior.as_mut().unwrap())).await;
}

fn https_only(behavior: &mut DefaultCacheBehavior) {
    behavior.viewer_protocol_policy = ViewerProtocolPolicy::HttpsOnly;
}

fn options(behavior: &mut DefaultCacheBehavior) {
    let read = || Some(vec![Method::Get, Method::Head]);
    let cached = CachedMethods::builder().quantity(2).set_items(read()).build().unwrap();
    let all = Some(vec![Method::Get, Method::Head, Method::Options]);
    let allowed = AllowedMethods::builder().quantity(3).set_items(all).cached_methods(cached);
    behavior.allowed_methods = Some(allowed.build().unwrap());
}

fn uncompressed(behavior: &mut DefaultCacheBehavior) {
    behavior.compress = Some(false);
}

fn uncached(behavior: &mut DefaultCacheBehavior) {
    behavior.cache_policy_id = Some(CACHING_DISABLED.to_owned());
}

fn cors(behavior: &mut DefaultCacheBehavior) {
    behavior.response_headers_policy_id = Some(CORS_HEADERS.to_owned());
}

fn no_headers(behavior: &mut DefaultCacheBehavior) {
    behavior.response_headers_policy_id = None;
}

async fn access_control(pipeline: &Pipeline, change: fn(&mut OriginAccessControlConfig)) {
    let cloudfront = &pipeline.aws.cloudfront;
    let list = cloudfront.list_origin_access_controls().send().await.unwrap();
    let list = list.origin_access_control_list.unwrap();
    let ours = list.items().iter().find(|found| found.name() == pipeline.cdn()).unwrap();
    let now = cloudfront.get_origin_access_control_config().id(ours.id()).send().await.unwrap();
    let mut config = now.origin_access_control_config.unwrap();
    change(&mut config);
    let put = cloudfront.update_origin_access_control().id(ours.id()).set_if_match(now.e_tag);
    put.origin_access_control_config(config).send().await.unwrap();
}

fn media(config: &mut OriginAccessControlConfig) {
    config.origin_access_control_origin_type = OriginAccessControlOriginTypes::Mediastore;
}

fn never(config: &mut OriginAccessControlConfig) {
    config.signing_behavior = OriginAccessControlSigningBehaviors::Never;
}

async fn cdn_tag(pipeline: &Pipeline, value: Option<&str>) {
    let (_, arn) = find_distribution(pipeline).await;
    let cloudfront = &pipeline.aws.cloudfront;
    let Some(value) = value else {
        let keys = TagKeys::builder().items("team").build();
        cloudfront.untag_resource().resource(arn).tag_keys(keys).send().await.unwrap();
        return;
    };
    let tag = aws_sdk_cloudfront::types::Tag::builder().key("team").value(value).build();
    let tags = Tags::builder().items(tag.unwrap()).build();
    cloudfront.tag_resource().resource(arn).tags(tags).send().await.unwrap();
}

/// The id and the ARN of the stack's distribution, the only one that reads this bucket.
pub(super) async fn find_distribution(pipeline: &Pipeline) -> (String, String) {
    let list = pipeline.aws.cloudfront.list_distributions().send().await.unwrap();
    let list = list.distribution_list.unwrap();
    let start = format!("{}.s3.", pipeline.bucket);
    let reads_bucket = |found: &&aws_sdk_cloudfront::types::DistributionSummary| {
        let origins = found.origins().map(Origins::items).unwrap_or_default();
        origins.iter().any(|origin| origin.domain_name().starts_with(&start))
    };
    let ours = list.items().iter().find(reads_bucket).unwrap();
    (ours.id.clone(), ours.arn.clone())
}
