//! Keys as people choose them: whatever an original is called, its variants are called the same.

use crate::harness::Pipeline;
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
    let pipeline = Pipeline::new("keys").await;
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
