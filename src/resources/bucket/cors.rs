//! The bucket's rule of CORS that lets pages of the application upload: one of ours, by its ID.
//!
//! S3 keeps all rules of a bucket in one document that each write replaces, so ours is merged in and
//! taken out, and everybody else's are written back as they were.

use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::types::{CorsConfiguration, CorsRule};
use serde_json::{Value, json};

use super::{Bucket, NO_BUCKET};
use crate::aws::{Aws, AwsError, Calling};
use crate::engine::fields::Unwanted;
use crate::engine::resource::Context;

const GET: &str = "s3:GetBucketCORS";
const PUT: &str = "s3:PutBucketCORS";

/// An hour: browsers that ask before a request need not ask before each, and the change of a rule is
/// soon in force.
const MAX_AGE_SECS: i32 = 3600;

/// The methods of an upload: a form that is signed, and an address that is.
const UPLOADING: [&str; 2] = ["POST", "PUT"];
/// What pages also read, if variants come from the bucket itself.
const READING: [&str; 2] = ["GET", "HEAD"];

/// What a rule allows, its lists sorted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rule {
    pub(super) headers: Vec<String>,
    pub(super) methods: Vec<String>,
    pub(super) origins: Vec<String>,
    pub(super) exposed: Vec<String>,
    pub(super) max_age_secs: Option<i32>,
}

/// What the bucket has of our rule, or why that is not known.
pub(super) struct Found {
    pub(super) rule: Unwanted<Rule>,
    pub(super) note: Option<String>,
}

impl Bucket {
    /// The rule that the file asks for; none without origins.
    pub(super) fn cors_rule(&self) -> Option<Rule> {
        if self.origins.is_empty() {
            return None;
        }
        let reading = READING.into_iter().filter(|_| self.public_acl);
        let methods: Vec<&str> = UPLOADING.into_iter().chain(reading).collect();
        Some(Rule {
            headers: sorted(&["*"]),
            methods: sorted(&methods),
            origins: sorted(&self.origins),
            // With it, an application knows which version of an original it has sent.
            exposed: sorted(&["ETag"]),
            max_age_secs: Some(MAX_AGE_SECS),
        })
    }

    pub(super) fn cors_id(&self) -> String {
        format!("imgprep-{}", self.names.stack)
    }

    /// Our rule as it is. Where the file asks for none, one may be left of an earlier file; that is
    /// good to know, and no reason to fail.
    pub(super) async fn read_cors(&self, aws: &Aws) -> Result<Found, AwsError> {
        match self.cors_rules(aws).await {
            Ok(rules) => {
                let ours = rules.iter().find(|rule| self.is_our_rule(rule));
                Ok(Found { rule: Unwanted(ours.map(Rule::from)), note: None })
            }
            Err(error) if self.origins.is_empty() && is_unanswered(&error) => {
                let note = format!("cannot tell whether a CORS rule of imgprep is left: {error}");
                Ok(Found { rule: Unwanted(None), note: Some(note) })
            }
            Err(error) => Err(error),
        }
    }

    /// Puts our rule in, or takes it out without one, and keeps all others.
    pub(super) async fn merge_cors(
        &self,
        context: &Context<'_>,
        ours: Option<Rule>,
    ) -> Result<(), AwsError> {
        let unusable = |error: BuildError| AwsError::request(PUT, error.to_string());
        let ours = ours.map(|rule| rule.at_s3(self.cors_id()).map_err(unusable)).transpose()?;
        let calls = self.calls(context.aws);
        let s3 = &context.aws.s3;
        calls
            .configure(&context.bucket_wait(PUT), || async {
                let mut rules = self.cors_rules(context.aws).await?;
                rules.retain(|rule| !self.is_our_rule(rule));
                rules.extend(ours.clone());
                if rules.is_empty() {
                    let delete = s3.delete_bucket_cors().bucket(calls.name);
                    let delete = delete.expected_bucket_owner(calls.account);
                    let _turn = calls.turn().await;
                    return delete.send().await.found(PUT).map(|_| ());
                }
                let merged = CorsConfiguration::builder().set_cors_rules(Some(rules)).build();
                let put = s3.put_bucket_cors().bucket(calls.name);
                let put = put.cors_configuration(merged.map_err(unusable)?);
                let put = put.expected_bucket_owner(calls.account);
                let _turn = calls.turn().await;
                put.send().await.calling(PUT).map(|_| ())
            })
            .await
    }

    /// All rules. A bucket that is gone is an error, told apart from one without rules.
    async fn cors_rules(&self, aws: &Aws) -> Result<Vec<CorsRule>, AwsError> {
        let get = aws.s3.get_bucket_cors().bucket(&self.names.bucket);
        let get = get.expected_bucket_owner(&self.names.account).send().await;
        match get.calling(GET) {
            Err(error) if error.is_not_found() && error.code() != NO_BUCKET => Ok(Vec::new()),
            other => Ok(other?.cors_rules.unwrap_or_default()),
        }
    }

    fn is_our_rule(&self, rule: &CorsRule) -> bool {
        rule.id() == Some(self.cors_id().as_str())
    }
}

/// Whether the caller may not ask, or this AWS does not know the call.
pub(super) fn is_unanswered(error: &AwsError) -> bool {
    error.is_denied() || error.code() == "NotImplemented" || error.status() == 501
}

impl Rule {
    fn at_s3(self, id: String) -> Result<CorsRule, BuildError> {
        CorsRule::builder()
            .id(id)
            .set_allowed_headers(Some(self.headers))
            .set_allowed_methods(Some(self.methods))
            .set_allowed_origins(Some(self.origins))
            .set_expose_headers(Some(self.exposed))
            .set_max_age_seconds(self.max_age_secs)
            .build()
    }
}

impl From<&CorsRule> for Rule {
    fn from(rule: &CorsRule) -> Self {
        Self {
            headers: sorted(rule.allowed_headers()),
            methods: sorted(rule.allowed_methods()),
            origins: sorted(rule.allowed_origins()),
            exposed: sorted(rule.expose_headers()),
            max_age_secs: rule.max_age_seconds(),
        }
    }
}

impl From<Rule> for Value {
    fn from(Rule { headers, methods, origins, exposed, max_age_secs }: Rule) -> Self {
        json!({
            "allowed_headers": headers,
            "allowed_methods": methods,
            "allowed_origins": origins,
            "expose_headers": exposed,
            "max_age_seconds": max_age_secs,
        })
    }
}

fn sorted<T: ToString>(values: &[T]) -> Vec<String> {
    let mut values: Vec<String> = values.iter().map(ToString::to_string).collect();
    values.sort_unstable();
    values
}
