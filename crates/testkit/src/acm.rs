//! ACM as it is where the emulator's is not: a token stands for one certificate, certificates are found
//! by their tags, and none is issued before the test says so.

use std::sync::Mutex;

use hyper::body::Bytes;
use serde_json::{Value, json};

use crate::calls::Call;
use crate::http::{WholeResponse, edited, text};
use crate::models::lossy;
use crate::proxy::Behaviour;

/// The certificates that were requested past a proxy, and how far ACM says it is.
pub struct Acm {
    state: Mutex<State>,
}

struct State {
    status: &'static str,
    reason: Option<&'static str>,
    /// How many looks at a certificate still see it wait.
    waits: usize,
    request: Value,
    made: Vec<Value>,
}

impl Acm {
    /// One that issues at once, as the emulator does.
    pub fn issuing() -> Self {
        let (status, reason, request) = ("ISSUED", None, Value::Null);
        Self { state: Mutex::new(State { status, reason, waits: 0, request, made: Vec::new() }) }
    }

    /// Has every certificate be at this status from now on.
    pub fn set(&self, status: &'static str, reason: Option<&'static str>) {
        let mut state = self.state.lock().unwrap();
        (state.status, state.reason) = (status, reason);
    }

    /// Leaves the certificates that are there at the status they are at, whatever is set for others.
    pub fn keep(&self) {
        let mut state = self.state.lock().unwrap();
        let (status, reason) = (state.status, state.reason);
        for certificate in &mut state.made {
            certificate["Kept"] = json!([status, reason]);
        }
    }

    /// Has this many looks at a certificate see that it is not issued yet.
    pub fn wait(&self, looks: usize) {
        self.state.lock().unwrap().waits = looks;
    }

    /// The ARNs of the certificates that are there, in the order in which they were requested.
    pub fn arns(&self) -> Vec<String> {
        let state = self.state.lock().unwrap();
        state.made.iter().map(|it| it["ResourceARN"].as_str().unwrap().to_owned()).collect()
    }
}

impl State {
    /// The answer to a request that was made before under the same token.
    fn same(&self, request: &Value) -> Option<WholeResponse> {
        let token = &request["IdempotencyToken"];
        let same = self.made.iter().find(|it| it["Token"] == *token)?;
        Some(answer(&json!({ "CertificateArn": same["ResourceARN"] })))
    }
}

fn answer(body: &Value) -> WholeResponse {
    edited(WholeResponse::default(), |_| body.to_string())
}

impl Behaviour for Acm {
    fn answer(&self, call: &Call, body: &Bytes) -> Option<WholeResponse> {
        if call.service != "acm" {
            return None;
        }
        let request: Value = serde_json::from_str(&lossy(body)).unwrap_or_default();
        let mut state = self.state.lock().unwrap();
        match call.operation.as_str() {
            "RequestCertificate" => {
                let same = state.same(&request);
                state.request = request;
                same
            }
            "DeleteCertificate" => {
                state.made.retain(|it| it["ResourceARN"] != request["CertificateArn"]);
                None
            }
            _ => None,
        }
    }

    fn change(&self, call: &Call, response: WholeResponse) -> WholeResponse {
        let mut state = self.state.lock().unwrap();
        match call.to_string().as_str() {
            "acm:RequestCertificate" => {
                let body: Value = serde_json::from_str(&text(&response)).unwrap_or_default();
                let certificate = json!({
                    "ResourceARN": body["CertificateArn"],
                    "Tags": state.request["Tags"],
                    "Token": state.request["IdempotencyToken"],
                });
                state.made.push(certificate);
                response
            }
            "acm:DescribeCertificate" => {
                let status = if state.waits > 0 { "PENDING_VALIDATION" } else { state.status };
                state.waits = state.waits.saturating_sub(1);
                edited(response, |body| {
                    let mut body: Value = serde_json::from_str(body).unwrap_or_default();
                    let arn = body["Certificate"]["CertificateArn"].clone();
                    let kept = state.made.iter().find(|it| it["ResourceARN"] == arn);
                    let kept = kept.map(|it| it["Kept"].clone()).filter(Value::is_array);
                    let now = kept.unwrap_or_else(|| json!([status, state.reason]));
                    if let Some(found) = body["Certificate"].as_object_mut() {
                        found.insert("Status".to_owned(), now[0].clone());
                        if now[1].is_string() {
                            found.insert("FailureReason".to_owned(), now[1].clone());
                        }
                    }
                    body.to_string()
                })
            }
            "tagging:GetResources" => edited(response, |body| {
                let mut body: Value = serde_json::from_str(body).unwrap_or_default();
                if let Some(found) = body["ResourceTagMappingList"].as_array_mut() {
                    found.extend(state.made.iter().cloned());
                }
                body.to_string()
            }),
            _ => response,
        }
    }
}
