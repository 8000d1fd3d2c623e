//! The folder markers in other tools' templates. `CloudFormation` makes no objects, and nothing needs
//! the markers but people who look into the empty bucket.

use serde_json::json;

use super::Folders;
use crate::aws::marker::{CONTENT_TYPE, STACK_METADATA};
use crate::engine::resource::Resource;
use crate::template::Export;
use crate::template::cloudformation::CloudFormation;
use crate::template::terraform::{Terraform, value_of};

impl Export for Folders {
    fn cloudformation(&self, _template: &mut CloudFormation<'_>) {}

    fn terraform(&self, module: &mut Terraform<'_>) {
        *module.local("folders") = self.fields().keys().cloned().collect();
        let arguments = json!({
            "for_each": value_of("toset(local.folders)"),
            "bucket": value_of("aws_s3_bucket.bucket.id"),
            "key": value_of("each.value"),
            "content_type": CONTENT_TYPE,
            "metadata": { STACK_METADATA: self.names.stack },
        });
        module.add("aws_s3_object", "folders", arguments);
    }

    #[cfg(test)]
    fn members(&self) -> &'static str {
        ""
    }
}
