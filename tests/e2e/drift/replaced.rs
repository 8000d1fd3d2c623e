//! What AWS cannot change in place is shown as such, and made anew.

use std::collections::BTreeMap;

use aws_sdk_lambda::types::{FunctionCode, PackageType};
use imgprep_testkit::clients::document;
use imgprep_testkit::{Pipeline, resource};
use serde_json::json;

use super::differences;

pub(crate) async fn a_role_under_another_path_is_replaced() {
    let pipeline = Pipeline::new("path").await;
    pipeline.up();
    role_at_the_root(&pipeline).await;
    let path = ("role".to_owned(), "path".to_owned());
    let paths = (json!("/"), json!(format!("/imgprep/{}/", pipeline.stack)));
    // The role takes the attachment with it when it goes.
    let attachment = format!("attachments[{}]", pipeline.role());
    let attachment = ("policy".to_owned(), attachment);
    // To the function it is another role.
    let identity = ("function".to_owned(), "role_id".to_owned());
    let expected = BTreeMap::from([
        (path, paths),
        (attachment, (json!(null), json!("attached"))),
        (identity, (json!(null), json!("that of the role"))),
    ]);
    for command in ["status", "plan"] {
        let document = pipeline.imgprep(&[command, "--json"]).json();
        assert_eq!(differences(&document), expected, "{command}");
        assert_eq!(resource(&document, "role")["action"], "replace", "{command}");
    }
    pipeline.up();
    let get = pipeline.aws.iam.get_role().role_name(pipeline.role()).send().await.unwrap();
    assert_eq!(get.role.unwrap().arn(), pipeline.role_arn());
    assert_rests(&pipeline);
}

/// The same role, but for its path: with our tags, our trust, and our policy.
async fn role_at_the_root(pipeline: &Pipeline) {
    let (iam, name, policy) = (&pipeline.aws.iam, pipeline.role(), pipeline.policy_arn());
    let tags = iam.list_role_tags().role_name(&name).send().await.unwrap().tags;
    let detach = iam.detach_role_policy().role_name(&name).policy_arn(&policy);
    detach.send().await.unwrap();
    iam.delete_role().role_name(&name).send().await.unwrap();
    let trust = json!({ "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": { "Service": "lambda.amazonaws.com" } });
    let create = iam.create_role().role_name(&name).set_tags(Some(tags));
    create.assume_role_policy_document(document(&[trust])).send().await.unwrap();
    iam.attach_role_policy().role_name(&name).policy_arn(&policy).send().await.unwrap();
}

pub(crate) async fn a_function_of_another_package_type_is_replaced() {
    let pipeline = Pipeline::new("package").await;
    pipeline.up();
    let lambda = &pipeline.aws.lambda;
    let tags = lambda.list_tags().resource(pipeline.function_arn()).send().await.unwrap().tags;
    lambda.delete_function().function_name(&pipeline.function).send().await.unwrap();
    let image = format!("{}.dkr.ecr.us-east-1.amazonaws.com/theirs:latest", pipeline.account);
    let create = lambda.create_function().function_name(&pipeline.function).set_tags(tags);
    let create = create.package_type(PackageType::Image).role(pipeline.role_arn());
    create.code(FunctionCode::builder().image_uri(image).build()).send().await.unwrap();
    for command in ["status", "plan"] {
        let document = pipeline.imgprep(&[command, "--json"]).json();
        let shown = differences(&document);
        let package = &shown[&("function".to_owned(), "package_type".to_owned())];
        assert_eq!(*package, (json!("Image"), json!("Zip")), "{command}");
        assert_eq!(resource(&document, "function")["action"], "replace", "{command}");
    }
    pipeline.up();
    let get = lambda.get_function_configuration().function_name(&pipeline.function).send().await;
    assert_eq!(get.unwrap().package_type(), Some(&PackageType::Zip));
    assert_rests(&pipeline);
}

fn assert_rests(pipeline: &Pipeline) {
    assert_eq!(differences(&pipeline.status(0)), [].into());
    pipeline.proxy.take_calls();
    pipeline.up();
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
}
