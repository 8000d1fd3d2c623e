//! Rows of policy and role.

use imgprep_testkit::Pipeline;
use imgprep_testkit::clients::{document, statements, without};
use serde_json::{Value, json};

use super::{Change, Row, check, row, tag_rows};

pub(crate) async fn every_change_by_hand_to_role_and_policy_is_shown_and_repaired() {
    let pipeline = Pipeline::new("drift-iam").await;
    let mut rows = policy_rows(&pipeline);
    rows.extend(role_rows());
    check(&pipeline, rows).await;
}

pub(crate) async fn every_change_by_hand_to_the_roles_boundary_is_shown_and_repaired() {
    let pipeline = Pipeline::new("drift-boundary").await;
    let (ours, theirs) = boundaries(&pipeline).await;
    bound(&pipeline, &ours);
    let rows = vec![
        row("role: boundary removed", |p| Box::pin(boundary(p, None)), PUT_BOUNDARY).shows(
            "role",
            "permissions_boundary",
            (json!(null), ours.as_str()),
        ),
        row("role: boundary changed", |p| Box::pin(boundary(p, Some("theirs"))), PUT_BOUNDARY)
            .shows("role", "permissions_boundary", (theirs, ours)),
    ];
    check(&pipeline, rows).await;
}

/// What bounds a role is for whoever set it to take off.
pub(crate) async fn a_boundary_comes_with_the_role_and_stays_when_it_leaves_the_file() {
    let pipeline = Pipeline::new("boundary").await;
    let (ours, theirs) = boundaries(&pipeline).await;
    bound(&pipeline, &ours);
    let plan = pipeline.imgprep(&["plan", "-v"]).exits(0);
    let line = format!("      permissions_boundary  {ours}\n");
    assert!(plan.stdout.contains(&line), "{plan}");
    pipeline.proxy.take_calls();
    pipeline.up();
    let calls = pipeline.proxy.take_mutating();
    assert!(!calls.contains(&PUT_BOUNDARY[0].to_owned()), "it is made with the role: {calls:?}");
    assert_eq!(boundary_of_role(&pipeline).await.as_ref(), Some(&ours));
    pipeline.edit(&format!("permissions_boundary = \"{ours}\"\n"), "");
    for there in [ours, theirs] {
        let put = pipeline.aws.iam.put_role_permissions_boundary().role_name(pipeline.role());
        put.permissions_boundary(&there).send().await.unwrap();
        pipeline.assert_whole();
        pipeline.proxy.take_calls();
        pipeline.up();
        assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
        assert_eq!(boundary_of_role(&pipeline).await, Some(there));
    }
}

const PUT_BOUNDARY: &[&str] = &["iam:PutRolePermissionsBoundary"];

/// The ARNs of two policies that allow everything, called `ours` and `theirs`.
async fn boundaries(pipeline: &Pipeline) -> (String, String) {
    let make = async |name: &str| {
        let all = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
        let create = pipeline.aws.iam.create_policy().policy_name(name);
        let made = create.policy_document(document(&[all])).send().await.unwrap();
        made.policy.unwrap().arn.unwrap()
    };
    (make("ours").await, make("theirs").await)
}

/// Names the boundary in the file.
fn bound(pipeline: &Pipeline, arn: &str) {
    pipeline.edit("[function]\n", &format!("[function]\npermissions_boundary = \"{arn}\"\n"));
}

async fn boundary(pipeline: &Pipeline, name: Option<&str>) {
    let (iam, role) = (&pipeline.aws.iam, pipeline.role());
    let Some(name) = name else {
        iam.delete_role_permissions_boundary().role_name(role).send().await.unwrap();
        return;
    };
    let arn = format!("arn:aws:iam::{}:policy/{name}", pipeline.account);
    let put = iam.put_role_permissions_boundary().role_name(role).permissions_boundary(arn);
    put.send().await.unwrap();
}

async fn boundary_of_role(pipeline: &Pipeline) -> Option<String> {
    let get = pipeline.aws.iam.get_role().role_name(pipeline.role()).send().await.unwrap();
    get.role.unwrap().permissions_boundary?.permissions_boundary_arn
}

fn policy_rows(pipeline: &Pipeline) -> Vec<Row> {
    const PUT: &[&str] = &["iam:CreatePolicyVersion"];
    const READING: &str = "document.Statement[ReadOriginals]";
    let theirs = json!([{ "Sid": "Theirs", "Effect": "Allow", "Action": ["s3:*"],
        "Resource": ["*"] }]);
    let mut rows = vec![
        row("policy: statement widened", |p| Box::pin(statement_widened(p)), PUT)
            .has_other("policy", READING),
        row("policy: statement removed", |p| Box::pin(statement_removed(p)), PUT)
            .lacks("policy", READING),
        row("policy: statement added", |p| Box::pin(statement_added(p)), PUT).shows(
            "policy",
            "document.others",
            (theirs, json!([])),
        ),
        row("policy: detached", |p| Box::pin(policy_detached(p)), &["iam:AttachRolePolicy"]).shows(
            "policy",
            format!("attachments[{}]", pipeline.role()),
            (json!(null), "attached"),
        ),
    ];
    let tags: [Change; 2] =
        [|p| Box::pin(policy_tag(p, None)), |p| Box::pin(policy_tag(p, Some("others")))];
    rows.extend(tag_rows("policy", tags, "iam:TagPolicy"));
    rows
}

// A role cannot change its path: see `replaced`.
fn role_rows() -> Vec<Row> {
    let trust = |services: Value| {
        json!([{ "Action": ["sts:assumerole"], "Effect": "Allow",
            "Principal": { "Service": services } }])
    };
    let (both, lambda) = (
        trust(json!(["ec2.amazonaws.com", "lambda.amazonaws.com"])),
        trust(json!(["lambda.amazonaws.com"])),
    );
    let mut rows = vec![
        row("role: trust", |p| Box::pin(role_trust(p)), &["iam:UpdateAssumeRolePolicy"]).shows(
            "role",
            "trust",
            (both, lambda),
        ),
    ];
    let tags: [Change; 2] =
        [|p| Box::pin(role_tag(p, None)), |p| Box::pin(role_tag(p, Some("others")))];
    rows.extend(tag_rows("role", tags, "iam:TagRole"));
    rows
}

async fn policy_statements(pipeline: &Pipeline) -> Vec<Value> {
    let iam = &pipeline.aws.iam;
    let policy = iam.get_policy().policy_arn(pipeline.policy_arn()).send().await.unwrap();
    let version = policy.policy.unwrap().default_version_id.unwrap();
    let get = iam.get_policy_version().policy_arn(pipeline.policy_arn()).version_id(version);
    let text = get.send().await.unwrap().policy_version.unwrap().document.unwrap();
    let text = percent_encoding::percent_decode_str(&text).decode_utf8().unwrap();
    statements(Some(&text))
}

async fn put_policy_statements(pipeline: &Pipeline, statements: &[Value]) {
    let put = pipeline.aws.iam.create_policy_version().policy_arn(pipeline.policy_arn());
    let put = put.policy_document(document(statements)).set_as_default(true);
    put.send().await.unwrap();
    drop_old_version(pipeline).await;
}

/// Leaves room for what `up` writes: it is to need no further call, as long as IAM has room.
async fn drop_old_version(pipeline: &Pipeline) {
    let iam = &pipeline.aws.iam;
    let list = iam.list_policy_versions().policy_arn(pipeline.policy_arn()).send().await;
    let versions = list.unwrap().versions.unwrap();
    let old = versions.iter().find(|version| !version.is_default_version()).unwrap();
    let delete = iam.delete_policy_version().policy_arn(pipeline.policy_arn());
    delete.set_version_id(old.version_id.clone()).send().await.unwrap();
}

async fn statement_widened(pipeline: &Pipeline) {
    let mut all = policy_statements(pipeline).await;
    let ours = all.iter_mut().find(|one| one["Sid"] == "ReadOriginals");
    ours.unwrap()["Action"] = json!("s3:*");
    put_policy_statements(pipeline, &all).await;
}

async fn statement_removed(pipeline: &Pipeline) {
    let all = policy_statements(pipeline).await;
    put_policy_statements(pipeline, &without(&all, "ReadOriginals")).await;
}

async fn statement_added(pipeline: &Pipeline) {
    let mut all = policy_statements(pipeline).await;
    all.push(json!({ "Sid": "Theirs", "Effect": "Allow", "Action": "s3:*", "Resource": "*" }));
    put_policy_statements(pipeline, &all).await;
}

async fn policy_detached(pipeline: &Pipeline) {
    let detach = pipeline.aws.iam.detach_role_policy().role_name(pipeline.role());
    detach.policy_arn(pipeline.policy_arn()).send().await.unwrap();
}

async fn policy_tag(pipeline: &Pipeline, value: Option<&str>) {
    let (iam, arn) = (&pipeline.aws.iam, pipeline.policy_arn());
    let Some(value) = value else {
        iam.untag_policy().policy_arn(arn).tag_keys("team").send().await.unwrap();
        return;
    };
    iam.tag_policy().policy_arn(arn).tags(tag(value)).send().await.unwrap();
}

async fn role_trust(pipeline: &Pipeline) {
    let trust = json!({
        "Effect": "Allow", "Principal": { "Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"] },
        "Action": "sts:AssumeRole",
    });
    let put = pipeline.aws.iam.update_assume_role_policy().role_name(pipeline.role());
    put.policy_document(document(&[trust])).send().await.unwrap();
}

async fn role_tag(pipeline: &Pipeline, value: Option<&str>) {
    let (iam, role) = (&pipeline.aws.iam, pipeline.role());
    let Some(value) = value else {
        iam.untag_role().role_name(role).tag_keys("team").send().await.unwrap();
        return;
    };
    iam.tag_role().role_name(role).tags(tag(value)).send().await.unwrap();
}

fn tag(value: &str) -> aws_sdk_iam::types::Tag {
    aws_sdk_iam::types::Tag::builder().key("team").value(value).build().unwrap()
}
