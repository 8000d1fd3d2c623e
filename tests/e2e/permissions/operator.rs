//! Somebody who may do what a policy says and nothing else, and what the emulator makes of it.

use std::collections::BTreeSet;

use imgprep_testkit::calls::Call;
use imgprep_testkit::clients::{Clients, document};
use imgprep_testkit::{Output, Pipeline, run};
use serde_json::{Value, json};

const POLICY: &str = "imgprep";

/// What the emulator does not check although AWS does: the action, and why it is in the policy.
pub(super) const UNCHECKED: [(&str, &str); 10] = [
    ("cloudwatch:DeleteAlarms", "the emulator reads no operation from a path"),
    ("cloudwatch:DescribeAlarms", "the emulator reads no operation from a path"),
    ("cloudwatch:ListTagsForResource", "the emulator reads no operation from a path"),
    ("cloudwatch:PutMetricAlarm", "the emulator reads no operation from a path"),
    ("cloudwatch:TagResource", "the emulator reads no operation from a path"),
    ("iam:PassRole", "Lambda is handed the role"),
    ("lambda:GetFunctionEventInvokeConfig", "the emulator takes it for lambda:GetFunction"),
    ("lambda:PutFunctionEventInvokeConfig", "the emulator takes it for lambda:UpdateFunctionCode"),
    (
        "s3:GetAccountPublicAccessBlock",
        "asked at a host that an emulator need not have, for a note",
    ),
    ("s3:TagResource", "the bucket is made with its tags"),
];

/// What the emulator checks otherwise than AWS: the action, as what the emulator checks it, on any
/// resource and under no condition, and why.
pub(super) const CHECKED_OTHERWISE: [(&str, &str, &str); 24] = [
    ("acm:AddTagsToCertificate", "", "no tags of a certificate"),
    ("acm:DeleteCertificate", "", "no tags of a certificate"),
    ("acm:RequestCertificate", "", "no tags in the request"),
    ("cloudfront:CreateDistribution", "cloudfront:CreateDistributionWithTags", "no such action"),
    ("cloudfront:DeleteCachePolicy", "", "no ARN of a cache policy"),
    ("cloudfront:DeleteDistribution", "", "no tags of a distribution"),
    ("cloudfront:DeleteOriginAccessControl", "", "no ARN of an access control"),
    ("cloudfront:GetCachePolicy", "", "no ARN of a cache policy"),
    ("cloudfront:GetOriginAccessControl", "", "no ARN of an access control"),
    ("cloudfront:ListTagsForResource", "", "the ARN is in the query"),
    ("cloudfront:TagResource", "", "the ARN is in the query"),
    ("cloudfront:UpdateCachePolicy", "", "no ARN of a cache policy"),
    ("cloudfront:UpdateDistribution", "", "no tags of a distribution"),
    ("iam:AttachRolePolicy", "", "no iam:PolicyARN"),
    ("iam:CreatePolicy", "", "the ARN follows from name and path"),
    ("iam:CreateRole", "", "no iam:PermissionsBoundary"),
    ("iam:DetachGroupPolicy", "", "no iam:PolicyARN"),
    ("iam:DetachUserPolicy", "", "no iam:PolicyARN"),
    ("iam:PutRolePermissionsBoundary", "", "no iam:PermissionsBoundary"),
    ("lambda:CreateFunction", "", "the name is in the body"),
    ("logs:DeleteLogGroup", "", "no tags of a log group"),
    ("sns:ListTagsForResource", "", "the ARN is not called TopicArn"),
    ("sns:Publish", "sns:PublishBatch", "no such action"),
    ("sns:TagResource", "", "the ARN is not called TopicArn"),
];

/// The folders of the tests' pipelines: the emulator loses the slash at the end of a key, as it does
/// the path of a role.
const FOLDERS: [&str; 4] = ["200x200", "400x300", "800x600", "originals"];

/// A user of the pipeline's account.
pub(crate) struct Operator<'a> {
    pub(crate) pipeline: &'a Pipeline,
    key: String,
    secret: String,
}

impl<'a> Operator<'a> {
    pub(crate) async fn new(pipeline: &'a Pipeline) -> Self {
        let iam = &pipeline.aws.iam;
        iam.create_user().user_name(&pipeline.stack).send().await.unwrap();
        let made = iam.create_access_key().user_name(&pipeline.stack).send().await.unwrap();
        let key = made.access_key.unwrap();
        Self { pipeline, key: key.access_key_id, secret: key.secret_access_key }
    }

    /// Gives the user these statements in the place of all others.
    pub(crate) async fn allow(&self, statements: &[Value]) {
        let put = self.pipeline.aws.iam.put_user_policy().user_name(&self.pipeline.stack);
        let put = put.policy_name(POLICY).policy_document(document(statements));
        put.send().await.unwrap();
    }

    /// The same user's clients.
    pub(super) fn aws(&self) -> Clients {
        Clients::at(self.pipeline.emulator.port(), (&self.key, &self.secret))
    }

    pub(crate) fn imgprep(&self, arguments: &[&str]) -> Output {
        let mut command = self.pipeline.command();
        command.env("AWS_ACCESS_KEY_ID", &self.key).env("AWS_SECRET_ACCESS_KEY", &self.secret);
        run(command.args(arguments))
    }

    pub(crate) async fn dismiss(self) {
        let (iam, name) = (&self.pipeline.aws.iam, &self.pipeline.stack);
        iam.delete_user_policy().user_name(name).policy_name(POLICY).send().await.unwrap();
        iam.delete_access_key().user_name(name).access_key_id(self.key).send().await.unwrap();
        iam.delete_user().user_name(name).send().await.unwrap();
    }
}

/// The policies that imgprep prints, statement by statement.
pub(super) fn printed(pipeline: &Pipeline, arguments: &[&str]) -> Vec<Value> {
    let arguments: Vec<&str> = ["iam-policy"].iter().chain(arguments).copied().collect();
    let statements = documents(&pipeline.imgprep(&arguments).exits(0)).into_iter();
    let statements = statements.map(|document| {
        assert_eq!(document["Version"], "2012-10-17");
        document["Statement"].as_array().unwrap().clone()
    });
    statements.flatten().collect()
}

/// The policies in what was printed: one as it is, more of them in an array.
pub(super) fn documents(output: &Output) -> Vec<Value> {
    match output.json() {
        Value::Array(documents) => {
            assert!(documents.len() > 1, "{output}");
            let count = format!("printed {} policies", documents.len());
            assert!(output.stderr.contains(&count), "{output}");
            documents
        }
        document => vec![document],
    }
}

/// Every action of some statements.
pub(super) fn actions(statements: &[Value]) -> BTreeSet<String> {
    let lists = statements.iter().map(|statement| statement["Action"].as_array().unwrap());
    lists.flatten().map(|action| action.as_str().unwrap().to_owned()).collect()
}

/// The statements without some actions.
pub(super) fn without(statements: &[Value], gone: &[&str]) -> Vec<Value> {
    let mut kept = statements.to_vec();
    for statement in &mut kept {
        let actions = statement["Action"].as_array_mut().unwrap();
        actions.retain(|action| !gone.contains(&action.as_str().unwrap()));
    }
    kept.retain(|statement| !statement["Action"].as_array().unwrap().is_empty());
    kept
}

/// The statements, and what the emulator needs instead of some of them.
pub(super) fn for_the_emulator(statements: &[Value]) -> Vec<Value> {
    let mut statements = statements.to_vec();
    let names = role_names(&statements);
    for resources in statements.iter_mut().map(|one| one["Resource"].as_array_mut().unwrap()) {
        let more = resources.iter().flat_map(|arn| as_written(arn.as_str().unwrap(), &names));
        let more: Vec<Value> = more.map(Value::from).collect();
        resources.extend(more);
    }
    let granted = actions(&statements);
    let others = CHECKED_OTHERWISE.iter().filter(|(action, ..)| granted.contains(*action));
    let others: Vec<&str> = others.map(|(action, other, _)| as_checked(action, other)).collect();
    let more = json!({ "Effect": "Allow", "Action": others, "Resource": "*" });
    statements.extend((!others.is_empty()).then_some(more));
    statements
}

/// The names of the roles that statements are about, and the beginnings of those that left the file.
fn role_names(statements: &[Value]) -> BTreeSet<String> {
    let resources = statements.iter().flat_map(|one| one["Resource"].as_array().unwrap());
    let roles = resources.filter_map(|arn| arn.as_str().unwrap().split_once(":role/"));
    let names = roles.filter_map(|(_, path)| path.rsplit('/').next()).filter(|it| *it != "*");
    names.chain(["old-*", "*-temporary"]).map(ToOwned::to_owned).collect()
}

/// How the emulator writes what an ARN is for.
fn as_written(arn: &str, roles: &BTreeSet<String>) -> Vec<String> {
    if let Some(bucket) = arn.strip_suffix("/*/") {
        return FOLDERS.map(|folder| format!("{bucket}/{folder}")).to_vec();
    }
    let path = arn.split_once(":role/imgprep/").filter(|(_, path)| path.ends_with("/*"));
    let start = path.map(|(start, _)| start);
    start
        .iter()
        .flat_map(|start| roles.iter().map(move |it| format!("{start}:role/{it}")))
        .collect()
}

fn as_checked<'a>(action: &'a str, other: &'a str) -> &'a str {
    if other.is_empty() { action } else { other }
}

/// The statements without some actions. Of an action that the emulator checks otherwise only that
/// other form goes, so that it shows if the emulator does as AWS one day.
pub(super) fn for_the_emulator_without(statements: &[Value], gone: &[&str]) -> Vec<Value> {
    // The stack's own log group is known by its name, and a role without a boundary is made under no
    // condition, so that both forms go.
    let is_checked_as_well =
        |action: &str| ["iam:CreateRole", "logs:DeleteLogGroup"].contains(&action);
    let (mut as_aws_does, mut otherwise) = (Vec::new(), Vec::new());
    for action in gone {
        match CHECKED_OTHERWISE.iter().find(|(checked, ..)| checked == action) {
            Some((_, other, _)) if !is_checked_as_well(action) => {
                otherwise.push(as_checked(action, other));
            }
            _ => as_aws_does.push(*action),
        }
    }
    let mut all = for_the_emulator(&without(statements, &as_aws_does));
    if !otherwise.is_empty() {
        let more = all.pop().unwrap();
        all.extend(without(&[more], &otherwise));
    }
    all
}

/// The actions that IAM sees in some calls.
pub(super) fn needed(calls: &[Call]) -> BTreeSet<String> {
    let signed = calls.iter().filter(|call| !["web", "sts"].contains(&call.service.as_str()));
    signed.map(|call| action(&call.to_string())).collect()
}

/// The action of a call, which for S3 often has another name (Service Authorization Reference,
/// "Actions defined by Amazon S3").
fn action(call: &str) -> String {
    let action = match call {
        "s3:DeleteBucketCors" | "s3:PutBucketCors" => "s3:PutBucketCORS",
        "s3:DeleteBucketLifecycleConfiguration" | "s3:PutBucketLifecycleConfiguration" => {
            "s3:PutLifecycleConfiguration"
        }
        "s3:DeleteBucketTagging" => "s3:PutBucketTagging",
        "s3:DeleteObjects" => "s3:DeleteObjectVersion",
        "s3:GetBucketCors" => "s3:GetBucketCORS",
        "s3:GetBucketEncryption" => "s3:GetEncryptionConfiguration",
        "s3:GetBucketLifecycleConfiguration" => "s3:GetLifecycleConfiguration",
        "s3:GetBucketNotificationConfiguration" => "s3:GetBucketNotification",
        "s3:GetPublicAccessBlock" => "s3:GetBucketPublicAccessBlock",
        "s3:HeadBucket" | "s3:ListObjectsV2" => "s3:ListBucket",
        "s3:HeadObject" => "s3:GetObject",
        "s3:ListMultipartUploads" => "s3:ListBucketMultipartUploads",
        "s3:ListObjectVersions" => "s3:ListBucketVersions",
        "s3:PutBucketEncryption" => "s3:PutEncryptionConfiguration",
        "s3:PutBucketNotificationConfiguration" => "s3:PutBucketNotification",
        "s3:PutPublicAccessBlock" => "s3:PutBucketPublicAccessBlock",
        "s3control:GetPublicAccessBlock" => "s3:GetAccountPublicAccessBlock",
        "sns:PublishBatch" => "sns:Publish",
        other => other,
    };
    action.replacen("tagging:", "tag:", 1)
}
