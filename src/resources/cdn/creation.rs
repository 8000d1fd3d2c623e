//! Makes the distribution, and never a second one: not when two runs race, not when an answer is
//! lost, and not when CloudFront's list lags.
//!
//! CloudFront makes one distribution for a caller reference, ever. So every run computes the same
//! reference, from the id of the origin access control: there is only one of that name, and
//! `CloudFront` keeps it for as long as a distribution uses it. Each life of a stack has an access
//! control of its own, and so a reference that no earlier life has used up.

use std::fmt;

use aws_sdk_cloudfront::types::{DistributionConfig, DistributionConfigWithTags};
use tokio::sync::Mutex;

use super::Cdn;
use super::calls::{Made, cloudfront_tags};
use super::distribution::{Ids, Settings};
use crate::aws::wait::{Probe, wait_until};
use crate::aws::{AwsError, Calling};
use crate::engine::resource::{Context, Owner};

const CALL: &str = "cloudfront:CreateDistribution";

/// How long references that are used up are passed over. An access control has outlived a
/// distribution only if somebody deleted that by hand, so there are few.
const REFERENCES_SECS_MAX: u64 = 5 * 60;

/// What makes a request to CloudFront unique, the same in every run.
#[derive(Clone, Debug)]
struct Reference {
    cdn: String,
    /// The id of the access control; once that has had a distribution, the id of the last one.
    after: String,
    /// Counts the references for which CloudFront did not name the distribution that has them.
    count: usize,
}

impl Reference {
    fn first(cdn: &str, access_control: &str) -> Self {
        Self { cdn: cdn.to_owned(), after: access_control.to_owned(), count: 1 }
    }

    /// The reference to try after this one was refused in favour of a distribution that is gone.
    fn next(self, gone: Option<&str>) -> Self {
        match gone {
            Some(id) => Self::first(&self.cdn, id),
            None => Self { count: self.count + 1, ..self },
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cdn, after, count } = self;
        write!(formatter, "{cdn}-{after}")?;
        if *count > 1 { write!(formatter, "-{count}") } else { Ok(()) }
    }
}

impl Cdn {
    pub(super) async fn create_distribution(
        &self,
        context: &Context<'_>,
        ids: &Ids,
    ) -> Result<Made, AwsError> {
        let what = "CloudFront to take a caller reference";
        let wait = context.wait(CALL, what, REFERENCES_SECS_MAX);
        let reference = Mutex::new(Reference::first(&self.names.cdn, &ids.access_control));
        let settings = &self.settings_now(context.aws).await?;
        let told = |made| Made { own_domain: settings.domains.first().cloned(), ..made };
        wait_until(&wait, || async {
            let mut reference = reference.lock().await;
            let refusal = match self.create_under(&reference, context, settings, ids).await {
                Ok(made) => return Ok(Probe::Done(told(made))),
                Err(error) if error.code() == "DistributionAlreadyExists" => error,
                Err(error) => return Err(error),
            };
            let named = named_distribution(refusal.message());
            let holder = match named {
                Some(id) => Some(id.to_owned()),
                None => self.find(context.aws).await?.distribution.map(|found| found.id),
            };
            if let Some(id) = holder
                && let Some(made) = self.take_up(context, &id, settings, ids).await?
            {
                return Ok(Probe::Done(told(made)));
            }
            *reference = reference.clone().next(named);
            Ok(Probe::Pending(refusal.to_string()))
        })
        .await
    }

    async fn create_under(
        &self,
        reference: &Reference,
        context: &Context<'_>,
        settings: &Settings,
        ids: &Ids,
    ) -> Result<Made, AwsError> {
        let reference = reference.to_string();
        let config = settings.new_config(&self.names, ids, &reference)?;
        let tags = cloudfront_tags(self.names.cdn_tags().iter(), CALL)?;
        let config = DistributionConfigWithTags::builder().distribution_config(config).tags(tags);
        let create = context.aws.cloudfront.create_distribution_with_tags();
        let answer = create.distribution_config_with_tags(config.build()).send().await;
        let answer = answer.calling(CALL).map_err(|error| self.with_domains(error))?;
        let made = answer.distribution.as_ref().map(Made::from);
        made.ok_or_else(|| AwsError::request(CALL, "CloudFront did not return what it created"))
    }

    /// Goes on with a distribution that an earlier request made, if it is there and ours: another
    /// run was faster, the answer was lost, or the list does not show it yet.
    async fn take_up(
        &self,
        context: &Context<'_>,
        id: &str,
        settings: &Settings,
        ids: &Ids,
    ) -> Result<Option<Made>, AwsError> {
        let get = context.aws.cloudfront.get_distribution().id(id).send().await;
        let answer = get.found("cloudfront:GetDistribution")?;
        let Some(found) = answer.and_then(|answer| answer.distribution) else { return Ok(None) };
        let tags = self.read_tags(context.aws, found.arn()).await?;
        if !matches!(self.names.owner(&tags), Owner::Ours | Owner::Adopted) {
            return Ok(None);
        }
        let mut made = Made::from(&found);
        let change =
            |config: &mut DistributionConfig| settings.apply(&self.names, ids, &[], config);
        let mut wanted = found.distribution_config.clone();
        wanted.as_mut().map_or(Ok(()), change)?;
        if wanted != found.distribution_config
            && let Some(changed) = self.change_config(context, id, change).await?
        {
            made.status = changed.status;
        }
        Ok(Some(made))
    }
}

/// The distribution that has a refused reference: AWS's message ends with its id, "Already exists:
/// E…" (aws/aws-sdk-js-v3#2618, awslabs/aws-saas-boost#153).
fn named_distribution(message: &str) -> Option<&str> {
    let (_, id) = message.rsplit_once("Already exists: ")?;
    let id = id.trim_end_matches('.');
    let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_id.then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_follows_the_access_control_and_then_each_distribution_that_is_gone() {
        let first = Reference::first("imgprep-photos-us-east-1", "E1CONTROL");
        assert_eq!(first.to_string(), "imgprep-photos-us-east-1-E1CONTROL");
        let second = first.clone().next(Some("E2GONE"));
        assert_eq!(second.to_string(), "imgprep-photos-us-east-1-E2GONE");
        let unnamed = first.next(None).next(None);
        assert_eq!(unnamed.to_string(), "imgprep-photos-us-east-1-E1CONTROL-3");
        assert_eq!(unnamed.next(Some("E3GONE")).to_string(), "imgprep-photos-us-east-1-E3GONE");
    }

    #[test]
    fn the_distribution_that_has_a_reference_is_named_at_the_end() {
        let start = "The caller reference that you are using to create a distribution is \
                     associated with another distribution.";
        let cases = [
            (format!("{start} Already exists: E2O6U8DECVP5UD"), Some("E2O6U8DECVP5UD")),
            (format!("{start} Already exists: E2O6U8DECVP5UD."), Some("E2O6U8DECVP5UD")),
            (format!("{start} Already exists: "), None),
            (format!("{start} Already exists: one of yours"), None),
            (start.to_owned(), None),
        ];
        for (message, id) in cases {
            assert_eq!(named_distribution(&message), id, "{message}");
        }
    }
}
