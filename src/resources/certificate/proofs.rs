//! The records that prove to ACM whose the domains are: found, made, and removed where no other
//! certificate needs them.
//!
//! ACM gives every certificate of a domain in one account the same record, and a wildcard that of the
//! domain below it, so that a record that is there already is as good as one of ours.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_acm::types::{CertificateSummary, Filters, KeyAlgorithm};
use aws_sdk_route53::types::{ChangeAction, ResourceRecordSet, RrType};

use super::Found;
use crate::aws::wait::retry_while;
use crate::aws::zones::{self, Zone, bare, cname, is_overtaken};
use crate::aws::{Aws, AwsError, Calling};
use crate::engine::resource::Context;
use crate::resources::own_domain::Proof;

/// The zone of each domain that has one in this account.
pub(super) type Zones = BTreeMap<String, Zone>;

/// How long others may hold what ACM looks for.
pub(super) const TTL_SECS: i64 = 300;
/// How long other writers of a zone may be in the way.
const CONTENTION_SECS_MAX: u64 = 60;

/// Whether the record of each domain is there. That of a domain without a zone is somebody else's to
/// make.
pub(super) async fn in_place(
    aws: &Aws,
    found: &Found,
    zones: &Zones,
) -> Result<BTreeMap<String, bool>, AwsError> {
    let mut in_place = BTreeMap::new();
    let mut known: BTreeMap<&Proof, bool> = BTreeMap::new();
    for domain in &found.domains {
        let proof = found.proofs.iter().find(|proof| proof.domain == *domain);
        let is_there = match (zones.get(domain), proof) {
            (None, _) => true,
            (Some(_), None) => continue,
            (Some(zone), Some(proof)) => {
                let same = known.iter().find(|(known, _)| known.name == proof.name);
                let is_there = match same {
                    Some((_, is_there)) => *is_there,
                    None => has(&zones::sets(aws, zone, &proof.name).await?, proof),
                };
                known.insert(proof, is_there);
                is_there
            }
        };
        if is_there {
            in_place.insert(domain.clone(), true);
        }
    }
    Ok(in_place)
}

/// The records of domains without a zone here, as name and value.
pub(super) fn elsewhere(found: &Found, zones: &Zones) -> Vec<String> {
    let others = found.proofs.iter().filter(|proof| !zones.contains_key(&proof.domain));
    let lines: BTreeSet<String> =
        others.map(|proof| format!("{} {}", proof.name, proof.value)).collect();
    lines.into_iter().collect()
}

/// Makes the records that are not there.
pub(super) async fn put(
    context: &Context<'_>,
    proofs: &[Proof],
    zones: &Zones,
) -> Result<(), AwsError> {
    for (zone, proofs) in by_zone(proofs, zones) {
        in_turn(context, || async {
            let mut changes = Vec::new();
            for proof in &proofs {
                if !has(&zones::sets(context.aws, zone, &proof.name).await?, proof) {
                    let record = cname(&proof.name, &proof.value, TTL_SECS)?;
                    changes.push((ChangeAction::Upsert, record));
                }
            }
            zones::change(context.aws, zone, changes).await
        })
        .await?;
    }
    Ok(())
}

/// Removes the records of a certificate that no certificate but `leaving` needs.
pub(super) async fn remove(
    context: &Context<'_>,
    found: &Found,
    leaving: &[Found],
    zones: &Zones,
) -> Result<(), AwsError> {
    if zones.is_empty() {
        return Ok(());
    }
    let needed = Needed::by_others(context.aws, leaving).await?;
    let proofs = found.proofs.iter().filter(|proof| !needed.holds(proof));
    let proofs: Vec<Proof> = proofs.cloned().collect();
    for (zone, proofs) in by_zone(&proofs, zones) {
        in_turn(context, || async {
            let mut changes = Vec::new();
            for proof in &proofs {
                let sets = zones::sets(context.aws, zone, &proof.name).await?;
                let ours = sets.into_iter().filter(|set| is_proof(set, proof));
                changes.extend(ours.map(|set| (ChangeAction::Delete, set)));
            }
            zones::change(context.aws, zone, changes).await
        })
        .await?;
    }
    Ok(())
}

/// The domains that other certificates of the account are for.
struct Needed {
    domains: BTreeSet<String>,
    /// Some have more names than ACM lists.
    are_more: bool,
}

impl Needed {
    /// There is no way to ask for the certificates of one domain, and all are listed only where one is
    /// deleted.
    async fn by_others(aws: &Aws, leaving: &[Found]) -> Result<Self, AwsError> {
        let mut needed = Self { domains: BTreeSet::new(), are_more: false };
        let mut token = None;
        loop {
            // Without a filter only those with the usual keys are listed.
            let keys = KeyAlgorithm::values().iter().map(|name| KeyAlgorithm::from(*name));
            let filter = Filters::builder().set_key_types(Some(keys.collect())).build();
            let list = aws.acm.list_certificates().includes(filter).set_next_token(token);
            let page = list.send().await.calling("acm:ListCertificates")?;
            let is_other = |it: &&CertificateSummary| {
                !leaving.iter().any(|found| Some(found.arn.as_str()) == it.certificate_arn())
            };
            for other in page.certificate_summary_list().iter().filter(is_other) {
                let more = other.subject_alternative_name_summaries();
                let names = other.domain_name().into_iter().chain(more.iter().map(String::as_str));
                needed.domains.extend(names.map(|name| base(name).to_owned()));
                needed.are_more |=
                    other.has_additional_subject_alternative_names().unwrap_or_default();
            }
            token = page.next_token;
            if token.is_none() {
                return Ok(needed);
            }
        }
    }

    fn holds(&self, proof: &Proof) -> bool {
        self.are_more || self.domains.contains(base(&proof.domain))
    }
}

/// The domain whose record a wildcard shares.
fn base(domain: &str) -> &str {
    domain.strip_prefix("*.").unwrap_or(domain)
}

/// Every record once, by the zone that it belongs to.
fn by_zone<'z>(proofs: &[Proof], zones: &'z Zones) -> BTreeMap<&'z Zone, Vec<Proof>> {
    let mut sorted: BTreeMap<&Zone, Vec<Proof>> = BTreeMap::new();
    for proof in proofs {
        let Some(zone) = zones.get(&proof.domain) else { continue };
        let known = sorted.entry(zone).or_default();
        if !known.iter().any(|other| other.name == proof.name) {
            known.push(proof.clone());
        }
    }
    sorted
}

fn has(sets: &[ResourceRecordSet], proof: &Proof) -> bool {
    sets.iter().any(|set| is_proof(set, proof))
}

fn is_proof(set: &ResourceRecordSet, proof: &Proof) -> bool {
    let is_value = |value: &str| bare(value) == proof.value;
    *set.r#type() == RrType::Cname && set.resource_records().iter().any(|it| is_value(it.value()))
}

/// Reads a zone and changes it, again where somebody else changed it in between.
async fn in_turn<F>(context: &Context<'_>, work: impl FnMut() -> F) -> Result<(), AwsError>
where
    F: Future<Output = Result<(), AwsError>>,
{
    const CALL: &str = "route53:ChangeResourceRecordSets";
    let wait = context.wait(CALL, "another change of the zone", CONTENTION_SECS_MAX);
    retry_while(&wait, is_overtaken, work).await
}
