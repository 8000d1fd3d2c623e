//! A change of every resource at once: in the file what the file decides, by hand what it does not.

use aws_sdk_lambda::types::{DestinationConfig, OnFailure};
use aws_sdk_s3::types::{
    NotificationConfiguration, ObjectOwnership, OwnershipControls, OwnershipControlsRule,
    ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration,
    ServerSideEncryptionRule,
};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::json;

use crate::Pipeline;
use crate::clients::{document, without};
use crate::function;

/// After it, `up` has something to put right in each of the resources, and in each of the ways in
/// which they can be changed.
pub async fn file_and_aws(pipeline: &Pipeline) {
    file(pipeline);
    link_of_bucket_and_topic(pipeline).await;
    messaging(pipeline).await;
    code(pipeline).await;
    storage(pipeline).await;
}

/// Tags touch all that carries them; a new size touches folders, policy, function and CDN; `[notify]`
/// and `[alarms]` are new, and so is a cache policy.
fn file(pipeline: &Pipeline) {
    pipeline.put_function(&function::zip(2));
    pipeline.edit(
        "code = \"function.zip\"",
        "code = \"function.zip\"\nmemory = 512\nlog_retention_days = 30",
    );
    pipeline.edit(
        "size = \"400x300\"\n",
        "size = \"400x300\"\n\n[[variants]]\nsize = \"200x200\"\n\n[cdn]\nprice_class = \"200\"\n\
         versions = true\nfallback = \"fallback.png\"\n\n\
         [uploads]\norigins = [\"https://app.example.com\"]\n\n\
         [notify]\nqueue = true\n\n[alarms]\nemail = [\"ops@example.com\"]\n",
    );
    pipeline.edit(
        "\n\n[topic]",
        "\noriginals_storage = \"intelligent-tiering\"\nversioning = true\n\n[topic]",
    );
    pipeline.edit("team = \"tests\"", "team = \"others\"");
}

/// Takes away the notification and the topic's leave to receive it.
pub async fn link_of_bucket_and_topic(pipeline: &Pipeline) {
    let statements = pipeline.topic_statements().await;
    let mut others = without(&without(&statements, "ALLOW_S3_BUCKET_AS_PUBLISHER"), "Theirs");
    // SNS takes no policy without a statement.
    others.push(json!({
        "Sid": "Theirs", "Effect": "Allow", "Principal": { "AWS": pipeline.account },
        "Action": "sns:Publish", "Resource": pipeline.topic_arn(),
    }));
    pipeline.put_topic_statements(&others).await;
    let put = pipeline.aws.s3.put_bucket_notification_configuration().bucket(&pipeline.bucket);
    let none = NotificationConfiguration::builder().build();
    put.notification_configuration(none).send().await.unwrap();
}

async fn messaging(pipeline: &Pipeline) {
    let put = pipeline.aws.sqs.set_queue_attributes().queue_url(pipeline.queue_url().await);
    let put = put.attributes(QueueAttributeName::MessageRetentionPeriod, "3600");
    put.attributes(QueueAttributeName::Policy, "").send().await.unwrap();
    let list = pipeline.aws.sns.list_subscriptions_by_topic().topic_arn(pipeline.topic_arn());
    for subscription in list.send().await.unwrap().subscriptions() {
        let delete = pipeline.aws.sns.unsubscribe();
        delete.set_subscription_arn(subscription.subscription_arn.clone()).send().await.unwrap();
    }
}

async fn code(pipeline: &Pipeline) {
    role_made_again(pipeline, "ec2.amazonaws.com").await;
    let detach = pipeline.aws.iam.detach_role_policy().role_name(pipeline.role());
    detach.policy_arn(pipeline.policy_arn()).send().await.unwrap();
    let remove = pipeline.aws.lambda.remove_permission().function_name(&pipeline.function);
    remove.statement_id(format!("imgprep-{}", pipeline.stack)).send().await.unwrap();
    let queue = OnFailure::builder().destination(pipeline.arn("sqs", &pipeline.queue())).build();
    let destination = DestinationConfig::builder().on_failure(queue).build();
    let put = pipeline.aws.lambda.put_function_event_invoke_config().maximum_retry_attempts(0);
    let put = put.function_name(&pipeline.function).destination_config(destination);
    put.send().await.unwrap();
}

/// The same role under another identifier, trusted by this service.
pub async fn role_made_again(pipeline: &Pipeline, service: &str) {
    let (iam, name) = (&pipeline.aws.iam, pipeline.role());
    let tags = iam.list_role_tags().role_name(&name).send().await.unwrap().tags;
    role_gone(pipeline).await;
    let trust = json!({
        "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole",
    });
    let create = iam.create_role().role_name(&name).path(format!("/imgprep/{}/", pipeline.stack));
    let create = create.set_tags(Some(tags)).assume_role_policy_document(document(&[trust]));
    create
        .description(format!("Runs the image function of the stack {}", pipeline.stack))
        .send()
        .await
        .unwrap();
    let attach = iam.attach_role_policy().role_name(&name).policy_arn(pipeline.policy_arn());
    attach.send().await.unwrap();
}

pub async fn role_gone(pipeline: &Pipeline) {
    let (iam, name) = (&pipeline.aws.iam, pipeline.role());
    let detach = iam.detach_role_policy().role_name(&name).policy_arn(pipeline.policy_arn());
    detach.send().await.unwrap();
    iam.delete_role().role_name(&name).send().await.unwrap();
}

async fn storage(pipeline: &Pipeline) {
    let (s3, bucket) = (&pipeline.aws.s3, &pipeline.bucket);
    s3.delete_bucket_policy().bucket(bucket).send().await.unwrap();
    s3.delete_public_access_block().bucket(bucket).send().await.unwrap();
    let rule = OwnershipControlsRule::builder().object_ownership(ObjectOwnership::ObjectWriter);
    let controls = OwnershipControls::builder().rules(rule.build().unwrap()).build().unwrap();
    let put = s3.put_bucket_ownership_controls().bucket(bucket).ownership_controls(controls);
    put.send().await.unwrap();
    encryption(pipeline).await;
    s3.delete_object().bucket(bucket).key("400x300/").send().await.unwrap();
}

/// Has the bucket encrypt its objects with a key of KMS.
pub async fn encryption(pipeline: &Pipeline) {
    let kms = ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::AwsKms);
    let kms = kms.build().unwrap();
    let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(kms);
    let all = ServerSideEncryptionConfiguration::builder().rules(rule.build()).build().unwrap();
    let put = pipeline.aws.s3.put_bucket_encryption().bucket(&pipeline.bucket);
    put.server_side_encryption_configuration(all).send().await.unwrap();
}
