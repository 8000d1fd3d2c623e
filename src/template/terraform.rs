//! The stack as a Terraform module, in Terraform's JSON syntax (`.tf.json`).
//!
//! JSON and not HCL, for Terraform reads both alike, and a writer of HCL of our own would be one
//! more place in which a quote can go wrong. Resources are called as imgprep calls them.

use serde_json::{Map, Value, json};

use super::{MARK, Piece, Request, ZONE_DESCRIPTION, pieces, rewritten};

/// The first version of the provider that knows the events, tags and attributes used here. It says
/// itself which versions of Terraform it takes; `required_version` would keep checkov from reading the
/// file, for its parser takes every member of `terraform` for a block.
const PROVIDER_VERSION: &str = ">= 5.31";

/// A module in the making.
pub(crate) struct Terraform<'a> {
    request: &'a Request<'a>,
    /// By type and name.
    resources: Map<String, Value>,
    /// Policies and lists, which stand here for people to read.
    locals: Map<String, Value>,
    outputs: Map<String, Value>,
    /// Regions beside that of the pipeline.
    regions: Vec<&'static str>,
    asks_for_zone: bool,
}

impl<'a> Terraform<'a> {
    pub(crate) fn new(request: &'a Request<'a>) -> Self {
        let (resources, locals, outputs) = (Map::new(), Map::new(), Map::new());
        Self { request, resources, locals, outputs, regions: Vec::new(), asks_for_zone: false }
    }

    /// What a resource in this region names as its provider.
    pub(crate) fn provider_in(&mut self, region: &'static str) -> String {
        if !self.regions.contains(&region) {
            self.regions.push(region);
        }
        format!("aws.{}", alias(region))
    }

    /// The zone of the file's domains, for which the user of the module is asked.
    pub(crate) fn zone(&mut self) -> String {
        self.asks_for_zone = true;
        value_of("var.hosted_zone")
    }

    pub(crate) fn add(&mut self, kind: &str, name: &str, arguments: Value) {
        let named = self.resources.entry(kind).or_insert_with(|| json!({}));
        named[name] = arguments;
    }

    /// The arguments of a resource that is in by now.
    pub(crate) fn arguments(&mut self, kind: &str, name: &str) -> &mut Value {
        &mut self.resources.entry(kind).or_insert(Value::Null)[name]
    }

    /// A value of `locals`; null until it is set.
    pub(crate) fn local(&mut self, name: &str) -> &mut Value {
        self.locals.entry(name).or_insert(Value::Null)
    }

    pub(crate) fn output(&mut self, name: &str, expression: &str) {
        self.outputs.insert(name.to_owned(), json!({ "value": value_of(expression) }));
    }

    /// The arguments that say where the function's zip is.
    pub(crate) fn code(&self) -> Map<String, Value> {
        let arguments = if self.request.code.is_some() {
            [("s3_bucket", "var.code_bucket"), ("s3_key", "var.code_key")]
        } else {
            let hash = "filebase64sha256(var.function_zip)";
            [("filename", "var.function_zip"), ("source_code_hash", hash)]
        };
        let arguments = arguments.map(|(name, from)| (name.to_owned(), value_of(from).into()));
        arguments.into_iter().collect()
    }

    /// The module with all that was put in.
    pub(crate) fn finish(mut self) -> Value {
        let upload_to = json!({ "value": self.request.upload_to() });
        self.outputs.insert("upload_to".to_owned(), upload_to);
        let template = json!({
            "//": format!("The image pipeline {}, as `imgprep up` creates it", self.request.config.name),
            "terraform": {
                "required_providers": {
                    "aws": { "source": "hashicorp/aws", "version": PROVIDER_VERSION },
                },
            },
            "provider": { "aws": self.providers() },
            "variable": self.variables(),
            "data": {
                "aws_caller_identity": { "current": {} },
                "aws_partition": { "current": {} },
            },
            "locals": self.locals,
            "resource": self.resources,
            "output": self.outputs,
        });
        rewritten(&template, &|plain| text(plain).into())
    }

    fn providers(&self) -> Value {
        let here = json!({ "region": value_of("var.region") });
        if self.regions.is_empty() {
            return here;
        }
        let others =
            self.regions.iter().map(|region| json!({ "alias": alias(region), "region": region }));
        std::iter::once(here).chain(others).collect()
    }

    fn variables(&self) -> Value {
        let variable = |description: &str, default: Option<&str>| json!({ "type": "string", "description": description, "default": default });
        let region = variable("The region of the pipeline", self.request.region);
        let zone = self.asks_for_zone.then(|| variable(ZONE_DESCRIPTION, self.request.zone_id()));
        match self.request.code {
            Some(code) => json!({
                "hosted_zone": zone,
                "region": region,
                "code_bucket": variable("The bucket with the function's zip", Some(&code.bucket)),
                "code_key": variable("The key of the function's zip in that bucket", Some(&code.key)),
            }),
            None => json!({
                "hosted_zone": zone,
                "region": region,
                "function_zip": variable(
                    "The file with the function's zip",
                    Some(self.request.zip.unwrap_or("function.zip")),
                ),
            }),
        }
    }
}

/// How the provider of a region is called.
fn alias(region: &str) -> String {
    region.replace('-', "_")
}

/// A text in which references are what Terraform fills in.
pub(crate) fn text(plain: &str) -> String {
    let text = pieces(plain).map(|piece| match piece {
        Piece::Plain(plain) => plain.replace("${", "$${").replace("%{", "%%{"),
        Piece::Reference(name) => format!("${{{}}}", expression(name)),
    });
    text.collect()
}

fn expression(name: &str) -> &str {
    match name {
        "account" => "data.aws_caller_identity.current.account_id",
        "partition" => "data.aws_partition.current.partition",
        "dns-suffix" => "data.aws_partition.current.dns_suffix",
        "region" => "var.region",
        "distribution" => "aws_cloudfront_distribution.cdn.id",
        other => other,
    }
}

/// The value of an expression.
pub(crate) fn value_of(expression: &str) -> String {
    format!("{MARK}{expression}{MARK}")
}

/// A policy of `locals`, where it stands as JSON for people to read, as the text that AWS takes.
pub(crate) fn policy(name: &str) -> String {
    value_of(&format!("jsonencode(local.{name})"))
}
