//! IAM: names that are taken, versions, and what keeps it from deleting.

use imgprep_testkit::Pipeline;
use imgprep_testkit::clients::document;
use serde_json::json;

use super::{Fault, count, refuse_once};

const BUSY: &str = "The request was rejected because multiple requests to change this object were \
                    submitted simultaneously. Wait a few minutes and submit your request again.";

/// IAM refuses parallel changes of one entity, and does not know every principal at once.
pub(crate) async fn row_29_a_role_and_a_policy_that_iam_is_busy_with_are_tried_again() {
    let pipeline = Pipeline::new("row-29").await;
    let busy = |call| (call, 409, "ConcurrentModification", BUSY);
    let creations = ["iam:CreateRole", "iam:CreatePolicy"];
    refuse_once(&pipeline, &creations.map(busy));
    let unknown = ("iam:CreateRole", 400, "MalformedPolicyDocument", "Invalid principal in policy");
    refuse_once(&pipeline, &[unknown]);
    pipeline.up();
    assert_eq!(count(&pipeline, creations), [3, 2]);
    pipeline.assert_whole();

    let iam = &pipeline.aws.iam;
    iam.untag_role().role_name(pipeline.role()).tag_keys("team").send().await.unwrap();
    let untag = iam.untag_policy().policy_arn(pipeline.policy_arn());
    untag.tag_keys("team").send().await.unwrap();
    let changes = ["iam:TagRole", "iam:TagPolicy"];
    refuse_once(&pipeline, &changes.map(busy));
    pipeline.up();
    assert_eq!(count(&pipeline, changes), [2, 2]);

    refuse_once(&pipeline, &[busy("iam:DeleteRole")]);
    pipeline.down();
    assert_eq!(count(&pipeline, ["iam:DeleteRole"]), [2]);
}

/// IAM's names are unique whatever the path, so ours may be somebody else's.
pub(crate) async fn row_29_a_role_and_a_policy_of_our_name_are_gone_on_with_only_if_they_are_ours()
{
    let pipeline = Pipeline::new("row-29b").await;
    let create = pipeline.aws.iam.create_policy().policy_name(pipeline.policy());
    let statement = json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" });
    create.policy_document(document(&[statement])).send().await.unwrap();
    let taken = "A policy with this name already exists. Duplicate names are not allowed.";
    refuse_once(&pipeline, &[("iam:CreatePolicy", 409, "EntityAlreadyExists", taken)]);
    let output = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1);
    assert!(output.took.as_secs() < 30, "it is told soon: {output}");
    let error = output.error();
    assert_eq!((error.resource.as_str(), error.code.as_str()), ("policy", "EntityAlreadyExists"));
    let arn = format!("arn:aws:iam::{}:policy/{}", pipeline.account, pipeline.policy());
    pipeline.aws.iam.delete_policy().policy_arn(arn).send().await.unwrap();

    // Another run made both between our look and our call.
    pipeline.up();
    let gone = "It cannot be found.";
    let absent = |call| -> Fault { (call, 404, "NoSuchEntity", gone) };
    // For the role itself, and for the function that runs as it.
    let faults = ["iam:GetRole", "iam:GetRole", "iam:GetPolicy"];
    refuse_once(&pipeline, &faults.map(absent));
    pipeline.up();
    assert_eq!(count(&pipeline, ["iam:CreateRole", "iam:CreatePolicy"])[0], 2, "one of each run");
    pipeline.assert_whole();
}

/// IAM keeps five versions of a policy and refuses a sixth.
pub(crate) async fn row_32_the_oldest_version_of_a_policy_makes_room() {
    let pipeline = Pipeline::new("row-32").await;
    pipeline.up();
    versions_used_up(&pipeline).await;
    pipeline.proxy.take_calls();
    pipeline.up();
    let expected = ["iam:CreatePolicyVersion", "iam:DeletePolicyVersion"];
    assert_eq!(pipeline.proxy.take_mutating(), expected);
    let list = pipeline.aws.iam.list_policy_versions().policy_arn(pipeline.policy_arn());
    let list = list.send().await.unwrap();
    let mut versions: Vec<(&str, bool)> = list
        .versions()
        .iter()
        .map(|version| (version.version_id().unwrap(), version.is_default_version()))
        .collect();
    versions.sort_unstable();
    let expected = [("v2", false), ("v3", false), ("v4", false), ("v5", false), ("v6", true)];
    assert_eq!(versions, expected);
}

/// Versions of the policy up to the last that IAM keeps; the third is in force.
pub(super) async fn versions_used_up(pipeline: &Pipeline) {
    for number in 2..=5 {
        let statement = json!({ "Effect": "Allow", "Action": format!("s3:{number}"),
            "Resource": "*" });
        let put = pipeline.aws.iam.create_policy_version().policy_arn(pipeline.policy_arn());
        let put = put.policy_document(document(&[statement])).set_as_default(number == 3);
        put.send().await.unwrap();
    }
}

/// IAM deletes only what hangs on nothing, and sees a detachment late.
pub(crate) async fn row_34_what_people_attached_by_hand_does_not_keep_role_and_policy() {
    let pipeline = Pipeline::new("row-34").await;
    pipeline.up();
    let name = attached_by_hand(&pipeline).await;
    let statement = json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" });
    let put = pipeline.aws.iam.create_policy_version().policy_arn(pipeline.policy_arn());
    put.policy_document(document(&[statement])).send().await.unwrap();
    pipeline.proxy.take_calls();
    let held = "Cannot delete entity, must detach all policies first.";
    let calls = ["iam:DeletePolicy", "iam:DeleteRole"];
    refuse_once(&pipeline, &calls.map(|call| (call, 409, "DeleteConflict", held)));
    pipeline.down();
    assert_eq!(count(&pipeline, calls), [2, 2]);
    let left = [format!("policy {name}"), format!("role {name}")];
    assert_eq!(pipeline.aws.inventory().await, left, "what is theirs stays");
}

/// What somebody else hung on role and policy. Answers with the name of their own policy and role.
pub(super) async fn attached_by_hand(pipeline: &Pipeline) -> String {
    let iam = &pipeline.aws.iam;
    let allow = || document(&[json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" })]);
    let trust = document(&[json!({ "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": { "Service": "ec2.amazonaws.com" } })]);
    let name = format!("theirs-{}", pipeline.stack);
    let theirs = iam.create_policy().policy_name(&name).policy_document(allow());
    let theirs = theirs.send().await.unwrap().policy.unwrap().arn.unwrap();
    let attach = iam.attach_role_policy().role_name(pipeline.role()).policy_arn(&theirs);
    attach.send().await.unwrap();
    let inline = iam.put_role_policy().role_name(pipeline.role()).policy_name("by-hand");
    inline.policy_document(allow()).send().await.unwrap();
    iam.create_instance_profile().instance_profile_name(&name).send().await.unwrap();
    let add = iam.add_role_to_instance_profile().instance_profile_name(&name);
    add.role_name(pipeline.role()).send().await.unwrap();
    let create = iam.create_role().role_name(&name).assume_role_policy_document(trust);
    create.send().await.unwrap();
    let attach = iam.attach_role_policy().role_name(&name).policy_arn(pipeline.policy_arn());
    attach.send().await.unwrap();
    iam.create_user().user_name(&name).send().await.unwrap();
    let attach = iam.attach_user_policy().user_name(&name).policy_arn(pipeline.policy_arn());
    attach.send().await.unwrap();
    name
}
