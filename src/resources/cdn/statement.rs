//! The statement in the bucket's policy that lets the distribution read the variants, and the fallback.

use serde_json::{Value, json};

use super::{Cdn, SID, THIS};
use crate::aws::bucket::Bucket;
use crate::aws::{Aws, AwsError, policy};
use crate::engine::resource::Context;

impl Cdn {
    pub(super) fn statement(&self, distribution_arn: &str) -> Value {
        let variants = self.settings.folders.iter();
        let variants = variants.map(|folder| self.names.inside(folder));
        let fallback = self.settings.fallback.iter().map(|key| self.names.object(key));
        json!({
            "Sid": SID,
            "Effect": "Allow",
            "Principal": { "Service": "cloudfront.amazonaws.com" },
            "Action": "s3:GetObject",
            "Resource": variants.chain(fallback).collect::<Vec<_>>(),
            "Condition": { "StringEquals": { "aws:SourceArn": distribution_arn } },
        })
    }

    pub(super) fn bucket<'a>(&'a self, aws: &'a Aws) -> Bucket<'a> {
        Bucket { aws, name: &self.names.bucket, account: &self.names.account }
    }

    /// Our statement in the bucket's policy, if it may be read.
    pub(super) async fn our_statement(&self, aws: &Aws) -> Result<Option<Value>, AwsError> {
        let document = match self.bucket(aws).policy().await {
            Err(error) if error.is_denied() || error.is_not_found() => None,
            other => other?,
        };
        Ok(policy::canonical_statement(document.as_deref(), SID))
    }

    /// The same, with a placeholder for this distribution's ARN.
    pub(super) async fn read_statement(
        &self,
        aws: &Aws,
        arn: &str,
    ) -> Result<Option<Value>, AwsError> {
        Ok(self.our_statement(aws).await?.map(|statement| {
            let text = statement.to_string().replace(arn, THIS);
            serde_json::from_str(&text).unwrap_or_default()
        }))
    }

    pub(super) async fn put_statement(
        &self,
        context: &Context<'_>,
        arn: &str,
    ) -> Result<(), AwsError> {
        let wait = context.bucket_wait("s3:PutBucketPolicy");
        self.bucket(context.aws).put_statement(&wait, &self.statement(arn)).await
    }

    /// The keys that a statement of ours lets the distribution read beside folders: the fallback of
    /// this file or of an earlier one.
    pub(super) fn keys_in(&self, statement: Option<&Value>) -> Vec<String> {
        let resources = match statement.map(|statement| &statement["Resource"]) {
            Some(Value::Array(all)) => all.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        let start = self.names.object("");
        let keys = resources.iter().filter_map(|arn| arn.as_str()?.strip_prefix(&start));
        keys.filter(|key| !key.ends_with("/*")).map(ToOwned::to_owned).collect()
    }
}
