//! S3: names, configuration, markers, and the deletion of what a bucket holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_cloudfront::types::Origin;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ObjectCannedAcl;
use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use imgprep_testkit::{Pipeline, changed, resource};
use serde_json::Value;

use super::{ALWAYS, Fault, answer_once, count, refuse, refuse_once};
use crate::storage::add_keys;
use crate::uploads::add_section;
use crate::variants::{arrived, jpeg};

const UNKNOWN: Fault = ("s3:HeadBucket", 404, "NotFound", "Not Found");

/// Row 1 is every other test: the emulator, too, refuses a constraint in `us-east-1`.
pub(crate) async fn row_02_a_bucket_outside_us_east_1_is_made_in_its_region() {
    let pipeline = Pipeline::new("row-2").await;
    let first = format!("name = \"{}\"\n", pipeline.stack);
    pipeline.edit(&first, &format!("{first}region = \"eu-central-1\"\n"));
    pipeline.up();
    let get = pipeline.aws.s3.get_bucket_location().bucket(&pipeline.bucket).send().await.unwrap();
    assert_eq!(get.location_constraint().unwrap().as_str(), "eu-central-1");
    pipeline.assert_whole();
    // The file that the harness takes down at the end is for another region.
    pipeline.imgprep(&["down", "--yes", "--delete-images"]).exits(0);
}

pub(crate) async fn row_02_a_name_that_is_taken_in_another_region_is_told_apart() {
    let pipeline = Pipeline::new("row-2b").await;
    let message = "The unspecified location constraint is incompatible for the region specific \
                   endpoint this request was sent to.";
    refuse_once(&pipeline, &[UNKNOWN]);
    refuse(
        &pipeline,
        ("s3:CreateBucket", 400, "IllegalLocationConstraintException", message),
        ALWAYS,
    );
    refuse(&pipeline, ("s3:HeadBucket", 301, "PermanentRedirect", ""), ALWAYS);
    let error = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
    assert_eq!(error.resource, "bucket");
    assert!(error.message.contains("the name is taken"), "{error:?}");
    assert!(error.message.contains("not in us-east-1"), "{error:?}");
    assert!(error.hint.contains("`name` under `[bucket]`"), "{error:?}");
}

pub(crate) async fn row_03_a_bucket_that_another_run_made_first_is_gone_on_with_if_it_is_ours() {
    const OWNED: Fault = (
        "s3:CreateBucket",
        409,
        "BucketAlreadyOwnedByYou",
        "Your previous request to create the named bucket succeeded and you already own it.",
    );
    let pipeline = Pipeline::new("row-3").await;
    pipeline.aws.s3.create_bucket().bucket(&pipeline.bucket).send().await.unwrap();
    let theirs = [("owner".to_owned(), "them".to_owned())];
    pipeline.put_bucket_tags(&theirs).await;
    refuse_once(&pipeline, &[UNKNOWN, OWNED]);
    let error = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
    assert_eq!((error.resource.as_str(), error.code.as_str()), ("bucket", OWNED.2));
    assert_eq!(pipeline.bucket_tags().await, theirs);
    assert_eq!(pipeline.bucket_statements().await, Vec::<Value>::new());

    let ours = [("imgprep:stack".to_owned(), pipeline.stack.clone())];
    pipeline.put_bucket_tags(&ours).await;
    refuse_once(&pipeline, &[UNKNOWN, OWNED]);
    pipeline.up();
    pipeline.assert_whole();
}

pub(crate) async fn row_04_a_name_that_somebody_else_has_is_told_with_what_to_change() {
    let pipeline = Pipeline::new("row-4").await;
    let message = "The requested bucket name is not available.";
    refuse_once(&pipeline, &[("s3:CreateBucket", 409, "BucketAlreadyExists", message)]);
    let error = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
    assert_eq!((error.resource.as_str(), error.code.as_str()), ("bucket", "BucketAlreadyExists"));
    assert!(error.hint.contains("`name` under `[bucket]`"), "{error:?}");
    pipeline.up();
    pipeline.assert_whole();
}

const BUSY: &str = "A conflicting conditional operation is currently in progress against this \
                    resource. Please try again.";

/// Overlapping changes of one bucket are refused; each is tried again.
pub(crate) async fn row_06_each_change_of_a_busy_bucket_is_tried_again() {
    const CHANGES: [&str; 9] = [
        "s3:PutBucketTagging",
        "s3:PutPublicAccessBlock",
        "s3:PutBucketOwnershipControls",
        "s3:PutBucketEncryption",
        "s3:PutBucketPolicy",
        "s3:PutBucketCors",
        "s3:PutBucketLifecycleConfiguration",
        "s3:PutBucketVersioning",
        "s3:PutBucketNotificationConfiguration",
    ];
    const REMOVALS: [&str; 3] =
        ["s3:PutBucketNotificationConfiguration", "s3:PutBucketPolicy", "s3:DeleteBucket"];
    let pipeline = Pipeline::new("row-6").await;
    pipeline.up();
    let (s3, bucket) = (&pipeline.aws.s3, &pipeline.bucket);
    s3.delete_public_access_block().bucket(bucket).send().await.unwrap();
    s3.delete_bucket_ownership_controls().bucket(bucket).send().await.unwrap();
    s3.delete_bucket_policy().bucket(bucket).send().await.unwrap();
    changed::encryption(&pipeline).await;
    let ours = pipeline.bucket_tags().await.into_iter().filter(|(key, _)| key != "team");
    pipeline.put_bucket_tags(&ours.collect::<Vec<_>>()).await;
    let none = aws_sdk_s3::types::NotificationConfiguration::builder().build();
    let put = s3.put_bucket_notification_configuration().bucket(bucket);
    put.notification_configuration(none).send().await.unwrap();

    add_section(&pipeline);
    add_keys(&pipeline, "versioning = true\n");
    pipeline.proxy.take_calls();
    refuse_once(&pipeline, &CHANGES.map(|change| (change, 409, "OperationAborted", BUSY)));
    pipeline.up();
    let calls = count(&pipeline, CHANGES);
    assert!(calls.iter().all(|calls| *calls >= 2), "{CHANGES:?}: {calls:?}");
    pipeline.assert_whole();

    pipeline.proxy.take_calls();
    refuse_once(&pipeline, &REMOVALS.map(|change| (change, 409, "OperationAborted", BUSY)));
    pipeline.down();
    let calls = count(&pipeline, REMOVALS);
    assert!(calls.iter().all(|calls| *calls >= 2), "{REMOVALS:?}: {calls:?}");
}

/// The emulator refuses an ACL as S3 does, so what works there was sent without one.
pub(crate) async fn row_08_no_acl_is_sent_where_acls_are_off() {
    let pipeline = Pipeline::new("row-8").await.that_makes_images();
    pipeline.up();
    let put = pipeline.aws.s3.put_object().bucket(&pipeline.bucket).key("acl");
    let put = put.acl(ObjectCannedAcl::PublicRead).body(ByteStream::from_static(b"x"));
    let refused = put.send().await.unwrap_err();
    assert_eq!(refused.code(), Some("AccessControlListNotSupported"));
    pipeline.upload("originals/a.jpg", &jpeg(640, 480)).await;
    arrived(&pipeline, "800x600/a.jpg").await;
    arrived(&pipeline, "400x300/a.jpg").await;
}

/// S3 blocks a public policy on a new bucket: whom ours allows is a service, for one source.
pub(crate) async fn row_09_no_statement_of_the_bucket_policy_is_public() {
    let pipeline = Pipeline::new("row-9").await;
    pipeline.up();
    let statements = pipeline.bucket_statements().await;
    let allowing = statements.iter().filter(|statement| statement["Effect"] == "Allow");
    let allowing: Vec<&Value> = allowing.collect();
    assert_eq!(allowing.len(), 1);
    assert_eq!(allowing[0]["Principal"]["Service"], "cloudfront.amazonaws.com");
    let source = allowing[0]["Condition"]["StringEquals"]["aws:SourceArn"].as_str().unwrap();
    assert!(source.contains(":distribution/E"), "{source}");
}

/// An organisation may forbid the call, which is no matter where it is not needed: as on a new
/// bucket, which is born with everything blocked.
pub(crate) async fn row_10_a_public_access_block_is_put_only_where_it_is_needed() {
    const DENIED: Fault = ("s3:PutPublicAccessBlock", 403, "AccessDenied", "Access Denied");
    let pipeline = Pipeline::new("row-10").await;
    refuse(&pipeline, DENIED, ALWAYS);
    pipeline.up();
    pipeline.assert_whole();
    assert_eq!(count(&pipeline, ["s3:PutPublicAccessBlock"]), [0]);

    let delete = pipeline.aws.s3.delete_public_access_block().bucket(&pipeline.bucket);
    delete.send().await.unwrap();
    let error = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
    assert_eq!((error.resource.as_str(), error.code.as_str()), ("bucket", "AccessDenied"));
    assert!(error.hint.contains("grant `s3:PutBucketPublicAccessBlock`"), "{error:?}");
}

/// S3 has an error of its own for each part of a bucket that is not set.
pub(crate) async fn row_11_each_code_for_what_is_not_set_is_no_error() {
    const ABSENT: [(&str, &str, &str, &str); 8] = [
        ("s3:GetBucketPolicy", "NoSuchBucketPolicy", "drifted", "policy.Statement"),
        ("s3:GetBucketTagging", "NoSuchTagSet", "foreign", "tags."),
        ("s3:GetBucketTagging", "NoSuchTagSetError", "foreign", "tags."),
        (
            "s3:GetPublicAccessBlock",
            "NoSuchPublicAccessBlockConfiguration",
            "drifted",
            "public_access_block.",
        ),
        ("s3:GetBucketOwnershipControls", "OwnershipControlsNotFoundError", "drifted", "ownership"),
        (
            "s3:GetBucketEncryption",
            "ServerSideEncryptionConfigurationNotFoundError",
            "drifted",
            "encryption",
        ),
        ("s3:GetBucketCors", "NoSuchCORSConfiguration", "drifted", "cors"),
        (
            "s3:GetBucketLifecycleConfiguration",
            "NoSuchLifecycleConfiguration",
            "drifted",
            "lifecycle",
        ),
    ];
    let pipeline = Pipeline::new("row-11").await;
    add_section(&pipeline);
    add_keys(&pipeline, "originals_storage = \"intelligent-tiering\"\n");
    pipeline.up();
    for (operation, code, state, path) in ABSENT {
        // Two resources may ask for the same document.
        refuse(&pipeline, (operation, 404, code, "It does not exist"), 2);
        let status = pipeline.status(4);
        pipeline.proxy.clear_rules();
        let bucket = resource(&status, "bucket");
        assert_eq!(bucket["state"], state, "{code}");
        let differences = bucket["differences"].as_array().unwrap();
        let is_below = |edit: &Value| edit["path"].as_str().unwrap().starts_with(path);
        assert!(!differences.is_empty() && differences.iter().all(is_below), "{code}: {bucket:#}");
        assert!(differences.iter().all(|edit| edit["have"].is_null()), "{code}: {bucket:#}");
    }
    pipeline.assert_whole();
}

pub(crate) async fn row_19_an_object_that_cannot_be_deleted_is_named() {
    let pipeline = Pipeline::new("row-19").await;
    pipeline.up();
    pipeline.upload("800x600/locked.jpg", b"x").await;
    let partly = "<DeleteResult><Error><Key>800x600/locked.jpg</Key><Code>AccessDenied</Code>\
                  <Message>Object is WORM protected</Message></Error></DeleteResult>";
    answer_once(&pipeline, "s3:DeleteObjects", "application/xml", partly);
    let arguments = ["down", "--yes", "--delete-images", "--json"];
    let error = pipeline.imgprep(&arguments).exits(1).error();
    assert_eq!(error.resource, "bucket");
    assert!(error.message.contains("`800x600/locked.jpg`: Object is WORM"), "{error:?}");
    assert!(pipeline.object("800x600/locked.jpg").await.is_some());
    pipeline.imgprep(&arguments).exits(0);
}

/// S3 calls an empty list of deletions malformed.
pub(crate) async fn row_19_no_empty_list_is_deleted() {
    let pipeline = Pipeline::new("row-19b").await;
    pipeline.up();
    for key in ["originals/", "800x600/", "400x300/"] {
        let delete = pipeline.aws.s3.delete_object().bucket(&pipeline.bucket).key(key);
        delete.send().await.unwrap();
    }
    pipeline.proxy.take_calls();
    pipeline.imgprep(&["down", "--yes", "--delete-images"]).exits(0);
    assert_eq!(count(&pipeline, ["s3:DeleteObjects", "s3:DeleteBucket"]), [0, 1]);
}

pub(crate) async fn row_20_a_marker_that_another_run_writes_is_tried_again_or_left() {
    let pipeline = Pipeline::new("row-20").await;
    let conflict = "The conditional request cannot succeed due to a conflicting operation.";
    refuse(&pipeline, ("s3:PutObject", 409, "ConditionalRequestConflict", conflict), 3);
    pipeline.up();
    assert_eq!(count(&pipeline, ["s3:PutObject"]), [6], "three markers, each of them twice");
    pipeline.assert_whole();

    let delete = pipeline.aws.s3.delete_object().bucket(&pipeline.bucket).key("400x300/");
    delete.send().await.unwrap();
    let there = "At least one of the pre-conditions you specified did not hold";
    refuse_once(&pipeline, &[("s3:PutObject", 412, "PreconditionFailed", there)]);
    pipeline.up();
    assert_eq!(count(&pipeline, ["s3:PutObject"]), [1], "whoever wrote it wrote the same");
}

/// The global name of a new bucket redirects for hours, and CloudFront would remember that.
pub(crate) async fn row_21_the_cdn_reads_from_the_regional_domain() {
    let pipeline = Pipeline::new("row-21").await;
    pipeline.up();
    let list = pipeline.aws.cloudfront.list_distributions().send().await.unwrap();
    let list = list.distribution_list.unwrap();
    let ours = list.items().iter().find(|found| found.comment() == pipeline.cdn()).unwrap();
    let origins = ours.origins().unwrap().items();
    let domains: Vec<&str> = origins.iter().map(Origin::domain_name).collect();
    assert_eq!(domains, [format!("{}.s3.us-east-1.amazonaws.com", pipeline.bucket)]);
}

/// S3's answer of 200 to a deletion for which it is too busy.
fn too_busy(code: &str, keys: &[&str]) -> String {
    let error = |key: &&str| {
        format!("<Error><Key>{key}</Key><Code>{code}</Code><Message>Try again.</Message></Error>")
    };
    format!("<DeleteResult>{}</DeleteResult>", keys.iter().map(error).collect::<String>())
}

const MARKERS: [&str; 3] = ["400x300/", "800x600/", "originals/"];

pub(crate) async fn row_66_what_s3_is_too_busy_to_delete_is_listed_and_tried_again() {
    const DELETION: &str = "s3:DeleteObjects";
    let pipeline = Pipeline::new("row-66").await;
    pipeline.up();
    let images = ["800x600/a.jpg", "800x600/b.jpg"];
    for key in images {
        pipeline.upload(key, b"x").await;
    }
    let all = [&MARKERS[..], &images[..]].concat();
    for answer in [
        too_busy("InternalError", &all),
        too_busy("ServiceUnavailable", &all),
        too_busy("SlowDown", &images),
    ] {
        answer_once(&pipeline, DELETION, "application/xml", &answer);
    }
    pipeline.proxy.take_calls();
    pipeline.imgprep(&["down", "--yes", "--delete-images"]).exits(0);
    let calls = count(&pipeline, ["s3:ListObjectVersions", DELETION, "s3:DeleteBucket"]);
    assert_eq!(calls, [5, 4, 1], "each deletion follows a listing, and the last one is empty");
    assert_eq!(pipeline.keys().await, None);

    pipeline.proxy.clear_rules();
    pipeline.up();
    // Made by hand, so that the stack's own folders do not take it with them.
    pipeline.upload("theirs/", b"").await;
    answer_once(&pipeline, DELETION, "application/xml", &too_busy("SlowDown", &["theirs/"]));
    pipeline.proxy.take_calls();
    pipeline.imgprep(&["down", "--yes"]).exits(0);
    assert_eq!(count(&pipeline, [DELETION]), [2], "markers alone are no images");
    assert_eq!(pipeline.keys().await, None);
}

/// Whether an original is still gone is asked again before its variants go.
pub(crate) async fn row_66_a_variant_whose_original_comes_back_meanwhile_is_not_pruned() {
    let pipeline = Pipeline::new("row-66b").await.that_makes_images();
    pipeline.up();
    let variants = ["800x600/a.jpg", "400x300/a.jpg"];
    pipeline.upload("originals/a.jpg", &jpeg(640, 480)).await;
    for variant in variants {
        arrived(&pipeline, variant).await;
    }
    let delete = pipeline.aws.s3.delete_object().bucket(&pipeline.bucket).key("originals/a.jpg");
    delete.send().await.unwrap();

    let busy = Arc::new(AtomicBool::new(false));
    let is_busy = Arc::clone(&busy);
    let slow = too_busy("SlowDown", &variants);
    pipeline.proxy.add_rule(Box::new(move |call| {
        let xml = |body: String| {
            let response = Response::builder().header("content-type", "application/xml");
            Some(response.body(Full::new(Bytes::from(body))).unwrap())
        };
        match call.to_string().as_str() {
            "s3:DeleteObjects" if !is_busy.swap(true, Ordering::SeqCst) => xml(slow.clone()),
            "s3:HeadObject" if is_busy.load(Ordering::SeqCst) => xml(String::new()),
            _ => None,
        }
    }));
    pipeline.imgprep(&["prune", "--yes"]).exits(0);
    assert!(busy.load(Ordering::SeqCst));
    pipeline.proxy.clear_rules();
    for variant in variants {
        assert!(pipeline.object(variant).await.is_some(), "{variant}");
    }
    answer_once(&pipeline, "s3:DeleteObjects", "application/xml", &too_busy("SlowDown", &variants));
    pipeline.imgprep(&["prune", "--yes"]).exits(0);
    assert_eq!(pipeline.keys().await.unwrap(), MARKERS);
}
