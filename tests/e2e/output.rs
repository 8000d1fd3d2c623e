//! What people read, compared whole: the text of each command as a program or a file gets it.

use imgprep_testkit::{Pipeline, run};
use insta::assert_snapshot;

pub(crate) async fn the_text_of_a_whole_life() {
    let pipeline = Pipeline::new("text").await;
    plan_and_up_read_so(&pipeline);
    status_and_down_read_so(&pipeline).await;
}

fn plan_and_up_read_so(pipeline: &Pipeline) {
    let plan = pipeline.imgprep(&["plan"]).exits(0);
    let resources = plan.stdout.lines().filter(|line| !line.starts_with("      "));
    assert_snapshot!(normal(pipeline, &resources.collect::<Vec<_>>().join("\n")), @"
    text (account <account>, us-east-1)

      + topic         text-topic
      + bucket        text-bucket
      + folders       originals/ 800x600/ 400x300/
      + notification  imgprep-text
      + policy        AllowAccessOnTextBucket
      + role          LambdaS3TextBucket
      + logs          /aws/lambda/text-function
      + dead-letters  text-dead-letters
      + function      text-function
      + trigger       text-topic -> text-function
      + cdn           imgprep-text-us-east-1  takes minutes

    11 to create
    -v shows every field of new resources
    ");
    assert_eq!(plan.stderr, "");
    let up = pipeline.up();
    assert_snapshot!(normal(pipeline, &up.stdout), @"
    text: 11 changes

      upload to      s3://text-bucket/originals/
      400x300        http://<label>.cloudfront.localhost:<port>/400x300/
      800x600        http://<label>.cloudfront.localhost:<port>/800x600/

    next: imgprep try
    ");
    assert_snapshot!(progress(pipeline, &up.stderr), @"
    bucket: created
    cdn: created
    dead-letters: created
    folders: created
    function: created
    logs: created
    notification: created
    policy: created
    role: created
    topic: created
    trigger: created
    ");
}

async fn status_and_down_read_so(pipeline: &Pipeline) {
    let status = pipeline.imgprep(&["status"]).exits(0);
    assert_snapshot!(normal(pipeline, &status.stdout), @"
    text (account <account>, us-east-1)

      ok        topic         text-topic
      ok        bucket        text-bucket
      ok        folders       originals/ 800x600/ 400x300/
      ok        notification  imgprep-text
      ok        policy        AllowAccessOnTextBucket
      ok        role          LambdaS3TextBucket
      ok        logs          /aws/lambda/text-function
      ok        dead-letters  text-dead-letters
      ok        function      text-function
      ok        trigger       text-topic -> text-function
      ok        cdn           imgprep-text-us-east-1

    ready

      upload to      s3://text-bucket/originals/
      400x300        http://<label>.cloudfront.localhost:<port>/400x300/
      800x600        http://<label>.cloudfront.localhost:<port>/800x600/
    ");
    let delete = pipeline.aws.logs.delete_retention_policy();
    delete.log_group_name(pipeline.log_group()).send().await.unwrap();
    let status = pipeline.imgprep(&["status"]).exits(4);
    assert_snapshot!(normal(pipeline, &status.stdout), @"
    text (account <account>, us-east-1)

      ok        topic         text-topic
      ok        bucket        text-bucket
      ok        folders       originals/ 800x600/ 400x300/
      ok        notification  imgprep-text
      ok        policy        AllowAccessOnTextBucket
      ok        role          LambdaS3TextBucket
      drifted   logs          /aws/lambda/text-function
          + retention_days  14
      ok        dead-letters  text-dead-letters
      ok        function      text-function
      ok        trigger       text-topic -> text-function
      ok        cdn           imgprep-text-us-east-1

    drifted

      upload to      s3://text-bucket/originals/
      400x300        http://<label>.cloudfront.localhost:<port>/400x300/
      800x600        http://<label>.cloudfront.localhost:<port>/800x600/

    next: imgprep up
    ");
    let down = pipeline.down();
    assert_snapshot!(normal(pipeline, &down.stdout), @"text: 11 removed");
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
pub(crate) fn normal(pipeline: &Pipeline, text: &str) -> String {
    let (label, number) = pipeline.stack.rsplit_once('-').unwrap();
    let mut text = text.replace(&pipeline.account, "<account>");
    for part in ["-bucket", "-topic", "-function", ""] {
        text = text.replace(&format!("{label}{part}-{number}"), &format!("{label}{part}"));
    }
    text = text.replace(&pipeline.policy(), pipeline.policy().trim_end_matches(number));
    text = text.replace(&pipeline.role(), pipeline.role().trim_end_matches(number));
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
