//! The record of an original that cannot be processed as it is, kept beside the images.
//!
//! The function writes it, the `imgprep` tool lists it; the type is defined only here.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Why one version of an original has no variants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureRecord {
    /// What is wrong with it, for people.
    pub reason: String,
    /// The original.
    pub key: String,
    /// Which version of it: a new upload has another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Its bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The invocation that tried, as it stands in the log.
    pub request_id: String,
    /// When that was, in UTC: `2026-01-31T23:59:59Z`.
    pub time: String,
}

/// What helps an original that cannot be processed as it is: the same bytes, tried again by the same
/// function, fail again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Remedy {
    /// Another file in its place.
    Replace,
    /// A function with more memory.
    Memory,
    /// A shorter key, or a shorter folder of the variant.
    Rename,
    /// What the reason itself says, in S3 or KMS; then it is worth another try.
    Access,
}

impl Remedy {
    /// What helps against a reason, by its words: records are kept for years, and hold no more.
    pub fn of(reason: &str) -> Self {
        // The first is of older versions.
        let is_memory =
            ["MB are available", "MB is available"].iter().any(|it| reason.ends_with(it));
        if reason.ends_with("`imgprep retry`") {
            Self::Access
        } else if is_memory || reason.starts_with("the file has ") {
            Self::Memory
        } else if reason.starts_with("its key in ") {
            Self::Rename
        } else {
            Self::Replace
        }
    }
}

/// The media type of a record.
pub const CONTENT_TYPE: &str = "application/json";

impl FailureRecord {
    /// The record as a file.
    pub fn to_json(&self) -> Vec<u8> {
        // Strings and numbers only: there is nothing that could fail to serialize.
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }
}

/// A moment as `2026-01-31T23:59:59Z`.
pub fn utc(moment: SystemTime) -> String {
    let seconds = moment.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (year, month, day) = civil_date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The Gregorian date of a day since 1970-01-01, by counting in years that begin in March.
/// See <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
fn civil_date(days: u64) -> (u64, u64, u64) {
    const DAYS_FROM_0000_03_01: u64 = 719_468;
    const DAYS_IN_400_YEARS: u64 = 146_097;
    let days = days + DAYS_FROM_0000_03_01;
    let (era, day) = (days / DAYS_IN_400_YEARS, days % DAYS_IN_400_YEARS);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next_year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn moments_are_written_in_utc() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(utc(UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn what_helps_is_known_from_reasons_of_every_version() {
        let cases = [
            ("9x9 needs about 9 MB of memory, 1 MB are available", Remedy::Memory),
            ("9x9 needs about 9 MB of memory; 1 MB is available", Remedy::Memory),
            ("the file has 11 bytes, the limit is 10", Remedy::Memory),
            ("the file has 11 bytes; the limit is 10", Remedy::Memory),
            ("its key in a/ would have 1025 bytes, S3 takes 1024", Remedy::Rename),
            ("its key in a/ would have 1025 bytes; S3 allows 1024", Remedy::Rename),
            ("it is archived: restore it, then run `imgprep retry`", Remedy::Access),
            ("not an image", Remedy::Replace),
        ];
        for (reason, remedy) in cases {
            assert_eq!(Remedy::of(reason), remedy, "{reason}");
        }
    }

    #[test]
    fn a_record_survives_its_file() {
        let record = FailureRecord {
            reason: "HEIC is not supported".to_owned(),
            key: "originals/ü.heic".to_owned(),
            etag: Some("\"abc\"".to_owned()),
            size: None,
            request_id: "1-2".to_owned(),
            time: utc(UNIX_EPOCH),
        };
        let file = record.to_json();
        assert_eq!(serde_json::from_slice::<FailureRecord>(&file).unwrap(), record);
        assert!(!String::from_utf8(file).unwrap().contains("size"));
    }
}
