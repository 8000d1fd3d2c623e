//! AWS as it is where the emulator is not: what was just made is not seen yet, what was just changed
//! is still being changed, what was just deleted is not free yet, and nothing is made twice.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use serde_json::Value;

use crate::calls::Call;
use crate::http::{WholeResponse, edited, text};
use crate::proxy::{Behaviour, Refusal};
use crate::wait_for;

const ROLE_ASSUMABLE: Duration = Duration::from_secs(15);
const TOPIC_POLICY_SEEN: Duration = Duration::from_secs(10);
const FUNCTION_CHANGE: Duration = Duration::from_secs(6);
const ACCESS_CONTROL_LET_GO: Duration = Duration::from_secs(5);
/// How long a deleted name is not free. AWS takes longer; this is long enough to be met by an `up`
/// after a `down` on a busy machine.
const NAME_FREE: Duration = Duration::from_secs(25);
const NEW_SEEN: Duration = Duration::from_secs(3);
/// How long a deleted queue goes on answering as if it were there. AWS takes up to a minute.
pub const QUEUE_SEEN: Duration = Duration::from_secs(5);
/// How long IAM goes on showing a role that was deleted.
const ROLE_SEEN: Duration = Duration::from_secs(10);

/// The calls that Lambda refuses while it changes a function.
const FUNCTION_CHANGES: [&str; 5] = [
    "lambda:AddPermission",
    "lambda:DeleteFunction",
    "lambda:PutFunctionEventInvokeConfig",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
];
/// The calls after which CloudFront takes minutes to reach its edges.
const DEPLOYED: [&str; 2] = ["cloudfront:CreateDistribution", "cloudfront:UpdateDistribution"];
/// The calls by which imgprep waits for them.
const LOOKS: [&str; 2] = ["cloudfront:DeleteDistribution", "cloudfront:GetDistribution"];
/// The calls of IAM that find what exists, whatever it is called.
const IAM_FINDS: [&str; 4] =
    ["iam:CreatePolicy", "iam:CreateRole", "iam:ListPolicies", "iam:ListRoles"];

/// CloudFront's list without a distribution.
pub const NO_DISTRIBUTIONS: &str = "<DistributionList><Marker></Marker>\
                                           <MaxItems>100</MaxItems>\
                                           <IsTruncated>false</IsTruncated>\
                                           <Quantity>0</Quantity></DistributionList>";

/// One account with one stack.
pub struct RealAws(Mutex<Past>);

impl RealAws {
    /// With the delays of AWS. What is changed of a distribution stays on its way to the edges until
    /// `deploy`.
    pub fn slow() -> Self {
        Self(Mutex::new(Past { is_slow: true, ..Past::default() }))
    }

    /// With the refusals of AWS, but without its delays.
    pub fn prompt() -> Self {
        Self(Mutex::default())
    }

    /// Whether a distribution is still on its way to the edges.
    pub fn is_deploying(&self) -> bool {
        self.0.lock().unwrap().is_deploying()
    }

    /// Lets a distribution arrive at its edges once somebody waits for that: has looked this often from
    /// now on, and each time seen that it is on its way.
    pub async fn deploy_after(&self, looks: usize) {
        self.0.lock().unwrap().looks = 0;
        wait_for("somebody who waits for the edges", async || {
            let mut past = self.0.lock().unwrap();
            past.is_deployed = past.looks >= looks;
            past.is_deployed.then_some(())
        })
        .await;
    }
}

#[derive(Default)]
struct Past {
    is_slow: bool,
    /// When each operation last succeeded.
    last: BTreeMap<String, Instant>,
    /// Whether what was last changed of the distribution is on its edges.
    is_deployed: bool,
    /// How often somebody who waits for the edges saw that it is still on its way.
    looks: usize,
    /// What each call that only reads a queue or a role was last answered, which is what AWS goes on
    /// answering for a while once they are deleted.
    remembered: BTreeMap<String, String>,
    /// The distribution that each caller reference made. It makes no second one, even once the first
    /// is gone.
    caller_references: BTreeMap<String, String>,
}

impl Past {
    /// Whether one of these operations succeeded within this time.
    fn is_recent(&self, operations: &[&str], span: Duration) -> bool {
        let last = operations.iter().filter_map(|operation| self.last.get(*operation));
        self.is_slow && last.max().is_some_and(|last| last.elapsed() < span)
    }

    /// Whether the first operation succeeded after the second.
    fn is_after(&self, first: &str, second: &str) -> bool {
        self.last.get(first) > self.last.get(second)
    }

    fn is_function_changing(&self) -> bool {
        let changes = ["lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"];
        self.is_function_new() || self.is_recent(&changes, FUNCTION_CHANGE)
    }

    fn is_function_new(&self) -> bool {
        self.is_recent(&["lambda:CreateFunction"], FUNCTION_CHANGE)
    }

    fn is_deploying(&self) -> bool {
        self.is_slow && !self.is_deployed
    }

    /// What AWS has against a call now.
    fn objection(&self, operation: &str, body: &Bytes) -> Option<Refusal> {
        let new = |made: &str| self.is_recent(&[made], NEW_SEEN);
        let (service, name) = operation.split_once(':').unwrap_or_default();
        let is_search = IAM_FINDS.contains(&operation);
        match (service, name) {
            ("s3", "CreateBucket") if self.is_recent(&["s3:DeleteBucket"], NAME_FREE) => {
                Some(ABORTED)
            }
            ("s3", "CreateBucket" | "ListBuckets") => None,
            ("s3", _) if new("s3:CreateBucket") => Some(NO_BUCKET),
            ("s3", "PutBucketNotificationConfiguration")
                if self.is_recent(&["sns:SetTopicAttributes"], TOPIC_POLICY_SEEN) =>
            {
                Some(UNVALIDATED)
            }
            ("iam", name) if name.contains("Role") && !is_search && new("iam:CreateRole") => {
                Some(NO_ENTITY)
            }
            ("iam", name) if name.contains("Policy") && !is_search && new("iam:CreatePolicy") => {
                Some(NO_ENTITY)
            }
            ("sns", "CreateTopic") if self.is_recent(&["sns:DeleteTopic"], NAME_FREE) => {
                Some(STALE_TAG)
            }
            ("sqs", "CreateQueue") if self.is_recent(&["sqs:DeleteQueue"], NAME_FREE) => {
                Some(DELETED_RECENTLY)
            }
            ("lambda", "CreateFunction") if self.is_recent(&["iam:CreateRole"], ROLE_ASSUMABLE) => {
                Some(UNASSUMABLE)
            }
            ("lambda", _)
                if FUNCTION_CHANGES.contains(&operation) && self.is_function_changing() =>
            {
                Some(FUNCTION_BUSY)
            }
            ("cloudfront", name) => self.edge_objection(name, body),
            _ => None,
        }
    }

    fn edge_objection(&self, name: &str, body: &Bytes) -> Option<Refusal> {
        let exists =
            self.is_after("cloudfront:CreateDistribution", "cloudfront:DeleteDistribution");
        let is_held =
            exists || self.is_recent(&["cloudfront:DeleteDistribution"], ACCESS_CONTROL_LET_GO);
        match name {
            "CreateDistribution" | "UpdateDistribution" => rivals(&String::from_utf8_lossy(body)),
            "DeleteDistribution" if self.is_deploying() => Some(NOT_DISABLED),
            "DeleteOriginAccessControl" if is_held => Some(IN_USE),
            _ => None,
        }
    }

    /// Says which distribution has the caller reference of a new one.
    fn reference_used(&self, body: &Bytes) -> Option<WholeResponse> {
        let body = String::from_utf8_lossy(body);
        let id = self.caller_references.get(member(&body, "CallerReference")?)?;
        Some(reference_used(id))
    }

    fn remember_reference(&mut self, response: &WholeResponse) {
        let body = text(response);
        let made = (member(&body, "CallerReference"), member(&body, "Id"));
        if let (Some(reference), Some(id)) = made {
            self.caller_references.insert(reference.to_owned(), id.to_owned());
        }
    }
}

/// The calls that go on being answered for a while after a deletion, unless it was made again.
const LINGERING: [(&str, [&str; 2], Duration); 4] = [
    ("sqs:GetQueueUrl", QUEUE_CALLS, QUEUE_SEEN),
    ("sqs:GetQueueAttributes", QUEUE_CALLS, QUEUE_SEEN),
    ("sqs:ListQueueTags", QUEUE_CALLS, QUEUE_SEEN),
    ("iam:GetRole", ["iam:CreateRole", "iam:DeleteRole"], ROLE_SEEN),
];
/// What makes a queue, and what deletes it.
const QUEUE_CALLS: [&str; 2] = ["sqs:CreateQueue", "sqs:DeleteQueue"];

impl Past {
    /// What is answered of something that is being deleted.
    fn lingering(&self, operation: &str) -> Option<WholeResponse> {
        let (_, [creation, deletion], span) =
            LINGERING.iter().find(|(read, ..)| *read == operation)?;
        if !self.is_recent(&[deletion], *span) || self.is_after(creation, deletion) {
            return None;
        }
        let body = self.remembered.get(operation)?;
        let kind =
            if operation.starts_with("sqs") { "application/x-amz-json-1.0" } else { "text/xml" };
        let response = Response::builder().header("content-type", kind);
        Some(response.body(Full::new(Bytes::from(body.clone()))).unwrap())
    }

    fn remember(&mut self, operation: &str, response: WholeResponse) -> WholeResponse {
        if LINGERING.iter().all(|(read, ..)| *read != operation) {
            return response;
        }
        edited(response, |body| {
            self.remembered.insert(operation.to_owned(), body.to_owned());
            body.to_owned()
        })
    }

    /// A tag that is put on a queue is among its tags from now on.
    fn tag_queue(&mut self, body: &Bytes) {
        let Some(now) = self.remembered.get_mut("sqs:ListQueueTags") else { return };
        let (Ok(mut answer), Ok(request)) =
            (serde_json::from_str::<Value>(now), serde_json::from_slice::<Value>(body))
        else {
            return;
        };
        for (key, value) in request["Tags"].as_object().into_iter().flatten() {
            answer["Tags"][key] = value.clone();
        }
        *now = answer.to_string();
    }
}

impl Behaviour for RealAws {
    fn answer(&self, call: &Call, body: &Bytes) -> Option<WholeResponse> {
        let (mut past, operation) = (self.0.lock().unwrap(), call.to_string());
        if LOOKS.contains(&operation.as_str()) && past.is_deploying() {
            past.looks += 1;
        }
        if operation == "sqs:TagQueue" {
            past.tag_queue(body);
        }
        if let Some(lingering) = past.lingering(&operation) {
            return Some(lingering);
        }
        if let Some(refusal) = past.objection(&operation, body) {
            return Some(refusal.answer(&call.service));
        }
        if operation == "cloudfront:CreateDistribution" { past.reference_used(body) } else { None }
    }

    fn change(&self, call: &Call, response: WholeResponse) -> WholeResponse {
        let mut past = self.0.lock().unwrap();
        let is_answer = response.status().is_success();
        let mut response = response;
        if is_answer {
            past.last.insert(call.to_string(), Instant::now());
            if DEPLOYED.contains(&call.to_string().as_str()) {
                past.is_deployed = false;
                past.looks = 0;
            }
            response = past.remember(&call.to_string(), response);
            if call.to_string() == "cloudfront:CreateDistribution" {
                past.remember_reference(&response);
            }
        }
        match call.to_string().as_str() {
            "lambda:GetFunction" | "lambda:GetFunctionConfiguration"
                if is_answer && past.is_function_changing() =>
            {
                let is_new = past.is_function_new();
                edited(response, |body| changing(body, is_new))
            }
            "cloudfront:ListDistributions"
                if is_answer && past.is_recent(&["cloudfront:CreateDistribution"], NEW_SEEN) =>
            {
                edited(response, |_| NO_DISTRIBUTIONS.to_owned())
            }
            "cloudfront:CreateDistribution"
            | "cloudfront:GetDistribution"
            | "cloudfront:ListDistributions"
            | "cloudfront:UpdateDistribution"
                if is_answer && past.is_deploying() =>
            {
                edited(response, |body| {
                    body.replace("<Status>Deployed</Status>", "<Status>InProgress</Status>")
                })
            }
            _ => response,
        }
    }
}

/// The first member of this name in a document.
fn member<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    rest.split('<').next()
}

/// What CloudFront does not take beside a cache policy or an origin access control.
fn rivals(body: &str) -> Option<Refusal> {
    const LEGACY: [&str; 4] = ["ForwardedValues", "MinTTL", "DefaultTTL", "MaxTTL"];
    let is_set = |part: &str, name| member(part, name).is_some_and(|value| !value.is_empty());
    let mut behaviors = body.split("<DefaultCacheBehavior>").skip(1);
    let is_legacy = behaviors.any(|rest| {
        let behavior = rest.split("</DefaultCacheBehavior>").next().unwrap();
        let is_legacy = LEGACY.iter().any(|name| behavior.contains(&format!("<{name}>")));
        is_legacy && is_set(behavior, "CachePolicyId")
    });
    if is_legacy {
        return Some(LEGACY_CACHE);
    }
    let origins = body.split("<Origin>").skip(1);
    let mut controlled = origins.filter(|origin| is_set(origin, "OriginAccessControlId"));
    controlled.find_map(|origin| {
        if is_set(origin, "OriginAccessIdentity") {
            return Some(TWO_IDENTITIES);
        }
        origin.contains("<CustomOriginConfig>").then_some(OTHER_TYPE)
    })
}

/// How CloudFront refuses a caller reference that made this distribution.
fn reference_used(id: &str) -> WholeResponse {
    let refusal = Refusal {
        status: 409,
        code: "DistributionAlreadyExists",
        message: "The caller reference that you are using to create a distribution is associated \
                  with another distribution. Already exists: ID",
    };
    edited(refusal.answer("cloudfront"), |body| body.replace(": ID", &format!(": {id}")))
}

/// A function's configuration while Lambda is at it.
fn changing(body: &str, is_new: bool) -> String {
    let Ok(mut document) = serde_json::from_str::<Value>(body) else { return body.to_owned() };
    let is_wrapped = document.get("Configuration").is_some();
    let now = if is_wrapped { &mut document["Configuration"] } else { &mut document };
    // A new function is pending; a changed one works on as it was.
    if is_new {
        now["State"] = "Pending".into();
    } else {
        now["LastUpdateStatus"] = "InProgress".into();
    }
    document.to_string()
}

const ABORTED: Refusal = Refusal {
    status: 409,
    code: "OperationAborted",
    message: "A conflicting conditional operation is currently in progress against this resource. \
              Please try again.",
};
const NO_BUCKET: Refusal =
    Refusal { status: 404, code: "NoSuchBucket", message: "The specified bucket does not exist" };
const UNVALIDATED: Refusal = Refusal {
    status: 400,
    code: "InvalidArgument",
    message: "Unable to validate the following destination configurations",
};
const NO_ENTITY: Refusal =
    Refusal { status: 404, code: "NoSuchEntity", message: "The entity cannot be found." };
const STALE_TAG: Refusal = Refusal {
    status: 400,
    code: "StaleTag",
    message: "A tag has been added to a resource with the same ARN as a deleted resource. Wait a \
              short while and then retry",
};
const DELETED_RECENTLY: Refusal = Refusal {
    status: 400,
    code: "QueueDeletedRecently",
    message: "You must wait 60 seconds after deleting a queue before you can create another with \
              the same name.",
};
const UNASSUMABLE: Refusal = Refusal {
    status: 400,
    code: "InvalidParameterValueException",
    message: "The role defined for the function cannot be assumed by Lambda.",
};
const FUNCTION_BUSY: Refusal = Refusal {
    status: 409,
    code: "ResourceConflictException",
    message: "The operation cannot be performed at this time. An update is in progress for \
              resource: the function",
};
const LEGACY_CACHE: Refusal = Refusal {
    status: 400,
    code: "InvalidArgument",
    message: "The parameter ForwardedValues cannot be used when a cache policy is associated to the \
              cache behavior.",
};
const TWO_IDENTITIES: Refusal = Refusal {
    status: 400,
    code: "InvalidArgument",
    message: "Cannot use both Origin Access Control and Origin Access Identity on an origin",
};
const OTHER_TYPE: Refusal = Refusal {
    status: 400,
    code: "InvalidArgument",
    message: "Illegal configuration: The origin type and OAC origin type differ.",
};
const NOT_DISABLED: Refusal = Refusal {
    status: 409,
    code: "DistributionNotDisabled",
    message: "The distribution you are trying to delete has not been disabled.",
};
const IN_USE: Refusal = Refusal {
    status: 409,
    code: "OriginAccessControlInUse",
    message: "The CloudFront origin access control is still being used.",
};
