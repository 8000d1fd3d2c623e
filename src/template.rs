//! The frame of a template of another tool, into which each resource puts its part.
//!
//! A template is for an account and a region that are not known yet: references stand in their place,
//! which each format writes in its own way.

pub(crate) mod cloudformation;
pub(crate) mod terraform;

use serde_json::Value;

use self::cloudformation::CloudFormation;
use self::terraform::Terraform;
use crate::config::Config;
use crate::names::Place;

/// Stands before and after the name of what only the user of a template knows. No name, folder or
/// tag can hold it.
const MARK: char = '\u{1}';
pub(crate) const ACCOUNT: &str = "\u{1}account\u{1}";
const PARTITION: &str = "\u{1}partition\u{1}";
const REGION: &str = "\u{1}region\u{1}";
const DNS_SUFFIX: &str = "\u{1}dns-suffix\u{1}";
/// The distribution's identifier.
pub(crate) const DISTRIBUTION: &str = "\u{1}distribution\u{1}";

/// A resource in other tools' templates. Those before it in the stack have their parts by then.
pub(crate) trait Export {
    fn cloudformation(&self, template: &mut CloudFormation<'_>);
    fn terraform(&self, module: &mut Terraform<'_>);

    /// Each member of its fields, or its `name`, and below that where it stands: as a property of a
    /// resource of `CloudFormation`, and as an argument of a resource of Terraform. `-`: nowhere; `*`:
    /// in each item of a list; `= …`: in the format's own words, and else with the same value. A policy
    /// is a value of Terraform's `locals`.
    #[cfg(test)]
    fn members(&self) -> &'static str;
}

/// An object in S3, such as the function's zip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

/// What a template is made of.
pub(crate) struct Request<'a> {
    pub(crate) config: &'a Config,
    /// The region to offer where a template has to name one.
    pub(crate) region: Option<&'a str>,
    /// Where the function's zip is; without it, the user of the template is asked.
    pub(crate) code: Option<&'a Location>,
    /// The file with the function's zip, as seen from the template.
    pub(crate) zip: Option<&'a str>,
}

/// What is asked for where a template has records.
const ZONE_DESCRIPTION: &str =
    "The identifier of the public hosted zone in Route 53 that the domains are in";

impl Request<'_> {
    /// The identifier of the zone, if the file names it.
    fn zone_id(&self) -> Option<&str> {
        self.config.cdn.hosted_zone.as_deref().filter(|zone| !zone.contains('.'))
    }

    /// Where images are uploaded to.
    fn upload_to(&self) -> String {
        let bucket = &self.config.bucket;
        format!("s3://{}/{}/", bucket.name, bucket.originals)
    }
}

/// Where a stack is whose account is not known yet.
pub(crate) fn place() -> Place {
    Place {
        account: ACCOUNT.to_owned(),
        partition: PARTITION,
        region: REGION.to_owned(),
        dns_suffix: DNS_SUFFIX,
    }
}

/// The distribution's ARN.
pub(crate) fn distribution_arn() -> String {
    format!("arn:{PARTITION}:cloudfront::{ACCOUNT}:distribution/{DISTRIBUTION}")
}

/// A value with every text in it replaced, and members that are null left out.
pub(crate) fn rewritten(value: &Value, text: &dyn Fn(&str) -> Value) -> Value {
    match value {
        Value::String(plain) => text(plain),
        Value::Array(items) => items.iter().map(|item| rewritten(item, text)).collect(),
        Value::Object(members) => members
            .iter()
            .filter(|(_, member)| !member.is_null())
            .map(|(name, member)| (name.clone(), rewritten(member, text)))
            .collect(),
        other => other.clone(),
    }
}

/// A text in its pieces: what stands as it is, and the names of what is referred to, in turns.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    text.split(MARK).enumerate().filter(|(_, piece)| !piece.is_empty()).map(|(index, piece)| {
        if index % 2 == 0 { Piece::Plain(piece) } else { Piece::Reference(piece) }
    })
}

/// A piece of a text.
enum Piece<'a> {
    Plain(&'a str),
    Reference(&'a str),
}
