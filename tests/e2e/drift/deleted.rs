//! What was deleted by hand is missing, and made again.

use imgprep_testkit::{Pipeline, resource, wait_for};

/// What is deleted, by what it leaves missing.
pub(crate) async fn what_was_deleted_by_hand_is_missing_and_made_again() {
    let pipeline = Pipeline::new("deleted").await;
    pipeline.up();
    // S3 told the topic of the notification, so the function runs once, and its log would come back.
    wait_for("the log of the test event", async || logged(&pipeline).await).await;
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

async fn logged(pipeline: &Pipeline) -> Option<()> {
    let list = pipeline.aws.logs.describe_log_streams().log_group_name(pipeline.log_group());
    let streams = list.send().await.unwrap().log_streams.unwrap_or_default();
    (!streams.is_empty()).then_some(())
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
