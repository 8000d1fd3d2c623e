//! This machine's clock, measured by the time that AWS's answers carry.
//!
//! A signature holds the time at which it was made, and AWS refuses one that is too far off in words
//! that sound like a wrong secret. The SDK corrects itself where it understands the answer
//! (`aws-runtime`, `ServiceClockSkewInterceptor`); what is left is reported here.

use std::fmt;
use std::time::SystemTime;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// AWS takes signatures that are up to five minutes off, S3 those of fifteen (IAM User Guide,
/// "Elements of an AWS API request signature"; S3 API, `RequestTimeTooSkewed`). The way of the
/// request is part of what is measured, so that a minute less counts, as for the SDK.
const NOTICED_SECS_MIN: u64 = 4 * MINUTE;
const NOTICED_BY_S3_SECS_MIN: u64 = 14 * MINUTE;

/// How far this machine's clock is from AWS's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Skew {
    seconds: u64,
    is_slow: bool,
}

impl Skew {
    /// From the `Date` header of an answer that came now.
    pub(crate) fn measure(date: &str, now: SystemTime) -> Option<Self> {
        let theirs = DateTime::from_str(date, Format::HttpDate).ok()?;
        let theirs = SystemTime::try_from(theirs).ok()?;
        Some(match theirs.duration_since(now) {
            Ok(ahead) => Self { seconds: ahead.as_secs(), is_slow: true },
            Err(behind) => Self { seconds: behind.duration().as_secs(), is_slow: false },
        })
    }

    /// Whether anybody should care.
    pub(crate) fn is_noticeable(self) -> bool {
        self.seconds >= MINUTE
    }

    /// Whether AWS refuses what is signed with it.
    pub(crate) fn is_refused(self) -> bool {
        self.seconds >= NOTICED_SECS_MIN
    }

    /// Whether it is the reason for this refusal.
    pub(crate) fn explains(self, code: &str, message: &str, status: u16) -> bool {
        match code {
            _ if is_about_time(code) => self.seconds >= MINUTE,
            "SignatureDoesNotMatch" | "InvalidSignatureException" | "AuthFailure" => {
                self.seconds >= NOTICED_SECS_MIN
            }
            // A HEAD is answered without a body, and so without a code; only S3 is asked with it.
            "" if status == 403 => self.seconds >= NOTICED_BY_S3_SECS_MIN,
            _ => message.starts_with("Signature expired") && self.seconds >= NOTICED_SECS_MIN,
        }
    }
}

/// Whether an error's code speaks of nothing but the time of a request.
pub(crate) fn is_about_time(code: &str) -> bool {
    matches!(code, "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture")
}

impl fmt::Display for Skew {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, name) = match self.seconds {
            seconds if seconds < 2 * HOUR => (MINUTE, "minute"),
            seconds if seconds < 2 * DAY => (HOUR, "hour"),
            _ => (DAY, "day"),
        };
        let count = (self.seconds + unit / 2) / unit;
        let plural = if count == 1 { "" } else { "s" };
        let how = if self.is_slow { "slow" } else { "fast" };
        write!(formatter, "this machine's clock is {count} {name}{plural} {how}")
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const DATE_SECS: u64 = 784_111_777;

    /// The skew of a clock that is off by so many seconds, a slow one being behind.
    fn skew(seconds: i64) -> Skew {
        let now = UNIX_EPOCH + Duration::from_secs(DATE_SECS.saturating_add_signed(seconds));
        Skew::measure(DATE, now).unwrap()
    }

    #[test]
    fn a_clock_is_slow_or_fast_by_minutes_hours_or_days() {
        let cases = [
            (-7 * 60, "7 minutes slow"),
            (12 * 60 + 29, "12 minutes fast"),
            (12 * 60 + 31, "13 minutes fast"),
            (-61, "1 minute slow"),
            (119 * 60, "119 minutes fast"),
            (-3 * 3600, "3 hours slow"),
            (40 * 86_400, "40 days fast"),
        ];
        for (seconds, words) in cases {
            assert_eq!(skew(seconds).to_string(), format!("this machine's clock is {words}"));
        }
        assert_eq!(Skew::measure("yesterday", UNIX_EPOCH), None);
    }

    #[test]
    fn only_what_aws_refuses_for_its_time_is_laid_on_the_clock() {
        let expired = "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z";
        let cases = [
            ("SignatureDoesNotMatch", "", 403, 241, true),
            ("SignatureDoesNotMatch", "", 403, 239, false),
            ("InvalidSignatureException", "", 400, -600, true),
            ("InvalidSignatureException", "", 400, 2, false),
            ("RequestTimeTooSkewed", "", 403, 900, true),
            ("RequestExpired", "", 400, -900, true),
            ("AccessDeniedException", expired, 403, 600, true),
            ("AccessDeniedException", "User: u is not authorized", 403, 86_400, false),
            ("ExpiredToken", "", 403, 86_400, false),
            ("", "", 403, 900, true),
            ("", "", 403, 600, false),
            ("", "", 404, 86_400, false),
        ];
        for (code, message, status, seconds, explains) in cases {
            let found = skew(seconds).explains(code, message, status);
            assert_eq!(found, explains, "{code} {status} {seconds}");
        }
    }
}
