//! What a job of S3 Batch Operations calls the function with, and what it wants to hear ("Invoke AWS
//! Lambda function" in the Amazon S3 User Guide, schemas 1.0 and 2.0).

use serde_json::{Value, json};

use crate::event::{self, Change, LONG_AGO, Work, decode_key};
use crate::settings::Settings;

/// The argument of a job, and its value, that asks for all variants, also those that are there.
pub const MODE_ARGUMENT: &str = "imgprep";
pub const ALL: &str = "all";

/// The version of the schema that has arguments.
pub const SCHEMA: &str = "2.0";

/// How much of an explanation a report needs.
const RESULT_CHARACTERS_MAX: usize = 512;

/// One call of a job. S3 puts one task into it, and leaves room for more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    schema: String,
    invocation: String,
    pub tasks: Vec<Task>,
}

/// An object of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    id: String,
    /// What is to be done, or the end where nothing is.
    pub work: Result<Work, End>,
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    pub code: Code,
    /// For the job's report.
    pub text: String,
}

/// What S3 does with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    Succeeded,
    /// It is tried again before the job ends.
    TemporaryFailure,
    PermanentFailure,
}

impl Code {
    fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "Succeeded",
            Self::TemporaryFailure => "TemporaryFailure",
            Self::PermanentFailure => "PermanentFailure",
        }
    }
}

impl End {
    pub fn new(code: Code, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

impl Call {
    /// Reads an event; nothing where it is of another kind.
    pub fn read(event: &Value, settings: &Settings) -> Option<Self> {
        let schema = event["invocationSchemaVersion"].as_str()?;
        let tasks = event["tasks"].as_array()?;
        let all = event["job"]["userArguments"][MODE_ARGUMENT] == ALL;
        Some(Self {
            schema: schema.to_owned(),
            invocation: text(&event["invocationId"]),
            tasks: tasks.iter().map(|task| Task::read(task, all, settings)).collect(),
        })
    }

    /// What is answered when the tasks have ended so, in their order.
    pub fn answer(&self, ends: &[End]) -> Value {
        let results = self.tasks.iter().zip(ends).map(|(task, end)| {
            json!({
                "taskId": task.id,
                "resultCode": end.code.as_str(),
                "resultString": end.text.chars().take(RESULT_CHARACTERS_MAX).collect::<String>(),
            })
        });
        json!({
            "invocationSchemaVersion": self.schema,
            "treatMissingKeysAs": Code::PermanentFailure.as_str(),
            "invocationId": self.invocation,
            "results": results.collect::<Vec<_>>(),
        })
    }
}

impl Task {
    fn read(task: &Value, all: bool, settings: &Settings) -> Self {
        Self { id: text(&task["taskId"]), work: work(task, all, settings) }
    }
}

/// What is to be done about an object. A version that the job names does not count: variants are of the
/// original as it is now.
fn work(task: &Value, all: bool, settings: &Settings) -> Result<Work, End> {
    let permanent = |reason: &str| End::new(Code::PermanentFailure, reason);
    // Keys are encoded in either schema, as they are in a list of objects for a job.
    let encoded = task["s3Key"].as_str().ok_or_else(|| permanent("the task has no key"))?;
    let key = decode_key(encoded).ok_or_else(|| permanent("the key is not UTF-8"))?;
    let change = Change::Created;
    event::object(bucket(task), &key, change, settings).map_err(|reason| {
        // A marker, and an original that nothing is made of, are no failures.
        let is_ours = settings.path_of(&key).is_some() || key == format!("{}/", settings.originals);
        let is_ours = is_ours && bucket(task) == Some(settings.bucket.as_str());
        End::new(if is_ours { Code::Succeeded } else { Code::PermanentFailure }, reason)
    })?;
    let time = (!all).then(|| LONG_AGO.to_owned());
    Ok(Work { key, change, time, size: None, folders: None })
}

/// The name of the bucket, of which schema 1.0 has the ARN.
fn bucket(task: &Value) -> Option<&str> {
    let arn = || task["s3BucketArn"].as_str()?.rsplit(':').next();
    task["s3Bucket"].as_str().or_else(arn)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Variant, tests};

    fn settings() -> Settings {
        Settings {
            variants: vec![Variant {
                only: vec!["shop/".to_owned()],
                ..Variant::of_size(800, 600)
            }],
            ..tests::settings()
        }
    }

    fn first(key: &str) -> Value {
        json!({
            "invocationSchemaVersion": "1.0",
            "invocationId": "call",
            "job": { "id": "job" },
            "tasks": [{
                "taskId": "task",
                "s3Key": key,
                "s3VersionId": "1",
                "s3BucketArn": "arn:aws:s3:::photos",
            }],
        })
    }

    fn second(key: &str, arguments: &Value) -> Value {
        json!({
            "invocationSchemaVersion": "2.0",
            "invocationId": "call",
            "job": { "id": "job", "userArguments": arguments },
            "tasks": [
                { "taskId": "task", "s3Key": key, "s3VersionId": null, "s3Bucket": "photos" },
            ],
        })
    }

    fn work_of(event: &Value) -> Result<Work, End> {
        Call::read(event, &settings()).unwrap().tasks.remove(0).work
    }

    #[test]
    fn both_schemas_ask_for_what_is_missing() {
        let expected = Work {
            key: "originals/shop/a b+ü.jpg".to_owned(),
            change: Change::Created,
            time: Some(LONG_AGO.to_owned()),
            size: None,
            folders: None,
        };
        let key = "originals/shop/a+b%2B%C3%BC.jpg";
        let events = [first(key), second(key, &json!(null)), second(key, &json!({}))];
        for event in events {
            assert_eq!(work_of(&event), Ok(expected.clone()), "{event}");
        }
        let all = work_of(&second(key, &json!({ "imgprep": "all" })));
        assert_eq!(all, Ok(Work { time: None, ..expected }));
    }

    #[test]
    fn what_nothing_is_made_of_is_done_and_what_is_not_ours_has_failed() {
        for (key, code, reason) in [
            ("originals/", Code::Succeeded, "it is not in originals/"),
            ("originals/shop/", Code::Succeeded, "it is a folder marker"),
            (
                "originals/other/a.jpg",
                Code::Succeeded,
                "no variant is made of originals in its folder",
            ),
            ("800x600/a.jpg", Code::PermanentFailure, "it is not in originals/"),
            ("originals/%FF", Code::PermanentFailure, "the key is not UTF-8"),
        ] {
            let expected = Err(End::new(code, reason));
            assert_eq!(work_of(&first(key)), expected, "{key}");
            assert_eq!(work_of(&second(key, &json!(null))), expected, "{key}");
        }
        let mut foreign = first("originals/shop/a.jpg");
        foreign["tasks"][0]["s3BucketArn"] = json!("arn:aws:s3:::others");
        let expected = End::new(Code::PermanentFailure, "it is in another bucket");
        assert_eq!(work_of(&foreign), Err(expected));
        foreign["tasks"][0] = json!({});
        let expected = End::new(Code::PermanentFailure, "the task has no key");
        assert_eq!(work_of(&foreign), Err(expected));
    }

    #[test]
    fn the_answer_has_what_s3_asks_for() {
        let mut event = second("originals/shop/a.jpg", &json!(null));
        let other = json!({ "taskId": "other", "s3Key": "originals/shop/b", "s3Bucket": "photos" });
        event["tasks"].as_array_mut().unwrap().push(other);
        let call = Call::read(&event, &settings()).unwrap();
        let ends = [
            End::new(Code::Succeeded, "made"),
            End::new(Code::TemporaryFailure, "ü".repeat(RESULT_CHARACTERS_MAX + 1)),
        ];
        let expected = json!({
            "invocationSchemaVersion": "2.0",
            "treatMissingKeysAs": "PermanentFailure",
            "invocationId": "call",
            "results": [
                { "taskId": "task", "resultCode": "Succeeded", "resultString": "made" },
                {
                    "taskId": "other",
                    "resultCode": "TemporaryFailure",
                    "resultString": "ü".repeat(RESULT_CHARACTERS_MAX),
                },
            ],
        });
        assert_eq!(call.answer(&ends), expected);
    }

    #[test]
    fn other_events_are_none_of_it() {
        for event in [json!({}), json!(null), json!({ "Records": [] }), json!({ "tasks": [] })] {
            assert_eq!(Call::read(&event, &settings()), None, "{event}");
        }
    }
}
