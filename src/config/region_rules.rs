//! What a region lacks that a stack may ask for.

use super::problem::Fault;

const INSTEAD: &str = "the application can serve the variants from the bucket instead";

/// How regions begin where there is no CDN, and why.
///
/// China: "Amazon CloudFront" in "Getting Started with Amazon Web Services in China", and "The
/// parameter `CachePolicyId` can't be set for this region" (aws-cdk, issue 13584). `GovCloud`: its
/// user guide sets CloudFront up in a standard account, which is in another partition than the
/// bucket and so cannot be let into a private one.
const WITHOUT_CDN: [(&str, &str); 7] = [
    (
        "cn-",
        "CloudFront in China serves only under domains with an ICP recordal, and accepts neither \
         ACM certificates nor managed cache policies",
    ),
    ("us-gov-", "AWS GovCloud (US) has no CloudFront of its own"),
    ("us-iso-", UNKNOWN),
    ("us-isob-", UNKNOWN),
    ("us-isof-", UNKNOWN),
    ("eu-isoe-", UNKNOWN),
    ("eusc-", UNKNOWN),
];
const UNKNOWN: &str = "it is unknown whether CloudFront works there as the CDN needs it";

/// Refuses the CDN where it could not serve.
pub(super) fn cdn(region: &str) -> Result<(), Fault> {
    why_without_cdn(region).map_or(Ok(()), |why| {
        let fault = Fault::new(format!("is not possible in `{region}`"));
        Err(fault.help(format!("{why}; {INSTEAD}")))
    })
}

pub(super) fn why_without_cdn(region: &str) -> Option<&'static str> {
    let found = WITHOUT_CDN.iter().find(|(prefix, _)| region.starts_with(prefix));
    found.map(|(_, why)| *why)
}
