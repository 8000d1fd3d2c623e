//! Row 56: a role that was deleted and made again is another one to Lambda, whatever its name.

use std::sync::{Arc, Mutex};

use hyper::body::Bytes;
use imgprep_testkit::calls::Call;
use imgprep_testkit::http::WholeResponse;
use imgprep_testkit::proxy::Behaviour;
use imgprep_testkit::real_aws::RealAws;
use imgprep_testkit::{Pipeline, changed, lives, resource};
use serde_json::{Value, json};

use super::{ALWAYS, Fault, count, refuse};
use crate::drift::differences;

const TAG: &str = "imgprep:role-id";

/// Made again by hand, between two runs: nothing that Lambda tells shows it.
pub(crate) async fn row_56_a_role_that_was_made_again_by_hand_is_seen_and_the_function_set_to_it() {
    let pipeline = lives::pipeline("row-56").await;
    pipeline.up();
    let first = role_id(&pipeline).await;
    assert_eq!(tag(&pipeline).await, Some(first.clone()));
    changed::role_made_again(&pipeline, "lambda.amazonaws.com").await;
    let second = role_id(&pipeline).await;
    assert_ne!(first, second);
    let status = pipeline.status(4);
    assert_eq!(resource(&status, "function")["state"], "drifted");
    assert_eq!(shown(&status), json!([first, "that of the role"]));

    let roles = Arc::new(Roles::default());
    pipeline.proxy.behave(Arc::<Roles>::clone(&roles));
    pipeline.proxy.take_calls();
    let up = pipeline.up();
    assert!(up.stderr.contains("it is switched to another role and back"), "{up}");
    assert_eq!(
        pipeline.proxy.take_mutating(),
        [
            "iam:CreateRole",
            "iam:DeleteRole",
            "lambda:TagResource",
            "lambda:UpdateFunctionConfiguration",
            "lambda:UpdateFunctionConfiguration",
        ]
    );
    let arn = pipeline.role_arn();
    assert_eq!(roles.set(), [format!("{arn}-temporary"), arn]);
    assert_eq!(tag(&pipeline).await, Some(second));
    let left = pipeline.aws.inventory().await;
    assert!(!left.iter().any(|name| name.contains("temporary")), "{left:?}");
    pipeline.assert_whole();
}

/// Made again by imgprep, where somebody deleted it.
pub(crate) async fn row_56_a_role_that_up_makes_again_is_one_that_the_function_is_set_to() {
    let pipeline = lives::pipeline("row-56b").await;
    pipeline.up();
    let first = role_id(&pipeline).await;
    changed::role_gone(&pipeline).await;
    let plan = pipeline.imgprep(&["plan", "--json"]).exits(0).json();
    assert_eq!(resource(&plan, "role")["action"], "create");
    assert_eq!(resource(&plan, "function")["action"], "update");
    assert_eq!(shown(&plan), json!([first, "that of the role"]));
    pipeline.proxy.take_calls();
    pipeline.up();
    let calls = ["iam:CreateRole", "lambda:UpdateFunctionConfiguration", "iam:DeleteRole"];
    assert_eq!(count(&pipeline, calls), [2, 2, 1]);
    assert_eq!(tag(&pipeline).await, Some(role_id(&pipeline).await));
    pipeline.assert_whole();
}

/// A stack of a version that remembered no role is whole but for the memory.
pub(crate) async fn row_56_a_function_without_the_tag_only_gets_it() {
    let pipeline = lives::pipeline("row-56c").await;
    pipeline.up();
    let untag = pipeline.aws.lambda.untag_resource().resource(pipeline.function_arn());
    untag.tag_keys(TAG).send().await.unwrap();
    assert_eq!(shown(&pipeline.status(4)), json!([null, "that of the role"]));
    pipeline.proxy.take_calls();
    pipeline.up();
    assert_eq!(pipeline.proxy.take_mutating(), ["lambda:TagResource"]);
    assert_eq!(tag(&pipeline).await, Some(role_id(&pipeline).await));
    pipeline.assert_whole();
}

/// Where Lambda refuses even that, the next run makes the function again, and its plan says so.
pub(crate) async fn row_56_a_function_that_cannot_be_set_to_another_role_is_made_again() {
    const REFUSED: Fault = (
        "lambda:UpdateFunctionConfiguration",
        400,
        "InvalidParameterValueException",
        "Lambda was unable to configure access to your environment variables because the KMS key \
         is disabled.",
    );
    let pipeline = lives::pipeline("row-56d").await;
    pipeline.up();
    changed::role_made_again(&pipeline, "lambda.amazonaws.com").await;
    refuse(&pipeline, REFUSED, ALWAYS);
    let error = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
    assert_eq!((error.resource.as_str(), error.code.as_str()), ("function", REFUSED.2));
    assert!(
        error.message.contains("the next `imgprep up` creates the function again"),
        "{error:?}"
    );
    pipeline.proxy.clear_rules();

    let plan = pipeline.imgprep(&["plan"]).exits(0);
    assert!(plan.stdout.contains("run `imgprep backfill` afterwards"), "{plan}");
    let plan = pipeline.imgprep(&["plan", "--json"]).exits(0).json();
    assert_eq!(resource(&plan, "function")["action"], "replace");
    pipeline.proxy.take_calls();
    pipeline.up();
    let calls = ["lambda:DeleteFunction", "lambda:CreateFunction", "lambda:AddPermission"];
    assert_eq!(count(&pipeline, calls), [1, 1, 1]);
    assert_eq!(tag(&pipeline).await, Some(role_id(&pipeline).await));
    // The role that was to be set for a moment is a leftover until it is pruned.
    pipeline.imgprep(&["up", "--yes", "--prune"]).exits(0);
    let left = pipeline.aws.inventory().await;
    assert!(!left.iter().any(|name| name.contains("temporary")), "{left:?}");
    pipeline.assert_whole();
}

/// Without `lambda:ListTags` the tags are missing, and an answer that succeeds says so.
pub(crate) async fn row_68_tags_that_are_kept_back_are_a_missing_permission_and_not_foreign() {
    let pipeline = lives::pipeline("row-68").await;
    pipeline.up();
    pipeline.proxy.behave(Arc::new(NoTags));
    let error = pipeline.imgprep(&["status", "--json"]).exits(1).error();
    assert_eq!(
        (error.resource.as_str(), error.code.as_str()),
        ("function", "AccessDeniedException")
    );
    assert!(error.hint.contains("grant `lambda:ListTags`"), "{error:?}");
    pipeline.proxy.behave(Arc::new(RealAws::prompt()));
}

/// The roles that the function was set to.
#[derive(Default)]
struct Roles(Mutex<Vec<String>>);

impl Roles {
    fn set(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Behaviour for Roles {
    fn answer(&self, call: &Call, body: &Bytes) -> Option<WholeResponse> {
        if call.to_string() == "lambda:UpdateFunctionConfiguration" {
            let body: Value = serde_json::from_slice(body).unwrap();
            self.0.lock().unwrap().push(body["Role"].as_str().unwrap().to_owned());
        }
        None
    }

    fn change(&self, _call: &Call, response: WholeResponse) -> WholeResponse {
        response
    }
}

/// As AWS answers whoever may not list the tags (AWS Lambda API Reference, `TagsError`).
struct NoTags;

impl Behaviour for NoTags {
    fn answer(&self, _call: &Call, _body: &Bytes) -> Option<WholeResponse> {
        None
    }

    fn change(&self, call: &Call, response: WholeResponse) -> WholeResponse {
        if call.to_string() != "lambda:GetFunction" {
            return response;
        }
        imgprep_testkit::http::edited(response, |body| {
            let mut answer: Value = serde_json::from_str(body).unwrap();
            answer.as_object_mut().unwrap().remove("Tags");
            answer["TagsError"] = json!({
                "ErrorCode": "AccessDeniedException",
                "Message": "User: u is not authorized to perform: lambda:ListTags on resource: f",
            });
            answer.to_string()
        })
    }
}

/// What is there and what should be of the role's identifier.
fn shown(document: &Value) -> Value {
    let path = ("function".to_owned(), "role_id".to_owned());
    let (have, want) = &differences(document)[&path];
    json!([have, want])
}

async fn role_id(pipeline: &Pipeline) -> String {
    let get = pipeline.aws.iam.get_role().role_name(pipeline.role()).send().await.unwrap();
    get.role.unwrap().role_id
}

async fn tag(pipeline: &Pipeline) -> Option<String> {
    let list = pipeline.aws.lambda.list_tags().resource(pipeline.function_arn()).send().await;
    list.unwrap().tags.unwrap().remove(TAG)
}
