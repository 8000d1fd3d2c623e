//! IAM's lists, which come in pages; the emulator gives each in one.

use std::sync::Arc;

use hyper::Response;
use hyper::body::Bytes;
use imgprep_testkit::calls::Call;
use imgprep_testkit::http::{WholeResponse, edited};
use imgprep_testkit::proxy::Behaviour;
use imgprep_testkit::{Pipeline, each};

use super::identity::{attached_by_hand, versions_used_up};
use super::names;
use crate::retired::retired_role_and_policy;

const LISTS: [&str; 7] = [
    "iam:ListAttachedRolePolicies",
    "iam:ListEntitiesForPolicy",
    "iam:ListInstanceProfilesForRole",
    "iam:ListPolicies",
    "iam:ListPolicyVersions",
    "iam:ListRolePolicies",
    "iam:ListRoles",
];

/// IAM may end a page before its first entry; and on the last page only `IsTruncated` counts.
struct Pages;

impl Behaviour for Pages {
    fn answer(&self, call: &Call, body: &Bytes) -> Option<WholeResponse> {
        let is_first = !String::from_utf8_lossy(body).contains("&Marker=");
        (is_list(call) && is_first).then(|| {
            let page = "<IsTruncated>true</IsTruncated><Marker>2</Marker>";
            let operation = &call.operation;
            let body = format!(
                "<{operation}Response><{operation}Result>{page}</{operation}Result>\
                 </{operation}Response>"
            );
            Response::builder().header("content-type", "text/xml").body(body.into()).unwrap()
        })
    }

    fn change(&self, call: &Call, response: WholeResponse) -> WholeResponse {
        const LAST: &str = "<IsTruncated>false</IsTruncated>";
        if !is_list(call) {
            return response;
        }
        edited(response, |body| body.replace(LAST, &format!("{LAST}<Marker>2</Marker>")))
    }
}

fn is_list(call: &Call) -> bool {
    LISTS.contains(&call.to_string().as_str())
}

pub(crate) async fn row_67_every_page_of_iams_lists_is_read() {
    let pipeline = Pipeline::new("row-67").await;
    pipeline.proxy.behave(Arc::new(Pages));
    pipeline.up();
    pipeline.assert_whole();
    versions_used_up(&pipeline).await;
    retired_role_and_policy(&pipeline).await;
    let status = pipeline.imgprep(&["status", "--json"]).json();
    let found = each(&status, "state");
    assert_eq!(found.iter().filter(|state| **state == "retired").count(), 2, "{found:?}");
    pipeline.up();
    let name = attached_by_hand(&pipeline).await;
    pipeline.down();
    let left = [format!("policy {name}"), format!("role {name}")];
    assert_eq!(pipeline.aws.inventory().await, left, "what is theirs stays");
    let calls = names(&pipeline);
    for list in LISTS {
        let count = calls.iter().filter(|call| *call == list).count();
        assert!(count > 0 && count.is_multiple_of(2), "{list} came {count} times");
    }
}
