//! What a stack can be found in when a command comes to it, so that together the commands make every
//! call that they can make.

use std::io::{Cursor, Write};
use std::pin::Pin;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use aws_sdk_sqs::types::QueueAttributeName;
use imgprep_testkit::clients::document;
use imgprep_testkit::{Pipeline, changed};
use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::drift::cache_policy;
use crate::retired::retired_role_and_policy;

/// A command, the arguments with which its policy is printed, and what it finds.
pub(super) struct Situation {
    pub(super) command: &'static [&'static str],
    pub(super) policy: &'static [&'static str],
    /// Brings the stack there, from wherever it is.
    pub(super) prepare: Prepare,
    pub(super) checks: Checks,
}

/// Which of the actions that the command needs are taken away one by one.
pub(super) enum Checks {
    /// What all commands need; nothing is changed.
    Reads,
    /// What this command needs besides.
    Own,
    /// Only these, for another situation checks the others.
    These(&'static [&'static str]),
}

type Prepare = for<'a> fn(&'a Pipeline) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

pub(super) const STATUS: Situation = Situation {
    command: &["status"],
    policy: &["status"],
    prepare: |pipeline| Box::pin(async { whole(pipeline) }),
    checks: Checks::Reads,
};

pub(super) const FIRST_UP: Situation = Situation {
    command: &["up", "--yes"],
    policy: &["up"],
    prepare: |pipeline| Box::pin(async { nothing(pipeline) }),
    checks: Checks::Own,
};

pub(super) const REPAIR: Situation = Situation {
    command: &["up", "--yes"],
    policy: &["up"],
    prepare: |pipeline| Box::pin(everything_differs(pipeline)),
    checks: Checks::Own,
};

pub(super) const UP_AND_WAIT: Situation = Situation {
    command: &["up", "--yes", "--wait"],
    policy: &["up"],
    prepare: |pipeline| Box::pin(async { whole(pipeline) }),
    checks: Checks::These(&["cloudfront:GetDistribution"]),
};

pub(super) const DOWN: Situation = Situation {
    command: &["down", "--yes"],
    policy: &["down"],
    prepare: |pipeline| Box::pin(attached_by_hand(pipeline)),
    checks: Checks::Own,
};

pub(super) const DELETE_IMAGES: Situation = Situation {
    command: &["down", "--yes", "--delete-images"],
    policy: &["down", "--delete-images"],
    prepare: |pipeline| Box::pin(with_images(pipeline)),
    checks: Checks::These(&[
        "s3:AbortMultipartUpload",
        "s3:DeleteObjectVersion",
        "s3:ListBucketMultipartUploads",
        "s3:ListBucketVersions",
    ]),
};

pub(super) const RELEASE: Situation = Situation {
    command: &["down", "--yes"],
    policy: &["down"],
    prepare: |pipeline| Box::pin(with_an_adopted_bucket(pipeline)),
    checks: Checks::These(&[
        "s3:DeleteBucketPolicy",
        "s3:PutBucketCORS",
        "s3:PutBucketTagging",
        "s3:PutLifecycleConfiguration",
    ]),
};

pub(super) const PRUNE: Situation = Situation {
    command: &["up", "--yes", "--prune", "--wait"],
    policy: &["up", "--prune"],
    prepare: |pipeline| Box::pin(left_the_file(pipeline)),
    checks: Checks::These(&[
        "cloudfront:DeleteCachePolicy",
        "cloudfront:DeleteDistribution",
        "lambda:DeleteFunction",
        "lambda:RemovePermission",
        "s3:AbortMultipartUpload",
        "s3:ListBucketMultipartUploads",
        "sns:DeleteTopic",
        "sns:Unsubscribe",
        "sqs:DeleteQueue",
    ]),
};

pub(super) const PRUNE_IMAGES: Situation = Situation {
    command: &["up", "--yes", "--prune", "--delete-images"],
    policy: &["up", "--prune", "--delete-images"],
    prepare: |pipeline| Box::pin(images_left_the_file(pipeline)),
    checks: Checks::These(&["s3:DeleteObjectVersion"]),
};

/// The file of most situations. The function is never called, so it need not work.
pub(super) fn write_file(pipeline: &Pipeline) {
    std::fs::write(pipeline.folder().join("function.zip"), function("one")).unwrap();
    let function = "code = \"function.zip\"\nconcurrency = 2";
    let bucket = "originals_storage = \"glacier-instant\"\nversioning = true";
    let cdn = "invalidate = true\nversions = true\nfallback = \"fallback.png\"";
    let text = file(pipeline, bucket, function, cdn);
    let uploads = "[uploads]\norigins = [\"https://app.example.com\"]\n";
    let alarms = "[alarms]\nemail = [\"ops@example.com\"]\n";
    pipeline.write(&format!("{text}{uploads}{alarms}[tags]\nteam = \"first\"\n"));
}

pub(super) fn file(pipeline: &Pipeline, bucket: &str, function: &str, cdn: &str) -> String {
    format!(
        "name = \"{}\"\n[bucket]\nname = \"{}\"\n{bucket}\n[topic]\nname = \"{}\"\n\
         [function]\nname = \"{}\"\n{function}\n[cdn]\n{cdn}\n[[variants]]\nsize = \"400x300\"\n",
        pipeline.stack, pipeline.bucket, pipeline.topic, pipeline.function
    )
}

/// The same pipeline with another value for whatever can have one and keep its name.
pub(super) fn write_other_file(pipeline: &Pipeline) {
    let mut text = file(
        pipeline,
        "access = \"public-acl\"",
        "code = \"other.zip\"\nmemory = 512\nconcurrency = 1\nlog_retention_days = 30\n\
         permissions_boundary = \"arn:aws:iam::aws:policy/SecurityAudit\"",
        "invalidate = true\nversions = true\nprice_class = \"all\"",
    );
    text.push_str("[[variants]]\nsize = \"200x200\"\n[tags]\nteam = \"second\"\n");
    text.push_str("[alarms]\nemail = [\"ops@example.com\"]\nfailed_images = 0\n");
    std::fs::write(pipeline.folder().join("other.zip"), function("other")).unwrap();
    pipeline.write(&text);
}

/// A zip with the beginning of a program for Lambda's processor, and something to tell it apart.
fn function(content: &str) -> Vec<u8> {
    let mut header = [0; 64];
    header[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    // An executable for x86_64 (ELF-64 Object File Format, "ELF header").
    (header[16], header[18], header[20], header[52]) = (2, 62, 1, 64);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("bootstrap", SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
    zip.write_all(&header).unwrap();
    zip.write_all(content.as_bytes()).unwrap();
    zip.finish().unwrap().into_inner()
}

fn whole(pipeline: &Pipeline) {
    write_file(pipeline);
    pipeline.up();
}

fn nothing(pipeline: &Pipeline) {
    write_file(pipeline);
    pipeline.up();
    pipeline.down();
}

async fn everything_differs(pipeline: &Pipeline) {
    whole(pipeline);
    changed::encryption(pipeline).await;
    changed::role_made_again(pipeline, "lambda.amazonaws.com").await;
    policy_versions_used_up(pipeline).await;
    trust(pipeline).await;
    queue(pipeline).await;
    redrive(pipeline).await;
    permission(pipeline).await;
    cache_policy(pipeline, |config| config.min_ttl = 77).await;
    let unbound = pipeline.aws.iam.delete_role_permissions_boundary().role_name(pipeline.role());
    // There is none the first time.
    let _ = unbound.send().await;
    let marker = pipeline.aws.s3.delete_object().bucket(&pipeline.bucket).key("400x300/");
    marker.send().await.unwrap();
    write_other_file(pipeline);
}

/// IAM keeps five versions of a policy, so that the next one takes the place of another.
async fn policy_versions_used_up(pipeline: &Pipeline) {
    let (iam, arn) = (&pipeline.aws.iam, pipeline.policy_arn());
    let list = iam.list_policy_versions().policy_arn(&arn).send().await.unwrap();
    for _ in list.versions().len()..5 {
        let all = json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" });
        let put = iam.create_policy_version().policy_arn(&arn).set_as_default(true);
        put.policy_document(document(&[all])).send().await.unwrap();
    }
}

async fn trust(pipeline: &Pipeline) {
    let trust = json!({
        "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" },
        "Action": "sts:AssumeRole",
    });
    let put = pipeline.aws.iam.update_assume_role_policy().role_name(pipeline.role());
    put.policy_document(document(&[trust])).send().await.unwrap();
}

async fn queue(pipeline: &Pipeline) {
    let put = pipeline.aws.sqs.set_queue_attributes().queue_url(pipeline.queue_url().await);
    let put = put.attributes(QueueAttributeName::MessageRetentionPeriod, "3600");
    put.send().await.unwrap();
}

async fn redrive(pipeline: &Pipeline) {
    let sns = &pipeline.aws.sns;
    let list = sns.list_subscriptions_by_topic().topic_arn(pipeline.topic_arn()).send().await;
    let arn = list.unwrap().subscriptions()[0].subscription_arn.clone().unwrap();
    let put = sns.set_subscription_attributes().subscription_arn(arn);
    let put = put.attribute_name("RedrivePolicy").attribute_value("{}");
    put.send().await.unwrap();
}

/// Under the name of our statement another topic may call the function.
async fn permission(pipeline: &Pipeline) {
    let (lambda, sid) = (&pipeline.aws.lambda, format!("imgprep-{}", pipeline.stack));
    let remove = lambda.remove_permission().function_name(&pipeline.function);
    remove.statement_id(&sid).send().await.unwrap();
    let add = lambda.add_permission().function_name(&pipeline.function).statement_id(sid);
    let add = add.action("lambda:InvokeFunction").principal("sns.amazonaws.com");
    add.source_arn(pipeline.arn("sns", "another")).send().await.unwrap();
    let put = lambda.update_function_code().zip_file(Blob::new(function("by hand")));
    put.function_name(&pipeline.function).send().await.unwrap();
}

/// As if somebody else had made the distribution, and made it otherwise.
pub(super) async fn distribution_without_our_tag(pipeline: &Pipeline) {
    whole(pipeline);
    let cloudfront = &pipeline.aws.cloudfront;
    let list = cloudfront.list_distributions().send().await.unwrap().distribution_list.unwrap();
    let ours = list.items().iter().find(|found| found.comment() == pipeline.cdn()).unwrap();
    let get = cloudfront.get_distribution_config().id(ours.id()).send().await.unwrap();
    let mut config = get.distribution_config.unwrap();
    config.is_ipv6_enabled = Some(false);
    let put = cloudfront.update_distribution().id(ours.id()).set_if_match(get.e_tag);
    put.distribution_config(config).send().await.unwrap();
    let keys = aws_sdk_cloudfront::types::TagKeys::builder().items("imgprep:stack").build();
    cloudfront.untag_resource().resource(ours.arn()).tag_keys(keys).send().await.unwrap();
}

/// The policy at a user and a group, and at the role a policy and a profile of somebody else. Those
/// are made once; what is there already is no harm.
async fn attached_by_hand(pipeline: &Pipeline) {
    whole(pipeline);
    let (iam, arn, name) = (&pipeline.aws.iam, pipeline.policy_arn(), "by-hand");
    let _ = iam.create_user().user_name(name).send().await;
    let _ = iam.create_group().group_name(name).send().await;
    let _ = iam.create_instance_profile().instance_profile_name(name).send().await;
    iam.attach_user_policy().user_name(name).policy_arn(&arn).send().await.unwrap();
    iam.attach_group_policy().group_name(name).policy_arn(&arn).send().await.unwrap();
    let all = json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" });
    let put = iam.put_role_policy().role_name(pipeline.role()).policy_name(name);
    put.policy_document(document(&[all])).send().await.unwrap();
    let add = iam.add_role_to_instance_profile().role_name(pipeline.role());
    let _ = add.instance_profile_name(name).send().await;
    policy_versions_used_up(pipeline).await;
}

async fn with_images(pipeline: &Pipeline) {
    whole(pipeline);
    let (s3, bucket) = (&pipeline.aws.s3, &pipeline.bucket);
    let versions =
        VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    let put = s3.put_bucket_versioning().bucket(bucket).versioning_configuration(versions);
    put.send().await.unwrap();
    for content in ["old", "new"] {
        let put = s3.put_object().bucket(bucket).key("400x300/a.jpg");
        put.body(ByteStream::from_static(content.as_bytes())).send().await.unwrap();
    }
    let begin = s3.create_multipart_upload().bucket(bucket).key("400x300/b.jpg");
    begin.send().await.unwrap();
}

/// Of everything that can leave the file something did: function, the folder of a size, the CDN; a
/// topic, a queue, a role and a policy under earlier names.
async fn left_the_file(pipeline: &Pipeline) {
    whole(pipeline);
    let (s3, bucket) = (&pipeline.aws.s3, &pipeline.bucket);
    let begin = s3.create_multipart_upload().bucket(bucket).key("400x300/b.jpg");
    begin.send().await.unwrap();
    let old = format!("old-{}", pipeline.stack);
    let queue = pipeline.aws.sqs.create_queue().queue_name(&old);
    queue.tags("imgprep:stack", &pipeline.stack).send().await.unwrap();
    let topic = pipeline.aws.sns.create_topic().name(&old);
    let tag = aws_sdk_sns::types::Tag::builder().key("imgprep:stack").value(&pipeline.stack);
    topic.tags(tag.build().unwrap()).send().await.unwrap();
    attached_to_retired(pipeline).await;
    let text = file(pipeline, "", "code = \"function.zip\"", "enabled = false");
    let text = text.replace("400x300", "200x200");
    pipeline.write(&text.replace(&pipeline.function, &format!("{}-new", pipeline.function)));
}

/// A role and a policy that are retired, and what hangs on them.
async fn attached_to_retired(pipeline: &Pipeline) {
    let (iam, theirs, profile) = (&pipeline.aws.iam, "by-hand", "by-hand-old");
    let arn = retired_role_and_policy(pipeline).await;
    let name = arn.rsplit('/').next().unwrap();
    let _ = iam.create_user().user_name(theirs).send().await;
    let _ = iam.create_group().group_name(theirs).send().await;
    let _ = iam.create_instance_profile().instance_profile_name(profile).send().await;
    iam.attach_role_policy().role_name(name).policy_arn(&arn).send().await.unwrap();
    iam.attach_user_policy().user_name(theirs).policy_arn(&arn).send().await.unwrap();
    iam.attach_group_policy().group_name(theirs).policy_arn(&arn).send().await.unwrap();
    let all = json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" });
    let put = iam.put_role_policy().role_name(name).policy_name(theirs);
    put.policy_document(document(&[all])).send().await.unwrap();
    let add = iam.add_role_to_instance_profile().role_name(name);
    let _ = add.instance_profile_name(profile).send().await;
}

async fn images_left_the_file(pipeline: &Pipeline) {
    with_images(pipeline).await;
    let text = file(pipeline, "", "code = \"function.zip\"", "enabled = false");
    pipeline.write(&text.replace("400x300", "200x200"));
}

async fn with_an_adopted_bucket(pipeline: &Pipeline) {
    write_file(pipeline);
    let (s3, bucket) = (&pipeline.aws.s3, &pipeline.bucket);
    if s3.head_bucket().bucket(bucket).send().await.is_err() {
        s3.create_bucket().bucket(bucket).send().await.unwrap();
    }
    pipeline.imgprep(&["up", "--yes", "--adopt"]).exits(0);
}

/// Removes what the situations leave beside the stack.
pub(super) async fn clean_up(pipeline: &Pipeline) {
    pipeline.imgprep(&["down", "--yes", "--delete-images"]).exits(0);
    let iam = &pipeline.aws.iam;
    let _ = iam.delete_user().user_name("by-hand").send().await;
    let _ = iam.delete_group().group_name("by-hand").send().await;
    for profile in ["by-hand", "by-hand-old"] {
        let _ = iam.delete_instance_profile().instance_profile_name(profile).send().await;
    }
    let _ = pipeline.aws.s3.delete_bucket().bucket(&pipeline.bucket).send().await;
}
