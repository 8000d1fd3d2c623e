//! The fallback and the versions of variants, from the file to what the CDN has and shows, and back.

use aws_sdk_cloudfront::types::{CachePolicyConfig, CustomErrorResponse, DistributionConfig};
use imgprep_testkit::http;
use imgprep_testkit::proxy::Refusal;
use imgprep_testkit::{Pipeline, resource};
use serde_json::{Value, json};

use crate::drift::{CACHING_OPTIMIZED, distribution};

const PICTURE: &[u8] = b"a picture for what is not there";

/// Opens the section of the CDN with these lines.
fn add(pipeline: &Pipeline, lines: &str) {
    pipeline.edit("[tags]", &format!("[cdn]\n{lines}\n\n[tags]"));
}

fn take(pipeline: &Pipeline, lines: &str) {
    pipeline.edit(&format!("[cdn]\n{lines}\n\n[tags]"), "[tags]");
}

async fn config_of(pipeline: &Pipeline) -> DistributionConfig {
    let mut found = None;
    distribution(pipeline, |config| found = Some(config.clone())).await;
    found.unwrap()
}

/// The path and status of the page for an error.
fn page(config: &DistributionConfig, code: i32) -> Option<(String, String)> {
    let errors = config.custom_error_responses().unwrap().items();
    let error = errors.iter().find(|error| error.error_code() == code).unwrap();
    let path = error.response_page_path().filter(|path| !path.is_empty())?;
    Some((path.to_owned(), error.response_code().unwrap().to_owned()))
}

fn set_page(config: &mut DistributionConfig, code: i32, path: &str) {
    let errors = config.custom_error_responses.as_mut().unwrap().items.as_mut().unwrap();
    let error: &mut CustomErrorResponse =
        errors.iter_mut().find(|error| error.error_code == code).unwrap();
    error.response_page_path = Some(path.to_owned());
    error.response_code = Some(code.to_string());
}

fn note(pipeline: &Pipeline) -> Value {
    resource(&pipeline.status(0), "cdn")["note"].clone()
}

pub(crate) async fn a_fallback_is_shown_for_what_is_missing_and_goes_with_its_key() {
    const LINE: &str = "fallback = \"shown/none.png\"";
    let pipeline = Pipeline::with_cdn("fallback").await;
    add(&pipeline, LINE);
    let up = pipeline.imgprep(&["up", "--yes", "--json"]).exits(0).json();
    let host = up["outputs"]["cdn_domain"].as_str().unwrap().replace(".net", ".localhost");
    let get = async |path: &str| {
        let page = http::get(pipeline.emulator.port(), &host, path).await;
        (page.status, page.body == PICTURE)
    };
    let missing = "shown/none.png is not in the bucket yet, so that nothing is shown for a variant \
                   that is not there: upload it with `Cache-Control: no-cache`";
    assert_eq!(note(&pipeline), missing);
    assert_eq!(get("/800x600/none.jpg").await, (403, false));

    pipeline.upload("shown/none.png", PICTURE).await;
    pipeline.upload("shown/other.png", b"private").await;
    pipeline.upload("originals/a.jpg", b"an original").await;
    pipeline.upload("800x600/a.jpg", b"a variant").await;
    assert_eq!(note(&pipeline), Value::Null);
    assert_eq!(get("/800x600/none.jpg").await, (403, true), "the status stays what it is");
    assert_eq!(get("/800x600/a.jpg").await, (200, false), "the variant");
    assert_eq!(get("/shown/none.png").await, (200, true));
    for private in ["/originals/a.jpg", "/shown/other.png"] {
        assert_eq!(get(private).await, (403, true), "{private}");
    }

    distribution(&pipeline, |config| set_page(config, 500, "/theirs.html")).await;
    pipeline.assert_whole();
    take(&pipeline, LINE);
    pipeline.proxy.take_calls();
    pipeline.up();
    let calls = ["cloudfront:UpdateDistribution", "s3:PutBucketPolicy"];
    assert_eq!(pipeline.proxy.take_mutating(), calls);
    let config = config_of(&pipeline).await;
    assert_eq!([page(&config, 403), page(&config, 404)], [None, None]);
    let theirs = ("/theirs.html".to_owned(), "500".to_owned());
    assert_eq!(page(&config, 500), Some(theirs), "what others put there stays");
    assert_eq!(get("/800x600/none.jpg").await, (403, false));
    assert_eq!(get("/shown/none.png").await, (403, false));

    distribution(&pipeline, |config| set_page(config, 404, "/800x600/404.html")).await;
    pipeline.assert_whole();
    pipeline.proxy.take_calls();
    pipeline.up();
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new(), "a page of others is kept");
    pipeline.imgprep(&["down", "--yes", "--delete-images"]).exits(0);
}

fn states(document: &Value) -> (Value, Value) {
    let policy = resource(document, "cache-policy");
    (policy["state"].clone(), policy["action"].clone())
}

pub(crate) async fn a_cache_policy_comes_with_versions_and_goes_once_nothing_uses_it() {
    const LINES: &str = "fallback = \"fallback.png\"\nversions = true";
    let pipeline = Pipeline::new("versions").await;
    pipeline.up();
    let before = pipeline.aws.inventory().await;
    pipeline.proxy.take_calls();
    pipeline.up();
    let calls = pipeline.proxy.take_calls();
    let asks = |call: &String| call.contains("CachePolic");
    assert!(!calls.iter().map(ToString::to_string).any(|call| asks(&call)), "nobody asked for one");

    add(&pipeline, LINES);
    pipeline.up();
    let calls = [
        "cloudfront:CreateCachePolicy",
        "cloudfront:TagResource",
        "cloudfront:UpdateDistribution",
        "s3:PutBucketPolicy",
    ];
    assert_eq!(pipeline.proxy.take_mutating(), calls);
    pipeline.assert_whole();
    let used = || async {
        let behavior = config_of(&pipeline).await.default_cache_behavior.unwrap();
        behavior.cache_policy_id.unwrap()
    };
    assert_ne!(used().await, CACHING_OPTIMIZED);

    pipeline.upload("800x600/a.jpg", b"a variant").await;
    let urls = pipeline.imgprep(&["urls", "a.jpg", "--json"]).exits(4).json();
    let url = |place: usize| urls["originals"][0]["variants"][place]["url"].as_str().unwrap();
    // The MD5 of what was uploaded.
    assert!(url(0).ends_with("/800x600/a.jpg?v=9ee43d8ca1ca102926f46a38695c55c3"), "{}", url(0));
    assert!(url(1).ends_with("/400x300/a.jpg"), "what is not there has no version: {}", url(1));

    take(&pipeline, LINES);
    let status = pipeline.status(4);
    assert_eq!(states(&status), (json!("retired"), json!("none")));
    pipeline.proxy.take_calls();
    pipeline.up();
    let calls = ["cloudfront:UpdateDistribution", "s3:PutBucketPolicy"];
    assert_eq!(pipeline.proxy.take_mutating(), calls);
    assert_eq!(used().await, CACHING_OPTIMIZED);
    assert_eq!(states(&pipeline.status(0)), (json!("retired"), json!("none")));
    pipeline.proxy.take_calls();
    pipeline.imgprep(&["up", "--yes", "--prune"]).exits(0);
    assert_eq!(pipeline.proxy.take_mutating(), ["cloudfront:DeleteCachePolicy"]);
    assert_eq!(pipeline.aws.inventory().await, before);
    let ids = imgprep_testkit::each(&pipeline.status(0), "id").len();
    assert_eq!(ids, 11, "nothing is left of it");

    add(&pipeline, LINES);
    pipeline.up();
    pipeline.imgprep(&["down", "--yes", "--delete-images"]).exits(0);
    assert_eq!(pipeline.aws.inventory().await, Vec::<String>::new());
}

/// It can carry no tag, so that a name alone proves nothing.
pub(crate) async fn a_cache_policy_of_somebody_else_is_refused_and_then_taken_over() {
    let pipeline = Pipeline::new("their-policy").await;
    let theirs = CachePolicyConfig::builder().name(pipeline.cdn()).comment("theirs");
    let create = pipeline.aws.cloudfront.create_cache_policy();
    create.cache_policy_config(theirs.min_ttl(5).build().unwrap()).send().await.unwrap();
    add(&pipeline, "versions = true");
    let refused = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
    assert_eq!(refused.resource, "cache-policy");
    assert!(refused.message.contains("its comment does not begin with"), "{refused:?}");
    assert!(refused.hint.contains("--adopt"), "{refused:?}");
    pipeline.imgprep(&["up", "--yes", "--adopt"]).exits(0);
    pipeline.assert_whole();
    pipeline.down();
    assert_eq!(pipeline.aws.inventory().await, Vec::<String>::new());
}

pub(crate) async fn an_account_without_room_for_a_cache_policy_is_told_so() {
    let pipeline = Pipeline::new("no-room").await;
    add(&pipeline, "versions = true");
    let full = Refusal {
        status: 400,
        code: "TooManyCachePolicies",
        message: "Your request contains a CachePolicy that would exceed the maximum.",
    };
    pipeline.proxy.refuse("cloudfront:CreateCachePolicy", full, 1);
    let failed = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
    assert_eq!(failed.resource, "cache-policy");
    assert!(failed.message.contains("an account has 20 cache policies of its own"), "{failed:?}");
    pipeline.up();
    pipeline.assert_whole();
}

/// One who may not look for a policy that the file does not ask for is not stopped.
pub(crate) async fn a_cache_policy_that_left_the_file_need_not_be_looked_for() {
    let pipeline = Pipeline::new("unseen").await;
    add(&pipeline, "versions = true");
    pipeline.up();
    take(&pipeline, "versions = true");
    let denied = || Refusal {
        status: 403,
        code: "AccessDenied",
        message: "User: u is not authorized to perform: cloudfront:ListCachePolicies",
    };
    pipeline.proxy.refuse("cloudfront:ListCachePolicies", denied(), 1);
    pipeline.up();
    assert_eq!(states(&pipeline.status(0)), (json!("retired"), json!("none")));
}
