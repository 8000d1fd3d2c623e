//! Whose a resource is: nothing of other people's is changed unless it is taken over, and what was
//! taken over is given back.

use aws_sdk_s3::types::ServerSideEncryption;
use imgprep_testkit::clients::Clients;
use imgprep_testkit::{Pipeline, changed, each, resource};
use serde_json::json;

pub(crate) async fn a_topic_without_our_tag_is_refused_and_then_adopted() {
    let pipeline = Pipeline::new("adopt").await;
    pipeline.aws.sns.create_topic().name(&pipeline.topic).send().await.unwrap();
    let before = pipeline.aws.inventory().await;
    let error = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
    assert_eq!((error.code.as_str(), error.resource.as_str()), ("Foreign", "topic"));
    assert!(error.message.contains(&pipeline.topic), "{error:?}");
    assert!(error.hint.contains("imgprep up --adopt"), "{error:?}");
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
    assert_eq!(pipeline.aws.inventory().await, before);
    let status = pipeline.status(4);
    assert_eq!(resource(&status, "topic")["state"], "foreign");
    pipeline.imgprep(&["up", "--yes", "--adopt"]).exits(0);
    let tags = pipeline.aws.sns.list_tags_for_resource().resource_arn(pipeline.topic_arn());
    let tags = tags.send().await.unwrap().tags.unwrap();
    let mut keys: Vec<&str> = tags.iter().map(aws_sdk_sns::types::Tag::key).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["imgprep:adopted", "imgprep:stack", "team"]);
    pipeline.assert_whole();
    assert_eq!(each(&pipeline.status(0), "state"), ["ok"; 11]);
    pipeline.down();
    assert_eq!(pipeline.aws.inventory().await, Vec::<String>::new(), "it was ours by then");
}

pub(crate) async fn everything_foreign_is_listed_at_once_and_then_adopted() {
    let pipeline = Pipeline::new("all-foreign").await;
    let aws = &pipeline.aws;
    aws.sns.create_topic().name(&pipeline.topic).send().await.unwrap();
    aws.sqs.create_queue().queue_name(pipeline.queue()).send().await.unwrap();
    aws.s3.create_bucket().bucket(&pipeline.bucket).send().await.unwrap();
    let group = aws.logs.create_log_group().log_group_name(pipeline.log_group());
    group.send().await.unwrap();
    let before = aws.inventory().await;
    let error = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
    assert_eq!(error.code, "Foreign");
    for name in [&pipeline.topic, &pipeline.bucket, &pipeline.log_group(), &pipeline.queue()] {
        assert!(error.message.contains(&format!("`{name}`")), "{name}: {error:?}");
    }
    let text = pipeline.imgprep(&["plan"]).exits(0);
    assert!(text.stdout.contains("4 foreign"), "{text}");
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
    assert_eq!(aws.inventory().await, before);
    pipeline.imgprep(&["up", "--yes", "--adopt"]).exits(0);
    pipeline.assert_whole();
    let down = pipeline.down();
    assert!(down.stdout.contains("it existed before imgprep"), "{down}");
    assert_eq!(aws.inventory().await, [format!("bucket {}", pipeline.bucket)]);
    assert_eq!(pipeline.keys().await.unwrap(), Vec::<String>::new());
    assert_eq!(pipeline.bucket_tags().await, []);
    aws.s3.delete_bucket().bucket(&pipeline.bucket).send().await.unwrap();
}

pub(crate) async fn a_bucket_of_another_account_is_refused() {
    let pipeline = Pipeline::new("taken").await;
    let other = Clients::new(pipeline.emulator, "999988887777");
    other.s3.create_bucket().bucket(&pipeline.bucket).send().await.unwrap();
    for arguments in [&["up", "--yes", "--json"][..], &["up", "--yes", "--adopt", "--json"]] {
        let error = pipeline.imgprep(arguments).exits(1).error();
        assert_eq!((error.code.as_str(), error.resource.as_str()), ("Foreign", "bucket"));
        assert!(error.message.contains("the name is taken"), "{error:?}");
        assert!(error.hint.contains("`name` under `[bucket]`"), "{error:?}");
    }
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
    assert_eq!(pipeline.aws.inventory().await, Vec::<String>::new());
    other.s3.delete_bucket().bucket(&pipeline.bucket).send().await.unwrap();
}

pub(crate) async fn an_adopted_bucket_survives_with_everything_of_its_own() {
    let pipeline = Pipeline::new("given-back").await;
    pipeline.aws.s3.create_bucket().bucket(&pipeline.bucket).send().await.unwrap();
    let tags = [("owner".to_owned(), "them".to_owned())];
    pipeline.put_bucket_tags(&tags).await;
    let statements = [json!({
        "Sid": "Theirs", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::999999999999:root" },
        "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{}/shared/*", pipeline.bucket),
    })];
    pipeline.put_bucket_statements(&statements).await;
    pipeline.upload("shared/a.txt", b"theirs").await;
    // Row 76: their key stays, too.
    changed::encryption(&pipeline).await;
    pipeline.imgprep(&["up", "--yes"]).exits(1);
    pipeline.imgprep(&["up", "--yes", "--adopt"]).exits(0);
    pipeline.assert_whole();
    let encryption = pipeline.aws.s3.get_bucket_encryption().bucket(&pipeline.bucket);
    let encryption = encryption.send().await.unwrap();
    let rule = &encryption.server_side_encryption_configuration.unwrap().rules[0];
    let default = rule.apply_server_side_encryption_by_default().unwrap();
    assert_eq!(default.sse_algorithm(), &ServerSideEncryption::AwsKms);
    assert_eq!(pipeline.bucket_statements().await.len(), 3, "theirs and two of ours");
    // Even the strongest words do not delete what was not made by imgprep.
    pipeline.imgprep(&["down", "--yes", "--delete-images"]).exits(0);
    assert_eq!(pipeline.aws.inventory().await, [format!("bucket {}", pipeline.bucket)]);
    assert_eq!(pipeline.bucket_tags().await, tags);
    assert_eq!(pipeline.bucket_statements().await, statements);
    assert_eq!(pipeline.keys().await.unwrap(), ["shared/a.txt"]);
    let get = pipeline.aws.s3.get_bucket_notification_configuration().bucket(&pipeline.bucket);
    assert!(get.send().await.unwrap().topic_configurations().is_empty());
}
