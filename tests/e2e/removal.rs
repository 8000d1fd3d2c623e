//! Deleted originals: with `on_delete = "remove"` the variants go as well, and come back with them.

use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use imgprep_testkit::{Pipeline, resource, wait_for};
use serde_json::json;

use crate::variants::{arrived, jpeg};

const VARIANTS: [&str; 2] = ["800x600/photo.jpg", "400x300/photo.jpg"];

/// A stack whose variants follow their originals.
async fn removing(label: &str) -> Pipeline {
    let pipeline = Pipeline::new(label).await.that_makes_images();
    let bucket = format!("[bucket]\nname = \"{}\"\n", pipeline.bucket);
    pipeline.edit(&bucket, &format!("{bucket}on_delete = \"remove\"\n"));
    pipeline.up();
    pipeline.assert_whole();
    pipeline
}

async fn delete(pipeline: &Pipeline, key: &str, version: Option<String>) -> Option<String> {
    let delete = pipeline.aws.s3.delete_object().bucket(&pipeline.bucket).key(key);
    delete.set_version_id(version).send().await.unwrap().version_id
}

async fn gone(pipeline: &Pipeline, key: &str) {
    let is_gone = async || pipeline.object(key).await.is_none().then_some(());
    wait_for(&format!("the end of {key}"), is_gone).await;
}

pub(crate) async fn variants_and_records_go_with_their_original() {
    let pipeline = removing("removal").await;
    pipeline.upload("originals/photo.jpg", &jpeg(1600, 1200)).await;
    pipeline.upload("originals/kept.jpg", &jpeg(64, 48)).await;
    pipeline.upload("originals/bad.jpg", b"no image").await;
    for key in VARIANTS.into_iter().chain(["failed/bad.jpg.json", "400x300/kept.jpg"]) {
        arrived(&pipeline, key).await;
    }
    arrived(&pipeline, "800x600/kept.jpg").await;
    delete(&pipeline, "originals/photo.jpg", None).await;
    delete(&pipeline, "originals/bad.jpg", None).await;
    for key in VARIANTS.into_iter().chain(["failed/bad.jpg.json"]) {
        gone(&pipeline, key).await;
    }
    let rest = [
        "400x300/",
        "400x300/kept.jpg",
        "800x600/",
        "800x600/kept.jpg",
        "originals/",
        "originals/kept.jpg",
    ];
    assert_eq!(pipeline.keys().await.unwrap(), rest, "these keys and no others");
}

pub(crate) async fn variants_follow_the_versions_of_their_original() {
    let pipeline = removing("removal-versions").await;
    let versioning =
        VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    let put = pipeline.aws.s3.put_bucket_versioning().bucket(&pipeline.bucket);
    put.versioning_configuration(versioning).send().await.unwrap();
    pipeline.upload("originals/photo.jpg", &jpeg(1600, 1200)).await;
    for key in VARIANTS {
        arrived(&pipeline, key).await;
    }
    let marker = delete(&pipeline, "originals/photo.jpg", None).await;
    assert!(marker.is_some(), "a version is kept behind a marker");
    for key in VARIANTS {
        gone(&pipeline, key).await;
    }
    // S3 tells of the removal of the marker only, not of the original that is back.
    delete(&pipeline, "originals/photo.jpg", marker).await;
    for key in VARIANTS {
        arrived(&pipeline, key).await;
    }
}

pub(crate) async fn variants_stay_unless_the_file_says_otherwise() {
    let pipeline = removing("removal-off").await;
    pipeline.upload("originals/photo.jpg", &jpeg(64, 48)).await;
    for key in VARIANTS {
        arrived(&pipeline, key).await;
    }
    pipeline.edit("on_delete = \"remove\"\n", "");
    let plan = pipeline.imgprep(&["plan", "--json"]).exits(0).json();
    let events = &resource(&plan, "notification")["differences"][0];
    assert_eq!(events["have"], json!(["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]));
    assert_eq!(events["want"], json!(["s3:ObjectCreated:*"]));
    pipeline.up();
    pipeline.assert_whole();
    delete(&pipeline, "originals/photo.jpg", None).await;
    // The function is as busy with this one as it would be with the removal before it.
    pipeline.upload("originals/later.jpg", &jpeg(64, 48)).await;
    for key in ["800x600/later.jpg", "400x300/later.jpg"] {
        arrived(&pipeline, key).await;
    }
    for key in VARIANTS {
        assert!(pipeline.object(key).await.is_some(), "{key} stays");
    }
}
