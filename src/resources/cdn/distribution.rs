//! The part of a distribution's configuration that is ours: written in one place, read in one.
//!
//! CloudFront replaces a configuration as a whole, so a change starts from what is there, and
//! whatever is not named here (aliases that people added, a web ACL, logging) survives it, except for
//! what cannot stand beside ours: CloudFront refuses legacy cache settings beside a cache policy, and
//! an access identity or an origin that is no bucket beside our access control.

use super::calls::Present;
use super::domains::THIS_CERTIFICATE;
use super::{Fields, errors};
use crate::aws::AwsError;
use crate::config;
use crate::engine::fields::Keyed;
use crate::names::Names;
use crate::resources::Blueprint;
use crate::resources::own_domain::Certificate;
use aws_sdk_cloudfront::types::{
    Aliases, AllowedMethods, CachedMethods, DefaultCacheBehavior, DistributionConfig, HttpVersion,
    Method, MinimumProtocolVersion, Origin as CloudFrontOrigin, OriginAccessControlSummary,
    Origins, PriceClass, S3OriginConfig, SslSupportMethod, ViewerCertificate, ViewerProtocolPolicy,
};

/// What the origin is called within the distribution.
pub(super) const ORIGIN: &str = "bucket";

/// How `origin.type` names an origin that is a bucket.
const S3_ORIGIN: &str = "s3";

/// CloudFront's managed policies (Amazon CloudFront Developer Guide, "Use managed cache policies",
/// "Use managed response headers policies").
const CACHING_OPTIMIZED: &str = "658327ea-f89d-4fab-a63d-7e88639e58f6";
const SECURITY_HEADERS: &str = "67f7725c-6f97-4210-82d7-5512b31e9d03";
const CORS_AND_SECURITY_HEADERS: &str = "e61eb60c-9c35-4d20-a928-2b84e02af89c";

/// How a certificate of the user's own is served.
pub(super) const SSL_SUPPORT: SslSupportMethod = SslSupportMethod::SniOnly;
pub(super) const TLS_MIN: MinimumProtocolVersion = MinimumProtocolVersion::TlSv122021;

const CALL: &str = "cloudfront:UpdateDistribution";

/// What a CDN must be besides its name.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each follows from a switch of its own")]
pub(super) struct Settings {
    pub(super) price_class: PriceClass,
    pub(super) domains: Vec<String>,
    pub(super) certificate_arn: Option<String>,
    /// Whether ACM is asked for the certificate, and what it has issued by now.
    pub(super) asks_acm: bool,
    pub(super) issued: Option<Certificate>,
    /// The variants' folders, without slashes at their ends.
    pub(super) folders: Vec<String>,
    /// AWS is an emulator without HTTPS.
    pub(super) plain_http: bool,
    /// The managed policy for what browsers are told beside an image.
    pub(super) headers_policy: &'static str,
    /// Whether the function is told the distribution, and where it serves.
    pub(super) tells_id: bool,
    pub(super) tells_address: bool,
    /// The key of the picture that is shown for a variant that is not there.
    pub(super) fallback: Option<String>,
}

/// What a distribution refers to by the ids that CloudFront gave it.
pub(super) struct Ids {
    pub(super) access_control: String,
    /// `None`: it has CloudFront's own policy.
    pub(super) cache_policy: Option<String>,
}

fields! {
    pub(crate) struct Origin {
        kind as "type": String,
        domain: String,
        path: String,
        access_control: Option<String>,
        access_identity: String,
    }
}

impl Settings {
    pub(super) fn new(blueprint: &Blueprint<'_>) -> Self {
        let cdn = &blueprint.config.cdn;
        Self {
            price_class: match cdn.price_class {
                config::PriceClass::Class100 => PriceClass::PriceClass100,
                config::PriceClass::Class200 => PriceClass::PriceClass200,
                config::PriceClass::All => PriceClass::PriceClassAll,
            },
            domains: cdn.domains.clone(),
            certificate_arn: cdn.certificate_arn.clone(),
            asks_acm: !cdn.own_domains().is_empty(),
            issued: None,
            folders: blueprint.made_folders(),
            plain_http: blueprint.endpoints.is_cloudfront_plain_http(),
            // Pages of an application read manifests, which are on another host than they are.
            headers_policy: match blueprint.config.notify {
                Some(_) => CORS_AND_SECURITY_HEADERS,
                None => SECURITY_HEADERS,
            },
            tells_id: cdn.invalidate,
            tells_address: blueprint.config.notify.is_some(),
            fallback: cdn.fallback.clone(),
        }
    }

    fn viewer_protocol(&self) -> ViewerProtocolPolicy {
        if self.plain_http {
            ViewerProtocolPolicy::AllowAll
        } else {
            ViewerProtocolPolicy::RedirectToHttps
        }
    }

    /// The fields of the configuration, as they should be.
    pub(super) fn fields(&self, names: &Names) -> Fields {
        let text = |text: &str| Some(text.to_owned());
        Fields {
            comment: text(&names.cdn),
            enabled: Some(true),
            origin: Some(Origin {
                kind: S3_ORIGIN.to_owned(),
                domain: origin_domain(names),
                path: String::new(),
                access_control: text(&names.cdn),
                access_identity: String::new(),
            }),
            target_origin: text(ORIGIN),
            viewer_protocol: text(self.viewer_protocol().as_str()),
            methods: Some(["GET", "HEAD"].map(ToOwned::to_owned).to_vec()),
            compress: Some(true),
            cache_policy: text(names.cache_policy.as_deref().unwrap_or(CACHING_OPTIMIZED)),
            legacy_cache: Some(Vec::new()),
            headers_policy: text(self.headers_policy),
            http_version: text(&HttpVersion::Http2and3.as_str().to_lowercase()),
            ipv6: Some(true),
            price_class: text(self.price_class.as_str()),
            aliases: keyed(self.domains.iter().map(|domain| (domain, true))),
            certificate: if self.asks_acm {
                text(THIS_CERTIFICATE)
            } else {
                self.certificate_arn.clone()
            },
            ..errors::wanted(self.fallback.as_deref())
        }
    }

    /// A configuration that has our fields and, for the rest, CloudFront's defaults.
    pub(super) fn new_config(
        &self,
        names: &Names,
        ids: &Ids,
        caller_reference: &str,
    ) -> Result<DistributionConfig, AwsError> {
        let mut config = DistributionConfig::builder()
            .caller_reference(caller_reference)
            .comment(&names.cdn)
            .enabled(true)
            .origins(origins(vec![origin(names, &ids.access_control)?])?)
            .default_cache_behavior(behavior()?)
            .build()
            .map_err(invalid)?;
        self.apply(names, ids, &[], &mut config)?;
        Ok(config)
    }

    /// Puts our fields into a configuration and leaves all others, but for pages of an earlier file.
    pub(super) fn apply(
        &self,
        names: &Names,
        ids: &Ids,
        left_pages: &[String],
        config: &mut DistributionConfig,
    ) -> Result<(), AwsError> {
        config.enabled = true;
        config.comment.clone_from(&names.cdn);
        config.http_version = Some(HttpVersion::Http2and3);
        config.is_ipv6_enabled = Some(true);
        config.price_class = Some(self.price_class.clone());
        config.origins = Some(merged_origins(config, names, &ids.access_control)?);
        let behavior = match config.default_cache_behavior.take() {
            Some(present) => present,
            None => behavior()?,
        };
        config.default_cache_behavior = Some(self.ours_in(behavior, ids)?);
        let errors = errors::merged(config, self.fallback.as_deref(), left_pages)?;
        config.custom_error_responses = Some(errors);
        if !self.domains.is_empty() {
            config.aliases = Some(merged_aliases(config, &self.domains)?);
        }
        self.without_strays(config)?;
        if let Some(arn) = &self.certificate_arn {
            let certificate = ViewerCertificate::builder()
                .acm_certificate_arn(arn)
                .ssl_support_method(SSL_SUPPORT)
                .minimum_protocol_version(TLS_MIN)
                .build();
            config.viewer_certificate = Some(certificate);
        }
        Ok(())
    }

    fn ours_in(
        &self,
        mut behavior: DefaultCacheBehavior,
        ids: &Ids,
    ) -> Result<DefaultCacheBehavior, AwsError> {
        ORIGIN.clone_into(&mut behavior.target_origin_id);
        behavior.viewer_protocol_policy = self.viewer_protocol();
        behavior.allowed_methods = Some(methods()?);
        behavior.compress = Some(true);
        without_legacy_cache(&mut behavior);
        let policy = ids.cache_policy.as_deref().unwrap_or(CACHING_OPTIMIZED);
        behavior.cache_policy_id = Some(policy.to_owned());
        behavior.response_headers_policy_id = Some(self.headers_policy.to_owned());
        Ok(behavior)
    }
}

/// The same fields, as a configuration holds them.
pub(super) fn observed(names: &Names, config: &DistributionConfig, present: &Present) -> Fields {
    let access_control = present.access_control.as_ref();
    let origins = config.origins().map(Origins::items).unwrap_or_default();
    let origin = origins.iter().find(|origin| origin.id() == ORIGIN).map(|origin| {
        let is_ours = |ours: &&OriginAccessControlSummary| {
            origin.origin_access_control_id() == Some(ours.id())
        };
        let access_control = access_control.filter(is_ours).map(|_| names.cdn.clone());
        Origin { access_control, ..Origin::from(origin) }
    });
    let behavior = config.default_cache_behavior().map(behavior_fields).unwrap_or_default();
    let aliases = config.aliases().map(Aliases::items).unwrap_or_default();
    let certificate = config.viewer_certificate().and_then(|it| it.acm_certificate_arn());
    Fields {
        comment: Some(config.comment().to_owned()),
        enabled: Some(config.enabled()),
        origin,
        http_version: config.http_version().map(|it| it.as_str().to_lowercase()),
        ipv6: config.is_ipv6_enabled(),
        price_class: config.price_class().map(|class| class.as_str().to_owned()),
        aliases: keyed(aliases.iter().map(|domain| (domain, true))),
        certificate: certificate.map(ToOwned::to_owned),
        cache_policy: behavior.cache_policy.map(|id| match &present.cache_policy {
            Some(ours) if ours.id == id => names.cdn.clone(),
            _ => id,
        }),
        ..behavior
    }
}

/// Has a distribution use no policy of ours, so that CloudFront lets go of that.
pub(super) fn without_our_policy(config: &mut DistributionConfig) {
    let behavior = config.default_cache_behavior.as_mut();
    if let Some(policy) = behavior.and_then(|behavior| behavior.cache_policy_id.as_mut()) {
        CACHING_OPTIMIZED.clone_into(policy);
    }
}

pub(super) fn keyed<K: ToString, V>(members: impl IntoIterator<Item = (K, V)>) -> Keyed<V> {
    Keyed(members.into_iter().map(|(key, value)| (key.to_string(), value)).collect())
}

/// The bucket's regional name: the global one redirects for hours while a bucket is new, and
/// CloudFront would cache the redirect.
fn origin_domain(names: &Names) -> String {
    format!("{}.s3.{}.{}", names.bucket, names.region, names.dns_suffix)
}

fn origin(names: &Names, access_control: &str) -> Result<CloudFrontOrigin, AwsError> {
    CloudFrontOrigin::builder()
        .id(ORIGIN)
        .domain_name(origin_domain(names))
        .origin_path("")
        .origin_access_control_id(access_control)
        .s3_origin_config(no_access_identity())
        .build()
        .map_err(invalid)
}

/// The old access identity must be there, and empty, beside an origin access control.
fn no_access_identity() -> S3OriginConfig {
    S3OriginConfig::builder().origin_access_identity("").build()
}

impl From<&CloudFrontOrigin> for Origin {
    fn from(origin: &CloudFrontOrigin) -> Self {
        let kind = match (origin.custom_origin_config(), origin.vpc_origin_config()) {
            (Some(_), _) => "custom",
            (None, Some(_)) => "vpc",
            (None, None) => S3_ORIGIN,
        };
        let identity = origin.s3_origin_config().map(S3OriginConfig::origin_access_identity);
        Self {
            kind: kind.to_owned(),
            domain: origin.domain_name().to_owned(),
            path: origin.origin_path().unwrap_or_default().to_owned(),
            access_control: None,
            access_identity: identity.unwrap_or_default().to_owned(),
        }
    }
}

fn origins(items: Vec<CloudFrontOrigin>) -> Result<Origins, AwsError> {
    Origins::builder().quantity(quantity(&items)).set_items(Some(items)).build().map_err(invalid)
}

fn merged_origins(
    config: &DistributionConfig,
    names: &Names,
    access_control: &str,
) -> Result<Origins, AwsError> {
    let mut items = config.origins().map(Origins::items).unwrap_or_default().to_vec();
    match items.iter_mut().find(|origin| origin.id() == ORIGIN) {
        Some(ours) => {
            ours.domain_name = origin_domain(names);
            ours.origin_path = Some(String::new());
            ours.custom_origin_config = None;
            ours.vpc_origin_config = None;
            let bucket = ours.s3_origin_config.get_or_insert_with(no_access_identity);
            bucket.origin_access_identity.clear();
            ours.origin_access_control_id = Some(access_control.to_owned());
        }
        None => items.push(origin(names, access_control)?),
    }
    origins(items)
}

fn behavior() -> Result<DefaultCacheBehavior, AwsError> {
    DefaultCacheBehavior::builder()
        .target_origin_id(ORIGIN)
        .viewer_protocol_policy(ViewerProtocolPolicy::RedirectToHttps)
        .build()
        .map_err(invalid)
}

fn behavior_fields(behavior: &DefaultCacheBehavior) -> Fields {
    let text = |text: Option<&str>| text.map(ToOwned::to_owned);
    let mut methods: Vec<String> = behavior
        .allowed_methods()
        .map(|allowed| allowed.items().iter().map(|it| it.as_str().to_owned()).collect())
        .unwrap_or_default();
    methods.sort_unstable();
    Fields {
        target_origin: text(Some(behavior.target_origin_id())),
        viewer_protocol: text(Some(behavior.viewer_protocol_policy().as_str())),
        methods: Some(methods),
        compress: behavior.compress(),
        cache_policy: text(behavior.cache_policy_id()),
        legacy_cache: Some(legacy_cache(behavior)),
        headers_policy: text(behavior.response_headers_policy_id()),
        ..Fields::default()
    }
}

/// The settings from before there were cache policies, as far as they are there.
#[expect(deprecated, reason = "people can still choose them in the console")]
fn legacy_cache(behavior: &DefaultCacheBehavior) -> Vec<&'static str> {
    let settings = [
        ("forwarded_values", behavior.forwarded_values.is_some()),
        ("min_ttl", behavior.min_ttl.is_some()),
        ("default_ttl", behavior.default_ttl.is_some()),
        ("max_ttl", behavior.max_ttl.is_some()),
    ];
    settings.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name).collect()
}

#[expect(deprecated, reason = "people can still choose them in the console")]
fn without_legacy_cache(behavior: &mut DefaultCacheBehavior) {
    behavior.forwarded_values = None;
    behavior.min_ttl = None;
    behavior.default_ttl = None;
    behavior.max_ttl = None;
}

fn methods() -> Result<AllowedMethods, AwsError> {
    let items = || Some(vec![Method::Get, Method::Head]);
    let cached =
        CachedMethods::builder().quantity(2).set_items(items()).build().map_err(invalid)?;
    let allowed = AllowedMethods::builder().quantity(2).set_items(items()).cached_methods(cached);
    allowed.build().map_err(invalid)
}

fn merged_aliases(config: &DistributionConfig, ours: &[String]) -> Result<Aliases, AwsError> {
    let mut items = config.aliases().map(Aliases::items).unwrap_or_default().to_vec();
    items.extend(ours.iter().filter(|domain| !items.contains(domain)).cloned().collect::<Vec<_>>());
    Aliases::builder().quantity(quantity(&items)).set_items(Some(items)).build().map_err(invalid)
}

pub(super) fn quantity<T>(items: &[T]) -> i32 {
    i32::try_from(items.len()).unwrap_or(i32::MAX)
}

pub(super) fn invalid(error: impl std::fmt::Display) -> AwsError {
    AwsError::request(CALL, error.to_string())
}
