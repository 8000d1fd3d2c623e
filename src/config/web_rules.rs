//! What browsers and CloudFront see: host names, the certificate, headers; and tags.

use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};

use super::name_rules::{characters, length};
use super::problem::Fault;

/// "Quotas" in the CloudFront developer guide: alternate domain names of one distribution.
pub(super) const DOMAINS_MAX: usize = 100;

/// What the first name of a certificate can hold (AWS Certificate Manager API Reference,
/// `RequestCertificate`).
pub(super) const FIRST_DOMAIN_CHARACTERS_MAX: usize = 64;

/// S3, SNS, SQS, IAM, Lambda and CloudFront take 50 tags each; ours need some of them.
pub(super) const TAGS_MAX: usize = 45;

/// More than any directive needs; S3 keeps all of an object's own headers in 2 KB.
const CACHE_CONTROL_BYTES_MAX: usize = 256;

/// The value of an HTTP header, as in "`Cache-Control`" of RFC 9111.
pub(super) fn cache_control(value: &str) -> Result<(), Fault> {
    let rule = "`Cache-Control` is 1 to 256 printable ASCII characters, such as \
                `public, max-age=86400`";
    length(value, 1..=CACHE_CONTROL_BYTES_MAX, rule)?;
    if value.trim() != value {
        return Err(Fault::new("starts or ends with a space").help(rule));
    }
    if !value.chars().all(|character| character == ' ' || character.is_ascii_graphic()) {
        return Err(Fault::new("has characters that a header can't hold").help(rule));
    }
    Ok(())
}

/// A host name, or `*.` and one: "Requirements for using alternate domain names" in the CloudFront
/// developer guide, RFC 1123 for the parts.
pub(super) fn domain(name: &str) -> Result<(), Fault> {
    let rule = "a domain is a host name such as `img.example.com`, or `*.example.com`";
    let bare = name.strip_prefix("https://").or_else(|| name.strip_prefix("http://"));
    let bare = bare.unwrap_or(name);
    let bare = bare.split('/').next().unwrap_or(bare).trim_end_matches('.').to_lowercase();
    if is_host(&bare) && bare != name {
        return Err(Fault::new("is not a host name").label(format!("did you mean `{bare}`?")));
    }
    if is_host(name) { Ok(()) } else { Err(Fault::new("is not a host name").help(rule)) }
}

/// Whether it is a domain in its one spelling, or `*.` and one.
pub(super) fn is_host(name: &str) -> bool {
    let parts: Vec<_> = name.strip_prefix("*.").unwrap_or(name).split('.').collect();
    let part = |part: &&str| {
        (1..=63).contains(&part.len())
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    let numeric = parts.last().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    name.len() <= 253 && parts.len() >= 2 && parts.iter().all(part) && !numeric
}

/// The name of a zone, or its identifier as Route 53 has it (Amazon Route 53 API Reference,
/// `HostedZone`).
pub(super) fn hosted_zone(zone: &str) -> Result<(), Fault> {
    let rule = "a hosted zone is a domain such as `example.com`, or an identifier such as \
                `Z0123456789ABC`";
    let is_id = zone.len() <= 32
        && zone.strip_prefix('Z').is_some_and(|rest| {
            let is_of_id = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
            !rest.is_empty() && rest.bytes().all(is_of_id)
        });
    if is_id || (is_host(zone) && !zone.starts_with('*')) {
        return Ok(());
    }
    Err(Fault::new("is neither a domain nor the identifier of a zone").help(rule))
}

/// "Requirements for using SSL/TLS certificates with CloudFront" in its developer guide.
pub(super) fn certificate_arn(arn: &str) -> Result<(), Fault> {
    let rule = "the ARN of an ACM certificate looks like \
                `arn:aws:acm:us-east-1:123456789012:certificate/…`";
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let ["arn", partition, service, region, account, resource] = parts.as_slice() else {
        return Err(Fault::new("is not an ARN").help(rule));
    };
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let id = resource.strip_prefix("certificate/").unwrap_or_default();
    let is_id =
        !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !partition.starts_with("aws") || *service != "acm" || !is_account || !is_id {
        return Err(Fault::new("is not the ARN of an ACM certificate").help(rule));
    }
    if *partition != "aws" {
        return Err(Fault::new(format!("names a certificate in the partition `{partition}`"))
            .help("the CDN is made in the partition `aws` only"));
    }
    if *region != "us-east-1" {
        return Err(Fault::new(format!("names a certificate in `{region}`")).help(
            "CloudFront accepts only certificates from `us-east-1`, whatever the stack's region",
        ));
    }
    Ok(())
}

/// "Tag naming limits and requirements" in "Tagging AWS resources"; the strictest of the services
/// above counts.
pub(super) fn tag_key(key: &str) -> Result<(), Fault> {
    let rule = "a tag's key is 1 to 128 letters, digits, spaces and any of `+-=._:/@`";
    length(key, 1..=128, rule)?;
    let lower = key.to_lowercase();
    if let Some(prefix) = ["aws:", "imgprep:"].into_iter().find(|prefix| lower.starts_with(prefix))
    {
        return Err(Fault::new(format!("begins with `{prefix}`")).help("those tags are reserved"));
    }
    characters(key, is_tag_character, rule, |it| tag_key(it).is_ok())
}

/// As [`tag_key`]. What the value is stays out of the message.
pub(super) fn tag_value(value: &str) -> Result<(), Fault> {
    let rule = "a tag's value is up to 256 letters, digits, spaces and any of `+-=._:/@`";
    length(value, 0..=256, rule)?;
    if value.chars().all(is_tag_character) {
        return Ok(());
    }
    Err(Fault::new("has characters that a tag can't hold").help(rule))
}

/// As IAM's `tagKeyType` in its API model: Unicode's letters and numbers by category. The vowel signs
/// of some scripts are alphabetic, but no letters, and IAM refuses them.
fn is_tag_character(character: char) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    GeneralCategoryGroup::Letter.contains(category)
        || GeneralCategoryGroup::Number.contains(category)
        || " +-=._:/@".contains(character)
}
