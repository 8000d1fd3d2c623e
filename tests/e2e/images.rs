//! Images are never lost: `down` keeps a bucket that holds any, until told to delete them.

use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use imgprep_testkit::{Pipeline, resource};

pub(crate) async fn a_bucket_with_images_stays_until_their_deletion_is_asked_for() {
    let pipeline = Pipeline::new("images").await;
    pipeline.up();
    for number in 1..=3 {
        pipeline.upload(&format!("theirs/{number}.jpg"), b"an image").await;
    }
    let down = pipeline.imgprep(&["down", "--yes", "--json"]).exits(0).json();
    let bucket = resource(&down, "bucket");
    assert_eq!((&bucket["state"], &bucket["action"]), (&"ok".into(), &"none".into()));
    assert_eq!(bucket["note"], "it holds 3 objects");
    let only_the_bucket = [format!("bucket {}", pipeline.bucket)];
    assert_eq!(pipeline.aws.inventory().await, only_the_bucket);
    let text = pipeline.down();
    assert!(text.stdout.contains("it holds 3 objects"), "{text}");
    let images = ["theirs/1.jpg", "theirs/2.jpg", "theirs/3.jpg"];
    assert_eq!(pipeline.keys().await.unwrap(), images, "the images and nothing else");
    pipeline.imgprep(&["down", "--delete-images"]).exits(2);
    assert_eq!(pipeline.keys().await.unwrap(), images);
    let down = pipeline.imgprep(&["down", "--delete-images", "--yes", "--json"]).exits(0).json();
    assert_eq!(down["state"], "absent");
    assert_eq!(pipeline.aws.inventory().await, Vec::<String>::new());
}

pub(crate) async fn every_version_and_delete_marker_is_deleted_when_asked_for() {
    let pipeline = Pipeline::new("versions").await;
    pipeline.up();
    let versioning =
        VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    let put = pipeline.aws.s3.put_bucket_versioning().bucket(&pipeline.bucket);
    put.versioning_configuration(versioning).send().await.unwrap();
    for text in ["first", "second", "third"] {
        pipeline.upload("theirs/a.jpg", text.as_bytes()).await;
    }
    pipeline.upload("theirs/b.jpg", b"only").await;
    for key in ["theirs/a.jpg", "theirs/b.jpg"] {
        let delete = pipeline.aws.s3.delete_object().bucket(&pipeline.bucket).key(key);
        delete.send().await.unwrap();
    }
    let list = pipeline.aws.s3.list_object_versions().bucket(&pipeline.bucket).prefix("theirs/");
    let list = list.send().await.unwrap();
    assert_eq!((list.versions().len(), list.delete_markers().len()), (4, 2));
    let down = pipeline.imgprep(&["down", "--yes", "--json"]).exits(0).json();
    // Nothing is listed by now, and still four images would be lost.
    assert_eq!(resource(&down, "bucket")["note"], "it holds 6 objects");
    pipeline.imgprep(&["down", "--delete-images", "--yes"]).exits(0);
    assert_eq!(pipeline.aws.inventory().await, Vec::<String>::new());
}
