//! `imgprep export`: a template that another tool makes the same stack of.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use aws_sdk_s3::types::{Tag, Tagging};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use imgprep_testkit::http::{PAST_THE_GATE, send};
use imgprep_testkit::{Pipeline, REGION, run, wait_for};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// What `status` finds different in a stack that `CloudFormation` made of our template.
const DIFFERENCES: [&str; 12] = [
    // CloudFormation makes no objects.
    "folders missing",
    // It gives the entry of a bucket's notification no identifier, ...
    "notification id",
    // ... a managed policy no tags, ...
    "policy tags.imgprep:region",
    "policy tags.imgprep:stack",
    "policy tags.team",
    // ... and the topic's permission an identifier of its own.
    "trigger permission.Statement[imgprep-STACK]",
    // No tag says which source the zip was built from.
    "function code",
    // Nor does one say which role of that name it was set to.
    "function role_id",
    // The emulator knows no HTTPS, which `up` makes allowance for, and a template does not.
    "bucket policy.Statement[ImgprepDenyPlainHttp]",
    "cdn viewer_protocol",
    // The emulator's CloudFormation keeps this for `$LATEST`, where its Lambda does not look.
    "function on_failure",
    "function retries",
];

pub(crate) async fn cloudformation_makes_the_same_stack() {
    let pipeline = Pipeline::with_cdn("template").await.that_makes_images();
    let location = format!("s3://{}-code/function.zip", pipeline.stack);
    let arguments = ["export", "--format", "cloudformation", "--code", &location];
    let output = pipeline.imgprep(&[&arguments[..], &["--zip", "function.zip"]].concat()).exits(0);
    let template = output.json();
    assert_eq!(template["Parameters"]["CodeKey"]["Default"], "function.zip");
    assert!(pipeline.proxy.take_calls().is_empty(), "AWS is not asked");

    let code_bucket = format!("{}-code", pipeline.stack);
    let s3 = &pipeline.aws.s3;
    s3.create_bucket().bucket(&code_bucket).send().await.unwrap();
    let zip = fs::read(pipeline.folder().join("function.zip")).unwrap();
    let put = s3.put_object().bucket(&code_bucket).key("function.zip").body(zip.into());
    put.send().await.unwrap();
    create_stack(&pipeline, &output.stdout).await;
    put_bucket_tags(&pipeline, &template).await;

    let status = pipeline.status(4);
    let resources = status["resources"].as_array().unwrap().iter().flat_map(differences);
    let found: BTreeSet<String> =
        resources.map(|line| line.replace(&pipeline.stack, "STACK")).collect();
    assert_eq!(found, DIFFERENCES.map(ToOwned::to_owned).into(), "{status:#}");

    // Coming back is an `up` that changes only that.
    pipeline.imgprep(&["up", "--yes", "--adopt"]).exits(0);
    pipeline.assert_whole();
    let trial = pipeline.imgprep(&["try", "--json"]).exits(0).json();
    assert_eq!(trial["variants"].as_array().unwrap().len(), 2);
    pipeline.imgprep(&["down", "--yes", "--delete-images"]).exits(0);
    pipeline.is_over();
}

/// The emulator's `CloudFormation` forgets the tags of buckets.
async fn put_bucket_tags(pipeline: &Pipeline, template: &Value) {
    let tags = template["Resources"]["Bucket"]["Properties"]["Tags"].as_array().unwrap();
    let tags = tags.iter().map(|tag| {
        let text = |name: &str| tag[name].as_str().unwrap();
        Tag::builder().key(text("Key")).value(text("Value")).build().unwrap()
    });
    let tagging = Tagging::builder().set_tag_set(Some(tags.collect())).build().unwrap();
    let put = pipeline.aws.s3.put_bucket_tagging().bucket(&pipeline.bucket).tagging(tagging);
    put.send().await.unwrap();
}

/// What is different about one resource, a line for each field.
fn differences(resource: &Value) -> Vec<String> {
    let id = resource["id"].as_str().unwrap();
    if resource["state"] == "missing" {
        return vec![format!("{id} missing")];
    }
    let edits = resource["differences"].as_array().unwrap().iter();
    edits.map(|edit| format!("{id} {}", edit["path"].as_str().unwrap())).collect()
}

/// Makes a stack of the template, and waits for it.
async fn create_stack(pipeline: &Pipeline, template: &str) {
    let (name, port) = (("StackName", pipeline.stack.as_str()), pipeline.emulator.port());
    let create = [
        ("Action", "CreateStack"),
        name,
        ("TemplateBody", template),
        ("Capabilities.member.1", "CAPABILITY_NAMED_IAM"),
    ];
    let answer = cloudformation(port, &create).await;
    assert!(answer.contains("<StackId>"), "{answer}");
    let status = wait_for("the end of the stack's creation", async || {
        let answer = cloudformation(port, &[("Action", "DescribeStacks"), name]).await;
        let status = answer.split("<StackStatus>").nth(1)?.split('<').next()?.to_owned();
        (status != "CREATE_IN_PROGRESS").then_some(status)
    })
    .await;
    if status != "CREATE_COMPLETE" {
        let events = cloudformation(port, &[("Action", "DescribeStackEvents"), name]).await;
        panic!("{status}: {events}");
    }
}

/// A call of the Query API, which MiniStack itself takes without a true signature.
async fn cloudformation(port: u16, parameters: &[(&str, &str)]) -> String {
    let version = ("Version", "2010-05-15");
    let form: Vec<String> = parameters
        .iter()
        .chain([&version])
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
        .collect();
    let scope = format!("test/20260101/{REGION}/cloudformation/aws4_request");
    let request = Request::post("/")
        .header(PAST_THE_GATE, "true")
        .header("host", format!("cloudformation.{REGION}.amazonaws.com"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header(
            "authorization",
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
        )
        .body(Full::new(Bytes::from(form.join("&"))))
        .unwrap();
    let answer = send(port, request).await.unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

pub(crate) async fn a_template_needs_neither_aws_nor_credentials() {
    let pipeline = Pipeline::offline("offline").await;
    let offline = |arguments: &[&str]| {
        let mut command: Command = pipeline.command();
        for name in ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"]
        {
            command.env_remove(name);
        }
        run(command.arg("export").args(arguments))
    };
    let template = offline(&["--format", "terraform"]).exits(0);
    assert_eq!(template.stderr, "");
    assert!(!template.stdout.contains(&pipeline.account), "{template}");

    let written = offline(&["--format", "terraform", "-o", "main.tf.json"]).exits(0);
    let file = fs::read_to_string(pipeline.folder().join("main.tf.json")).unwrap();
    assert_eq!(file, template.stdout);
    assert_eq!(
        written.stdout,
        "wrote main.tf.json\n\n\
         next: imgprep export --format terraform -o main.tf.json --zip function.zip\n"
    );
    let written = offline(&["--format", "terraform", "-o", "main.json", "--json"]).exits(0);
    assert_eq!(written.json(), serde_json::json!({ "template": "main.json", "zip": null }));
    assert_eq!(written.stderr, "warning: Terraform reads JSON only from files in `*.tf.json`\n");
}

pub(crate) async fn what_cannot_be_exported_is_told() {
    let pipeline = Pipeline::offline("unwritable").await;
    let error = pipeline
        .imgprep(&["export", "--format", "terraform", "-o", "no-such/main.tf.json", "--json"])
        .exits(1)
        .error();
    assert_eq!(error.code, "File");
    assert!(error.message.starts_with("cannot write `no-such/main.tf.json`: "), "{error:?}");
    for location in ["bucket/key", "s3://bucket", "s3://bucket/", "s3:///key"] {
        let arguments = ["export", "--format", "terraform", "--code", location];
        let text = pipeline.imgprep(&arguments).exits(2);
        assert!(text.stderr.contains("must look like `s3://BUCKET/KEY`"), "{text}");
    }
    let text = pipeline.imgprep(&["export"]).exits(2);
    assert!(text.stderr.contains("--format <TOOL>"), "{text}");
    pipeline.edit("[bucket]", "region = \"cn-north-1\"\n\n[cdn]\nenabled = true\n\n[bucket]");
    let text = pipeline.imgprep(&["export", "--format", "terraform"]).exits(2);
    assert!(text.stderr.contains("cn-north-1"), "{text}");
}
