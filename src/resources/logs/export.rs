//! The log group in other tools' templates.

use serde_json::json;

use super::Logs;
use crate::engine::resource::Resource;
use crate::template::Export;
use crate::template::cloudformation::{self, CloudFormation};
use crate::template::terraform::Terraform;

impl Export for Logs {
    fn cloudformation(&self, template: &mut CloudFormation<'_>) {
        let fields = self.fields();
        let properties = json!({
            "LogGroupName": self.name(),
            "RetentionInDays": fields.retention_days,
            "Tags": cloudformation::tags(&fields.tags),
        });
        template.add("Logs", "AWS::Logs::LogGroup", properties);
    }

    fn terraform(&self, module: &mut Terraform<'_>) {
        let fields = self.fields();
        let arguments = json!({
            "name": self.name(),
            "retention_in_days": fields.retention_days,
            "tags": fields.tags,
        });
        module.add("aws_cloudwatch_log_group", "logs", arguments);
    }

    #[cfg(test)]
    fn members(&self) -> &'static str {
        MEMBERS
    }
}

#[cfg(test)]
const MEMBERS: &str = r"
name
  Logs/LogGroupName
  aws_cloudwatch_log_group/logs/name
tags
  Logs/Tags
  aws_cloudwatch_log_group/logs/tags
retention_days
  Logs/RetentionInDays
  aws_cloudwatch_log_group/logs/retention_in_days
";
