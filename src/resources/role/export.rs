//! The function's role in other tools' templates.

use serde_json::json;

use super::Role;
use crate::aws::policy::document;
use crate::engine::resource::Resource;
use crate::template::Export;
use crate::template::cloudformation::{self, CloudFormation};
use crate::template::terraform::{Terraform, policy};

impl Export for Role {
    fn cloudformation(&self, template: &mut CloudFormation<'_>) {
        let fields = self.fields();
        let properties = json!({
            "RoleName": self.name(),
            "Path": fields.path,
            "Description": self.description(),
            "AssumeRolePolicyDocument": document(&[Self::statement()]),
            "PermissionsBoundary": fields.permissions_boundary,
            "Tags": cloudformation::tags(&fields.tags),
        });
        template.add("Role", "AWS::IAM::Role", properties);
    }

    fn terraform(&self, module: &mut Terraform<'_>) {
        let fields = self.fields();
        *module.local("role_policy") = document(&[Self::statement()]);
        let arguments = json!({
            "name": self.name(),
            "path": fields.path,
            "description": self.description(),
            "assume_role_policy": policy("role_policy"),
            "permissions_boundary": fields.permissions_boundary,
            "tags": fields.tags,
        });
        module.add("aws_iam_role", "role", arguments);
    }

    #[cfg(test)]
    fn members(&self) -> &'static str {
        MEMBERS
    }
}

#[cfg(test)]
const MEMBERS: &str = r"
name
  Role/RoleName
  aws_iam_role/role/name
tags
  Role/Tags
  aws_iam_role/role/tags
path
  Role/Path
  aws_iam_role/role/path
permissions_boundary
  Role/PermissionsBoundary
  aws_iam_role/role/permissions_boundary
trust
  Role/AssumeRolePolicyDocument
  role_policy
";
