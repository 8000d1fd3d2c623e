//! What a plan shows over real stacks, and that showing it changes nothing.

use std::collections::BTreeMap;

use imgprep_testkit::clients::document;
use imgprep_testkit::{Pipeline, resource};
use insta::assert_snapshot;
use serde_json::Value;

use crate::output::normal;

/// The value of a variable that is not ours, which nobody may read in a plan.
const SECRET: &str = "hunter2";

pub(crate) async fn the_first_plan_is_short_and_shows_every_field_if_asked() {
    let pipeline = Pipeline::new("new").await;
    let short = pipeline.imgprep(&["plan"]).exits(0).stdout;
    assert!(short.lines().count() < 20 && short.contains("\n-v shows every field"), "{short}");
    let plan = pipeline.imgprep(&["plan", "-v"]).exits(0);
    assert_readable(&plan.stdout);
    let json = pipeline.imgprep(&["plan", "--json"]).exits(0).json();
    for entry in json["resources"].as_array().unwrap() {
        let id = entry["id"].as_str().unwrap();
        let shown = block(&plan.stdout, id);
        assert!(shown.starts_with("  + "), "{shown}");
        for edit in entry["differences"].as_array().unwrap() {
            let path = edit["path"].as_str().unwrap();
            let kind = path.split(['.', '[']).next().unwrap();
            let is_shown = shown.contains(&format!("      {path}"))
                || shown.contains(&format!("      {kind} "));
            assert!(is_shown, "{path} of {id}: {shown}");
        }
    }
    let normal = normal(&pipeline, &plan.stdout);
    assert_snapshot!(block(&normal, "topic"), @r#"
    + topic         new-topic
        policy.Statement[ALLOW_S3_BUCKET_AS_PUBLISHER]
            Action             [sns:publish]
            Condition
                ArnEquals.aws:sourcearn         [arn:aws:s3:::new-bucket]
                StringEquals.aws:sourceaccount  ["<account>"]
            Effect             Allow
            Principal.Service  [s3.amazonaws.com]
            Resource           [arn:aws:sns:us-east-1:<account>:new-topic]
            Sid                ALLOW_S3_BUCKET_AS_PUBLISHER
        tags  {imgprep:stack: new, team: tests}
    "#);
    assert_snapshot!(block(&normal, "logs"), @"
    + logs          /aws/lambda/new-function
        retention_days  14
        tags            {imgprep:stack: new, team: tests}
    ");
    assert_snapshot!(block(&normal, "dead-letters"), @r#"
    + dead-letters  new-dead-letters
        policy.Statement[ImgprepAllowTopic]
            Action             [sqs:sendmessage]
            Condition.ArnEquals.aws:sourcearn
                [arn:aws:sns:us-east-1:<account>:new-topic]
            Effect             Allow
            Principal.Service  [sns.amazonaws.com]
            Resource
                [arn:aws:sqs:us-east-1:<account>:new-dead-letters]
            Sid                ImgprepAllowTopic
        retention_seconds  "1209600"
        tags               {imgprep:stack: new, team: tests}
    "#);
    assert!(block(&normal, "cdn").contains("  takes minutes\n"), "{normal}");
    assert_counts(&plan.stdout, &json);
    pipeline.imgprep(&["plan", "--exit-code"]).exits(2);
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
}

pub(crate) async fn the_preview_of_a_first_up_is_short_unless_asked() {
    let pipeline = Pipeline::new("preview").await;
    let short = pipeline.imgprep(&["up"]).exits(2);
    assert!(short.stderr.contains("\n  + logs "), "{short}");
    assert!(short.stderr.contains("\n11 to create\n"), "{short}");
    assert!(!short.stderr.contains("retention_days"), "{short}");
    let long = pipeline.imgprep(&["up", "-v"]).exits(2);
    assert!(long.stderr.contains("\n      retention_days  14\n"), "{long}");
    assert_readable(&long.stderr);
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
}

pub(crate) async fn three_changes_by_hand_are_shown_member_by_member() {
    let pipeline = Pipeline::new("changed").await;
    pipeline.up();
    pipeline.imgprep(&["plan", "--exit-code"]).exits(0);
    change_statement(&pipeline).await;
    change_function(&pipeline).await;
    let delete = pipeline.aws.logs.delete_retention_policy();
    delete.log_group_name(pipeline.log_group()).send().await.unwrap();
    pipeline.proxy.take_calls();
    let plan = pipeline.imgprep(&["plan"]).exits(0);
    assert_readable(&plan.stdout);
    assert_snapshot!(normal(&pipeline, &plan.stdout), @r#"
    changed (account <account>, us-east-1)

      ~ topic         changed-topic
          ~ policy.Statement[ALLOW_S3_BUCKET_AS_PUBLISHER]
              ~ Action
                  - sns:subscribe
                  # 1 unchanged hidden
              ~ Condition
                  ~ StringEquals.aws:sourceaccount
                      - ["999999999999"]
                      + ["<account>"]
                  # 1 unchanged hidden
              # 4 unchanged hidden
      ~ logs          /aws/lambda/changed-function
          + retention_days  14
      ~ function      changed-function
          ~ environment.IMGPREP_SETTINGS
              ~ variants
                  - [1x1]  {folder: 1x1, height: 600, width: 800}
                  ~ [800x600]
                      - quality  10
                      # 3 unchanged hidden
                  # 1 unchanged hidden
              # 2 unchanged hidden
          ~ memory  512 -> 256

    3 to update
    "#);
    let json = pipeline.imgprep(&["plan", "--json"]).exits(0);
    assert_counts(&plan.stdout, &json.json());
    let status = pipeline.imgprep(&["status"]).exits(4);
    assert!(status.stdout.contains("\n              - [1x1]  "), "{status}");
    for text in [&plan.stdout, &json.stdout, &status.stdout] {
        assert!(!text.contains("SECRET_TOKEN") && !text.contains(SECRET), "{text}");
    }
    pipeline.imgprep(&["plan", "--exit-code"]).exits(2);
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
    let up = pipeline.up();
    assert!(up.stderr.contains("3 to update"), "{up}");
    pipeline.assert_whole();
    assert_eq!(variables(&pipeline).await["SECRET_TOKEN"], SECRET, "it is not ours");
}

/// Lets another account's buckets publish, and one action more.
async fn change_statement(pipeline: &Pipeline) {
    let mut statements = pipeline.topic_statements().await;
    let is_ours = |it: &&mut Value| it["Sid"] == "ALLOW_S3_BUCKET_AS_PUBLISHER";
    let ours = statements.iter_mut().find(is_ours).unwrap();
    ours["Condition"]["StringEquals"]["aws:SourceAccount"] = "999999999999".into();
    ours["Action"] = serde_json::json!(["sns:Publish", "sns:Subscribe"]);
    pipeline.put_topic_statements(&statements).await;
    assert!(document(&statements).contains("999999999999"));
}

/// Another quality, one variant more, other memory, and a variable of somebody else.
async fn change_function(pipeline: &Pipeline) {
    let mut variables = variables(pipeline).await;
    let mut settings: Value = serde_json::from_str(&variables["IMGPREP_SETTINGS"]).unwrap();
    let mut other = settings["variants"][0].clone();
    settings["variants"][0]["quality"] = 10.into();
    other["folder"] = "1x1".into();
    settings["variants"].as_array_mut().unwrap().push(other);
    variables.insert("IMGPREP_SETTINGS".to_owned(), settings.to_string());
    variables.insert("SECRET_TOKEN".to_owned(), SECRET.to_owned());
    let environment = aws_sdk_lambda::types::Environment::builder();
    let environment = environment.set_variables(Some(variables.into_iter().collect())).build();
    let put = pipeline.aws.lambda.update_function_configuration().memory_size(512);
    let put = put.function_name(&pipeline.function).environment(environment);
    put.send().await.unwrap();
}

async fn variables(pipeline: &Pipeline) -> BTreeMap<String, String> {
    let get = pipeline.aws.lambda.get_function_configuration().function_name(&pipeline.function);
    let answer = get.send().await.unwrap();
    answer.environment.unwrap().variables.unwrap().into_iter().collect()
}

pub(crate) async fn going_down_says_what_is_lost_and_what_takes_long() {
    let pipeline = Pipeline::new("going").await;
    pipeline.up();
    pipeline.proxy.take_calls();
    let down = pipeline.imgprep(&["down"]).exits(2);
    let preview = down.stderr.split("\nerror:").next().unwrap();
    assert_readable(preview);
    assert_snapshot!(normal(&pipeline, preview), @"
    going (account <account>, us-east-1)

      - topic         going-topic
      - bucket        going-bucket
                      any images in it are lost, and others can take its name
      - folders       originals/ 800x600/ 400x300/
      - notification  imgprep-going
      - policy        AllowAccessOnGoingBucket
      - role          LambdaS3GoingBucket
      - logs          /aws/lambda/going-function  the logs in it are lost
      - dead-letters  going-dead-letters  the messages in it are lost
      - function      going-function
      - trigger       going-topic -> going-function
      - cdn           imgprep-going-us-east-1  takes minutes

    11 to delete
    ");
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
    let down = pipeline.imgprep(&["down", "--yes", "--json"]).exits(0).json();
    assert_eq!(resource(&down, "cdn")["long"], true);
    assert_eq!(resource(&down, "logs")["irreversible"], true);
    assert_eq!(resource(&down, "topic").get("irreversible"), None);
}

/// No line is longer than 80 columns but one that holds a single long word; none ends in a space.
#[track_caller]
fn assert_readable(text: &str) {
    for line in text.lines() {
        let words = line.split_whitespace().filter(|word| word.len() > 1).count();
        assert!(line.chars().count() <= 80 || words == 1, "too long: {line}\n{text}");
        assert!(!line.ends_with(' '), "`{line}` ends with a space");
        assert!(!line.contains('\x1b'), "no colour: {line}");
    }
}

/// The last line in numbers is what the JSON says.
#[track_caller]
fn assert_counts(text: &str, json: &Value) {
    let count = |action: &str| {
        let resources = json["resources"].as_array().unwrap().iter();
        resources.filter(|entry| entry["action"] == action).count()
    };
    let actions = ["create", "update", "replace", "delete"].map(|action| (action, count(action)));
    let counts: Vec<String> = actions
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(action, count)| format!("{count} to {action}"))
        .collect();
    assert_eq!(text.lines().last(), Some(counts.join(", ").as_str()));
}

/// The lines of one resource.
#[track_caller]
fn block(plan: &str, id: &str) -> String {
    let starts = |line: &str| !line.is_empty() && !line.starts_with("      ");
    let is_first = |line: &&str| line.split_whitespace().nth(1) == Some(id) && starts(line);
    let mut lines = plan.lines().skip_while(|line| !is_first(line));
    let first = lines.next().unwrap();
    let rest = lines.take_while(|line| line.starts_with("      "));
    std::iter::once(first).chain(rest).fold(String::new(), |block, line| block + line + "\n")
}
