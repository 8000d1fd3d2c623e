//! What people take away from a stack: where to upload, and where the variants are served.

mod watch;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::aws::Aws;
use crate::config::{Access, Config};
use crate::engine::changelog::Changelog;
use crate::engine::resource::Details;
use crate::names::Names;
use crate::resources::{cdn, certificate, dns, ready_queue};

/// How long the records that people make may be held.
const TTL_SECS: u32 = 300;

pub(crate) use self::watch::Watch;

/// The outputs of a stack; what CloudFront names itself is null until it has.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Outputs {
    pub(crate) bucket: String,
    pub(crate) upload_to: String,
    pub(crate) topic_arn: String,
    /// Where the application hears of images that are ready, as far as the file asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ready_topic_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ready_queue_url: Option<String>,
    pub(crate) function_arn: String,
    pub(crate) role_arn: String,
    pub(crate) cdn_id: Option<String>,
    pub(crate) cdn_domain: Option<String>,
    /// The address below which the CDN serves the variants' folders, without a slash at its end.
    pub(crate) cdn_url: Option<String>,
    /// The address of each variant's folder, by the folder's name.
    pub(crate) urls: BTreeMap<String, String>,
    /// The records of domains that are in no zone of this account, as lines of a zone file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) dns_records: Vec<String>,
}

impl Outputs {
    pub(crate) fn new(config: &Config, aws: &Aws, names: &Names, changelog: &Changelog) -> Self {
        let details = changelog.details(cdn::ID);
        let cdn = |what: &str| details.and_then(|details| details.get(what).cloned());
        let base = base_url(config, aws, details);
        let folders = config.variants.iter().map(|variant| &variant.folder);
        let urls = base.as_ref().map(|base| {
            folders.map(|folder| (folder.clone(), format!("{base}/{folder}/"))).collect()
        });
        Self {
            bucket: names.bucket.clone(),
            upload_to: format!("s3://{}/{}/", names.bucket, config.bucket.originals),
            topic_arn: names.topic.arn.clone(),
            ready_topic_arn: names.ready.as_ref().map(|topic| topic.arn.clone()),
            ready_queue_url: changelog
                .details(ready_queue::ID)
                .and_then(|details| details.get(ready_queue::URL_DETAIL).cloned()),
            function_arn: names.function_arn.clone(),
            role_arn: names.role_arn.clone(),
            cdn_id: cdn("id"),
            cdn_domain: cdn("domain"),
            cdn_url: base.filter(|_| config.cdn.enabled),
            urls: urls.unwrap_or_default(),
            dns_records: dns_records(changelog),
        }
    }
}

/// The records that prove to ACM whose the domains are, and those that lead to the CDN.
fn dns_records(changelog: &Changelog) -> Vec<String> {
    let lines = |details: Option<&Details>, name| -> Vec<String> {
        let lines = details.and_then(|details| details.get(name)).into_iter();
        lines.flat_map(|text| text.lines().map(ToOwned::to_owned)).collect()
    };
    let line = |name: &str, value: &str| format!("{name}. {TTL_SECS} IN CNAME {value}.");
    let proofs = lines(changelog.details(certificate::ID), certificate::RECORDS_DETAIL);
    let mut records: Vec<String> = proofs
        .iter()
        .filter_map(|proof| proof.split_once(' '))
        .map(|(name, value)| line(name, value))
        .collect();
    let host = changelog.details(cdn::ID).and_then(|details| details.get("domain"));
    for domain in lines(changelog.details(dns::ID), dns::ELSEWHERE_DETAIL) {
        let Some(host) = host else { break };
        // A zone cannot be another name as a whole (RFC 1912, section 2.4).
        if domain.matches('.').count() == 1 {
            records.push(format!(
                "; {domain}. is the top of its zone, where no CNAME can be: make your DNS \
                 provider's ALIAS or ANAME record for {host}."
            ));
        } else {
            records.push(line(&domain, host));
        }
    }
    records
}

/// The address under which the variants' folders are served, without a final slash: the CDN's, or
/// the bucket's own where everybody may read the variants there. `None`: nowhere. `details` are what
/// is known of the CDN, if there is one by now.
pub(crate) fn base_url(config: &Config, aws: &Aws, details: Option<&Details>) -> Option<String> {
    if config.cdn.enabled {
        let details = details?;
        let domain = details.get("domain")?;
        let own = details.get(cdn::OWN_DOMAIN_DETAIL).map(String::as_str);
        return Some(aws.endpoints.served_at(own, domain));
    }
    (config.bucket.access == Access::PublicAcl)
        .then(|| aws.endpoints.bucket_url(&config.bucket.name, &aws.region, aws.dns_suffix()))
}
