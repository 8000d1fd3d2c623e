//! What people take away from a stack: where to upload, and where the variants are served.

mod watch;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::aws::Aws;
use crate::config::{Access, Config};
use crate::engine::changelog::Changelog;
use crate::names::Names;
use crate::resources::cdn;

pub(crate) use self::watch::Watch;

/// The outputs of a stack; what CloudFront names itself is null until it has.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Outputs {
    pub(crate) bucket: String,
    pub(crate) upload_to: String,
    pub(crate) topic_arn: String,
    pub(crate) function_arn: String,
    pub(crate) role_arn: String,
    pub(crate) cdn_id: Option<String>,
    pub(crate) cdn_domain: Option<String>,
    /// The address below which the CDN serves the variants' folders, without a slash at its end.
    pub(crate) cdn_url: Option<String>,
    /// The address of each variant's folder, by the folder's name.
    pub(crate) urls: BTreeMap<String, String>,
}

impl Outputs {
    pub(crate) fn new(config: &Config, aws: &Aws, names: &Names, changelog: &Changelog) -> Self {
        let details = changelog.details(cdn::ID);
        let cdn = |what: &str| details.and_then(|details| details.get(what).cloned());
        let base = base_url(config, aws, cdn("domain").as_deref());
        let folders = config.variants.iter().map(|variant| &variant.folder);
        let urls = base.as_ref().map(|base| {
            folders.map(|folder| (folder.clone(), format!("{base}/{folder}/"))).collect()
        });
        Self {
            bucket: names.bucket.clone(),
            upload_to: format!("s3://{}/{}/", names.bucket, config.bucket.originals),
            topic_arn: names.topic.arn.clone(),
            function_arn: names.function_arn.clone(),
            role_arn: names.role_arn.clone(),
            cdn_id: cdn("id"),
            cdn_domain: cdn("domain"),
            cdn_url: base.filter(|_| config.cdn.enabled),
            urls: urls.unwrap_or_default(),
        }
    }
}

/// The address under which the variants' folders are served, without a final slash: the CDN's, or
/// the bucket's own where everybody may read the variants there. `None`: nowhere. `cdn_domain` is the
/// one that CloudFront chose, if there is a CDN by now.
pub(crate) fn base_url(config: &Config, aws: &Aws, cdn_domain: Option<&str>) -> Option<String> {
    if config.cdn.enabled {
        let domain = cdn_domain?;
        return Some(match config.cdn.domains.first() {
            Some(own) => format!("https://{own}"),
            None => aws.endpoints.cdn_url(domain),
        });
    }
    (config.bucket.access == Access::PublicAcl)
        .then(|| aws.endpoints.bucket_url(&config.bucket.name, &aws.region, aws.dns_suffix()))
}
