//! Changes of the file reach AWS with the calls that they need and no others.

use imgprep_testkit::{Pipeline, resource};

use crate::variants::{arrived, dimensions, jpeg};

pub(crate) async fn more_memory_is_one_call_without_code() {
    let pipeline = Pipeline::new("memory").await;
    pipeline.up();
    pipeline.edit(
        "[[variants]]\nsize = \"800x600\"",
        "memory = 512\n\n[[variants]]\nsize = \"800x600\"",
    );
    let plan = pipeline.imgprep(&["plan", "--json"]).exits(0).json();
    let differences = &resource(&plan, "function")["differences"];
    let expected = serde_json::json!([{ "path": "memory", "have": 256, "want": 512 }]);
    assert_eq!(*differences, expected);
    pipeline.proxy.take_calls();
    pipeline.up();
    assert_eq!(pipeline.proxy.take_mutating(), ["lambda:UpdateFunctionConfiguration"]);
    let get = pipeline.aws.lambda.get_function_configuration().function_name(&pipeline.function);
    assert_eq!(get.send().await.unwrap().memory_size(), Some(512));
    pipeline.assert_whole();
}

pub(crate) async fn a_new_size_keeps_old_variants_and_tells_the_function() {
    let pipeline = Pipeline::new("size").await.that_makes_images();
    pipeline.up();
    pipeline.upload("originals/before.jpg", &jpeg(640, 480)).await;
    let old = arrived(&pipeline, "400x300/before.jpg").await;
    arrived(&pipeline, "800x600/before.jpg").await;
    pipeline.edit("size = \"400x300\"", "size = \"200x200\"");
    pipeline.proxy.take_calls();
    pipeline.up();
    let expected = [
        "cloudfront:UpdateDistribution",
        "iam:CreatePolicyVersion",
        "lambda:UpdateFunctionConfiguration",
        "s3:PutBucketPolicy",
        "s3:PutObject",
    ];
    let calls = pipeline.proxy.take_mutating();
    assert!(calls.iter().all(|call| expected.contains(&call.as_str())), "{calls:?}");
    assert!(calls.contains(&"lambda:UpdateFunctionConfiguration".to_owned()), "{calls:?}");
    pipeline.assert_whole();
    let kept = pipeline.object("400x300/before.jpg").await.unwrap();
    assert!(kept.bytes == old.bytes, "the variant of the old size is as it was");
    pipeline.upload("originals/after.jpg", &jpeg(640, 480)).await;
    let new = arrived(&pipeline, "200x200/after.jpg").await;
    assert_eq!(dimensions(&new.bytes), (200, 200));
    arrived(&pipeline, "800x600/after.jpg").await;
    assert!(pipeline.object("400x300/after.jpg").await.is_none(), "the old size is made no more");
}
