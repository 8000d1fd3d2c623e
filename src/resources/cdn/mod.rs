//! The CloudFront distribution that serves the variants, and only them, from the private bucket.
//!
//! Its origin access control, its statement in the bucket's policy, and its identifier in the
//! function's environment belong to it and live here too.

mod access_control;
mod calls;
mod creation;
mod distribution;
mod domains;
mod errors;
mod export;
mod known;
mod permissions;
mod price;
mod statement;
mod told;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::try_join;
use serde_json::Value;

use self::access_control::AccessControl;
use self::calls::{Made, cloudfront_tags};
use self::distribution::{Ids, Origin, Settings};
use super::{Blueprint, Member, function};
use crate::aws::clients::has_cloudfront;
use crate::aws::wait::{Probe, wait_until};
use crate::aws::{Aws, AwsError, Calling, policy};
use crate::engine::edits::Edits;
use crate::engine::fields::{Keyed, Path, Statements, Tags, Unwanted};
use crate::engine::resource::{
    Context, Details, Erased, Id, Kind, Observed, Owner, Removal, Resource, STATUS, Slow,
};
use crate::names::Names;
use crate::permissions::Row;
use crate::pricing::{Service, Usage};

pub(crate) const ID: Id = Id(&Kind {
    // The edges hold only the distribution's own configuration.
    slow: Some(Slow {
        beside: &[Fields::tags.as_str(), Fields::bucket_policy.as_str(), Fields::function.as_str()],
    }),
    ..Kind::new("cdn", "AWS::CloudFront::Distribution")
});

const SID: &str = "ImgprepAllowCloudFront";
/// Stands for the distribution's own ARN or identifier, which AWS chooses.
pub(crate) const THIS: &str = "this distribution";

/// Details of what AWS numbers itself.
const ID_DETAIL: &str = "id";
const ACCESS_CONTROL_DETAIL: &str = "access_control";
/// The detail with the first of the file's domains, where it serves them.
pub(crate) const OWN_DOMAIN_DETAIL: &str = "own_domain";
/// The version of a distribution that is off everywhere.
const VERSION_DETAIL: &str = "version";

/// A distribution takes minutes to reach every edge; AWS's own tools wait 35, others 90.
const DEPLOY_SECS_MAX: u64 = 60 * 60;
/// How long CloudFront may take to list what it made.
const LISTED_SECS_MAX: u64 = 60;
/// How long other writers of the same distribution may be in the way.
const CONTENTION_SECS_MAX: u64 = 60;

fields! {
    pub(crate) struct Fields {
        tags: Tags,
        access_control: Option<AccessControl>,
        bucket_policy: Statements,
        function: FunctionFields,
        comment: Option<String>,
        enabled: Option<bool>,
        origin: Option<Origin>,
        target_origin: Option<String>,
        viewer_protocol: Option<String>,
        /// Sorted.
        methods: Option<Vec<String>>,
        compress: Option<bool>,
        cache_policy: Option<String>,
        /// The settings from before there were cache policies, as far as they are there.
        legacy_cache: Option<Vec<&'static str>>,
        headers_policy: Option<String>,
        http_version: Option<String>,
        ipv6: Option<bool>,
        price_class: Option<String>,
        /// By the code of the error.
        errors_cached_seconds: Keyed<i64>,
        /// The path of the picture that is shown for an error, and the status beside it.
        error_pages: Keyed<Unwanted<String>>,
        error_statuses: Keyed<Unwanted<String>>,
        /// By the domain.
        aliases: Keyed<bool>,
        certificate: Option<String>,
        /// That of domains which left the file.
        former_certificate: Unwanted<String>,
    }
}

fields! {
    /// What the function is told.
    pub(crate) struct FunctionFields {
        /// The distribution's id.
        environment: Option<String>,
        /// Where it serves.
        address: Option<String>,
    }
}

/// The members that are in the distribution's own configuration.
const CONFIGURATION: [Path<Fields>; 19] = [
    Fields::comment,
    Fields::enabled,
    Fields::origin,
    Fields::target_origin,
    Fields::viewer_protocol,
    Fields::methods,
    Fields::compress,
    Fields::cache_policy,
    Fields::legacy_cache,
    Fields::headers_policy,
    Fields::http_version,
    Fields::ipv6,
    Fields::price_class,
    Fields::errors_cached_seconds,
    Fields::error_pages,
    Fields::error_statuses,
    Fields::aliases,
    Fields::certificate,
    Fields::former_certificate,
];

/// The members that decide where the CDN serves.
const DOMAINS: [Path<Fields>; 3] =
    [Fields::aliases, Fields::certificate, Fields::former_certificate];

pub(crate) struct Cdn {
    names: Arc<Names>,
    settings: Settings,
    is_to_go: bool,
}

impl Cdn {
    fn new(blueprint: &Blueprint<'_>) -> Self {
        let settings = Settings::new(blueprint);
        Self { names: blueprint.names(), settings, is_to_go: blueprint.is_to_go() }
    }

    fn description(&self) -> String {
        format!("Lets CloudFront read the variants of {}", self.names.bucket)
    }

    /// Puts the edited fields of a distribution right, those of its configuration with `settings`. Tags
    /// come first: one leads to the cache policy.
    async fn change(
        &self,
        context: &Context<'_>,
        made: &mut Made,
        (access_control, settings): (String, Option<&Settings>),
        edits: &Edits<Fields>,
    ) -> Result<(), AwsError> {
        if edits.touch(Fields::tags) {
            const CALL: &str = "cloudfront:TagResource";
            let tags = cloudfront_tags(edits.tags(Fields::tags).iter(), CALL)?;
            let tag = context.aws.cloudfront.tag_resource().resource(&made.arn);
            tag.tags(tags).send().await.calling(CALL)?;
        }
        if let Some(settings) = settings {
            let ids =
                Ids { access_control, cache_policy: self.cache_policy_id(context.aws).await? };
            let left = edits.within(Fields::error_pages).into_iter();
            let left = left.filter_map(|edit| Some(edit.have.as_str()?.to_owned()));
            let left: Vec<String> = left.collect();
            let drops_domains = edits.touch(Fields::former_certificate);
            let change = |config: &mut _| {
                settings.apply(&self.names, &ids, &left, config)?;
                if drops_domains { domains::without_domains(config) } else { Ok(()) }
            };
            if let Some(changed) = self.change_config(context, &made.id, change).await? {
                made.status = changed.status;
            }
        }
        Ok(())
    }

    /// The distribution that is known to be there, once CloudFront lists it.
    async fn listed(&self, context: &Context<'_>) -> Result<Made, AwsError> {
        const CALL: &str = "cloudfront:ListDistributions";
        let wait = context.wait(CALL, "CloudFront to list the distribution", LISTED_SECS_MAX);
        wait_until(&wait, || async {
            let found = self.find(context.aws).await?.distribution;
            Ok(found.map_or_else(|| Probe::Pending("it is not listed yet".to_owned()), Probe::Done))
        })
        .await
    }

    /// Names the domains where AWS refuses one of them, for AWS does not say which.
    fn with_domains(&self, error: AwsError) -> AwsError {
        if error.code() != "CNAMEAlreadyExists" {
            return error;
        }
        error.explained(&format!("it must serve {}", self.settings.domains.join(", ")))
    }

    /// Tells the bucket, and the function if it is to know, of the distribution.
    async fn introduce(
        &self,
        context: &Context<'_>,
        made: &Made,
        edits: Option<&Edits<Fields>>,
    ) -> Result<(), AwsError> {
        let touched = |member| edits.is_none_or(|edits| edits.touch(member));
        if touched(Fields::bucket_policy) {
            self.put_statement(context, &made.arn).await?;
        }
        let moves = edits.is_some_and(|edits| edits.touch_any(&DOMAINS));
        if touched(Fields::function) || (moves && self.settings.tells_address) {
            self.put_function_variables(context, made).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Resource for Cdn {
    type Fields = Fields;

    const ID: Id = ID;

    const HELD_BY: &'static [(Id, Path<Fields>)] = &[(function::ID, Fields::function)];

    fn name(&self) -> String {
        self.names.cdn.clone()
    }

    fn arn(&self) -> Option<String> {
        None
    }

    fn fields(&self) -> Fields {
        let told = |is_told: bool| is_told.then(|| THIS.to_owned());
        let Settings { tells_id, tells_address, .. } = self.settings;
        Fields {
            tags: self.names.cdn_tags(),
            access_control: Some(AccessControl::wanted()),
            bucket_policy: Statements::one(SID, Some(policy::canonical(&self.statement(THIS)))),
            function: FunctionFields { environment: told(tells_id), address: told(tells_address) },
            ..self.settings.fields(&self.names)
        }
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed<Fields>>, AwsError> {
        let (present, certificate) = try_join!(self.find(aws), self.certificate(aws))?;
        let access_control = present.access_control.as_ref();
        let Some(found) = &present.distribution else {
            // A run that was cut off may have left the access control alone.
            return Ok(access_control.map(|found| {
                let access_control = Some(AccessControl::from(found));
                let fields = Fields { access_control, ..Fields::default() };
                let mut observed = Observed::new(fields, Owner::Ours);
                observed.details.insert(ACCESS_CONTROL_DETAIL, found.id.clone());
                observed
            }));
        };
        let own_domain = self.own_domain(certificate.as_ref());
        let mut made = Made { own_domain, ..found.clone() };
        let (tags, config, statement, function) = try_join!(
            self.read_tags(aws, &made.arn),
            self.read_config(aws, &made.id),
            self.read_statement(aws, &made.arn),
            self.read_function_variables(aws, &made),
        )?;
        let owner = self.names.owner(&tags);
        let config = config.map(|now| now.config);
        let mut configured = config
            .as_ref()
            .map(|now| distribution::observed(&self.names, now, &present))
            .unwrap_or_default();
        made.own_domain.take_if(|own| !configured.aliases.0.contains_key(own.as_str()));
        let note = self.tell_domains(certificate.as_ref(), &mut configured);
        let former_certificate = Unwanted(self.former_certificate(aws, &configured).await?);
        // Only the page of this file or of an earlier one is ours, which the bucket lets us read.
        let keys = self.keys_in(statement.as_ref());
        let is_ours = |page: &str| {
            self.settings.fallback.is_some() || keys.iter().any(|key| errors::path(key) == page)
        };
        let errors = config.as_ref().map(|now| errors::observed(now, &is_ours)).unwrap_or_default();
        let fields = Fields {
            tags,
            access_control: access_control.map(AccessControl::from),
            bucket_policy: Statements::one(SID, statement),
            function,
            errors_cached_seconds: errors.errors_cached_seconds,
            error_pages: errors.error_pages,
            error_statuses: errors.error_statuses,
            former_certificate,
            ..configured
        };
        let mut observed = Observed::new(fields, owner);
        observed.note = note.map(ToOwned::to_owned);
        if made.status != DEPLOYED {
            observed.deploying = Some("CloudFront is still deploying it to its edges".to_owned());
        }
        observed.details = made.details();
        let id = access_control.map(|found| (ACCESS_CONTROL_DETAIL, found.id.clone()));
        observed.details.extend(id);
        Ok(Some(observed))
    }

    async fn notice(&self, aws: &Aws) -> Option<String> {
        let key = self.settings.fallback.as_ref().filter(|_| !self.is_to_go)?;
        match self.bucket(aws).head(key).await {
            Ok(found) => found.is_none().then(|| {
                format!(
                    "{key} is not in the bucket yet, so that nothing is shown for a variant that is \
                     not there: upload it with `Cache-Control: no-cache`"
                )
            }),
            Err(error) => Some(format!("cannot tell whether {key} is in the bucket: {error}")),
        }
    }

    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError> {
        let (access_control, cache_policy) =
            try_join!(self.create_access_control(context), self.cache_policy_id(context.aws))?;
        let made = self.create_distribution(context, &Ids { access_control, cache_policy }).await?;
        Ok(self.told(&made))
    }

    async fn complete(&self, context: &Context<'_>, created: Details) -> Result<Details, AwsError> {
        if let Some(made) = Made::from_details(&created) {
            self.introduce(context, &made, None).await?;
        }
        Ok(created)
    }

    async fn update(
        &self,
        context: &Context<'_>,
        observed: &Observed,
        edits: &Edits<Fields>,
    ) -> Result<Details, AwsError> {
        let differs = edits.touch(Fields::access_control);
        let access_control = match observed.details.get(ACCESS_CONTROL_DETAIL) {
            Some(id) if differs => {
                self.update_access_control(context, id).await?;
                id.clone()
            }
            Some(id) => id.clone(),
            None => self.create_access_control(context).await?,
        };
        let Some(mut made) = Made::from_details(&observed.details) else {
            edits.whole();
            let cache_policy = self.cache_policy_id(context.aws).await?;
            let made =
                self.create_distribution(context, &Ids { access_control, cache_policy }).await?;
            self.introduce(context, &made, Some(edits)).await?;
            return Ok(self.told(&made));
        };
        let settings = if edits.touch_any(&CONFIGURATION) {
            let settings = self.settings_now(context.aws).await?;
            made.own_domain = settings.domains.first().cloned();
            Some(settings)
        } else {
            None
        };
        // The bucket's policy says which page is ours, so that it comes before the page, and goes after.
        if self.settings.fallback.is_some() {
            self.introduce(context, &made, Some(edits)).await?;
            self.change(context, &mut made, (access_control, settings.as_ref()), edits).await?;
        } else {
            self.change(context, &mut made, (access_control, settings.as_ref()), edits).await?;
            self.introduce(context, &made, Some(edits)).await?;
        }
        Ok(self.told(&made))
    }

    /// Switches the distribution off, or deletes it if an earlier run did so: CloudFront deletes only what
    /// is off everywhere.
    async fn delete(
        &self,
        context: &Context<'_>,
        observed: &Observed,
    ) -> Result<Removal, AwsError> {
        let wait = context.bucket_wait("s3:PutBucketPolicy");
        let is_off = *observed.fields.get(Fields::enabled.as_str()) == Value::Bool(false);
        let switch_off = async {
            let Some(id) = observed.details.get(ID_DETAIL).filter(|_| !is_off) else {
                return Ok(None);
            };
            self.switch_off(context, id).await
        };
        let close_bucket = async {
            match self.bucket(context.aws).remove_statement(&wait, SID).await {
                Err(error) if error.is_not_found() => Ok(()),
                other => other,
            }
        };
        let (changed, ()) = try_join!(switch_off, close_bucket)?;
        let mut details = observed.details.clone();
        if is_off && details.get(STATUS).is_some_and(|status| status == DEPLOYED) {
            self.finish_delete(context, &details).await?;
            return Ok(Removal::Gone);
        }
        let off = changed.filter(|changed| changed.status == DEPLOYED);
        details.extend(off.and_then(|changed| Some((VERSION_DETAIL, changed.version?))));
        Ok(Removal::Later("CloudFront is disabling it at its edge locations".to_owned(), details))
    }

    async fn finish_delete(
        &self,
        context: &Context<'_>,
        details: &Details,
    ) -> Result<(), AwsError> {
        const CALL: &str = "cloudfront:DeleteDistribution";
        let detail = |name: &str| details.get(name);
        let gone = async {
            let Some(id) = detail(ID_DETAIL) else { return Ok(()) };
            let wait = context.wait(CALL, "CloudFront to disable it everywhere", DEPLOY_SECS_MAX);
            let mut version = detail(VERSION_DETAIL).cloned();
            wait_until(&wait, || self.probe_deletion(context, id, version.take())).await
        };
        let Some(id) = detail(ACCESS_CONTROL_DETAIL) else { return gone.await };
        let ((), version) = try_join!(gone, self.access_control_version(context, id))?;
        self.delete_access_control(context, id, version).await
    }

    async fn settle(&self, context: &Context<'_>) -> Result<(), AwsError> {
        const CALL: &str = "cloudfront:GetDistribution";
        let found = self.listed(context).await?;
        let wait = context.wait(CALL, "CloudFront to deploy it to its edges", DEPLOY_SECS_MAX);
        wait_until(&wait, || async {
            Ok(match self.status(context.aws, &found.id).await?.as_deref() {
                None | Some(DEPLOYED) => Probe::Done(()),
                Some(status) => Probe::Pending(format!("it is still {status}")),
            })
        })
        .await
    }
}

impl Member for Cdn {
    const PERMISSIONS: &'static [Row] = permissions::ROWS;

    const COSTS: fn(&Usage) -> Vec<Service> = price::costs;

    fn wanted(blueprint: &Blueprint<'_>) -> Option<Self> {
        blueprint.config.cdn.enabled.then(|| Self::new(blueprint))
    }

    fn left(blueprint: &Blueprint<'_>, _name: &str) -> Erased {
        Box::new(Self::new(blueprint))
    }

    fn switched_off(blueprint: &Blueprint<'_>) -> Option<Self> {
        let is_off = !blueprint.config.cdn.enabled && has_cloudfront(blueprint.names.partition);
        is_off.then(|| Self::new(blueprint))
    }

    /// The function is told the distribution.
    fn follows_too(blueprint: &Blueprint<'_>) -> &'static [Id] {
        let config = blueprint.config;
        if config.cdn.invalidate || config.notify.is_some() { &[function::ID] } else { &[] }
    }
}

const DEPLOYED: &str = "Deployed";
