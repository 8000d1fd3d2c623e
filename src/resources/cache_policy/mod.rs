//! The cache policy with which the CDN tells versions of a variant apart, by `?v=…` in its address.
//!
//! It carries no tags: it is ours by its name and the beginning of its comment, and a tag of the
//! distribution leads to it once it has left the file.

mod export;
mod permissions;

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_cloudfront::types::{
    CachePolicyConfig, CachePolicyCookieBehavior, CachePolicyCookiesConfig,
    CachePolicyHeaderBehavior, CachePolicyHeadersConfig, CachePolicyQueryStringBehavior,
    CachePolicyQueryStringsConfig, ParametersInCacheKeyAndForwardedToOrigin, QueryStringNames,
};
use contract::address::VERSION_PARAMETER;

use super::{Blueprint, Member, Trace, cdn};
use crate::aws::cloudfront::{self, is_stale};
use crate::aws::wait::retry_while;
use crate::aws::{Aws, AwsError, Calling};
use crate::engine::edits::Edits;
use crate::engine::resource::{
    Context, Details, Erased, Id, Kind, Observed, Owner, Removal, Resource, ours_or,
};
use crate::names::{CACHE_POLICY_TAG, Names};
use crate::permissions::Row;

pub(crate) const ID: Id = Id(&Kind::new("cache-policy", "AWS::CloudFront::CachePolicy"));

/// The detail of the id that CloudFront gave it.
const ID_DETAIL: &str = "id";

/// How long a cache keeps what it gets: as long as `Cache-Control` says, down to nothing, and as
/// with CloudFront's own policy for what says nothing.
const SECONDS_MIN: i64 = 0;
const SECONDS_DEFAULT: i64 = 24 * 60 * 60;
const SECONDS_MAX: i64 = 365 * 24 * 60 * 60;

/// How long CloudFront may see it in use after the distribution has another, or is off.
const RELEASE_SECS_MAX: u64 = 5 * 60;
/// How long other writers of it may be in the way.
const CONTENTION_SECS_MAX: u64 = 60;

/// What to do about an account that has no room for it.
const QUOTA: &str = "an account has 20 cache policies of its own unless AWS raised that: delete one \
                     that no distribution uses, ask AWS for more (Service Quotas, CloudFront, \"Cache \
                     policies per AWS account\"), or set `versions = false` under `[cdn]`";

/// How the comment begins, by which ours is known.
const COMMENT: &str = "Tells versions of the variants of ";

fields! {
    pub(crate) struct Fields {
        comment: Option<String>,
        min_seconds: Option<i64>,
        default_seconds: Option<i64>,
        max_seconds: Option<i64>,
        gzip: Option<bool>,
        brotli: Option<bool>,
        /// Which headers, cookies and query strings are part of the key: `none`, `whitelist` and so on.
        headers: Option<String>,
        cookies: Option<String>,
        query_strings: Option<String>,
        /// Which query strings, sorted.
        query_string_names: Option<Vec<String>>,
    }
}

pub(crate) struct CachePolicy {
    names: Arc<Names>,
    /// Whether it is looked for only because it may have left the file.
    is_left: bool,
}

impl CachePolicy {
    fn config(&self, call: &'static str) -> Result<CachePolicyConfig, AwsError> {
        let invalid = |error: aws_sdk_cloudfront::error::BuildError| {
            AwsError::request(call, error.to_string())
        };
        let headers = CachePolicyHeadersConfig::builder()
            .header_behavior(CachePolicyHeaderBehavior::None)
            .build()
            .map_err(invalid)?;
        let cookies = CachePolicyCookiesConfig::builder()
            .cookie_behavior(CachePolicyCookieBehavior::None)
            .build()
            .map_err(invalid)?;
        let version = QueryStringNames::builder().quantity(1).items(VERSION_PARAMETER);
        let query_strings = CachePolicyQueryStringsConfig::builder()
            .query_string_behavior(CachePolicyQueryStringBehavior::Whitelist)
            .query_strings(version.build().map_err(invalid)?)
            .build()
            .map_err(invalid)?;
        let key = ParametersInCacheKeyAndForwardedToOrigin::builder()
            .enable_accept_encoding_gzip(true)
            .enable_accept_encoding_brotli(true)
            .headers_config(headers)
            .cookies_config(cookies)
            .query_strings_config(query_strings)
            .build()
            .map_err(invalid)?;
        CachePolicyConfig::builder()
            .name(&self.names.cdn)
            .comment(self.comment())
            .min_ttl(SECONDS_MIN)
            .default_ttl(SECONDS_DEFAULT)
            .max_ttl(SECONDS_MAX)
            .parameters_in_cache_key_and_forwarded_to_origin(key)
            .build()
            .map_err(invalid)
    }

    fn comment(&self) -> String {
        format!("{COMMENT}{} apart", self.names.bucket)
    }

    /// What a change of it must name; `None` where it is gone.
    async fn version(&self, context: &Context<'_>, id: &str) -> Result<Option<String>, AwsError> {
        let get = context.aws.cloudfront.get_cache_policy().id(id).send().await;
        Ok(get.found("cloudfront:GetCachePolicy")?.and_then(|now| now.e_tag))
    }
}

impl From<&CachePolicyConfig> for Fields {
    fn from(config: &CachePolicyConfig) -> Self {
        let key = config.parameters_in_cache_key_and_forwarded_to_origin();
        let headers = key.and_then(|key| key.headers_config());
        let cookies = key.and_then(|key| key.cookies_config());
        let query_strings = key.and_then(|key| key.query_strings_config());
        let names = query_strings.and_then(|it| it.query_strings());
        let mut names = names.map(|names| names.items().to_vec()).unwrap_or_default();
        names.sort_unstable();
        Self {
            comment: Some(config.comment().unwrap_or_default().to_owned()),
            min_seconds: Some(config.min_ttl()),
            default_seconds: config.default_ttl(),
            max_seconds: config.max_ttl(),
            gzip: key.map(ParametersInCacheKeyAndForwardedToOrigin::enable_accept_encoding_gzip),
            brotli: key
                .and_then(ParametersInCacheKeyAndForwardedToOrigin::enable_accept_encoding_brotli),
            headers: headers.map(|it| it.header_behavior().as_str().to_owned()),
            cookies: cookies.map(|it| it.cookie_behavior().as_str().to_owned()),
            query_strings: query_strings.map(|it| it.query_string_behavior().as_str().to_owned()),
            query_string_names: Some(names),
        }
    }
}

#[async_trait]
impl Resource for CachePolicy {
    type Fields = Fields;

    const ID: Id = ID;

    fn name(&self) -> String {
        self.names.cdn.clone()
    }

    fn arn(&self) -> Option<String> {
        None
    }

    fn fields(&self) -> Fields {
        let text = |text: &str| Some(text.to_owned());
        Fields {
            comment: Some(self.comment()),
            min_seconds: Some(SECONDS_MIN),
            default_seconds: Some(SECONDS_DEFAULT),
            max_seconds: Some(SECONDS_MAX),
            gzip: Some(true),
            brotli: Some(true),
            headers: text(CachePolicyHeaderBehavior::None.as_str()),
            cookies: text(CachePolicyCookieBehavior::None.as_str()),
            query_strings: text(CachePolicyQueryStringBehavior::Whitelist.as_str()),
            query_string_names: Some(vec![VERSION_PARAMETER.to_owned()]),
        }
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed<Fields>>, AwsError> {
        let found = match cloudfront::cache_policy(aws, &self.names.cdn).await {
            // The file asks for none, so that the caller need not be allowed to look for one.
            Err(error) if self.is_left && error.is_denied() => None,
            other => other?,
        };
        Ok(found.map(|policy| {
            let fields = policy.cache_policy_config().map(Fields::from).unwrap_or_default();
            let is_ours = fields.comment.as_deref().is_some_and(|it| it.starts_with(COMMENT));
            let owner = if is_ours {
                Owner::Ours
            } else {
                Owner::Foreign(format!("its comment does not begin with `{}`", COMMENT.trim_end()))
            };
            let mut observed = Observed::new(fields, owner);
            observed.details.insert(ID_DETAIL, policy.id);
            observed
        }))
    }

    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError> {
        const CALL: &str = "cloudfront:CreateCachePolicy";
        let create = context.aws.cloudfront.create_cache_policy();
        match create.cache_policy_config(self.config(CALL)?).send().await.calling(CALL) {
            Err(error) if error.code() == "CachePolicyAlreadyExists" => {
                ours_or(error, self, context.aws).await?;
            }
            Err(error) if error.code() == "TooManyCachePolicies" => {
                return Err(error.explained(QUOTA));
            }
            other => drop(other?),
        }
        Ok(Details::new())
    }

    async fn update(
        &self,
        context: &Context<'_>,
        observed: &Observed,
        edits: &Edits<Fields>,
    ) -> Result<Details, AwsError> {
        const CALL: &str = "cloudfront:UpdateCachePolicy";
        edits.whole();
        let Some(id) = observed.details.get(ID_DETAIL) else { return Ok(Details::new()) };
        let wait = context.wait(CALL, "another change of the cache policy", CONTENTION_SECS_MAX);
        retry_while(&wait, is_stale, || async {
            let version = self.version(context, id).await?;
            let put = context.aws.cloudfront.update_cache_policy().id(id).set_if_match(version);
            let put = put.cache_policy_config(self.config(CALL)?);
            put.send().await.calling(CALL).map(|_| ())
        })
        .await?;
        Ok(Details::new())
    }

    async fn delete(
        &self,
        context: &Context<'_>,
        observed: &Observed,
    ) -> Result<Removal, AwsError> {
        const CALL: &str = "cloudfront:DeleteCachePolicy";
        let Some(id) = observed.details.get(ID_DETAIL) else { return Ok(Removal::Gone) };
        let wait = context.wait(CALL, "CloudFront to release the cache policy", RELEASE_SECS_MAX);
        let is_held = |error: &AwsError| error.code() == "CachePolicyInUse" || is_stale(error);
        retry_while(&wait, is_held, || async {
            let Some(version) = self.version(context, id).await? else { return Ok(()) };
            let delete = context.aws.cloudfront.delete_cache_policy().id(id).if_match(version);
            delete.send().await.found(CALL).map(|_| ())
        })
        .await?;
        Ok(Removal::Gone)
    }
}

impl Member for CachePolicy {
    const PERMISSIONS: &'static [Row] = permissions::ROWS;

    const TRACES: &'static [Trace] = &[Trace::TagOf(cdn::ID, CACHE_POLICY_TAG)];

    fn wanted(blueprint: &Blueprint<'_>) -> Option<Self> {
        let is_wanted = blueprint.names.cache_policy.is_some();
        is_wanted.then(|| Self { names: blueprint.names(), is_left: false })
    }

    fn known_as(names: &Names) -> Option<&str> {
        names.cache_policy.as_deref()
    }

    /// Whatever the tag says: only under its own name is it the stack's.
    fn left(blueprint: &Blueprint<'_>, _name: &str) -> Erased {
        Box::new(Self { names: blueprint.names(), is_left: true })
    }
}
