//! Route 53: the public zone that a domain is in, and the records of a name there.

use std::collections::BTreeMap;
use std::iter;

use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, HostedZone, ResourceRecord, ResourceRecordSet, RrType,
};

use super::call::{Cause, Unusable};
use super::{Aws, AwsError, Calling};

/// The most that Route 53 lists at once.
const ZONES_MAX: i32 = 100;
const SETS_MAX: i32 = 300;

/// How Route 53 writes the star of a wildcard (Amazon Route 53 Developer Guide, "DNS domain name
/// format").
const STAR: &str = "\\052";

/// The setting of the file that chooses a zone.
const SETTING: &str = "hosted_zone";

/// A public zone of this account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Zone {
    pub(crate) id: String,
    pub(crate) name: String,
}

impl From<&HostedZone> for Zone {
    fn from(found: &HostedZone) -> Self {
        let id = found.id().rsplit('/').next().unwrap_or_default();
        Self { id: id.to_owned(), name: bare(found.name()) }
    }
}

/// A name as this program writes it: no dot at the end, and a star that is one.
pub(crate) fn bare(name: &str) -> String {
    name.trim_end_matches('.').replace(STAR, "*").to_lowercase()
}

/// The zone of each domain: the one that the file chose, by its name or identifier, or else the one
/// with the longest name. A domain without a public zone in this account is not in the answer.
pub(crate) async fn of_domains(
    aws: &Aws,
    domains: &[String],
    chosen: Option<&str>,
) -> Result<BTreeMap<String, Zone>, AwsError> {
    if let Some(chosen) = chosen.filter(|_| !domains.is_empty()) {
        let zone = chosen_zone(aws, chosen).await?;
        let stray = domains.iter().find(|domain| !is_inside(domain, &zone.name));
        return match stray {
            Some(domain) => Err(unusable(
                format!("{domain} is not in the zone {} ({})", zone.name, zone.id),
                "set `hosted_zone` under `[cdn]` to a zone that holds every one of `domains`",
            )),
            None => Ok(domains.iter().map(|domain| (domain.clone(), zone.clone())).collect()),
        };
    }
    let mut known: BTreeMap<&str, Option<Zone>> = BTreeMap::new();
    let mut zones = BTreeMap::new();
    for domain in domains {
        for name in suffixes(domain) {
            if !known.contains_key(name) {
                known.insert(name, named(aws, name).await?);
            }
            if let Some(Some(zone)) = known.get(name) {
                zones.insert(domain.clone(), zone.clone());
                break;
            }
        }
    }
    Ok(zones)
}

/// The names that a domain's zone can have, the longest first.
fn suffixes(domain: &str) -> impl Iterator<Item = &str> {
    let first = domain.strip_prefix("*.").unwrap_or(domain);
    let all = iter::successors(Some(first), |name| Some(name.split_once('.')?.1));
    all.filter(|name| name.contains('.'))
}

fn is_inside(domain: &str, zone: &str) -> bool {
    suffixes(domain).any(|name| name == zone)
}

async fn chosen_zone(aws: &Aws, chosen: &str) -> Result<Zone, AwsError> {
    let found = if chosen.contains('.') {
        named(aws, chosen).await?
    } else {
        const CALL: &str = "route53:GetHostedZone";
        let get = aws.route53.get_hosted_zone().id(chosen).send().await.found(CALL)?;
        get.and_then(|answer| answer.hosted_zone).filter(is_public).as_ref().map(Zone::from)
    };
    found.ok_or_else(|| {
        unusable(
            format!("this account has no public zone `{chosen}`"),
            "correct `hosted_zone` under `[cdn]`, or remove it if the zone is somewhere else: \
             `imgprep up` then prints the records to make there",
        )
    })
}

/// The public zone of this name.
async fn named(aws: &Aws, name: &str) -> Result<Option<Zone>, AwsError> {
    let list = aws.route53.list_hosted_zones_by_name().dns_name(name).max_items(ZONES_MAX);
    let page = list.send().await.calling("route53:ListHostedZonesByName")?;
    let all = page.hosted_zones.iter().filter(|zone| bare(zone.name()) == name && is_public(zone));
    let mut all: Vec<Zone> = all.map(Zone::from).collect();
    if all.len() > 1 {
        let ids: Vec<&str> = all.iter().map(|zone| zone.id.as_str()).collect();
        return Err(unusable(
            format!("{} public zones are called {name}: {}", ids.len(), ids.join(", ")),
            "set `hosted_zone` under `[cdn]` to the identifier of the one that your registrar \
             delegates to",
        ));
    }
    Ok(all.pop())
}

/// What is answered within a private network is no proof to ACM, and no address for browsers.
fn is_public(zone: &HostedZone) -> bool {
    !zone.config().is_some_and(aws_sdk_route53::types::HostedZoneConfig::private_zone)
}

fn unusable(why: String, hint: &str) -> AwsError {
    let cause = Cause::Unusable(Unusable { setting: SETTING, why, hint: hint.to_owned() });
    AwsError { call: "route53:ListHostedZonesByName", cause }
}

/// The records of a name, of every type.
pub(crate) async fn sets(
    aws: &Aws,
    zone: &Zone,
    name: &str,
) -> Result<Vec<ResourceRecordSet>, AwsError> {
    let list = aws.route53.list_resource_record_sets().hosted_zone_id(&zone.id);
    let list = list.start_record_name(name).max_items(SETS_MAX).send().await;
    let page = list.found("route53:ListResourceRecordSets")?;
    let sets = page.map(|page| page.resource_record_sets).unwrap_or_default();
    Ok(sets.into_iter().filter(|set| bare(set.name()) == name).collect())
}

/// Makes all of these changes in a zone, or none of them.
pub(crate) async fn change(
    aws: &Aws,
    zone: &Zone,
    changes: Vec<(ChangeAction, ResourceRecordSet)>,
) -> Result<(), AwsError> {
    const CALL: &str = "route53:ChangeResourceRecordSets";
    if changes.is_empty() {
        return Ok(());
    }
    let changes = changes.into_iter().map(|(action, set)| {
        Change::builder().action(action).resource_record_set(set).build().map_err(invalid)
    });
    let changes: Vec<Change> = changes.collect::<Result<_, _>>()?;
    let batch = ChangeBatch::builder().set_changes(Some(changes)).build().map_err(invalid)?;
    let put = aws.route53.change_resource_record_sets().hosted_zone_id(&zone.id);
    put.change_batch(batch).send().await.found(CALL).map(drop)
}

/// Whether a zone is busy, or was changed by somebody else after it was read.
pub(crate) fn is_overtaken(error: &AwsError) -> bool {
    matches!(error.code(), "InvalidChangeBatch" | "PriorRequestNotComplete")
}

/// A record that says that a name is another one.
pub(crate) fn cname(name: &str, value: &str, seconds: i64) -> Result<ResourceRecordSet, AwsError> {
    let record = ResourceRecord::builder().value(value).build().map_err(invalid)?;
    let set = ResourceRecordSet::builder().name(name).r#type(RrType::Cname).ttl(seconds);
    set.resource_records(record).build().map_err(invalid)
}

pub(crate) fn invalid(error: impl std::fmt::Display) -> AwsError {
    AwsError::request("route53:ChangeResourceRecordSets", error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_has_a_name_that_the_domain_ends_in() {
        let names = |domain| suffixes(domain).collect::<Vec<_>>();
        assert_eq!(
            names("a.img.example.com"),
            ["a.img.example.com", "img.example.com", "example.com"]
        );
        assert_eq!(names("*.example.com"), ["example.com"]);
        assert_eq!(names("example.com"), ["example.com"]);
        assert!(is_inside("img.example.com", "example.com"));
        assert!(!is_inside("img.example.com", "ample.com"));
    }

    #[test]
    fn a_name_is_told_in_one_spelling() {
        assert_eq!(bare("\\052.Example.com."), "*.example.com");
    }
}
