//! Panics as lines of the log.
//!
//! A panic in a decoder is caught and becomes the reason of a failure; but before that Rust calls a
//! hook, which by default writes several lines that no query of the log finds.

use std::{
    cell::RefCell,
    panic::{self, PanicHookInfo},
};

use contract::log::{self, Level};
use serde_json::{Value, json};

use crate::log::Log;

thread_local! {
    /// What this thread works on.
    static SUBJECT: RefCell<Subject> = RefCell::default();
}

/// An image, and the invocation that it belongs to.
#[derive(Clone, Debug, Default)]
struct Subject {
    key: Option<String>,
    request_id: String,
}

/// Does work that concerns one image: a panic during it is logged with the image's key.
pub fn concerning<T>(key: &str, request_id: &str, work: impl FnOnce() -> T) -> T {
    /// Also dropped by a panic, after the hook.
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            SUBJECT.take();
        }
    }
    let subject = Subject { key: Some(key.to_owned()), request_id: request_id.to_owned() };
    SUBJECT.with(|current| current.replace(subject));
    let _reset = Reset;
    work()
}

/// Has every panic from now on written as one line, instead of what Rust would write.
pub fn log_to(log: impl Log + Send + 'static) {
    panic::set_hook(Box::new(move |info| log.line(&line(info))));
}

fn line(info: &PanicHookInfo<'_>) -> Value {
    let subject = SUBJECT.with(|subject| subject.borrow().clone());
    let mut line = log::line(Level::Error, "panicked", &subject.request_id);
    line.insert("key".to_owned(), json!(subject.key));
    line.insert("reason".to_owned(), json!(info.payload_as_str()));
    line.insert("place".to_owned(), json!(info.location().map(ToString::to_string)));
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<Value>>>);

    impl Log for Lines {
        fn line(&self, line: &Value) {
            self.0.lock().unwrap().push(line.clone());
        }
    }

    #[test]
    fn a_panic_is_one_line_with_the_key() {
        let lines = Lines::default();
        let before = panic::take_hook();
        log_to(lines.clone());
        let ended = panic::catch_unwind(|| {
            concerning("originals/a", "request-1", || panic!("row {} of 3", 4));
        });
        let other = panic::catch_unwind(|| panic!("between images"));
        panic::set_hook(before);
        assert!(ended.is_err() && other.is_err());
        // Tests beside this one may panic as well.
        let lines = lines.0.lock().unwrap();
        let with = |reason: &str| lines.iter().find(|line| line["reason"] == reason).unwrap();
        let line = with("row 4 of 3");
        assert_eq!(
            (&line["level"], &line["message"], &line["key"], &line["request_id"]),
            (&json!("error"), &json!("panicked"), &json!("originals/a"), &json!("request-1"))
        );
        assert!(line["place"].as_str().unwrap().contains("panics.rs:"), "{line}");
        assert_eq!(with("between images")["key"], json!(null), "what is over is forgotten");
    }
}
