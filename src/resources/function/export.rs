//! The function, and what becomes of its failures, in other tools' templates.

use serde_json::{Map, Value, json};

use super::{Fields, Function};
use crate::engine::resource::Resource;
use crate::template::Export;
use crate::template::cloudformation::{self, CloudFormation, attribute, this};
use crate::template::terraform::{Terraform, value_of};

impl Export for Function {
    fn cloudformation(&self, template: &mut CloudFormation<'_>) {
        let fields = self.fields();
        let properties = json!({
            "FunctionName": self.name(),
            "Description": self.description(),
            "PackageType": fields.package_type,
            "Runtime": fields.runtime,
            "Handler": fields.handler,
            "Architectures": [fields.architecture],
            "MemorySize": fields.memory,
            "Timeout": fields.timeout,
            "ReservedConcurrentExecutions": fields.concurrency,
            "Role": attribute("Role", "Arn"),
            "Environment": { "Variables": variables(&fields) },
            "Code": { "S3Bucket": this("CodeBucket"), "S3Key": this("CodeKey") },
            "Tags": cloudformation::tags(&fields.tags),
        });
        template.add("Function", "AWS::Lambda::Function", properties);
        // A function that runs before its log group exists could log nothing.
        template.after("Function", &["Policy", "Logs"]);
        let destination = json!({ "Destination": attribute("DeadLetters", "Arn") });
        let events = json!({
            "FunctionName": this("Function"),
            "Qualifier": "$LATEST",
            "MaximumRetryAttempts": fields.retries,
            "DestinationConfig": { "OnFailure": destination },
        });
        template.add("FunctionEvents", "AWS::Lambda::EventInvokeConfig", events);
        template.output("FunctionArn", attribute("Function", "Arn"));
    }

    fn terraform(&self, module: &mut Terraform<'_>) {
        let fields = self.fields();
        let mut arguments = json!({
            "function_name": self.name(),
            "description": self.description(),
            "package_type": fields.package_type,
            "runtime": fields.runtime,
            "handler": fields.handler,
            "architectures": [fields.architecture],
            "memory_size": fields.memory,
            "timeout": fields.timeout,
            "reserved_concurrent_executions": fields.concurrency,
            "role": value_of("aws_iam_role.role.arn"),
            "environment": { "variables": variables(&fields) },
            "tags": fields.tags,
            // A function that runs before its log group exists could log nothing.
            "depends_on": ["aws_cloudwatch_log_group.logs", "aws_iam_role_policy_attachment.policy"],
        });
        for (name, value) in module.code() {
            arguments[name] = value;
        }
        module.add("aws_lambda_function", "function", arguments);
        let queue = value_of("aws_sqs_queue.dead_letters.arn");
        let events = json!({
            "function_name": value_of("aws_lambda_function.function.function_name"),
            "maximum_retry_attempts": fields.retries,
            "destination_config": { "on_failure": { "destination": queue } },
        });
        module.add("aws_lambda_function_event_invoke_config", "function", events);
        module.output("function_arn", "aws_lambda_function.function.arn");
    }

    #[cfg(test)]
    fn members(&self) -> &'static str {
        MEMBERS
    }
}

fn variables(fields: &Fields) -> Map<String, Value> {
    let variables = fields.environment.iter();
    let wanted = variables.filter_map(|(name, it)| Some((name.clone(), it.0.clone()?.into())));
    wanted.collect()
}

#[cfg(test)]
const MEMBERS: &str = r#"
name
  Function/FunctionName
  aws_lambda_function/function/function_name
tags
  Function/Tags
  aws_lambda_function/function/tags
architecture
  Function/Architectures/0
  aws_lambda_function/function/architectures/0
code
  -
  -
concurrency
  Function/ReservedConcurrentExecutions
  aws_lambda_function/function/reserved_concurrent_executions
environment.IMGPREP_SETTINGS
  Function/Environment/Variables/IMGPREP_SETTINGS
  aws_lambda_function/function/environment/variables/IMGPREP_SETTINGS
handler
  Function/Handler
  aws_lambda_function/function/handler
memory
  Function/MemorySize
  aws_lambda_function/function/memory_size
on_failure
  FunctionEvents/DestinationConfig/OnFailure/Destination = {"Fn::GetAtt": ["DeadLetters", "Arn"]}
  aws_lambda_function_event_invoke_config/function/destination_config/on_failure/destination = "${aws_sqs_queue.dead_letters.arn}"
package_type
  Function/PackageType
  aws_lambda_function/function/package_type
retries
  FunctionEvents/MaximumRetryAttempts
  aws_lambda_function_event_invoke_config/function/maximum_retry_attempts
role
  Function/Role = {"Fn::GetAtt": ["Role", "Arn"]}
  aws_lambda_function/function/role = "${aws_iam_role.role.arn}"
role_id
  -
  -
runtime
  Function/Runtime
  aws_lambda_function/function/runtime
timeout
  Function/Timeout
  aws_lambda_function/function/timeout
"#;
