//! The one event of a log that says why an original has no variants.

use super::Event;

/// What was found so far for one original.
pub(crate) struct Failure<'a> {
    key: &'a str,
    /// The newest that is about the original.
    own: Option<Event>,
    /// The newest about an invocation that broke, whosever it was.
    breakdown: Option<Event>,
}

impl<'a> Failure<'a> {
    pub(crate) fn of(key: &'a str) -> Self {
        Self { key, own: None, breakdown: None }
    }

    /// Takes the next event, of which later ones are newer.
    pub(crate) fn see(&mut self, event: Event) {
        if event.is_error() && event.key() == Some(self.key) {
            self.own = Some(event);
        } else if event.is_breakdown() {
            self.breakdown = Some(event);
        }
    }

    pub(crate) fn found(self) -> Option<Event> {
        self.own.or(self.breakdown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found for `originals/error.jpg` among lines, in brief.
    fn found(lines: &[&str]) -> Option<String> {
        let mut failure = Failure::of("originals/error.jpg");
        for line in lines {
            failure.see(Event::new(0, line));
        }
        failure.found().map(|event| event.brief())
    }

    const FINE: &str = r#"{"level": "info", "message": "processed", "key": "originals/error.jpg"}"#;
    const WARNED: &str = r#"{"level": "warn", "reason": "error", "key": "originals/error.jpg"}"#;
    const FIRST: &str = r#"{"level": "error", "message": "to be retried", "reason": "S3 is busy",
                            "key": "originals/error.jpg"}"#;
    const SECOND: &str = r#"{"level": "error", "message": "failed", "reason": "it is too large",
                             "key": "originals/error.jpg"}"#;
    const OTHER: &str = r#"{"level": "error", "message": "failed", "reason": "it is no image",
                            "key": "originals/a/error.jpg"}"#;
    const LATE: &str = "1-2 Task timed out after 10.00 seconds";

    #[test]
    fn a_key_that_sounds_like_an_error_is_none() {
        assert_eq!(found(&[FINE, WARNED]), None);
    }

    #[test]
    fn the_newest_error_about_the_key_says_why() {
        assert_eq!(found(&[FIRST, SECOND, FINE]).unwrap(), "failed: it is too large");
        assert_eq!(found(&[SECOND, FIRST]).unwrap(), "to be retried: S3 is busy");
    }

    #[test]
    fn an_error_about_another_key_does_not_count() {
        assert_eq!(found(&[OTHER]), None);
        assert_eq!(found(&[FIRST, OTHER]).unwrap(), "to be retried: S3 is busy");
    }

    #[test]
    fn an_invocation_that_broke_says_why_where_nothing_else_does() {
        assert_eq!(found(&[OTHER, LATE, FINE]).unwrap(), LATE);
        assert_eq!(found(&[FIRST, LATE]).unwrap(), "to be retried: S3 is busy");
    }
}
