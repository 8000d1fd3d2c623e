//! What people read, compared whole: the text of each command as a program or a file gets it.

use insta::assert_snapshot;

use crate::harness::{Pipeline, run};

pub(crate) async fn the_text_of_a_whole_life() {
    let pipeline = Pipeline::new("text").await;
    let plan = pipeline.imgprep(&["plan"]).exits(0);
    assert_snapshot!(normal(&pipeline, &plan.stdout), @"");
    assert_eq!(plan.stderr, "");
    let up = pipeline.up();
    assert_snapshot!(normal(&pipeline, &up.stdout), @"");
    assert_snapshot!(progress(&pipeline, &up.stderr), @"");
    let status = pipeline.imgprep(&["status"]).exits(0);
    assert_snapshot!(normal(&pipeline, &status.stdout), @"");
    let delete = pipeline.aws.logs.delete_retention_policy();
    delete.log_group_name(pipeline.log_group()).send().await.unwrap();
    let status = pipeline.imgprep(&["status"]).exits(4);
    assert_snapshot!(normal(&pipeline, &status.stdout), @"");
    let down = pipeline.down();
    assert_snapshot!(normal(&pipeline, &down.stdout), @"");
}

pub(crate) async fn a_terminal_is_needed_for_colour() {
    let pipeline = Pipeline::new("colour").await;
    assert!(!pipeline.imgprep(&["plan"]).exits(0).stdout.contains('\x1b'));
    assert!(pipeline.imgprep(&["plan", "--color", "always"]).exits(0).stdout.contains("\x1b["));
    let mut command = pipeline.command();
    let plain = run(command.args(["plan"]).env("NO_COLOR", "1")).exits(0);
    assert!(!plain.stdout.contains('\x1b'));
}

/// The text with names that are the same in every run.
fn normal(pipeline: &Pipeline, text: &str) -> String {
    let number = pipeline.stack.rsplit('-').next().unwrap();
    let mut text = text.replace(&pipeline.account, "<account>");
    for part in ["bucket", "topic", "function"] {
        text = text.replace(&format!("text-{part}-{number}"), &format!("text-{part}"));
    }
    text = text.replace(&format!("text-{number}"), "text");
    text = text.replace(&format!("TextBucket{number}"), "TextBucket");
    text = text.replace(&format!(":{}/", pipeline.proxy.port), ":<port>/");
    let words = text.split_inclusive(['/', ' ', '\n']).map(|word| {
        match word.split_once(".cloudfront.localhost") {
            Some((_, rest)) => format!("<label>.cloudfront.localhost{rest}"),
            None => word.to_owned(),
        }
    });
    words.collect()
}

/// The lines of progress, which come in any order, without what they took.
fn progress(pipeline: &Pipeline, text: &str) -> String {
    let text = normal(pipeline, text);
    let lines = text.lines().filter(|line| line.ends_with(" s)"));
    let mut lines: Vec<&str> =
        lines.filter_map(|line| line.rsplit_once(" (")).map(|it| it.0).collect();
    lines.sort_unstable();
    lines.join("\n")
}
