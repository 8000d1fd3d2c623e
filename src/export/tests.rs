//! Templates of a small pipeline and of one that has everything; that each resource of the stack is
//! in both; and that nothing in them refers to what is not there.

use std::collections::BTreeSet;
use std::path::Path;

use insta::assert_snapshot;

use serde_json::json;

use super::*;
use crate::config::Config;
use crate::engine::fields::holds;
use crate::stack::InFile;
use crate::template::{ACCOUNT, Location, cloudformation, terraform};

mod alarms;
mod domains;
mod members;

const SMALL: &str = r#"
    name = "photos"
    [bucket]
    name = "photos-example"
    [[variants]]
    size = "800x600"
"#;

const FULL: &str = r#"
    name = "photos"
    [bucket]
    name = "photos-example"
    on_delete = "remove"
    originals_storage = "glacier-instant"
    expire_originals_days = 365
    versioning = true
    [topic]
    name = "uploads"
    [function]
    name = "Resize"
    arch = "arm64"
    memory = 512
    timeout = 77
    concurrency = 7
    log_retention_days = 30
    permissions_boundary = "arn:aws:iam::123456789012:policy/Boundary"
    [[variants]]
    size = "800x600"
    [[variants]]
    size = "400x300"
    folder = "small"
    cache_control = "max-age=5, x=${DOLLAR}{y}"
    [cdn]
    invalidate = true
    price_class = "all"
    domains = ["img.example.com"]
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/abc"
    fallback = "fallback.png"
    versions = true
    [notify]
    https = ["https://app.example.com/hooks"]
    queue = true
    [uploads]
    origins = ["https://app.example.com"]
    [alarms]
    email = ["ops@example.com"]
    failed_images = 25
    [tags]
    team = "marketplace"
"#;

fn config(text: &str) -> Config {
    let dollar = |name: &str| (name == "DOLLAR").then(|| "$".to_owned());
    Config::parse(text, "pipeline.toml", Path::new(""), &dollar).unwrap()
}

/// The resources of a file, for an account that is not known yet.
fn wanted(config: &Config) -> Vec<Box<dyn InFile>> {
    stack::wanted(config, template::place())
}

fn exported(text: &str, format: Format) -> Value {
    template(format, &Request { config: &config(text), region: None, code: None, zip: None })
}

/// Every text in a value, keys of objects aside.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// What stands between `start` and the next `end`, each time.
fn between<'a>(text: &'a str, start: &str, end: char) -> Vec<&'a str> {
    text.split(start).skip(1).filter_map(|rest| rest.split(end).next()).collect()
}

#[test]
fn cloudformation_has_every_resource_but_the_folders() {
    let template = exported(FULL, Format::CloudFormation);
    let resources = template["Resources"].as_object().unwrap();
    let kinds: BTreeSet<&str> =
        resources.values().map(|resource| resource["Type"].as_str().unwrap()).collect();
    let wanted = wanted(&config(FULL));
    assert_eq!(wanted.len(), 18);
    for id in wanted.iter().map(|resource| resource.id()) {
        // Folders are objects, and the notification is a property of the bucket.
        let is_apart = id.0.inside.is_some();
        assert_eq!(kinds.contains(id.0.aws_type), !is_apart, "{id}");
    }
}

#[test]
fn cloudformation_refers_only_to_what_it_has() {
    for text in [SMALL, FULL] {
        let template = exported(text, Format::CloudFormation);
        let members = |name: &str| template[name].as_object().unwrap().clone();
        let resources = members("Resources");
        let known: BTreeSet<String> =
            resources.keys().chain(members("Parameters").keys()).cloned().collect();
        let mut found = Vec::new();
        references(&template, &mut found);
        for resource in resources.values() {
            found.extend(texts(&resource["DependsOn"]));
        }
        assert!(found.len() > 20, "{found:?}");
        for reference in found {
            let is_known = known.contains(&reference) || reference.starts_with("AWS::");
            assert!(is_known, "`{reference}` is not there");
        }
    }
}

/// What `Ref`, `Fn::GetAtt` and `Fn::Sub` refer to.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("Ref", Value::String(name)) => found.push(name.clone()),
                    ("Fn::GetAtt", Value::Array(path)) => {
                        found.push(path[0].as_str().unwrap().to_owned());
                    }
                    ("Fn::Sub", Value::String(text)) => {
                        let names = between(text, "${", '}').into_iter();
                        found.extend(names.filter(|name| !name.starts_with('!')).map(Into::into));
                    }
                    _ => references(member, found),
                }
            }
        }
        _ => {}
    }
}

/// Types that the provider has (Terraform Registry, `hashicorp/aws`).
const TYPES: [&str; 26] = [
    "aws_cloudfront_cache_policy",
    "aws_cloudfront_distribution",
    "aws_cloudfront_origin_access_control",
    "aws_cloudwatch_log_group",
    "aws_cloudwatch_metric_alarm",
    "aws_iam_policy",
    "aws_iam_role",
    "aws_iam_role_policy_attachment",
    "aws_lambda_function",
    "aws_lambda_function_event_invoke_config",
    "aws_lambda_permission",
    "aws_s3_bucket",
    "aws_s3_bucket_cors_configuration",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_notification",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_policy",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
    "aws_s3_object",
    "aws_sns_topic",
    "aws_sns_topic_policy",
    "aws_sns_topic_subscription",
    "aws_sqs_queue",
    "aws_sqs_queue_policy",
];

#[test]
fn terraform_has_every_resource() {
    let template = exported(FULL, Format::Terraform);
    let kinds: Vec<&String> = template["resource"].as_object().unwrap().keys().collect();
    assert_eq!(kinds, TYPES);
    let config = config(FULL);
    for resource in wanted(&config) {
        let request = Request { config: &config, region: None, code: None, zip: None };
        let mut module = Terraform::new(&request);
        resource.terraform(&mut module);
        assert_ne!(module.finish()["resource"], json!({}), "{}", resource.id());
    }
}

#[test]
fn terraform_refers_only_to_what_it_has() {
    let code = Location { bucket: "code".to_owned(), key: "function.zip".to_owned() };
    for (text, code) in [(SMALL, None), (FULL, None), (FULL, Some(&code))] {
        let config = config(text);
        let request = Request { config: &config, region: None, code, zip: None };
        let template = template(Format::Terraform, &request);
        let mut known: BTreeSet<String> = ["each.value".to_owned()].into();
        for (section, prefix) in [("variable", "var"), ("locals", "local")] {
            let names = template[section].as_object().unwrap().keys();
            known.extend(names.map(|name| format!("{prefix}.{name}")));
        }
        for (section, prefix) in [("resource", ""), ("data", "data.")] {
            for (kind, named) in template[section].as_object().unwrap() {
                let names = named.as_object().unwrap().keys();
                known.extend(names.map(|name| format!("{prefix}{kind}.{name}")));
            }
        }
        let expressions = texts(&template);
        let mut expressions: Vec<String> = expressions
            .iter()
            .flat_map(|text| between(text, "${", '\n'))
            .map(ToOwned::to_owned)
            .collect();
        for named in template["resource"].as_object().unwrap().values() {
            for resource in named.as_object().unwrap().values() {
                expressions.extend(texts(&resource["depends_on"]));
            }
        }
        let dotted = |character: char| !(character.is_alphanumeric() || "_.".contains(character));
        let is_reference = |word: &&str| {
            ["var.", "local.", "data.", "each.", "aws_"].iter().any(|it| word.starts_with(it))
        };
        let mut count = 0;
        for word in expressions.iter().flat_map(|it| it.split(dotted)).filter(is_reference) {
            let is_there =
                known.iter().any(|known| word == known || word.starts_with(&format!("{known}.")));
            assert!(is_there, "`{word}` is not there");
            count += 1;
        }
        assert!(count > 20, "{count}");
    }
}

#[test]
fn what_looks_like_a_reference_and_is_none_stays_as_it_is() {
    let marked = format!("a ${{b}} %{{c}} {ACCOUNT}");
    assert_eq!(cloudformation_text(&marked), r#"{"Fn::Sub":"a ${!b} %{c} ${AWS::AccountId}"}"#);
    assert_eq!(cloudformation_text("a ${b}"), r#""a ${b}""#);
    let template = exported(FULL, Format::Terraform);
    let function = &template["resource"]["aws_lambda_function"]["function"];
    let settings = function["environment"]["variables"]["IMGPREP_SETTINGS"].as_str().unwrap();
    assert!(settings.contains("max-age=5, x=$${y}"), "{settings}");
}

fn cloudformation_text(plain: &str) -> String {
    cloudformation::text(plain).to_string()
}

#[test]
fn without_a_cdn_there_is_none() {
    let text = format!("{SMALL}\n[cdn]\nenabled = false\n");
    for format in [Format::CloudFormation, Format::Terraform] {
        let template = exported(&text, format).to_string().to_lowercase();
        assert!(!template.contains("cloudfront"), "{template}");
    }
}

fn written(template: &Value) -> String {
    serde_json::to_string_pretty(template).unwrap()
}

#[test]
fn a_small_pipeline_for_cloudformation() {
    assert_snapshot!(written(&exported(SMALL, Format::CloudFormation)));
}

/// Scanners such as checkov read every member of a block as a block, or nothing of the file.
#[test]
fn every_member_of_a_block_for_terraform_is_an_object() {
    let template = exported(SMALL, Format::Terraform);
    let blocks = template.as_object().unwrap().iter().filter(|(name, _)| *name != "//");
    for (kind, members) in blocks.filter(|(kind, _)| *kind != "locals") {
        for (name, member) in members.as_object().unwrap() {
            assert!(member.is_object(), "{kind}.{name}: {member}");
        }
    }
}

#[test]
fn a_small_pipeline_for_terraform() {
    assert_snapshot!(written(&exported(SMALL, Format::Terraform)));
}
