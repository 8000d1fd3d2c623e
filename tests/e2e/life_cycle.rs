//! A whole life: planned, made, found whole, left alone, removed, and nothing left.

use imgprep_testkit::{Pipeline, REGION, each};
use serde_json::{Value, json};

/// Every resource in the order in which people read them, with its type.
const RESOURCES: [(&str, &str); 11] = [
    ("topic", "AWS::SNS::Topic"),
    ("bucket", "AWS::S3::Bucket"),
    ("folders", "AWS::S3::Object"),
    ("notification", "AWS::S3::BucketNotification"),
    ("policy", "AWS::IAM::ManagedPolicy"),
    ("role", "AWS::IAM::Role"),
    ("logs", "AWS::Logs::LogGroup"),
    ("dead-letters", "AWS::SQS::Queue"),
    ("function", "AWS::Lambda::Function"),
    ("trigger", "AWS::SNS::Subscription"),
    ("cdn", "AWS::CloudFront::Distribution"),
];

pub(crate) async fn a_stack_is_planned_made_left_alone_and_removed() {
    let pipeline = Pipeline::new("life").await;
    a_plan_makes_everything_and_changes_nothing(&pipeline).await;
    let outputs = up_makes_everything(&pipeline).await;
    a_second_up_calls_nothing_that_changes(&pipeline, &outputs);
    down_leaves_nothing(&pipeline).await;
    a_second_down_calls_nothing_that_changes(&pipeline);
}

async fn a_plan_makes_everything_and_changes_nothing(pipeline: &Pipeline) {
    let plan = pipeline.imgprep(&["plan", "--json"]).exits(0).json();
    assert_eq!(plan["stack"], pipeline.stack);
    assert_eq!(plan["account"], pipeline.account);
    assert_eq!(plan["region"], REGION);
    assert_eq!(plan["state"], "absent");
    assert_resources(&plan, "missing", "create");
    pipeline.imgprep(&["plan", "--exit-code"]).exits(2);
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
    assert_eq!(pipeline.aws.inventory().await, Vec::<String>::new());
}

async fn up_makes_everything(pipeline: &Pipeline) -> Value {
    let up = pipeline.imgprep(&["up", "--yes", "--json"]).exits(0).json();
    let count = pipeline.proxy.take_mutating().len();
    assert!(count > 10, "only {count} calls made a whole stack");
    // The CDN may still be on its way to its edges.
    assert!(["ready", "deploying"].contains(&up["state"].as_str().unwrap()), "{up:#}");
    let status = pipeline.status(0);
    assert_eq!(status["state"], "ready");
    assert_resources(&status, "ok", "none");
    assert_eq!(status["outputs"], up["outputs"]);
    assert_eq!(each(&up, "id"), RESOURCES.map(|(id, _)| id));
    assert_outputs(pipeline, &up["outputs"]);
    assert_eq!(pipeline.aws.inventory().await.len(), 10, "one of each kind");
    up["outputs"].clone()
}

fn assert_resources(document: &Value, state: &str, action: &str) {
    assert_eq!(each(document, "id"), RESOURCES.map(|(id, _)| id));
    assert_eq!(each(document, "type"), RESOURCES.map(|(_, kind)| kind));
    assert_eq!(each(document, "state"), [state; 11]);
    assert_eq!(each(document, "action"), [action; 11]);
}

fn assert_outputs(pipeline: &Pipeline, outputs: &Value) {
    let domain = outputs["cdn_domain"].as_str().unwrap();
    let label = domain.strip_suffix(".cloudfront.net").unwrap();
    let base = format!("http://{label}.cloudfront.localhost:{}", pipeline.proxy.port);
    let id = outputs["cdn_id"].as_str().unwrap();
    assert!(id.starts_with('E') && id.len() > 10, "{id} is an id of a distribution");
    let expected = json!({
        "bucket": pipeline.bucket,
        "upload_to": format!("s3://{}/originals/", pipeline.bucket),
        "topic_arn": pipeline.topic_arn(),
        "function_arn": pipeline.function_arn(),
        "role_arn": pipeline.role_arn(),
        "cdn_id": id,
        "cdn_domain": domain,
        "cdn_url": base,
        "urls": {
            "800x600": format!("{base}/800x600/"),
            "400x300": format!("{base}/400x300/"),
        },
    });
    assert_eq!(*outputs, expected);
}

fn a_second_up_calls_nothing_that_changes(pipeline: &Pipeline, outputs: &Value) {
    pipeline.proxy.take_calls();
    let up = pipeline.up();
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
    assert!(up.stdout.contains("is up to date"), "{up}");
    let up = pipeline.imgprep(&["up", "--yes", "--json"]).exits(0).json();
    assert_resources(&up, "ok", "none");
    assert_eq!(up["state"], "ready");
    assert_eq!(up["outputs"], *outputs);
    pipeline.assert_whole();
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
}

async fn down_leaves_nothing(pipeline: &Pipeline) {
    let down = pipeline.imgprep(&["down", "--yes", "--json"]).exits(0).json();
    assert_eq!(down["state"], "absent");
    assert_resources(&down, "missing", "delete");
    assert_eq!(pipeline.aws.inventory().await, Vec::<String>::new());
}

fn a_second_down_calls_nothing_that_changes(pipeline: &Pipeline) {
    pipeline.proxy.take_calls();
    let down = pipeline.imgprep(&["down", "--yes", "--json"]).exits(0).json();
    assert_resources(&down, "missing", "none");
    let status = pipeline.status(4);
    assert_eq!(status["state"], "absent");
    assert_resources(&status, "missing", "create");
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
}
