//! The one event of a log that says why an original has no variants. One about another image never
//! does.

use super::Event;

/// What was found so far for one original.
pub(crate) struct Failure<'a> {
    key: &'a str,
    /// The newest that is about the original.
    own: Option<Event>,
    /// The newest about an invocation that broke, whosever it was.
    breakdown: Option<Event>,
}

/// What a log says of an original without variants.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Found {
    /// The newest error about it.
    Own(Event),
    /// Nothing about it, but an invocation broke, and Lambda does not say for which image.
    Breakdown(Event),
    Nothing,
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

    pub(crate) fn found(self) -> Found {
        match (self.own, self.breakdown) {
            (Some(own), _) => Found::Own(own),
            (None, Some(breakdown)) => Found::Breakdown(breakdown),
            (None, None) => Found::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(lines: &[&str]) -> Found {
        let mut failure = Failure::of("originals/error.jpg");
        for line in lines {
            failure.see(Event::new(0, line));
        }
        failure.found()
    }

    /// What is found about `originals/error.jpg` among lines, in brief.
    fn own(lines: &[&str]) -> Option<String> {
        match found(lines) {
            Found::Own(event) => Some(event.brief()),
            Found::Breakdown(_) | Found::Nothing => None,
        }
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
        assert_eq!(found(&[FINE, WARNED]), Found::Nothing);
    }

    #[test]
    fn the_newest_error_about_the_key_says_why() {
        assert_eq!(own(&[FIRST, SECOND, FINE]).unwrap(), "failed: it is too large");
        assert_eq!(own(&[SECOND, FIRST]).unwrap(), "to be retried: S3 is busy");
    }

    #[test]
    fn an_error_about_another_key_does_not_count() {
        assert_eq!(found(&[OTHER]), Found::Nothing);
        assert_eq!(own(&[FIRST, OTHER]).unwrap(), "to be retried: S3 is busy");
    }

    #[test]
    fn an_invocation_that_broke_is_told_and_not_taken_for_that_of_the_original() {
        assert_eq!(found(&[OTHER, LATE, FINE]), Found::Breakdown(Event::new(0, LATE)));
        assert_eq!(own(&[FIRST, LATE]).unwrap(), "to be retried: S3 is busy");
    }
}
