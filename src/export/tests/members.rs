//! Every field of the stack, found again in both templates by the path of the member that holds it,
//! as each resource says.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::aws::policy;
use crate::resources::cdn::THIS;
use crate::stack::InFile;

pub(super) const FORMATS: [Format; 2] = [Format::CloudFormation, Format::Terraform];

/// Where the members of a resource stand in a format, by their paths.
fn members(resource: &dyn InFile, format: Format) -> BTreeMap<&'static str, &'static str> {
    let lines: Vec<&str> = resource.members().trim().lines().collect();
    let rows = lines.chunks(3).map(|row| {
        let at = if format == Format::CloudFormation { row[1] } else { row[2] };
        (row[0], at.trim())
    });
    rows.collect()
}

/// A value of the stack as a format writes it.
fn in_words_of(format: Format, value: &Value) -> Value {
    match format {
        Format::CloudFormation => template::rewritten(value, &cloudformation::text),
        Format::Terraform => template::rewritten(value, &|plain| terraform::text(plain).into()),
    }
}

/// The member at a path below the resources.
pub(super) fn member(template: &Value, format: Format, path: &str) -> Value {
    let all = if format == Format::CloudFormation { "Resources" } else { "resource" };
    let mut segments = path.split('/');
    let mut at = vec![&template[all][segments.next().unwrap()]];
    if format == Format::CloudFormation {
        at = vec![&at[0]["Properties"]];
    }
    let mut is_each = false;
    for segment in segments {
        is_each |= segment == "*";
        at = match segment {
            "*" => at[0].as_array().unwrap().iter().collect(),
            _ => at.into_iter().map(|value| below(value, segment)).collect(),
        };
    }
    if is_each { at.into_iter().cloned().collect() } else { at[0].clone() }
}

fn below<'a>(value: &'a Value, segment: &str) -> &'a Value {
    match segment.parse::<usize>() {
        Ok(index) => &value[index],
        Err(_) => &value[segment],
    }
}

/// The member of a resource's table that a field belongs to.
fn row_of<'a>(members: &BTreeMap<&'a str, &'a str>, path: &str) -> Option<&'a str> {
    let around = |row: &&&'a str| holds(row, path);
    members.keys().filter(around).max_by_key(|row| row.len()).copied()
}

/// Whether a field is a statement of a policy, which a template has among others.
fn is_in_policy(path: &str) -> bool {
    path.contains("policy.Statement[") || path.contains("document.Statement[") || path == "trust"
}

/// The statements that a field stands for.
fn statements(field: &Value) -> Vec<Value> {
    let list = field["Statement"].as_array().or(field.as_array());
    list.cloned().unwrap_or_else(|| vec![field.clone()])
}

/// Proves that the document at a place has the statements of a field.
fn check_statements(template: &Value, format: Format, at: &str, field: &Value) {
    let document = match format {
        Format::CloudFormation => member(template, format, at),
        Format::Terraform => template["locals"][at].clone(),
    };
    let found: Vec<Value> = statements(&document).iter().map(policy::canonical).collect();
    for wanted in statements(field) {
        let known = |text: &str| text.replace(THIS, &template::distribution_arn()).into();
        let wanted = in_words_of(format, &template::rewritten(&wanted, &known));
        let wanted = policy::canonical(&wanted);
        assert!(found.contains(&wanted), "{format:?}: {at}: no {wanted} in {found:?}");
    }
}

/// Tags as a format writes them.
fn tags(format: Format, all: &BTreeMap<&str, Value>) -> Value {
    let tags = all.iter().map(|(key, value)| (*key, in_words_of(format, value)));
    match format {
        Format::CloudFormation => tags.map(|(key, it)| json!({"Key": key, "Value": it})).collect(),
        Format::Terraform => tags.map(|(key, value)| (key.to_owned(), value)).collect(),
    }
}

/// Proves that a field stands where the resource's table says, with its value.
fn check_field(template: &Value, format: Format, (path, value): (&str, &Value), at: &str) {
    let (at, expected) = match at.split_once(" = ") {
        Some((at, words)) => (at, serde_json::from_str(words).unwrap()),
        None => (at, in_words_of(format, value)),
    };
    let found = member(template, format, at);
    assert!(!found.is_null(), "{format:?}: {path}: no {at}");
    assert_eq!(found, expected, "{format:?}: {path}: {at}");
}

pub(super) fn check(resource: &dyn InFile, template: &Value, format: Format) {
    let members = members(resource, format);
    let mut used = BTreeSet::new();
    let mut tagged = BTreeMap::new();
    let (fields, name) = (resource.fields(), Value::from(resource.name()));
    let named = members.contains_key("name").then_some(("name", &name));
    for (path, value) in fields.iter().chain(named) {
        let row = row_of(&members, path);
        let row = row.unwrap_or_else(|| panic!("{}: {path} is in no member", resource.id()));
        used.insert(row);
        match (members[row], path.strip_prefix("tags.")) {
            ("-", _) => {}
            (_, Some(key)) => drop(tagged.insert(key, value.clone())),
            (at, None) if is_in_policy(path) => check_statements(template, format, at, value),
            // What else a policy allows is nothing.
            (_, None) if path == "document.others" => assert_eq!(*value, json!([])),
            (at, None) => check_field(template, format, (path, value), at),
        }
    }
    if !tagged.is_empty() {
        let found = member(template, format, members["tags"]);
        assert_eq!(found, tags(format, &tagged), "{}", resource.id());
    }
    let all: BTreeSet<&str> = members.keys().copied().collect();
    assert_eq!(used, all, "{}: members without a field", resource.id());
}

#[test]
fn each_field_is_in_its_member_with_its_value() {
    let config = config(FULL);
    for format in FORMATS {
        let template = exported(FULL, format);
        // The folders are keys and no members: see below.
        let resources = wanted(&config).into_iter().filter(|it| !it.members().is_empty());
        let mut count = 0;
        for resource in resources {
            check(resource.as_ref(), &template, format);
            count += 1;
        }
        assert_eq!(count, 17);
    }
}

/// Where an argument refers to each policy, which stands in `locals` of Terraform's for people to read.
const REFERENCES: [(&str, &str); 8] = [
    ("topic_policy", "aws_sns_topic_policy/topic/policy"),
    ("bucket_policy", "aws_s3_bucket_policy/bucket/policy"),
    ("function_policy", "aws_iam_policy/policy/policy"),
    ("role_policy", "aws_iam_role/role/assume_role_policy"),
    ("dead_letters_policy", "aws_sqs_queue_policy/dead_letters/policy"),
    ("ready_policy", "aws_sqs_queue_policy/ready/policy"),
    ("ready_dead_letters_policy", "aws_sqs_queue_policy/ready_dead_letters/policy"),
    ("alarm_topic_policy", "aws_sns_topic_policy/alarm_topic/policy"),
];

#[test]
fn each_policy_is_referred_to_and_has_no_other_statements() {
    let [first, second] = FORMATS.map(|format| exported(FULL, format));
    for (local, argument) in REFERENCES {
        let reference = format!("${{jsonencode(local.{local})}}");
        assert_eq!(member(&second, Format::Terraform, argument), reference);
    }
    let counts = REFERENCES.map(|(local, _)| statements(&second["locals"][local]).len());
    assert_eq!(counts, [1, 2, 8, 1, 1, 1, 1, 1]);
    let documents = ["TopicPolicy", "BucketPolicy", "Policy", "DeadLettersPolicy"];
    let documents = documents.map(|name| format!("{name}/PolicyDocument"));
    let counts = documents.map(|at| statements(&member(&first, Format::CloudFormation, &at)).len());
    assert_eq!(counts, [1, 2, 8, 1]);
}

#[test]
fn each_folder_is_an_object_of_terraform() {
    let template = exported(FULL, Format::Terraform);
    assert_eq!(
        template["locals"]["folders"],
        json!(["800x600/", "manifests/", "originals/", "small/"])
    );
    let folders = member(&template, Format::Terraform, "aws_s3_object/folders/for_each");
    assert_eq!(folders, "${toset(local.folders)}");
}

/// The four settings of a private bucket are alike, so that one in another's place would not show.
#[test]
fn a_bucket_with_public_variants_blocks_policies_only() {
    let text = SMALL.replace("[bucket]", "[bucket]\naccess = \"public-acl\"");
    let text = format!("{text}\n[cdn]\nenabled = false\n");
    let blocked = member(
        &exported(&text, Format::CloudFormation),
        Format::CloudFormation,
        "Bucket/PublicAccessBlockConfiguration",
    );
    let expected = json!({
        "BlockPublicAcls": false, "IgnorePublicAcls": false,
        "BlockPublicPolicy": true, "RestrictPublicBuckets": true,
    });
    assert_eq!(blocked, expected);
    let blocked = member(
        &exported(&text, Format::Terraform),
        Format::Terraform,
        "aws_s3_bucket_public_access_block/bucket",
    );
    let expected = json!({
        "bucket": "${aws_s3_bucket.bucket.id}",
        "block_public_acls": false, "ignore_public_acls": false,
        "block_public_policy": true, "restrict_public_buckets": true,
    });
    assert_eq!(blocked, expected);
}
