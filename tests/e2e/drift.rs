//! Changes made by hand: `status` shows each where it is, and `up` puts it right.

mod messaging;
mod storage;

use std::collections::BTreeMap;
use std::pin::Pin;

use serde_json::Value;

use crate::harness::{Pipeline, resource};

/// A change made by hand, and the differences that `status` must show for it: all of them, and no
/// others.
struct Row {
    what: &'static str,
    change: Change,
    differences: BTreeMap<&'static str, Vec<String>>,
}

type Change = for<'a> fn(&'a Pipeline) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// A row with differences of one resource.
fn row(what: &'static str, change: Change, id: &'static str, paths: &[&str]) -> Row {
    Row { what, change, differences: BTreeMap::new() }.and(id, paths)
}

impl Row {
    /// The same change differs in another resource as well.
    fn and(mut self, id: &'static str, paths: &[&str]) -> Self {
        self.differences.insert(id, paths.iter().map(|path| (*path).to_owned()).collect());
        self
    }

    /// Makes the change, proves that it is seen, and that `up` repairs it. Answers with what is
    /// wrong, so that one wrong row does not hide the next.
    async fn check(&self, pipeline: &Pipeline) -> Result<(), String> {
        (self.change)(pipeline).await;
        let status = pipeline.imgprep(&["status", "--json"]);
        let (code, status) = (status.code, status.json());
        let shown = differences(&status);
        let wanted: Vec<_> =
            self.differences.iter().map(|(id, paths)| ((*id).to_owned(), paths.clone())).collect();
        let up = pipeline.imgprep(&["up", "--yes"]);
        let plan = pipeline.imgprep(&["plan", "--exit-code"]);
        if code != 4 || status["state"] != "drifted" {
            return Err(format!("status ended with {code} and {}", status["state"]));
        }
        if shown != BTreeMap::from_iter(wanted) {
            return Err(format!("status shows {shown:#?}"));
        }
        let is_drifted = |id: &&str| resource(&status, id)["state"] == "drifted";
        if !self.differences.keys().all(is_drifted) {
            return Err(format!("not all are drifted: {status:#}"));
        }
        if up.code != 0 || plan.code != 0 {
            return Err(format!("it is not repaired: {up}\n{plan}"));
        }
        Ok(())
    }
}

/// The paths of the differences by resource, for those that have any.
fn differences(status: &Value) -> BTreeMap<String, Vec<String>> {
    let resources = status["resources"].as_array().unwrap().iter();
    let differing = resources.filter_map(|entry| {
        let differences = entry["differences"].as_array().unwrap().iter();
        let paths: Vec<_> =
            differences.map(|edit| edit["path"].as_str().unwrap().to_owned()).collect();
        (!paths.is_empty()).then(|| (entry["id"].as_str().unwrap().to_owned(), paths))
    });
    differing.collect()
}

async fn check(pipeline: &Pipeline, rows: &[Row]) {
    pipeline.up();
    let mut wrong = Vec::new();
    for row in rows {
        if let Err(why) = row.check(pipeline).await {
            wrong.push(format!("{}: {why}", row.what));
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

pub(crate) async fn every_change_by_hand_to_messaging_and_code_is_shown_and_repaired() {
    let pipeline = Pipeline::new("drift").await;
    check(&pipeline, &messaging::rows(&pipeline)).await;
}

pub(crate) async fn every_change_by_hand_to_storage_and_cdn_is_shown_and_repaired() {
    let pipeline = Pipeline::new("drift-s3").await;
    check(&pipeline, &storage::rows(&pipeline)).await;
}

/// What is deleted, by what it leaves missing.
pub(crate) async fn what_was_deleted_by_hand_is_missing_and_made_again() {
    let pipeline = Pipeline::new("deleted").await;
    pipeline.up();
    let (aws, names) = (&pipeline.aws, &pipeline);
    assert_repaired(&pipeline, "logs", async {
        let delete = aws.logs.delete_log_group().log_group_name(names.log_group());
        delete.send().await.unwrap();
    })
    .await;
    assert_repaired(&pipeline, "dead-letters", async {
        aws.sqs.delete_queue().queue_url(names.queue_url().await).send().await.unwrap();
    })
    .await;
    assert_repaired(&pipeline, "function", async {
        aws.lambda.delete_function().function_name(&names.function).send().await.unwrap();
    })
    .await;
    assert_repaired(&pipeline, "topic", async {
        aws.sns.delete_topic().topic_arn(names.topic_arn()).send().await.unwrap();
    })
    .await;
    assert_repaired(&pipeline, "role", async {
        let detach = aws.iam.detach_role_policy().role_name(names.role());
        detach.policy_arn(names.policy_arn()).send().await.unwrap();
        aws.iam.delete_role().role_name(names.role()).send().await.unwrap();
    })
    .await;
    assert_repaired(&pipeline, "folders", async {
        for key in ["originals/", "800x600/", "400x300/"] {
            let delete = aws.s3.delete_object().bucket(&names.bucket).key(key);
            delete.send().await.unwrap();
        }
    })
    .await;
    // Last, for S3 tells the topic of it, so that the function runs once more and logs.
    assert_repaired(&pipeline, "notification", async {
        let none = aws_sdk_s3::types::NotificationConfiguration::builder().build();
        let put = aws.s3.put_bucket_notification_configuration().bucket(&names.bucket);
        put.notification_configuration(none).send().await.unwrap();
    })
    .await;
}

async fn assert_repaired(pipeline: &Pipeline, id: &str, delete: impl Future<Output = ()>) {
    delete.await;
    let status = pipeline.status(4);
    assert_eq!(status["state"], "partial", "{id}");
    let missing: Vec<&str> = status["resources"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["state"] == "missing")
        .map(|entry| entry["id"].as_str().unwrap())
        .collect();
    assert_eq!(missing, [id]);
    assert_eq!(resource(&status, id)["action"], "create");
    pipeline.up();
    pipeline.assert_whole();
}
