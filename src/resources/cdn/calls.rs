//! The calls to CloudFront that concern the distribution: found, read, changed and deleted.
use aws_sdk_cloudfront::types::{
    CachePolicy, Distribution, DistributionConfig, DistributionList, DistributionSummary,
    OriginAccessControlSummary, Origins, Tag, Tags,
};
use futures_util::try_join;

use super::distribution::without_our_policy;
use super::{CONTENTION_SECS_MAX, Cdn, ID_DETAIL, OWN_DOMAIN_DETAIL};
use crate::aws::cloudfront::{self, is_stale};
use crate::aws::wait::{Probe, retry_while};
use crate::aws::{Aws, AwsError, Calling};
use crate::engine::fields;
use crate::engine::resource::{Context, Details, IN_PROGRESS, STATUS};
use crate::names::tags;

/// What belongs to the CDN, as AWS holds it.
#[derive(Default)]
pub(super) struct Present {
    pub(super) distribution: Option<Made>,
    pub(super) access_control: Option<OriginAccessControlSummary>,
    pub(super) cache_policy: Option<CachePolicy>,
}

impl Cdn {
    /// Ours among them: by its comment, or, should somebody have changed that, by the access control
    /// that only ours uses.
    fn ours_among<'a>(
        &self,
        all: &'a [DistributionSummary],
        access_control: Option<&OriginAccessControlSummary>,
    ) -> Option<&'a DistributionSummary> {
        let uses_ours = |summary: &&DistributionSummary| {
            let origins = summary.origins().map(Origins::items).unwrap_or_default();
            let id = access_control.map(OriginAccessControlSummary::id);
            id.is_some() && origins.iter().any(|origin| origin.origin_access_control_id() == id)
        };
        let by_comment = all.iter().find(|summary| summary.comment() == self.names.cdn);
        by_comment.or_else(|| all.iter().find(uses_ours))
    }

    pub(super) async fn find(&self, aws: &Aws) -> Result<Present, AwsError> {
        let (list, access_control, cache_policy) = try_join!(
            cloudfront::distributions(aws, None),
            self.find_access_control(aws),
            self.find_cache_policy(aws),
        )?;
        let distribution = self.find_from(aws, list, access_control.as_ref()).await?;
        Ok(Present { distribution, access_control, cache_policy })
    }

    /// The cache policy that the file asks for, if it is there.
    async fn find_cache_policy(&self, aws: &Aws) -> Result<Option<CachePolicy>, AwsError> {
        match &self.names.cache_policy {
            Some(name) => cloudfront::cache_policy(aws, name).await,
            None => Ok(None),
        }
    }

    /// The id of the cache policy that the file asks for; `None` where it asks for none.
    pub(super) async fn cache_policy_id(&self, aws: &Aws) -> Result<Option<String>, AwsError> {
        let found = self.find_cache_policy(aws).await?.map(|policy| policy.id);
        if found.is_none()
            && let Some(name) = &self.names.cache_policy
        {
            let why = format!("the cache policy {name} is gone; run `imgprep up` again");
            return Err(AwsError::request("cloudfront:ListCachePolicies", why));
        }
        Ok(found)
    }

    /// Ours, from the first page of the list on. An account with more than a page is not read to its
    /// end where the bucket's policy leads to ours, nor where there is neither that nor our access
    /// control, which CloudFront keeps for as long as ours uses it.
    async fn find_from(
        &self,
        aws: &Aws,
        first: DistributionList,
        access_control: Option<&OriginAccessControlSummary>,
    ) -> Result<Option<Made>, AwsError> {
        let is_ours = |summary: &DistributionSummary| summary.comment() == self.names.cdn;
        let mut marker = cloudfront::next_marker(&first);
        let mut all = first.items.unwrap_or_default();
        if marker.is_some() && !all.iter().any(is_ours) {
            let id = self.id_in_bucket_policy(aws).await?;
            if let Some(id) = &id
                && let Some(made) = self.find_by_id(aws, id).await?
            {
                return Ok(Some(made));
            }
            if id.is_none() && access_control.is_none() {
                return Ok(None);
            }
        }
        while marker.is_some() && !all.iter().any(is_ours) {
            let page = cloudfront::distributions(aws, marker.take()).await?;
            marker = cloudfront::next_marker(&page);
            all.extend(page.items.unwrap_or_default());
        }
        Ok(self.ours_among(&all, access_control).map(Made::from))
    }

    pub(super) async fn read_tags(&self, aws: &Aws, arn: &str) -> Result<fields::Tags, AwsError> {
        let list = aws.cloudfront.list_tags_for_resource().resource(arn).send().await;
        let answer = list.calling("cloudfront:ListTagsForResource")?.tags;
        let items = answer.and_then(|tags| tags.items).unwrap_or_default();
        Ok(tags(items.into_iter().map(|tag| (tag.key, tag.value.unwrap_or_default()))))
    }

    pub(super) async fn read_config(
        &self,
        aws: &Aws,
        id: &str,
    ) -> Result<Option<Versioned>, AwsError> {
        let get = aws.cloudfront.get_distribution_config().id(id).send().await;
        let answer = get.found("cloudfront:GetDistributionConfig")?;
        Ok(answer.and_then(|answer| {
            Some(Versioned { etag: answer.e_tag?, config: answer.distribution_config? })
        }))
    }

    /// Changes our fields of the distribution and no other; again if somebody else was faster.
    /// Answers with what the change leads to, unless the distribution is gone or as it should be.
    pub(super) async fn change_config(
        &self,
        context: &Context<'_>,
        id: &str,
        change: impl Fn(&mut DistributionConfig) -> Result<(), AwsError>,
    ) -> Result<Option<Changed>, AwsError> {
        const CALL: &str = "cloudfront:UpdateDistribution";
        let wait = context.wait(CALL, "another change of the distribution", CONTENTION_SECS_MAX);
        retry_while(&wait, is_stale, || async {
            let Some(mut now) = self.read_config(context.aws, id).await? else { return Ok(None) };
            let before = now.config.clone();
            change(&mut now.config)?;
            if now.config == before {
                return Ok(None);
            }
            let put = context.aws.cloudfront.update_distribution().id(id).if_match(now.etag);
            let answer = put.distribution_config(now.config).send().await.calling(CALL);
            let answer = answer.map_err(|error| self.with_domains(error))?;
            let status = answer.distribution.map(|distribution| distribution.status);
            Ok(Some(Changed { status: status.unwrap_or_default(), version: answer.e_tag }))
        })
        .await
    }

    pub(super) async fn switch_off(
        &self,
        context: &Context<'_>,
        id: &str,
    ) -> Result<Option<Changed>, AwsError> {
        let disable = |config: &mut DistributionConfig| {
            config.enabled = false;
            without_our_policy(config);
            Ok(())
        };
        self.change_config(context, id, disable).await
    }

    /// Deletes the distribution if CloudFront lets go of it now, in the version that is known to be
    /// off everywhere or else in the one it has come to.
    pub(super) async fn probe_deletion(
        &self,
        context: &Context<'_>,
        id: &str,
        version: Option<String>,
    ) -> Result<Probe<()>, AwsError> {
        const CALL: &str = "cloudfront:DeleteDistribution";
        let mut version = version;
        if version.is_none() {
            let get = context.aws.cloudfront.get_distribution().id(id).send().await;
            let Some(now) = get.found("cloudfront:GetDistribution")? else {
                return Ok(Probe::Done(()));
            };
            let distribution = now.distribution();
            let config = distribution.and_then(|distribution| distribution.distribution_config());
            if config.is_some_and(DistributionConfig::enabled) {
                self.switch_off(context, id).await?;
                return Ok(Probe::Pending("another run had switched it on again".to_owned()));
            }
            if distribution.is_some_and(|distribution| distribution.status() == IN_PROGRESS) {
                return Ok(Probe::Pending("it is still InProgress".to_owned()));
            }
            version = now.e_tag;
        }
        let delete = context.aws.cloudfront.delete_distribution().id(id).set_if_match(version);
        match delete.send().await.found(CALL) {
            Err(error) if is_stale(&error) || is_still_on(&error) => {
                Ok(Probe::Pending(error.to_string()))
            }
            other => other.map(|_| Probe::Done(())),
        }
    }

    pub(super) async fn status(&self, aws: &Aws, id: &str) -> Result<Option<String>, AwsError> {
        let get = aws.cloudfront.get_distribution().id(id).send().await;
        let answer = get.found("cloudfront:GetDistribution")?;
        Ok(answer.and_then(|answer| answer.distribution).map(|distribution| distribution.status))
    }
}

/// Where the next page of the list begins, if there is one.
/// A distribution's configuration and the version of it that was read.
pub(super) struct Versioned {
    pub(super) etag: String,
    pub(super) config: DistributionConfig,
}

/// What a change of a distribution leads to.
pub(super) struct Changed {
    pub(super) status: String,
    pub(super) version: Option<String>,
}

/// What CloudFront numbered and named itself.
#[derive(Clone)]
pub(super) struct Made {
    pub(super) id: String,
    pub(super) arn: String,
    pub(super) domain: String,
    pub(super) status: String,
    /// The first of the file's domains, if it serves them.
    pub(super) own_domain: Option<String>,
}

impl From<&DistributionSummary> for Made {
    fn from(summary: &DistributionSummary) -> Self {
        Self {
            id: summary.id.clone(),
            arn: summary.arn.clone(),
            domain: summary.domain_name.clone(),
            status: summary.status.clone(),
            own_domain: None,
        }
    }
}

impl From<&Distribution> for Made {
    fn from(distribution: &Distribution) -> Self {
        Self {
            id: distribution.id.clone(),
            arn: distribution.arn.clone(),
            domain: distribution.domain_name.clone(),
            status: distribution.status.clone(),
            own_domain: None,
        }
    }
}

impl Made {
    pub(super) fn details(&self) -> Details {
        let mut details = Details::from([
            (ID_DETAIL, self.id.clone()),
            ("arn", self.arn.clone()),
            ("domain", self.domain.clone()),
            (STATUS, self.status.clone()),
        ]);
        let own_domain = self.own_domain.clone();
        details.extend(own_domain.map(|domain| (OWN_DOMAIN_DETAIL, domain)));
        details
    }

    pub(super) fn from_details(details: &Details) -> Option<Self> {
        let detail = |name: &str| details.get(name).cloned();
        Some(Self {
            id: detail(ID_DETAIL)?,
            arn: detail("arn")?,
            domain: detail("domain")?,
            status: detail(STATUS)?,
            own_domain: detail(OWN_DOMAIN_DETAIL),
        })
    }
}

fn is_still_on(error: &AwsError) -> bool {
    matches!(error.code(), "DistributionNotDisabled" | "ResourceInUse")
}

pub(super) fn cloudfront_tags<'a>(
    tags: impl Iterator<Item = (&'a String, &'a String)>,
    call: &'static str,
) -> Result<Tags, AwsError> {
    let tags: Result<Vec<Tag>, _> =
        tags.map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    let tags = tags.map_err(|error| AwsError::request(call, error.to_string()))?;
    Ok(Tags::builder().set_items(Some(tags)).build())
}
