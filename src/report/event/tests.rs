//! What events read like.

use insta::assert_snapshot;
use serde_json::json;

use super::*;

#[track_caller]
fn plain_text(events: &[Value]) -> String {
    let events = events.iter().map(|line| {
        let said = match line {
            Value::Object(line) => Said::Line(line.clone()),
            other => Said::Text(other.as_str().unwrap_or_default().to_owned()),
        };
        super::event(&Event { time: 1_769_904_000_123, said })
    });
    let text: String = events.collect();
    anstream::adapter::strip_str(&text).to_string()
}

fn processed(key: &str) -> Value {
    json!({
        "level": "info", "message": "processed", "request_id": "1-2", "key": key, "etag": "e",
        "content_type": "image/jpeg", "bytes": 185_631, "format": "JPEG", "width": 1600,
        "height": 1200, "variants": {"400x300": 9272, "800x600": 23_446}, "duration_ms": 51,
        "ms": {"decode": 8.3, "encode": 5.1, "get": 12.1, "put": 20.3, "resize": 2.0},
    })
}

#[test]
fn an_image_is_told_with_its_dimensions_bytes_and_times() {
    assert_snapshot!(plain_text(&[processed("originals/cat.jpg")]), @"
    2026-02-01T00:00:00Z  info   processed  originals/cat.jpg
        JPEG 1600x1200, 186 kB -> 400x300 9.3 kB, 800x600 23.4 kB
        get 12.1, decode 8.3, resize 2.0, encode 5.1, put 20.3, all 51 ms
    ");
}

#[test]
fn a_warning_has_a_line_of_its_own() {
    let mut line = processed("originals/cat.jpg");
    line["level"] = json!("warn");
    line["warnings"] = json!(["the file ends early: 812 of 1200 rows are intact"]);
    let text = plain_text(&[line]);
    let lines: Vec<&str> = text.lines().take(2).collect();
    assert_eq!(
        lines,
        [
            "2026-02-01T00:00:00Z  warn   processed  originals/cat.jpg",
            "    the file ends early: 812 of 1200 rows are intact",
        ]
    );
}

#[test]
fn a_long_key_has_a_line_of_its_own() {
    let key = format!("originals/{}.jpg", "holiday/".repeat(8));
    let text = plain_text(&[processed(&key)]);
    let lines: Vec<&str> = text.lines().take(2).collect();
    assert_eq!(lines, ["2026-02-01T00:00:00Z  info   processed", &format!("    {key}")]);
}

#[test]
fn what_failed_says_why() {
    let failed = json!({
        "level": "error", "message": "failed", "key": "originals/notes.jpg", "bytes": 15,
        "reason": "its content is of no kind that can be read, for it begins like none of them",
        "variants": {}, "ms": {"get": 3.5},
    });
    let ignored = json!({"level": "info", "message": "ignored", "key": null, "reason": "a test"});
    let removed = json!({
        "level": "info", "message": "removed", "key": "originals/a.jpg",
        "objects": ["800x600/a.jpg", "400x300/a.jpg"],
    });
    assert_snapshot!(plain_text(&[failed, ignored, removed]), @"
    2026-02-01T00:00:00Z  error  failed  originals/notes.jpg
        its content is of no kind that can be read, for it begins like none of them
        15 B
        get 3.5 ms
    2026-02-01T00:00:00Z  info   ignored
        a test
    2026-02-01T00:00:00Z  info   removed  originals/a.jpg
        deleted 800x600/a.jpg, 400x300/a.jpg
    ");
}

#[test]
fn other_lines_are_shown_as_they_are_but_for_control_characters() {
    let lines = [
        json!("REPORT RequestId: 1\tDuration: 12 ms"),
        json!({"other": "function"}),
        json!({"level": "info", "message": "ignored", "key": "originals/\u{1b}[2J.jpg"}),
    ];
    assert_snapshot!(plain_text(&lines), @r#"
    2026-02-01T00:00:00Z  REPORT RequestId: 1  Duration: 12 ms
    2026-02-01T00:00:00Z  {"other":"function"}
    2026-02-01T00:00:00Z  info   ignored  originals/\u001b[2J.jpg
    "#);
}

#[test]
fn no_line_ends_between_a_number_and_its_unit() {
    let mut many = processed("originals/cat.jpg");
    many["variants"] =
        json!({"1600x1200": 208_600, "200x150": 7_200, "402x3030": 19_000, "420x3000": 20_900});
    assert_snapshot!(plain_text(&[many]), @"
    2026-02-01T00:00:00Z  info   processed  originals/cat.jpg
        JPEG 1600x1200, 186 kB -> 1600x1200 209 kB, 200x150 7.2 kB, 402x3030
        19.0 kB, 420x3000 20.9 kB
        get 12.1, decode 8.3, resize 2.0, encode 5.1, put 20.3, all 51 ms
    ");
}
