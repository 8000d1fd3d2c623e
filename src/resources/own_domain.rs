//! The certificate that ACM makes for a stack's own domains, as far as those know of it who need it:
//! `certificate` itself, `cdn`, which serves with it, and `dns`, which waits for it.
//!
//! ACM numbers certificates itself. Ours is found by its tags, and where the index of tags does not
//! show it (it lags, and not every emulator has one for ACM), as the one that the stack's distribution
//! has.

use aws_sdk_acm::types::{CertificateDetail, CertificateStatus};
use aws_sdk_resourcegroupstagging::types::TagFilter;
use futures_util::future::try_join_all;
use futures_util::try_join;

use crate::aws::zones::bare;
use crate::aws::{Aws, AwsError, Calling, cloudfront};
use crate::engine::fields::Tags;
use crate::engine::resource::{Owner, STACK_TAG};
use crate::names::{DOMAINS_TAG, Names, REGION_TAG, tags};

/// How the tagging API and ARNs call a certificate.
pub(crate) const RESOURCE_TYPE: &str = "acm:certificate";

/// A certificate of the stack.
#[derive(Clone, Debug)]
pub(super) struct Certificate {
    pub(super) arn: String,
    pub(super) tags: Tags,
    pub(super) domains: Vec<String>,
    pub(super) standing: Standing,
    /// The records by which ACM is shown that the domains are the account's; ACM needs some seconds
    /// to name them.
    pub(super) proofs: Vec<Proof>,
}

/// How far ACM is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    Issued,
    Waiting,
    /// It will never be issued, or is no longer good; the text says why and what to do.
    Unusable(String),
}

/// A CNAME record that ACM looks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Proof {
    pub(super) domain: String,
    pub(super) name: String,
    pub(super) value: String,
}

impl Certificate {
    /// Whether a browser takes it for this host.
    pub(super) fn covers(&self, host: &str) -> bool {
        let parent = host.split_once('.').map(|(_, parent)| format!("*.{parent}"));
        self.domains.iter().any(|domain| domain == host || Some(domain) == parent.as_ref())
    }
}

/// The certificate of the stack for the domains of this label; of several, the most useful one.
pub(super) async fn find(
    aws: &Aws,
    names: &Names,
    label: &str,
) -> Result<Option<Certificate>, AwsError> {
    let all = all(aws, names, label).await?;
    Ok(all.into_iter().min_by(|one, other| one.standing.cmp(&other.standing)))
}

/// Every certificate of the stack for the domains of this label.
pub(super) async fn all(
    aws: &Aws,
    names: &Names,
    label: &str,
) -> Result<Vec<Certificate>, AwsError> {
    let mut arns = tagged(aws, names, label).await?;
    arns.extend(aws.made_certificates.lock().await.get(label).cloned());
    if arns.is_empty() {
        let distribution = cloudfront::distribution(aws, &names.cdn).await?;
        let certificate = distribution.and_then(|found| found.viewer_certificate);
        arns.extend(certificate.and_then(|it| it.acm_certificate_arn));
    }
    arns.sort();
    arns.dedup();
    let found = try_join_all(arns.iter().map(|arn| read(aws, arn))).await?;
    let is_ours = |found: &Certificate| {
        let owner = names.iam_owner(&found.tags);
        matches!(owner, Owner::Ours | Owner::Adopted)
            && found.tags.get(DOMAINS_TAG).is_some_and(|it| it == label)
    };
    Ok(found.into_iter().flatten().filter(is_ours).collect())
}

async fn tagged(aws: &Aws, names: &Names, label: &str) -> Result<Vec<String>, AwsError> {
    let filter = |key: &str, value: &str| TagFilter::builder().key(key).values(value).build();
    let get = aws.tagging_in_us_east_1.get_resources().resource_type_filters(RESOURCE_TYPE);
    let get = get.tag_filters(filter(STACK_TAG, &names.stack));
    let get = get.tag_filters(filter(REGION_TAG, &names.region));
    let get = get.tag_filters(filter(DOMAINS_TAG, label)).send().await;
    let found = get.calling("tag:GetResources")?.resource_tag_mapping_list.unwrap_or_default();
    let arns = found.into_iter().filter_map(|mapping| mapping.resource_arn);
    Ok(arns.filter(|arn| arn.contains(":certificate/")).collect())
}

/// A certificate by its ARN; `None` if it is gone.
pub(super) async fn read(aws: &Aws, arn: &str) -> Result<Option<Certificate>, AwsError> {
    let tags = read_tags(aws, arn);
    let detail = async {
        let describe = aws.acm.describe_certificate().certificate_arn(arn).send().await;
        describe.found("acm:DescribeCertificate")
    };
    let (detail, tags) = try_join!(detail, tags)?;
    let detail = detail.and_then(|answer| answer.certificate);
    let (Some(detail), Some(tags)) = (detail, tags) else { return Ok(None) };
    Ok(Some(Certificate {
        arn: arn.to_owned(),
        tags,
        domains: detail.subject_alternative_names().to_vec(),
        standing: standing(&detail),
        proofs: proofs(&detail),
    }))
}

/// The tags of a certificate; `None` if it is gone.
pub(super) async fn read_tags(aws: &Aws, arn: &str) -> Result<Option<Tags>, AwsError> {
    let list = aws.acm.list_tags_for_certificate().certificate_arn(arn).send().await;
    let found = list.found("acm:ListTagsForCertificate")?;
    Ok(found.map(|found| {
        let all = found.tags.unwrap_or_default().into_iter();
        tags(all.map(|tag| (tag.key, tag.value.unwrap_or_default())))
    }))
}

fn proofs(detail: &CertificateDetail) -> Vec<Proof> {
    let all = detail.domain_validation_options().iter().filter_map(|option| {
        let record = option.resource_record()?;
        Some(Proof {
            domain: option.domain_name().to_owned(),
            name: bare(record.name()),
            value: bare(record.value()),
        })
    });
    all.collect()
}

fn standing(detail: &CertificateDetail) -> Standing {
    let why = match detail.status() {
        Some(CertificateStatus::Issued) => return Standing::Issued,
        Some(CertificateStatus::Failed) => {
            let reason = detail.failure_reason().map_or("no reason", |reason| reason.as_str());
            refusal(reason)
        }
        Some(CertificateStatus::ValidationTimedOut) => {
            "ACM did not find its validation records within 72 hours (VALIDATION_TIMED_OUT): make \
             them, then run `imgprep up`, which requests another certificate"
                .to_owned()
        }
        Some(
            other @ (CertificateStatus::Expired
            | CertificateStatus::Inactive
            | CertificateStatus::Revoked),
        ) => {
            format!(
                "it is {}: run `imgprep up`, which requests another certificate",
                other.as_str()
            )
        }
        _ => return Standing::Waiting,
    };
    Standing::Unusable(why)
}

/// Why ACM refuses, and what to do (AWS Certificate Manager User Guide, "Certificate request fails").
fn refusal(reason: &str) -> String {
    let what = match reason {
        "CAA_ERROR" => {
            "a CAA record of the domain, or of one above it, does not let Amazon issue \
             certificates: add a CAA record `0 issue \"amazon.com\"` beside it"
        }
        "ADDITIONAL_VERIFICATION_REQUIRED" => {
            "AWS wants to check the domain itself: open a case with AWS Support"
        }
        "DOMAIN_NOT_ALLOWED" => {
            "the domain is on a list of suspicious ones: ask the list that \
             https://www.virustotal.com/ names to take it off"
        }
        "INVALID_PUBLIC_DOMAIN" => "the domain is not one of the public DNS: correct `domains`",
        _ => "see the certificate in ACM's console, in us-east-1",
    };
    format!("ACM refused it ({reason}): {what}; then run `imgprep up`, which requests another")
}

#[cfg(test)]
mod tests {
    use aws_sdk_acm::types::FailureReason;

    use super::*;

    fn detail(status: CertificateStatus) -> CertificateDetail {
        CertificateDetail::builder().status(status).failure_reason(FailureReason::CaaError).build()
    }

    #[test]
    fn what_acm_refused_says_why_and_what_to_do() {
        assert_eq!(standing(&detail(CertificateStatus::Issued)), Standing::Issued);
        assert_eq!(standing(&detail(CertificateStatus::PendingValidation)), Standing::Waiting);
        let Standing::Unusable(why) = standing(&detail(CertificateStatus::Failed)) else {
            panic!()
        };
        assert!(why.starts_with("ACM refused it (CAA_ERROR): a CAA record of the domain"), "{why}");
        assert!(why.contains("add a CAA record `0 issue \"amazon.com\"`"), "{why}");
        for status in [CertificateStatus::ValidationTimedOut, CertificateStatus::Expired] {
            let Standing::Unusable(why) = standing(&detail(status.clone())) else { panic!() };
            assert!(why.contains(status.as_str()), "{why}");
            assert!(why.contains("run `imgprep up`, which requests another certificate"), "{why}");
        }
    }

    #[test]
    fn a_wildcard_covers_one_label() {
        let certificate = Certificate {
            arn: String::new(),
            tags: Tags::new(),
            domains: vec!["example.com".to_owned(), "*.img.example.com".to_owned()],
            standing: Standing::Issued,
            proofs: Vec::new(),
        };
        let covered = ["example.com", "a.img.example.com", "*.img.example.com"];
        assert!(covered.iter().all(|host| certificate.covers(host)));
        let others = ["img.example.com", "a.b.img.example.com", "www.example.com"];
        assert!(!others.iter().any(|host| certificate.covers(host)));
    }
}
