//! Any bytes as an event: reading it never panics, and every key it yields is an original's.

#![no_main]

use std::sync::LazyLock;

use contract::{event, settings::{Settings, Variant}};
use libfuzzer_sys::fuzz_target;

static SETTINGS: LazyLock<Settings> = LazyLock::new(|| Settings {
    variants: vec![Variant::of_size(800, 600)],
    ..serde_json::from_str(r#"{"bucket":"photos","originals":"originals","variants":[]}"#)
        .expect("the settings are valid")
});

fuzz_target!(|bytes: &[u8]| {
    let Ok(event) = serde_json::from_slice(bytes) else { return };
    let request = event::read(&event, &SETTINGS);
    for work in &request.work {
        assert!(SETTINGS.path_of(&work.key).is_some_and(|path| !path.0.ends_with('/')));
    }
});
