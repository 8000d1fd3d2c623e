//! The records that lead from the domains of the file to the distribution: an alias for IPv4 and one
//! for IPv6 in the zone of each.
//!
//! Records take no tags: ours is what leads to the stack's own distribution, and whatever else stands
//! at a domain is somebody else's. The distribution must have the domain before anybody is led there,
//! so that records wait for the certificate. A domain without a zone in this account is left to
//! people, who are shown the record to make.

mod export;
mod permissions;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_route53::types::{AliasTarget, ChangeAction, ResourceRecordSet, RrType};
use futures_util::try_join;

use super::own_domain::{self, Standing};
use super::{Blueprint, Member, Trace, certificate};
use crate::aws::wait::{Probe, retry_while, wait_until};
use crate::aws::zones::{self, Zone, bare, is_overtaken};
use crate::aws::{Aws, AwsError, cloudfront};
use crate::engine::edits::Edits;
use crate::engine::fields::{Keyed, Unwanted};
use crate::engine::resource::{
    Context, Details, Erased, Id, Kind, NOTE, Observed, Owner, Removal, Resource,
};
use crate::names::Names;
use crate::permissions::Row;

pub(crate) const ID: Id = Id(&Kind::new("dns", "AWS::Route53::RecordSet"));

/// The detail with the domains whose records are to be made elsewhere, a line each.
pub(crate) const ELSEWHERE_DETAIL: &str = "elsewhere";

/// The zone of every distribution (Amazon Route 53 API Reference, `AliasTarget`).
pub(super) const CLOUDFRONT_ZONE: &str = "Z2FDTNDATAQYW2";

/// What stands for the stack's distribution.
const THIS: &str = super::cdn::THIS;

/// How long CloudFront may take to list what it made.
const LISTED_SECS_MAX: u64 = 60;
/// How long other writers of a zone may be in the way.
const CONTENTION_SECS_MAX: u64 = 60;

fields! {
    pub(crate) struct Fields {
        /// Where each domain leads, by the domain.
        aliases: Keyed<Alias>,
        /// Other records of a domain, which leave no room for ours.
        others: Unwanted<Vec<String>>,
    }
}

fields! {
    pub(crate) struct Alias {
        ipv4: Option<String>,
        ipv6: Option<String>,
    }
}

impl Alias {
    fn wanted() -> Self {
        Self { ipv4: Some(THIS.to_owned()), ipv6: Some(THIS.to_owned()) }
    }
}

/// Whose domains these are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The file's.
    Wanted,
    /// The file's, which are to go.
    Going,
    /// They were in the file once.
    Former,
}

pub(crate) struct Dns {
    names: Arc<Names>,
    /// The domains as the certificate's tag has them.
    label: String,
    /// The domains of the file.
    domains: Vec<String>,
    hosted_zone: Option<String>,
    whose: Whose,
}

/// The domains with a zone, each with what stands there.
type Found = BTreeMap<String, (Zone, Vec<ResourceRecordSet>)>;

impl Dns {
    /// The domains that it is about. Of former ones only the certificate knows.
    async fn domains(&self, aws: &Aws) -> Result<Vec<String>, AwsError> {
        if self.whose != Whose::Former {
            return Ok(self.domains.clone());
        }
        let certificate = own_domain::find(aws, &self.names, &self.label).await?;
        let domains = certificate.map(|found| found.domains).unwrap_or_default().into_iter();
        Ok(domains.filter(|domain| !self.domains.contains(domain)).collect())
    }

    async fn records(&self, aws: &Aws) -> Result<Found, AwsError> {
        let domains = self.domains(aws).await?;
        let mut found = Found::new();
        for (domain, zone) in zones::of_domains(aws, &domains, self.hosted_zone.as_deref()).await? {
            let sets = zones::sets(aws, &zone, &domain).await?;
            let leads = sets.into_iter().filter(leads_somewhere).collect();
            found.insert(domain, (zone, leads));
        }
        Ok(found)
    }

    /// The host of the stack's distribution.
    async fn host(&self, aws: &Aws) -> Result<Option<String>, AwsError> {
        let found = cloudfront::distribution(aws, &self.names.cdn).await?;
        Ok(found.map(|found| bare(&found.domain_name)))
    }

    /// As `host`, once CloudFront lists the distribution.
    async fn listed_host(&self, context: &Context<'_>) -> Result<String, AwsError> {
        const CALL: &str = "cloudfront:ListDistributions";
        let wait = context.wait(CALL, "CloudFront to list the distribution", LISTED_SECS_MAX);
        wait_until(&wait, || async {
            let host = self.host(context.aws).await?;
            Ok(host.map_or_else(|| Probe::Pending("it is not listed yet".to_owned()), Probe::Done))
        })
        .await
    }

    /// How far ACM is with the certificate that the distribution serves the domains with.
    async fn standing(&self, aws: &Aws) -> Result<Option<Standing>, AwsError> {
        if self.whose != Whose::Wanted {
            return Ok(None);
        }
        let certificate = own_domain::find(aws, &self.names, &self.label).await?;
        Ok(certificate.map(|found| found.standing))
    }

    fn elsewhere(&self, found: &Found) -> Vec<String> {
        self.domains.iter().filter(|domain| !found.contains_key(*domain)).cloned().collect()
    }

    fn details(&self, found: &Found) -> Details {
        let elsewhere = self.elsewhere(found);
        let told = (!elsewhere.is_empty()).then(|| (ELSEWHERE_DETAIL, elsewhere.join("\n")));
        told.into_iter().collect()
    }

    /// Leads every domain to the distribution. What else leads away goes only where it is `adopted`.
    async fn put(&self, context: &Context<'_>, adopted: bool) -> Result<Details, AwsError> {
        const CALL: &str = "route53:ChangeResourceRecordSets";
        if self.standing(context.aws).await? != Some(Standing::Issued) {
            let mut details = self.details(&self.records(context.aws).await?);
            details.insert(NOTE, WAITING.to_owned());
            return Ok(details);
        }
        let host = self.listed_host(context).await?;
        let wait = context.wait(CALL, "another change of the zone", CONTENTION_SECS_MAX);
        retry_while(&wait, is_overtaken, || async {
            let found = self.records(context.aws).await?;
            let mut changes: BTreeMap<&Zone, Vec<_>> = BTreeMap::new();
            for (domain, (zone, sets)) in &found {
                let in_the_way = sets.iter().find(|set| !is_ours(set, &host));
                if let (Some(other), false) = (in_the_way, adopted) {
                    return Err(AwsError::request(CALL, in_the_way_of(domain, other)));
                }
                changes.entry(zone).or_default().extend(leading(domain, sets, &host)?);
            }
            for (zone, changes) in changes {
                zones::change(context.aws, zone, changes).await?;
            }
            Ok(self.details(&found))
        })
        .await
    }
}

/// Why records are not there yet.
const WAITING: &str = "waits until the CDN serves the domains";

/// The changes that lead a domain to the host of the distribution, and nowhere else.
fn leading(
    domain: &str,
    sets: &[ResourceRecordSet],
    host: &str,
) -> Result<Vec<(ChangeAction, ResourceRecordSet)>, AwsError> {
    let mut changes = Vec::new();
    for set in sets.iter().filter(|set| !is_as_wanted(set, host)) {
        changes.push((ChangeAction::Delete, set.clone()));
    }
    for kind in [RrType::A, RrType::Aaaa] {
        if !sets.iter().any(|set| *set.r#type() == kind && is_as_wanted(set, host)) {
            changes.push((ChangeAction::Create, alias(domain, kind, host)?));
        }
    }
    Ok(changes)
}

fn alias(domain: &str, kind: RrType, host: &str) -> Result<ResourceRecordSet, AwsError> {
    let target = AliasTarget::builder().hosted_zone_id(CLOUDFRONT_ZONE).dns_name(host);
    let target = target.evaluate_target_health(false).build().map_err(zones::invalid)?;
    let set = ResourceRecordSet::builder().name(domain).r#type(kind).alias_target(target);
    set.build().map_err(zones::invalid)
}

/// Whether it decides where browsers are led.
fn leads_somewhere(set: &ResourceRecordSet) -> bool {
    matches!(set.r#type(), RrType::A | RrType::Aaaa | RrType::Cname)
}

/// Whether it leads to this host, whatever is wrong with it beside that.
fn is_ours(set: &ResourceRecordSet, host: &str) -> bool {
    target(set) == host
}

fn is_as_wanted(set: &ResourceRecordSet, host: &str) -> bool {
    let is_plain =
        |target: &AliasTarget| bare(target.dns_name()) == host && !target.evaluate_target_health();
    *set.r#type() != RrType::Cname
        && set.set_identifier().is_none()
        && set.alias_target().is_some_and(is_plain)
}

/// Where it leads.
fn target(set: &ResourceRecordSet) -> String {
    if let Some(target) = set.alias_target() {
        return bare(target.dns_name());
    }
    let values = set.resource_records().iter().map(|record| bare(record.value()));
    values.collect::<Vec<_>>().join(", ")
}

fn in_the_way_of(domain: &str, set: &ResourceRecordSet) -> String {
    format!("{domain} has a record {} that leads to {}", set.r#type().as_str(), target(set))
}

/// What stands at a domain, as fields: our host by its word.
fn observed(sets: &[ResourceRecordSet], host: &str) -> Alias {
    let value = |kind: &RrType| {
        let set = sets.iter().find(|set| set.r#type() == kind)?;
        Some(match target(set) {
            _ if is_as_wanted(set, host) => THIS.to_owned(),
            other if other == host => format!("{THIS}, in another way"),
            other => other,
        })
    };
    Alias { ipv4: value(&RrType::A), ipv6: value(&RrType::Aaaa) }
}

/// The records of these domains that leave no room for an alias, if there are any.
fn cnames(found: &Found) -> Option<Vec<String>> {
    let all = found.iter().flat_map(|(domain, (_, sets))| sets.iter().map(move |it| (domain, it)));
    let cnames = all.filter(|(_, set)| *set.r#type() == RrType::Cname);
    let cnames: Vec<String> =
        cnames.map(|(domain, set)| format!("{domain} CNAME {}", target(set))).collect();
    (!cnames.is_empty()).then_some(cnames)
}

#[async_trait]
impl Resource for Dns {
    type Fields = Fields;

    const ID: Id = ID;

    fn name(&self) -> String {
        self.label.replace('_', "*").replace(' ', ", ")
    }

    fn arn(&self) -> Option<String> {
        None
    }

    fn fields(&self) -> Fields {
        let aliases = self.domains.iter().map(|domain| (domain.clone(), Alias::wanted()));
        Fields { aliases: Keyed(aliases.collect()), others: Unwanted(None) }
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed<Fields>>, AwsError> {
        let read = async { try_join!(self.records(aws), self.host(aws), self.standing(aws)) };
        let (found, host, standing) = match read.await {
            Err(error) if self.whose == Whose::Former && is_unknowable(&error) => return Ok(None),
            other => other?,
        };
        let host = host.unwrap_or_default();
        let all =
            found.iter().flat_map(|(domain, (_, sets))| sets.iter().map(move |it| (domain, it)));
        let (ours, others): (Vec<_>, Vec<_>) = all.partition(|(_, set)| is_ours(set, &host));
        if self.whose != Whose::Wanted {
            let is_there = !ours.is_empty();
            return Ok(is_there.then(|| Observed::new(Fields::default(), Owner::Ours)));
        }
        let is_waiting = standing == Some(Standing::Waiting) && others.is_empty();
        if ours.is_empty() && others.is_empty() && !found.is_empty() && !is_waiting {
            return Ok(None);
        }
        let mut aliases: BTreeMap<String, Alias> = found
            .iter()
            .map(|(domain, (_, sets))| (domain.clone(), observed(sets, &host)))
            .collect();
        // What is not to be made here, or not now, is taken for made.
        let left = self.domains.iter().filter(|it| is_waiting || !found.contains_key(*it));
        aliases.extend(left.map(|domain| (domain.clone(), Alias::wanted())));
        let in_the_way = others.iter().map(|(domain, set)| in_the_way_of(domain, set));
        let owner = match in_the_way.reduce(|all, one| format!("{all}; {one}")) {
            Some(why) => Owner::Foreign(why),
            None => Owner::Ours,
        };
        let fields = Fields { aliases: Keyed(aliases), others: Unwanted(cnames(&found)) };
        let note = (is_waiting && !found.is_empty()).then(|| WAITING.to_owned());
        let details = self.details(&found);
        Ok(Some(Observed { note, details, ..Observed::new(fields, owner) }))
    }

    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError> {
        self.put(context, false).await
    }

    async fn update(
        &self,
        context: &Context<'_>,
        observed: &Observed,
        edits: &Edits<Fields>,
    ) -> Result<Details, AwsError> {
        edits.whole();
        self.put(context, matches!(observed.owner, Owner::Foreign(_))).await
    }

    async fn delete(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
    ) -> Result<Removal, AwsError> {
        const CALL: &str = "route53:ChangeResourceRecordSets";
        let Some(host) = self.host(context.aws).await? else { return Ok(Removal::Gone) };
        let wait = context.wait(CALL, "another change of the zone", CONTENTION_SECS_MAX);
        retry_while(&wait, is_overtaken, || async {
            let mut changes: BTreeMap<Zone, Vec<_>> = BTreeMap::new();
            for (zone, sets) in self.records(context.aws).await?.into_values() {
                let ours = sets.into_iter().filter(|set| is_ours(set, &host));
                let ours = ours.map(|set| (ChangeAction::Delete, set));
                changes.entry(zone).or_default().extend(ours);
            }
            for (zone, changes) in changes {
                zones::change(context.aws, &zone, changes).await?;
            }
            Ok(())
        })
        .await?;
        Ok(Removal::Gone)
    }
}

/// Whether nothing can be known of what left the file: that is no reason to stop.
fn is_unknowable(error: &AwsError) -> bool {
    error.is_denied() || matches!(error.cause, crate::aws::call::Cause::Unusable(_))
}

impl Member for Dns {
    const PERMISSIONS: &'static [Row] = permissions::ROWS;

    const TRACES: &'static [Trace] = &[Trace::Beside(certificate::ID)];

    fn wanted(blueprint: &Blueprint<'_>) -> Option<Self> {
        let cdn = &blueprint.config.cdn;
        Some(Self {
            names: blueprint.names(),
            label: blueprint.names.own_domains.clone()?,
            domains: cdn.own_domains().to_vec(),
            hosted_zone: cdn.hosted_zone.clone(),
            whose: if blueprint.is_to_go() { Whose::Going } else { Whose::Wanted },
        })
    }

    /// Of the domains that were in the file once, those that are in it still are the file's.
    fn left(blueprint: &Blueprint<'_>, label: &str) -> Erased {
        let cdn = &blueprint.config.cdn;
        let kept = if cdn.enabled { cdn.domains.clone() } else { Vec::new() };
        Box::new(Self {
            names: blueprint.names(),
            label: label.to_owned(),
            domains: kept,
            hosted_zone: None,
            whose: Whose::Former,
        })
    }
}
