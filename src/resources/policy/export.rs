//! The function's policy in other tools' templates.

use serde_json::json;

use super::Policy;
use crate::aws::policy::document;
use crate::engine::resource::Resource;
use crate::template::Export;
use crate::template::cloudformation::{CloudFormation, this};
use crate::template::terraform::{Terraform, policy, value_of};

impl Export for Policy {
    fn cloudformation(&self, template: &mut CloudFormation<'_>) {
        let properties = json!({
            "ManagedPolicyName": self.name(),
            "Path": self.names.iam_path,
            "Description": self.description(),
            "PolicyDocument": document(&self.statements),
            "Roles": [this("Role")],
        });
        template.add("Policy", "AWS::IAM::ManagedPolicy", properties);
    }

    fn terraform(&self, module: &mut Terraform<'_>) {
        *module.local("function_policy") = document(&self.statements);
        let arguments = json!({
            "name": self.name(),
            "path": self.names.iam_path,
            "description": self.description(),
            "policy": policy("function_policy"),
            "tags": self.fields().tags,
        });
        module.add("aws_iam_policy", "policy", arguments);
        let attachment = json!({
            "role": value_of("aws_iam_role.role.name"),
            "policy_arn": value_of("aws_iam_policy.policy.arn"),
        });
        module.add("aws_iam_role_policy_attachment", "policy", attachment);
    }

    #[cfg(test)]
    fn members(&self) -> &'static str {
        MEMBERS
    }
}

#[cfg(test)]
const MEMBERS: &str = r#"
name
  Policy/ManagedPolicyName
  aws_iam_policy/policy/name
tags
  -
  aws_iam_policy/policy/tags
attachments[LambdaS3PhotosExample]
  Policy/Roles = [{"Ref": "Role"}]
  aws_iam_role_policy_attachment/policy = {"policy_arn": "${aws_iam_policy.policy.arn}", "role": "${aws_iam_role.role.name}"}
document
  Policy/PolicyDocument
  function_policy
"#;
