//! What AWS would take in no account, or nobody could use: refused before the first call.

use imgprep_testkit::Pipeline;

use super::names;

/// As many variants as the function's environment takes, with folders that its policy does not.
fn with_long_folders(pipeline: &Pipeline) {
    pipeline.edit("[[variants]]\nsize = \"400x300\"\n", &long_folders());
}

fn long_folders() -> String {
    let variant = |number| {
        let folder = "v".repeat(117);
        format!("[[variants]]\nsize = \"1x1\"\nfolder = \"{folder}{number}\"\n")
    };
    (100..119).map(variant).collect()
}

pub(crate) async fn row_72_a_policy_that_iam_would_not_take_is_refused_before_the_first_call() {
    let pipeline = Pipeline::new("row-72").await;
    pipeline.up();
    pipeline.proxy.take_calls();
    with_long_folders(&pipeline);
    let export = ["export", "--format", "terraform", "--json"];
    for command in [&["plan", "--json"][..], &["up", "--yes", "--json"], &export] {
        let error = pipeline.imgprep(command).exits(2).error();
        assert_eq!(error.code, "InvalidConfiguration", "{command:?}");
        let words = ["the function's policy would have 6", " characters, but IAM allows 6144"];
        assert!(words.iter().all(|word| error.message.contains(word)), "{command:?}: {error:?}");
        assert!(error.hint.contains("fewer variants"), "{command:?}: {error:?}");
        assert_eq!(names(&pipeline), Vec::<String>::new(), "{command:?}");
    }
    // Whoever has such a file can look at the stack and leave it.
    pipeline.status(4);
    pipeline.down();
    pipeline.is_over();
}

/// Elsewhere than at AWS itself a bucket is in the path, where dots do no harm.
pub(crate) async fn row_72_a_bucket_with_dots_works_where_it_is_in_the_path() {
    let pipeline = Pipeline::with_cdn("row-72b").await.that_makes_images();
    let dotted = pipeline.bucket.replace('-', ".");
    pipeline.edit(&pipeline.bucket, &dotted);
    pipeline.up();
    pipeline.assert_whole();
    assert_eq!(pipeline.status(0)["outputs"]["bucket"], dotted);
    pipeline.imgprep(&["try", "--json"]).exits(0);
    pipeline.imgprep(&["down", "--yes", "--delete-images"]).exits(0);
    pipeline.is_over();
}
