//! What a plan reads like, over documents made by hand.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::advice::Advice;
use super::document::{Document, Effort, Entry};
use super::stack;
use crate::engine::changelog::State;
use crate::engine::plan::{Action, Condition, RETIRED};
use crate::engine::{fields::Edit, resource::Id};
use crate::inventory::Behind;
use crate::outputs::Outputs;
use crate::resources::{bucket, cdn, dead_letters, folders, function, logs, role, topic};

const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:photos";

fn edit(path: &str, have: Value, want: Value) -> Edit {
    Edit { path: path.to_owned(), have, want }
}

fn entry(id: Id, name: &str, (state, action): (Condition, Action), edits: Vec<Edit>) -> Entry {
    Entry {
        id,
        kind: id.0.aws_type,
        name: name.to_owned(),
        arn: None,
        state,
        action,
        effort: Effort::of(id, action, &edits),
        differences: edits,
        note: None,
    }
}

const CREATE: (Condition, Action) = (Condition::Missing, Action::Create);
const UPDATE: (Condition, Action) = (Condition::Drifted, Action::Update);
const DELETE: (Condition, Action) = (Condition::Ok, Action::Delete);

fn document(resources: Vec<Entry>) -> Document {
    let text = ToOwned::to_owned;
    Document {
        stack: text("photos"),
        account: text("123456789012"),
        region: text("eu-central-1"),
        state: State::Partial,
        resources,
        outputs: Outputs {
            bucket: text("photos-of-acme"),
            upload_to: text("s3://photos-of-acme/originals/"),
            topic_arn: text(TOPIC),
            ready_topic_arn: None,
            ready_queue_url: None,
            function_arn: String::new(),
            role_arn: String::new(),
            cdn_id: None,
            cdn_domain: None,
            cdn_url: None,
            dns_records: Vec::new(),
            urls: std::collections::BTreeMap::new(),
        },
        watch: None,
        behind: Behind::Nothing,
        images: None,
    }
}

/// The plan without colours, none of whose lines is too long but for a single long word.
#[track_caller]
fn plan(resources: Vec<Entry>) -> String {
    let text = stack::plan(&document(resources), true, &Advice::default());
    let text = anstream::adapter::strip_str(&text).to_string();
    for line in text.lines() {
        let beyond = line.chars().count() > 80;
        let words = line.split_whitespace().filter(|word| word.len() > 1).count();
        assert!(!beyond || words == 1, "a line of {} columns: {line}", line.chars().count());
        assert_eq!(line.trim_end(), line, "no space at the end");
    }
    text
}

/// The lines of one resource that is changed by these edits.
#[track_caller]
fn updated(edits: Vec<Edit>) -> String {
    let text = plan(vec![entry(topic::ID, "photos", UPDATE, edits)]);
    let lines: Vec<&str> = text.lines().skip(3).take_while(|line| !line.is_empty()).collect();
    lines.join("\n")
}

fn publish(account: &str, actions: &[&str]) -> Value {
    json!({
        "Sid": "ALLOW_S3_BUCKET_AS_PUBLISHER",
        "Effect": "Allow",
        "Principal": { "Service": ["s3.amazonaws.com"] },
        "Action": actions,
        "Resource": [TOPIC],
        "Condition": { "StringEquals": { "aws:sourceaccount": [account] } },
    })
}

const STATEMENT: &str = "policy.Statement[ALLOW_S3_BUCKET_AS_PUBLISHER]";

#[test]
fn a_changed_statement_shows_the_members_that_differ() {
    let have = publish("111111111111", &["sns:publish", "sns:subscribe"]);
    let want = publish("123456789012", &["sns:publish"]);
    assert_snapshot!(updated(vec![edit(STATEMENT, have, want)]), @r#"
    ~ policy.Statement[ALLOW_S3_BUCKET_AS_PUBLISHER]
        ~ Action
            - sns:subscribe
            # 1 unchanged hidden
        ~ Condition.StringEquals.aws:sourceaccount
            - ["111111111111"]
            + ["123456789012"]
        # 4 unchanged hidden
    "#);
}

#[test]
fn a_statement_that_was_removed_is_added_whole() {
    let want = publish("123456789012", &["sns:publish"]);
    assert_snapshot!(updated(vec![edit(STATEMENT, Value::Null, want)]), @r#"
    + policy.Statement[ALLOW_S3_BUCKET_AS_PUBLISHER]
        Action             [sns:publish]
        Condition.StringEquals.aws:sourceaccount  ["123456789012"]
        Effect             Allow
        Principal.Service  [s3.amazonaws.com]
        Resource           [arn:aws:sns:eu-central-1:123456789012:photos]
        Sid                ALLOW_S3_BUCKET_AS_PUBLISHER
    "#);
}

#[test]
fn plain_values_stand_in_one_column() {
    let edits = vec![
        edit("memory", json!(128), json!(256)),
        edit("retention", json!("14"), json!(14)),
        edit("tags.imgprep:stack", Value::Null, json!("photos")),
        edit("tags.team", json!("market place"), json!("")),
        edit("environment.IMGPREP_DISTRIBUTION", json!("E123"), Value::Null),
        edit("compress", json!(true), json!(false)),
        edit("code", json!("a".repeat(64)), json!("b".repeat(64))),
    ];
    assert_snapshot!(updated(edits), @r#"
    ~ memory                            128 -> 256
    ~ retention                         "14" -> 14
    + tags.imgprep:stack                photos
    ~ tags.team                         "market place" -> ""
    - environment.IMGPREP_DISTRIBUTION  E123
    ~ compress                          true -> false
    ~ code                              aaaaaaaaaaaa... -> bbbbbbbbbbbb...
    "#);
}

#[test]
fn lists_show_what_comes_and_goes() {
    let edits = vec![
        edit("methods", json!(["GET", "OPTIONS", "HEAD"]), json!(["GET", "HEAD", "PUT"])),
        edit("one", json!(["a"]), json!(["b"])),
        edit("none", json!([]), json!(["b"])),
        edit("order", json!(["a", "b"]), json!(["b", "a"])),
        edit("nested", json!([{ "a": 1, "b": 2 }]), json!([{ "a": 1, "b": 3 }])),
        edit("mixed", json!({ "a": [1] }), json!("text")),
    ];
    assert_snapshot!(updated(edits), @"
    ~ methods
        - OPTIONS
        + PUT
        # 2 unchanged hidden
    ~ one    [a] -> [b]
    ~ none
        + b
    ~ order
        - a
        + a
        # 1 unchanged hidden
    ~ nested[0]
        ~ b  2 -> 3
        # 1 unchanged hidden
    ~ mixed  {a: [1]} -> text
    ");
}

#[test]
fn long_values_stand_below_each_other() {
    let arn = |queue: &str| json!(format!("arn:aws:sqs:eu-central-1:123456789012:{queue}"));
    let edits = vec![
        edit(
            "redrive",
            json!({ "deadLetterTargetArn": arn("other") }),
            json!({ "deadLetterTargetArn": arn("photos-dead-letters") }),
        ),
        edit("on_failure", Value::Null, arn(&"very-long-name-".repeat(5))),
        edit(
            "redrive_of_another",
            Value::Null,
            json!({ "deadLetterTargetArn": arn("a-name-that-is-long") }),
        ),
    ];
    assert_snapshot!(updated(edits), @"
    ~ redrive.deadLetterTargetArn
        - arn:aws:sqs:eu-central-1:123456789012:other
        + arn:aws:sqs:eu-central-1:123456789012:photos-dead-letters
    + on_failure
        arn:aws:sqs:eu-central-1:123456789012:very-long-name-very-long-name-very-long-name-very-long-name-very-long-name-
    + redrive_of_another
        deadLetterTargetArn
            arn:aws:sqs:eu-central-1:123456789012:a-name-that-is-long
    ");
}

fn settings(variants: &[(&str, u32)]) -> Value {
    let variants: Vec<Value> = variants
        .iter()
        .map(|(folder, quality)| {
            json!({
                "folder": folder, "fit": "cover", "quality": quality,
                "cache_control": "public, max-age=86400",
            })
        })
        .collect();
    json!({ "bucket": "photos-of-acme", "originals": "originals", "variants": variants })
        .to_string()
        .into()
}

#[test]
fn settings_are_compared_as_what_they_hold() {
    let path = "environment.IMGPREP_SETTINGS";
    let have = settings(&[("800x600", 80), ("400x300", 80), ("1x1", 80)]);
    let want = settings(&[("800x600", 90), ("400x300", 80), ("200x200", 80)]);
    assert_snapshot!(updated(vec![edit(path, have, want)]), @r#"
    ~ environment.IMGPREP_SETTINGS
        ~ variants
            - [1x1]      {cache_control: "public, max-age=86400", fit: cover,
                         folder: 1x1, quality: 80}
            ~ [800x600]
                ~ quality  80 -> 90
                # 3 unchanged hidden
            + [200x200]  {cache_control: "public, max-age=86400", fit: cover,
                         folder: 200x200, quality: 80}
            # 1 unchanged hidden
        # 2 unchanged hidden
    "#);
    let (have, want) = (settings(&[("a", 1), ("b", 1)]), settings(&[("b", 1), ("a", 1)]));
    assert_snapshot!(updated(vec![edit(path, have, want)]), @"
    ~ environment.IMGPREP_SETTINGS
        ~ variants  (the same, in another order or spelling)
        # 2 unchanged hidden
    ");
    let broken = json!("{ broken");
    assert_snapshot!(updated(vec![edit(path, broken, settings(&[("a", 1)]))]), @r#"
    ~ environment.IMGPREP_SETTINGS
        - "{ broken"
        + {bucket: photos-of-acme, originals: originals, variants:
          [{cache_control: "public, max-age=86400", fit: cover, folder: a,
          quality: 1}]}
    "#);
}

#[test]
fn what_is_new_shows_its_fields() {
    let new = |path: &str, want: Value| edit(path, Value::Null, want);
    let bucket = vec![
        new("encryption", json!("AES256")),
        new("policy.Statement[Deny]", publish("123456789012", &["sns:publish"])),
        new("public_access_block.block_public_acls", json!(true)),
        new("public_access_block.block_public_policy", json!(true)),
        new("tags.imgprep:stack", json!("photos")),
        new("tags.team", json!("market place")),
    ];
    let function = vec![
        new("environment.IMGPREP_SETTINGS", settings(&[("800x600", 80)])),
        new("memory", json!(256)),
        new("on_failure.queue", json!("photos")),
        new("role", json!("arn:aws:iam::123456789012:role/imgprep/photos/LambdaS3PhotosOfAcme")),
    ];
    let resources = vec![
        entry(bucket::ID, "photos-of-acme", CREATE, bucket),
        entry(function::ID, "photos", CREATE, function),
        entry(cdn::ID, "imgprep-photos-eu-central-1", CREATE, Vec::new()),
    ];
    assert_snapshot!(plan(resources.clone()), @r#"
    photos (account 123456789012, eu-central-1)

      + bucket        photos-of-acme
          encryption           AES256
          policy.Statement[Deny]
              Action             [sns:publish]
              Condition.StringEquals.aws:sourceaccount  ["123456789012"]
              Effect             Allow
              Principal.Service  [s3.amazonaws.com]
              Resource           [arn:aws:sns:eu-central-1:123456789012:photos]
              Sid                ALLOW_S3_BUCKET_AS_PUBLISHER
          public_access_block  {block_public_acls: true, block_public_policy: true}
          tags                 {imgprep:stack: photos, team: "market place"}
      + function      photos
          environment.IMGPREP_SETTINGS
              bucket     photos-of-acme
              originals  originals
              variants
                  [800x600]  {cache_control: "public, max-age=86400", fit: cover,
                             folder: 800x600, quality: 80}
          memory            256
          on_failure.queue  photos
          role
              arn:aws:iam::123456789012:role/imgprep/photos/LambdaS3PhotosOfAcme
      + cdn           imgprep-photos-eu-central-1  takes minutes

    3 to create
    "#);
    let short = stack::plan(&document(resources), false, &Advice::default());
    assert_snapshot!(anstream::adapter::strip_str(&short), @"
    photos (account 123456789012, eu-central-1)

      + bucket        photos-of-acme
      + function      photos
      + cdn           imgprep-photos-eu-central-1  takes minutes

    3 to create
    -v shows every field of new resources
    ");
}

#[test]
fn what_goes_says_what_is_lost_and_what_takes_long() {
    let mut kept = entry(topic::ID, "photos", (Condition::Ok, Action::None), Vec::new());
    kept.note = Some("it was there before".to_owned());
    let resources = vec![
        kept,
        entry(bucket::ID, "photos-of-acme", DELETE, Vec::new()),
        entry(folders::ID, "originals/ 800x600/", DELETE, Vec::new()),
        entry(logs::ID, "/aws/lambda/photos", DELETE, Vec::new()),
        entry(dead_letters::ID, "photos-dead-letters", DELETE, Vec::new()),
        entry(cdn::ID, "imgprep-photos-eu-central-1", DELETE, Vec::new()),
    ];
    assert_snapshot!(plan(resources), @"
    photos (account 123456789012, eu-central-1)

      - bucket        photos-of-acme
                      any images in it are lost, and others can take its name
      - folders       originals/ 800x600/
      - logs          /aws/lambda/photos  the logs in it are lost
      - dead-letters  photos-dead-letters  the messages in it are lost
      - cdn           imgprep-photos-eu-central-1  takes minutes
        topic         photos  (it was there before)

    5 to delete
    ");
}

#[test]
fn what_is_not_ours_is_counted_and_left_alone() {
    let mut foreign = entry(
        topic::ID,
        "photos",
        (Condition::Foreign, Action::None),
        vec![edit("tags.team", Value::Null, json!("a"))],
    );
    foreign.note = Some("it does not carry the tag `imgprep:stack`".to_owned());
    let folders: Vec<String> = (1..=12).map(|side| format!("{side}00x{side}00/")).collect();
    let resources = vec![
        foreign,
        entry(folders::ID, &folders.join(" "), CREATE, Vec::new()),
        entry(
            logs::ID,
            "/aws/lambda/photos",
            UPDATE,
            vec![edit("retention_days", json!(3), json!(14))],
        ),
        entry(role::ID, "LambdaS3PhotosOfAcme", (Condition::Ok, Action::None), Vec::new()),
    ];
    assert_snapshot!(plan(resources), @"
    photos (account 123456789012, eu-central-1)

      ! topic         photos  (it does not carry the tag `imgprep:stack`)
          + tags.team  a
      + folders       100x100/ 200x200/ 300x300/ 400x400/ 500x500/ 600x600/ 700x700/
                      800x800/ 900x900/ 1000x1000/ 1100x1100/ 1200x1200/
      ~ logs          /aws/lambda/photos
          ~ retention_days  3 -> 14

    1 to create, 1 to update, 1 foreign
    ");
    assert_snapshot!(plan(Vec::new()), @"
    photos (account 123456789012, eu-central-1)

    no changes
    ");
}

#[test]
fn what_is_replaced_or_no_longer_in_the_file_says_so() {
    let path = edit("path", json!("/"), json!("/imgprep/photos/"));
    let retired = (Condition::Retired, Action::None);
    let mut old = entry(topic::ID, "photos-before", retired, Vec::new());
    old.note = Some(RETIRED.to_owned());
    let resources = vec![
        entry(role::ID, "LambdaS3PhotosOfAcme", (Condition::Drifted, Action::Replace), vec![path]),
        old,
        entry(logs::ID, "/aws/lambda/before", (Condition::Retired, Action::Delete), Vec::new()),
    ];
    assert_snapshot!(plan(resources), @"
    photos (account 123456789012, eu-central-1)

    -/+ role          LambdaS3PhotosOfAcme  it is deleted and created again
          ~ path  / -> /imgprep/photos/
      - logs          /aws/lambda/before  the logs in it are lost
        topic         photos-before  (retired)

    1 to replace, 1 to delete, 1 retired
    retired: no longer in the file; imgprep up --prune removes it but keeps images
    ");
}

#[test]
fn only_what_reaches_the_edges_takes_long() {
    let effort =
        |path: &str| Effort::of(cdn::ID, Action::Update, &[edit(path, json!(1), json!(2))]);
    assert!(effort("price_class").long.is_some());
    assert!(effort("aliases[img.example.com]").long.is_some());
    for path in ["tags.team", "bucket_policy.Statement[x]", "function.environment"] {
        assert_eq!(effort(path), Effort::default(), "{path}");
    }
    assert_eq!(Effort::of(cdn::ID, Action::None, &[]), Effort::default());
}

#[test]
fn json_says_only_that_it_is_long_or_for_ever() {
    let json = |id, step| serde_json::to_value(entry(id, "x", step, Vec::new())).unwrap();
    let members = |value: &Value| (value["long"].clone(), value["irreversible"].clone());
    assert_eq!(members(&json(cdn::ID, CREATE)), (json!(true), Value::Null));
    assert_eq!(members(&json(bucket::ID, DELETE)), (Value::Null, json!(true)));
    assert_eq!(members(&json(bucket::ID, CREATE)), (Value::Null, Value::Null));
}
