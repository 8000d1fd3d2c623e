//! Refusals by AWS, and no AWS at all: one error that names the call and what to do, and a second
//! run that goes on.

use std::time::Duration;

use imgprep_testkit::faults::Deed;
use imgprep_testkit::proxy::Refusal;
use imgprep_testkit::{Pipeline, free_port, run};

pub(crate) async fn a_denied_call_is_named_and_a_second_run_completes() {
    let pipeline = Pipeline::new("denied").await;
    let denied = Refusal {
        status: 403,
        code: "AccessDenied",
        message: "User: arn:aws:iam::1:user/a is not authorized to perform: SNS:CreateTopic",
    };
    pipeline.proxy.refuse("sns:CreateTopic", denied, 2);
    let text = pipeline.imgprep(&["up", "--yes"]).exits(1);
    assert_eq!(text.stdout, "", "{text}");
    let error = text.stderr.split_once("error: ").unwrap().1;
    assert!(!error.contains("error: "), "one error: {text}");
    assert!(error.starts_with(&format!("cannot create topic `{}`\n", pipeline.topic)), "{text}");
    assert!(error.contains("  sns:CreateTopic: AccessDenied: User: "), "{text}");
    assert!(error.contains("hint: grant `sns:CreateTopic`"), "{text}");
    assert!(error.contains("not started: notification, trigger\n"), "{text}");
    let error = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
    assert_eq!((error.resource.as_str(), error.code.as_str()), ("topic", "AccessDenied"));
    assert!(error.message.contains("sns:CreateTopic: AccessDenied"), "{error:?}");
    assert!(error.hint.contains("`sns:CreateTopic`"), "{error:?}");
    assert_eq!(pipeline.status(4)["state"], "partial");
    pipeline.up();
    pipeline.assert_whole();
    assert_eq!(pipeline.aws.inventory().await.len(), 10, "nothing was made twice");
}

pub(crate) async fn an_expired_token_is_named_and_a_second_run_completes() {
    let pipeline = Pipeline::new("expired").await;
    let expired = Refusal {
        status: 403,
        code: "ExpiredToken",
        message: "The security token included in the request is expired",
    };
    pipeline.proxy.refuse("sts:GetCallerIdentity", expired, 2);
    let error = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
    assert_eq!(error.code, "ExpiredToken");
    assert!(
        error.message.contains("sts:GetCallerIdentity: ExpiredToken: The security"),
        "{error:?}"
    );
    assert!(error.hint.contains("aws sso login"), "{error:?}");
    let text = pipeline.imgprep(&["up", "--yes"]).exits(1);
    assert_eq!(text.stderr.matches("error: ").count(), 1, "{text}");
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
    pipeline.up();
    pipeline.assert_whole();
}

pub(crate) async fn an_endpoint_that_is_closed_is_told_within_seconds() {
    let pipeline = Pipeline::offline("closed").await;
    let endpoint = format!("http://127.0.0.1:{}", free_port());
    let mut command = pipeline.command();
    let output = run(command.args(["up", "--yes", "--json"]).env("AWS_ENDPOINT_URL", endpoint));
    assert!(output.took < Duration::from_secs(20), "{output}");
    let output = output.exits(1);
    let error = output.error();
    assert_eq!(error.code, "Unreachable");
    assert!(error.message.starts_with("cannot reach AWS: sts:GetCallerIdentity: "), "{error:?}");
    for word in ["HTTPS_PROXY", "AWS_ENDPOINT_URL"] {
        assert!(error.hint.contains(word), "{error:?}");
    }
}

pub(crate) async fn missing_credentials_are_told_with_what_to_set() {
    let pipeline = Pipeline::offline("anonymous").await;
    let home = pipeline.folder().join("home");
    std::fs::create_dir(&home).unwrap();
    let mut command = pipeline.command();
    command.args(["status", "--json"]).env("HOME", home);
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        command.env_remove(name);
    }
    let output = run(&mut command);
    assert!(output.took < Duration::from_secs(20), "{output}");
    let output = output.exits(1);
    let error = output.error();
    assert_eq!(error.code, "NoCredentials");
    for word in ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "--local"] {
        assert!(error.hint.contains(word), "{error:?}");
    }
    assert!(pipeline.proxy.take_calls().is_empty(), "no call is made without credentials");
}

/// What is slow here is the answer; for imgprep a slow network is the same.
pub(crate) async fn row_60_an_upload_may_take_more_than_a_minute_and_is_sent_once() {
    let pipeline = Pipeline::new("row-60").await;
    pipeline.proxy.add_script(Box::new(|call| {
        let is_upload = call.to_string() == "lambda:CreateFunction";
        is_upload.then_some(Deed::Delay(Duration::from_secs(62)))
    }));
    let up = pipeline.run(&["up", "--yes"]).await.exits(0);
    assert!(up.took > Duration::from_secs(62), "{up}");
    let calls = pipeline.proxy.take_mutating();
    let uploads = calls.iter().filter(|call| *call == "lambda:CreateFunction");
    assert_eq!(uploads.count(), 1);
    pipeline.assert_whole();
}
