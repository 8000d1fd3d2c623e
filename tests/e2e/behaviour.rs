//! How the real AWS behaves where the emulator does not: each answer that AWS is known to give, put
//! in the emulator's place. Delays, which take time, are tested elsewhere.

mod absence;
mod account;
mod bucket;
mod cdn;
mod clock;
mod denied;
mod function;
mod identity;
mod limits;
mod lists;
mod logs;
mod messaging;
mod notification;
mod order;
mod references;
mod role;
mod throttling;

pub(crate) use self::absence::*;
pub(crate) use self::account::*;
pub(crate) use self::bucket::*;
pub(crate) use self::cdn::*;
pub(crate) use self::clock::*;
pub(crate) use self::denied::*;
pub(crate) use self::function::*;
pub(crate) use self::identity::*;
pub(crate) use self::limits::*;
pub(crate) use self::lists::*;
pub(crate) use self::logs::*;
pub(crate) use self::messaging::*;
pub(crate) use self::notification::*;
pub(crate) use self::order::*;
pub(crate) use self::references::*;
pub(crate) use self::role::*;
pub(crate) use self::throttling::*;

use std::sync::Mutex;

use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use imgprep_testkit::Pipeline;
use imgprep_testkit::http::WholeResponse;
use imgprep_testkit::proxy::Refusal;

/// A call as the proxy names it, and the code and message with which it is refused.
type Fault = (&'static str, u16, &'static str, &'static str);

/// More often than anything is tried.
const ALWAYS: usize = usize::MAX;

/// Refuses the next call of each fault's operation.
fn refuse_once(pipeline: &Pipeline, faults: &[Fault]) {
    for fault in faults {
        refuse(pipeline, *fault, 1);
    }
}

fn refuse(pipeline: &Pipeline, (operation, status, code, message): Fault, times: usize) {
    pipeline.proxy.refuse(operation, Refusal { status, code, message }, times);
}

/// Answers the first call of one operation with `body`, and lets the rest pass.
fn answer_once(pipeline: &Pipeline, operation: &'static str, content_type: &str, body: &str) {
    let answer = Mutex::new(Some(response(content_type, body)));
    pipeline.proxy.add_rule(Box::new(move |call| {
        if call.to_string() == operation { answer.lock().unwrap().take() } else { None }
    }));
}

fn response(content_type: &str, body: &str) -> WholeResponse {
    let response = Response::builder().header("content-type", content_type);
    response.body(Full::new(Bytes::from(body.to_owned()))).unwrap()
}

/// How often each call came, in the order of the calls asked for.
fn count<const N: usize>(pipeline: &Pipeline, operations: [&str; N]) -> [usize; N] {
    let calls: Vec<String> = names(pipeline);
    operations.map(|operation| calls.iter().filter(|call| *call == operation).count())
}

/// The calls since the last time, in the order in which they came.
fn names(pipeline: &Pipeline) -> Vec<String> {
    pipeline.proxy.take_calls().iter().map(ToString::to_string).collect()
}
