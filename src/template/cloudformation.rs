//! The stack as a `CloudFormation` template, in JSON, which every tool around it takes.
//!
//! Names of resources are the same as with `imgprep up`, so that ARNs are known beforehand and the
//! bucket can wait for the topic's policy without a circle.

use serde_json::{Map, Value, json};

use super::{Piece, Request, ZONE_DESCRIPTION, pieces, rewritten};
use crate::engine::fields::Tags;

/// A template in the making.
pub(crate) struct CloudFormation<'a> {
    request: &'a Request<'a>,
    /// What the user of the template is asked beside where the function's zip is.
    parameters: Map<String, Value>,
    resources: Map<String, Value>,
    outputs: Map<String, Value>,
}

impl<'a> CloudFormation<'a> {
    pub(crate) fn new(request: &'a Request<'a>) -> Self {
        let (parameters, resources, outputs) = (Map::new(), Map::new(), Map::new());
        Self { request, parameters, resources, outputs }
    }

    /// The zone of the file's domains, for which the user of the template is asked.
    pub(crate) fn zone(&mut self) -> Value {
        let parameter = json!({
            "Type": "AWS::Route53::HostedZone::Id",
            "Description": ZONE_DESCRIPTION,
            "Default": self.request.zone_id(),
        });
        self.parameters.insert("HostedZone".to_owned(), parameter);
        this("HostedZone")
    }

    /// Puts a resource in, under the name that it has within the template.
    #[expect(clippy::needless_pass_by_value, reason = "all callers make it on the spot")]
    pub(crate) fn add(&mut self, name: &str, kind: &str, properties: Value) {
        let resource = json!({ "Type": kind, "Properties": properties });
        self.resources.insert(name.to_owned(), resource);
    }

    /// A resource that is in by now, to say more of it than its properties.
    pub(crate) fn resource(&mut self, name: &str) -> &mut Value {
        self.resources.entry(name).or_insert(Value::Null)
    }

    /// The properties of a resource that is in by now.
    pub(crate) fn properties(&mut self, name: &str) -> &mut Value {
        &mut self.resource(name)["Properties"]
    }

    /// Has a resource wait for others which it does not mention.
    pub(crate) fn after(&mut self, name: &str, others: &[&str]) {
        self.resource(name)["DependsOn"] = others.into();
    }

    #[expect(clippy::needless_pass_by_value, reason = "all callers make it on the spot")]
    pub(crate) fn output(&mut self, name: &str, value: Value) {
        self.outputs.insert(name.to_owned(), json!({ "Value": value }));
    }

    /// The template with all that was put in.
    pub(crate) fn finish(mut self) -> Value {
        let upload_to = self.request.upload_to().into();
        self.output("UploadTo", upload_to);
        let template = json!({
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": format!(
                "The image pipeline {}, as `imgprep up` creates it, without the empty marker \
                 objects that show folders before they hold images",
                self.request.config.name
            ),
            "Parameters": self.parameters(),
            "Resources": self.resources,
            "Outputs": self.outputs,
        });
        rewritten(&template, &text)
    }

    fn parameters(&self) -> Value {
        let code = self.request.code;
        let mut parameters = json!({
            "CodeBucket": {
                "Type": "String",
                "Description": "The bucket with the function's zip, in the region of this stack",
                "Default": code.map(|code| &code.bucket),
            },
            "CodeKey": {
                "Type": "String",
                "Description": "The key of the function's zip in that bucket",
                "Default": code.map(|code| &code.key),
            },
        });
        if let Value::Object(all) = &mut parameters {
            all.extend(self.parameters.clone());
        }
        parameters
    }
}

/// A text in which references are what `CloudFormation` fills in.
pub(crate) fn text(plain: &str) -> Value {
    let all: Vec<Piece<'_>> = pieces(plain).collect();
    match all.as_slice() {
        [Piece::Reference(name)] => json!({ "Ref": reference(name) }),
        all if all.iter().any(|piece| matches!(piece, Piece::Reference(_))) => {
            let text = all.iter().map(|piece| match piece {
                Piece::Plain(plain) => plain.replace("${", "${!"),
                Piece::Reference(name) => format!("${{{}}}", reference(name)),
            });
            json!({ "Fn::Sub": text.collect::<String>() })
        }
        _ => plain.into(),
    }
}

fn reference(name: &str) -> &str {
    match name {
        "account" => "AWS::AccountId",
        "partition" => "AWS::Partition",
        "region" => "AWS::Region",
        "dns-suffix" => "AWS::URLSuffix",
        "distribution" => "Cdn",
        other => other,
    }
}

/// A reference to a resource or parameter of the template.
pub(crate) fn this(name: &str) -> Value {
    json!({ "Ref": name })
}

/// A reference to what AWS says of a resource once it is made.
pub(crate) fn attribute(resource: &str, name: &str) -> Value {
    json!({ "Fn::GetAtt": [resource, name] })
}

pub(crate) fn tags(tags: &Tags) -> Value {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}
