//! Keys as people choose them: whatever an original is called, its variants are called the same.

use std::collections::BTreeSet;

use imgprep_testkit::{Pipeline, wait_for};
use serde_json::json;

use crate::variants::{arrived, dimensions, jpeg};

const NAMES: [&str; 12] = [
    "two words.jpg",
    "a+b.jpg",
    "100%.jpg",
    "a%2Bb.jpg",
    "a%20b+c d.jpg",
    "Grüße aus Köln – 写真 🏔.jpg",
    "photo (1).jpg",
    "2026/july/beach.jpg",
    "deep/er/still/a b+c.jpg",
    "archive.tar.jpg",
    "photo.png.jpg",
    "no-extension",
];

pub(crate) async fn every_key_keeps_its_name_in_every_folder() {
    let pipeline = Pipeline::new("keys").await.that_makes_images();
    pipeline.up();
    let original = jpeg(64, 48);
    for name in NAMES {
        pipeline.upload(&format!("originals/{name}"), &original).await;
    }
    for name in NAMES {
        for (folder, size) in [("800x600", (800, 600)), ("400x300", (400, 300))] {
            let variant = arrived(&pipeline, &format!("{folder}/{name}")).await;
            assert_eq!(dimensions(&variant.bytes), size, "{folder}/{name}");
        }
    }
    let mut expected = ["400x300/", "800x600/", "originals/"].map(ToOwned::to_owned).to_vec();
    for folder in ["400x300", "800x600", "originals"] {
        expected.extend(NAMES.map(|name| format!("{folder}/{name}")));
    }
    expected.sort();
    assert_eq!(pipeline.keys().await.unwrap(), expected, "these keys and no others");
}

/// As long as S3 takes a key, of one and of two bytes a character. The folder of one size is longer than
/// that of the originals, so that there is no room for its key.
pub(crate) async fn the_longest_keys_are_on_record_and_not_sent_for_ever() {
    let pipeline = Pipeline::new("long-keys").await.that_makes_images();
    pipeline.edit("size = \"400x300\"", "size = \"400x300\"\nfolder = \"thumbnails\"");
    pipeline.up();
    let room = 1024 - "originals/".len();
    let long = ["x".repeat(room), "ü".repeat(room / 2), "z".repeat(room - 1)];
    let long = long.map(|path| format!("originals/{path}"));
    let fits = "y".repeat(room - 1);
    pipeline.upload(&long[0], &jpeg(64, 48)).await;
    pipeline.upload(&long[1], &jpeg(64, 48)).await;
    pipeline.upload(&long[2], b"no image").await;
    pipeline.upload(&format!("originals/{fits}"), &jpeg(64, 48)).await;
    arrived(&pipeline, &format!("thumbnails/{fits}")).await;
    let failures = wait_for("the three failures", async || {
        let failures =
            pipeline.imgprep(&["failures", "--json"]).exits(0).json()["failures"].clone();
        failures.as_array().filter(|failures| failures.len() == 3).cloned()
    })
    .await;
    let of = |key: &str| failures.iter().find(|failure| failure["key"] == key).unwrap();
    for key in &long[..2] {
        let reason = "its key in thumbnails/ would have 1025 bytes; S3 allows 1024";
        assert_eq!(of(key)["reason"], reason);
        assert_eq!(of(key)["remedy"], "rename");
    }
    let records: BTreeSet<&str> =
        long.iter().map(|key| of(key)["record"].as_str().unwrap()).collect();
    assert_eq!(records.len(), 3);
    assert!(records.iter().all(|record| record.len() <= 1024), "{records:?}");

    for _ in 0..2 {
        let backfill = pipeline.imgprep(&["backfill", "--yes", "--json"]).exits(0).json();
        assert_eq!((&backfill["to_process"], &backfill["failures"]), (&0.into(), &3.into()));
        assert_eq!(backfill["published"], 0, "{backfill:#}");
    }
    let counts = pipeline.imgprep(&["status", "--images", "--json"]).exits(0).json();
    assert_eq!(counts["images"]["missing"], json!({ "800x600": 0, "thumbnails": 0 }));
    assert_eq!(counts["images"]["failures"], 3);
    let retried = pipeline.imgprep(&["retry", "--all", "--json"]).exits(1).json();
    for original in retried["originals"].as_array().unwrap() {
        let key = original["key"].as_str().unwrap();
        assert_eq!(original["outcome"], "failed");
        assert_eq!(original["reason"], of(key)["reason"]);
    }
}

/// A colour, a title for the window, a C1 control, and marks that have `gpj.exe` read as `exe.jpg`.
const EVIL: &str = "originals/a\u{1b}[31mred\u{1b}]0;title\u{7}\u{9b}2J\u{202e}gpj\u{2066}.exe";
const SHOWN: &str = "originals/a\\u001b[31mred\\u001b]0;title\\u0007\\u009b2J\\u202egpj\\u2066.exe";

/// Whoever uploads chooses the key, and somebody else reads it in a terminal.
pub(crate) async fn a_key_is_no_command_to_the_terminal() {
    let pipeline = Pipeline::new("evil-keys").await.that_makes_images();
    pipeline.up();
    pipeline.upload(EVIL, b"no image").await;
    let record = wait_for("the failure of it", async || {
        let failures = pipeline.imgprep(&["failures", "--json"]).exits(0);
        assert!(failures.stdout.chars().all(is_harmless), "{failures}");
        let failures = failures.json()["failures"].clone();
        failures.as_array()?.iter().find(|it| it["key"] == EVIL).map(|it| it["record"].clone())
    })
    .await;
    let look: [(&[&str], i32); 3] =
        [(&["failures"], 0), (&["logs", "--since", "1h"], 0), (&["retry", "--all"], 1)];
    for (command, code) in look {
        let output = pipeline.imgprep(&[command, &["--color", "always"][..]].concat()).exits(code);
        assert!(output.stdout.contains(SHOWN), "{output}");
        for text in [&output.stdout, &output.stderr] {
            // The colours are ours: none of them is red in the middle of the key.
            assert!(!text.contains("\u{1b}[31mred"), "{output}");
            assert!(text.replace("\u{1b}[", "").chars().all(is_harmless), "{output}");
        }
    }
    // The emulator lists no versions in the encoding of URLs, and XML cannot carry this key.
    for key in [EVIL, record.as_str().unwrap()] {
        let delete = pipeline.aws.s3.delete_object().bucket(&pipeline.bucket).key(key);
        delete.send().await.unwrap();
    }
}

fn is_harmless(character: char) -> bool {
    matches!(character, '\n' | ' '..='~' | '\u{a0}'..='\u{200d}' | '\u{2070}'..)
}
