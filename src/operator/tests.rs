//! Which actions the options and the commands on images add, and how many policies long names make.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::*;
use crate::names::Place;

const LEAST: &str = "bucket.name = 'photos'\nvariants = [{ size = '400x300' }]\n";

fn printed(operation: Operation, text: &str) -> Vec<Value> {
    let config = Config::parse(text, "pipeline.toml", Path::new(""), &|_| None).unwrap();
    let place = Place {
        account: "123456789012".to_owned(),
        partition: "aws",
        region: "ap-southeast-1".to_owned(),
        dns_suffix: "amazonaws.com",
    };
    documents(operation, &config, &stack::names(&config, place))
}

fn statements(operation: Operation, text: &str) -> Vec<Value> {
    let documents = printed(operation, text);
    let statements = documents.iter().map(|document| document["Statement"].as_array().unwrap());
    statements.flatten().cloned().collect()
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn actions(operation: Operation, text: &str) -> BTreeSet<String> {
    statements(operation, text).iter().flat_map(|one| texts(&one["Action"])).collect()
}

/// The actions that one policy has and another has not.
fn added(more: Operation, less: Operation, text: &str) -> Vec<String> {
    actions(more, text).difference(&actions(less, text)).cloned().collect()
}

const UP: UpOptions = UpOptions { adopt: false, prune: false, delete_images: false };

#[test]
fn pruning_the_stack_needs_what_removes_each_resource() {
    let prune = Operation::Up(UpOptions { prune: true, ..UP });
    let expected = [
        "acm:DeleteCertificate",
        "acm:DescribeCertificate",
        "acm:ListCertificates",
        "acm:ListTagsForCertificate",
        "cloudfront:DeleteCachePolicy",
        "cloudfront:DeleteDistribution",
        "cloudfront:DeleteOriginAccessControl",
        "cloudfront:GetCachePolicy",
        "cloudfront:GetOriginAccessControl",
        "cloudfront:ListCachePolicies",
        "cloudfront:UpdateDistribution",
        "cloudwatch:DeleteAlarms",
        "iam:DeletePolicy",
        "iam:DeleteRolePolicy",
        "iam:DetachGroupPolicy",
        "iam:DetachRolePolicy",
        "iam:DetachUserPolicy",
        "iam:ListEntitiesForPolicy",
        "iam:RemoveRoleFromInstanceProfile",
        "lambda:DeleteFunction",
        "logs:DeleteLogGroup",
        "route53:ChangeResourceRecordSets",
        "route53:ListHostedZonesByName",
        "route53:ListResourceRecordSets",
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:ListBucketMultipartUploads",
        "sns:DeleteTopic",
        "sns:Unsubscribe",
        "sqs:DeleteQueue",
    ];
    let off = format!("{LEAST}[cdn]\nenabled = false\n");
    assert_eq!(added(prune, Operation::Up(UP), &off), expected);
}

#[test]
fn a_boundary_is_put_by_up_only() {
    let bounded =
        format!("{LEAST}[function]\npermissions_boundary = 'arn:aws:iam::aws:policy/ReadOnly'\n");
    let put = "iam:PutRolePermissionsBoundary";
    let has = |operation, text: &str| actions(operation, text).contains(put);
    assert!(has(Operation::Up(UP), &bounded) && has(Operation::Every, &bounded));
    assert!(!has(Operation::Up(UP), LEAST) && !has(Operation::Look, &bounded));
    assert!(!has(Operation::Down { delete_images: true }, &bounded));
}

#[test]
fn roles_are_made_and_given_rights_under_the_boundary_only() {
    let arn = "arn:aws:iam::aws:policy/ReadOnly";
    let bounded = format!("{LEAST}[function]\npermissions_boundary = '{arn}'\n");
    let conditions = |text: &str, action: &str| -> Vec<Value> {
        let all = statements(Operation::Up(UP), text).into_iter();
        let with = all.filter(|one| texts(&one["Action"]).iter().any(|it| it == action));
        with.map(|one| one["Condition"]["StringEquals"]["iam:PermissionsBoundary"].clone())
            .collect()
    };
    for action in ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:AttachRolePolicy"] {
        assert_eq!(conditions(&bounded, action), [arn], "{action}");
    }
    for action in ["iam:CreateRole", "iam:AttachRolePolicy"] {
        assert_eq!(conditions(LEAST, action), [Value::Null], "{action}");
    }
    assert!(!actions(Operation::Every, &bounded).contains("iam:DeleteRolePermissionsBoundary"));
}

#[test]
fn only_roles_under_the_stacks_path_are_changed() {
    for operation in [Operation::Every, Operation::Up(UP), Operation::Down { delete_images: true }]
    {
        for statement in statements(operation, LEAST) {
            let is_by_name = |arn: &String| arn.contains(":role/LambdaS3");
            let is_read = |action: &String| action.contains(":Get") || action.contains(":List");
            let by_name = texts(&statement["Resource"]).iter().any(is_by_name);
            assert!(!by_name || texts(&statement["Action"]).iter().all(is_read), "{statement}");
        }
    }
}

/// The resources by action of what stands beside the statements about the stack itself.
fn on_objects(operation: Operation) -> BTreeMap<String, Vec<String>> {
    let bucket = "arn:aws:s3:::photos/";
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for statement in statements(operation, LEAST) {
        let sid = statement["Sid"].as_str().unwrap();
        if ["Objects", "Images", "Uploads"].iter().any(|group| sid.ends_with(group)) {
            let inside = texts(&statement["Resource"]);
            let inside = inside.iter().map(|arn| arn.strip_prefix(bucket).unwrap().to_owned());
            let inside: Vec<String> = inside.collect();
            for action in texts(&statement["Action"]) {
                found.entry(action).or_default().extend(inside.clone());
            }
        }
    }
    found
}

/// Asked for the time that is left.
const METRIC: &str = "cloudwatch:GetMetricStatistics";

#[test]
fn each_command_on_images_gets_at_what_it_works_on() {
    let get = |folders: &[&'static str]| BTreeMap::from([("s3:GetObject", folders.to_vec())]);
    let all = get(&["originals/*", "400x300/*", "failed/*"]);
    let mut tried = get(&["400x300/imgprep-try/*", "failed/imgprep-try/*"]);
    tried.insert("s3:PutObject", vec!["originals/imgprep-try/*"]);
    let removed = ["400x300/imgprep-try/*", "failed/imgprep-try/*", "originals/imgprep-try/*"];
    tried.insert("s3:DeleteObject", removed.to_vec());
    let mut deleted = all.clone();
    for action in ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion"] {
        deleted.insert(action, vec!["*"]);
    }
    let backfill = |outdated, dry_run| {
        Operation::Backfill(BackfillOptions { outdated, dry_run, on_aws: false })
    };
    let cases = [
        (Operation::Count, BTreeMap::new(), vec![METRIC]),
        (Operation::Try, tried, vec!["logs:FilterLogEvents", "s3:DeleteObject", "s3:PutObject"]),
        (
            backfill(false, false),
            BTreeMap::new(),
            vec![METRIC, "lambda:GetAccountSettings", "sns:Publish"],
        ),
        (
            backfill(true, true),
            get(&["originals/*", "400x300/*"]),
            vec![METRIC, "lambda:GetAccountSettings"],
        ),
        (
            Operation::Backfill(BackfillOptions { on_aws: true, ..BackfillOptions::default() }),
            get(&["imgprep-reports/*"]),
            vec![
                "iam:CreateRole",
                "iam:PassRole",
                "iam:PutRolePolicy",
                "iam:TagRole",
                "iam:UpdateAssumeRolePolicy",
                "lambda:GetAccountSettings",
                "s3:CreateJob",
                "s3:DescribeJob",
                "s3:ListJobs",
                "s3:PutJobTagging",
                "s3:UpdateJobStatus",
            ],
        ),
        (Operation::Failures, get(&["failed/*"]), vec![]),
        (Operation::Retry, all.clone(), vec!["sns:Publish"]),
        (Operation::Prune { yes: false }, all.clone(), vec![METRIC]),
        (Operation::Urls, all, vec![]),
        (
            Operation::Prune { yes: true },
            deleted,
            vec![
                METRIC,
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:DeleteObjectVersion",
                "s3:ListBucketMultipartUploads",
            ],
        ),
    ];
    for (operation, objects, more) in cases {
        let found = on_objects(operation);
        let found = found.iter().map(|(action, inside)| {
            (action.as_str(), inside.iter().map(String::as_str).collect::<Vec<_>>())
        });
        assert_eq!(found.collect::<BTreeMap<_, _>>(), objects, "{operation:?}");
        assert_eq!(added(operation, Operation::Look, LEAST), more, "{operation:?}");
    }
    // They need nothing of what every other command needs.
    for (operation, action) in
        [(Operation::Logs, "logs:FilterLogEvents"), (Operation::Presign, "s3:PutObject")]
    {
        let found = actions(operation, LEAST);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [action], "{operation:?}");
    }
}

#[test]
fn a_reserved_concurrency_need_not_be_asked_for() {
    let reserved = format!("{LEAST}[function]\nconcurrency = 5\n");
    let backfill = Operation::Backfill(BackfillOptions::default());
    assert_eq!(added(backfill, Operation::Look, &reserved), [METRIC, "sns:Publish"]);
}

#[test]
fn as_many_policies_are_made_as_iam_wants() {
    let folder =
        |number: usize| format!("{{ size = '1x1', folder = '{number:02}{}' }}", "f".repeat(130));
    let folders: Vec<String> = (0..16).map(folder).collect();
    let long = format!("bucket.name = '{}'\nvariants = [{}]\n", "b".repeat(63), folders.join(","));
    for (text, counts) in [(LEAST, [2, 1, 1]), (&long, [6, 1, 1])] {
        let operations = [Operation::Every, Operation::Up(UP), Operation::Retry];
        let all = operations.map(|operation| printed(operation, text));
        assert_eq!(all.each_ref().map(Vec::len), counts, "{text}");
        for (operation, documents) in operations.into_iter().zip(all) {
            for document in documents {
                assert_eq!(document["Version"], "2012-10-17");
                assert!(document.to_string().len() <= 6144, "{document}");
            }
            let all = statements(operation, text);
            let sids: BTreeSet<&str> = all.iter().map(|one| one["Sid"].as_str().unwrap()).collect();
            assert_eq!(sids.len(), all.len(), "no Sid is there twice");
        }
    }
}
