//! `imgprep logs`: what the function said of each image.

use std::process::Stdio;
use std::time::Duration;

use imgprep_testkit::{Output, Pipeline, wait_for};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::variants::jpeg;

/// How long the line of an image may take.
const LINE_MAX: Duration = Duration::from_mins(1);

/// The events of a run about processed originals.
fn processed(output: &Output) -> Vec<Value> {
    let document = output.json();
    let keys: Vec<&String> = document.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["events"], "{output}");
    let events = document["events"].as_array().unwrap().iter();
    events.filter(|event| event["message"] == "processed").cloned().collect()
}

pub(crate) async fn what_became_of_each_image_is_shown_and_found_by_its_key() {
    let pipeline = Pipeline::with_cdn("logs").await.that_makes_images();
    pipeline.up();
    let tried = pipeline.imgprep(&["try", "--json"]).exits(0).json();
    pipeline.upload("originals/a b/\u{e9}+1.jpg", &jpeg(900, 700)).await;
    let events = wait_for("both lines of the log", async || {
        let events = processed(&pipeline.imgprep(&["logs", "--json"]).exits(0));
        (events.len() == 2).then_some(events)
    })
    .await;
    let sample = tried["original"].as_str().unwrap().split_once("/originals/").unwrap().1;
    let sample = format!("originals/{sample}");
    let event = events.iter().find(|event| event["key"] == sample).unwrap();
    assert_eq!(event["level"], "info");
    assert_eq!(event["bytes"], tried["original_bytes"]);
    assert_eq!((&event["width"], &event["height"]), (&1600.into(), &1200.into()));
    assert_eq!(event["variants"]["800x600"], tried["variants"][0]["bytes"]);
    assert!(event["ms"]["decode"].is_number() && event["duration_ms"].is_number(), "{event:#}");
    assert!(event.get("_aws").is_none() && event.get("Processed").is_none(), "{event:#}");
    let filtered = pipeline.imgprep(&["logs", "--json", "--key", "b/\u{e9}+"]).exits(0);
    let filtered = processed(&filtered);
    assert_eq!(filtered.len(), 1, "{filtered:#?}");
    assert_eq!(filtered[0]["key"], "originals/a b/\u{e9}+1.jpg");
    let text = pipeline.imgprep(&["logs", "--key", "\u{e9}+1"]).exits(0);
    let line = text.stdout.lines().next().unwrap();
    assert!(line.ends_with("Z  info   processed  originals/a b/\u{e9}+1.jpg"), "{text}");
    assert!(text.stdout.contains("JPEG 900x700, ") && text.stdout.contains("decode "), "{text}");
    let all = pipeline.imgprep(&["logs"]).exits(0);
    assert!(!all.stdout.contains("START RequestId"), "{all}");
    let everything = pipeline.imgprep(&["logs", "-v"]).exits(0);
    assert!(everything.stdout.contains("START RequestId"), "{everything}");
    let none = pipeline.imgprep(&["logs", "--key", "no such key"]).exits(0);
    assert!(none.stdout.contains("nothing logged"), "{none}");
}

pub(crate) async fn a_log_is_followed_until_interrupted_and_nothing_comes_twice() {
    let pipeline = Pipeline::new("follow").await.that_makes_images();
    pipeline.up();
    let mut child = pipeline.start(&["logs", "--follow", "--json", "--key", ".jpg"], Stdio::piped);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut keys = Vec::new();
    for key in ["originals/1.jpg", "originals/2.jpg"] {
        pipeline.upload(key, &jpeg(900, 700)).await;
        let line = tokio::time::timeout(LINE_MAX, lines.next_line()).await;
        let line = line.expect("the line of an image comes").unwrap().unwrap();
        let event: Value = serde_json::from_str(&line).unwrap();
        keys.push(event["key"].as_str().unwrap().to_owned());
    }
    assert_eq!(keys, ["originals/1.jpg", "originals/2.jpg"]);
    let id = rustix::process::Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
    assert_eq!(lines.next_line().await.unwrap(), None, "nothing came twice");
}

pub(crate) async fn a_log_that_is_not_there_is_told_with_what_to_do() {
    let pipeline = Pipeline::new("no-log").await;
    let error = pipeline.imgprep(&["logs", "--json"]).exits(1).error();
    assert_eq!((error.resource.as_str(), error.code.as_str()), ("logs", "NoLog"));
    assert!(error.message.contains(&pipeline.log_group()), "{error:?}");
    assert_eq!(error.hint, "run `imgprep up` first");
    let wrong = pipeline.imgprep(&["logs", "--since", "soon"]).exits(2);
    assert!(wrong.stderr.contains("such as `10m`"), "{wrong}");
}
