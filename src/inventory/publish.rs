//! Events for originals that are in the bucket already, published as S3 publishes its own.

use std::time::Duration;

use aws_sdk_sns::types::{BatchResultErrorEntry, PublishBatchRequestEntry};
use contract::event;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde_json::json;

use super::{Hindrance, Inventory};
use crate::aws::wait::{Ended, PAUSE_MIN, Patience, Pauses, Probe, Stop, watch};
use crate::aws::{AwsError, Calling};

const CALL: &str = "sns:Publish";

/// How many messages SNS takes at once, and 262,144 bytes of them together (Amazon SNS API,
/// `PublishBatch`): ten keys of S3, of 1,024 bytes with three characters for each, are 31 KB, and the
/// folders of each fit into a function's environment, which is 4 KB.
const BATCH_MAX: usize = 10;
/// How many batches are under way at once.
const PARALLEL_BATCHES: usize = 8;
/// How long what SNS could not take is offered to it again.
const OFFER_MAX: Duration = Duration::from_secs(10);

/// An original to be sent through the pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Work {
    pub(super) path: String,
    pub(super) bytes: Option<u64>,
    /// The folders of the variants that are to be made; `None`: all, also those that are there.
    pub(super) folders: Option<Vec<String>>,
}

impl Inventory<'_> {
    /// Publishes an event for each original.
    ///
    /// A message holds one of them, for an invocation of the function has the time and the memory
    /// that the file gives it for one image, and is tried again as a whole. Who asks to stop leaves
    /// unpublished what SNS did not take at once.
    pub(super) async fn publish(&self, work: &[&Work], stop: &Stop) -> Result<(), Hindrance> {
        let messages: Vec<String> = work.iter().map(|work| self.message(work)).collect();
        let batches = messages.chunks(BATCH_MAX).map(|batch| self.publish_batch(batch, stop));
        stream::iter(batches)
            .buffer_unordered(PARALLEL_BATCHES)
            .try_collect::<()>()
            .await
            .map_err(Hindrance::publishing)
    }

    fn message(&self, work: &Work) -> String {
        let key = self.original_key(&work.path);
        let mut message = event::for_keys(&self.names.bucket, [key.as_str()]);
        let record = &mut message["Records"][0];
        if let Some(bytes) = work.bytes {
            record["s3"]["object"]["size"] = json!(bytes);
        }
        if let Some(folders) = &work.folders {
            record["eventTime"] = json!(event::LONG_AGO);
            record[event::FOLDERS_MEMBER] = json!(folders);
        }
        message.to_string()
    }

    async fn publish_batch(&self, messages: &[String], stop: &Stop) -> Result<(), AwsError> {
        let patience = Patience { limit: OFFER_MAX, pauses: Pauses::Growing(PAUSE_MIN), stop };
        let mut left: Vec<usize> = (0..messages.len()).collect();
        let offer = async || {
            let batch = left.iter().map(|place| entry(*place, &messages[*place]));
            let batch = batch.collect::<Result<Vec<_>, _>>()?;
            let publish = self.aws.sns.publish_batch().topic_arn(&self.names.topic.arn);
            let publish = publish.set_publish_batch_request_entries(Some(batch));
            let answer = publish.send().await.calling(CALL)?;
            // SNS answers 200 even where it did not take single messages.
            let Some(first) = answer.failed().first() else { return Ok(Probe::Done(())) };
            let refusal = AwsError::request(CALL, refused(answer.failed().len(), first));
            if answer.failed().iter().any(BatchResultErrorEntry::sender_fault) {
                return Err(refusal);
            }
            left = answer.failed().iter().filter_map(|failed| failed.id().parse().ok()).collect();
            Ok(Probe::Pending(refusal))
        };
        match watch(&patience, offer).await? {
            Ended::Done(()) | Ended::Stopped => Ok(()),
            Ended::Late(refusal) => Err(refusal),
        }
    }
}

fn entry(place: usize, message: &str) -> Result<PublishBatchRequestEntry, AwsError> {
    let entry = PublishBatchRequestEntry::builder().id(place.to_string()).message(message);
    entry.build().map_err(|error| AwsError::request(CALL, error.to_string()))
}

fn refused(count: usize, first: &BatchResultErrorEntry) -> String {
    let why = first.message().unwrap_or(first.code());
    format!("SNS did not accept {count} messages: {why}")
}
