//! `imgprep doctor`: what a first run needs, and what it says of what is missing.

use std::fs;

use imgprep_testkit::{Output, Pipeline, free_port, run};
use serde_json::{Value, json};

use crate::permissions::operator::Operator;

/// What doctor says of a subject.
fn check<'a>(found: &'a Value, subject: &str) -> &'a Value {
    let checks = found["checks"].as_array().unwrap();
    checks.iter().find(|check| check["check"] == subject).unwrap()
}

/// The subjects with their states, but for the local AWS, which is that of the machine.
fn states(found: &Value) -> Vec<(&str, &str)> {
    let checks = found["checks"].as_array().unwrap().iter();
    let states = checks.map(|it| (it["check"].as_str().unwrap(), it["state"].as_str().unwrap()));
    states.filter(|(subject, _)| *subject != "local AWS").collect()
}

fn doctor(pipeline: &Pipeline) -> Output {
    pipeline.imgprep(&["doctor", "--json"])
}

pub(crate) async fn all_that_a_first_up_needs_is_checked_without_a_change() {
    let pipeline = Pipeline::new("doctor").await;
    let found = doctor(&pipeline).exits(0).json();
    let expected = [
        ("file", "ok"),
        ("network", "ok"),
        ("clock", "ok"),
        ("credentials", "ok"),
        ("permissions", "warning"),
        ("function", "ok"),
    ];
    assert_eq!((states(&found), &found["healthy"]), (expected.to_vec(), &json!(true)));
    let account = &pipeline.account;
    assert_eq!(
        check(&found, "credentials")["detail"],
        format!("arn:aws:iam::{account}:root in us-east-1")
    );
    assert_eq!(
        check(&found, "permissions")["detail"],
        "the root user of the account may do everything"
    );
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
}

pub(crate) async fn what_a_user_may_not_do_is_named() {
    let pipeline = Pipeline::new("forbidden").await;
    let operator = Operator::new(&pipeline).await;
    let all = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
    operator.allow(std::slice::from_ref(&all)).await;
    let found = operator.imgprep(&["doctor", "--json"]).exits(0).json();
    let allowed = check(&found, "permissions");
    let user = format!("arn:aws:iam::{}:user/{}", pipeline.account, pipeline.stack);
    let detail = allowed["detail"].as_str().unwrap();
    assert_eq!(allowed["state"], "ok");
    assert!(detail.starts_with(&format!("{user} may do all ")), "{detail}");
    let asked: usize = detail.split(' ').find_map(|word| word.parse().ok()).unwrap();
    assert!(asked > 80, "{detail}");

    let denied = ["cloudfront:CreateDistribution", "sns:CreateTopic"];
    let without = json!({ "Effect": "Deny", "Action": denied, "Resource": "*" });
    operator.allow(&[all, without]).await;
    let found = operator.imgprep(&["doctor", "--json"]).exits(1).json();
    let refused = check(&found, "permissions");
    let expected = json!({
        "check": "permissions",
        "state": "failed",
        "detail": format!(
            "{user} may not do 2 of {asked} actions of `imgprep up`; \
             cloudfront:CreateDistribution, sns:CreateTopic"
        ),
        "hint": "attach what `imgprep iam-policy up` prints to it",
    });
    assert_eq!(refused, &expected);
    let text = operator.imgprep(&["doctor"]).exits(1).stdout;
    assert!(text.contains("  failed   permissions  "), "{text}");
    operator.dismiss().await;
}

pub(crate) async fn what_is_missing_comes_with_what_to_do() {
    let pipeline = Pipeline::offline("nothing").await;
    fs::remove_file(pipeline.folder().join("pipeline.toml")).unwrap();
    let mut command = pipeline.command();
    let nobody = format!("http://127.0.0.1:{}", free_port());
    command.args(["doctor", "--json"]).env("AWS_ENDPOINT_URL", nobody);
    command.env("PATH", pipeline.folder());
    // The emulator of these tests may run already.
    command.env("IMGPREP_LOCAL_DIR", pipeline.folder().join("local"));
    let found = run(&mut command).exits(1).json();
    let expected = [
        ("file", "failed"),
        ("network", "failed"),
        ("clock", "skipped"),
        ("credentials", "skipped"),
        ("permissions", "skipped"),
        ("function", "failed"),
    ];
    assert_eq!((states(&found), &found["healthy"]), (expected.to_vec(), &json!(false)));
    let hint = |subject| check(&found, subject)["hint"].as_str().unwrap();
    assert!(hint("file").contains("`imgprep init`"), "{found:#}");
    assert!(hint("network").contains("AWS_ENDPOINT_URL"), "{found:#}");
    assert!(hint("function").contains("rustup"), "{found:#}");
    // Without --local, nobody needs one.
    assert_eq!(check(&found, "local AWS")["state"], "warning");
}
