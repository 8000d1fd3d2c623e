//! The part of a distribution's configuration that is ours: written in one place, read in one.
//!
//! CloudFront replaces a configuration as a whole, so a change starts from what is there, and
//! whatever is not named here (aliases that people added, a web ACL, logging) survives it, except for
//! what cannot stand beside ours: CloudFront refuses legacy cache settings beside a cache policy, and
//! an access identity or an origin that is no bucket beside our access control.

use aws_sdk_cloudfront::types::{
    Aliases, AllowedMethods, CachedMethods, CustomErrorResponse, CustomErrorResponses,
    DefaultCacheBehavior, DistributionConfig, HttpVersion, Method, MinimumProtocolVersion, Origin,
    OriginAccessControlSummary, Origins, PriceClass, S3OriginConfig, SslSupportMethod,
    ViewerCertificate, ViewerProtocolPolicy,
};

use crate::aws::AwsError;
use crate::names::Names;
use crate::resource::Fields;

/// The field that the function's environment holds for us.
pub(super) const VARIABLE_PATH: &str = "function.environment";
/// Where the fields of the distribution's own configuration begin.
pub(super) const PATHS: [&str; 16] = [
    "comment",
    "enabled",
    "origin",
    "target_origin",
    "viewer_protocol",
    "methods",
    "compress",
    "cache_policy",
    "legacy_cache",
    "headers_policy",
    "http_version",
    "ipv6",
    "price_class",
    "errors_cached_seconds",
    "aliases",
    "certificate",
];

/// What the origin is called within the distribution.
pub(crate) const ORIGIN: &str = "bucket";

/// How `origin.type` names an origin that is a bucket.
const S3_ORIGIN: &str = "s3";

/// CloudFront's managed policies (Amazon CloudFront Developer Guide, "Use managed cache policies",
/// "Use managed response headers policies").
const CACHING_OPTIMIZED: &str = "658327ea-f89d-4fab-a63d-7e88639e58f6";
const SECURITY_HEADERS: &str = "67f7725c-6f97-4210-82d7-5512b31e9d03";

/// A variant may be on its way, so its absence is forgotten quickly.
const ERRORS_CACHED_SECS: i64 = 5;
/// The errors that a missing or unreadable variant can show as.
const ERROR_CODES: [i32; 6] = [403, 404, 500, 502, 503, 504];

/// How a certificate of the user's own is served.
pub(crate) const SSL_SUPPORT: SslSupportMethod = SslSupportMethod::SniOnly;
pub(crate) const TLS_MIN: MinimumProtocolVersion = MinimumProtocolVersion::TlSv122021;

const CALL: &str = "cloudfront:UpdateDistribution";

/// What a CDN must be besides its name.
pub(crate) struct Settings {
    pub(crate) price_class: PriceClass,
    pub(crate) domains: Vec<String>,
    pub(crate) certificate_arn: Option<String>,
    /// The variants' folders, without slashes at their ends.
    pub(crate) folders: Vec<String>,
    /// AWS is an emulator without HTTPS.
    pub(crate) plain_http: bool,
    /// The variable through which the function is told the distribution, if it is to know it.
    pub(crate) function_variable: Option<String>,
}

impl Settings {
    fn viewer_protocol(&self) -> ViewerProtocolPolicy {
        if self.plain_http {
            ViewerProtocolPolicy::AllowAll
        } else {
            ViewerProtocolPolicy::RedirectToHttps
        }
    }

    /// The fields of the configuration, as they should be.
    pub(super) fn fields(&self, names: &Names) -> Fields {
        let mut fields = Fields::default()
            .with("comment", names.cdn.as_str())
            .with("enabled", true)
            .with("origin.type", S3_ORIGIN)
            .with("origin.domain", origin_domain(names))
            .with("origin.path", "")
            .with("origin.access_control", names.cdn.as_str())
            .with("origin.access_identity", "")
            .with("target_origin", ORIGIN)
            .with("viewer_protocol", self.viewer_protocol().as_str())
            .with("methods", vec!["GET", "HEAD"])
            .with("compress", true)
            .with("cache_policy", CACHING_OPTIMIZED)
            .with("legacy_cache", Vec::<&str>::new())
            .with("headers_policy", SECURITY_HEADERS)
            .with("http_version", HttpVersion::Http2and3.as_str().to_lowercase())
            .with("ipv6", true)
            .with("price_class", self.price_class.as_str());
        for code in ERROR_CODES {
            fields.set(errors_path(code), ERRORS_CACHED_SECS);
        }
        for domain in &self.domains {
            fields.set(alias_path(domain), true);
        }
        if let Some(arn) = &self.certificate_arn {
            fields.set("certificate", arn.as_str());
        }
        fields
    }

    /// The same fields, as a configuration holds them.
    pub(super) fn observed_fields(
        names: &Names,
        config: &DistributionConfig,
        access_control: Option<&OriginAccessControlSummary>,
    ) -> Fields {
        let mut fields = Fields::default()
            .with("comment", config.comment())
            .with("enabled", config.enabled())
            .with("http_version", config.http_version().map(|it| it.as_str().to_lowercase()))
            .with("ipv6", config.is_ipv6_enabled())
            .with("price_class", config.price_class().map(PriceClass::as_str));
        let origins = config.origins().map(Origins::items).unwrap_or_default();
        if let Some(origin) = origins.iter().find(|origin| origin.id() == ORIGIN) {
            fields.extend(origin_fields(origin));
            let ours =
                access_control.filter(|ours| origin.origin_access_control_id() == Some(ours.id()));
            fields.set("origin.access_control", ours.map(|_| names.cdn.as_str()));
        }
        if let Some(behavior) = config.default_cache_behavior() {
            fields.extend(behavior_fields(behavior));
        }
        let errors = config.custom_error_responses().map(CustomErrorResponses::items);
        for error in errors.unwrap_or_default() {
            fields.set(errors_path(error.error_code()), error.error_caching_min_ttl());
        }
        for domain in config.aliases().map(Aliases::items).unwrap_or_default() {
            fields.set(alias_path(domain), true);
        }
        let certificate = config.viewer_certificate().and_then(|it| it.acm_certificate_arn());
        fields.with("certificate", certificate)
    }

    /// A configuration that has our fields and, for the rest, CloudFront's defaults.
    pub(super) fn new_config(
        &self,
        names: &Names,
        access_control: &str,
        caller_reference: &str,
    ) -> Result<DistributionConfig, AwsError> {
        let mut config = DistributionConfig::builder()
            .caller_reference(caller_reference)
            .comment(&names.cdn)
            .enabled(true)
            .origins(origins(vec![origin(names, access_control)?])?)
            .default_cache_behavior(behavior()?)
            .build()
            .map_err(invalid)?;
        self.apply(names, access_control, &mut config)?;
        Ok(config)
    }

    /// Puts our fields into a configuration and leaves all others.
    pub(super) fn apply(
        &self,
        names: &Names,
        access_control: &str,
        config: &mut DistributionConfig,
    ) -> Result<(), AwsError> {
        config.enabled = true;
        config.comment.clone_from(&names.cdn);
        config.http_version = Some(HttpVersion::Http2and3);
        config.is_ipv6_enabled = Some(true);
        config.price_class = Some(self.price_class.clone());
        config.origins = Some(merged_origins(config, names, access_control)?);
        let behavior = match config.default_cache_behavior.take() {
            Some(present) => present,
            None => behavior()?,
        };
        config.default_cache_behavior = Some(self.ours_in(behavior)?);
        config.custom_error_responses = Some(merged_errors(config)?);
        if !self.domains.is_empty() {
            config.aliases = Some(merged_aliases(config, &self.domains)?);
        }
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
    ) -> Result<DefaultCacheBehavior, AwsError> {
        ORIGIN.clone_into(&mut behavior.target_origin_id);
        behavior.viewer_protocol_policy = self.viewer_protocol();
        behavior.allowed_methods = Some(methods()?);
        behavior.compress = Some(true);
        without_legacy_cache(&mut behavior);
        behavior.cache_policy_id = Some(CACHING_OPTIMIZED.to_owned());
        behavior.response_headers_policy_id = Some(SECURITY_HEADERS.to_owned());
        Ok(behavior)
    }
}

/// The bucket's regional name: the global one redirects for hours while a bucket is new, and
/// CloudFront would cache the redirect.
fn origin_domain(names: &Names) -> String {
    format!("{}.s3.{}.{}", names.bucket, names.region, names.dns_suffix)
}

fn origin(names: &Names, access_control: &str) -> Result<Origin, AwsError> {
    Origin::builder()
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

fn origin_fields(origin: &Origin) -> Fields {
    let kind = match (origin.custom_origin_config(), origin.vpc_origin_config()) {
        (Some(_), _) => "custom",
        (None, Some(_)) => "vpc",
        (None, None) => S3_ORIGIN,
    };
    let identity = origin.s3_origin_config().map(S3OriginConfig::origin_access_identity);
    Fields::default()
        .with("origin.type", kind)
        .with("origin.domain", origin.domain_name())
        .with("origin.path", origin.origin_path().unwrap_or_default())
        .with("origin.access_identity", identity.unwrap_or_default())
}

fn origins(items: Vec<Origin>) -> Result<Origins, AwsError> {
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
    let mut methods: Vec<&str> = behavior
        .allowed_methods()
        .map(|allowed| allowed.items().iter().map(Method::as_str).collect())
        .unwrap_or_default();
    methods.sort_unstable();
    Fields::default()
        .with("target_origin", behavior.target_origin_id())
        .with("viewer_protocol", behavior.viewer_protocol_policy().as_str())
        .with("methods", methods)
        .with("compress", behavior.compress())
        .with("cache_policy", behavior.cache_policy_id())
        .with("legacy_cache", legacy_cache(behavior))
        .with("headers_policy", behavior.response_headers_policy_id())
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

fn merged_errors(config: &DistributionConfig) -> Result<CustomErrorResponses, AwsError> {
    let present = config.custom_error_responses().map(CustomErrorResponses::items);
    let mut items = present.unwrap_or_default().to_vec();
    for code in ERROR_CODES {
        if let Some(ours) = items.iter_mut().find(|error| error.error_code() == code) {
            ours.error_caching_min_ttl = Some(ERRORS_CACHED_SECS);
        } else {
            let error = CustomErrorResponse::builder().error_code(code);
            let error = error.error_caching_min_ttl(ERRORS_CACHED_SECS);
            items.push(error.build().map_err(invalid)?);
        }
    }
    let errors = CustomErrorResponses::builder().quantity(quantity(&items));
    errors.set_items(Some(items)).build().map_err(invalid)
}

fn merged_aliases(config: &DistributionConfig, ours: &[String]) -> Result<Aliases, AwsError> {
    let mut items = config.aliases().map(Aliases::items).unwrap_or_default().to_vec();
    items.extend(ours.iter().filter(|domain| !items.contains(domain)).cloned().collect::<Vec<_>>());
    Aliases::builder().quantity(quantity(&items)).set_items(Some(items)).build().map_err(invalid)
}

fn errors_path(code: i32) -> String {
    format!("errors_cached_seconds[{code}]")
}

fn alias_path(domain: &str) -> String {
    format!("aliases[{domain}]")
}

fn quantity<T>(items: &[T]) -> i32 {
    i32::try_from(items.len()).unwrap_or(i32::MAX)
}

fn invalid(error: impl std::fmt::Display) -> AwsError {
    AwsError::request(CALL, error.to_string())
}
