//! Whether the bucket's name can be had: one question to S3, which must not keep anybody waiting.

use std::time::Duration;

use serde::Serialize;

use crate::aws::call::Cause;
use crate::aws::clients::NO_REGION;
use crate::aws::wait::within;
use crate::aws::{Aws, AwsError, Calling, Connection};

const CALL: &str = "s3:ListBucket";
/// Credentials may come from a program or over the network, and there may be no network.
const LOOK_LIMIT: Duration = Duration::from_secs(4);

/// What is known of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BucketName {
    pub(crate) availability: Availability,
    /// What it means, or why nothing is known.
    pub(crate) note: String,
}

/// Whether a bucket of a name can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Availability {
    Free,
    /// The caller's account has the bucket.
    Yours,
    Taken,
    Unknown,
    /// Not known either: there is no account to ask with.
    #[serde(rename = "unknown")]
    NoAccount,
}

impl BucketName {
    pub(crate) fn unknown(why: &str) -> Self {
        let note = format!("could not check whether the name is free: {why}");
        Self { availability: Availability::Unknown, note }
    }

    /// Nobody was asked, for this reason.
    fn unasked(error: &AwsError) -> Self {
        let has_no_account = error.message() == NO_REGION
            || error.is_bad_credentials()
            || matches!(error.cause, Cause::Request(_) | Cause::Unusable(_));
        let unknown = Self::unknown(&why_unknown(error));
        if has_no_account {
            return Self { availability: Availability::NoAccount, ..unknown };
        }
        unknown
    }

    /// Asks S3, as the account that the credentials belong to.
    pub(crate) async fn look(connection: &Connection, name: &str) -> Self {
        // Boxed, for the clients in it are large.
        let asked = Box::pin(async {
            let aws = Aws::connect(connection).await?;
            let head = aws.s3.head_bucket().bucket(name);
            let head = head.expected_bucket_owner(&aws.account).send().await;
            Self::judge(head.calling(CALL).map(drop), &aws.region)
        });
        let looked = within(LOOK_LIMIT, CALL, asked).await;
        looked.unwrap_or_else(|error| Self::unasked(&error))
    }

    /// What S3's answer in a region says.
    fn judge(answer: Result<(), AwsError>, region: &str) -> Result<Self, AwsError> {
        let (availability, note) = match answer {
            Ok(()) => {
                (Availability::Yours, "already yours: `imgprep up --adopt` adopts it".to_owned())
            }
            Err(error) if error.is_not_found() => {
                (Availability::Free, "the name is free".to_owned())
            }
            Err(error) if error.status() == 403 && !error.is_bad_credentials() => {
                let note = "taken: another account owns it, or you are not allowed to see it";
                (Availability::Taken, note.to_owned())
            }
            // S3 sends the caller to where the bucket is.
            Err(error) if matches!(error.status(), 301 | 307) => {
                (Availability::Taken, format!("taken: that bucket is not in {region}"))
            }
            Err(error) => return Err(error),
        };
        Ok(Self { availability, note })
    }
}

/// What kept S3 from answering, in a few words: nobody has to do anything about it now.
fn why_unknown(error: &AwsError) -> String {
    match &error.cause {
        _ if error.message() == NO_REGION => NO_REGION.to_owned(),
        _ if error.is_bad_credentials() => "AWS refuses the credentials".to_owned(),
        Cause::Connection(_) => "AWS cannot be reached".to_owned(),
        Cause::Request(_) => "there are no AWS credentials".to_owned(),
        Cause::Wait(why) => why.clone(),
        Cause::Unusable(unusable) => format!("`{}` cannot be used", unusable.setting),
        Cause::Clock { skew, .. } => skew.to_string(),
        Cause::Answer { .. } | Cause::Vanished(_) | Cause::Unapplied(_) | Cause::Interrupted => {
            error.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, code: &str) -> Result<BucketName, AwsError> {
        let (code, message) = (code.to_owned(), String::new());
        let error = AwsError { call: CALL, cause: Cause::Answer { code, message, status } };
        BucketName::judge(Err(error), "eu-central-1")
    }

    #[test]
    fn an_answer_of_s3_says_whose_the_name_is() {
        let availability = |status, code| judged(status, code).unwrap().availability;
        assert_eq!(BucketName::judge(Ok(()), "").unwrap().availability, Availability::Yours);
        assert_eq!(availability(404, ""), Availability::Free);
        assert_eq!(availability(404, "NotFound"), Availability::Free);
        assert_eq!(availability(403, ""), Availability::Taken);
        assert_eq!(judged(301, "").unwrap().note, "taken: that bucket is not in eu-central-1");
    }

    #[test]
    fn what_says_nothing_about_the_name_stays_an_error() {
        assert!(judged(403, "ExpiredToken").is_err());
        assert!(judged(503, "SlowDown").is_err());
    }
}
