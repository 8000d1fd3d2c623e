//! What S3 reports of a job: a list of its files, and in those a line for each original that failed
//! ("Examples: S3 Batch Operations completion reports" in the Amazon S3 User Guide).

use contract::event::decode_key;
use contract::keys::REPORTS_FOLDER;
use serde::{Deserialize, Serialize};

use super::{Batch, unreadable};
use crate::aws::AwsError;
use crate::aws::bucket::Bucket;
use crate::inventory::Hindrance;

/// How much is read of a report, which may be of any length: some ten thousand failures.
const BYTES_MAX: u64 = 4 << 20;

/// What failed in a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Failures {
    /// As many as were read.
    pub(crate) originals: Vec<Failure>,
    /// Whether these are all.
    pub(crate) is_whole: bool,
    /// Where the report itself is.
    pub(crate) report: String,
}

/// An original that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Failure {
    pub(crate) key: String,
    pub(crate) reason: String,
}

/// The list of a report's files, as far as it matters here.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Files {
    results: Vec<File>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct File {
    task_execution_status: String,
    key: String,
}

/// Where the columns of a line are.
const KEY: usize = 1;
const COLUMNS: usize = 7;

impl Batch<'_> {
    /// What failed in a job; nothing where S3 has not reported, which it does at the end.
    pub(crate) async fn failures(&self, id: &str) -> Result<Option<Failures>, Hindrance> {
        let bucket =
            Bucket { aws: self.aws, name: &self.names.bucket, account: &self.names.account };
        let key = format!("{REPORTS_FOLDER}/job-{id}/manifest.json");
        let list = bucket.get(&key).await.map_err(unreadable)?;
        let Some(list) = list else { return Ok(None) };
        let files: Files = serde_json::from_slice(&list.bytes).map_err(|error| {
            unreadable(AwsError::request("s3:GetObject", format!("`{key}`: {error}")))
        })?;
        let mut failures = Failures {
            originals: Vec::new(),
            is_whole: true,
            report: format!("s3://{}/{key}", self.names.bucket),
        };
        let mut left = BYTES_MAX;
        for file in files.results.iter().filter(|file| file.task_execution_status == "failed") {
            let Some(start) = bucket.get_start(&file.key, left).await.map_err(unreadable)? else {
                continue;
            };
            failures.originals.extend(listed(&start.bytes, start.is_whole));
            failures.is_whole &= start.is_whole;
            left = left.saturating_sub(start.bytes.len() as u64);
            if left == 0 {
                failures.is_whole = false;
                break;
            }
        }
        Ok(Some(failures))
    }
}

/// The failures in a file, or in its beginning.
fn listed(file: &[u8], is_whole: bool) -> Vec<Failure> {
    let text = String::from_utf8_lossy(file);
    let mut rows = rows(&text);
    // What is cut off is no row.
    if !is_whole {
        rows.pop();
    }
    let rows = rows.into_iter().filter(|row| row.len() >= COLUMNS);
    rows.map(|mut row| {
        let reason = row.pop().unwrap_or_default();
        let key = std::mem::take(&mut row[KEY]);
        // Keys are encoded as they are in events.
        Failure { key: decode_key(&key).unwrap_or(key), reason: reason.trim().to_owned() }
    })
    .collect()
}

/// The rows of a CSV file (RFC 4180).
fn rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut is_quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => row.push(std::mem::take(&mut field)),
            '\n' if !is_quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            '\r' if !is_quoted => {}
            other => field.push(other),
        }
    }
    if !row.is_empty() || !field.is_empty() {
        row.push(field);
        rows.push(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(key: &str, reason: &str) -> Failure {
        Failure { key: key.to_owned(), reason: reason.to_owned() }
    }

    /// As in the pages on reports, and what a text may hold.
    const FILE: &str = "photos,originals/a.jpg,,failed,200,PermanentFailure,not an image\n\
         photos,originals/b+c%2B%C3%BC.jpg,v1,failed,200,PermanentFailure,\"Lambda returned function \
         error: {\"\"errorMessage\"\":\"\"Task timed out,\nafter 10 s\"\"}\"\r\n";

    #[test]
    fn a_report_names_originals_and_reasons() {
        let second =
            "Lambda returned function error: {\"errorMessage\":\"Task timed out,\nafter 10 s\"}";
        let all =
            [failure("originals/a.jpg", "not an image"), failure("originals/b c+ü.jpg", second)];
        assert_eq!(listed(FILE.as_bytes(), true), all);
        assert_eq!(listed(FILE.trim_end().as_bytes(), true), all);
        assert_eq!(listed(b"", true), []);
    }

    #[test]
    fn what_is_cut_off_is_left_out() {
        for end in FILE.find("v1").unwrap()..FILE.len() - 2 {
            let start = &FILE.as_bytes()[..end];
            assert_eq!(listed(start, false), [failure("originals/a.jpg", "not an image")], "{end}");
        }
    }
}
