//! The same stack as a template of another tool, so that nobody has to stay with this one.
//!
//! What is wanted comes from the resources themselves, for an account and a region that are not known
//! yet.

#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::stack;
use crate::template::cloudformation::CloudFormation;
use crate::template::terraform::Terraform;
use crate::template::{self, Request};

/// The tool that will use the template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    CloudFormation,
    Terraform,
}

/// The stack of a file as a template.
pub(crate) fn template(format: Format, request: &Request<'_>) -> Value {
    let wanted = stack::wanted(request.config, template::place());
    match format {
        Format::CloudFormation => {
            let mut template = CloudFormation::new(request);
            for resource in &wanted {
                resource.cloudformation(&mut template);
            }
            template.finish()
        }
        Format::Terraform => {
            let mut module = Terraform::new(request);
            for resource in &wanted {
                resource.terraform(&mut module);
            }
            module.finish()
        }
    }
}
