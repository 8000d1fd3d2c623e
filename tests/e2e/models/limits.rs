//! The longest names and the most of everything that `pipeline.toml` allows: what AWS's models think
//! of the calls that follow is seen at the end of the run.

use imgprep_testkit::Pipeline;

/// Characters that tags may have, from several scripts.
const TAG_CHARACTERS: &str = "aZ0 _.:/=+-@äßЖع漢٣Ⅷ";

pub(crate) async fn the_most_that_a_file_allows_is_made_and_removed() {
    let pipeline = Pipeline::new("limits").await;
    pipeline.write(&file(&pipeline));
    pipeline.up();
    pipeline.assert_whole();
    pipeline.imgprep(&["status", "--images"]).exits(0);
    pipeline.down();
    pipeline.is_over();
}

fn file(pipeline: &Pipeline) -> String {
    let Pipeline { stack, bucket, topic, function, .. } = pipeline;
    let tags: Vec<String> = (1..45).map(|number| format!("tag-{number} = \"\"")).collect();
    let (key, value) = (long(TAG_CHARACTERS, 128), long(TAG_CHARACTERS, 256));
    format!(
        "name = \"{stack:a<40}\"\n\n\
         [bucket]\nname = \"{bucket:b<63}\"\noriginals = \"{originals}\"\n\n\
         [topic]\nname = \"{topic:t<256}\"\n\n\
         [function]\nname = \"{function:f<64}\"\nmemory = 10240\ntimeout = 900\n\
         log_retention_days = 3653\n\n\
         [[variants]]\nsize = \"16384x16384\"\nfolder = \"{folder}\"\n\n\
         [cdn]\nprice_class = \"all\"\n\n\
         [tags]\n\"{key}\" = \"{value}\"\n{tags}\n",
        originals = long("Originals-_.@=,/0", 200),
        folder = long("variants-_.@=,/9", 200),
        tags = tags.join("\n"),
    )
}

/// The characters again and again, `count` of them.
fn long(characters: &str, count: usize) -> String {
    characters.chars().cycle().take(count).collect()
}
