//! CloudWatch Logs, whose pages may be empty and not the last.

use imgprep_testkit::Pipeline;
use serde_json::{Value, json};

use super::{ALWAYS, answer_once, count, refuse};

const FILTER: &str = "logs:FilterLogEvents";
const JSON: &str = "application/x-amz-json-1.1";
const LATE: &str = "2026-02-01T00:00:01.000Z 1-2 Task timed out after 10.00 seconds\n";

/// An empty page, and one with three lines: about another image, about no image, and about one that
/// was processed.
fn answer_in_pages(pipeline: &Pipeline) {
    let other = json!({"level": "error", "message": "failed", "key": "originals/other.jpg"});
    let fine = json!({"level": "info", "message": "processed", "key": "originals/error.jpg"});
    let messages = [other.to_string(), LATE.to_owned(), fine.to_string()];
    let events = messages.iter().zip(1..).map(|(message, number)| {
        let timestamp = 1_769_904_000_000_i64 + number * 1000;
        json!({"eventId": number.to_string(), "timestamp": timestamp, "message": message})
    });
    let events: Vec<Value> = events.collect();
    let first = json!({"events": [], "nextToken": "more"}).to_string();
    answer_once(pipeline, FILTER, JSON, &first);
    answer_once(pipeline, FILTER, JSON, &json!({"events": events}).to_string());
}

pub(crate) async fn row_69_an_empty_page_of_the_log_is_not_its_end() {
    let pipeline = Pipeline::new("row-69").await;
    pipeline.up();
    pipeline.proxy.take_calls();
    answer_in_pages(&pipeline);
    let shown = pipeline.imgprep(&["logs", "--json"]).exits(0).json();
    let keys: Vec<&Value> =
        shown["events"].as_array().unwrap().iter().map(|event| &event["key"]).collect();
    assert_eq!(keys, [&json!("originals/other.jpg"), &Value::Null, &json!("originals/error.jpg")]);
    assert_eq!(count(&pipeline, [FILTER]), [2]);

    // As if nothing came of an upload.
    refuse(&pipeline, ("s3:HeadObject", 404, "NotFound", "Not Found"), ALWAYS);
    answer_in_pages(&pipeline);
    let error = pipeline.imgprep(&["try", "--timeout", "1", "--json"]).exits(1).error();
    let late = format!("; an invocation crashed, for this image or another: {}", LATE.trim_end());
    assert!(error.message.ends_with(&late), "{error:?}");
    assert_eq!((error.resource.as_str(), error.code.as_str()), ("notification", "NoVariant"));
    assert_eq!(count(&pipeline, [FILTER]), [2]);
}
