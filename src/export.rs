//! The same stack as a template of another tool, so that nobody has to stay with this one.
//!
//! What is wanted comes from the resources themselves, their fields and their statements, for an
//! account and a region that are not known yet: references stand in their place, which each format
//! writes in its own way. Deliberately absent: calls to AWS, the function's zip, and files.

mod cloudformation;
mod terraform;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::aws::policy;
use crate::config::Config;
use crate::names::Place;
use crate::resource::{Fields, Id, Resource};
use crate::resources::cdn;
use crate::stack;

/// Stands before and after the name of what only the user of a template knows. No name, folder or
/// tag can hold it.
const MARK: char = '\u{1}';
const ACCOUNT: &str = "\u{1}account\u{1}";
const PARTITION: &str = "\u{1}partition\u{1}";
const REGION: &str = "\u{1}region\u{1}";
const DNS_SUFFIX: &str = "\u{1}dns-suffix\u{1}";
/// The distribution's identifier.
const DISTRIBUTION: &str = "\u{1}distribution\u{1}";

/// Whose template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    CloudFormation,
    Terraform,
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

/// The stack of a file as a template.
pub(crate) fn template(format: Format, request: &Request<'_>) -> Value {
    let blueprint = Blueprint::new(request);
    match format {
        Format::CloudFormation => cloudformation::template(&blueprint),
        Format::Terraform => terraform::template(&blueprint),
    }
}

/// The stack for an account that is not known yet.
struct Blueprint<'a> {
    request: &'a Request<'a>,
    parts: BTreeMap<Id, Part>,
}

/// One resource as it should be.
struct Part {
    name: String,
    description: String,
    fields: Fields,
    statements: Vec<Value>,
}

impl<'a> Blueprint<'a> {
    fn new(request: &'a Request<'a>) -> Self {
        let place = Place {
            account: ACCOUNT.to_owned(),
            partition: PARTITION,
            region: REGION.to_owned(),
            dns_suffix: DNS_SUFFIX,
        };
        let resources = stack::wanted(request.config, place);
        let parts = resources.iter().map(|resource| (resource.id(), Part::new(resource.as_ref())));
        Self { request, parts: parts.collect() }
    }

    fn stack(&self) -> &str {
        &self.request.config.name
    }

    /// A resource that every stack has.
    fn part(&self, id: Id) -> &Part {
        &self.parts[&id]
    }

    fn cdn(&self) -> Option<&Part> {
        self.parts.get(&Id::Cdn)
    }

    /// The variables of the function, those included that the CDN wants there.
    fn variables(&self) -> Vec<(&str, Value)> {
        let own = self.part(Id::Function).below("environment.");
        let own = own.into_iter().filter(|(_, value)| !value.is_null());
        let told = self.cdn().map(|cdn| cdn.fields.get("function.environment"));
        let told = told.filter(|value| !value.is_null());
        let told = told.map(|_| (contract::settings::DISTRIBUTION_VARIABLE, DISTRIBUTION.into()));
        own.chain(told).collect()
    }

    /// The whole policy of the bucket, in which more than one resource has a statement.
    fn bucket_policy(&self) -> Value {
        let own = self.part(Id::Bucket).statements.iter();
        let statements = own.chain(self.cdn().into_iter().flat_map(|cdn| &cdn.statements));
        policy::document(&statements.cloned().collect::<Vec<_>>())
    }
}

impl Part {
    fn new(resource: &dyn Resource) -> Self {
        let arn = format!("arn:{PARTITION}:cloudfront::{ACCOUNT}:distribution/{DISTRIBUTION}");
        let known = |text: &str| Value::from(text.replace(cdn::THIS, &arn));
        Self {
            name: resource.name(),
            description: resource.description(),
            fields: resource.fields(),
            statements: resource.statements().iter().map(|it| rewritten(it, &known)).collect(),
        }
    }

    fn get(&self, path: &str) -> Value {
        self.fields.get(path).clone()
    }

    /// A field that AWS's API takes as text and templates take as a number.
    fn number(&self, path: &str) -> Value {
        let value = self.fields.get(path);
        let number = value.as_str().and_then(|text| text.parse::<i64>().ok());
        number.map_or_else(|| value.clone(), Value::from)
    }

    /// The fields whose paths begin so, by the rest of their paths.
    fn below(&self, prefix: &str) -> Vec<(&str, Value)> {
        let inside = self.fields.iter().filter_map(|(path, value)| {
            let rest = path.strip_prefix(prefix)?;
            Some((rest.strip_suffix(']').unwrap_or(rest), value.clone()))
        });
        inside.collect()
    }

    fn document(&self) -> Value {
        policy::document(&self.statements)
    }

    /// The only statement of a part that has one.
    fn statement(&self) -> Value {
        self.statements.first().cloned().unwrap_or_default()
    }
}

/// A value with every text in it replaced.
fn rewritten(value: &Value, text: &dyn Fn(&str) -> Value) -> Value {
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
