//! What is no longer in the file: told until it is pruned, and never images by the way.

use aws_sdk_iam::types::Tag;
use imgprep_testkit::clients::document;
use imgprep_testkit::{Pipeline, REGION, resource};
use serde_json::{Value, json};

use crate::variants::{arrived, jpeg};

/// The retired resources of a document: id, name, and what is to be done.
fn retired(document: &Value) -> Vec<(String, String, String)> {
    let resources = document["resources"].as_array().unwrap().iter();
    let retired = resources.filter(|entry| entry["state"] == "retired");
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap().to_owned();
    retired.map(|entry| (text(entry, "id"), text(entry, "name"), text(entry, "action"))).collect()
}

fn untouched(id: &str, name: &str) -> (String, String, String) {
    (id.to_owned(), name.to_owned(), "none".to_owned())
}

/// Proves what is retired, that `up` alone leaves it, and that it is no fault of the stack.
fn assert_retired(pipeline: &Pipeline, expected: &[(&str, &str)]) {
    let status = pipeline.status(0);
    assert_eq!(status["state"], "ready");
    let kept: Vec<_> = expected.iter().map(|(id, name)| untouched(id, name)).collect();
    assert_eq!(retired(&status), kept);
    pipeline.assert_whole();
    pipeline.proxy.take_calls();
    pipeline.up();
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
    let plan = pipeline.imgprep(&["plan", "--prune", "--json"]).exits(0).json();
    let ids: Vec<String> = retired(&plan).into_iter().map(|(id, ..)| id).collect();
    let expected: Vec<&str> = expected.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, expected);
}

pub(crate) async fn a_renamed_topic_and_function_are_told_until_they_are_pruned() {
    let pipeline = Pipeline::new("renamed").await.that_makes_images();
    pipeline.up();
    let (topic, function) = (pipeline.topic.clone(), pipeline.function.clone());
    pipeline.edit(&format!("\"{topic}\""), &format!("\"{topic}-new\""));
    pipeline.edit(&format!("\"{function}\""), &format!("\"{function}-new\""));
    let plan = pipeline.imgprep(&["plan", "--json"]).exits(0).json();
    assert_eq!(resource(&plan, "topic")["action"], "create");
    assert!(retired(&plan).contains(&untouched("topic", &topic)), "{plan:#}");
    let before = pipeline.aws.inventory().await;
    pipeline.up();
    let after = pipeline.aws.inventory().await;
    assert!(
        before.iter().all(|name| after.contains(name)),
        "nothing of the old is gone: {after:?}"
    );
    let trigger = format!("{topic}-new -> {function}");
    let group = pipeline.log_group();
    assert_retired(
        &pipeline,
        &[("topic", &topic), ("logs", &group), ("function", &function), ("trigger", &trigger)],
    );
    let told = pipeline.imgprep(&["status"]).exits(0);
    assert!(told.stdout.contains("imgprep up --prune"), "{told}");
    pipeline.imgprep(&["up", "--yes", "--prune"]).exits(0);
    assert_eq!(retired(&pipeline.status(0)), []);
    let expected: Vec<String> = before
        .iter()
        .map(|name| match name {
            name if name.contains(&topic) && !name.starts_with("subscription") => {
                name.replace(&topic, &format!("{topic}-new"))
            }
            name if name.contains(&function) => name.replace(&function, &format!("{function}-new")),
            name => name.clone(),
        })
        .filter(|name| !name.starts_with("subscription"))
        .collect();
    let left = pipeline.aws.inventory().await;
    let subscriptions = left.iter().filter(|name| name.starts_with("subscription")).count();
    assert_eq!(subscriptions, 1);
    let left: Vec<String> =
        left.into_iter().filter(|name| !name.starts_with("subscription")).collect();
    assert_eq!(left, expected);
    pipeline.upload("originals/after.jpg", &jpeg(640, 480)).await;
    arrived(&pipeline, "800x600/after.jpg").await;
}

pub(crate) async fn a_renamed_bucket_keeps_its_images_until_their_deletion_is_asked_for() {
    let pipeline = Pipeline::new("moved").await.that_makes_images();
    pipeline.up();
    pipeline.upload("originals/old.jpg", &jpeg(320, 240)).await;
    arrived(&pipeline, "800x600/old.jpg").await;
    arrived(&pipeline, "400x300/old.jpg").await;
    let old = pipeline.bucket.clone();
    pipeline.edit(&format!("\"{old}\""), &format!("\"{old}-new\""));
    pipeline.up();
    let notification = format!("imgprep-{}", pipeline.stack);
    assert_retired(
        &pipeline,
        &[
            ("bucket", &old),
            ("notification", &notification),
            ("policy", &pipeline.policy()),
            ("role", &pipeline.role()),
        ],
    );
    pipeline.imgprep(&["up", "--yes", "--prune"]).exits(0);
    assert_eq!(retired(&pipeline.status(0)), [untouched("bucket", &old)]);
    assert!(pipeline.object("originals/old.jpg").await.is_some(), "no image is gone");
    pipeline.imgprep(&["up", "--yes", "--delete-images"]).exits(2);
    pipeline.imgprep(&["up", "--yes", "--prune", "--delete-images"]).exits(0);
    assert_eq!(retired(&pipeline.status(0)), []);
    assert_eq!(pipeline.keys().await, None, "the old bucket is gone");
}

pub(crate) async fn the_folder_of_a_removed_variant_keeps_its_images_until_asked() {
    let pipeline = Pipeline::new("shrunk").await.that_makes_images();
    pipeline.edit(
        "[[variants]]\nsize = \"400x300\"",
        "[[variants]]\nsize = \"400x300\"\n\n[[variants]]\nsize = \"50x50\"\nfolder = \"small/square\"",
    );
    pipeline.up();
    pipeline.upload("originals/a.jpg", &jpeg(320, 240)).await;
    for folder in ["800x600", "400x300", "small/square"] {
        arrived(&pipeline, &format!("{folder}/a.jpg")).await;
    }
    pipeline.edit(
        "\n\n[[variants]]\nsize = \"400x300\"\n\n[[variants]]\nsize = \"50x50\"\nfolder = \"small/square\"",
        "",
    );
    pipeline.up();
    assert_retired(&pipeline, &[("folders", "400x300/"), ("folders", "small/square/")]);
    let all = pipeline.keys().await;
    let kept = pipeline.imgprep(&["up", "--yes", "--prune"]).exits(0);
    assert!(kept.stdout.contains("--delete-images"), "{kept}");
    assert_eq!(pipeline.keys().await, all);
    pipeline.imgprep(&["up", "--yes", "--prune", "--delete-images"]).exits(0);
    assert_eq!(retired(&pipeline.status(0)), []);
    let left = ["800x600/", "800x600/a.jpg", "originals/", "originals/a.jpg"];
    assert_eq!(pipeline.keys().await.unwrap(), left);
}

pub(crate) async fn a_cdn_that_is_switched_off_is_retired_and_pruned() {
    let pipeline = Pipeline::new("no-cdn").await;
    pipeline.up();
    pipeline.edit("[tags]", "[cdn]\nenabled = false\n\n[tags]");
    assert_retired(&pipeline, &[("cdn", &pipeline.cdn())]);
    let pruned = pipeline.imgprep(&["up", "--yes", "--prune"]).exits(0);
    assert!(pruned.stdout.contains("disabling it"), "it does not wait: {pruned}");
    assert!(pruned.stdout.contains("imgprep up --prune removes it"), "no images: {pruned}");
    pipeline.imgprep(&["up", "--yes", "--prune"]).exits(0);
    let left = pipeline.aws.inventory().await;
    assert!(!left.iter().any(|name| name.contains(&pipeline.cdn())), "{left:?}");
    let sids: Vec<Value> =
        pipeline.bucket_statements().await.iter().map(|it| it["Sid"].clone()).collect();
    assert_eq!(sids, ["ImgprepDenyPlainHttp"]);
    pipeline.assert_whole();
}

pub(crate) async fn going_down_removes_what_is_retired_as_well() {
    let pipeline = Pipeline::new("both").await;
    pipeline.up();
    for name in [&pipeline.topic, &pipeline.function, &pipeline.bucket] {
        pipeline.edit(&format!("\"{name}\""), &format!("\"{name}-new\""));
    }
    pipeline.edit("400x300", "200x150");
    pipeline.up();
    pipeline.down();
    assert_eq!(pipeline.aws.inventory().await, Vec::<String>::new());
}

pub(crate) async fn a_stack_of_the_same_name_elsewhere_is_left_alone() {
    let pipeline = Pipeline::new("twin").await;
    pipeline.up();
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" },
        "Action": "sts:AssumeRole",
    }]});
    let tag = |key: &str, value: &str| {
        aws_sdk_iam::types::Tag::builder().key(key).value(value).build().unwrap()
    };
    let create = pipeline
        .aws
        .iam
        .create_role()
        .role_name("LambdaS3Twin")
        .path(format!("/imgprep/{}/", pipeline.stack));
    let create = create
        .assume_role_policy_document(trust.to_string())
        .tags(tag("imgprep:stack", &pipeline.stack))
        .tags(tag("imgprep:region", "eu-central-1"));
    create.send().await.unwrap();
    assert_retired(&pipeline, &[]);
    pipeline.imgprep(&["up", "--yes", "--prune"]).exits(0);
    pipeline.down();
    assert_eq!(pipeline.aws.inventory().await, ["role LambdaS3Twin"]);
}

pub(crate) async fn what_aws_cannot_change_is_made_anew() {
    let pipeline = Pipeline::new("replaced").await;
    pipeline.up();
    let iam = &pipeline.aws.iam;
    let role = iam.get_role().role_name(pipeline.role()).send().await.unwrap().role.unwrap();
    let detach = iam.detach_role_policy().role_name(pipeline.role());
    detach.policy_arn(pipeline.policy_arn()).send().await.unwrap();
    iam.delete_role().role_name(pipeline.role()).send().await.unwrap();
    let trust = role.assume_role_policy_document().unwrap().replace("%3A", ":");
    let trust = trust.replace("%7B", "{").replace("%7D", "}").replace("%22", "\"");
    let trust =
        trust.replace("%5B", "[").replace("%5D", "]").replace("%2C", ",").replace("%20", " ");
    let create = iam.create_role().role_name(pipeline.role()).path("/by-hand/");
    let create = create.assume_role_policy_document(trust).set_tags(role.tags);
    create.send().await.unwrap();
    let plan = pipeline.imgprep(&["plan", "--json"]).exits(0).json();
    let expected = json!([{
        "path": "path", "have": "/by-hand/", "want": format!("/imgprep/{}/", pipeline.stack),
    }]);
    assert_eq!(resource(&plan, "role")["action"], "replace");
    assert_eq!(resource(&plan, "role")["differences"], expected);
    let text = pipeline.imgprep(&["plan"]).exits(0);
    assert!(text.stdout.contains("-/+ role"), "{text}");
    pipeline.up();
    pipeline.assert_whole();
}

/// A role and a policy of the stack, as an earlier name of the bucket would have left them, unless
/// they are there. Answers with the ARN of the policy; both have the same name.
pub(crate) async fn retired_role_and_policy(pipeline: &Pipeline) -> String {
    let (iam, name) = (&pipeline.aws.iam, format!("old-{}", pipeline.stack));
    let path = format!("/imgprep/{}/", pipeline.stack);
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build().unwrap();
    let tags = [tag("imgprep:stack", &pipeline.stack), tag("imgprep:region", REGION)];
    if iam.get_role().role_name(&name).send().await.is_err() {
        let trust = json!({ "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": { "Service": "lambda.amazonaws.com" } });
        let role = iam.create_role().role_name(&name).path(&path).set_tags(Some(tags.to_vec()));
        role.assume_role_policy_document(document(&[trust])).send().await.unwrap();
    }
    let arn = format!("arn:aws:iam::{}:policy{path}{name}", pipeline.account);
    if iam.get_policy().policy_arn(&arn).send().await.is_err() {
        let all = json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" });
        let policy = iam.create_policy().policy_name(name).path(path).set_tags(Some(tags.to_vec()));
        policy.policy_document(document(&[all])).send().await.unwrap();
    }
    arn
}
